/* What the present is held against: a moment of this run (`b`), or a saved run (`baseline FILE`).
 *
 * A saved run is laid under the plots second by second, from its start on. Figures are compared
 * only with what was measured at the same load (threads, clients, depth, rate): the stretch of the
 * base in which that load was steady. Where there is none, no difference is shown and it is said
 * why; where one of both is not valid, the difference bears a question mark. */
#ifndef LOADTOP_UI_RUN_BASELINE_H
#define LOADTOP_UI_RUN_BASELINE_H

#include "engine/state/snapshot.h"

#include <stdbool.h>
#include <stddef.h>

struct err;

#define BASE_STRETCHES 64

/* A stretch of the base at one load. Latencies are ns, NaN: unknown. */
struct base_stretch {
    unsigned threads, clients, depth;
    double rate_per_s; /* 0: closed */
    double per_s, p50, p99, response_p50, response_p99;
    bool valid;
};

struct baseline {
    unsigned pool; /* number of the live pool */
    struct base_stretch stretch[BASE_STRETCHES];
    unsigned stretches;
    struct series seconds; /* of a saved run: the ghost; empty for a moment of this one */
    struct point *point;   /* owned, with `block` */
    const struct point **block;
};

struct baselines {
    struct baseline of[POOLS_MAX];
    int n;
};

/* Takes the last seconds of each live pool. */
void baseline_now(struct baselines *, const struct snapshot *);
/* Takes a saved run: pools by name, else by their order when the backend is the same. Counts the
 * pools that have one now. ERR_FAILED, ERR_USAGE: the base stays what it was. */
int baseline_load(struct baselines *, const struct snapshot *, const char *file, unsigned *pools,
                  struct err *);
void baseline_free(struct baselines *);

/* NULL: this pool has none. */
const struct baseline *baseline_of(const struct baselines *, unsigned pool);
/* What the pool's present figures are compared with; NULL: nothing, and `why`. Else `why` is NULL,
 * or says why the difference is to be doubted: one of both is not valid. */
const struct base_stretch *baseline_at(const struct baseline *, const struct pool_snapshot *,
                                       const char **why);
/* " +8.1 %", or "" where one of both is unknown; with a question mark when doubted. Returns buf. */
char *baseline_change(char *buf, size_t size, double now, double base, bool doubted);

#endif
