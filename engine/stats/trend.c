/* See trend.h. */
#include "engine/stats/trend.h"

#include "engine/stats/usl.h"

#include <math.h>

void trend_of(const double *y, unsigned n, struct trend *t)
{
    double mean = 0, sxy = 0, sxx = 0, rss = 0, c = 0, last = 0, ss = 0, c0 = 0;
    for (unsigned i = 0; i < n; i++)
        mean += y[i] / n;
    for (unsigned i = 0; i < n; i++) {
        double x = i - (n - 1) / 2.0;
        sxy += x * (y[i] - mean);
        sxx += x * x;
        ss += (y[i] - mean) * (y[i] - mean);
        if (i)
            c0 += (y[i] - mean) * (y[i - 1] - mean);
    }
    double slope = sxy / sxx;
    for (unsigned i = 0; i < n; i++) {
        double e = y[i] - mean - slope * (i - (n - 1) / 2.0);
        rss += e * e;
        if (i)
            c += e * last;
        last = e;
    }
    double r = rss > 0 ? fmax(0, c / rss) : 0, r0 = ss > 0 ? fmax(0, c0 / ss) : 0;
    double independent = fmax(3, n * (1 - r) / (1 + r));
    double se = sqrt(rss / (independent - 2) / sxx);
    t->independent = fmax(2, n * (1 - r0) / (1 + r0));
    t->mean = mean;
    t->drift = mean > 0 ? slope * n / mean : 0;
    t->t = se > 0 ? slope / se : fabs(t->drift) > 1e-9 ? INFINITY : 0;
    t->half95 = student_t95(t->independent - 1) * sqrt(ss / (n - 1) / t->independent);
}
