/* Are the thresholds of a run met? */
#ifndef LOADTOP_ENGINE_FIGURES_THRESHOLDS_H
#define LOADTOP_ENGINE_FIGURES_THRESHOLDS_H

#include <stdbool.h>
#include <stdint.h>

struct engine;
struct histogram;
struct threshold;

bool threshold_holds(const struct threshold *, double value); /* in the threshold's unit */
void thresholds_check(struct engine *, uint64_t now_ns);

/* What a threshold is judged by: of a run, or of a stretch of it. */
struct measured {
    const struct histogram *service, *response;
    uint64_t bad, ended; /* errors and timeouts; all that ended */
    double per_s;        /* NaN: nothing yet */
};
/* In the threshold's own unit: us, a share, per second. NaN: there is nothing to judge by. */
double threshold_measure(const struct threshold *, const struct measured *);

#endif
