/* A scenario: pools, targets and options, from URLs, flags or a YAML file; and the limits of a run.
 *
 * Everything that shapes a run is in here before the engine starts; afterwards only commands change
 * it. Names, types, ranges and defaults of the pool's own options are one option table
 * (pool_option_table), read like a backend's. */
#ifndef LOADTOP_ENGINE_SCENARIO_H
#define LOADTOP_ENGINE_SCENARIO_H

#include "engine/option.h"
#include "engine/pattern.h"
#include "engine/target.h"

#include <stdbool.h>
#include <stdint.h>

struct backend;
struct err;

#define OPS_MAX 16
#define POOL_NAME_MAX 32

/* The options that every pool has, in this order in pool_option_table. They may stand in a URL's
 * query. */
enum pool_option {
    POOL_THREADS,
    POOL_CLIENTS,
    POOL_CONNECTIONS,
    POOL_PATTERN,
    POOL_DEPTH,
    POOL_RATE,
    POOL_ARRIVAL,
    POOL_THINK,
    POOL_COUNT,
    POOL_DURATION,
    POOL_OPS,
    POOL_TIMEOUT,
    POOL_SEED,
    POOL_NAME,
    POOL_WARMUP,
    POOL_OPTIONS
};
extern const struct option_spec pool_option_table[];

enum arrival { ARRIVAL_CONSTANT, ARRIVAL_POISSON };

/* What a person can dial while it runs. */
struct load {
    uint32_t threads, clients;
    uint32_t connections; /* of a thread, in each group; 0: as many as the clients need */
    enum pattern pattern;
    uint32_t depth;    /* 0: the pattern's default */
    double rate_per_s; /* of the pool, operations; 0: closed */
    enum arrival arrival;
    uint64_t think_ns;
    double weight[OPS_MAX]; /* of the backend's ops; a type with 0 is not started */
};

/* One pool as it is to be started. */
struct pool_spec {
    char name[POOL_NAME_MAX];
    const struct backend *backend;
    struct target target;
    struct options options; /* the backend's */
    struct load load;
    uint64_t count, duration_ns, warmup_ns, timeout_ns, seed; /* count, duration_ns: 0 means none */
};

/* Reads a TARGET, whose query has this origin, with `defaults` (pool options given as flags; the
 * query wins over them). */
int pool_spec_parse(struct pool_spec *, const char *url, enum option_origin,
                    const struct options *defaults, const struct backend *const *backends,
                    struct err *);
/* Checks those pool options that the table keeps as text (rate, name): for
 * flags without a target. */
int pool_options_check(const struct options *, struct err *);
/* May a pool have this name? (A letter first; no blank, ':', '=' or ','; not a number; under
 * POOL_NAME_MAX.) */
bool pool_name_ok(const char *name);
void pool_spec_copy(struct pool_spec *to, const struct pool_spec *from);
void pool_spec_fini(struct pool_spec *);
/* "get:80,set:20" into weights, for a backend; NULL: its default mix. ERR_USAGE names the wrong
 * word and the nearest operation. A weight left out is 1. The text form is its inverse; ops without
 * weight are left out. */
int ops_parse(const struct backend *, const char *mix, double weight[OPS_MAX], struct err *);
char *ops_text(const struct backend *, const double weight[OPS_MAX], char *buf, size_t size);
/* The URL (without password) that starts this pool again; for `command` in the JSON and for
 * sessions. */
char *pool_spec_url(const struct pool_spec *, char *buf, size_t size);

#define MAX_CONNECTIONS_DEFAULT 1000

#define CONFIRM_MAX 1024
/* Is the name one of a list with a line each (limits.confirm)? Without case. */
bool confirm_lists(const char *list, const char *name);

/* Ceilings and locks; enforced where commands are carried out. */
struct limits {
    uint32_t max_threads, max_clients;
    uint32_t max_connections; /* in all, of pools whose target is not local */
    double max_rate;          /* 0: none */
    uint64_t max_time_ns;     /* 0: none given */
    /* Given on the command line: only there can the defaults for targets elsewhere be raised. */
    bool own_threads, own_clients, own_connections, own_time;
    uint64_t max_bytes; /* of data that a pool writes; 0: none */
    /* else the defaults hold for targets that are not local */
    bool max_threads_given, max_clients_given;
    bool read_only, locked, allow_destructive, yes;
    bool hold_remote; /* a pool whose target is not on this machine begins paused, without a thread,
                         until `resume`: somebody is asked first */
    bool look;        /* pools are opened and looked at, never loaded, and nothing is made there */
    bool ask_names; /* somebody can be asked for the name of a protected host: a pool waits for it,
                       see engine_confirm */
    char confirm[CONFIRM_MAX]; /* --confirm: names, a line each */
};

/* The ceilings that hold for a target, UINT32_MAX (0: no time) when none does: the defaults spare
 * local targets. */
uint32_t limits_threads(const struct limits *, bool local);
uint32_t limits_clients(const struct limits *, bool local);
uint32_t limits_connections(const struct limits *); /* in all, to targets elsewhere */
uint64_t limits_time_ns(const struct limits *, bool local);
/* ERR_REFUSED when load is above a ceiling. */
int limits_check(const struct limits *, bool local, const struct load *, struct err *);

enum threshold_metric {
    METRIC_PERCENTILE,
    METRIC_MEAN,
    METRIC_MAX,
    METRIC_ERRORS,
    METRIC_THROUGHPUT
};
struct threshold {
    char expr[128];
    char pool[POOL_NAME_MAX]; /* "": every pool */
    enum threshold_metric metric;
    double quantile;     /* 0..1 of METRIC_PERCENTILE */
    bool service, above; /* service time; value must be above the bound */
    bool inclusive;      /* <= or >= */
    double bound;        /* us; a share 0..1 (errors); or operations a second */
};
int threshold_parse(struct threshold *, const char *expr, struct err *);
/* Is this the pool that a threshold with a POOL names, by name or number? */
bool threshold_is_for(const struct threshold *, const char *name, unsigned number);

#define AT_MAX 256
#define THRESHOLDS_MAX 32
/* Pools at a time: those that were removed do not count. All tables by pool of the engine and of
 * the screen have this size. */
#define POOLS_MAX 64
/* Pools of one run in all: a removed one is kept for the report, and its
 * number is not used again. */
#define POOLS_RUN_MAX 255
struct at {
    uint64_t at_ns;            /* after the start */
    enum option_origin origin; /* of whatever the command adds */
    char *text;                /* a command; owned */
};
struct scenario {
    struct pool_spec *pool[POOLS_MAX]; /* owned */
    unsigned pools;
    struct at at[AT_MAX];
    unsigned ats;
    struct threshold threshold[THRESHOLDS_MAX];
    unsigned thresholds;
    struct limits limits;
    double goal_per_s; /* 0: none */
    char sweep[256];   /* "": none */
};
void scenario_init(struct scenario *);
void scenario_fini(struct scenario *);
/* Adds a pool for url; gives it its name (redis, redis-2, ...). ERR_USAGE when full or a name is
 * taken. */
int scenario_add(struct scenario *, const char *url, enum option_origin,
                 const struct options *defaults, const struct backend *const *backends,
                 struct err *);
/* "30s mark half time": into s->at; the command is parsed, so that a wrong one is refused now. */
int scenario_at(struct scenario *, const char *text, enum option_origin, struct err *);
/* When all is read: pools that thresholds and timed commands name exist (unless pools are added
 * later), and no pool starts above a ceiling. ERR_USAGE or ERR_REFUSED. */
int scenario_check(const struct scenario *, struct err *);
/* A YAML file (its form is at the top of scenario_yaml.c). Without libyaml built in: ERR_FAILED
 * that says so. */
int scenario_load(struct scenario *, const char *file, const struct options *defaults,
                  const struct backend *const *backends, struct err *);
/* The same from memory; file is for messages. */
int scenario_load_text(struct scenario *, const char *text, size_t len, const char *file,
                       const struct options *defaults, const struct backend *const *backends,
                       struct err *);

#endif
