/* Results of a sweep as a snapshot shows them. */
#ifndef LOADTOP_ENGINE_STATE_SWEEP_SHOWN_H
#define LOADTOP_ENGINE_STATE_SWEEP_SHOWN_H

#include "engine/state/snapshot.h"

#include <stdatomic.h>
#include <stdbool.h>

/* The index of a cell's value on axis `of`, and the distance of two neighbours along it. */
unsigned sweep_place(const struct sweep_axis *, unsigned axes, unsigned of, unsigned cell,
                     unsigned *step);
/* The throughput of a cell relative to the first cell of its line along the axis: divided by the
 * ratio of the two values (efficiency, for threads and clients: 1 is ideal), or as it is (gain).
 * NaN when one of the cells is not measured or its value is not a number. *sound: both cells are
 * steady and valid; otherwise the result is shown in brackets. */
double sweep_relative(const struct sweep_snapshot *, unsigned cell, unsigned axis, bool *sound);
bool sweep_axis_scales(const struct sweep_axis *); /* true: efficiency applies, not gain */

/* A finished sweep, shared by the engine and the snapshots. */
struct sweep_kept {
    _Atomic unsigned refs;
    struct sweep_snapshot shown;
    struct sweep_cell cell[];
};
struct sweep_kept *sweep_keep(const struct sweep_snapshot *); /* NULL without memory */
void sweep_kept_release(struct sweep_kept *);                 /* takes NULL */

#endif
