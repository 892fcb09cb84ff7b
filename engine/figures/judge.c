/* Evaluates a pool's figures: the bottleneck, and whether they can be trusted, in words. */
#include "engine/figures/judge.h"

#include "engine/state/engine_state.h"
#include "engine/figures/bottleneck.h"
#include "engine/state/pool.h"
#include "engine/base/text.h"
#include "engine/state/pool_figures.h"
#include "engine/figures/monitor.h"
#include "engine/figures/plateau.h"
#include "engine/load/workers.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#define COARSE_BULK 0.02 /* of the operations of a second */

/* For a finished run: the share of its threads' time in which they were neither waiting for answers
 * nor idle. Larger than their CPU share if other programs took CPU. */
static double busy_of_run(const struct pool_snapshot *s)
{
    return 1 - s->run_wait_share - s->run_idle_share;
}

/* The same share, computed from CPU time. Unknown on virtual time and for threads that hang. */
static double cpu_of_run(const struct pool_snapshot *s)
{
    return isnan(s->run_cpu_share) ? busy_of_run(s) : s->run_cpu_share;
}

/* Share of its time in which the thread that waited most for a CPU did so. */
static double queued_of_run(const struct monitor *m)
{
    return m->queued_n > 0 ? m->queued_sum / m->queued_n : NAN;
}

/* The rate that is compared with --max-rate: of the last second, or since the last change where a
 * bulk is a good part of what the ceiling allows in a second, so that some seconds have one less
 * than others. */
static double rate_now(const struct pool *p, const struct pool_snapshot *s)
{
    double most = p->engine->scenario.limits.max_rate, mean = period_rate(p);
    bool coarse = most > 0 && s->load.rate_per_s <= 0 && pool_bulk(p) > COARSE_BULK * most;
    return coarse && mean > 0 ? mean : s->now_per_s;
}

/* The share of the loaded time in which connections or parts of the target were missing. */
static double missing_share(const struct pool *p, const struct pool_snapshot *s)
{
    double lasted = (double)pool_sup(p)->shortage.lasted_ns / 1e9;
    return s->loaded_s > 0 ? fmin(1, lasted / s->loaded_s) : NAN;
}

/* What is missing now, or was for too long in a run that is over: "9 of 50 connections up:
 * maxclients". NULL: nothing. */
static const char *missing(const struct pool *p, const struct pool_snapshot *s, char *buf,
                           size_t size)
{
    const struct shortage *gone = &pool_sup(p)->shortage;
    if (s->state == POOL_ENDED)
        return missing_share(p, s) > LIMIT_SHORT ? gone->worst : NULL;
    if (!gone->since_ns || !gone->missing)
        return NULL;
    text_append(buf, size, 0, "%s up%s%s", gone->what, gone->cause[0] ? ": " : "", gone->cause);
    return buf;
}

void judge_bottleneck(const struct pool *p, struct pool_snapshot *s)
{
    char words[128];
    const struct monitor *m = &pool_sup(p)->figures->monitor;
    bool over = s->state == POOL_ENDED;
    double wait = over ? s->run_wait_share : m->now_wait;
    double idle = over ? s->run_idle_share : m->now_idle;
    double mean = over ? s->service.mean : m->last_service.mean;
    struct bottleneck_facts f = {
        .cpu = over ? cpu_of_run(s) : m->busiest_cpu,
        .wait = m->total.completed ? wait : NAN,
        .idle = idle,
        .server = s->server.server_cpu_share,
        .cores = s->server.server_cores,
        .answer = s->server.answer_share,
        .rtt_share =
            s->server.rtt_ns > 0 && !s->local && mean > 0 ? (double)s->server.rtt_ns / mean : NAN,
        .rate = over ? s->throughput_per_s : rate_now(p, s),
        .rate_asked = s->load.rate_per_s,
        .rate_most = p->engine->scenario.limits.max_rate,
        .random_s = s->load.arrival == ARRIVAL_POISSON ? (over ? s->loaded_s : 1) : 0,
        .thinks = s->load.think_ns > 0,
        .local = s->local,
        .queued = over ? queued_of_run(m) : m->queued,
        .quota = engine_quota_throttles(p->engine),
        .missing = missing(p, s, words, sizeof words),
    };
    struct bottleneck_verdict v = {.share = NAN};
    bottleneck_find(&f, &v);
    if (!isnan(f.wait))
        bottleneck_said(&f, s->server.bottleneck, s->server.bottleneck_why, &v);
    s->bottleneck = v.kind;
    s->bottleneck_share = v.share;
    copy_str(s->bottleneck_why, sizeof s->bottleneck_why, v.why);
}

static struct check *add_check(struct pool_snapshot *s, enum check_id id, double value, double most,
                               bool known)
{
    struct check *c = &s->check[s->checks++];
    c->id = id;
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

/* What a thread that hangs (or hung) does to the figures. */
static void say_hang(const struct pool *p, const struct pool_snapshot *s, struct check *c)
{
    unsigned now = s->threads_stuck, hangs = pool_sup(p)->hangs;
    if (now && s->state == POOL_ENDED)
        snprintf(c->why, sizeof c->why,
                 "%u thread%s hung to the end: what it did, and what was due there, is not known",
                 now, now > 1 ? "s" : "");
    else if (now)
        snprintf(c->why, sizeof c->why,
                 "%u of %u threads hang%s: what %s in flight is neither sent nor counted", now,
                 s->threads_running + now, now > 1 ? "" : "s", now > 1 ? "they have" : "it has");
    else
        snprintf(c->why, sizeof c->why,
                 "a thread hung %u time%s for %d s or longer: its latencies include it", hangs,
                 hangs > 1 ? "s" : "", HANGS_AFTER_S);
}

/* Compares both sides of the accounting. Once the pool has ended nothing is still due, except for
 * threads that hang and could not report. A thread that hung makes it fail for good: neither its
 * counts nor its times are those of the load that was asked for. */
static void judge_account(const struct pool *p, struct pool_snapshot *s, const struct tally *t)
{
    double off = (double)t->offered -
                 (double)(t->completed + t->errors + t->timeouts + t->in_flight + t->dropped);
    double lost = (double)t->due -
                  (double)(t->scheduled + t->not_started + t->warm_not_started + t->still_due);
    bool ended = s->state == POOL_ENDED;
    double left = ended ? (double)t->still_due : 0;
    unsigned hung = pool_sup(p)->hangs;
    struct check *c = add_check(
        s, CHECK_ACCOUNTING, fabs(off) + fabs(lost) + left + hung + (double)t->miscounted, 0, true);
    if (c->ok)
        return;
    if (off < 0 || off > 0)
        snprintf(c->why, sizeof c->why,
                 "offered differs from its parts by %.0f: please report this", off);
    else if (hung)
        say_hang(p, s, c);
    else if (left > 0)
        snprintf(c->why, sizeof c->why,
                 "nobody says what became of %.0f starts that were due: please report this", left);
    else
        snprintf(c->why, sizeof c->why,
                 "what the schedule made due differs from what became of it by %.0f, or did for a "
                 "while: please report this",
                 lost);
}

/* The share of the loaded time in which connections or parts of the target were missing; all of it
 * while a part of them carries the load now. */
static void judge_connections(const struct pool *p, struct pool_snapshot *s)
{
    const struct shortage *gone = &pool_sup(p)->shortage;
    double lasted = (double)gone->lasted_ns / 1e9, share = missing_share(p, s);
    bool now = gone->lasting && s->state != POOL_DOWN;
    struct check *c =
        add_check(s, CHECK_CONNECTIONS, now ? 1 : share, LIMIT_SHORT, gone->wanted > 0);
    if (c->ok)
        return;
    if (now)
        snprintf(c->why, sizeof c->why, "%s up%s%s: fewer carry this load than it says", gone->what,
                 gone->cause[0] ? ": " : "", gone->cause);
    else
        snprintf(c->why, sizeof c->why,
                 "not all was up for %.1f s (%.0f %%, limit %.0f): at worst %s", lasted,
                 100 * share, 100 * c->limit, gone->worst);
}

/* What was not sent, and what waited for its answer to be read, is in no other check: the threads
 * neither ran nor waited for a CPU. Not known where the kernel does not tell how long they did. */
static void judge_standstill(const struct pool *p, struct pool_snapshot *s)
{
    bool looked = engine_sup(p->engine)->standstill.ready_ns != 0;
    double stood_s = pool_sup(p)->stood_s;
    struct check *c = add_check(s, CHECK_STANDSTILL, stood_s, 0, looked || stood_s > 0);
    if (!c->ok)
        snprintf(c->why, sizeof c->why,
                 "the generator stood still for %.1f s (stopped, frozen, or the machine slept): "
                 "latencies include it, and nothing was sent",
                 c->value);
}

void judge_validity(const struct pool *p, struct pool_snapshot *s)
{
    const struct monitor *m = &pool_sup(p)->figures->monitor;
    const struct tally *t = &m->total;
    s->checks = 0;
    double bad = (double)(t->errors + t->timeouts), all = bad + (double)t->completed;
    /* Seconds must be long enough for requests in flight at their ends not to matter; errors are
     * not in R. */
    bool little = m->littles >= 3 && m->little_r < 0.5 && all > 0 && bad / all < 0.01;
    struct check *c = add_check(s, CHECK_LITTLE, little_gap(m), LIMIT_LITTLE, little);
    if (!c->ok)
        snprintf(c->why, sizeof c->why,
                 "N and X R differ by %.1f %% (limit %.0f %%): times or counts are wrong",
                 100 * c->value, 100 * c->limit);
    bool over = s->state == POOL_ENDED;
    double cpu = over ? fmax(cpu_of_run(s), busy_of_run(s)) : m->busiest_cpu;
    c = add_check(s, CHECK_GENERATOR_CPU, cpu, LIMIT_CPU, over || s->state == POOL_LOADING);
    if (!c->ok)
        snprintf(c->why, sizeof c->why,
                 over && cpu_of_run(s) < LIMIT_CPU
                     ? "generator busy %.0f %% of its time (limit %.0f): this is our "
                       "limit, not the target's"
                     : "generator CPU %.0f %% (limit %.0f): this is our limit, not the target's",
                 100 * c->value, 100 * c->limit);
    c = add_check(s, CHECK_CPU_WAIT, over ? queued_of_run(m) : m->queued, LIMIT_QUEUE,
                  over || s->state == POOL_LOADING);
    if (!c->ok)
        snprintf(
            c->why, sizeof c->why,
            "threads waited %.0f %% of the time for a CPU (limit %.0f)%s: latencies include it",
            100 * c->value, 100 * c->limit, engine_quota_words(p->engine));
    double lag_most = monitor_lag_limit_ns(m);
    c = add_check(s, CHECK_SCHEDULE_LAG, m->last_lag.q[Q_P99] / 1e3, lag_most / 1e3,
                  m->last_lag.count > 0);
    if (!c->ok)
        snprintf(c->why, sizeof c->why,
                 "starts were %.1f ms late (p99): no client free, or no CPU; response time has it",
                 c->value / 1e3);
    c = add_check(s, CHECK_DROPPED, (double)t->dropped, 0, t->offered > 0);
    if (!c->ok)
        snprintf(c->why, sizeof c->why, "%.0f starts were dropped (%.3g %%): the rate was not met",
                 c->value, 100 * c->value / (double)t->offered);
    judge_account(p, s, t);
    judge_connections(p, s);
    judge_standstill(p, s);
    s->valid = true;
    for (unsigned i = 0; i < s->checks; i++)
        s->valid = s->valid && s->check[i].ok;
}
