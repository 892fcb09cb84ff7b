/* One pool as it is to be started: target, load and options.
 *
 * Names, types, ranges and defaults of the options that every pool has are one option table
 * (pool_option_table), read like a backend's. */
#ifndef LOADTOP_ENGINE_CONFIG_POOL_SPEC_H
#define LOADTOP_ENGINE_CONFIG_POOL_SPEC_H

#include "engine/config/option.h"
#include "engine/config/pattern.h"
#include "engine/config/target.h"

#include <stdbool.h>
#include <stdint.h>

struct backend;
struct err;
struct text;
struct op_type;

#define OPS_MAX 16
/* Upper limits of a pool's dials and of a run's ceilings (--max-threads ...). Connections are per
 * thread. */
#define THREADS_MAX 4096
#define CLIENTS_MAX 1000000
#define CONNECTIONS_MAX 1000000
#define POOL_NAME_MAX 32

/* The options that every pool has, in this order in pool_option_table. They may be given in a URL's
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

/* The settings that dials change while the pool runs. */
struct load {
    uint32_t threads, clients;
    uint32_t connections; /* per thread and group; 0: as many as the clients need */
    enum pattern pattern;
    uint32_t depth;    /* 0: the pattern's default */
    double rate_per_s; /* operations of the whole pool; 0: closed loop */
    enum arrival arrival;
    uint64_t think_ns;
    /* the mix: weights of the backend's operations; one with 0 is not started */
    double weight[OPS_MAX];
};

/* The description of a pool before it starts. */
struct pool_spec {
    char name[POOL_NAME_MAX];
    bool named; /* the name was given (?name=, --name); else it is of the backend, with a number */
    const struct backend *backend;
    const struct op_type *op_types; /* the pool's table of operations: see pool_set_ops */
    /* owned; the requested mix while the pool's table of operations is not known yet; else NULL */
    char *ops_pending;
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
/* Can this option of the pool's backend be set to this value while the pool runs? 0, or ERR_USAGE
 * with the reason. */
int pool_spec_takes(const struct pool_spec *, const char *name, const char *value, struct err *);
/* How many connections a thread of this load needs so that no client waits, where one carries
 * `capacity` requests (at least 1). The load's depth is the one in effect, never 0. */
uint32_t connections_needed(const struct load *, uint32_t capacity);
/* The connections of each thread to each node of the target under this load: as many as are set,
 * else as many as its clients need. */
uint32_t pool_spec_connections(const struct pool_spec *, const struct load *);
void pool_spec_copy(struct pool_spec *to, const struct pool_spec *from);
void pool_spec_fini(struct pool_spec *);
/* The refusal of a pool whose given name another pool has: ERR_USAGE. */
int pool_spec_name_taken(const struct pool_spec *, struct err *);
/* Parses a mix such as "get:80,set:20" into weights. The table of operations (ends with a NULL
 * name) is that of the backend of this name; mix NULL: its default mix. A weight left out is 1.
 * ERR_USAGE names the wrong word and the nearest operation. ops_text is the inverse; it leaves out
 * operations without weight. */
int ops_parse(const struct op_type *, const char *backend, const char *mix, double weight[OPS_MAX],
              struct err *);
char *ops_text(const struct op_type *, const double weight[OPS_MAX], char *buf, size_t size);
/* Like ops_text, but never truncated. */
void ops_add(struct text *, const struct op_type *, const double weight[OPS_MAX]);

#endif
