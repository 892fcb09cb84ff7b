/* A latency distribution in HdrHistogram's percentile format, which its plotter and others read. */
#ifndef LOADTOP_UI_EXPORT_HGRM_H
#define LOADTOP_UI_EXPORT_HGRM_H

struct histogram;
struct text;

/* Writes values in milliseconds with five ticks per half distance, like HistogramLogProcessor. */
void hgrm_text(const struct histogram *, struct text *);

/* The same steps for plots: calls `each` for every step of the percentile axis, ascending, the last
 * one with percentile 100. */
void hgrm_each(const struct histogram *, unsigned ticks_per_half,
               void (*each)(double percentile, double value_ns, double total, void *ctx),
               void *ctx);

#endif
