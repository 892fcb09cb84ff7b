/* Whose limit a throughput is: the load generator's, the server's, the way's between them, or the
 * schedule's. Told apart by what was measured, in words and with the share that decided.
 *
 * Pure. Used for the last second (judge.c) and for each plateau (lights.c), so that the overview
 * and a cell of a sweep's table say the same of the same load. */
#ifndef LOADTOP_ENGINE_FIGURES_LIMIT_H
#define LOADTOP_ENGINE_FIGURES_LIMIT_H

#include "engine/backend.h"

#include <stdbool.h>

/* Where the generator's part begins, for the last second, a plateau and a probe alike. */
#define LIMIT_CPU 0.80    /* of a core: a thread that uses more is the limit itself */
#define LIMIT_QUEUE 0.10  /* of the time, ready and without a CPU: latencies include it */
#define LIMIT_LITTLE 0.05 /* N and X R apart by more: times or counts are wrong */

/* Shares are 0..1; NaN: unknown. */
struct limit_facts {
    double cpu;        /* of a core, of the busiest thread of the load generator */
    double wait, idle; /* of the threads' time: for answers; because nothing was due */
    double server;     /* CPU of the server, of one core: may exceed 1 */
    double cores;      /* CPUs that it may use */
    double answer;     /* of the time of an answer, what the server itself says it worked on it */
    double way;        /* of the time of an answer, the round trip at rest */
    double rate, rate_asked, rate_most; /* operations a second; asked, most: 0 for none */
    double random_s; /* random arrivals: seconds that `rate` is the mean of; else 0 */
    bool thinks, local;
};

struct limit_verdict {
    enum bottleneck kind;
    double share; /* what decided: client: its CPU; server, network: of the time of an answer; or
                     NaN where that was not measured */
    char why[160];
};

void limit_judge(const struct limit_facts *, struct limit_verdict *);
/* Does a closed load of rate_per_s run into a ceiling of most_per_s (0: none)? */
bool limit_ceiling(double most_per_s, double rate_per_s);

#endif
