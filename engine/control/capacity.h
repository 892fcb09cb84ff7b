/* The highest rate whose thresholds hold, by bisection on open arrival; part of sweeps, private to
 * the engine.
 *
 * A probe lets what is owed from the one before drain, at a quarter of its rate, sets its rate and
 * watches for `hold` (3 s; longer, up to ten times that, until each percentile that a threshold
 * names has 10 samples above it). It holds when every threshold holds within the probe, nothing was
 * dropped, and at least 99 % of the rate was completed. The rate doubles from `from` until a probe
 * breaks (or `to` holds), then the gap is halved until it is 2 %; then both of its ends are probed
 * again.
 *
 * One probe is no proof: what breaks is probed again, and of two that disagree a third decides. A
 * rate is settled by the majority of its probes, and the search goes on between the lowest rate
 * that broke and the highest below it that held.
 *
 * A probe that broke while this machine was short of CPU (the limits of the validity lights) says
 * nothing of the server: it is repeated, up to three times. When it never gets better the rate
 * counts as broken by the client, and what is found is a lower bound, and says so. */
#ifndef LOADTOP_ENGINE_CONTROL_CAPACITY_H
#define LOADTOP_ENGINE_CONTROL_CAPACITY_H

#include "engine/config/scenario.h"
#include "engine/state/snapshot.h"

#include <stdbool.h>
#include <stdint.h>

struct engine;
struct pool;

enum capacity_phase { CAPACITY_SET, CAPACITY_DRAIN, CAPACITY_SETTLE, CAPACITY_WATCH };

#define CAPACITY_PROBES_MOST 60

/* What the probes at one rate said. */
struct capacity_rate {
    double rate;
    unsigned held, broke, disturbed; /* disturbed: it broke while the client was the limit */
    unsigned unjudged;               /* it seemed to hold, with too few samples to say so */
    double busy;                     /* share of the pool's clients in use, when it held */
    double value[THRESHOLDS_MAX];    /* of each threshold, when it last held */
    char why[56];                    /* why it broke last: "p99<10ms was 12.1ms" */
};

struct capacity_search {
    double from, to; /* as given; 0: not */
    double rate, last_lag;
    uint64_t hold_ns, phase_ns;
    enum capacity_phase phase;
    unsigned probes, growing;
    struct capacity_rate tried[CAPACITY_PROBES_MOST];
    unsigned rates;
    struct capacity found;
    double value[THRESHOLDS_MAX]; /* of each threshold, at the highest rate that held them */
    char now[96], why[160];
};

void capacity_begin(struct capacity_search *, const struct pool *, uint64_t hold_ns);
/* True when it is over: `found` and `why` say how. */
bool capacity_tick(struct engine *, struct capacity_search *, struct pool *, uint64_t now_ns);
/* Does the threshold hold within the pool's present stretch? True for another pool's, false without
 * figures. */
bool capacity_holds(const struct pool *, const struct threshold *);

#endif
