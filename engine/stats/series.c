/* See series.h. */
#include "engine/stats/series.h"

#include <math.h>
#include <stdlib.h>

double series_mean(const double *v, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += v[i];
    return n ? sum / (double)n : NAN;
}

double series_variance(const double *v, size_t n, double mean)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (v[i] - mean) * (v[i] - mean);
    return n > 1 ? sum / (double)(n - 1) : NAN;
}

double series_correlation(const double *v, size_t n, double mean)
{
    double at = 0, all = 0;
    for (size_t i = 0; i < n; i++) {
        all += (v[i] - mean) * (v[i] - mean);
        if (i)
            at += (v[i] - mean) * (v[i - 1] - mean);
    }
    return all > 0 ? at / all : 0;
}

double series_correlation_unbiased(const double *v, size_t n, double mean)
{
    double r = series_correlation(v, n, mean);
    return n ? r + (1 + 4 * r) / (double)n : r;
}

double series_independent(size_t n, double r)
{
    r = fmax(0, r);
    return (double)n * (1 - r) / (1 + r);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double series_median(double *v, size_t n)
{
    if (!n)
        return NAN;
    qsort(v, n, sizeof *v, by_value);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}
