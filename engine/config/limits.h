/* Ceilings and locks of a run; enforced where commands are carried out. */
#ifndef LOADTOP_ENGINE_CONFIG_LIMITS_H
#define LOADTOP_ENGINE_CONFIG_LIMITS_H

#include "engine/config/pool_spec.h"

#include <stdbool.h>
#include <stdint.h>

struct err;

#define MAX_THREADS_DEFAULT 64
#define MAX_CLIENTS_DEFAULT 1024
#define MAX_TIME_DEFAULT_NS UINT64_C(900000000000) /* 15 minutes */
#define MAX_CONNECTIONS_DEFAULT 1000

#define CONFIRM_MAX 1024
/* Is the name one of a list with a line each (limits.confirm)? Without case. */
bool confirm_lists(const char *list, const char *name);

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

/* No ceiling but the defaults, no lock. */
void limits_init(struct limits *);
/* Takes the values of limit_table that were given; own: they come from the command line. ERR_USAGE:
 * a rate that is none. */
int limits_take(struct limits *, const struct options *, bool own, struct err *);

/* The ceilings that hold for a target, UINT32_MAX (0: no time) when none does: the defaults spare
 * local targets. */
uint32_t limits_threads(const struct limits *, bool local);
uint32_t limits_clients(const struct limits *, bool local);
uint32_t limits_connections(const struct limits *); /* in all, to targets elsewhere */
uint64_t limits_time_ns(const struct limits *, bool local);
/* ERR_REFUSED when load is above a ceiling. */
int limits_check(const struct limits *, bool local, const struct load *, struct err *);

#endif
