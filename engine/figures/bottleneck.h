/* Decides which component limits the throughput: the load generator, the server, the network
 * between them, or the requested rate. Gives the reason in words, with the share that decided.
 *
 * Pure. Used for the last second (judge.c) and for each plateau (lights.c), so that the overview
 * and a cell of a sweep's table agree. */
#ifndef LOADTOP_ENGINE_FIGURES_BOTTLENECK_H
#define LOADTOP_ENGINE_FIGURES_BOTTLENECK_H

#include "engine/backend.h"

#include <stdbool.h>

/* Limits for the load generator, the same for the last second, a plateau and a probe. */
#define LIMIT_CPU 0.80 /* share of a core: a thread that uses more is the bottleneck */
/* share of the time ready to run without a CPU, which inflates latencies */
#define LIMIT_QUEUE 0.10
/* relative difference between N and X R above which times or counts must be wrong */
#define LIMIT_LITTLE 0.05
#define LIMIT_SHORT 0.05 /* share of the time in which connections or parts were missing */

/* Shares are 0..1; NaN: unknown. */
struct bottleneck_facts {
    double cpu;        /* CPU of the generator's busiest thread, as a share of one core */
    double wait, idle; /* shares of the threads' time: waiting for answers; with nothing to do */
    double server;     /* CPU of the server, as a share of one core: may exceed 1 */
    double cores;      /* CPUs that it may use */
    double answer;     /* share of the response time that the server reports as processing */
    double rtt_share;  /* idle round-trip time / mean response time */
    /* operations per second: measured, requested, and the ceiling; 0: none */
    double rate, rate_asked, rate_most;
    double random_s; /* random arrivals: seconds over which `rate` was averaged; else 0 */
    bool thinks, local;
    /* Share of the time in which the generator's busiest thread was ready to run and had no CPU; and
     * whether the CPU quota of its container was the reason. */
    double queued;
    bool quota;
    /* Connections or parts of the target are missing: "9 of 50 connections up"; NULL: none are. Then
     * it cannot be told whether the target is the limit: others might take more. */
    const char *missing;
};

struct bottleneck_verdict {
    enum bottleneck kind;
    /* the share that decided: CPU (client) or part of the response time (server, network); NaN: not
     * measured */
    double share;
    char why[160];
};

void bottleneck_find(const struct bottleneck_facts *, struct bottleneck_verdict *);
/* Replaces a verdict by the backend's (see struct stats), which knows better what its target does,
 * but not whether the generator is the limit. */
void bottleneck_said(const struct bottleneck_facts *, enum bottleneck kind, const char *why,
                     struct bottleneck_verdict *);
/* Is a closed load of rate_per_s limited by a ceiling of most_per_s (0: none)? */
bool ceiling_reached(double most_per_s, double rate_per_s);

#endif
