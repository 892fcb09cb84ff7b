/* Student's t distribution, for intervals and tests of means and slopes.
 *
 * GSL and Boost have both functions; GSL's licence (GPL 3) is not compatible with ours, and 40
 * lines cost less than a dependency. Pure functions. */
#ifndef LOADTOP_ENGINE_STATS_STUDENT_H
#define LOADTOP_ENGINE_STATS_STUDENT_H

/* Two-sided 95 % quantile for df degrees of freedom, which need not be whole; below 1 it is that of
 * 1 (12.7). The t whose student_p is 0.05, so that an interval excludes 0 exactly when the test
 * says so. */
double student_t95(double df);

/* Two-sided tail probability of t, 0..1, for df degrees of freedom (> 0, need not be whole): the
 * incomplete beta function of Abramowitz and Stegun 26.7.1. NaN for a t of NaN, 0 for an infinite
 * one. */
double student_p(double t, double df);

#endif
