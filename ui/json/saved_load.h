/* Plateaus (periods at one load) of a saved run, and the sweeps and scaling curves made from
 * them.
 *
 * As in all saved-run structs: an absent number is NAN, a text "", a flag FLAG_UNKNOWN; texts are
 * borrowed from the JSON. */
#ifndef LOADTOP_UI_JSON_SAVED_LOAD_H
#define LOADTOP_UI_JSON_SAVED_LOAD_H

#include "ui/json/members.h"

#include <stdbool.h>

struct usl_fit;

#define SAVED_VARS_MAX 2
#define SAVED_COLUMNS_MAX 16

/* Percentiles and the like of one distribution. Microseconds. */
struct saved_latency {
    double min_us, mean_us, p50_us, p90_us, p95_us, p99_us, p99_9_us, p99_99_us, max_us;
    double count; /* number of values; NAN: there is no such distribution */
};

struct saved_vars {
    double threads, clients, depth;
    double connections; /* NAN: automatic */
    double rate_per_s;  /* NAN: closed loop */
    double rows;        /* rows per request; NAN: not applicable */
    const char *pattern, *think, *ops;
};

/* kind: "client", "server", "network", "rate", "none", "unknown" ...; why: in words. */
struct saved_bottleneck {
    const char *kind, *why;
    double share; /* the share that decided, 0..1 */
};

struct saved_plateau {
    double start_s, end_s; /* seconds since the start of the run */
    struct saved_vars vars;
    double in_flight, throughput_per_s;
    double ci95;                   /* half the interval of throughput_per_s */
    double p50_us, p99_us;         /* of service time */
    struct saved_latency response; /* absent in old files */
    double cpu_share, server_cpu_share;
    double rss_bytes;
    double anon_bytes; /* growth of anonymous memory; negative when it shrank */
    double connections_up, connections_wanted; /* absent in old files */
    struct saved_bottleneck bottleneck;
    enum flag valid;
    const char *why_not, *caution;
};

/* One variable of a sweep. `relative`: "efficiency" or "gain". */
struct saved_var {
    const char *name, *relative;
    const char **value;
    size_t values;
};

/* A backend-specific column. unit: "share", "count", "per_s", "bytes", "word". */
struct saved_column {
    const char *key, *name, *unit;
};

struct saved_cell {
    struct saved_plateau measured;
    const char *state;              /* "steady", "unsteady", "waiting", "same" */
    const char *at[SAVED_VARS_MAX]; /* for each variable: the value that was set */
    double relative[SAVED_VARS_MAX];
    enum flag relative_valid[SAVED_VARS_MAX];
    double own[SAVED_COLUMNS_MAX]; /* value for each column, unless the column's unit is "word": */
    const char *own_word[SAVED_COLUMNS_MAX];
};

struct saved_sweep {
    const char *spec, *ended_by;
    enum flag resumable;
    struct saved_var *var;
    size_t vars; /* SAVED_VARS_MAX at most */
    struct saved_column *column;
    size_t columns; /* at most SAVED_COLUMNS_MAX; further columns are ignored */
    struct saved_cell *cell;
    /* the last variable varies fastest; with two variables there is a cell for at least each
     * combination */
    size_t cells;
};

/* A fit of the universal scalability law, with the plateaus that it was computed from. */
struct saved_curve {
    const char *var, *phase, *model, *why_not;
    double lambda, sigma, kappa, se_lambda, se_sigma, se_kappa;
    double covariance[9]; /* row by row */
    double dof, r2, worst_residual;
    double peak_n, peak_n_low, peak_n_high, peak_throughput_per_s;
    double knee_n, n_most;
    double aicc[3]; /* by enum usl_model */
    enum flag fits, peak_identified;
    size_t *point; /* indices into the pool's plateaus */
    size_t points;
};

extern const struct member_table saved_latency_table, saved_bottleneck_table, saved_plateau_table,
    saved_sweep_table, saved_curve_table;

/* Fills the fields that usl_at, usl_band, usl_phase_at and fit_words need. False when there is no
 * fit. */
bool saved_fit(const struct saved_curve *, struct usl_fit *);
/* True for "efficiency": the variable adds clients or threads. */
bool saved_var_scales(const struct saved_var *);

#endif
