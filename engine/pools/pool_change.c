/* Changes of a pool: settings, pause and end; and which rules of the run apply to it. */
#include "engine/pools/pool_change.h"

#include "engine/backend.h"
#include "engine/base/err.h"
#include "engine/pools/connected.h"
#include "engine/state/engine_state.h"
#include "engine/figures/events.h"
#include "engine/config/limits.h"
#include "engine/figures/plateau.h"
#include "engine/state/pool.h"
#include "engine/state/pool_figures.h"
#include "engine/base/text.h"
#include "engine/load/workers.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *pool_run_id(const struct pool *p)
{
    return p->engine->run_id;
}

bool pool_allow_destructive(const struct pool *p)
{
    return p->engine->scenario.limits.allow_destructive;
}

bool pool_inspects_only(const struct pool *p)
{
    return p->engine->scenario.limits.inspect_only || atomic_load(&p->atomic.inspecting);
}

bool pool_read_only(const struct pool *p)
{
    return p->engine->scenario.limits.read_only || pool_inspects_only(p);
}

void pool_event(struct pool *p, const char *fmt, ...)
{
    char text[192];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    engine_event(p->engine, p, EVENT_SERVER, "", text, BY_SERVER);
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > NS_NEVER - b ? NS_NEVER : a + b;
}

/* When --max-time ends the pool in any state: counted from the run's start; the default for remote
 * targets counts from the pool's start. NS_NEVER: never. */
uint64_t pool_last_moment(const struct pool *p)
{
    const struct pool_supervised *sup = pool_sup(p);
    const struct limits *limits = &p->engine->scenario.limits;
    uint64_t most = limits_time_ns(limits, sup->local);
    if (limits->max_time_ns && most == limits->max_time_ns)
        return later(p->engine->start_ns, most);
    return most && sup->load_from_ns ? later(sup->load_from_ns, most) : NS_NEVER;
}

void pool_publish_settings(struct pool *p)
{
    struct pool_supervised *sup = pool_sup(p);
    const struct limits *limits = &p->engine->scenario.limits;
    uint64_t duration = p->spec.duration_ns, last = pool_last_moment(p);
    struct pool_shared *shared = pool_lock(p);
    struct settings *s = &shared->settings;
    struct load before = s->load;
    s->load = sup->load;
    bool pending = !sup->ops_known;
    /* the weights are set by pool_set_ops, and checked against its table when the pool is open */
    if (pending)
        memcpy(s->load.weight, before.weight, sizeof before.weight);
    s->load.depth = pool_depth(p);
    unsigned forbidden = atomic_load(&p->atomic.forbidden);
    for (unsigned i = 0; !pending && i < OPS_MAX && sup->op_types[i].name; i++)
        if ((limits->read_only && !sup->op_types[i].reads) || (forbidden & 1U << i))
            s->load.weight[i] = 0;
    s->workers = sup->load.threads ? sup->load.threads : 1;
    s->paused = sup->paused;
    s->cap_per_s = s->load.rate_per_s > 0 ? 0 : limits->max_rate / s->workers;
    s->counted = p->spec.count > 0;
    s->bounded = atomic_load(&p->atomic.bytes_bounded);
    s->timeout_ns = p->spec.timeout_ns;
    s->reopen_epoch = sup->reopen_epoch;
    s->record_from_ns = later(sup->load_from_ns, p->spec.warmup_ns);
    s->end_ns = duration ? later(s->record_from_ns, duration) : NS_NEVER;
    if (s->end_ns > last)
        s->end_ns = last;
    uint64_t version = s->version = atomic_load(&p->atomic.version) + 1;
    sup->end_ns = s->end_ns;
    sup->record_from_ns = s->record_from_ns;
    pool_unlock(p);
    atomic_store_explicit(&p->atomic.version, version, memory_order_release);
    pool_wake_workers(p);
}

const char *pool_end_words(const struct pool *p)
{
    const struct pool_supervised *sup = pool_sup(p);
    return sup->failed.msg[0] ? sup->failed.msg : end_reason_name(sup->ended_by);
}

void pool_finish(struct pool *p, enum end_reason by, enum worker_order order, uint64_t now_ns)
{
    struct pool_supervised *sup = pool_sup(p);
    if (sup->state == POOL_ENDED)
        return;
    if (sup->wanted)
        connected_end(p, now_ns);
    if (!sup->finishing) {
        sup->finishing = true;
        sup->wanted = false;
        sup->ended_by = by;
        sup->load_until_ns = now_ns;
        pool_note_pause(p, false, now_ns);
    }
    pool_order_all(p, order);
    pool_set_state(p, pool_alive(p) ? POOL_DRAINING : POOL_ENDED, now_ns, "%s", pool_end_words(p));
}

void pool_forbid(struct pool *p, unsigned type, const char *why)
{
    if (type >= OPS_MAX)
        return;
    struct pool_shared *shared = pool_lock(p);
    copy_str(shared->forbidden_why, sizeof shared->forbidden_why, why);
    pool_unlock(p);
    atomic_fetch_or(&p->atomic.forbidden, 1U << type);
}

int pool_forbids(struct pool *p, const double weight[OPS_MAX], struct err *err)
{
    const struct op_type *ops = pool_sup(p)->op_types;
    unsigned forbidden = atomic_load(&p->atomic.forbidden);
    for (unsigned i = 0; i < OPS_MAX && ops[i].name; i++) {
        if (!(forbidden & 1U << i) || weight[i] <= 0)
            continue;
        struct pool_shared *shared = pool_lock(p);
        err_set(err, ERR_REFUSED, "%s: %s %s", p->spec.target.shown, ops[i].name,
                shared->forbidden_why);
        pool_unlock(p);
        return ERR_REFUSED;
    }
    return 0;
}

void pool_changed(struct engine *e, struct pool *p, enum event_kind kind, const char *what,
                  const char *from, const char *to, enum origin by)
{
    pool_sup(p)->changes++;
    pool_sup(p)->figures->monitor.resized_in_second = true;
    plateau_restart(p, engine_seconds(e, engine_now(e)));
    if (kind == EVENT_CHANGE)
        engine_event_change(e, p, what, from, to, by);
    else
        engine_event(e, p, kind, from, to, by);
}

void pool_end_ramps(struct pool *p)
{
    for (unsigned i = 0; i < RAMPS; i++)
        pool_sup(p)->ramp[i].on = false;
}

int pool_pause(struct pool *p, bool paused, enum origin by, struct err *err)
{
    struct pool_supervised *sup = pool_sup(p);
    struct engine *e = p->engine;
    uint64_t now = engine_now(e);
    if (paused)
        pool_end_ramps(p);
    if (!sup->wanted || sup->paused == paused)
        return 0;
    if (!paused && sup->awaiting_consent) { /* only the user's consent ends that: execute_consent */
        static const char why[] =
            "nobody has said yes to its first load yet: select it and press p";
        engine_say(e, "%s: %s", p->spec.name, why);
        engine_event(e, p, EVENT_REFUSED, "resume", why, by);
        return err_set(err, ERR_REFUSED, "%s: %s", p->spec.name, why);
    }
    sup->paused = paused;
    if (!paused) { /* after a resume the user knows why the overloaded target paused the pool */
        sup->resumed_ns = sup->strained ? now : 0;
        sup->strained = false;
    }
    if (sup->load_from_ns) {
        pool_publish_settings(p);
        pool_note_pause(p, paused, now);
        pool_set_state(p, paused ? POOL_PAUSED : POOL_LOADING, now, "%s", "");
    }
    pool_changed(e, p, paused ? EVENT_PAUSE : EVENT_RESUME, NULL, "", "", by);
    return 0;
}
