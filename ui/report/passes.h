/* Tests whether the steady periods of a pool met all thresholds. */
#ifndef LOADTOP_UI_REPORT_PASSES_H
#define LOADTOP_UI_REPORT_PASSES_H

#include <stddef.h>

struct saved_plateau;
struct saved_pool;
struct saved_run;

enum passes { PASSES_NO, PASSES_UNKNOWN, PASSES_YES };
enum passes plateau_passes(const struct saved_run *run, const struct saved_pool *pool,
                           const struct saved_plateau *plateau);
struct best {
    double per_s; /* the highest throughput of the passing ones; NaN: none */
    size_t at;    /* its index in `plateaus` */
    /* numbers of periods: valid, and of these failed and undecided */
    unsigned valid, failed, unknown;
};
struct best best_of(const struct saved_run *run, const struct saved_pool *pool);

#endif
