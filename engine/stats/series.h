/* Statistics of values in time order, such as the throughput of each second.
 *
 * Seconds of a run are not independent: a slow one is followed by a slow one. The interval of their
 * mean is that of fewer values, n (1 - r) / (1 + r) for a lag-1 autocorrelation of r (Bayley and
 * Hammersley, Suppl. JRSS 8, 1946). Pure functions; all values must be finite. */
#ifndef LOADTOP_ENGINE_STATS_SERIES_H
#define LOADTOP_ENGINE_STATS_SERIES_H

#include <stddef.h>

double series_mean(const double *v, size_t n); /* NaN without a value */
/* sample variance; NaN below 2 values */
double series_variance(const double *v, size_t n, double mean);

/* Lag-1 autocorrelation about `mean`, -1..1; 0 when nothing varies. Of short series it is too small
 * by (1 + 4r) / n on average (Marriott and Pope, Biometrika 41, 1954); the second function adds
 * that, so its result may lie outside of -1..1. */
double series_correlation(const double *v, size_t n, double mean);
double series_correlation_unbiased(const double *v, size_t n, double mean);

/* The number of independent values that n correlated ones are worth: at most n, because a negative
 * r is taken as 0. r must be below 1. */
double series_independent(size_t n, double r);

/* Sorts v. The mean of the middle two when n is even; NaN without a value. */
double series_median(double *v, size_t n);

#endif
