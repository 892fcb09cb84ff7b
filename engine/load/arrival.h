/* Open arrival: the intended start of each operation, from the schedule alone.
 *
 * The schedule is a cursor: it knows the intended start of the next operation and computes the one
 * after it when asked. Starts that are due and not yet taken are not stored: they lie between the
 * cursor and now. A change of rate is stored as a boundary, so that earlier starts keep the old
 * spacing. Nothing here depends on how late requests were served (Tene: coordinated omission).
 *
 * A second cursor counts the starts that have become due, whether or not they were taken, to check
 * the counts of the code that takes them. Without a backlog both cursors are equal, so it costs
 * nothing while the load keeps up. A start is due at its time and later. */
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
    uint64_t passed; /* starts passed since schedule_init */
};

struct schedule {
    bool open;
    enum arrival kind; /* as wanted now */
    double interval_ns;
    struct cursor take; /* position: the next start that is not taken yet */
    /* position: the next start that is not due yet; unused while it equals `take` */
    struct cursor due;
    uint64_t by_ns; /* time up to which `due` has counted */
    struct bound {
        double from_ns, interval_ns;
        enum arrival kind;
    } * bound; /* [first, bounds): changes of rate that `take` has not reached, ascending */
    uint32_t first, bounds, room;
};

void schedule_init(struct schedule *, uint64_t seed, uint64_t stream);
void schedule_fini(struct schedule *);
/* Starts at now, after schedule_init or a stop: the first start comes `phase` (0..1) of an interval
 * later, so that several workers interleave. per_s > 0: operations a second of this worker. */
void schedule_start(struct schedule *, enum arrival, double per_s, double phase, uint64_t now_ns);
/* Stops the schedule (closed loop, or paused): nothing is due after by_ns. Starts due by then and
 * not taken still count as due, so the caller must take or skip them first. */
void schedule_stop(struct schedule *, uint64_t by_ns);
/* Changes the rate or the spacing from now on; without a change it does nothing. The rest of the
 * current interval is scaled. */
void schedule_change(struct schedule *, enum arrival, double per_s, uint64_t now_ns);
/* The next intended start; NS_NEVER when stopped. */
uint64_t schedule_next(const struct schedule *);
/* Moves past the next start and returns it. */
uint64_t schedule_take(struct schedule *);
/* Moves past all starts that are due at by_ns, at most `most`; returns how many. */
uint64_t schedule_skip(struct schedule *, uint64_t by_ns, uint64_t most);
/* How many starts have become due in total, up to by_ns; the count never decreases. */
uint64_t schedule_due(struct schedule *, uint64_t by_ns);
/* How many of those counted by the last schedule_due were neither taken nor skipped. */
uint64_t schedule_backlog(const struct schedule *);

#endif
