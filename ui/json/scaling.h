/* Scaling results as JSON: the curves of a pool, its capacity, and a single fit (for `loadtop fit
 * --json`). Scripts rely on the names; unknown values are null. */
#ifndef LOADTOP_UI_JSON_SCALING_H
#define LOADTOP_UI_JSON_SCALING_H

#include <stdbool.h>

struct json_t;
struct pool_snapshot;
struct usl_fit;

/* An array with one object per curve. `points` are indices into the pool's `plateaus`: all on this
 * curve, valid or not. A curve that could not be fitted has null parameters and a why_not. */
struct json_t *json_scaling(const struct pool_snapshot *);
/* { rate_per_s, ci95: [low, high] } or null. */
struct json_t *json_capacity(const struct pool_snapshot *);
/* One curve without points. `var` names what was varied; next_n NaN: not known. f NULL: not fitted,
 * for the reason `why_not`. */
struct json_t *json_fit(const char *var, const struct usl_fit *f, double next_n,
                        const char *why_not);

#endif
