/* Open arrival: when each operation is meant to start, from the schedule alone.
 *
 * The schedule is a cursor: it knows the intended start of the next operation and computes the one
 * after it when asked. Starts that are due and not yet taken are not stored, they are the moments
 * between the cursor and now; a change of rate is remembered as a boundary, so that what was due
 * before it keeps the old spacing. Nothing here depends on how late anything was served (Tene:
 * coordinated omission). */
#ifndef LOADTOP_ENGINE_ARRIVAL_H
#define LOADTOP_ENGINE_ARRIVAL_H

#include "engine/generate.h"
#include "engine/scenario.h"

#include <stdbool.h>
#include <stdint.h>

#define SCHEDULE_BOUNDS 64

struct schedule {
    bool open;
    enum arrival kind;
    double next_ns;     /* intended start of the next operation */
    double interval_ns; /* at the cursor */
    struct {
        double from_ns, interval_ns;
    } bound[SCHEDULE_BOUNDS]; /* changes of rate that the cursor has not reached, ascending */
    unsigned bounds;
    struct rng rng;
};

/* Starts (or restarts) at now: the first start comes `phase` (0..1) of an interval later, so that
 * several workers interleave. per_s > 0: operations a second of this worker. */
void schedule_start(struct schedule *, enum arrival, double per_s, double phase, uint64_t now_ns);
void schedule_stop(struct schedule *); /* closed, or paused: nothing is due */
/* From now on another rate. The part of the interval that is still to come is stretched or shrunk.
 */
void schedule_rate(struct schedule *, double per_s, uint64_t now_ns);
/* The next intended start; NS_NEVER when stopped. */
uint64_t schedule_next(const struct schedule *);
/* Moves the cursor past the next start and returns it. */
uint64_t schedule_take(struct schedule *);
/* Moves the cursor past all starts before `before_ns`, at most `most`; returns how many. */
uint64_t schedule_skip(struct schedule *, uint64_t before_ns, uint64_t most);

#endif
