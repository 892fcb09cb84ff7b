/* A sweep over two variables as a grid. */
#ifndef LOADTOP_UI_PANELS_GRID_H
#define LOADTOP_UI_PANELS_GRID_H

struct cells;
struct layout;
struct screen;
struct snapshot;

void grid_panel(struct cells *, const struct snapshot *, struct screen *, const struct layout *);

#endif
