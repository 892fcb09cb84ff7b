/* Plots of one pool over time, of its percentiles and of its latencies. */
#ifndef LOADTOP_UI_PAGE_HTML_PLOTS_H
#define LOADTOP_UI_PAGE_HTML_PLOTS_H

struct saved_pool;
struct saved_run;
struct svg_sheet;

void plot_seconds(struct svg_sheet *, const struct saved_run *run, const struct saved_pool *pool);
/* Two runs of one pool, one over the other, both from their start. */
void plot_pair(struct svg_sheet *, const struct saved_pool *base, const struct saved_pool *new);
void plot_percentiles(struct svg_sheet *, const struct saved_pool *pool);
void plot_heat(struct svg_sheet *, const struct saved_pool *pool);

#endif
