/* Runs a script (scripted.h) on virtual time, and checks all counts and lists of a worker after
 * each of its turns (engine_check.h). To be included in one file of a test program, which must be
 * linked with LINKER:--wrap=worker_turn. */
#ifndef LOADTOP_TESTS_SCRIPTED_RUN_H
#define LOADTOP_TESTS_SCRIPTED_RUN_H

#include "engine/backend.h"

static const struct backend *scripted_backends[];
#define VIRTUAL_BACKENDS scripted_backends
#include "virtual_run.h"

#include "engine/base/err.h"
#include "engine/base/role.h"
#include "engine/base/text.h"
#include "engine/config/command.h"
#include "engine/config/scenario.h"
#include "engine/engine.h"
#include "engine/load/worker_state.h"
#include "engine/load/workers.h"
#include "engine/os/loop.h"
#include "engine/state/engine_state.h"
#include "engine/state/pool.h"
#include "engine/state/snapshot.h"
#include "engine/stats/generate.h"
#include "tests/unit/engine_check.h"
#include "tests/unit/scripted.h"

#include <stdio.h>
#include <string.h>

#define MS NS_PER_MS
#define S NS_PER_S

static const struct backend *scripted_backends[] = {NULL, NULL};

/* ---- what holds after each turn ---- */

static char wrong[320]; /* the first thing that did not hold; "": all did */
static uint64_t turns;

/* Sums over all workers that there ever were. */
static struct tally sum(const struct pool *p)
{
    struct tally t = {0};
    for (unsigned i = 0; i < pool_sup(p)->workers; i++) {
        const struct tally *w = &pool_sup(p)->worker[i]->worker->tally;
        t.offered += w->offered + w->warm_offered;
        t.completed += w->completed + w->warm_completed;
        t.errors += w->errors + w->warm_errors;
        t.timeouts += w->timeouts + w->warm_timeouts;
        t.in_flight += w->in_flight + w->warm_in_flight;
        t.dropped += w->dropped + w->warm_dropped;
        t.batches += w->batches;
    }
    return t;
}

static bool any_frozen(const struct pool *p)
{
    for (unsigned i = 0; i < pool_sup(p)->workers; i++)
        if (pool_sup(p)->worker[i]->worker->frozen)
            return true;
    return false;
}

/* Against what the script knows that it told. An answer after a timeout is told and not counted. */
static const char *check_told(const struct pool *p)
{
    struct tally t = sum(p);
    const struct scripted *s = &scripted;
    if (t.offered != t.dropped + s->accepted + s->received + s->received_errors)
        return "offered is not what was submitted";
    if (any_frozen(p))
        return NULL;
    if (t.completed > s->done + s->received || t.completed + t.timeouts < s->done + s->received)
        return "completed is not what was told done";
    if (t.errors + t.timeouts < s->failed + s->received_errors)
        return "errors are fewer than were told";
    return !s->lost && !s->timeouts && !t.timeouts && t.errors != s->failed + s->received_errors
               ? "errors are not what was told"
               : NULL;
}

static const char *check_pending(const struct worker *w)
{
    for (uint32_t g = 0; g < 8; g++)
        for (unsigned i = 0; i < 64; i++) {
            const struct conn *c = worker_conn(w, g, i);
            if (c && c->requests != scripted_pending(c))
                return "a connection does not carry what the script has in its hands";
        }
    return scripted.disturbed ? "a request that needs a connection alone was not alone"
           : scripted.astray  ? "a request went to another group than the one named"
                              : NULL;
}

bool __real_worker_turn(struct worker *);
bool __wrap_worker_turn(struct worker *);
bool __wrap_worker_turn(struct worker *w)
{
    char why[200];
    bool more = __real_worker_turn(w);
    turns++;
    if (*wrong)
        return more;
    struct roles before = roles_set((struct roles){.mask = ROLE_SUPERVISOR});
    const char *found = engine_check_worker(w, why, sizeof why);
    if (!found)
        found = engine_check_pool(worker_pool(w), why, sizeof why);
    if (!found)
        found = check_pending(w);
    if (!found)
        found = check_told(worker_pool(w));
    if (found)
        snprintf(wrong, sizeof wrong, "after %.6f s, worker %u: %s",
                 (double)(loop_now(worker_loop(w)) - w->started_ns) / 1e9, worker_index(w), found);
    roles_set(before);
    return more;
}

/* ---- a run ---- */

struct run {
    struct scenario scenario;
    struct engine *engine;
    uint64_t now;
};

__attribute__((unused)) static void begin_limited(struct run *r, const struct script *script,
                                                  const char *query, double max_rate)
{
    char url[320];
    snprintf(url, sizeof url, "scripted:?%s", query);
    const char *const urls[] = {url, NULL};
    *wrong = 0;
    r->now = 0;
    scripted_backends[0] = scripted_use(script);
    virtual_scenario(&r->scenario, urls);
    r->scenario.limits.max_rate = max_rate;
    r->engine = virtual_begin(&r->scenario);
}

__attribute__((unused)) static void begin(struct run *r, const struct script *script,
                                          const char *query)
{
    begin_limited(r, script, query, 0);
}

__attribute__((unused)) static void step(struct run *r, uint64_t by_ns)
{
    engine_step(r->engine, r->now += by_ns);
    if (*wrong)
        fail_msg("%s", wrong);
}

__attribute__((unused)) static void send(struct run *r, const char *command)
{
    struct err err = {0};
    if (engine_send_text(r->engine, command, BY_COMMAND, &err) < 0)
        fail_msg("%s: %s", command, err.msg);
}

/* The sums at this moment. */
__attribute__((unused)) static struct tally counts(const struct run *r)
{
    return sum(engine_sup(r->engine)->pool[0]);
}

/* Drains. What is over is given back: the counts at the end. */
__attribute__((unused)) static struct tally end(struct run *r)
{
    engine_end(r->engine, END_DRAIN, END_BY_USER);
    step(r, 20 * S);
    struct tally t = counts(r);
    assert_true(engine_sup(r->engine)->ended);
    virtual_end(r->engine, &r->scenario);
    return t;
}

#define STEPS(...)                                                                                 \
    .step = (const struct script_step[]){__VA_ARGS__},                                             \
    .steps = sizeof((const struct script_step[]){__VA_ARGS__}) / sizeof(struct script_step)
#define OPENINGS(...)                                                                              \
    .opening = (const struct script_opening[]){__VA_ARGS__},                                       \
    .openings =                                                                                    \
        sizeof((const struct script_opening[]){__VA_ARGS__}) / sizeof(struct script_opening)

/* Runs a script with a load for a second, drains, and returns the counts at the end. */
__attribute__((unused)) static struct tally play(const struct script *script, const char *query)
{
    struct run r;
    begin(&r, script, query);
    step(&r, S);
    return end(&r);
}

#endif
