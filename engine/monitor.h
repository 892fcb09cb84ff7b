/* The shared monitor of a pool: merges what its workers recorded, keeps the series, fills the
 * snapshot.
 *
 * The supervisor calls it ten times a second. Merging touches only the workers' chunks that were
 * touched since the last time. A series is append-only and shared with the snapshots by reference;
 * the last minute at 100 ms is copied. Percentiles of an interval are those of its own histogram,
 * never of other percentiles. */
#ifndef LOADTOP_ENGINE_MONITOR_H
#define LOADTOP_ENGINE_MONITOR_H

#include "engine/histogram.h"
#include "engine/packed.h"
#include "engine/recorder.h"
#include "engine/snapshot.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct pool;
struct worker;

#define TENTHS 600
#define SERIES_BLOCKS                                                                              \
    4096 /* 12 days of seconds; the oldest points then stay, newer ones are refused */

/* The seconds of a run; shared by the monitor and the snapshots, freed by whoever lets go last. */
struct series_store {
    _Atomic unsigned refs;
    struct point *block[SERIES_BLOCKS];
    /* each second's service times (mergeable), parallel to it */
    struct packed *packed[SERIES_BLOCKS];
};
void series_store_release(struct series_store *);

/* What accumulates over an interval and becomes a point. */
struct interval {
    double from_s;
    struct tally from; /* sums over the workers at its start */
    double area_from;
    struct histogram service, response, lag;
};

struct monitor {
    struct histogram service[OPS_MAX], response[OPS_MAX]; /* whole run; mapped when first needed */
    struct histogram extra[EXTRAS], tick[SERIES];         /* tick: of this one, empty between two */
    uint64_t ticked;                                      /* bit i: tick[i] has values */
    struct histogram all_service, all_response;           /* whole run, all operations */
    struct interval tenth, second;
    struct latency last_service, last_response, last_lag; /* of the last full second */
    double median_ns;   /* response time of the last full second that had answers, however few; 0 */
    struct tally total; /* sums over all workers that ever were */
    double area;        /* integral of operations in flight, ops x s */
    struct series_store *store;
    uint64_t seconds;
    struct point tenths[TENTHS]; /* ring */
    uint64_t tenth_count;
    double busiest_cpu, mean_cpu; /* last second: of the workers and of what a backend has of its
                                     own; of the workers */
    double own_sum, own_n;        /* the latter's seconds under load, see stats.own_cpu_share */
    double queued; /* share of the last second that a worker was ready to run and had no CPU; the
                      worst of 64 */
    double queued_sum, queued_n; /* of those seconds, for the whole run */
    double now_generate, now_client, now_wait, now_idle;
    double now_batches_per_s, op_per_s[OPS_MAX];
    /* sums for Little's law over the last seconds */
    double little_n[10], little_xr[10], little_r;
    unsigned littles;
    int little_side;                   /* of the last second */
    bool resized_in_second, recording; /* recording: the warm-up is over */
    struct class_count {               /* errors by class at the last second, and in it */
        char name[40];
        uint64_t count, recent;
    } class_count[RECORDER_CLASSES];
    unsigned classes;
};

int monitor_init(struct monitor *);
void monitor_fini(struct monitor *);
/* Flips and drains the workers of the pool. Never waits longer than a millisecond. */
void monitor_collect(struct pool *, uint64_t now_ns);
/* Drains a worker that has ended: both sets. */
void monitor_collect_ended(struct pool *, struct worker *);
/* Closes the tenth that ends at now, and the second when it is over. True
 * when a second was closed. */
bool monitor_tick(struct pool *, double now_s, uint64_t now_ns);
/* The pool has ended: closes the last, shorter second. */
void monitor_last(struct pool *, double now_s);
/* Starts the intervals afresh at now: loading begins. */
void monitor_restart(struct pool *, double now_s);

/* How late a start may be, ns: 1 ms, or 10 % of the median response time of the last full second
 * that had answers if that is more. */
double monitor_lag_limit_ns(const struct monitor *);
uint64_t monitor_class_recent(const struct monitor *, const char *error_class);
/* Summary of a histogram: NaN where fewer than 10 samples lie above a quantile. */
void latency_summary(const struct histogram *, struct latency *);

/* ---- judge.c: what the figures mean ---- */

void judge_limit(const struct pool *, struct pool_snapshot *);
void judge_validity(const struct pool *, struct pool_snapshot *);

#endif
