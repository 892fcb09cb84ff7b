/* Running mean, deviation and range, for example of one value per run. */
#ifndef LOADTOP_ENGINE_STATS_SPREAD_H
#define LOADTOP_ENGINE_STATS_SPREAD_H

/* Zeroed: no value yet. Values that are not finite, such as that of a run without the figure, are
 * left out. */
struct spread {
    unsigned n;
    double sum, min, max;
    /* sum of squared deviations from the mean (Welford, Technometrics 4, 1962): sums of squared
     * values would cancel */
    double sum_sq;
};
void spread_add(struct spread *, double v);
double spread_mean(const struct spread *); /* NaN without a value */
/* sample standard deviation (n - 1); NaN below two values */
double spread_stdev(const struct spread *);

#endif
