/* The highest rate whose thresholds hold, by bisection on open arrival; part of sweeps, private to
 * the engine.
 *
 * A probe sets a rate, lets what is owed from before drain, and watches for `hold` (3 s): it passes
 * when every threshold holds within the probe, nothing was dropped, and at least 99 % of the rate
 * was completed. The rate doubles from `from` until a probe fails (or `to` passes), then the gap is
 * halved until it is 2 %; then both of its ends are probed again, and an end that changes its mind
 * widens the interval. */
#ifndef LOADTOP_ENGINE_CAPACITY_H
#define LOADTOP_ENGINE_CAPACITY_H

#include "engine/scenario.h"
#include "engine/snapshot.h"

#include <stdbool.h>
#include <stdint.h>

struct engine;
struct pool;

enum capacity_phase { CAPACITY_SET, CAPACITY_SETTLE, CAPACITY_WATCH };

struct capacity_search {
    double from, to; /* as given; 0: not */
    double passed, failed, rate, last_lag;
    uint64_t hold_ns, phase_ns;
    enum capacity_phase phase;
    unsigned probes, repeats, growing;
    struct capacity found;
    double value[THRESHOLDS_MAX]; /* of each threshold, at the highest rate that held them */
    char now[96], why[96];
};

void capacity_begin(struct capacity_search *, const struct pool *, uint64_t hold_ns);
/* True when it is over: `found` and `why` say how. */
bool capacity_tick(struct engine *, struct capacity_search *, struct pool *, uint64_t now_ns);
/* The threshold's figure within the pool's present stretch; NaN without one. */
double capacity_measure(const struct pool *, const struct threshold *);
/* Does the threshold hold within the pool's present stretch? True for another pool's, false without
 * figures. */
bool capacity_holds(const struct pool *, const struct threshold *);

#endif
