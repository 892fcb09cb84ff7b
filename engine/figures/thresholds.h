/* Are the thresholds of a run met? */
#ifndef LOADTOP_ENGINE_FIGURES_THRESHOLDS_H
#define LOADTOP_ENGINE_FIGURES_THRESHOLDS_H

#include <stdbool.h>
#include <stdint.h>

struct engine;
struct threshold;

bool threshold_holds(const struct threshold *, double value); /* in the threshold's unit */
void thresholds_check(struct engine *, uint64_t now_ns);

#endif
