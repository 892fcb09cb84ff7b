/* Ceilings and locks of a run; enforced where commands are executed. */
#ifndef LOADTOP_ENGINE_CONFIG_LIMITS_H
#define LOADTOP_ENGINE_CONFIG_LIMITS_H

#include "engine/config/pool_spec.h"

#include <stdbool.h>
#include <stdint.h>

struct err;
struct op_type;

#define MAX_THREADS_DEFAULT 64
#define MAX_CLIENTS_DEFAULT 1024
#define MAX_TIME_DEFAULT_NS UINT64_C(900000000000) /* 15 minutes */
#define MAX_CONNECTIONS_DEFAULT 1000

#define CONFIRM_MAX 1024
/* Is the name in a newline-separated list (limits.confirm)? Ignores case. */
bool confirm_lists(const char *list, const char *name);

struct limits {
    uint32_t max_threads, max_clients;
    uint32_t max_connections; /* total connections of all pools with a remote target */
    double max_rate;          /* 0: none */
    uint64_t max_time_ns;     /* 0: none given */
    /* Given on the command line, which alone can raise the defaults for remote targets. */
    bool cli_threads, cli_clients, cli_connections, cli_time;
    uint64_t max_bytes; /* bytes of data that a pool may write; 0: no limit */
    /* false: the defaults apply to remote targets */
    bool max_threads_given, max_clients_given;
    bool read_only, locked, allow_destructive, yes;
    /* a pool with a remote target starts paused, without a thread, until the user consents */
    bool hold_remote;
    /* pools are opened for inspection only: nothing is loaded or created */
    bool inspect_only;
    /* a user is present, who can type the name of a protected host (the pool waits for it, see
     * engine_confirm) and change the run; set before scenario_check */
    bool ask_names;
    char confirm[CONFIRM_MAX]; /* --confirm: names, a line each */
};

/* What the command line (--max-threads 8) and a scenario's `limits` can set, in one table. */
enum limit {
    LIMIT_THREADS,
    LIMIT_CLIENTS,
    LIMIT_MAX_RATE,
    LIMIT_TIME,
    LIMIT_CONNECTIONS,
    LIMIT_BYTES,
    LIMIT_READ_ONLY,
    LIMIT_LOCKED,
    LIMITS
};
extern const struct option_spec limit_table[LIMITS + 1];

/* Sets the default ceilings and no lock. */
void limits_init(struct limits *);
/* Takes those values of limit_table that were given; own: they come from the command line.
 * ERR_USAGE: a rate is invalid. */
int limits_take(struct limits *, const struct options *, bool own, struct err *);

/* The ceilings that apply to a target; UINT32_MAX (for the time: 0) when there is none. The
 * defaults do not apply to local targets. */
uint32_t limits_threads(const struct limits *, bool local);
uint32_t limits_clients(const struct limits *, bool local);
/* ceiling on the total connections to remote targets */
uint32_t limits_connections(const struct limits *);
uint64_t limits_time_ns(const struct limits *, bool local);
/* Checks a load against the ceilings. 0, or ERR_REFUSED. */
int limits_check(const struct limits *, bool local, const struct load *, struct err *);
/* Checks the connections of a pool under this load, those of other pools left out, to a target that
 * is not on this machine. 0, or ERR_REFUSED. */
int limits_check_connections(const struct limits *, const struct pool_spec *, const struct load *,
                             struct err *);
/* Does --read-only leave an operation of the mix? The table ends with a NULL name. 0, or
 * ERR_REFUSED. */
int limits_check_mix(const struct limits *, const struct op_type *, const double weight[OPS_MAX],
                     struct err *);

#endif
