/* See trend.h. */
#include "engine/stats/trend.h"

#include "engine/stats/line.h"
#include "engine/stats/series.h"
#include "engine/stats/student.h"

#include <assert.h>
#include <math.h>

void trend_of(const double *y, unsigned n, struct trend *t)
{
    double x[TREND_MOST], e[TREND_MOST];
    struct line l;
    assert(n >= TREND_LEAST && n <= TREND_MOST);
    for (unsigned i = 0; i < n; i++)
        x[i] = i;
    line_fit(&l, x, y, n);
    for (unsigned i = 0; i < n; i++)
        e[i] = line_residual(&l, x[i], y[i]);
    double left = fmax(3, series_independent(n, series_correlation(e, n, 0)));
    double se = sqrt(l.rss / (left - 2) / l.sxx);
    t->mean = l.mean_y;
    t->drift = t->mean > 0 ? l.slope * n / t->mean : 0;
    t->t = se > 0 ? l.slope / se : fabs(t->drift) > 1e-9 ? INFINITY : 0;
    t->independent = fmax(2, series_independent(n, series_correlation(y, n, t->mean)));
    t->half95 =
        student_t95(t->independent - 1) * sqrt(series_variance(y, n, t->mean) / t->independent);
}
