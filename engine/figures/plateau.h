/* Plateaus: periods without a change and with steady throughput; each is a point of the scaling
 * curve.
 *
 * A period is divided into at most 40 batches of equal length (two tenths of a second at first,
 * doubled whenever they fill up). It is steady when
 * - a straight line through the batches has no slope: a t-test at the 1 % level in which the number
 *   of independent batches is reduced for their lag-1 autocorrelation, or a drift below 1 % over
 *   the period. (In simulations, 0.5 to 1.8 % of steady periods with independent batches are
 *   rejected, and 2 to 7 % of those with a lag-1 correlation of 0.4, more with fewer batches:
 *   correlation errs on the side of waiting longer.) After 10 s a drift of more than 4 % is
 *   rejected at the 5 % level already;
 * - the line's drift over the period stays below 10 % of the mean;
 * - the 95 % interval of the mean (batch means, same correction) is at most +-5 % (after 10 s:
 *   10 %).
 *
 * When the whole is not steady but its second half is, the first half is dropped (a slow ramp). The
 * first 300 ms after a change never count. A plateau continues until something is changed, and is
 * tested again every second. If it stops being steady within its first 30 s it becomes invalid;
 * after that it ends there, with a note. */
#ifndef LOADTOP_ENGINE_FIGURES_PLATEAU_H
#define LOADTOP_ENGINE_FIGURES_PLATEAU_H

#include <stdint.h>

struct plateau;
struct plateaus;
struct point;
struct pool;

int plateaus_init(struct plateaus *);
void plateaus_fini(struct plateaus *);
/* After a change: the period ends, the next begins 300 ms later. */
void plateau_restart(struct pool *, double now_s);
/* Adds a finished tenth of a second; its service times are still in the monitor's tenth. */
void plateau_tenth(struct pool *, const struct point *);
/* Once a second: tests whether the period is steady. */
void plateau_judge(struct pool *, double now_s);
/* The same between two seconds, when a step of a sweep is over. */
void plateau_judge_now(struct pool *, double now_s);
/* The plateau of the present period, or NULL while it is not steady. */
const struct plateau *plateau_present(const struct pool *);
/* Mean throughput of the present period, steady or not, operations a second; 0 before its first
 * batch. */
double period_rate(const struct pool *);
/* Adds the present period, which never became steady, as an invalid point. */
void plateau_keep_unsteady(struct pool *, const struct plateau *);
/* Describes the present period, steady or not; without an interval before its tenth batch. */
void period_describe(struct pool *, struct plateau *, double now_s);

#endif
