/* Names and texts for the values of a snapshot. See snapshot.h. */
#include "engine/state/snapshot.h"

#include "engine/stats/histogram.h"
#include "engine/base/quantity.h"

#include <math.h>
#include <stdio.h>

const double latency_quantile[QUANTILES] = {0.5, 0.9, 0.95, 0.99, 0.999, 0.9999};

void latency_summary(const struct histogram *h, struct latency *l)
{
    uint64_t v[QUANTILES];
    l->count = h->count;
    l->min = l->mean = l->max = NAN;
    for (unsigned i = 0; i < QUANTILES; i++)
        l->q[i] = NAN;
    if (!h->count)
        return;
    histogram_quantiles(h, latency_quantile, v, QUANTILES);
    l->min = (double)h->min;
    l->mean = histogram_mean(h);
    l->max = (double)h->max;
    for (unsigned i = 0; i < QUANTILES; i++)
        if (quantile_is_known(h->count, latency_quantile[i]))
            l->q[i] = (double)v[i];
}

const char *pool_state_name(enum pool_state s)
{
    static const char *const name[] = {"OPENING", "LOADING", "PAUSED", "DRAINING",
                                       "STOPPED", "DOWN",    "ENDED"};
    return name[s];
}

const char *end_reason_name(enum end_reason r)
{
    static const char *const name[] = {"", "duration", "count", "signal", "user", "error", "rule"};
    return name[r];
}

const char *event_kind_name(enum event_kind k)
{
    static const char *const name[] = {[EVENT_CHANGE] = "",
                                       [EVENT_OPS] = "ops",
                                       [EVENT_PAUSE] = "pause",
                                       [EVENT_RESUME] = "resume",
                                       [EVENT_STOP] = "stop",
                                       [EVENT_START] = "start",
                                       [EVENT_MARK] = "mark",
                                       [EVENT_LOCK] = "lock",
                                       [EVENT_UNLOCK] = "unlock",
                                       [EVENT_CONSENT] = "yes",
                                       [EVENT_REFUSED] = "refused",
                                       [EVENT_SWEEP] = "sweep",
                                       [EVENT_SWEEP_END] = "sweep end",
                                       [EVENT_UP] = "up",
                                       [EVENT_DOWN] = "down",
                                       [EVENT_SERVER] = "server",
                                       [EVENT_STUCK] = "stuck",
                                       [EVENT_RULE] = "rule",
                                       [EVENT_REMOTE] = "remote",
                                       [EVENT_PARTIAL] = "partial"};
    return name[k];
}

const char *check_name(enum check_id id)
{
    static const char *const name[CHECKS] = {
        [CHECK_LITTLE] = "little",          [CHECK_GENERATOR_CPU] = "generator_cpu",
        [CHECK_CPU_WAIT] = "cpu_wait",      [CHECK_SCHEDULE_LAG] = "schedule_lag",
        [CHECK_DROPPED] = "dropped",        [CHECK_ACCOUNTING] = "accounting",
        [CHECK_CONNECTIONS] = "connections"};
    return name[id];
}

const char *bottleneck_name(enum bottleneck b)
{
    static const char *const name[] = {"none", "server", "client", "network", "rate"};
    return name[b];
}

const char *light_name(enum light_id id)
{
    static const char *const name[LIGHTS] = {
        "little", "generator_cpu", "cpu_wait", "schedule_lag", "dropped",    "errors",
        "steady", "clock",         "memory",   "hit_ratio",    "other_load", "connections"};
    return name[id];
}

const char *capacity_limited_by_name(enum capacity_limited_by limit)
{
    static const char *const name[] = {"server", "clients", "machine", "bound"};
    return name[limit];
}

char *capacity_words(const struct capacity *c, char *buf, size_t size)
{
    char rate[32], edge[32];
    if (size)
        buf[0] = '\0';
    if (!c->known)
        return buf;
    format_number(rate, sizeof rate, c->rate_per_s);
    format_number(edge, sizeof edge, c->high);
    if (c->limited_by == CAPACITY_BOUND)
        snprintf(buf, size, "at least %s/s: %s", rate, c->why);
    else if (c->limited_by == CAPACITY_MACHINE)
        snprintf(buf, size, "at least %s/s: then this machine was the limit (%s)", rate, c->why);
    else
        snprintf(buf, size, "%s/s; at %s/s %s%s", rate, edge, c->why,
                 c->limited_by == CAPACITY_CLIENTS ? "; all clients in use, more may carry more"
                                                   : "");
    return buf;
}
