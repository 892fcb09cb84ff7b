/* The baseline that present figures are compared with: a moment of this run (`b`), or a saved run
 * (`baseline FILE`).
 *
 * A saved run is drawn in the plots second by second, from its start. Figures are compared only
 * with the base's steady period at the same load (threads, clients, depth, rate). If there is none,
 * the reason is shown instead of a difference; if one of both is not valid, the difference has a
 * question mark. */
#ifndef LOADTOP_UI_RUN_BASELINE_H
#define LOADTOP_UI_RUN_BASELINE_H

#include "engine/state/snapshot.h"

#include <stdbool.h>
#include <stddef.h>

struct err;

#define BASE_PERIODS 64

/* A period of the base at one load. Latencies are ns, NaN: unknown. */
struct base_period {
    unsigned threads, clients, depth;
    double rate_per_s; /* 0: closed */
    double per_s, p50, p99, response_p50, response_p99;
    bool valid;
};

struct baseline {
    unsigned pool; /* number of the live pool */
    struct base_period period[BASE_PERIODS];
    unsigned periods;
    /* series of a saved run, for the plots; empty for a moment of this run */
    struct series seconds;
    struct point *point; /* owned, with `block` */
    const struct point **block;
};

struct baselines {
    struct baseline of[POOLS_MAX];
    int n;
};

/* Makes baselines from the last seconds of each live pool. */
void baseline_now(struct baselines *, const struct snapshot *);
/* Makes baselines from a saved run: pools are matched by name, else by order if the backend is the
 * same. Counts the pools with a baseline. ERR_FAILED, ERR_USAGE: the baselines are unchanged. */
int baseline_load(struct baselines *, const struct snapshot *, const char *file, unsigned *pools,
                  struct err *);
void baseline_free(struct baselines *);

/* The baseline of this pool; NULL: none. */
const struct baseline *baseline_of(const struct baselines *, unsigned pool);
/* The period to compare the pool's present figures with; NULL: none, with the reason in `why`.
 * Otherwise `why` is NULL, or the reason why the difference is doubtful: one of both is not
 * valid. */
const struct base_period *baseline_at(const struct baseline *, const struct pool_snapshot *,
                                      const char **why);
/* Writes the relative change " +8.1 %", or "" if one of the values is unknown; with a question mark
 * if doubtful. Returns buf. */
char *baseline_change(char *buf, size_t size, double now, double base, bool doubted);

#endif
