/* Scaling curves: which plateaus belong together, and the law that is fitted to them. */
#ifndef LOADTOP_ENGINE_FIGURES_SCALING_H
#define LOADTOP_ENGINE_FIGURES_SCALING_H

#include "engine/state/snapshot.h"

#include <stdbool.h>

struct pool;

void scaling_update(struct pool *); /* to be called after the plateaus have changed */
/* The names of the SCALINGS_MAX variables that curves are drawn over: each dial with in_flight, and
 * rows. NULL past the last. */
const char *scaling_var(unsigned i);
/* Is p a point of the curve by `var` ("threads" ...) on which the newest plateau lies? */
bool scaling_has(const char *var, const struct plateau *p, const struct plateau *newest);
/* The value of var at a plateau. */
double scaling_value(const char *var, const struct plateau *);
/* The curve by var on which `like` lies, one of the n plateaus of the list. */
void scaling_of(const struct plateau *list, unsigned n, const struct plateau *like, const char *var,
                struct scaling *);

#endif
