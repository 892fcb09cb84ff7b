/* Plateaus: stretches without a change and with steady throughput, each a point of the scaling
 * curve.
 *
 * A stretch is cut into at most 40 batches of equal length (two tenths of a second at first,
 * doubled whenever they fill up). It is steady when
 * - a straight line through the batches has no slope: a t-test at the 1 % level in which the number
 *   of independent batches is reduced for their lag-1 autocorrelation, or a drift below 1 % over
 *   the stretch. (Simulated: independent batches are refused for nothing in 0.5 to 1.8 % of the
 *   cases, those with a lag-1 correlation of 0.4 in 2 to 7 %, the more the fewer batches:
 *   correlation makes it refuse, and wait, too often rather than too seldom.) After 10 s a drift of
 *   more than 4 % is refused at the 5 % level already: by then it matters more than waiting does;
 * - the line's drift over the stretch stays below 10 % of the mean;
 * - the 95 % interval of the mean (batch means, same correction) is at most +-5 % (after 10 s:
 *   10 %).
 *
 * When the whole is not steady but its second half is, the first half is dropped (a ramp that was
 * slow to end). The first 300 ms after a change never count. A plateau goes on until something is
 * changed, and is judged anew every second. One that stops being steady within its first 30 s was
 * none: it is not valid any more. One that was steady for longer ends there, and says so. */
#ifndef LOADTOP_ENGINE_FIGURES_PLATEAU_H
#define LOADTOP_ENGINE_FIGURES_PLATEAU_H

#include <stdint.h>

struct plateau;
struct plateaus;
struct point;
struct pool;

int plateaus_init(struct plateaus *);
void plateaus_fini(struct plateaus *);
/* Something changed: the stretch ends, the next begins 300 ms later. */
void plateau_restart(struct pool *, double now_s);
/* A tenth has ended; its service times are still in the monitor's tenth. */
void plateau_tenth(struct pool *, const struct point *);
/* Once a second: is it one? */
void plateau_judge(struct pool *, double now_s);
/* The same between two seconds, when a step of a sweep is over. */
void plateau_judge_now(struct pool *, double now_s);
/* The plateau of the present stretch, or NULL while it is not steady. */
const struct plateau *plateau_present(const struct pool *);
/* Mean throughput of the present stretch, steady or not, operations a second; 0 before its first
 * batch. */
double stretch_rate(const struct pool *);
/* Keeps the present stretch, which was held and never steady, as a point that is not valid. */
void plateau_keep_unsteady(struct pool *, const struct plateau *);
/* The present stretch as it is, steady or not; without an interval before its tenth batch. */
void stretch_describe(struct pool *, struct plateau *, double now_s);

#endif
