/* The cells of a sweep: what stands for each combination of its values. Private to the engine.
 *
 * A cell is a copy of the plateau that its step made; one that never became steady keeps its mean,
 * not valid, with the reason. Cells stay when a sweep ends early, so that it can be resumed. */
#ifndef LOADTOP_ENGINE_CONTROL_GRID_H
#define LOADTOP_ENGINE_CONTROL_GRID_H

#include "engine/state/snapshot.h"

#include <stdatomic.h>
#include <stdbool.h>

struct pool;

struct grid {
    struct sweep_cell *cell; /* [cells] */
    unsigned cells, room;
    uint64_t setting; /* of all that the sweep does not move, when it began */
};

/* Makes them n; new ones are waiting. -1 without memory. */
int grid_resize(struct grid *, unsigned n);
void grid_fini(struct grid *);
/* The step at this cell is over: its plateau, or why there is none. */
void grid_take(struct grid *, unsigned cell, struct pool *, double now_s);
/* The cell is being measured now. */
void grid_now(struct grid *, unsigned cell, struct pool *, double now_s);
void grid_forget(struct grid *, unsigned cell); /* waiting again, if it was being measured */
/* Marks what need not be measured, of a grid with the variables `pattern` and `depth`. */
void grid_mark_same(struct grid *, const struct sweep_axis *, unsigned axes);
unsigned grid_count(const struct grid *, enum cell_state);
/* What the pool is set to, apart from the variables of the axes. */
uint64_t grid_setting(const struct pool *, const struct sweep_axis *, unsigned axes);

#endif
