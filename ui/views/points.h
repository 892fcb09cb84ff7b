/* The scaling view: the curve or the grid of a sweep, and the table of points. */
#ifndef LOADTOP_UI_VIEWS_POINTS_H
#define LOADTOP_UI_VIEWS_POINTS_H

struct cells;
struct layout;
struct screen;
struct snapshot;

void scaling_draw(struct cells *, const struct snapshot *, struct screen *, const struct layout *);

#endif
