/* The Universal Scalability Law, fitted to a set of points.
 *
 *   X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1))          (Gunther 1993, 2007)
 *
 * Weighted least squares by Levenberg-Marquardt (cminpack) with lambda > 0, 0 <= sigma, kappa <= 1;
 * a parameter that reaches a bound is fixed there and the others are fitted again. Parameter errors
 * come from the residual variance; N* = sqrt((1 - sigma) / kappa) has its interval by the delta
 * method with Student's t. Beside it Amdahl's law (kappa = 0) and a straight line, chosen by AICc.
 * The same code serves the live curve, reports and `loadtop fit`. */
#ifndef LOADTOP_ENGINE_STATS_USL_H
#define LOADTOP_ENGINE_STATS_USL_H

#include <stdbool.h>
#include <stddef.h>

struct err;

struct usl_point {
    double n, x;   /* n: operations in flight; x: throughput per second. Both finite and > 0 */
    double weight; /* 1 / variance of x; 0 or less: 1 */
};

enum usl_model { USL_LINEAR, USL_AMDAHL, USL_FULL };
enum usl_phase {
    PHASE_LINEAR,
    PHASE_DIMINISHING,
    PHASE_SATURATED,
    PHASE_RETROGRADE,
    PHASE_NONE /* no curve fits */
};
const char *usl_model_name(enum usl_model); /* "linear" "Amdahl" "USL" */
const char *usl_phase_name(enum usl_phase); /* as in the JSON; "" of PHASE_NONE */

struct usl_fit {
    unsigned points;             /* distinct N among them: at least 3 */
    double lambda, sigma, kappa; /* of the full model */
    /* standard errors; NaN with 3 points, or for a parameter at its bound */
    double se_lambda, se_sigma, se_kappa;
    double covariance[3][3]; /* lambda, sigma, kappa; 0 where unknown */
    double dof;              /* points - fitted parameters */
    double r2;
    /* the model chosen by AICc, or below 6 points by which intervals exclude 0 */
    enum usl_model best;
    double aicc[3];                 /* AICc of each model; INFINITY when it cannot be computed */
    double peak_n, peak_x;          /* NaN when kappa is 0, or nothing fits */
    double peak_n_low, peak_n_high; /* 95 %; NaN when unknown */
    bool peak_identified;
    char why_not[128]; /* why the peak is not identified, or "" */
    /* false: the residuals are too large to be noise around any of these curves (a cliff): there is
     * no peak, knee or phase, and the parameters describe nothing */
    bool fits;
    /* largest |residual| as a share of the largest x; above 0.15 nothing fits */
    double worst_residual;
    double knee_n;        /* where efficiency falls below 0.9: the linear phase ends; NaN: never */
    enum usl_phase phase; /* phase at the largest N measured, see usl_phase_at */
    double n_most;        /* the largest N measured */
};

/* Fits points (any order, equal N allowed). 0; ERR_USAGE when the data does not allow a fit, with
 * the reason (fewer than 3 distinct N, a value that is not finite and positive); ERR_FAILED when
 * cminpack is not built in. */
int usl_fit(struct usl_fit *, const struct usl_point *, size_t n, struct err *);
/* Clears what only a curve that fits has: peak, knee and phase. */
void usl_clear_curve(struct usl_fit *);
double usl_at(const struct usl_fit *, double n);
/* Linear: efficiency X / (lambda N) is at least 0.9. Retrograde: beyond N* by 5 %. Saturated:
 * within 5 % of the highest throughput that the curve ever reaches. Else diminishing. */
enum usl_phase usl_phase_at(const struct usl_fit *, double n);
/* Half the width of the 95 % band of the curve at n; NaN when unknown. */
double usl_band(const struct usl_fit *, double n);
/* The most informative N to measure next: above the largest while the peak is not identified,
 * otherwise where the confidence band is widest. NaN when nothing fits. */
double usl_next(const struct usl_fit *, const struct usl_point *, size_t n);

#endif
