/* See lights.h. */
#include "engine/figures/lights.h"
#include "engine/state/engine_state.h"
#include "engine/figures/bottleneck.h"
#include "engine/state/pool.h"
#include "engine/base/text.h"
#include "engine/base/quantity.h"
#include "engine/state/pool_figures.h"
#include "engine/stats/trend.h"
#include "engine/load/workers.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LAG_MOST_NS 1e6
#define ERRORS_MOST 0.01
#define HITS_LEAST 0.5
/* the span must be this many times an operation's duration, for Little's law */
#define SPANS_LEAST 20

void lights_clear(struct lights *l)
{
    memset(l, 0, sizeof *l);
    l->lag_worst_ns = l->pressure_worst = l->available_least = NAN;
    l->set_worst_s = l->slept_worst_s = l->cores = NAN;
    l->least_up = UINT32_MAX;
}

void lights_tenth(const struct pool *p, struct lights *l, const struct point *pt)
{
    const struct shortage *s = &pool_sup(p)->shortage;
    l->area += pt->in_flight * pt->span_s;
    l->span_s += pt->span_s;
    if (s->up < l->least_up)
        l->least_up = s->up;
    if (!s->since_ns)
        return;
    if (l->short_s <= 0 || s->share < l->short_share) {
        l->short_share = s->share;
        text_append(l->short_why, sizeof l->short_why, 0, "%s up%s%s", s->what,
                    s->cause[0] ? ": " : "", s->cause);
    }
    l->short_s += pt->span_s;
}

static void add(struct mean *m, double v)
{
    if (!isnan(v)) {
        m->sum += v;
        m->n++;
    }
}

static double mean_of(const struct mean *m)
{
    return m->n > 0 ? m->sum / m->n : NAN;
}

/* Share of all CPUs of this machine used by servers under test; *all: every server under test here
 * is known. */
static double servers_here(const struct engine *e, bool *all)
{
    const struct engine_supervised *esup = engine_sup(e);
    double sum = 0;
    *all = true;
    for (unsigned i = 0; i < esup->pools; i++) {
        struct pool *p = esup->pool[i];
        if (!pool_sup(p)->local || pool_sup(p)->removed || p->spec.backend->flags & BACKEND_VIRTUAL)
            continue;
        struct pool_shared *shared = pool_lock(p);
        double cpu = shared->stats.server_cpu_share;
        pool_unlock(p);
        *all = *all && !isnan(cpu);
        sum += isnan(cpu) ? 0 : cpu;
    }
    return sum / esup->machine.cpus;
}

/* The server's figures cover the second before they arrived. */
static void take_server(struct pool *p, struct lights *l)
{
    struct pool_shared *shared = pool_lock(p);
    if (l->stats_serial && l->stats_serial != shared->stats_serial) {
        add(&l->server, shared->stats.server_cpu_share);
        add(&l->answer, shared->stats.answer_share);
    }
    l->stats_serial = shared->stats_serial;
    l->cores = shared->stats.server_cores;
    l->rtt_ns = shared->stats.rtt_ns;
    l->said = shared->stats.bottleneck;
    copy_str(l->said_why, sizeof l->said_why, shared->stats.bottleneck_why);
    pool_unlock(p);
}

void lights_second(struct pool *p)
{
    struct lights *l = &pool_sup(p)->figures->plateaus.now.lights;
    const struct monitor *m = &pool_sup(p)->figures->monitor;
    const struct machine *here = &engine_sup(p->engine)->machine;
    double known = servers_here(p->engine, &l->others_judged);
    add(&l->cpu, m->busiest_cpu);
    add(&l->queue, m->queued);
    add(&l->wait, m->now_wait);
    add(&l->idle, m->now_idle);
    if (!isnan(here->others))
        add(&l->others, fmax(0, here->others - known));
    if (m->last_lag.count > 0)
        l->lag_worst_ns = fmax(l->lag_worst_ns, m->last_lag.q[Q_P99]);
    l->pressure_worst = fmax(l->pressure_worst, here->pressure);
    l->available_least = fmin(l->available_least, here->available);
    l->set_worst_s = fmax(l->set_worst_s, fabs(here->set_s));
    l->slept_worst_s = fmax(l->slept_worst_s, here->slept_s);
    unsigned hung = pool_stuck(p);
    l->hung = hung > l->hung ? hung : l->hung;
    take_server(p, l);
}

/* The relative difference of N and X R (Little's law) over the same span. NaN when the law cannot
 * be tested: nothing completed, or operations take too long for the span. */
static double littles_law(double area, double span_s, const struct histogram *service)
{
    if (!(area > 0) || !(span_s > 0) || !service->count)
        return NAN;
    double r = histogram_mean(service) / 1e9, n = area / span_s;
    double x = (double)service->count / span_s;
    return r * SPANS_LEAST > span_s ? NAN : fabs(n - x * r) / n;
}

static void light(struct plateau *pl, enum light_id id, double value, enum light_state state,
                  const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Sets a light; keeps the message of the first failing light of each severity. */
static void light(struct plateau *pl, enum light_id id, double value, enum light_state state,
                  const char *fmt, ...)
{
    char *words = state == LIGHT_BAD ? pl->why_not : state == LIGHT_CAUTION ? pl->caution : NULL;
    va_list args;
    pl->light[id] = (struct light){isnan(value) ? LIGHT_UNKNOWN : state, (float)value};
    if (isnan(value) || !words || *words)
        return;
    va_start(args, fmt);
    vsnprintf(words, sizeof pl->why_not, fmt, args);
    va_end(args);
}

static enum light_state over(double value, double most, enum light_state then)
{
    return value > most ? then : LIGHT_OK;
}

static void judge_generator(const struct pool *p, struct plateau *pl)
{
    const struct period *s = &pool_sup(p)->figures->plateaus.now;
    const struct lights *l = &s->lights;
    const struct tally *t = &pool_sup(p)->figures->monitor.total;
    uint64_t errors = t->errors + t->timeouts - s->errors_from;
    uint64_t ended = t->completed + t->errors + t->timeouts - s->ended_from;
    double cpu = pl->cpu_share, dropped = (double)(t->dropped - s->dropped_from), share = NAN;
    if (ended)
        share = (double)errors / (double)ended;
    light(pl, LIGHT_CPU, cpu, over(cpu, LIMIT_CPU, LIGHT_BAD),
          "the generator was the limit: CPU %.0f %%", 100 * cpu);
    light(pl, LIGHT_DROPS, dropped, over(dropped, 0, LIGHT_BAD), "%.0f starts were dropped",
          dropped);
    light(pl, LIGHT_ERRORS, share, over(share, ERRORS_MOST, LIGHT_BAD), "%.1f %% errors",
          100 * share);
    double little = share > ERRORS_MOST ? NAN : littles_law(l->area, l->span_s, &s->service);
    light(pl, LIGHT_LITTLE, little, over(little, LIMIT_LITTLE, LIGHT_BAD),
          "N and X R differ by %.0f %%: times or counts are wrong", 100 * little);
    double queue = mean_of(&l->queue);
    light(pl, LIGHT_QUEUE, queue, over(queue, LIMIT_QUEUE, LIGHT_CAUTION),
          "threads waited %.0f %% of the time for a CPU of this machine%s", 100 * queue,
          engine_quota_words(p->engine));
    double lag_most = fmax(LAG_MOST_NS, 0.1 * pl->p50);
    light(pl, LIGHT_LAG, l->lag_worst_ns / 1e3, over(l->lag_worst_ns, lag_most, LIGHT_CAUTION),
          "starts were up to %.1f ms late (p99)", l->lag_worst_ns / 1e6);
}

/* Fewer connections than are wanted carried this load, or a part of the target was missing. */
static void judge_connections(const struct pool *p, struct plateau *pl)
{
    const struct lights *l = &pool_sup(p)->figures->plateaus.now.lights;
    const struct shortage *s = &pool_sup(p)->shortage;
    double share = l->span_s > 0 ? l->short_s / l->span_s : NAN;
    pl->connections_wanted = s->wanted;
    pl->connections_up = l->least_up < s->wanted ? l->least_up : s->up;
    light(pl, LIGHT_CONNECTIONS, share, over(share, LIMIT_SHORT, LIGHT_BAD), "%s", l->short_why);
}

static void judge_machine(const struct pool *p, struct plateau *pl)
{
    const struct lights *l = &pool_sup(p)->figures->plateaus.now.lights;
    double clock = fmax(l->slept_worst_s, l->set_worst_s), memory = l->pressure_worst;
    bool slept = l->slept_worst_s > MACHINE_CLOCK_MOST_S;
    if (l->stood_s > 0 && !slept)
        light(pl, LIGHT_CLOCK, l->stood_s, LIGHT_BAD, "the generator stood still for %.1f s",
              l->stood_s);
    else
        light(pl, LIGHT_CLOCK, clock,
              over(clock, MACHINE_CLOCK_MOST_S, slept ? LIGHT_BAD : LIGHT_CAUTION),
              slept ? "the machine slept %.3f s" : "the wall clock was set by %.3f s", clock);
    if (isnan(memory)) /* a kernel without PSI: use the available memory instead */
        memory = l->available_least < MACHINE_AVAILABLE_LEAST ? 1
                 : l->available_least >= 0                    ? 0
                                                              : NAN;
    light(pl, LIGHT_MEMORY, memory, over(memory, MACHINE_PRESSURE_MOST, LIGHT_CAUTION),
          "this machine was short of memory");
    double others = mean_of(&l->others);
    /* as long as a server on this machine is unknown, the "other" CPU use may be that of the server
     * under test */
    enum light_state many = l->others_judged ? LIGHT_CAUTION : LIGHT_UNKNOWN;
    light(pl, LIGHT_OTHERS, others, over(others, MACHINE_OTHERS_MOST, many),
          "others used %.0f %% of this machine's CPUs", 100 * others);
}

static void judge_hits(const struct pool *p, struct plateau *pl)
{
    double v = NAN;
    struct pool_shared *shared = pool_lock(p);
    for (unsigned i = 0; i < shared->stats.columns; i++)
        if (shared->stats.column[i].kind == COLUMN_HITS)
            v = pl->column[i];
    pool_unlock(p);
    light(pl, LIGHT_HITS, v, v < HITS_LEAST ? LIGHT_CAUTION : LIGHT_OK,
          "only %.0f %% of the reads found something", 100 * v);
}

/* Finds the plateau's bottleneck; a period shorter than a second uses the last second's shares. */
static void judge_whose(const struct pool *p, struct plateau *pl)
{
    const struct pool_supervised *sup = pool_sup(p);
    const struct lights *l = &sup->figures->plateaus.now.lights;
    const struct histogram *service = &sup->figures->plateaus.now.service;
    const struct monitor *m = &sup->figures->monitor;
    double mean = service->count ? histogram_mean(service) : NAN;
    struct bottleneck_facts f = {
        .cpu = pl->cpu_share,
        .wait = l->wait.n > 0 ? mean_of(&l->wait) : m->now_wait,
        .idle = l->idle.n > 0 ? mean_of(&l->idle) : m->now_idle,
        .server = pl->server_cpu_share,
        .cores = l->cores,
        .answer = pl->answer_share,
        .rtt_share = l->rtt_ns > 0 && !sup->local ? (double)l->rtt_ns / mean : NAN,
        .rate = pl->throughput_per_s,
        .rate_asked = pl->vars.rate_per_s,
        .rate_most = p->engine->scenario.limits.max_rate,
        .random_s = pl->vars.arrival == ARRIVAL_POISSON ? pl->end_s - pl->start_s : 0,
        .thinks = pl->vars.think_ns > 0,
        .local = sup->local,
        .queued = mean_of(&l->queue),
        .quota = engine_quota_throttles(p->engine),
        .missing = pl->light[LIGHT_CONNECTIONS].state == LIGHT_BAD ? l->short_why : NULL,
    };
    struct bottleneck_verdict v = {.share = NAN};
    bottleneck_find(&f, &v);
    bottleneck_said(&f, l->said, l->said_why, &v);
    pl->bottleneck = v.kind;
    pl->bottleneck_share = v.share;
    copy_str(pl->bottleneck_why, sizeof pl->bottleneck_why, v.why);
}

/* A closed load limited by --max-rate measures the ceiling, not the server: exclude it from
 * curves. */
static void judge_ceiling(const struct pool *p, struct plateau *pl)
{
    double most = p->engine->scenario.limits.max_rate;
    char text[32];
    if (pl->why_not[0] || pl->vars.rate_per_s > 0 || !ceiling_reached(most, pl->throughput_per_s))
        return;
    snprintf(pl->why_not, sizeof pl->why_not, "--max-rate %s/s was the limit",
             format_number(text, sizeof text, most));
}

/* Fewer threads than the point stands for made its load. */
static void judge_hung(const struct pool *p, struct plateau *pl)
{
    unsigned hung = pool_sup(p)->figures->plateaus.now.lights.hung;
    if (hung && !pl->why_not[0])
        snprintf(pl->why_not, sizeof pl->why_not, "%u thread%s hung", hung, hung > 1 ? "s" : "");
}

void lights_judge(const struct pool *p, const struct trend *t, struct plateau *pl)
{
    const struct lights *l = &pool_sup(p)->figures->plateaus.now.lights;
    pl->why_not[0] = pl->caution[0] = '\0';
    pl->cpu_share = l->cpu.n > 0 ? mean_of(&l->cpu) : pool_sup(p)->figures->monitor.busiest_cpu;
    pl->server_cpu_share = mean_of(&l->server);
    pl->answer_share = mean_of(&l->answer);
    pl->light[LIGHT_STEADY] = (struct light){LIGHT_OK, (float)t->drift};
    judge_connections(p, pl);
    judge_generator(p, pl);
    judge_machine(p, pl);
    judge_hits(p, pl);
    judge_whose(p, pl);
    judge_ceiling(p, pl);
    judge_hung(p, pl);
    pl->valid = !pl->why_not[0];
}
