/* Is a series of means steady? A straight line through it by least squares, with its uncertainty.
 *
 * Neighbours are correlated, so both tests use an effective number of independent values (see
 * series.h): for the slope's t it follows from the lag-1 autocorrelation of the residuals, for the
 * interval of the mean from that of the values. Neither is corrected for the bias of short series;
 * the limits in plateau.c were chosen for these uncorrected figures. Pure. */
#ifndef LOADTOP_ENGINE_STATS_TREND_H
#define LOADTOP_ENGINE_STATS_TREND_H

#define TREND_LEAST 4
#define TREND_MOST 64

struct trend {
    double mean;
    /* over the whole series, share of the mean; 0 when the mean is not above 0 */
    double drift;
    double t;           /* of the slope */
    double half95;      /* half width of the mean's 95 % interval */
    double independent; /* effective number of independent values, at least 2 */
};
/* n: TREND_LEAST to TREND_MOST finite values. */
void trend_of(const double *y, unsigned n, struct trend *);

#endif
