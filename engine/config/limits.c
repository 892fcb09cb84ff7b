/* See limits.h. */
#include "engine/config/limits.h"

#include "engine/backend.h"
#include "engine/base/err.h"
#include "engine/base/quantity.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define TEXT_OF(n) #n
#define TEXT(n) TEXT_OF(n)

const struct option_spec limit_table[LIMITS + 1] = {
    [LIMIT_THREADS] = {"max-threads", OPTION_COUNT, 0, TEXT(MAX_THREADS_DEFAULT), 1, THREADS_MAX,
                       NULL,
                       "ceiling of a pool's threads; the default holds for targets that are not on "
                       "this machine"},
    [LIMIT_CLIENTS] = {"max-clients", OPTION_COUNT, 0, TEXT(MAX_CLIENTS_DEFAULT), 1, CLIENTS_MAX,
                       NULL, "ceiling of a thread's clients, likewise"},
    [LIMIT_MAX_RATE] = {"max-rate", OPTION_TEXT, 0, NULL, 0, 0, NULL,
                        "ceiling of a pool's rate; a closed pool is held to it too"},
    [LIMIT_TIME] = {"max-time", OPTION_DURATION, 0, NULL, 1e6, 0, NULL,
                    "the run ends by then, whatever else is asked (15m for targets that are not on "
                    "this machine)"},
    [LIMIT_CONNECTIONS] = {"max-connections", OPTION_COUNT, 0, TEXT(MAX_CONNECTIONS_DEFAULT), 1,
                           CONNECTIONS_MAX, NULL,
                           "ceiling of the connections in all to targets that are not on this "
                           "machine"},
    [LIMIT_BYTES] = {"max-bytes", OPTION_SIZE, 0, NULL, 1, 0, NULL,
                     "a pool that has written so many bytes of data (1GiB) ends"},
    [LIMIT_READ_ONLY] = {"read-only", OPTION_BOOL, 0, "no", 0, 0, NULL,
                         "only operations that read are sent"},
    [LIMIT_LOCKED] = {"locked", OPTION_BOOL, 0, "no", 0, 0, NULL,
                      "start locked: load can only be paused and stopped"},
    [LIMITS] = {NULL, OPTION_TEXT, 0, NULL, 0, 0, NULL, NULL},
};

void limits_init(struct limits *l)
{
    *l = (struct limits){.max_threads = MAX_THREADS_DEFAULT,
                         .max_clients = MAX_CLIENTS_DEFAULT,
                         .max_connections = MAX_CONNECTIONS_DEFAULT};
}

static int take_rate(double *per_s, const char *text, struct err *err)
{
    double rate;
    if (parse_rate(text, &rate) == 0 && rate_in_range(rate)) {
        *per_s = rate;
        return 0;
    }
    err_set(err, ERR_USAGE,
            "max-rate %.60s: not a rate from " RATE_RANGE " (5000/s, 10k/s, 1.5M/s)",
            *text ? text : "''");
    return err_of_option(err, limit_table[LIMIT_MAX_RATE].name);
}

static int take(struct limits *l, const struct options *o, enum limit which, bool own,
                struct err *err)
{
    switch (which) {
    case LIMIT_THREADS:
        l->max_threads = (uint32_t)option_u64(o, which);
        l->max_threads_given = true;
        l->cli_threads = l->cli_threads || own;
        return 0;
    case LIMIT_CLIENTS:
        l->max_clients = (uint32_t)option_u64(o, which);
        l->max_clients_given = true;
        l->cli_clients = l->cli_clients || own;
        return 0;
    case LIMIT_MAX_RATE:
        return take_rate(&l->max_rate, option_str(o, which), err);
    case LIMIT_TIME:
        l->max_time_ns = option_u64(o, which);
        l->cli_time = l->cli_time || own;
        return 0;
    case LIMIT_CONNECTIONS:
        l->max_connections = (uint32_t)option_u64(o, which);
        l->cli_connections = l->cli_connections || own;
        return 0;
    case LIMIT_BYTES:
        l->max_bytes = option_u64(o, which);
        return 0;
    case LIMIT_READ_ONLY:
        l->read_only = l->read_only || option_bool(o, which);
        return 0;
    default:
        l->locked = l->locked || option_bool(o, which);
        return 0;
    }
}

int limits_take(struct limits *l, const struct options *o, bool own, struct err *err)
{
    for (unsigned i = 0; i < LIMITS; i++)
        if (option_given(o, i) && take(l, o, (enum limit)i, own, err) < 0)
            return ERR_USAGE;
    return 0;
}

bool confirm_lists(const char *list, const char *name)
{
    for (const char *at = list; *at;) {
        size_t len = strcspn(at, "\n");
        if (len == strlen(name) && strncasecmp(at, name, len) == 0)
            return true;
        at += len + (at[len] == '\n');
    }
    return false;
}

/* A scenario file can lower the ceiling of a remote target but not raise it. */
static uint32_t ceiling(uint32_t most, bool own, uint32_t usual)
{
    return own || most < usual ? most : usual;
}

uint32_t limits_threads(const struct limits *l, bool local)
{
    if (local)
        return l->max_threads_given ? l->max_threads : UINT32_MAX;
    return ceiling(l->max_threads, l->cli_threads, MAX_THREADS_DEFAULT);
}

uint32_t limits_clients(const struct limits *l, bool local)
{
    if (local)
        return l->max_clients_given ? l->max_clients : UINT32_MAX;
    return ceiling(l->max_clients, l->cli_clients, MAX_CLIENTS_DEFAULT);
}

uint32_t limits_connections(const struct limits *l)
{
    return ceiling(l->max_connections, l->cli_connections, MAX_CONNECTIONS_DEFAULT);
}

uint64_t limits_time_ns(const struct limits *l, bool local)
{
    if (local || l->cli_time)
        return l->max_time_ns;
    return l->max_time_ns && l->max_time_ns < MAX_TIME_DEFAULT_NS ? l->max_time_ns
                                                                  : MAX_TIME_DEFAULT_NS;
}

int limits_check(const struct limits *l, bool local, const struct load *load, struct err *err)
{
    uint32_t threads = limits_threads(l, local), clients = limits_clients(l, local);
    const char *why = local ? "" : " for a target that is not on this machine";
    if (load->threads > threads)
        return err_set(err, ERR_REFUSED,
                       "threads %u: above the ceiling of %u%s (--max-threads raises it)",
                       load->threads, threads, why);
    if (load->clients > clients)
        return err_set(err, ERR_REFUSED,
                       "clients %u: above the ceiling of %u a thread%s (--max-clients raises it)",
                       load->clients, clients, why);
    if (l->max_rate > 0 && load->rate_per_s > l->max_rate) {
        char rate[32], ceiling[32];
        return err_set(err, ERR_REFUSED, "rate %s/s: above the ceiling of %s/s (--max-rate)",
                       format_number(rate, sizeof rate, load->rate_per_s),
                       format_number(ceiling, sizeof ceiling, l->max_rate));
    }
    return 0;
}

int limits_check_connections(const struct limits *l, const struct pool_spec *spec,
                             const struct load *load, struct err *err)
{
    uint64_t threads = load->threads ? load->threads : 1;
    uint64_t own = threads * pool_spec_connections(spec, load);
    if (own <= limits_connections(l))
        return 0;
    return err_set(err, ERR_REFUSED,
                   "connections: %llu are above the ceiling of %u in all for targets that are not "
                   "on this machine (--max-connections raises it)",
                   (unsigned long long)own, limits_connections(l));
}

int limits_check_mix(const struct limits *l, const struct op_type *types,
                     const double weight[OPS_MAX], struct err *err)
{
    if (!l->read_only)
        return 0;
    for (unsigned i = 0; i < OPS_MAX && types[i].name; i++)
        if (weight[i] > 0 && types[i].reads)
            return 0;
    return err_set(err, ERR_REFUSED,
                   "--read-only leaves no operation of the mix: all of it writes");
}
