/* Searches for the highest rate at which the thresholds hold, by bisection with open arrival; part
 * of sweeps, private to the engine.
 *
 * A probe first drains the backlog of the previous one at a quarter of its own rate, then sets its
 * rate and measures for `hold` (3 s; up to ten times longer until each percentile of a threshold
 * has 10 samples above it). A rate holds when every threshold holds within its probe, nothing was
 * dropped, and at least 99 % of the rate was completed. The rate doubles from `from` until a probe
 * breaks (or `to` holds), then the gap is halved until it is 2 %; then both of its ends are probed
 * again.
 *
 * One probe is not sufficient: a rate that broke is probed again, and if the two disagree a third
 * decides. The majority of a rate's probes counts, and the search continues between the lowest rate
 * that broke and the highest below it that held.
 *
 * A probe that broke while this machine was short of CPU (the limits of the validity lights) says
 * nothing about the server: it is repeated, up to three times. If that does not help, the rate
 * counts as broken by the client, and the result is marked as a lower bound. A probe during which
 * connections or parts of the target were missing says nothing either, also if its rate held: it is
 * repeated as well, and the third at the same rate ends the search with that reason. */
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

/* Results of the probes at one rate. */
struct capacity_rate {
    double rate;
    unsigned sustained, broke, disturbed; /* disturbed: broke while the client was the bottleneck */
    unsigned unjudged;                    /* probes that seemed to hold but had too few samples */
    unsigned missing;                     /* probes that say nothing: connections were missing */
    double busy;                          /* share of the pool's clients in use, when it held */
    double value[THRESHOLDS_MAX];         /* each threshold's value when the rate last held */
    char why[72]; /* why it broke last, or said nothing: "p99<10ms was 12.1ms" */
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
    double value[THRESHOLDS_MAX]; /* each threshold's value at the highest rate that held */
    char now[96], why[160];
};

void capacity_begin(struct capacity_search *, const struct pool *, uint64_t hold_ns);
/* Runs one tick of the search. True when it has ended; `found` and `why` are its result then. */
bool capacity_tick(struct engine *, struct capacity_search *, struct pool *, uint64_t now_ns);
/* Does the threshold hold within the pool's present period? True for a threshold of another pool,
 * false without a value. */
bool capacity_holds(const struct pool *, const struct threshold *);

#endif
