/* Bins: map a pool's series to the columns of a plot.
 *
 * A plot has fewer or more columns than a series has points. A throughput column is the operations
 * of its span divided by that span (exact, whatever the widths); a latency column that covers
 * several points is the worst of their percentiles, never an average of percentiles, and the plot
 * says so. A column without data, or entirely within a pause, is NaN. */
#ifndef LOADTOP_UI_DRAW_BINS_H
#define LOADTOP_UI_DRAW_BINS_H

#include <stdbool.h>

struct series;

enum bin_value { BIN_RATE, BIN_ERRORS, BIN_P50, BIN_P99, BIN_MAX, BIN_RESPONSE_P99, BIN_IN_FLIGHT };

struct bins {
    double from_s, width_s; /* column i covers [from + i*width, from + (i+1)*width) */
    int n;
};

/* n columns that end at or just before now, over span_s. The edges are multiples of the width, so
 * that columns keep their values while time passes. */
struct bins bins_over(double now_s, double span_s, int n);
/* Fills out[b->n]. Returns true if a latency column covered more than one point ("worst"). */
bool bins_fill(const struct bins *, const struct series *, enum bin_value, double *out);
/* The smallest and largest of out that are not NaN; false if there is none. */
bool bins_range(const double *out, int n, double *lo, double *hi);

#endif
