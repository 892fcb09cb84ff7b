/* One view of the dashboard as a constant object; each is defined in a file of ui/views, and
 * ui/views/views.c lists them.
 *
 * Everything that differs from view to view is a member here, so that drawing, keys, help, mouse and
 * captures need no list of views of their own. */
#ifndef LOADTOP_UI_PANELS_VIEW_H
#define LOADTOP_UI_PANELS_VIEW_H

#include "ui/draw/layout.h"

#include <stdbool.h>

struct cells;
struct screen;
struct snapshot;

/* What a screen can hold the state of; at most 9, as each has a digit for its key. */
#define VIEWS_MAX 9

/* Members not given are false or NULL. */
struct view {
    const char *name; /* in the tabs and the names of captures; required */
    const char *help; /* of its key, which is its number in the table; required */
    struct layout_plan plan;

    /* Draws its panels where the layout has put them; required. */
    void (*draw)(struct cells *, const struct snapshot *, struct screen *, const struct layout *);
    /* Adds to what the layout has to know (pools, alerts and so on are there). */
    void (*measure)(const struct screen *, const struct snapshot *, struct layout_want *);

    bool own_rows; /* up and down move in its rows; else they select a pool */
    /* Is the text in this row? NULL: `/` looks through the pools. */
    bool (*row_has)(const struct snapshot *, const struct screen *, int row, const char *find);
    const char *unsorted;    /* said when no column is sorted by; NULL: it cannot be sorted */
    bool curve;              /* its row and column choose the point and the X axis of the curve */
    const struct view *into; /* where Enter leads; NULL: nowhere */
};

#endif
