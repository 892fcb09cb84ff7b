/* The cells of a sweep: the result for each combination of values. Private to the engine.
 *
 * A cell is a copy of the plateau that its step made; one that never became steady keeps its mean,
 * not valid, with the reason. Cells are kept when a sweep ends early, so that it can be resumed. */
#ifndef LOADTOP_ENGINE_CONTROL_GRID_H
#define LOADTOP_ENGINE_CONTROL_GRID_H

#include "engine/state/snapshot.h"

#include <stdatomic.h>
#include <stdbool.h>

struct pool;

struct grid {
    struct sweep_cell *cell; /* [cells] */
    unsigned cells, room;
    uint64_t setting; /* hash, at the start, of the settings that the sweep does not vary */
};

/* Sets the number of cells to n; new ones are in state waiting. -1: out of memory. */
int grid_resize(struct grid *, unsigned n);
void grid_fini(struct grid *);
/* Stores the result of a finished step: its plateau, or why there is none. */
void grid_take(struct grid *, unsigned cell, struct pool *, double now_s);
/* Marks the cell as being measured now. */
void grid_now(struct grid *, unsigned cell, struct pool *, double now_s);
/* sets a cell that is being measured back to waiting */
void grid_forget(struct grid *, unsigned cell);
/* Marks redundant cells of a grid with the variables `pattern` and `depth`. */
void grid_mark_same(struct grid *, const struct sweep_axis *, unsigned axes);
unsigned grid_count(const struct grid *, enum cell_state);
/* A hash of the pool's settings without the variables of the axes. */
uint64_t grid_setting(const struct pool *, const struct sweep_axis *, unsigned axes);

#endif
