/* Open arrival: when each operation is meant to start, from the schedule alone.
 *
 * The schedule is a cursor: it knows the intended start of the next operation and computes the one
 * after it when asked. Starts that are due and not yet taken are not stored, they are the moments
 * between the cursor and now; a change of rate is remembered as a boundary, so that what was due
 * before it keeps the old spacing. Nothing here depends on how late anything was served (Tene:
 * coordinated omission).
 *
 * A second cursor counts what has become due, whoever takes it and whether or not anybody does: the
 * other side of the account that its user keeps. It stands where the first one stands unless there
 * is a backlog, so that it costs nothing in a load that is met. A start is due at a moment that is
 * not before it. */
#ifndef LOADTOP_ENGINE_LOAD_ARRIVAL_H
#define LOADTOP_ENGINE_LOAD_ARRIVAL_H

#include "engine/stats/generate.h"
#include "engine/config/scenario.h"

#include <stdbool.h>
#include <stdint.h>

struct cursor {
    double next_ns;     /* intended start of the next operation */
    double interval_ns; /* at the cursor */
    double from_ns;     /* constant spacing: the start `steps` intervals before the next one */
    uint64_t steps;
    enum arrival kind;
    struct rng rng;
    uint64_t passed; /* starts that it has passed since ever */
};

struct schedule {
    bool open;
    enum arrival kind; /* as wanted now */
    double interval_ns;
    struct cursor take; /* at the next start that nobody took */
    struct cursor due;  /* at the next one that is not due, where it is not behind `take` */
    uint64_t by_ns;     /* until when `due` has counted */
    struct bound {
        double from_ns, interval_ns;
        enum arrival kind;
    } * bound; /* [first, bounds): changes that `take` has not reached, ascending */
    uint32_t first, bounds, room;
};

void schedule_init(struct schedule *, uint64_t seed, uint64_t stream);
void schedule_fini(struct schedule *);
/* Starts at now, after schedule_init or a stop: the first start comes `phase` (0..1) of an interval
 * later, so that several workers interleave. per_s > 0: operations a second of this worker. */
void schedule_start(struct schedule *, enum arrival, double per_s, double phase, uint64_t now_ns);
/* Closed, or paused: after by_ns nothing is due. What is due by then and was not taken stays in the
 * account as due: whoever stops it takes or skips that before. */
void schedule_stop(struct schedule *, uint64_t by_ns);
/* From now on another rate, or spacing; no change: nothing is done. The part of the interval that
 * is still to come is stretched or shrunk. */
void schedule_change(struct schedule *, enum arrival, double per_s, uint64_t now_ns);
/* The next intended start; NS_NEVER when stopped. */
uint64_t schedule_next(const struct schedule *);
/* Moves past the next start and returns it. */
uint64_t schedule_take(struct schedule *);
/* Moves past all starts that are due at by_ns, at most `most`; returns how many. */
uint64_t schedule_skip(struct schedule *, uint64_t by_ns, uint64_t most);
/* How many starts have become due since ever, by by_ns; what was due once stays due. */
uint64_t schedule_due(struct schedule *, uint64_t by_ns);
/* Of those that schedule_due counted last, how many were neither taken nor skipped. */
uint64_t schedule_backlog(const struct schedule *);

#endif
