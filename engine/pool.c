/* A pool, the supervisor's part: workers made and reaped, state, settings. Its thread for what
 * blocks is in pool_thread.c. */
#include "engine/pool.h"
#include "engine/guard.h"
#include "engine/protect.h"
#include "engine/engine_private.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define DOWN_AFTER_NS (150 * NS_PER_MS)
#define NEVER_UP_AFTER_NS NS_PER_S /* a first handshake may take its time */

/* ---- what backends may ask ---- */

void *pool_data(const struct pool *p)
{
    return p->data;
}

const struct target *pool_target(const struct pool *p)
{
    return &p->spec.target;
}

const struct options *pool_options(const struct pool *p)
{
    return &p->spec.options;
}

unsigned pool_number(const struct pool *p)
{
    return p->number;
}

const char *pool_run_id(const struct pool *p)
{
    return p->engine->run_id;
}

bool pool_stopping(const struct pool *p)
{
    return atomic_load(&p->stopping);
}

double pool_op_weight(const struct pool *p, unsigned type)
{
    pthread_mutex_t *mutex = &((struct pool *)(uintptr_t)p)->mutex;
    pthread_mutex_lock(mutex);
    double weight = type < OPS_MAX ? p->settings.load.weight[type] : 0;
    pthread_mutex_unlock(mutex);
    return weight;
}

bool pool_ops_include(const struct pool *p, unsigned type)
{
    return pool_op_weight(p, type) > 0;
}

bool pool_allow_destructive(const struct pool *p)
{
    return p->engine->scenario.limits.allow_destructive;
}

bool pool_is_look(const struct pool *p)
{
    return p->engine->scenario.limits.look || atomic_load(&p->looking);
}

bool pool_read_only(const struct pool *p)
{
    return p->engine->scenario.limits.read_only || pool_is_look(p);
}

uint64_t pool_seed(const struct pool *p)
{
    return p->spec.seed;
}

uint64_t pool_timeout_ns(const struct pool *p)
{
    return p->spec.timeout_ns;
}

uint64_t pool_sequence(struct pool *p, uint64_t n)
{
    return atomic_fetch_add_explicit(&p->sequence, n, memory_order_relaxed);
}

uint64_t pool_claim(struct pool *p, uint64_t n)
{
    int64_t left = atomic_fetch_sub(&p->budget, (int64_t)n);
    if (left >= (int64_t)n)
        return n;
    uint64_t granted = left > 0 ? (uint64_t)left : 0;
    atomic_fetch_add(&p->budget, (int64_t)(n - granted));
    return granted;
}

void pool_unclaim(struct pool *p, uint64_t n)
{
    atomic_fetch_add(&p->budget, (int64_t)n);
}

void pool_notify(struct pool *p)
{
    engine_wake(p->engine);
}

void pool_event(struct pool *p, const char *fmt, ...)
{
    char text[192];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    engine_event(p->engine, p, "server", "", text, BY_SERVER);
}

/* ---- birth and death ---- */

struct pool *pool_new(struct engine *e, unsigned number, const struct pool_spec *spec,
                      struct err *err)
{
    struct pool *p = calloc(1, sizeof *p);
    if (!p || monitor_init(&p->monitor) || plateaus_init(&p->plateaus)) {
        free(p);
        err_set(err, ERR_FAILED, "%s: out of memory", spec->name);
        return NULL;
    }
    p->engine = e;
    p->number = number;
    pool_spec_copy(&p->spec, spec);
    p->local = target_is_local(&p->spec.target);
    atomic_store(&p->away, !p->local);
    p->data = calloc(1, spec->backend->pool_size + 1);
    p->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&p->mutex, NULL);
    p->stats = stats_unknown();
    p->state = POOL_OPENING;
    p->state_since_ns = engine_now(e);
    p->wanted = true;
    atomic_store(&p->lag_limit_ns, (uint64_t)monitor_lag_limit_ns(&p->monitor));
    atomic_store(&p->budget, spec->count ? (int64_t)spec->count : INT64_MAX / 2);
    guard_init(p);
    p->settings.load = p->spec.load; /* for pool_ops_include before the first worker */
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
        int code = p->spec.backend->pool_open ? p->spec.backend->pool_open(p, err) : 0;
        atomic_store(&p->open_stage, code < 0 ? OPEN_FAILED : OPEN_DONE);
        return code;
    }
    return pool_start_thread(p, err);
}

bool pool_free(struct pool *p)
{
    if (!p)
        return true;
    if (p->threaded) {
        pool_stop_thread(p);
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += 6;
        if (pthread_timedjoin_np(p->thread, NULL, &until))
            return false; /* a hook of the backend hangs: its memory cannot be freed under it */
    } else if (p->engine->virtual_time && p->spec.backend->pool_close) {
        p->spec.backend->pool_close(p);
    }
    for (unsigned i = 0; i < p->workers; i++) {
        struct worker *w = p->worker[i];
        if (w->threaded && !w->reaped)
            return false; /* a worker is stuck: likewise */
    }
    for (unsigned i = 0; i < p->workers; i++)
        worker_free(p->worker[i]);
    free(p->worker);
    monitor_fini(&p->monitor);
    plateaus_fini(&p->plateaus);
    stats_json_release(p->stats_json);
    pool_spec_fini(&p->spec);
    pthread_mutex_destroy(&p->mutex);
    if (p->wake_fd >= 0)
        close(p->wake_fd);
    free(p->data);
    free(p);
    return true;
}

/* ---- settings ---- */

uint32_t connections_needed(const struct pool *p, const struct load *load, uint32_t capacity)
{
    (void)p;
    if (capacity == CONN_DEPTH_UNBOUNDED && load->pattern != PATTERN_UNTHROTTLED)
        return 1;
    if (load->pattern == PATTERN_UNTHROTTLED)
        return load->clients;
    uint64_t depth = load->depth, carries = capacity < depth ? capacity : depth;
    uint64_t needed = (load->clients * depth + carries - 1) / carries;
    return needed > UINT32_MAX ? UINT32_MAX : needed < 1 ? 1 : (uint32_t)needed;
}

uint32_t pool_depth(const struct pool *p)
{
    return pattern_depth(p->spec.load.pattern, p->spec.load.depth);
}

bool pool_writes(const struct pool *p)
{
    const struct op_type *types = p->spec.backend->ops;
    for (unsigned i = 0; i < OPS_MAX && types[i].name; i++)
        if (!types[i].reads && !types[i].receives && p->spec.load.weight[i] > 0)
            return true;
    return false;
}

uint32_t pool_bulk(const struct pool *p)
{
    uint64_t most = 1;
    const struct op_type *types = p->spec.backend->ops;
    for (unsigned i = 0; i < OPS_MAX && types[i].name; i++) {
        int o = types[i].bulk ? options_find(p->spec.options.table, types[i].bulk) : -1;
        uint64_t rows =
            o >= 0 && p->spec.load.weight[i] > 0 ? option_u64(&p->spec.options, (unsigned)o) : 1;
        most = rows > most ? rows : most;
    }
    return most > 1000000 ? 1000000 : (uint32_t)most;
}

static uint32_t connections_of(const struct pool *p, struct load load)
{
    if (load.connections)
        return load.connections;
    load.depth = pattern_depth(load.pattern, load.depth);
    uint32_t depth = load.pattern == PATTERN_UNTHROTTLED ? UINT32_MAX : load.depth;
    return connections_needed(p, &load, p->spec.backend->depth(p, depth));
}

uint32_t pool_connections_wanted(const struct pool *p)
{
    return connections_of(p, p->spec.load);
}

uint64_t pool_connections_of(const struct pool *p, const struct load *load)
{
    unsigned nodes = atomic_load(&p->nodes);
    uint64_t threads = load->threads ? load->threads : 1;
    return threads * connections_of(p, *load) * (nodes ? nodes : 1);
}

void pool_nodes(struct pool *p, unsigned n)
{
    atomic_store(&p->nodes, n);
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > NS_NEVER - b ? NS_NEVER : a + b;
}

/* When --max-time ends it, whatever state it is in: counted from the run's start, and by default,
 * on a target that is not on this machine, from the pool's own. NS_NEVER: never. */
static uint64_t last_moment(const struct pool *p)
{
    const struct limits *limits = &p->engine->scenario.limits;
    uint64_t most = limits_time_ns(limits, p->local);
    if (limits->max_time_ns && most == limits->max_time_ns)
        return later(p->engine->start_ns, most);
    return most && p->load_from_ns ? later(p->load_from_ns, most) : NS_NEVER;
}

void pool_publish_settings(struct pool *p)
{
    const struct limits *limits = &p->engine->scenario.limits;
    uint64_t duration = p->spec.duration_ns, last = last_moment(p);
    pthread_mutex_lock(&p->mutex);
    struct settings *s = &p->settings;
    s->load = p->spec.load;
    s->load.depth = pool_depth(p);
    unsigned forbidden = atomic_load(&p->forbidden);
    for (unsigned i = 0; i < OPS_MAX && p->spec.backend->ops[i].name; i++)
        if ((limits->read_only && !p->spec.backend->ops[i].reads) || (forbidden & 1U << i))
            s->load.weight[i] = 0;
    s->workers = p->spec.load.threads ? p->spec.load.threads : 1;
    s->paused = p->paused;
    s->cap_per_s = s->load.rate_per_s > 0 ? 0 : limits->max_rate / s->workers;
    s->counted = p->spec.count > 0;
    s->bounded = atomic_load(&p->bytes_bounded);
    s->timeout_ns = p->spec.timeout_ns;
    s->anew = p->anew;
    s->record_from_ns = later(p->load_from_ns, p->spec.warmup_ns);
    s->end_ns = duration ? later(s->record_from_ns, duration) : NS_NEVER;
    if (s->end_ns > last)
        s->end_ns = last;
    s->version = atomic_load(&p->version) + 1;
    p->end_ns = s->end_ns;
    p->record_from_ns = s->record_from_ns;
    pthread_mutex_unlock(&p->mutex);
    atomic_store_explicit(&p->version, p->settings.version, memory_order_release);
    pool_wake_workers(p);
}

void pool_note_workers(struct pool *p)
{
    pthread_mutex_lock(&p->mutex);
    p->settings.workers = p->spec.load.threads;
    pthread_mutex_unlock(&p->mutex);
}

void pool_wake_workers(struct pool *p)
{
    for (unsigned i = 0; i < p->workers; i++)
        if (!p->worker[i]->reaped)
            loop_wake(p->worker[i]->loop);
}

void pool_order_all(struct pool *p, enum worker_order order)
{
    for (unsigned i = 0; i < p->workers; i++)
        if (!p->worker[i]->reaped)
            worker_order(p->worker[i], order);
}

static bool is_running(const struct worker *w)
{
    return !w->reaped && atomic_load(&w->order) == ORDER_RUN;
}

unsigned pool_running(const struct pool *p)
{
    unsigned n = 0;
    for (unsigned i = 0; i < p->workers; i++)
        n += is_running(p->worker[i]);
    return n;
}

unsigned pool_alive(const struct pool *p)
{
    unsigned n = 0;
    for (unsigned i = 0; i < p->workers; i++)
        n += !p->worker[i]->reaped && !p->worker[i]->stuck;
    return n;
}

void pool_set_state(struct pool *p, enum pool_state state, uint64_t now_ns, const char *fmt, ...)
{
    char why[sizeof p->state_why];
    va_list args;
    va_start(args, fmt);
    vsnprintf(why, sizeof why, fmt, args);
    va_end(args);
    memcpy(p->state_why, why, sizeof why);
    if (state != p->state) {
        p->state = state;
        p->state_since_ns = now_ns;
    }
}

/* ---- workers ---- */

static int add_worker(struct pool *p, struct err *err)
{
    if (p->workers == p->worker_room) {
        unsigned room = p->worker_room ? 2 * p->worker_room : 16;
        struct worker **worker = realloc(p->worker, room * sizeof(struct worker *));
        if (!worker)
            return err_set(err, ERR_FAILED, "%s: out of memory", p->spec.name);
        p->worker = worker;
        p->worker_room = room;
    }
    struct worker *w = worker_new(p, p->workers, p->engine->virtual_clock, err);
    if (!w)
        return err ? err->code : ERR_FAILED;
    if (!p->engine->virtual_time && worker_start(w, err) < 0) {
        worker_free(w);
        return ERR_FAILED;
    }
    p->worker[p->workers++] = w;
    return 0;
}

int pool_resize(struct pool *p, struct err *err)
{
    unsigned running = pool_running(p), wanted = p->spec.load.threads;
    int code = 0;
    for (; running < wanted && !code; running++)
        code = add_worker(p, err);
    for (unsigned i = p->workers; i-- > 0 && running > wanted;)
        if (is_running(p->worker[i])) { /* the youngest first */
            worker_order(p->worker[i], ORDER_DRAIN);
            running--;
        }
    if (code)
        p->spec.load.threads = pool_running(p);
    return code;
}

/* A thread that should have ended long ago is reported and left alone; its figures are those it
 * published. */
static void give_up(struct pool *p, struct worker *w, uint64_t now_ns)
{
    if (w->stuck || atomic_load(&w->order) == ORDER_RUN)
        return;
    if (!w->ordered_ns)
        w->ordered_ns = now_ns;
    if (now_ns - w->ordered_ns < DRAIN_NS + CLOSE_NS + NS_PER_S)
        return;
    char text[96];
    w->stuck = true;
    snprintf(text, sizeof text, "thread %u does not end: a call of its backend hangs", w->index);
    engine_event(p->engine, p, "stuck", "", text, BY_RULE);
}

static void reap(struct pool *p, uint64_t now_ns)
{
    for (unsigned i = 0; i < p->workers; i++) {
        struct worker *w = p->worker[i];
        if (w->reaped)
            continue;
        if (atomic_load_explicit(&w->stage, memory_order_acquire) != STAGE_ENDED) {
            give_up(p, w, now_ns);
            continue;
        }
        if (w->threaded)
            pthread_join(w->thread, NULL); /* it is past its last statement */
        recorder_read(&w->recorder, &w->seen);
        monitor_collect_ended(p, w);
        w->reaped = true;
        w->ended_ns = w->ended_ns ? w->ended_ns : now_ns;
        worker_shrink(w);
    }
}

/* ---- state ---- */

static void begin_load(struct pool *p, uint64_t now_ns)
{
    struct err err = {0};
    p->load_from_ns = now_ns;
    monitor_restart(p, engine_seconds(p->engine, now_ns));
    pool_publish_settings(p);
    if (pool_resize(p, &err) < 0)
        engine_event(p->engine, p, "refused", "threads", err.msg, BY_RULE);
    if (p->paused)
        pool_note_pause(p, true, now_ns);
    pool_set_state(p, p->paused ? POOL_PAUSED : POOL_LOADING, now_ns, "%s", "");
}

/* It can never be loaded as it is. */
static void fail(struct pool *p, const struct err *err, uint64_t now_ns)
{
    p->failed = *err;
    pool_finish(p, "error", ORDER_CLOSE, now_ns);
    pool_set_state(p, POOL_ENDED, now_ns, "%s", err->msg);
}

static void supervise_opening(struct pool *p, uint64_t now_ns)
{
    int stage = atomic_load(&p->open_stage);
    if (stage == OPEN_DONE && p->local && atomic_load(&p->away))
        return; /* learnt since this turn's guard_supervise, whose word comes before any load */
    if (stage == OPEN_DONE) {
        struct err why = {0};
        if (p->state == POOL_DOWN)
            engine_event(p->engine, p, "up", "", "the target answers", BY_SERVER);
        if (pool_forbids(p, p->spec.load.weight, &why) < 0)
            fail(p, &why, now_ns);
        else if (spec_allowed(p->engine, p, &p->spec, &why) < 0)
            fail(p, &why, now_ns); /* its nodes are known only now */
        else if (p->held)
            pool_set_state(p, POOL_PAUSED, now_ns, "%s", "not loaded before a yes");
        else
            begin_load(p, now_ns);
        return;
    }
    if (stage == OPEN_LOOKED || (stage == OPEN_WAITING && p->held && atomic_load(&p->room_short))) {
        if (p->state == POOL_DOWN)
            engine_event(p->engine, p, "up", "", "the target answers", BY_SERVER);
        pool_set_state(p, POOL_PAUSED, now_ns, "%s", "not loaded before a yes");
        return;
    }
    if (stage == OPEN_WAITING) {
        char guard[sizeof p->guard];

        pthread_mutex_lock(&p->mutex);
        memcpy(guard, p->guard, sizeof guard);
        pthread_mutex_unlock(&p->mutex);
        if (guard[0] || p->state_why[0])
            pool_set_state(p, POOL_OPENING, now_ns,
                           guard[0] ? "%s is protected: type its name" : "%s", guard);
    }
    if (stage != OPEN_FAILED)
        return;
    pthread_mutex_lock(&p->mutex);
    struct err err = p->open_error;
    uint64_t retry = p->open_retry_ns;
    pthread_mutex_unlock(&p->mutex);
    if (!retry) {
        fail(p, &err, now_ns);
        return;
    }
    if (p->state != POOL_DOWN)
        engine_event(p->engine, p, "down", "", err.msg, BY_SERVER);
    pool_set_state(p, POOL_DOWN, now_ns, "%s", err.msg);
}

/* The newest reason that a worker has for a connection that failed, and its class. */
static void connection_error(struct pool *p, char name[24], char *buf, size_t size)
{
    uint64_t newest = 0;
    name[0] = '\0';
    copy_str(buf, size, "no connection");
    for (unsigned i = 0; i < p->workers; i++) {
        struct worker *w = p->worker[i];
        if (w->reaped || pthread_mutex_trylock(&w->recorder.messages))
            continue;
        if (w->conn_error_ns > newest) {
            newest = w->conn_error_ns;
            copy_str(name, 24, w->conn_class);
            copy_str(buf, size, w->conn_error);
        }
        pthread_mutex_unlock(&w->recorder.messages);
    }
}

/* Is this the first time in this outage that connections fail in this class? A server that was
 * killed and comes back with another password is closed, refused, and then auth: each is told once,
 * however long it lasts. */
static bool new_in_outage(struct pool *p, const char *name)
{
    for (unsigned i = 0; i < p->outages; i++)
        if (strcmp(p->outage[i], name) == 0)
            return false;
    if (p->outages == sizeof p->outage / sizeof *p->outage)
        return false;
    copy_str(p->outage[p->outages++], sizeof p->outage[0], name);
    return true;
}

static void supervise_connected(struct pool *p, uint64_t now_ns)
{
    bool up = p->monitor.total.connected > 0;
    if (up) {
        p->ever_up = true;
        p->unconnected_ns = 0;
        p->outages = 0;
        if (p->state == POOL_DOWN)
            engine_event(p->engine, p, "up", "", "connections stand again", BY_SERVER);
        pool_set_state(p, p->paused ? POOL_PAUSED : POOL_LOADING, now_ns, "%s", "");
        return;
    }
    if (!p->unconnected_ns)
        p->unconnected_ns = now_ns;
    if (now_ns - p->unconnected_ns < (p->ever_up ? DOWN_AFTER_NS : NEVER_UP_AFTER_NS))
        return;
    char why[192], name[24], text[224];
    connection_error(p, name, why, sizeof why);
    snprintf(text, sizeof text, "%s%s%s", name, name[0] ? ": " : "", why);
    if (new_in_outage(p, name))
        engine_event(p->engine, p, "down", "", text, BY_SERVER);
    pool_set_state(p, POOL_DOWN, now_ns, "%s", text);
}

static bool count_reached(const struct pool *p)
{
    if (!p->spec.count || atomic_load(&((struct pool *)(uintptr_t)p)->budget) > 0 ||
        pool_alive(p) != pool_running(p))
        return false;
    for (unsigned i = 0; i < p->workers; i++)
        if (!p->worker[i]->reaped && !p->worker[i]->seen.spent)
            return false;
    return true;
}

void pool_finish(struct pool *p, const char *by, enum worker_order order, uint64_t now_ns)
{
    if (p->state == POOL_ENDED)
        return;
    if (!p->finishing) {
        p->finishing = true;
        p->wanted = false;
        copy_str(p->ended_by, sizeof p->ended_by, by);
        p->load_until_ns = now_ns;
        pool_note_pause(p, false, now_ns);
    }
    pool_order_all(p, order);
    pool_set_state(p, pool_alive(p) ? POOL_DRAINING : POOL_ENDED, now_ns, "%s", by);
}

void pool_note_pause(struct pool *p, bool paused, uint64_t now_ns)
{
    uint64_t from = p->paused_since_ns > p->record_from_ns ? p->paused_since_ns : p->record_from_ns;
    if (p->paused_since_ns && now_ns > from)
        p->paused_ns += now_ns - from;
    p->paused_since_ns = paused ? now_ns : 0;
}

/* Nobody starts a removed pool again: it does not keep a connection to the target until the run's
 * end. A thread that hangs may still use what the backend holds. */
static void retire(struct pool *p)
{
    if (!p->threaded || atomic_load(&p->retired))
        return;
    for (unsigned i = 0; i < p->workers; i++)
        if (!p->worker[i]->reaped)
            return;
    if (atomic_load(&p->open_stage) != OPEN_DONE) {
        pool_stop_thread(p); /* nor does it go on knocking */
        return;
    }
    atomic_store(&p->retired, true);
    pool_wake_thread(p);
}

void pool_supervise(struct pool *p, uint64_t now_ns)
{
    reap(p, now_ns);
    if (p->state == POOL_ENDED && p->removed)
        retire(p);
    guard_supervise(p, now_ns);
    if (p->state != POOL_ENDED && !p->finishing && now_ns >= last_moment(p))
        pool_finish(p, "duration", ORDER_DRAIN, now_ns);
    if (p->state == POOL_ENDED || p->state == POOL_STOPPED)
        return;
    if (p->state == POOL_DRAINING || !p->wanted) {
        if (pool_alive(p))
            return;
        pool_set_state(p, p->finishing ? POOL_ENDED : POOL_STOPPED, now_ns, "%s",
                       p->finishing ? p->ended_by : "stopped");
        return;
    }
    if (!p->load_from_ns) {
        supervise_opening(p, now_ns);
        return;
    }
    if (now_ns >= p->end_ns) {
        pool_finish(p, "duration", ORDER_DRAIN, p->end_ns);
        return;
    }
    if (count_reached(p)) {
        uint64_t last = p->monitor.total.last_end_ns;
        pool_finish(p, "count", ORDER_DRAIN, last > p->record_from_ns ? last : now_ns);
        return;
    }
    if (p->workers)
        supervise_connected(p, now_ns);
}

double pool_loaded_s(const struct pool *p, uint64_t now_ns)
{
    if (!p->load_from_ns)
        return 0;
    uint64_t until = p->load_until_ns ? p->load_until_ns : now_ns, paused = p->paused_ns;
    uint64_t from = p->record_from_ns;
    if (p->paused_since_ns && until > p->paused_since_ns)
        paused += until - (p->paused_since_ns > from ? p->paused_since_ns : from);
    return until > from + paused ? (double)(until - from - paused) / 1e9 : 0;
}
