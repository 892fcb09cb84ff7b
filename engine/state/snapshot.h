/* A snapshot: the state of a run at one tick, for screens, reports and scripts.
 *
 * The supervisor makes one ten times a second (and at the end) and publishes it. It is immutable;
 * the holder of a reference may read it without a lock until it releases the reference. Absent
 * numbers are NaN (doubles) or -1 (int64_t): never 0. Times are nanoseconds since the run's start
 * unless the name says otherwise; latencies are nanoseconds. */
#ifndef LOADTOP_ENGINE_STATE_SNAPSHOT_H
#define LOADTOP_ENGINE_STATE_SNAPSHOT_H

#include "engine/backend.h"
#include "engine/config/command.h"
#include "engine/config/scenario.h"
#include "engine/stats/usl.h"
#include "engine/config/sweep_spec.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* The five counts. At every moment offered = completed + errors + timeouts + in_flight + dropped.
 * Beside them not_started: scheduled starts that were due but neither placed nor late at a stop, a
 * pause, `rate off` or the end. */
struct counts {
    uint64_t offered, completed, errors, timeouts, in_flight, dropped, not_started;
};

/* Counts of the schedule in open arrival since the load began (warm-up included), to check the
 * other counts. At every moment due = offered + not_started + still_due. */
struct schedule_counts {
    uint64_t due;         /* starts due by the schedule, up to -n */
    uint64_t offered;     /* operations offered by the schedule */
    uint64_t not_started; /* as in the counts */
    uint64_t still_due;   /* not taken yet, or waiting for a connection or for the rows of a bulk */
};

/* min, mean, p50, p90, p95, p99, p99.9, p99.99, max in ns. NaN: no sample, or fewer than 10 above
 * it. */
enum { Q_P50, Q_P90, Q_P95, Q_P99, Q_P99_9, Q_P99_99, QUANTILES };
extern const double latency_quantile[QUANTILES];
struct histogram;
struct latency {
    uint64_t count;
    double min, mean, max, q[QUANTILES];
};

/* Summary of a histogram: NaN where fewer than 10 samples lie above a quantile. */
void latency_summary(const struct histogram *, struct latency *);

enum pool_state {
    POOL_OPENING, /* connecting to or inspecting the target; not loading yet */
    POOL_LOADING,
    POOL_PAUSED,
    POOL_DRAINING, /* no more starts; waits for what is in flight */
    POOL_STOPPED,  /* stopped by the user; `start` starts it again */
    POOL_DOWN,     /* should load, but no connection is up */
    POOL_ENDED     /* count, duration or the run's end */
};
const char *pool_state_name(enum pool_state); /* "LOADING" */

/* What ended a pool, or the run. */
enum end_reason {
    END_BY_NONE, /* nothing yet */
    END_BY_DURATION,
    END_BY_COUNT,
    END_BY_SIGNAL,
    END_BY_USER,
    END_BY_ERROR,
    END_BY_RULE /* ended by a protection rule (targets.conf); pools only */
};
const char *end_reason_name(enum end_reason); /* as in the JSON: "duration"; "" for END_BY_NONE */

/* One interval of a pool's series. Rates are per second of the interval. NaN latency: nothing
 * completed. */
struct point {
    double t_s; /* end of the interval, since the start */
    double span_s;
    uint64_t offered, completed, errors, timeouts, dropped; /* within the interval */
    uint32_t threads, clients;
    double in_flight;    /* mean over the interval, operations */
    float p50, p99, max; /* service time, ns; true percentiles of the interval */
    float response_p99;
    float cpu_share; /* mean over the pool's threads, each 0..1 */
    bool paused;
};

/* A finished series: points [0, n) never change. The storage lives as long as the snapshot. */
struct series {
    const struct point *const *block; /* blocks of SERIES_BLOCK points */
    uint64_t first, n;                /* points [first, n) exist; series_at(s, i) for those */
};
#define SERIES_BLOCK 256
static inline const struct point *series_at(const struct series *s, uint64_t i)
{
    return &s->block[i / SERIES_BLOCK][i % SERIES_BLOCK];
}

/* Latencies second by second, mergeable: used for heatmaps and zoomed axes. */
struct packed; /* engine/stats/packed.h */
struct packed_pool;

struct op_snapshot {
    uint16_t type; /* index into op_types */
    uint64_t completed, errors, timeouts;
    struct latency service, response;
    double per_s; /* over the last second */
};

struct error_class {
    char name[40];
    uint64_t count, recent; /* recent: in the last second */
    double first_s, last_s;
    char first[192], last[192];
};
#define ERROR_CLASSES_MAX 64

enum worker_state {
    WORKER_RUNNING,
    WORKER_DRAINING,
    WORKER_ENDED,
    WORKER_STUCK /* a call of its backend hangs */
};

struct worker_snapshot {
    uint32_t id;
    uint64_t completed, errors;
    struct counts counts;
    double started_s, ended_s; /* ended_s NaN: running */
    double cpu_share;          /* over the last second */
    enum worker_state state;
};

const char *bottleneck_name(enum bottleneck);

/* A validity check: can the figures be trusted? */
enum check_id {
    CHECK_LITTLE,        /* |N - X R| / N of the last ten seconds */
    CHECK_GENERATOR_CPU, /* of the busiest thread of the generator */
    CHECK_CPU_WAIT,      /* share of the time that a thread waited for a CPU */
    CHECK_SCHEDULE_LAG,  /* p99 of the lateness of starts, us */
    CHECK_DROPPED,       /* starts that were dropped */
    CHECK_ACCOUNTING,    /* difference between the two sides of the accounting */
    CHECK_CONNECTIONS,   /* share of the time in which connections or parts were missing */
    CHECK_STANDSTILL,    /* seconds that this process stood still (stopped, or the machine slept) */
    CHECKS
};
const char *check_name(enum check_id); /* as in the JSON: "little" "generator_cpu" ... */
struct check {
    enum check_id id;
    bool ok, known; /* known false: it does not apply or there is not enough data yet */
    double value, limit;
    char why[160];
};

/* Validity checks of a plateau, made while it was measured. LIGHT_CAUTION: shown beside the figure;
 * LIGHT_BAD: the point is not valid, is drawn hollow and excluded from fits. */
enum light_state { LIGHT_UNKNOWN, LIGHT_OK, LIGHT_CAUTION, LIGHT_BAD };
enum light_id {
    LIGHT_LITTLE, /* |N - X R| / N */
    LIGHT_CPU,    /* busiest thread of the generator, share of a core */
    LIGHT_QUEUE,  /* share of the time that a thread waited for a CPU of this machine */
    LIGHT_LAG,    /* p99 of the lateness of starts, us; open arrival only */
    LIGHT_DROPS,  /* dropped starts */
    LIGHT_ERRORS, /* share of ended operations that failed or timed out */
    LIGHT_STEADY, /* drift over the period, share */
    /* seconds by which the wall clock was set, or this process or the machine stood still */
    LIGHT_CLOCK,
    LIGHT_MEMORY, /* share of the time that some task on this machine waited for memory */
    LIGHT_HITS,   /* hit ratio, if the backend reports one */
    /* share of this machine's CPUs used by processes other than loadtop and known servers */
    LIGHT_OTHERS,
    LIGHT_CONNECTIONS, /* share of the period in which connections or parts were missing */
    LIGHTS
};
struct light {
    enum light_state state;
    float value; /* NaN: not known */
};
const char *light_name(enum light_id); /* as in the JSON: "little" "generator_cpu" ... */

struct plateau {
    double start_s, end_s;
    struct load vars; /* depth and connections as they were in force */
    uint32_t bulk;    /* most operations per request (rows) */
    double in_flight, throughput_per_s, ci95, p50, p99, cpu_share; /* p50, p99: service time, ns */
    /* response time of its seconds; differs from service time in open arrival */
    struct latency response;
    double server_cpu_share; /* mean CPU of the server, as a share of one core; NaN: not known */
    uint64_t rss_bytes;
    double column[STAT_COLUMNS_MAX]; /* values of the backend's columns; NaN: unknown */
    char verdict[24];                /* the backend's verdict at its end; "": none */
    enum bottleneck bottleneck;      /* see bottleneck.h */
    double bottleneck_share;         /* the share that decided; NaN: not measured */
    /* share of the response time that the server reports as processing; NaN: unknown */
    double answer_share;
    char bottleneck_why[160];
    double anon_bytes; /* growth of this process's anonymous memory since before any load */
    /* connections that are wanted, and the fewest that were up */
    uint32_t connections_up, connections_wanted;
    bool valid;
    char why_not[96]; /* LIGHT_BAD, in words */
    char caution[96]; /* LIGHT_CAUTION, in words; or "" */
    struct light light[LIGHTS];
    uint64_t setting; /* equal for plateaus that differ in load and bulk only */
};

/* One scaling curve: the plateaus that differ from the newest in `var` only, and the law fitted to
 * the valid ones. */
struct scaling {
    char var[16];             /* "threads" "clients" "connections" "depth" "rows" */
    bool has;                 /* there are at least two values of it */
    unsigned points, invalid; /* valid plateaus, and those left out */
    bool fitted;
    struct usl_fit fit; /* N is operations in flight */
    double next_n;      /* the most informative next point, in operations in flight; NaN: none */
    double next_value;  /* the same as a value of var, from the points' measured N; NaN */
    /* anonymous memory grows as var to this power, with its 95 % interval; NaN: not known */
    double memory_exponent, memory_low, memory_high;
    char why[128]; /* why it is not fitted */
};
#define SCALINGS_MAX 5

/* What a capacity search found. */
enum capacity_limited_by {
    CAPACITY_SERVER, /* at `high` the target did not keep up */
    /* nearly all of the pool's clients were in use: more clients might reach more */
    CAPACITY_CLIENTS,
    CAPACITY_MACHINE, /* above it this machine was the bottleneck: a lower bound */
    CAPACITY_BOUND,   /* the highest rate that was allowed: a lower bound */
};
struct capacity {
    bool known;
    double rate_per_s, low, high; /* high: NaN where it is a lower bound */
    enum capacity_limited_by limited_by;
    char why[96]; /* what failed at `high`, or what the bottleneck was */
};
const char *capacity_limited_by_name(enum capacity_limited_by); /* as in the JSON */
/* Writes "5.94k/s; at 6.09k/s p99<10ms was 12.1 ms", or a lower bound and its reason; "" while not
 * known. Returns buf. */
char *capacity_words(const struct capacity *, char *buf, size_t size);

enum cell_state {
    CELL_WAITING,  /* not measured yet */
    CELL_NOW,      /* being measured: `at` has the values so far, without an interval */
    CELL_STEADY,   /* `at` is the plateau */
    CELL_UNSTEADY, /* never steady within the allowed time: `at` is the mean, not valid */
    /* not measured: it would repeat the first cell of its line along `depth`, because its pattern
     * has no depth */
    CELL_SAME,
};
struct sweep_cell {
    enum cell_state state;
    struct plateau at;
};

/* A sweep: the running or the last one. Cells are in row-major order: the last variable changes
 * fastest. */
struct sweep_snapshot {
    bool on, is_capacity;
    bool resumable; /* it ended early or left unsteady cells: `sweep resume` continues it */
    /* "threads 4, held 2.1 s: throughput drifts by ..." */
    char pool[POOL_NAME_MAX], spec[256], now[160];
    char ended[160];      /* why it ended, or "" */
    unsigned step, steps; /* steps 0: not known (auto, capacity) */
    unsigned steady, unsteady;
    unsigned same; /* cells that are not measured, see CELL_SAME */
    double left_s; /* estimate; NaN: not known */
    struct sweep_axis axis[SWEEP_AXES_MAX];
    unsigned axes;
    const struct sweep_cell *cell; /* [cells] */
    unsigned cells;
};
#define SWEEPS_PAST 16

struct pool_snapshot {
    unsigned number; /* the pool's number as shown; not reused after a removal */
    char name[POOL_NAME_MAX];
    const struct backend *backend;
    const struct op_type *op_types; /* the pool's; of static storage, ends with a NULL name */
    char target[512], url[1024];    /* without secrets */
    bool local;
    enum pool_state state;
    char state_why[256];      /* DOWN: what fails, and the time of the next try; ENDED: why */
    char down_why[256];       /* state_why when it was DOWN last; "": it never was */
    enum end_reason ended_by; /* set as soon as its end begins */
    bool answered;            /* the target has answered, though opening may still take time */
    int error_code; /* ENDED because the target refused permanently: an enum err_code; else 0 */
    double state_since_s;
    /* present settings; the next line has depth and connections with defaults resolved */
    struct load load;
    uint32_t depth, connections;
    uint64_t think_ns, timeout_ns, count, duration_ns, warmup_ns, seed;
    const struct options *options; /* a copy owned by the snapshot */
    bool warming;                  /* the warm-up is not over */

    struct counts counts; /* after the warm-up */
    struct counts warm;   /* of the warm-up */
    struct schedule_counts schedule;
    uint64_t waiting; /* operations that wait for a connection; not offered yet */
    uint64_t bytes_sent, bytes_received;
    double loaded_s;         /* seconds not paused, after the warm-up, until the end */
    double throughput_per_s; /* completed / loaded_s; NaN while loaded_s is 0 */
    struct latency service, response, batches, lag, lease_wait; /* whole run */
    uint64_t batches_completed;
    bool has_batches, has_lag, has_lease_wait;
    struct op_snapshot op[OPS_MAX];
    unsigned ops;

    /* last full second, for "now" figures; NaN: none yet */
    double now_per_s, now_errors_per_s, now_in_flight, now_batches_per_s;
    struct latency now_service, now_response;

    /* shares of the workers' time in the last second */
    double generate_share, client_share, wait_share, idle_share;
    double run_generate_share, run_client_share, run_wait_share, run_idle_share; /* whole run */
    double run_cpu_share; /* CPU of the busiest worker over its lifetime, 0..1; NaN: not known */
    double cpu_share;     /* CPU of the busiest worker in the last second, 0..1 */
    enum bottleneck bottleneck;
    double bottleneck_share; /* the share that decided, see bottleneck.h; NaN: not measured */
    char bottleneck_why[160];

    uint32_t threads_running, threads_draining, threads_stuck;
    /* connections of all threads, without the backend's own; of an ended pool: when its load ended */
    uint32_t connections_up, connections_wanted;
    uint64_t peak_bytes; /* pattern unthrottled: peak memory of its requests; else 0 */

    struct error_class *error; /* [errors], most frequent first */
    unsigned errors;
    /* The same for connections that could not be established or were lost, of the whole run: not
     * part of the counts of operations. */
    struct error_class *conn_error; /* [conn_errors] */
    unsigned conn_errors;
    struct worker_snapshot *worker; /* [workers]: all workers, including ended ones */
    unsigned workers;
    struct check check[CHECKS]; /* [checks] */
    unsigned checks;
    bool valid;              /* every known check holds */
    struct plateau *plateau; /* [plateaus], oldest first; the last may still continue */
    unsigned plateaus;
    bool plateau_on;      /* the last plateau is the present period */
    char plateau_why[96]; /* why the present period is not a plateau (it drifts), or "" */
    struct scaling scaling[SCALINGS_MAX];
    unsigned scalings;
    struct capacity capacity;

    struct series seconds;              /* 1 s, at least the last hour */
    struct series tenths;               /* 100 ms, at least the last minute */
    const struct packed *const *packed; /* service times of each of `seconds`, in the same blocks */
    /* histograms of the whole run, once it has ended; else NULL */
    const struct packed_pool *histograms;

    bool awaiting_consent;  /* not loaded before the user consents (engine_consent) */
    unsigned consent_epoch; /* how often consent had to be requested: each time is a new question */
    char room_why[192];     /* why the load does not fit into the target's free room; "": it fits */
    /* A protected host whose name has to be typed first (engine_confirm), and its rule; "": none.
     * Nothing is sent to it before. */
    char guard[256], guard_rule[192];
    /* The backend's latest server figures. json and leftovers are borrowed, valid as long as the
     * snapshot, and may be NULL. */
    struct stats server;
};

enum event_kind {
    EVENT_CHANGE, /* `what` names what changed: a dial, an option, the list of pools */
    EVENT_OPS,    /* the mix changed */
    EVENT_PAUSE,
    EVENT_RESUME,
    EVENT_STOP,
    EVENT_START,
    EVENT_MARK,
    EVENT_LOCK,
    EVENT_UNLOCK,
    EVENT_CONSENT, /* a first load was allowed */
    EVENT_REFUSED,
    EVENT_SWEEP,
    EVENT_SWEEP_END,
    EVENT_UP, /* the target answers (again), or all that was missing is up */
    EVENT_DOWN,
    EVENT_SERVER,    /* reported by the backend */
    EVENT_STUCK,     /* a thread hangs */
    EVENT_RULE,      /* a protection rule (targets.conf) applied */
    EVENT_REMOTE,    /* the target is not on this machine */
    EVENT_PARTIAL,   /* connections or parts of the target are missing */
    EVENT_STANDSTILL /* this process was stopped, or the machine slept */
};
/* The displayed name, as in the JSON: "sweep end"; "" for EVENT_CHANGE, which has many names. */
const char *event_kind_name(enum event_kind);

struct event_texts;
struct event {
    double t_s;
    enum event_kind kind;
    char pool[POOL_NAME_MAX];  /* "": the run */
    char what[24];             /* the name of the kind, or of what changed: "threads" */
    const char *from, *to;     /* whole; never NULL */
    struct event_texts *texts; /* where these two are */
    enum origin by;
    /* what it changed: mean throughput over up to 10 s before and after; NaN until known */
    double before_per_s, after_per_s, diff_low, diff_high; /* 95 % interval of the difference */
    double before_p99, after_p99;                          /* ns */
    bool settled, real; /* settled: there is enough data after it; real: the interval excludes 0 */
};

struct threshold_state {
    char expr[128];
    bool ok, known;
    bool few;     /* a percentile with fewer than 10 samples above it */
    double value; /* the value in the expression's own unit: us, share, per s */
};

struct snapshot {
    uint64_t serial;
    struct timespec started; /* wall clock of the start */
    double now_s;            /* since the start */
    double ends_s;           /* NaN: no end known */
    bool ended;
    enum end_reason ended_by; /* END_BY_NONE while it runs */
    char run_id[12];
    struct limits limits; /* locked is the lock's present state */
    /* [pools + removed]: removed pools come last, for the report */
    struct pool_snapshot *pool;
    unsigned pools, removed;
    struct event *event; /* [events], oldest first, the last 1,000 */
    unsigned events;
    uint64_t events_total;
    struct threshold_state *threshold;
    unsigned thresholds;
    struct sweep_snapshot sweep;
    const struct sweep_snapshot *past[SWEEPS_PAST]; /* [pasts]: sweeps before that one */
    unsigned pasts;
    double goal_per_s;
    bool valid; /* all pools */

    double cpu_share;      /* CPU of the process in the last second, as a share of `cpus` */
    double tick_cpu_share; /* CPU of the supervisor's thread, of one core */
    uint64_t rss_bytes, rss_peak_bytes, anon_bytes;
    char host[64];
    double cpus;             /* that the process may use: 0.5 is half the time of one */
    unsigned cores;          /* the same as a whole number, at least 1 */
    char undo[256];          /* what `undo` would do, cut where there is no more room; or "" */
    char message[256];       /* result of the last command: "", or what was refused and why */
    uint64_t message_serial; /* incremented with each message */
};

#endif
