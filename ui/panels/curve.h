/* The points of one scaling curve, as the scaling views draw them.
 *
 * A curve is a family of plateaus that differ in one variable: the family of one of them, the one
 * that is selected. All of its plateaus are points, also several at one value; those that are not
 * valid are in no fit. The fit is the engine's own (scaling_of). */
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

/* The point whose family is shown: the selected one; NULL: there is none. And the variable that was
 * chosen for the X axis; NULL: by itself. */
const struct plateau *curve_like(const struct screen *, const struct pool_snapshot *);
const char *curve_choice(const struct screen *);
/* The sweep over two variables that the view shows as a grid; NULL: none, or
 * a variable was chosen. */
const struct sweep_snapshot *curve_grid(const struct screen *, const struct snapshot *);
/* The curve by `var` (NULL: the variable with the most values) on which `like` lies. */
void curve_collect(struct curve *, const struct pool_snapshot *, const struct plateau *like,
                   const char *var);
const struct usl_fit *curve_fit(const struct curve *); /* NULL: none */
/* Throughput / (N x throughput at one): by the law, or by the first valid point. */
double curve_efficiency(const struct curve *, int i);

#endif
