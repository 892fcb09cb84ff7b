/* Is the difference between two measured series more than noise? The one test behind "real" and
 * "noise", on the screen (events.c) and in `loadtop compare`.
 *
 * Seconds of one run are not independent: a slow one is followed by a slow one. Each series is made
 * into at most 30 batch means (Law and Kelton, Simulation Modeling and Analysis, 9.5.3); what is
 * left of lag-1 autocorrelation r, corrected for its bias in short series (Marriott and Pope 1954),
 * reduces the number of independent values to n (1 - r) / (1 + r) (Bayley and Hammersley 1946). The
 * means are then compared by Welch's test (1947) with those numbers; several tests together by
 * Holm's procedure (1979), so that the chance of any false finding among them stays at 5 %.
 *
 * How well it keeps to 5 %, by simulation of seconds with an autocorrelation of 0 / 0.4 / 0.6: 10
 * seconds on each side are called different in 3 / 6 / 7 % of the cases without a difference, 30 in
 * 3 / 4 / 5 %, but 5 in 2 / 7 / 11 %: so few values do not show their correlation. Without the two
 * corrections it would be 4 / 12 / 18 % of 10.
 *
 * Pure functions, without I/O. */
#ifndef LOADTOP_ENGINE_STATS_DIFFER_H
#define LOADTOP_ENGINE_STATS_DIFFER_H

#include <stdbool.h>
#include <stddef.h>

#define DIFFER_LEAST 4 /* shortest series that is tested; below it p and the interval are NaN */

struct sample {
    size_t n;           /* values given */
    double mean;        /* NaN: none */
    double variance;    /* variance of the mean; NaN: unknown */
    double independent; /* values that were left */
};

/* A series in time order. Values that are not finite are left out. */
void sample_of_series(struct sample *, const double *v, size_t n);
/* Values that are independent, such as one of each run. */
void sample_of_runs(struct sample *, const double *v, size_t n);

struct difference {
    double diff;      /* changed - base */
    double low, high; /* 95 % */
    double p;         /* two-sided; NaN: the series are too short */
    bool real;        /* set by differ_holm */
};
void differ(struct difference *, const struct sample *base, const struct sample *changed);
/* Sets `real` of n differences at a familywise error rate of 5 %; of one alone when its 95 %
 * interval excludes 0. */
void differ_holm(struct difference *const *, size_t n);
/* What every screen and report calls it: "real" or "noise". */
const char *differ_word(bool real);

#endif
