/* What the figures mean: whose limit it is, and whether they can be trusted. In words. */
#include "engine/engine_private.h"
#include "engine/pool.h"
#include "engine/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#define CPU_LIMIT 0.80
#define LITTLE_LIMIT 0.05
#define LAG_LIMIT_NS 1e6
#define QUEUED_LIMIT 0.10
#define RATE_HELD 0.98

const char *bottleneck_name(enum bottleneck b)
{
    static const char *const name[] = {"none", "server", "client", "network", "rate"};
    return name[b];
}

static void limit(struct pool_snapshot *s, enum bottleneck kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void limit(struct pool_snapshot *s, enum bottleneck kind, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(s->limit_why, sizeof s->limit_why, fmt, args);
    va_end(args);
    s->limit = kind;
}

void judge_limit(const struct pool *p, struct pool_snapshot *s)
{
    const struct monitor *m = &p->monitor;
    double cpu = m->busiest_cpu, wait = s->state == POOL_ENDED ? s->run_wait_share : m->now_wait;
    double idle = s->state == POOL_ENDED ? s->run_idle_share : m->now_idle;
    double server = s->server_cpu_share, most = p->engine->scenario.limits.max_rate;
    double rate = s->state == POOL_ENDED ? s->throughput_per_s : s->now_per_s;
    if (s->state == POOL_ENDED)
        cpu = 1 - wait - idle;
    if (isnan(wait) || isnan(cpu) || !m->total.completed) {
        limit(s, LIMIT_NONE, "not known yet: nothing was measured");
    } else if (cpu >= CPU_LIMIT) {
        limit(s, LIMIT_CLIENT,
              "the load generator: its busiest thread uses %.0f %% of a core, so the figures "
              "are its limit, not the server's",
              100 * cpu);
    } else if (s->limit) {
        return; /* the backend said it: see struct stats */
    } else if (s->load.rate_per_s > 0 && (isnan(rate) || rate >= RATE_HELD * s->load.rate_per_s)) {
        limit(s, LIMIT_RATE, "the rate that was asked for: the server keeps up with it");
    } else if (s->load.rate_per_s <= 0 && most > 0 && rate >= 0.95 * most) {
        limit(s, LIMIT_RATE, "--max-rate: the ceiling for this pool");
    } else if (s->load.think_ns > 0 && idle > wait) {
        limit(s, LIMIT_RATE, "the think time of the clients");
    } else if (!isnan(server) && server < 0.3 && !s->local && wait > 0.5) {
        limit(s, LIMIT_NETWORK,
              "the way to the server: threads wait %.0f %% of their time while the server's "
              "CPU is at %.0f %%",
              100 * wait, 100 * server);
    } else if (wait >= 0.2) {
        if (isnan(server))
            limit(s, LIMIT_SERVER,
                  "the server or the way to it: threads wait for answers %.0f %% of their time",
                  100 * wait);
        else
            limit(s, LIMIT_SERVER,
                  "the server (its CPU: %.0f %% of a core): threads wait for answers %.0f %% of "
                  "their time",
                  100 * server, 100 * wait);
    } else {
        limit(s, LIMIT_NONE, "no clear limit: waiting %.0f %%, busy %.0f %%", 100 * wait,
              100 * (1 - wait - idle));
    }
}

static struct check *add_check(struct pool_snapshot *s, const char *name, double value, double most,
                               bool known)
{
    struct check *c = &s->check[s->checks++];
    copy_str(c->name, sizeof c->name, name);
    c->value = value;
    c->limit = most;
    c->known = known && !isnan(value);
    c->ok = !c->known || value <= most;
    c->why[0] = '\0';
    return c;
}

static double little_gap(const struct monitor *m)
{
    double n = 0, xr = 0;
    unsigned count = m->littles < 10 ? m->littles : 10;
    for (unsigned i = 0; i < count; i++) {
        n += m->little_n[i];
        xr += m->little_xr[i];
    }
    return n > 0 ? fabs(xr - n) / n : NAN;
}

void judge_validity(const struct pool *p, struct pool_snapshot *s)
{
    const struct monitor *m = &p->monitor;
    const struct tally *t = &m->total;
    s->checks = 0;
    double bad = (double)(t->errors + t->timeouts), all = bad + (double)t->completed;
    /* Seconds long enough for what is in flight at their ends not to matter; errors are not in R.
     */
    bool little = m->littles >= 3 && m->little_r < 0.5 && all > 0 && bad / all < 0.01;
    struct check *c = add_check(s, "little", little_gap(m), LITTLE_LIMIT, little);
    if (!c->ok)
        snprintf(c->why, sizeof c->why,
                 "N and X R differ by %.1f %% (limit 5 %%): times or counts are wrong",
                 100 * c->value);
    bool over = s->state == POOL_ENDED;
    double cpu = over ? 1 - s->run_wait_share - s->run_idle_share : m->busiest_cpu;
    c = add_check(s, "generator_cpu", cpu, CPU_LIMIT, over || s->state == POOL_LOADING);
    if (!c->ok)
        snprintf(c->why, sizeof c->why,
                 "generator CPU %.0f %% (limit 80): this is our limit, not the target's",
                 100 * c->value);
    c = add_check(s, "cpu_wait", over ? m->queued_sum / m->queued_n : m->queued, QUEUED_LIMIT,
                  over || s->state == POOL_LOADING);
    if (!c->ok)
        snprintf(c->why, sizeof c->why,
                 "threads waited %.0f %% of the time for a CPU (limit 10): latencies include it",
                 100 * c->value);
    double lag_most = fmax(LAG_LIMIT_NS, 0.1 * m->last_response.q[Q_P50]);
    c = add_check(s, "schedule_lag", m->last_lag.q[Q_P99] / 1e3, lag_most / 1e3,
                  m->last_lag.count > 0);
    if (!c->ok)
        snprintf(c->why, sizeof c->why,
                 "starts were %.1f ms late (p99): no client free, or no CPU; response time has it",
                 c->value / 1e3);
    c = add_check(s, "dropped", (double)t->dropped, 0, t->offered > 0);
    if (!c->ok)
        snprintf(c->why, sizeof c->why, "%.0f starts were dropped (%.3g %%): the rate was not met",
                 c->value, 100 * c->value / (double)t->offered);
    double off = (double)t->offered -
                 (double)(t->completed + t->errors + t->timeouts + t->in_flight + t->dropped);
    c = add_check(s, "accounting", fabs(off) + (double)t->miscounted, 0, true);
    if (!c->ok)
        snprintf(c->why, sizeof c->why,
                 "offered differs from its parts by %.0f: please report this", off);
    s->valid = true;
    for (unsigned i = 0; i < s->checks; i++)
        s->valid = s->valid && s->check[i].ok;
}
