/* Plots over time (or over any x), drawn into cells: axes, series, marks, thresholds.
 *
 *     500k ┤          ┊                 left axis with 1-2-5 ticks
 *          │⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀┊⣠⣤⣤⣤⣤⣤⣤
 *        0 └──────────2→3────── now     marks name changes; a gap means no data
 *
 * The caller gets the number of columns from plot_begin, fills its series with one value per column
 * (NaN: no data, a gap), and draws. Series differ in style, not only in colour. */
#ifndef LOADTOP_UI_DRAW_PLOT_H
#define LOADTOP_UI_DRAW_PLOT_H

#include "ui/draw/axis.h"
#include "ui/term/cells.h"

#include <stdbool.h>

enum plot_kind {
    PLOT_AREA, /* filled from the bottom; for rates */
    PLOT_LINE,
    PLOT_DOTTED, /* every second dot */
    PLOT_POINTS  /* no joining lines */
};

struct plot_series {
    const double *v; /* [columns] */
    enum plot_kind kind;
    enum role role;
};

struct plot_mark {
    double x; /* 0 at the left edge, 1 at the right */
    char text[24];
    enum role role;
    bool quiet; /* no label */
};

struct plot_level { /* a horizontal dotted line */
    double v;
    const char *label;
    enum role role;
};

struct plot {
    struct rect area; /* area of the dots, set by plot_begin */
    struct rect whole;
    int columns;
    bool ns; /* labels are durations */
    const struct axis *axis;
    const struct plot_series *series;
    int series_count;
    /* [series_count]: a character drawn here and there on each line; or NULL */
    const uint32_t *marker;
    const struct plot_mark *mark;
    int marks;
    const struct plot_level *level;
    int levels;
    const char *left, *right; /* below the axis: "-60 s", "now"; may be NULL */
    double cursor;            /* 0..1: a vertical line to read values at; < 0: none */
};

#define PLOT_COLUMNS_MAX (2 * CELLS_COLS_MAX) /* columns of dots */

/* Divides the rectangle. False when there is no room for a plot. */
bool plot_begin(struct plot *, const struct cells *, struct rect);
void plot_draw(struct cells *, const struct plot *);

#endif
