/* Axes: mapping of values to positions, and ticks.
 *
 * Ticks are at 1, 2 and 5 times a power of ten. An axis grows at once when a value does not fit,
 * and shrinks only after the values have needed less for 10 s, so that a plot does not jump. */
#ifndef LOADTOP_UI_DRAW_AXIS_H
#define LOADTOP_UI_DRAW_AXIS_H

#include <stdbool.h>
#include <stddef.h>

#define AXIS_HOLD_S 10.0

struct axis {
    double lo, hi; /* the shown range; hi <= lo: empty */
    bool log;
    double less_since;       /* time since which the values need less; < 0: they do not */
    double need_lo, need_hi; /* the largest range needed since then */
};

/* Adapts the axis to values from lo to hi (NaN: none) at time now_s. A linear axis starts at 0. */
void axis_follow(struct axis *, double lo, double hi, double now_s);
/* The position of v: 0 at the bottom, 1 at the top; NaN for NaN, and on a log axis for values <= 0.
 * Not clamped. */
double axis_place(const struct axis *, double v);
/* Chooses at most `max` ticks in ascending order; returns how many. `rows`: rows of the plot; at
 * least one row without a tick is left between two ticks. */
int axis_ticks(const struct axis *, int rows, double *tick, int max);
/* The 1-2-5 number at or above v, and at or below (v > 0). */
double axis_nice_above(double v);
double axis_nice_below(double v);

/* A label for a tick, with as few digits as possible: "400k", "2ms". `ns`: v is a duration in
 * ns. */
char *axis_label(char *buf, size_t size, double v, bool ns);

#endif
