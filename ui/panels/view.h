/* One view of the dashboard as a constant object; each is defined in a file of ui/views, and
 * ui/views/views.c lists them.
 *
 * All differences between views are members, so that drawing, keys, help, mouse and captures need
 * no lists of views. */
#ifndef LOADTOP_UI_PANELS_VIEW_H
#define LOADTOP_UI_PANELS_VIEW_H

#include "ui/draw/layout.h"

#include <stdbool.h>

struct cells;
struct screen;
struct snapshot;

/* Most views: at most 9, as each has a digit key. */
#define VIEWS_MAX 9

/* Members not given are false or NULL. */
struct view {
    const char *name; /* name in the tabs and in file names of captures; required */
    const char *help; /* help of its key, which is its number in the table; required */
    struct layout_plan plan;

    /* Draws its panels in the layout's rectangles; required. */
    void (*draw)(struct cells *, const struct snapshot *, struct screen *, const struct layout *);
    /* Adds view-specific input for the layout (pools, alerts and so on are set already). */
    void (*measure)(const struct screen *, const struct snapshot *, struct layout_want *);

    bool own_rows; /* up and down move through its rows; else they select a pool */
    /* Does the row contain the text? NULL: `/` searches the pools. */
    bool (*row_has)(const struct snapshot *, const struct screen *, int row, const char *find);
    const char *unsorted;    /* name of the unsorted order; NULL: the view cannot be sorted */
    bool curve;              /* its row and column choose the point and the X axis of the curve */
    const struct view *into; /* the view that Enter opens; NULL: none */
};

#endif
