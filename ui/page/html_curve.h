/* The plot of a scaling curve. */
#ifndef LOADTOP_UI_PAGE_HTML_CURVE_H
#define LOADTOP_UI_PAGE_HTML_CURVE_H

struct saved_pool;
struct saved_curve;
struct svg_sheet;

void plot_curve(struct svg_sheet *, const struct saved_pool *pool,
                const struct saved_curve *scaling, double goal_per_s);

#endif
