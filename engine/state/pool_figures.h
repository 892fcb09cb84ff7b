/* Measurements of a pool: its series, plateaus, curves and capacity. Supervisor only.
 *
 * Types only; the functions are in monitor.h, plateau.h, lights.h and scaling.h. */
#ifndef LOADTOP_ENGINE_STATE_POOL_FIGURES_H
#define LOADTOP_ENGINE_STATE_POOL_FIGURES_H

#include "engine/stats/histogram.h"
#include "engine/stats/packed.h"
#include "engine/stats/recorder.h"
#include "engine/state/snapshot.h"
#include "engine/config/threshold.h"
#include "engine/state/snapshot_store.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* ---- the series: monitor.c ---- */

/* Errors by class up to the last second, and within it. */
struct class_counts {
    struct class_count {
        char name[40];
        uint64_t count, recent;
    } of[RECORDER_CLASSES];
    unsigned n;
};

/* Sums over an interval, from which a point of the series is made. */
struct interval {
    double from_s;
    struct tally from; /* sums over the workers at its start */
    double area_from;
    struct histogram service, response, lag;
};

struct monitor {
    struct histogram service[OPS_MAX], response[OPS_MAX]; /* whole run; mapped when first needed */
    /* tick: values of the current tick, empty between ticks */
    struct histogram extra[EXTRAS], tick[SERIES];
    uint64_t ticked;                            /* bit i: tick[i] has values */
    struct histogram all_service, all_response; /* whole run, all operations */
    struct interval tenth, second;
    struct latency last_service, last_response, last_lag; /* of the last full second */
    double median_ns;   /* median response time of the last full second with answers; 0: none */
    struct tally total; /* sums over all workers, including ended ones */
    double area;        /* integral of operations in flight, ops x s */
    struct series_store *store;
    uint64_t seconds;
    struct point tenths[TENTHS]; /* ring */
    uint64_t tenth_count;
    /* last second: busiest of the workers' and the backend's threads; mean of the workers */
    double busiest_cpu, mean_cpu;
    /* sum and number of seconds under load of stats.backend_cpu_share */
    double backend_cpu_sum, backend_cpu_n;
    /* share of the last second that a worker was ready to run and had no CPU; the worst of 64 */
    double queued;
    double queued_sum, queued_n; /* sum and number of seconds, for the whole run */
    double now_generate, now_client, now_wait, now_idle;
    double now_batches_per_s, op_per_s[OPS_MAX];
    /* sums for Little's law over the last seconds */
    double little_n[10], little_xr[10], little_r;
    unsigned littles;
    int little_sign;                   /* of the last second */
    bool resized_in_second, recording; /* recording: the warm-up is over */
    struct class_counts errors, conn_errors;
};

/* ---- plateaus ---- */

struct mean {
    double sum, n;
};

struct lights {
    double area, span_s; /* operations in flight x s, and the seconds */
    struct mean cpu, queue, others, server, wait, idle, answer;
    double lag_worst_ns, pressure_worst, available_least, set_worst_s, slept_worst_s;
    double stood_s; /* how long this process stood still */
    unsigned hung;  /* most threads that hung at the same time */
    /* every server under test on this machine is known, so other CPU use is foreign */
    bool others_judged;
    uint64_t stats_serial;
    double cores;   /* latest server figures, see struct stats */
    int64_t rtt_ns; /* see struct stats */
    enum bottleneck said;
    char said_why[160];
    /* seconds in which something was not up; the worst moment: the share that was up, in words */
    double short_s, short_share;
    char short_why[96];
    uint32_t least_up; /* fewest connections that were up; UINT32_MAX: not looked at yet */
};

#define PLATEAU_BATCHES 40
#define PLATEAUS_MAX 1024

struct period {
    double from_s; /* start of the period; NaN: not loading */
    double last_s;
    struct batch_mean {
        double span_s, completed, area; /* of one batch */
    } batch[PLATEAU_BATCHES + 1];       /* the last one is filling */
    unsigned batches, per, filled;      /* full ones; tenths a batch; tenths in the filling one */
    struct histogram service, response;
    struct lights lights; /* for the same seconds as the histograms */
    struct column_mean {  /* means of the backend's columns */
        double sum, n, first, last;
    } column[STAT_COLUMNS_MAX];
    uint64_t stats_serial; /* serial of the last stats that were included */
    uint64_t dropped_from, errors_from, ended_from;
    int plateau; /* its index in the list; -1: not accepted yet */
};

struct plateaus {
    /* the steps of a sweep are too short for ten batches of 0.2 s: batches are 0.1 s then and six
     * are enough; Student's t widens the interval accordingly */
    bool brief;
    struct period now;
    struct plateau *list; /* [n] */
    unsigned n, serial;   /* serial rises with every change of the list */
    bool drifting;        /* the present period is not steady, because: */
    char why[96];
};

/* ---- all of it ---- */

struct pool_figures {
    struct monitor monitor;
    struct plateaus plateaus;
    struct scaling scaling[SCALINGS_MAX];
    unsigned scalings, scaling_serial;
    struct capacity capacity;
    double at_capacity[THRESHOLDS_MAX]; /* the thresholds' values at the capacity, if known */
};

#endif
