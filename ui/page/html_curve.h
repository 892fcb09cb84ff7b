/* The plot of a scaling curve. */
#ifndef LOADTOP_UI_PAGE_HTML_CURVE_H
#define LOADTOP_UI_PAGE_HTML_CURVE_H

struct json_t;
struct svg_sheet;

void plot_curve(struct svg_sheet *, const struct json_t *pool, const struct json_t *scaling,
                double goal_per_s);

#endif
