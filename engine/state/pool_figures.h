/* What is known of a pool's load: its series, plateaus, curves and capacity. The supervisor's.
 *
 * Only the types: monitor.h, plateau.h, lights.h and scaling.h say what is done with them. */
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

/* ---- plateaus ---- */

struct mean {
    double sum, n;
};

struct lights {
    double area, span_s; /* operations in flight x s, and the seconds */
    struct mean cpu, queue, others, server, wait, idle, answer;
    double lag_worst_ns, pressure_worst, available_least, set_worst_s, slept_worst_s;
    bool others_judged; /* every server on this machine is known, so the rest is others' */
    uint64_t stats_serial;
    double cores;   /* what the pool's thread said last of the server: see struct stats */
    int64_t rtt_ns; /* likewise */
    enum bottleneck said;
    char said_why[160];
};

#define PLATEAU_BATCHES 40
#define PLATEAUS_MAX 1024

struct stretch {
    double from_s; /* nothing before counts; NaN: not loading */
    double last_s;
    struct batch_mean {
        double span_s, completed, area; /* of one batch */
    } batch[PLATEAU_BATCHES + 1];       /* the last one is filling */
    unsigned batches, per, filled;      /* full ones; tenths a batch; tenths in the filling one */
    struct histogram service, response;
    struct lights lights; /* of the histograms' seconds */
    struct column_mean {  /* of the backend's own columns */
        double sum, n, first, last;
    } column[STAT_COLUMNS_MAX];
    uint64_t stats_serial; /* what was taken in last */
    uint64_t dropped_from, errors_from, ended_from;
    int plateau; /* its place in the list, or -1: not accepted yet */
};

struct plateaus {
    bool brief; /* a sweep holds its steps too briefly for ten batches of two tenths: a tenth each
                   then, and six are enough; Student's t makes the interval wider for it */
    struct stretch now;
    struct plateau *list; /* [n] */
    unsigned n, serial;   /* serial rises with every change of the list */
    bool drifting;        /* the present stretch is refused, since: */
    char why[96];
};

/* ---- all of it ---- */

struct pool_figures {
    struct monitor monitor;
    struct plateaus plateaus;
    struct scaling scaling[SCALINGS_MAX];
    unsigned scalings, scaling_serial;
    struct capacity capacity;
    double at_capacity[THRESHOLDS_MAX]; /* what thresholds measure there, if it is known */
};

#endif
