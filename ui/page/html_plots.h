/* Plots of one pool over time, of its percentiles and of its latencies. */
#ifndef LOADTOP_UI_PAGE_HTML_PLOTS_H
#define LOADTOP_UI_PAGE_HTML_PLOTS_H

struct json_t;
struct svg_sheet;

void plot_seconds(struct svg_sheet *, const struct json_t *run, const struct json_t *pool);
/* Two runs of one pool, one over the other, both from their start. */
void plot_pair(struct svg_sheet *, const struct json_t *base, const struct json_t *new);
void plot_percentiles(struct svg_sheet *, const struct json_t *pool);
void plot_heat(struct svg_sheet *, const struct json_t *pool);

#endif
