/* Axes; see axis.h. Pure arithmetic. */
#include "ui/draw/axis.h"

#include <math.h>
#include <stdio.h>

static double nice(double v, bool above)
{
    static const double step[] = {1, 2, 5, 10};
    double base, best;

    if (!(v > 0) || !isfinite(v))
        return 1;
    base = pow(10, floor(log10(v)));
    best = above ? 10 : 1;
    for (int i = 0; i < 4; i++) {
        /* The tolerance keeps 5.000000001 (a sum of floats) at 5. */
        if (above && step[i] * base >= v * (1 - 1e-9))
            return step[i] * base;
        if (!above && step[i] * base <= v * (1 + 1e-9))
            best = step[i];
    }
    return best * base;
}

double axis_nice_above(double v)
{
    return nice(v, true);
}

double axis_nice_below(double v)
{
    return nice(v, false);
}

/* Chooses the ends of the axis to show lo to hi: a linear axis ends at a multiple of a 1-2-5 step,
 * five to ten of which make up the axis. */
static void axis_ends(const struct axis *a, double lo, double hi, double *out_lo, double *out_hi)
{
    if (a->log) {
        *out_lo = axis_nice_below(lo);
        *out_hi = axis_nice_above(hi);
        if (*out_hi < *out_lo * 4)
            *out_hi = axis_nice_above(*out_lo * 4);
    } else {
        double step = axis_nice_above(hi / 10);

        *out_lo = 0;
        *out_hi = hi > 0 ? ceil(hi / step * (1 - 1e-9)) * step : 1;
    }
}

void axis_follow(struct axis *a, double lo, double hi, double now_s)
{
    if (isnan(hi) || isnan(lo) || (a->log && !(lo > 0)))
        return;
    axis_ends(a, lo, hi, &lo, &hi);
    if (a->hi <= a->lo) {
        a->lo = lo;
        a->hi = hi;
        a->less_since = -1;
        return;
    }
    if (hi >= a->hi && lo <= a->lo) {
        a->less_since = -1;
    } else if (a->less_since < 0 || now_s < a->less_since) {
        a->less_since = now_s;
        a->need_lo = lo;
        a->need_hi = hi;
    }
    a->hi = hi > a->hi ? hi : a->hi;
    a->lo = lo < a->lo ? lo : a->lo;
    if (a->less_since < 0)
        return;
    a->need_hi = hi > a->need_hi ? hi : a->need_hi;
    a->need_lo = lo < a->need_lo ? lo : a->need_lo;
    if (now_s - a->less_since >= AXIS_HOLD_S) {
        a->lo = a->need_lo;
        a->hi = a->need_hi;
        a->less_since = -1;
    }
}

double axis_place(const struct axis *a, double v)
{
    if (isnan(v) || a->hi <= a->lo)
        return NAN;
    if (!a->log)
        return (v - a->lo) / (a->hi - a->lo);
    if (!(v > 0))
        return NAN;
    return log(v / a->lo) / log(a->hi / a->lo);
}

static int linear_ticks(const struct axis *a, int most, double *tick, int max)
{
    double step = axis_nice_above((a->hi - a->lo) / most);
    int n = 0;

    if (step > a->hi) /* an axis with the tick 0 alone would show no scale */
        step = axis_nice_below(a->hi);

    for (int i = 0; n < max && i * step <= a->hi * (1 + 1e-9); i++)
        tick[n++] = i * step;
    return n;
}

/* Ticks at 1, 2 and 5, or only at the decades if those would not fit. */
static int log_ticks(const struct axis *a, int rows, double *tick, int max)
{
    static const double mult[] = {1, 2, 5};
    double decades = log10(a->hi / a->lo);
    int per_decade = rows * 0.301 >= decades * 1.2 ? 3 : 1;
    int skip = per_decade == 3 ? 1 : (int)ceil(decades / (rows > 1 ? rows / 2 : 1));
    int n = 0;

    if (skip < 1)
        skip = 1;
    for (int e = (int)floor(log10(a->lo * (1 + 1e-9))); n < max; e += skip) {
        double base = pow(10, e);

        if (base > a->hi * (1 + 1e-9))
            break;
        for (int i = 0; i < per_decade && n < max; i++) {
            double v = mult[i] * base;

            if (v >= a->lo * (1 - 1e-9) && v <= a->hi * (1 + 1e-9))
                tick[n++] = v;
        }
    }
    return n;
}

int axis_ticks(const struct axis *a, int rows, double *tick, int max)
{
    /* Zero is on the axis line, below the rows. If there are many rows, ticks are far enough apart
     * that a difference of one row between them is not visible. */
    int most = rows < 12 ? (rows + 1) / 2 : (rows + 2) / 3;

    if (a->hi <= a->lo || max <= 0 || rows <= 0)
        return 0;
    return a->log ? log_ticks(a, rows, tick, max) : linear_ticks(a, most, tick, max);
}

char *axis_label(char *buf, size_t size, double v, bool ns)
{
    static const char *const count_unit[] = {"", "k", "M", "G", "T", NULL};
    static const char *const time_unit[] = {"ns", "us", "ms", "s", NULL};
    const char *const *unit = ns ? time_unit : count_unit;
    int i = 0;

    while (fabs(v) >= 1000 * (1 - 1e-9) && unit[i + 1]) {
        v /= 1000;
        i++;
    }
    snprintf(buf, size, "%.3g%s", v, unit[i]);
    return buf;
}
