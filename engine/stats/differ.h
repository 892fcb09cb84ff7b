/* Is the difference between two measured series more than noise?
 *
 * Seconds of one run are not independent: a slow one is followed by a slow one. Each series is made
 * into at most 30 batch means (Law and Kelton, Simulation Modeling and Analysis, 9.5.3); what is
 * left of lag-1 autocorrelation r, corrected for its bias in short series (Marriott and Pope 1954),
 * reduces the number of independent values to n (1 - r) / (1 + r) (Bayley and Hammersley 1946). The
 * means are then compared by Welch's test (1947) with those numbers; several tests together by
 * Holm's procedure (1979), so that the chance of any false finding among them stays at 5 %.
 *
 * Pure functions, without I/O. */
#ifndef LOADTOP_ENGINE_STATS_DIFFER_H
#define LOADTOP_ENGINE_STATS_DIFFER_H

#include <stdbool.h>
#include <stddef.h>

#define DIFFER_LEAST 4 /* values of a series below which nothing is said */

struct sample {
    size_t n;           /* values given */
    double mean;        /* NaN: none */
    double variance;    /* of the mean; NaN: unknown */
    double independent; /* values that were left */
};

/* A series in time order. Values that are not finite are left out. */
void sample_of_series(struct sample *, const double *v, size_t n);
/* Values that are independent, such as one of each run. */
void sample_of_runs(struct sample *, const double *v, size_t n);

struct difference {
    double diff;      /* changed - base */
    double low, high; /* 95 % */
    double p;         /* two-sided; NaN: cannot be told */
    bool real;        /* set by differ_holm */
};
void differ(struct difference *, const struct sample *base, const struct sample *changed);
/* Sets `real` of n differences at a familywise error rate of 5 %. */
void differ_holm(struct difference *const *, size_t n);

#endif
