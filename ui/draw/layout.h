/* The positions of a view's panels: a pure function of the window's size, the view's plan and the
 * amount of content.
 *
 * Breakpoints drop panels by priority: 120x30 and more has everything, 80x24 the standard, 40x10
 * big numbers, below that one status line. Rectangles are within the window and never overlap, and
 * a panel with a border has room inside; a panel that is not shown has w = h = 0. */
#ifndef LOADTOP_UI_DRAW_LAYOUT_H
#define LOADTOP_UI_DRAW_LAYOUT_H

#include "ui/term/cells.h"

#include <stdbool.h>

enum layout_size { LAYOUT_LINE, LAYOUT_BIG, LAYOUT_STANDARD, LAYOUT_FULL };

enum panel {
    PANEL_HEADER, /* one line: the state of everything */
    PANEL_ALERTS,
    PANEL_TITLE, /* the selected pool, and the names of the views */
    PANEL_POOLS,
    PANEL_NUMBERS, /* big digits */
    PANEL_THROUGHPUT,
    PANEL_LATENCY,
    PANEL_HEATMAP, /* latencies over time */
    PANEL_SCALING,
    PANEL_GRID,      /* a sweep over two variables */
    PANEL_LATENCY_N, /* latency against N */
    PANEL_COST,      /* CPU and memory against N */
    PANEL_LIGHTS,    /* can the selected point be trusted? */
    PANEL_VALID,
    PANEL_BUDGET, /* where the time goes */
    PANEL_LADDER, /* percentiles */
    PANEL_OPS,    /* by operation */
    PANEL_THREADS,
    PANEL_CHANGES,
    PANEL_GOAL,
    PANEL_LEFT, /* leftovers; together with the goal if the goal has no line of its own */
    PANEL_MAIN, /* the one table of errors, events and targets */
    PANEL_DIAL,
    PANEL_KEYS,
    PANELS
};

struct layout;
struct layout_want;

/* How a view divides the middle of the window, below the header and above the dials. */
struct layout_plan {
    /* Places the view's panels within the rectangle, for each layout_size; at LAYOUT_LINE, if the
     * window is only low or only narrow, the most important one. */
    void (*place)(struct layout *, struct rect, const struct layout_want *);
    /* panels (enum panel) that can be shown alone in the middle, including those that otherwise do
     * not fit; most important first, ends with -1. NULL: the view has only one panel */
    const signed char *alone;
    bool title; /* a large window shows a line with the pool and the views' names */
};

struct layout_want {
    const struct layout_plan *plan;
    int pools, alerts;
    bool thresholds; /* a goal or thresholds are set */
    int full;        /* the panel that fills the whole middle; < 0: all that fit */
    int grid_rows;   /* scaling: values of a sweep's first variable; 0: no grid */
};
/* The next panel after `now` (< 0: none) in `alone`; -1 after the last. */
int layout_next_full(const struct layout_plan *, int now);

struct layout {
    enum layout_size size;
    struct rect panel[PANELS];
    /* it has a frame, which takes two rows and two columns; if not, its first row is the title */
    bool border[PANELS];
    bool titled[PANELS]; /* the first row is a title */
    int pool_lines;      /* 1 or 2 lines a pool */
};

void layout_make(struct layout *, int rows, int cols, const struct layout_want *);
/* The area of a panel inside its border and below its title; w = h = 0 when it is not shown. */
struct rect layout_inside(const struct layout *, enum panel);

/* ---- for the plans ---- */

static inline int int_min(int a, int b)
{
    return a < b ? a : b;
}
static inline int int_max(int a, int b)
{
    return a > b ? a : b;
}
/* Takes h rows from the top of *r (or the bottom, with h < 0); empty when there are not that
 * many. */
struct rect rect_take_rows(struct rect *, int h);
/* Takes w columns from the left of *r. */
struct rect rect_take_left(struct rect *, int w);
/* Places a panel, with a border if the size has borders; does nothing if the rectangle is too
 * small. */
void layout_box(struct layout *, enum panel, struct rect);
/* Two boxes above each other; the lower is dropped when there is no room for both. */
void layout_stack(struct layout *, struct rect, enum panel upper, enum panel lower, int upper_rows);
/* The `place` of a view that is one table. */
void layout_one_table(struct layout *, struct rect, const struct layout_want *);

#endif
