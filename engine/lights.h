/* The validity lights of a plateau: what was watched, second by second, while it was made.
 *
 * Private to the engine; part of plateau.c's stretch. Beginning anew (lights_clear) goes with the
 * stretch's histograms, so that N, X and R of Little's law are of the same seconds. */
#ifndef LOADTOP_ENGINE_LIGHTS_H
#define LOADTOP_ENGINE_LIGHTS_H

#include "engine/snapshot.h"

#include <stdbool.h>
#include <stdint.h>

struct histogram;
struct pool;
struct point;
struct trend;

struct mean {
    double sum, n;
};

struct lights {
    double area, span_s; /* operations in flight x s, and the seconds */
    struct mean cpu, queue, others, server, wait, idle, answer;
    double lag_worst_ns, pressure_worst, available_least, set_worst_s, slept_worst_s;
    bool others_judged; /* every server on this machine is known, so the rest is others' */
    uint64_t stats_serial;
    double cores;   /* what the pool's thread said last of the server: see struct stats */
    int64_t rtt_ns; /* likewise */
    enum bottleneck said;
    char said_why[160];
};

void lights_clear(struct lights *);
void lights_tenth(struct lights *, const struct point *);
void lights_second(struct pool *);
/* Fills what the plateau keeps: its lights, figures, valid, why_not and caution. */
void lights_judge(const struct pool *, const struct trend *, struct plateau *);

/* N against X R over the span of both; NaN when it does not apply: an operation takes too long for
 * the span, or too many failed. */
double lights_little(double area, double span_s, const struct histogram *service);

#endif
