/* The points of one scaling curve, as the scaling views draw them.
 *
 * A curve consists of the plateaus that differ from the selected one in one variable only. All of
 * them are points, also several at one value; invalid ones are excluded from the fit, which is the
 * engine's (scaling_of). */
#ifndef LOADTOP_UI_PANELS_CURVE_H
#define LOADTOP_UI_PANELS_CURVE_H

#include "engine/state/snapshot.h"

#include <stdbool.h>

struct screen;

#define CURVE_POINTS_MAX 128

struct curve {
    const struct pool_snapshot *pool;
    struct scaling scaling;                     /* has is false: fewer than two values */
    const char *name;                           /* of the variable */
    const struct plateau *at[CURVE_POINTS_MAX]; /* [points], ascending by N */
    double value[CURVE_POINTS_MAX];
    int points;
    double n_max;          /* right end of the N axis */
    double live_n, live_x; /* the present second; NaN: none */
};

/* The selected point, whose curve is shown (NULL: none), and the variable chosen for the X axis
 * (NULL: automatic). */
const struct plateau *curve_like(const struct screen *, const struct pool_snapshot *);
const char *curve_choice(const struct screen *);
/* The two-variable sweep to show as a grid; NULL: none, or a variable was chosen. */
const struct sweep_snapshot *curve_grid(const struct screen *, const struct snapshot *);
/* The curve by `var` (NULL: the variable with the most values) on which `like` lies. */
void curve_collect(struct curve *, const struct pool_snapshot *, const struct plateau *like,
                   const char *var);
const struct usl_fit *curve_fit(const struct curve *); /* NULL: none */
/* Throughput / (N x throughput at one): by the law, or by the first valid point. */
double curve_efficiency(const struct curve *, int i);

#endif
