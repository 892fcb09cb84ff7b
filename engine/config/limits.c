/* See limits.h. */
#include "engine/config/limits.h"

#include "engine/base/err.h"
#include "engine/base/quantity.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

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

/* A scenario file can lower what holds for a target elsewhere, and not raise it. */
static uint32_t ceiling(uint32_t most, bool own, uint32_t usual)
{
    return own || most < usual ? most : usual;
}

uint32_t limits_threads(const struct limits *l, bool local)
{
    if (local)
        return l->max_threads_given ? l->max_threads : UINT32_MAX;
    return ceiling(l->max_threads, l->own_threads, MAX_THREADS_DEFAULT);
}

uint32_t limits_clients(const struct limits *l, bool local)
{
    if (local)
        return l->max_clients_given ? l->max_clients : UINT32_MAX;
    return ceiling(l->max_clients, l->own_clients, MAX_CLIENTS_DEFAULT);
}

uint32_t limits_connections(const struct limits *l)
{
    return ceiling(l->max_connections, l->own_connections, MAX_CONNECTIONS_DEFAULT);
}

uint64_t limits_time_ns(const struct limits *l, bool local)
{
    if (local || l->own_time)
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
