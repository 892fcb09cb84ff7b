/* Clickable areas of the screen, recorded while it is drawn. */
#ifndef LOADTOP_UI_DRAW_HITS_H
#define LOADTOP_UI_DRAW_HITS_H

#include "ui/term/cells.h"

enum hit_kind {
    HIT_POOL,
    HIT_ROW,
    HIT_TAB,
    HIT_DIAL,
    HIT_COLUMN,
    HIT_PLOT,
    HIT_LEGEND, /* enum line_id */
    HIT_PANEL,  /* enum panel: its title */
    HIT_BUTTON, /* the key that it triggers */
    HIT_YES,
    HIT_NO,
    HIT_FIELD
};
struct hit {
    struct rect r;
    enum hit_kind kind;
    int arg;
};
#define HITS_MAX 1024 /* enough for one per row of the tallest window and some more */
struct hits {
    struct hit hit[HITS_MAX];
    int n;
};

/* Adds an area; does nothing if there is no room. Set n = 0 to remove all. */
void hits_add(struct hits *, struct rect, enum hit_kind, int arg);
/* The area at a position; NULL: none. Areas drawn later are on top. */
const struct hit *hits_at(const struct hits *, int x, int y);

#endif
