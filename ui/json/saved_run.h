/* A saved run (RUN.json, schema 1) as a struct: read once, with all types and ranges checked, and
 * used by reports, comparisons, the baseline and the history.
 *
 * A file may have been edited or truncated, and older ones lack members. An absent number is NAN,
 * never 0; a text is "", a flag FLAG_UNKNOWN, a list empty. Times are seconds since the start of
 * the run, latencies microseconds. Texts are borrowed from the JSON and may contain any UTF-8:
 * escape them for the output. ui/json/run.h writes the members. */
#ifndef LOADTOP_UI_JSON_SAVED_RUN_H
#define LOADTOP_UI_JSON_SAVED_RUN_H

#include "ui/json/members.h"
#include "ui/json/saved_load.h"

#include <stdbool.h>
#include <stddef.h>

struct err;
struct json_t;

/* offered = completed + errors + timeouts + in_flight + dropped. */
struct saved_counts {
    double offered, completed, errors, timeouts, in_flight, dropped;
    /* starts that were due but not late when the load stopped; 0 if absent (old files) */
    double not_started;
};

struct saved_latencies {
    /* measured from the send, and from the intended start */
    struct saved_latency service, response;
};

struct saved_op {
    const char *name;
    double completed, errors, timeouts;
    struct saved_latencies latency;
};

struct saved_error {
    const char *class, *last; /* its last message */
    double count, first_s, last_s;
};

/* A second of a pool. */
struct saved_second {
    double t_s;    /* its end */
    double span_s; /* length of the second: the last one may be short */
    double offered, completed, errors, timeouts, dropped;
    double threads, clients; /* clients of all threads together */
    double in_flight;
    double p50_us, p99_us, max_us; /* of service time */
    double response_p99_us;
    enum flag paused;
};

/* Histograms in HdrHistogram's encoding, for json_histogram_read; "": absent. */
struct saved_op_histograms {
    const char *name, *service, *response;
};
struct saved_interval {
    double start_s, length_s, max_us;
    const char *service;
};
struct saved_histograms {
    const char *service, *response;
    struct saved_op_histograms *op;
    size_t ops;
    struct saved_interval *interval;
    size_t intervals;
};

/* Of a capacity search. */
struct saved_capacity {
    double rate_per_s; /* NAN: no search, or no result */
    double low, high;  /* high NAN: no rate failed, so it is a lower bound */
    const char *limited_by, *why;
};

/* Leftovers of the run on the server. */
struct saved_left {
    double count;
    const char *kind, *what;
};

struct saved_pool {
    const char *name, *backend, *target, *url, *server, *address, *note, *state_why;
    enum flag local, removed;
    double number;                                        /* its number in commands */
    double data_items, data_bytes, rtt_us, other_clients; /* as last reported by the server */
    double threads, clients, connections, depth;          /* at the end */
    /* of all threads when the load ended; NAN in a file of an older version */
    double connections_up, connections_wanted;
    double rate_per_s; /* NAN: closed loop */
    const char *pattern, *arrival;
    /* object with the options by name, each value of its option's type; or NULL */
    const struct json_t *options;
    const char *option_ops, *option_size_text;
    double option_size; /* where it is a number */
    struct saved_counts counts;
    double loaded_s, throughput_per_s;
    double bytes_sent, bytes_received;
    double peak_request_bytes; /* of unthrottled requests */
    /* of the threads' time */
    double generate_share, client_share, wait_share, scheduled_idle_share;
    struct saved_latencies latency;
    struct saved_latency batches; /* of pattern batch; absent: there were none */
    struct saved_bottleneck bottleneck;
    struct saved_capacity capacity;
    struct saved_histograms histograms;
    struct saved_op *op;
    size_t ops;
    struct saved_error *error;
    size_t errors;
    struct saved_error *conn_error; /* connections that were refused or lost */
    size_t conn_errors;
    struct saved_second *second;
    size_t seconds;
    struct saved_plateau *plateau;
    size_t plateaus;
    struct saved_sweep *sweep;
    size_t sweeps;
    struct saved_curve *curve;
    size_t curves;
    struct saved_left *left;
    size_t lefts;
};

/* A change, a note or an action. before_per_s and after_per_s: the throughput around it; NAN unless
 * `settled`. */
struct saved_event {
    double t_s, before_per_s, after_per_s;
    const char *pool, *what, *from, *to, *by;
    enum flag real;
};

struct saved_check {
    const char *name, *pool, *why;
    enum flag ok; /* FLAG_UNKNOWN: it does not apply */
    double value, limit;
};

struct saved_threshold {
    const char *expr;
    enum flag ok;
    double value; /* in the threshold's own unit: us, a share, or per second; NAN: not judged */
};

/* A captured screen; its lines are checked by json_screen_svg and json_screen_text. */
struct saved_screen {
    double t_s;
    const char *view;
    const struct json_t *json;
};

/* For --repeat: one run's figures of a pool, and the spread of all runs. */
struct saved_repeat_pool {
    const char *name;
    double throughput_per_s, p50_us, p99_us, response_p99_us;
};
struct saved_repeat {
    struct saved_repeat_pool *pool;
    size_t pools;
};
struct saved_spread {
    double n, mean, stdev, min, max;
};
struct saved_pool_spread {
    const char *pool;
    struct saved_spread throughput_per_s, response_p99_us;
};

struct saved_run {
    const char *loadtop; /* version */
    const char *run_id, *started, *ended_by, *command;
    const char *recovered; /* why it is incomplete; "": it is complete */
    double elapsed_s, goal_per_s;
    const char *host;
    double cores, cpu_share, rss_peak_bytes; /* of the load generator */
    enum flag valid;
    struct saved_check *check;
    size_t checks;
    struct saved_threshold *threshold;
    size_t thresholds;
    struct saved_event *event;
    size_t events;
    double events_total; /* number of all events, the last of which are in `event` */
    struct saved_repeat *repeat;
    size_t repeats;
    struct saved_pool_spread *spread;
    size_t spreads;
    struct saved_screen *screen;
    size_t screens;
    double screens_total;
    struct saved_pool *pool;
    size_t pools;

    struct json_t *json; /* a reference: it owns all texts */
    struct member_memory memory;
};

/* Reads a run from the JSON of json_run or json_load_run; keeps a reference. NULL and ERR_USAGE
 * with the path of the invalid member. */
struct saved_run *saved_run_read(struct json_t *json, struct err *);
/* The same; the error message begins with `what`, the place of the run ("history: 4"). */
struct saved_run *saved_run_of(struct json_t *json, const char *what, struct err *);
/* The same from a file; errors as in json_load_run. */
struct saved_run *saved_run_load(const char *file, bool pipes, struct err *);
void saved_run_free(struct saved_run *);

/* The pool of that name; NULL. */
const struct saved_pool *saved_pool_of(const struct saved_run *, const char *name);

/* Reads a single sweep. Its lists are owned by `memory`, its texts by the JSON. 0 or ERR_USAGE. */
int saved_sweep_read(struct saved_sweep *, struct member_memory *memory, const struct json_t *,
                     struct err *);

#endif
