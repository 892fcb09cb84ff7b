/* See line.h. */
#include "engine/stats/line.h"

#include "engine/stats/series.h"
#include "engine/stats/student.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

bool line_fit(struct line *l, const double *x, const double *y, size_t n)
{
    double sxy = 0;
    *l = (struct line){
        .n = n, .mean_x = series_mean(x, n), .mean_y = series_mean(y, n), .slope = NAN};
    for (size_t i = 0; i < n; i++) {
        l->sxx += (x[i] - l->mean_x) * (x[i] - l->mean_x);
        sxy += (x[i] - l->mean_x) * (y[i] - l->mean_y);
    }
    if (n < 2 || !(l->sxx > 0))
        return false;
    l->slope = sxy / l->sxx;
    for (size_t i = 0; i < n; i++) {
        double e = line_residual(l, x[i], y[i]);
        l->rss += e * e;
    }
    return true;
}

double line_residual(const struct line *l, double x, double y)
{
    return y - l->mean_y - l->slope * (x - l->mean_x);
}

double line_slope_half95(const struct line *l)
{
    if (l->n < 3)
        return NAN;
    double df = (double)(l->n - 2);
    return student_t95(df) * sqrt(l->rss / df / l->sxx);
}

bool line_power(const double *n, const double *y, size_t points, double least, double *exponent,
                double *low, double *high)
{
    struct line l;
    bool known = points >= 3;
    double *log_n = malloc((2 * points + 1) * sizeof *log_n), *log_y = log_n + points;
    *exponent = *low = *high = NAN;
    for (size_t i = 0; log_n && known && i < points; i++) {
        known = n[i] > 0 && y[i] > 0;
        log_n[i] = log(n[i]);
        log_y[i] = log(y[i]);
    }
    known = log_n && known && line_fit(&l, log_n, log_y, points) && l.sxx > least;
    free(log_n);
    if (!known)
        return false;
    *exponent = l.slope;
    *low = l.slope - line_slope_half95(&l);
    *high = l.slope + line_slope_half95(&l);
    return true;
}

static double ranked(const double *sorted, unsigned n, double rank)
{
    return sorted[rank < 0 ? 0 : rank >= n ? n - 1 : (unsigned)rank];
}

void line_robust(struct robust_slope *s, const double *x, const double *y, unsigned n)
{
    double pair[ROBUST_POINTS_MOST * (ROBUST_POINTS_MOST - 1) / 2];
    unsigned pairs = 0;
    assert(n <= ROBUST_POINTS_MOST);
    for (unsigned i = 0; i < n; i++)
        for (unsigned j = i + 1; j < n; j++)
            if (x[j] > x[i])
                pair[pairs++] = (y[j] - y[i]) / (x[j] - x[i]);
    *s = (struct robust_slope){NAN, NAN, NAN, NAN, NAN};
    if (!pairs)
        return;
    /* standard deviation of Kendall's sum of signs */
    double spread = sqrt(n * (n - 1.0) * (2.0 * n + 5) / 18);
    s->slope = series_median(pair, pairs); /* sorts them */
    s->low95 = ranked(pair, pairs, floor((pairs - 1.96 * spread) / 2));
    s->high95 = ranked(pair, pairs, ceil((pairs + 1.96 * spread) / 2));
    s->low999 = ranked(pair, pairs, floor((pairs - 3.29 * spread) / 2));
    s->high999 = ranked(pair, pairs, ceil((pairs + 3.29 * spread) / 2));
}
