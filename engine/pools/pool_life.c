/* The supervisor's part of a pool: creation, state and end. Its thread for blocking calls is in
 * pool_thread.c. */
#include "engine/pools/pool_life.h"

#include "engine/state/pool.h"
#include "engine/base/role.h"
#include "engine/pools/guard.h"
#include "engine/pools/protect.h"
#include "engine/state/engine_state.h"
#include "engine/state/pool_figures.h"
#include "engine/figures/monitor.h"
#include "engine/figures/plateau.h"
#include "engine/pools/ceilings.h"
#include "engine/pools/connected.h"
#include "engine/figures/events.h"
#include "engine/pools/pool_change.h"
#include "engine/pools/pool_thread.h"
#include "engine/pools/pool_workers.h"
#include "engine/pools/room.h"
#include "engine/state/snapshot_store.h"
#include "engine/load/worker.h"
#include "engine/load/workers.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* ---- creation and end ---- */

static struct pool_figures *figures_new(void)
{
    struct pool_figures *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    if (monitor_init(&f->monitor) == 0) {
        if (plateaus_init(&f->plateaus) == 0)
            return f;
        monitor_fini(&f->monitor);
    }
    free(f);
    return NULL;
}

static void figures_free(struct pool_figures *f)
{
    if (!f)
        return;
    monitor_fini(&f->monitor);
    plateaus_fini(&f->plateaus);
    free(f);
}

struct pool *pool_new(struct engine *e, unsigned number, const struct pool_spec *spec,
                      struct err *err)
{
    struct pool *p = calloc(1, sizeof *p);
    struct pool_figures *figures = figures_new();
    if (!p || !figures) {
        figures_free(figures);
        free(p);
        err_set(err, ERR_FAILED, "%s: out of memory", spec->name);
        return NULL;
    }
    struct pool_supervised *sup = pool_sup(p);
    sup->figures = figures;
    p->engine = e;
    p->engine_fd = e->wake_fd;
    p->number = number;
    pool_spec_copy(&p->spec, spec);
    sup->load = spec->load;
    sup->op_types = spec->op_types;
    sup->ops_known = !spec->ops_pending;
    sup->local = target_is_local(&p->spec.target);
    atomic_store(&p->atomic.remote, !sup->local);
    p->data = calloc(1, spec->backend->pool_size + 1);
    p->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&p->lock, NULL);
    sup->state = POOL_OPENING;
    sup->state_since_ns = engine_now(e);
    sup->wanted = true;
    atomic_store(&p->atomic.lag_limit_ns, (uint64_t)monitor_lag_limit_ns(&sup->figures->monitor));
    atomic_store(&p->atomic.budget, spec->count ? (int64_t)spec->count : INT64_MAX / 2);
    guard_init(p);
    struct pool_shared *shared = pool_lock(p);
    shared->stats = stats_unknown();
    shared->settings.load = spec->load; /* for pool_ops_include before the first worker */
    shared->settings.op_types = spec->op_types;
    pool_unlock(p);
    if (!p->data || p->wake_fd < 0) {
        err_set(err, ERR_FAILED, "%s: out of memory or descriptors", spec->name);
        pool_free(p);
        return NULL;
    }
    return p;
}

int pool_start(struct pool *p, struct err *err)
{
    if (p->engine->virtual_time) {
        struct roles before = roles_set((struct roles){.mask = ROLE_POOL, .of = p});
        int code = p->spec.backend->pool_open ? p->spec.backend->pool_open(p, err) : 0;
        roles_set(before);
        atomic_store(&p->atomic.open_stage, code < 0 ? OPEN_FAILED : OPEN_DONE);
        return code;
    }
    return pool_start_thread(p, err);
}

bool pool_free(struct pool *p)
{
    if (!p)
        return true;
    struct pool_supervised *sup = pool_sup(p);
    if (sup->threaded) {
        pool_stop_thread(p);
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += 6;
        /* a hook of the backend hangs and still uses the memory: do not free it */
        if (pthread_timedjoin_np(sup->thread, NULL, &until))
            return false;
    } else if (p->engine->virtual_time && atomic_load(&p->atomic.open_stage) != OPEN_WAITING &&
               p->spec.backend->pool_close) { /* pool_open was called */
        struct roles before = roles_set((struct roles){.mask = ROLE_POOL, .of = p});
        p->spec.backend->pool_close(p);
        roles_set(before);
    }
    for (unsigned i = 0; i < sup->workers; i++)
        if (sup->worker[i]->threaded && !sup->worker[i]->reaped)
            return false; /* a worker is stuck: the same */
    for (unsigned i = 0; i < sup->workers; i++) {
        worker_free(sup->worker[i]->worker);
        free(sup->worker[i]);
    }
    free(sup->worker);
    figures_free(sup->figures);
    stats_json_release(pool_lock(p)->stats_json);
    pool_unlock(p);
    pool_spec_fini(&p->spec);
    pthread_mutex_destroy(&p->lock);
    if (p->wake_fd >= 0)
        close(p->wake_fd);
    free(p->data);
    free(p);
    return true;
}

/* ---- state ---- */

static void begin_load(struct pool *p, uint64_t now_ns)
{
    struct pool_supervised *sup = pool_sup(p);
    struct err err = {0};
    sup->load_from_ns = now_ns;
    monitor_restart(p, engine_seconds(p->engine, now_ns));
    pool_publish_settings(p);
    if (pool_resize(p, &err) < 0)
        engine_event(p->engine, p, EVENT_REFUSED, "threads", err.msg, BY_RULE);
    if (sup->paused)
        pool_note_pause(p, true, now_ns);
    pool_set_state(p, sup->paused ? POOL_PAUSED : POOL_LOADING, now_ns, "%s", "");
}

/* Ends a pool that can never be loaded as it is. */
static void fail(struct pool *p, const struct err *err, uint64_t now_ns)
{
    pool_sup(p)->failed = *err;
    pool_finish(p, END_BY_ERROR, ORDER_CLOSE, now_ns);
    pool_set_state(p, POOL_ENDED, now_ns, "%s", err->msg);
}

/* Takes over the table of operations and the mix that pool_open has set. */
static void take_ops(struct pool *p)
{
    struct pool_supervised *sup = pool_sup(p);
    const struct settings *s = &pool_lock(p)->settings;
    sup->op_types = s->op_types;
    if (!sup->ops_known)
        memcpy(sup->load.weight, s->load.weight, sizeof sup->load.weight);
    pool_unlock(p);
    sup->ops_known = true;
}

static void supervise_opening(struct pool *p, uint64_t now_ns)
{
    struct pool_supervised *sup = pool_sup(p);
    int stage = atomic_load(&p->atomic.open_stage);
    /* became remote after this turn's guard_supervise, which must run before any load */
    if (stage == OPEN_DONE && sup->local && atomic_load(&p->atomic.remote))
        return;
    if (stage == OPEN_DONE) {
        struct err why = {0};
        take_ops(p);
        struct pool_spec now = pool_spec_now(p);
        if (sup->state == POOL_DOWN)
            engine_event(p->engine, p, EVENT_UP, "", "the target answers", BY_SERVER);
        if (pool_forbids(p, sup->load.weight, &why) < 0)
            fail(p, &why, now_ns);
        /* the number of its nodes is known only now */
        else if (spec_allowed(p->engine, p, &now, &why) < 0)
            fail(p, &why, now_ns);
        else if (sup->awaiting_consent)
            pool_set_state(p, POOL_PAUSED, now_ns, "%s", "not loaded before a yes");
        else
            begin_load(p, now_ns);
        return;
    }
    if (stage == OPEN_INSPECTED ||
        (stage == OPEN_WAITING && sup->awaiting_consent && atomic_load(&p->atomic.room_short))) {
        if (sup->state == POOL_DOWN)
            engine_event(p->engine, p, EVENT_UP, "", "the target answers", BY_SERVER);
        pool_set_state(p, POOL_PAUSED, now_ns, "%s", "not loaded before a yes");
        return;
    }
    if (stage == OPEN_WAITING) {
        char guard[GUARD_MAX];
        struct pool_shared *shared = pool_lock(p);
        memcpy(guard, shared->guard, sizeof guard);
        pool_unlock(p);
        if (guard[0] || sup->state_why[0])
            pool_set_state(p, POOL_OPENING, now_ns,
                           guard[0] ? "%s is protected: type its name" : "%s", guard);
    }
    if (stage != OPEN_FAILED)
        return;
    struct pool_shared *shared = pool_lock(p);
    struct err err = shared->open_error;
    uint64_t retry = shared->open_retry_ns;
    pool_unlock(p);
    if (!retry) {
        fail(p, &err, now_ns);
        return;
    }
    if (sup->state != POOL_DOWN)
        engine_event(p->engine, p, EVENT_DOWN, "", err.msg, BY_SERVER);
    pool_set_state(p, POOL_DOWN, now_ns, "%s", err.msg);
}

static bool count_reached(const struct pool *p)
{
    const struct pool_supervised *sup = pool_sup(p);
    if (!p->spec.count || atomic_load(&((struct pool *)(uintptr_t)p)->atomic.budget) > 0 ||
        pool_draining(p))
        return false;
    /* those that hang are not waited for */
    for (unsigned i = 0; i < sup->workers; i++)
        if (!sup->worker[i]->reaped && !sup->worker[i]->stuck && !sup->worker[i]->seen.spent)
            return false;
    return true;
}

/* Ends a pool with -n whose threads all hang, so that the count is never used up. */
static void end_hung(struct pool *p, uint64_t now_ns)
{
    struct err err = {0};
    unsigned n = pool_running(p);
    if (n == 1)
        err_set(&err, ERR_FAILED,
                "its thread hangs: a call of its backend has not returned for %d s",
                ALL_HANG_MOST_S);
    else
        err_set(&err, ERR_FAILED,
                "all %u threads hang: calls of their backend have not returned for %d s", n,
                ALL_HANG_MOST_S);
    fail(p, &err, now_ns);
}

/* A removed pool cannot be started again, so it closes its connection to the target before the
 * run's end, unless a hanging thread may still use it. */
static void retire(struct pool *p)
{
    struct pool_supervised *sup = pool_sup(p);
    if (!sup->threaded || atomic_load(&p->atomic.retired))
        return;
    for (unsigned i = 0; i < sup->workers; i++)
        if (!sup->worker[i]->reaped)
            return;
    if (atomic_load(&p->atomic.open_stage) != OPEN_DONE) {
        pool_stop_thread(p); /* and stop retrying to connect */
        return;
    }
    atomic_store(&p->atomic.retired, true);
    pool_wake_thread(p);
}

void pool_supervise(struct pool *p, uint64_t now_ns)
{
    struct pool_supervised *sup = pool_sup(p);
    pool_reap(p, now_ns);
    pool_watch_thread(p, now_ns);
    if (sup->state == POOL_ENDED && sup->removed)
        retire(p);
    guard_supervise(p, now_ns);
    if (sup->state != POOL_ENDED && !sup->finishing && now_ns >= pool_last_moment(p))
        pool_finish(p, END_BY_DURATION, ORDER_DRAIN, now_ns);
    if (sup->state == POOL_ENDED || sup->state == POOL_STOPPED)
        return;
    if (sup->state == POOL_DRAINING || !sup->wanted) {
        if (pool_alive(p))
            return;
        pool_set_state(p, sup->finishing ? POOL_ENDED : POOL_STOPPED, now_ns, "%s",
                       sup->finishing ? pool_end_words(p) : "stopped");
        return;
    }
    if (!sup->load_from_ns) {
        supervise_opening(p, now_ns);
        return;
    }
    if (sup->workers) /* before the end is looked for: the shortest load is looked at, too */
        connected_supervise(p, now_ns);
    if (now_ns >= sup->end_ns) {
        pool_finish(p, END_BY_DURATION, ORDER_DRAIN, sup->end_ns);
        return;
    }
    if (p->spec.count && pool_all_hang(p)) {
        end_hung(p, now_ns);
        return;
    }
    if (count_reached(p)) {
        uint64_t last = sup->figures->monitor.total.last_end_ns;
        pool_finish(p, END_BY_COUNT, ORDER_DRAIN, last > sup->record_from_ns ? last : now_ns);
    }
}

static int room_for_pool(const struct engine *e, const struct pool_spec *spec, struct err *err)
{
    const struct engine_supervised *esup = engine_sup(e);
    unsigned live = 0;
    for (unsigned i = 0; i < esup->pools; i++)
        live += !pool_sup(esup->pool[i])->removed;
    if (live >= POOLS_MAX)
        return err_set(err, ERR_REFUSED,
                       "%s: at most %d pools are allowed at a time (`remove POOL` makes room)",
                       spec->name, POOLS_MAX);
    if (esup->next_number > POOLS_RUN_MAX)
        return err_set(err, ERR_REFUSED,
                       "%s: at most %d pools are allowed in one run, removed ones too: they are in "
                       "its report (a new run makes room)",
                       spec->name, POOLS_RUN_MAX);
    return 0;
}

struct pool *engine_add_pool(struct engine *e, const struct pool_spec *spec, struct err *err)
{
    struct engine_supervised *esup = engine_sup(e);
    if (e->virtual_time && !(spec->backend->flags & BACKEND_VIRTUAL)) {
        err_set(err, ERR_USAGE, "%s: cannot run on virtual time", spec->name);
        return NULL;
    }
    if (room_for_pool(e, spec, err) < 0)
        return NULL;
    if (esup->pools == esup->pool_room) {
        unsigned room = esup->pool_room ? 2 * esup->pool_room : 8;
        struct pool **pool = realloc(esup->pool, room * sizeof(struct pool *));
        if (!pool) {
            err_set(err, ERR_FAILED, "%s: out of memory", spec->name);
            return NULL;
        }
        esup->pool = pool;
        esup->pool_room = room;
    }
    struct pool *p = pool_new(e, esup->next_number, spec, err);
    if (!p)
        return NULL;
    if (spec_allowed(e, p, spec, err) < 0) {
        pool_free(p);
        return NULL;
    }
    esup->next_number++;
    esup->pool[esup->pools++] = p;
    pool_sup(p)->consent_epoch = pool_sup(p)->awaiting_consent = pool_sup(p)->paused =
        e->scenario.limits.inspect_only || (e->scenario.limits.hold_remote && !pool_sup(p)->local);
    return p;
}
