/* The scaling view: the curve or the grid of a sweep, and the table of points. */
#ifndef LOADTOP_UI_VIEWS_POINTS_H
#define LOADTOP_UI_VIEWS_POINTS_H

struct view;

extern const struct view view_scaling;

#endif
