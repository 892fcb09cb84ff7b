/* Is a series of means steady? A straight line through it, with its uncertainty. */
#ifndef LOADTOP_ENGINE_STATS_TREND_H
#define LOADTOP_ENGINE_STATS_TREND_H

/* A trend over n values: the drift over the whole stretch as a share of the mean, its t, the 95 %
 * half width of the mean and the independent values that were left. Pure; n >= 4. */
struct trend {
    double mean, drift, t, half95, independent;
};
void trend_of(const double *y, unsigned n, struct trend *);

#endif
