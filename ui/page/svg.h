/* Plots as inline SVG for reports: axes with 1-2-5 ticks, lines, points with error bars, marks, and
 * values on hover (<title>). No scripts, fonts or external resources; colours are CSS classes of
 * the page, and each line has its name at its end, so that it can be identified without colour. */
#ifndef LOADTOP_UI_PAGE_SVG_H
#define LOADTOP_UI_PAGE_SVG_H

#include <stdbool.h>
#include <stddef.h>

struct text;

enum svg_unit { SVG_NUMBER, SVG_DURATION /* values are ns */, SVG_SECONDS, SVG_PERCENTILE };

struct svg_axis {
    double lo, hi;
    bool log;
    enum svg_unit unit;
    const char *name;
};

/* The sheet for figures: a page with figures below each other, or a picture with two side by
 * side. */
struct svg_sheet {
    struct text *t;
    const char *stamp; /* written on each figure: "LOOPBACK", or "" */
    bool picture;
    double left, top; /* position of the next figure in a picture; advanced by svg_end */
};
/* The width of a picture, and of the figures in it. */
#define SVG_PICTURE_WIDTH 1060
void svg_sheet_row(struct svg_sheet *); /* in a picture: the next figure begins a new row */

struct svg {
    struct text *t;
    struct svg_sheet *sheet;
    struct svg_axis x, y;
    double label_y[16]; /* positions of line names drawn so far */
    unsigned labels;
};

/* Extends the axis to lo..hi: a log axis ends at 1-2-5 numbers, a linear one begins at 0. */
void svg_fit_axis(struct svg_axis *, double lo, double hi);
/* caption: what it shows, in plain text; small: how to read it. */
void svg_begin(struct svg *, struct svg_sheet *, const char *caption, const char *small,
               const struct svg_axis *x, const struct svg_axis *y);
/* Draws a line with gaps where y is NaN. `class` is one of the page's (s1, s2, ...); name: "" for
 * none. */
void svg_line(struct svg *, const double *x, const double *y, size_t n, const char *class,
              const char *name);
void svg_band(struct svg *, const double *x, const double *low, const double *high, size_t n,
              const char *class);
void svg_point(struct svg *, double x, double y, double half, bool hollow, const char *title);
/* A vertical mark; text may be "". */
void svg_mark(struct svg *, double x, const char *text, const char *title, const char *class);
void svg_level(struct svg *, double y, const char *text);
void svg_box(struct svg *, double x0, double x1, double y0, double y1, double filled,
             const char *title);
/* An invisible column from x0 to x1 that shows `title` on hover. */
void svg_hover(struct svg *, double x0, double x1, const char *title);
void svg_end(struct svg *);

#endif
