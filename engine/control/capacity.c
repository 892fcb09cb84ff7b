/* See capacity.h. */
#include "engine/control/capacity.h"
#include "engine/state/engine_state.h"
#include "engine/figures/bottleneck.h"
#include "engine/state/pool.h"
#include "engine/base/text.h"
#include "engine/base/quantity.h"
#include "engine/state/pool_figures.h"
#include "engine/figures/plateau.h"
#include "engine/control/change.h"
#include "engine/figures/thresholds.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define HOLD_NS (3 * NS_PER_S)
#define HOLD_EXTEND 10
#define SETTLE_NS (15 * NS_PER_S)
#define OWED_NS (30 * NS_PER_S)
#define OWED_RATE 0.25 /* share of the next rate at which a backlog is drained */
#define GAP 0.02
#define SUSTAINED 0.99
#define NEARLY 0.90
#define START_PER_S 100
#define GROWS 3
#define DISTURBED_MOST 3
#define MISSING_MOST 3
#define BUSY_MOST 0.80

void capacity_begin(struct capacity_search *s, const struct pool *p, uint64_t hold_ns)
{
    double now = pool_sup(p)->load.rate_per_s, most = p->engine->scenario.limits.max_rate;
    if (most > 0 && (s->to <= 0 || s->to > most))
        s->to = most;
    s->hold_ns = hold_ns ? hold_ns : HOLD_NS;
    s->rate = s->from > 0 ? s->from : now > 0 ? now : START_PER_S;
    if (s->to > 0 && s->rate > s->to)
        s->rate = s->to;
    s->phase = CAPACITY_SET;
}

/* The threshold's value within the pool's present period; NaN: not measured. */
static double capacity_measure(const struct pool *p, const struct threshold *t)
{
    const struct period *s = &pool_sup(p)->figures->plateaus.now;
    const struct tally *total = &pool_sup(p)->figures->monitor.total;
    uint64_t bad = total->errors + total->timeouts;
    struct measured m = {.service = &s->service,
                         .response = &s->response,
                         .bad = bad - s->errors_from,
                         .ended = total->completed + bad - s->ended_from,
                         .per_s = period_rate(p)};
    return threshold_measure(t, &m);
}

bool capacity_holds(const struct pool *p, const struct threshold *t)
{
    if (*t->pool && !threshold_is_for(t, p->spec.name, p->number))
        return true;
    double v = capacity_measure(p, t);
    return !isnan(v) && threshold_holds(t, v);
}

/* ---- one probe ---- */

static bool concerns(const struct threshold *t, const struct pool *p)
{
    return !*t->pool || threshold_is_for(t, p->spec.name, p->number);
}

/* Do the thresholds' percentiles have enough samples? */
static bool enough(const struct engine *e, const struct pool *p)
{
    for (unsigned i = 0; i < e->scenario.thresholds; i++) {
        const struct threshold *t = &e->scenario.threshold[i];
        const struct histogram *h = t->service ? &pool_sup(p)->figures->plateaus.now.service
                                               : &pool_sup(p)->figures->plateaus.now.response;
        if (t->metric == METRIC_PERCENTILE && concerns(t, p) &&
            !quantile_is_known(h->count, t->quantile))
            return false;
    }
    return true;
}

static void threshold_words(char *why, size_t size, const struct threshold *t, double v)
{
    char value[32];
    if (isnan(v))
        snprintf(why, size, "%.30s had no figure", t->expr);
    else if (t->metric == METRIC_ERRORS)
        snprintf(why, size, "%.30s was %.2f %%", t->expr, 100 * v);
    else if (t->metric == METRIC_THROUGHPUT)
        snprintf(why, size, "%.30s was %s/s", t->expr, format_number(value, sizeof value, v));
    else
        snprintf(why, size, "%.30s was %.3g ms", t->expr, v / 1e3);
}

/* Did the rate hold? If not, sets why. */
static bool holds(const struct engine *e, const struct pool *p, double rate, char *why, size_t size)
{
    double done = period_rate(p);
    char text[32];
    if (done < SUSTAINED * rate) {
        snprintf(why, size, "only %s/s were done", format_number(text, sizeof text, done));
        return false;
    }
    if (pool_sup(p)->figures->monitor.total.dropped >
        pool_sup(p)->figures->plateaus.now.dropped_from) {
        snprintf(why, size, "starts were dropped");
        return false;
    }
    for (unsigned i = 0; i < e->scenario.thresholds; i++) {
        const struct threshold *t = &e->scenario.threshold[i];
        if (capacity_holds(p, t))
            continue;
        threshold_words(why, size, t, capacity_measure(p, t));
        return false;
    }
    return true;
}

/* Was this machine the bottleneck during the probe? If so, sets why. */
static bool disturbed(const struct engine *e, const struct plateau *at, char *why, size_t size)
{
    double queue = (double)at->light[LIGHT_QUEUE].value;
    bool quota = engine_quota_throttles(e);
    if (at->cpu_share > LIMIT_CPU)
        snprintf(why, size, "loadtop's CPU was at %.0f %%", 100 * at->cpu_share);
    else if (queue > LIMIT_QUEUE)
        snprintf(why, size,
                 quota ? "the CPU quota held threads back %.0f %% of the time"
                       : "threads waited %.0f %% of the time for a CPU",
                 100 * queue);
    else
        return false;
    return true;
}

static struct capacity_rate *tried(struct capacity_search *s)
{
    for (unsigned i = 0; i < s->rates; i++)
        if (fabs(s->tried[i].rate - s->rate) <= 1e-9 * s->rate)
            return &s->tried[i];
    struct capacity_rate *r = &s->tried[s->rates++]; /* a probe adds at most one rate */
    *r = (struct capacity_rate){.rate = s->rate};
    return r;
}

/* Used share of the pool's clients (and their depth). */
static double busy_share(const struct plateau *at)
{
    double slots = (double)at->vars.threads * at->vars.clients * at->vars.depth;
    return slots > 0 ? at->in_flight / slots : NAN;
}

/* Was the probe carried by fewer connections than are wanted, or by a part of the target? Then it says
 * nothing about the rate. */
static bool lacked_connections(struct capacity_rate *r, const struct plateau *at)
{
    if (at->light[LIGHT_CONNECTIONS].state != LIGHT_BAD)
        return false;
    copy_str(r->why, sizeof r->why, at->why_not); /* it is the first of the lights */
    r->missing++;
    return true;
}

/* Records the result of a finished probe for its rate. `fell_behind`: starts fell behind before
 * measuring began. */
static void vote(const struct engine *e, struct capacity_search *s, struct pool *p,
                 bool fell_behind)
{
    struct capacity_rate *r = tried(s);
    struct plateau at;
    char client[56];
    period_describe(p, &at, pool_sup(p)->figures->plateaus.now.last_s);
    if (lacked_connections(r, &at))
        return;
    if (!fell_behind && holds(e, p, s->rate, r->why, sizeof r->why)) {
        if (enough(e, p))
            r->sustained++;
        else
            r->unjudged++;
        r->busy = busy_share(&at);
        for (unsigned i = 0; i < e->scenario.thresholds; i++)
            r->value[i] = capacity_measure(p, &e->scenario.threshold[i]);
        return;
    }
    if (fell_behind)
        snprintf(r->why, sizeof r->why, "starts fell ever further behind");
    if (disturbed(e, &at, client, sizeof client)) {
        r->disturbed++;
        r->broke += r->disturbed >= DISTURBED_MOST ? DISTURBED_MOST : 0;
        copy_str(r->why, sizeof r->why, client);
        return;
    }
    r->broke++;
}

/* ---- the search ---- */

static const struct capacity_rate *lowest_broken(const struct capacity_search *s)
{
    const struct capacity_rate *found = NULL;
    for (unsigned i = 0; i < s->rates; i++) {
        const struct capacity_rate *r = &s->tried[i];
        if (r->broke > r->sustained && (!found || r->rate < found->rate))
            found = r;
    }
    return found;
}

static const struct capacity_rate *highest_sustained(const struct capacity_search *s, double below)
{
    const struct capacity_rate *found = NULL;
    for (unsigned i = 0; i < s->rates; i++) {
        const struct capacity_rate *r = &s->tried[i];
        bool sustained = r->sustained > r->broke || (r->unjudged > 0 && r->broke == 0);
        if (sustained && r->rate < below && (!found || r->rate > found->rate))
            found = r;
    }
    return found;
}

static void say_known(struct capacity_search *s, const struct capacity_rate *best,
                      const struct capacity_rate *broken, const char *how)
{
    struct capacity *c = &s->found;
    char rate[32], edge[32];
    c->rate_per_s = c->low = best->rate;
    memcpy(s->value, best->value, sizeof s->value);
    format_number(rate, sizeof rate, best->rate);
    if (!broken) {
        c->limited_by = CAPACITY_BOUND;
        snprintf(c->why, sizeof c->why, "no higher rate was tried: %s", how);
        snprintf(s->why, sizeof s->why, "at least %s/s: %s", rate, how);
    } else if (broken->disturbed >= DISTURBED_MOST) {
        c->limited_by = CAPACITY_MACHINE;
        copy_str(c->why, sizeof c->why, broken->why);
        snprintf(s->why, sizeof s->why, "at least %s/s: then this machine was the limit (%s)", rate,
                 broken->why);
    } else {
        c->high = broken->rate;
        c->limited_by = best->busy > BUSY_MOST ? CAPACITY_CLIENTS : CAPACITY_SERVER;
        copy_str(c->why, sizeof c->why, broken->why);
        snprintf(s->why, sizeof s->why, "%s: %s/s; at %s/s %s", how, rate,
                 format_number(edge, sizeof edge, broken->rate), broken->why);
    }
}

/* Ends the search with the results so far. */
static bool over(struct capacity_search *s, const char *how)
{
    const struct capacity_rate *broken = lowest_broken(s),
                               *best = highest_sustained(s, broken ? broken->rate : INFINITY);
    struct capacity *c = &s->found;
    char rate[32];
    *c = (struct capacity){.high = NAN, .rate_per_s = NAN, .low = NAN};
    c->known = best && best->sustained > 0;
    if (!c->known && best) {
        snprintf(s->why, sizeof s->why, "%s: too few operations at %s/s to judge by (hold=T)", how,
                 format_number(rate, sizeof rate, best->rate));
        return true;
    }
    if (!c->known) {
        snprintf(s->why, sizeof s->why,
                 broken ? "%s: no rate held; at %s/s %s" : "%s: no rate held", how,
                 format_number(rate, sizeof rate, broken ? broken->rate : s->rate),
                 broken ? broken->why : "");
        return true;
    }
    say_known(s, best, broken, how);
    return true;
}

static bool undecided(const struct capacity_rate *r)
{
    if (r->missing && !r->sustained && !r->unjudged && !r->broke)
        return true;
    if (r->disturbed && r->disturbed < DISTURBED_MOST && r->broke <= r->sustained && !r->sustained)
        return true;
    return r->broke && (r->broke == r->sustained || (r->broke == 1 && !r->sustained));
}

/* Chooses the next rate after a probe. True when the search is over. */
static bool judged(struct capacity_search *s)
{
    const struct capacity_rate *now = tried(s), *broken = lowest_broken(s),
                               *best = highest_sustained(s, broken ? broken->rate : INFINITY);
    s->phase = CAPACITY_SET;
    if (++s->probes >= CAPACITY_PROBES_MOST)
        return over(s, "given up after 60 probes");
    if (now->missing >= MISSING_MOST)
        return over(s, now->why);
    if (undecided(now))
        return false;
    if (!broken) {
        if (s->to > 0 && s->rate >= s->to)
            return over(s, "the highest rate allowed holds");
        s->rate *= 2;
    } else if (!best) {
        s->rate = broken->rate / 2;
        if (s->rate < 1)
            return over(s, "given up");
    } else if (broken->rate / best->rate > 1 + GAP) {
        s->rate = (best->rate + broken->rate) / 2;
    } else if (best->sustained + best->unjudged < 2) {
        s->rate = best->rate;
    } else if (broken->broke < 2) {
        s->rate = broken->rate;
    } else {
        return over(s, "found");
    }
    if (s->to > 0 && s->rate > s->to)
        s->rate = s->to;
    return false;
}

static bool set_rate(struct engine *e, struct capacity_search *s, struct pool *p, double rate,
                     enum capacity_phase phase, uint64_t now_ns)
{
    struct command c = {.verb = VERB_RATE, .kind = AMOUNT_SET, .amount = rate};
    char text[32];
    struct err err = {0};
    copy_str(c.pool, sizeof c.pool, p->spec.name);
    int code = execute_step(e, p, &c, &err);
    snprintf(s->now, sizeof s->now, "rate %s/s%s", format_number(text, sizeof text, rate),
             phase == CAPACITY_DRAIN ? ", until what is owed has drained" : "");
    s->phase = phase;
    s->phase_ns = now_ns;
    s->growing = 0;
    s->last_lag = 0;
    return code == 0;
}

/* Were starts of the last second later than short-term queueing explains? */
static bool owes(const struct pool *p)
{
    return pool_sup(p)->figures->monitor.last_lag.q[Q_P50] >
           fmax(5e6, 2 * pool_sup(p)->figures->monitor.last_service.q[Q_P50]);
}

static bool begin_probe(struct engine *e, struct capacity_search *s, struct pool *p,
                        uint64_t now_ns)
{
    if (set_rate(e, s, p, s->rate, CAPACITY_SETTLE, now_ns))
        return false;
    return over(s, "the ceiling is reached");
}

/* Waits until the backlog has drained and the new rate is in effect. True when the probe has failed
 * already: starts fall further and further behind. */
static bool settle(struct capacity_search *s, struct pool *p, double now_s, uint64_t now_ns)
{
    uint64_t elapsed = now_ns - s->phase_ns;
    double lag = pool_sup(p)->figures->monitor.last_lag.q[Q_P50];
    if (elapsed < NS_PER_S + (uint64_t)s->growing * NS_PER_S)
        return false;
    if (!owes(p) || elapsed > SETTLE_NS) {
        plateau_restart(p, now_s);
        s->phase = CAPACITY_WATCH;
        s->phase_ns = now_ns;
        return false;
    }
    s->growing = lag > s->last_lag ? s->growing + 1 : 1;
    s->last_lag = lag;
    return s->growing > GROWS;
}

bool capacity_tick(struct engine *e, struct capacity_search *s, struct pool *p, uint64_t now_ns)
{
    uint64_t elapsed = now_ns - s->phase_ns;
    switch (s->phase) {
    case CAPACITY_SET:
        if (s->probes == 0 || !owes(p))
            return begin_probe(e, s, p, now_ns);
        if (!set_rate(e, s, p, OWED_RATE * s->rate, CAPACITY_DRAIN, now_ns))
            return over(s, "the rate could not be set");
        return false;
    case CAPACITY_DRAIN:
        if (elapsed < NS_PER_S || (owes(p) && elapsed < OWED_NS))
            return false;
        return begin_probe(e, s, p, now_ns);
    case CAPACITY_SETTLE:
        if (!settle(s, p, engine_seconds(e, now_ns), now_ns))
            return false;
        vote(e, s, p, true);
        return judged(s);
    case CAPACITY_WATCH:
        break;
    }
    if (elapsed < s->hold_ns + 300 * NS_PER_MS ||
        (elapsed < HOLD_EXTEND * s->hold_ns && !enough(e, p) && period_rate(p) > NEARLY * s->rate))
        return false;
    vote(e, s, p, false);
    return judged(s);
}
