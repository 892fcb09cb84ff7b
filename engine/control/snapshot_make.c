/* Makes snapshots: copies of the supervisor's state in one reference-counted block. */
#include "engine/control/snapshot_make.h"

#include "engine/state/engine_state.h"
#include "engine/control/grid.h"
#include "engine/state/pool.h"
#include "engine/control/sweep.h"
#include "engine/base/text.h"
#include "engine/config/pool_url.h"
#include "engine/state/pool_figures.h"
#include "engine/figures/judge.h"
#include "engine/figures/monitor.h"
#include "engine/figures/plateau.h"
#include "engine/state/snapshot_store.h"
#include "engine/load/worker.h"
#include "engine/load/workers.h"

#include <jansson.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- one pool ---- */

static struct counts counts_of(const struct tally *t)
{
    return (struct counts){t->offered,   t->completed, t->errors,     t->timeouts,
                           t->in_flight, t->dropped,   t->not_started};
}

static void fill_counts(struct pool_snapshot *s, const struct tally *t)
{
    s->counts = counts_of(t);
    s->warm =
        (struct counts){t->warm_offered,   t->warm_completed, t->warm_errors,     t->warm_timeouts,
                        t->warm_in_flight, t->warm_dropped,   t->warm_not_started};
    s->schedule = (struct schedule_counts){t->due, t->scheduled,
                                           t->not_started + t->warm_not_started, t->still_due};
    s->waiting = t->waiting;
    s->bytes_sent = t->sent_bytes;
    s->bytes_received = t->received_bytes;
    s->batches_completed = t->batches;
    s->peak_bytes = t->peak_bytes;
}

static void fill_load(struct pool *p, struct pool_snapshot *s)
{
    struct pool_supervised *sup = pool_sup(p);
    s->number = p->number;
    copy_str(s->name, sizeof s->name, p->spec.name);
    s->backend = p->spec.backend;
    s->op_types = sup->op_types;
    copy_str(s->target, sizeof s->target, p->spec.target.shown);
    struct pool_spec now = pool_spec_now(p);
    pool_spec_url(&now, s->url, sizeof s->url);
    s->local = sup->local;
    s->awaiting_consent = sup->awaiting_consent;
    s->consent_epoch = sup->consent_epoch;
    struct pool_shared *shared = pool_lock(p);
    copy_str(s->guard, sizeof s->guard, shared->guard);
    copy_str(s->guard_rule, sizeof s->guard_rule, shared->guard_rule);
    copy_str(s->room_why, sizeof s->room_why, shared->room_why);
    pool_unlock(p);
    s->state = sup->state;
    copy_str(s->state_why, sizeof s->state_why, sup->state_why);
    copy_str(s->down_why, sizeof s->down_why, sup->down_why);
    s->ended_by = sup->ended_by;
    s->error_code = sup->failed.code;
    s->load = sup->load;
    s->depth = pool_depth(p);
    s->connections = pool_connections_wanted(p);
    s->think_ns = sup->load.think_ns;
    s->timeout_ns = p->spec.timeout_ns;
    s->count = p->spec.count;
    s->duration_ns = p->spec.duration_ns;
    s->warmup_ns = p->spec.warmup_ns;
    s->seed = p->spec.seed;
    s->threads_draining = pool_draining(p);
    s->threads_running = pool_alive(p) - s->threads_draining;
    s->threads_stuck = pool_stuck(p);
    bool stopped = sup->state == POOL_STOPPED;
    s->connections_up = stopped ? 0 : sup->shortage.up;
    s->connections_wanted = stopped ? 0 : sup->shortage.wanted;
}

static void fill_ops(const struct pool *p, struct pool_snapshot *s)
{
    const struct pool_supervised *sup = pool_sup(p);
    const struct monitor *m = &sup->figures->monitor;
    const struct op_type *types = sup->op_types;
    s->ops = 0;
    for (uint16_t i = 0; i < OPS_MAX && types[i].name; i++) {
        const struct op_tally *t = &m->total.op[i];
        if (!(t->completed + t->errors + t->timeouts) && sup->load.weight[i] <= 0)
            continue;
        struct op_snapshot *o = &s->op[s->ops++];
        o->type = i;
        o->completed = t->completed;
        o->errors = t->errors;
        o->timeouts = t->timeouts;
        latency_summary(&m->service[i], &o->service);
        latency_summary(&m->response[i], &o->response);
        o->per_s = m->op_per_s[i];
    }
}

static void fill_now(const struct pool *p, struct pool_snapshot *s)
{
    const struct monitor *m = &pool_sup(p)->figures->monitor;
    s->now_service = m->last_service;
    s->now_response = m->last_response;
    s->now_per_s = s->now_errors_per_s = s->now_in_flight = NAN;
    s->now_batches_per_s = m->now_batches_per_s;
    if (m->seconds) {
        uint64_t i = m->seconds - 1;
        const struct point *pt = &m->store->block[i / SERIES_BLOCK][i % SERIES_BLOCK];
        s->now_per_s = (double)pt->completed / pt->span_s;
        s->now_errors_per_s = (double)(pt->errors + pt->timeouts) / pt->span_s;
        s->now_in_flight = pt->in_flight;
    }
    s->generate_share = m->now_generate;
    s->client_share = m->now_client;
    s->wait_share = m->now_wait;
    s->idle_share = m->now_idle;
    s->cpu_share = m->busiest_cpu;
}

static double life_ns(const struct supervised_worker *w, uint64_t now_ns)
{
    uint64_t from = worker_started_ns(w->worker), until = w->reaped ? w->ended_ns : now_ns;
    return until > from ? (double)(until - from) : 0;
}

/* CPU share of the busiest ended thread over its life, as counted by the kernel; short-lived
 * threads are ignored. For a backend's own threads: the mean of the busiest one's seconds. */
static double busiest_of_run(const struct pool *p, uint64_t now_ns)
{
    const struct pool_supervised *sup = pool_sup(p);
    const struct monitor *m = &sup->figures->monitor;
    double longest = 0,
           busiest = m->backend_cpu_n > 0 ? m->backend_cpu_sum / m->backend_cpu_n : NAN;
    for (unsigned i = 0; i < sup->workers; i++)
        longest = fmax(longest, life_ns(sup->worker[i], now_ns));
    for (unsigned i = 0; i < sup->workers; i++) {
        const struct supervised_worker *w = sup->worker[i];
        double life = life_ns(w, now_ns);
        if (w->reaped && w->seen.cpu_ns && life > 0 && life >= longest / 2)
            busiest = fmax(busiest, fmin(1, (double)w->seen.cpu_ns / life));
    }
    return busiest;
}

/* Shares of the whole run, relative to the workers' lifetimes. */
static void fill_shares(const struct pool *p, struct pool_snapshot *s, uint64_t now_ns)
{
    const struct pool_supervised *sup = pool_sup(p);
    const struct tally *t = &sup->figures->monitor.total;
    double lived = 0;
    for (unsigned i = 0; i < sup->workers; i++)
        lived += life_ns(sup->worker[i], now_ns);
    s->run_cpu_share = busiest_of_run(p, now_ns);
    s->run_wait_share = s->run_idle_share = s->run_generate_share = s->run_client_share = NAN;
    if (lived <= 0)
        return;
    s->run_wait_share = fmin(1, (double)t->wait_ns / lived);
    s->run_idle_share = fmin(1 - s->run_wait_share, (double)t->idle_ns / lived);
    double busy = fmax(0, 1 - s->run_wait_share - s->run_idle_share);
    s->run_generate_share = fmin(busy, (double)t->generate_ns / lived);
    s->run_client_share = busy - s->run_generate_share;
}

/* Classes of errors, merged from all workers: room for ERROR_CLASSES_MAX. */
struct classes {
    struct error_class *of;
    unsigned n;
};

static void add_class(struct classes *all, const struct class_slot *c, const struct engine *e,
                      bool messages)
{
    struct error_class *to = NULL;
    for (unsigned i = 0; i < all->n && !to; i++)
        if (!strcmp(all->of[i].name, c->name))
            to = &all->of[i];
    double first = engine_seconds(e, atomic_load(&c->first_ns));
    double last = engine_seconds(e, atomic_load(&c->last_ns));
    if (!to) {
        if (all->n == ERROR_CLASSES_MAX)
            to = &all->of[ERROR_CLASSES_MAX - 1];
        else {
            to = &all->of[all->n++];
            copy_str(to->name, sizeof to->name, c->name);
            to->first_s = first;
            to->last_s = last;
        }
    }
    to->count += atomic_load(&c->count);
    if (messages && (first <= to->first_s || !to->first[0]) && c->first[0]) {
        to->first_s = first;
        copy_str(to->first, sizeof to->first, c->first);
    }
    if (messages && (last >= to->last_s || !to->last[0]) && c->last[0])
        copy_str(to->last, sizeof to->last, c->last);
    to->last_s = last > to->last_s ? last : to->last_s;
}

static int more_frequent(const void *a, const void *b)
{
    const struct error_class *x = a, *y = b;
    return x->count > y->count ? -1 : x->count < y->count;
}

static void add_classes(struct classes *all, const struct class_table *t, const struct engine *e,
                        bool messages)
{
    unsigned n = atomic_load_explicit(&t->classes, memory_order_acquire);
    if (n && !all->of)
        all->of = calloc(ERROR_CLASSES_MAX, sizeof *all->of);
    for (unsigned i = 0; i < n && all->of; i++)
        add_class(all, t->slot[i], e, messages);
}

static void end_classes(struct classes *all, const struct class_counts *now)
{
    if (all->n > 1)
        qsort(all->of, all->n, sizeof *all->of, more_frequent);
    for (unsigned i = 0; i < all->n; i++)
        all->of[i].recent = monitor_class_recent(now, all->of[i].name);
}

/* Merges the error classes of all workers. Messages of a worker that is writing one are read at the
 * next tick. */
static void fill_errors(const struct engine *e, const struct pool *p, struct pool_snapshot *s)
{
    const struct pool_supervised *sup = pool_sup(p);
    struct classes errors = {NULL, 0}, conns = {NULL, 0};
    for (unsigned i = 0; i < sup->workers; i++) {
        struct recorder *r = worker_recorder(sup->worker[i]->worker);
        if (!atomic_load(&r->errors.classes) && !atomic_load(&r->conn_errors.classes))
            continue;
        bool messages = !pthread_mutex_trylock(&r->messages);
        add_classes(&errors, &r->errors, e, messages);
        add_classes(&conns, &r->conn_errors, e, messages);
        if (messages)
            pthread_mutex_unlock(&r->messages);
    }
    end_classes(&errors, &sup->figures->monitor.errors);
    end_classes(&conns, &sup->figures->monitor.conn_errors);
    s->error = errors.of;
    s->errors = errors.n;
    s->conn_error = conns.of;
    s->conn_errors = conns.n;
}

static void fill_workers(const struct engine *e, const struct pool *p, struct pool_snapshot *s)
{
    const struct pool_supervised *sup = pool_sup(p);
    if (!sup->workers)
        return;
    s->worker = calloc(sup->workers, sizeof *s->worker);
    if (!s->worker)
        return;
    s->workers = sup->workers;
    for (unsigned i = 0; i < sup->workers; i++) {
        const struct supervised_worker *w = sup->worker[i];
        const struct tally *t = &w->seen;
        struct worker_snapshot *o = &s->worker[i];
        o->id = worker_index(w->worker);
        o->completed = t->completed;
        o->errors = t->errors;
        o->counts = counts_of(t);
        o->started_s = engine_seconds(e, worker_started_ns(w->worker));
        o->ended_s = w->reaped ? engine_seconds(e, w->ended_ns) : NAN;
        o->cpu_share = w->cpu_share;
        o->state = w->reaped              ? WORKER_ENDED
                   : w->stuck             ? WORKER_STUCK
                   : worker_is_running(w) ? WORKER_RUNNING
                                          : WORKER_DRAINING;
    }
}

static void fill_series(const struct pool *p, struct pool_snapshot *s, struct pool_storage *h)
{
    const struct monitor *m = &pool_sup(p)->figures->monitor;
    h->store = m->store;
    atomic_fetch_add(&h->store->refs, 1);
    s->seconds.block = (const struct point *const *)h->store->block;
    s->seconds.n = m->seconds;
    s->packed = (const struct packed *const *)h->store->packed;
    if (engine_sup(p->engine)->ended)
        s->histograms = h->histograms = monitor_pack(m);
    uint64_t n = m->tenth_count < TENTHS ? m->tenth_count : TENTHS, from = m->tenth_count - n;
    for (uint64_t i = 0; i < n; i++)
        h->tenth[i] = m->tenths[(from + i) % TENTHS];
    for (unsigned i = 0; i < sizeof h->tenth_block / sizeof h->tenth_block[0]; i++)
        h->tenth_block[i] = i * SERIES_BLOCK < TENTHS ? h->tenth + (size_t)i * SERIES_BLOCK : NULL;
    s->tenths.block = h->tenth_block;
    s->tenths.n = n;
}

static void fill_server(struct pool *p, struct pool_snapshot *s, struct pool_storage *h)
{
    struct pool_shared *shared = pool_lock(p);
    s->server = shared->stats;
    h->stats = shared->stats_json; /* holds a reference to the json of s->server */
    if (h->stats)
        atomic_fetch_add(&h->stats->refs, 1);
    pool_unlock(p);
    if (!pool_sup(p)->stats_stand)
        return;
    s->server.server_cpu_share = s->server.answer_share = NAN;
    copy_str(s->server.alert, sizeof s->server.alert,
             "server figures stand still: the call that reads them does not return");
}

static void fill_scaling(const struct pool *p, struct pool_snapshot *s)
{
    const struct pool_supervised *sup = pool_sup(p);
    const struct plateaus *all = &sup->figures->plateaus;
    s->plateau = all->n ? malloc(all->n * sizeof *s->plateau) : NULL;
    if (s->plateau) {
        memcpy(s->plateau, all->list, all->n * sizeof *s->plateau);
        s->plateaus = all->n;
    }
    s->plateau_on = plateau_present(p) != NULL;
    copy_str(s->plateau_why, sizeof s->plateau_why, all->drifting ? all->why : "");
    memcpy(s->scaling, sup->figures->scaling, sizeof s->scaling);
    s->scalings = sup->figures->scalings;
    s->capacity = sup->figures->capacity;
}

static void fill_pool(struct engine *e, struct pool *p, struct pool_snapshot *s,
                      struct pool_storage *h, uint64_t now_ns)
{
    struct pool_supervised *sup = pool_sup(p);
    const struct monitor *m = &sup->figures->monitor;
    fill_load(p, s);
    s->answered = atomic_load(&p->atomic.answered);
    s->state_since_s = engine_seconds(e, sup->state_since_ns);
    s->warming = sup->load_from_ns && now_ns < sup->record_from_ns;
    fill_counts(s, &m->total);
    s->loaded_s = pool_loaded_s(p, now_ns);
    s->throughput_per_s = s->loaded_s > 0 ? (double)m->total.completed / s->loaded_s : NAN;
    latency_summary(&m->all_service, &s->service);
    latency_summary(&m->all_response, &s->response);
    latency_summary(&m->extra[EXTRA_BATCH], &s->batches);
    latency_summary(&m->extra[EXTRA_LAG], &s->lag);
    latency_summary(&m->extra[EXTRA_LEASE], &s->lease_wait);
    s->has_batches = s->batches.count > 0;
    s->has_lag = s->lag.count > 0;
    s->has_lease_wait = s->lease_wait.count > 0;
    fill_ops(p, s);
    fill_now(p, s);
    fill_shares(p, s, now_ns);
    fill_errors(e, p, s);
    fill_workers(e, p, s);
    fill_series(p, s, h);
    fill_server(p, s, h);
    options_copy(&h->options, &p->spec.options);
    s->options = &h->options;
    fill_scaling(p, s);
    judge_bottleneck(p, s);
    judge_validity(p, s);
}

/* ---- the whole ---- */

static void fill_events(struct engine *e, struct snapshot *s)
{
    struct engine_events *events = engine_lock_events(e);
    uint64_t n = events->n < EVENTS_MAX ? events->n : EVENTS_MAX, from = events->n - n;
    s->event = n ? malloc(n * sizeof *s->event) : NULL;
    for (uint64_t i = 0; s->event && i < n; i++) {
        s->event[i] = events->event[(from + i) % EVENTS_MAX];
        event_texts_retain(s->event[i].texts);
    }
    s->events = s->event ? (unsigned)n : 0;
    s->events_total = events->n;
    engine_unlock_events(e);
}

static double end_s(const struct engine *e)
{
    uint64_t last = 0;
    bool any = false;
    for (unsigned i = 0; i < engine_sup(e)->pools; i++) {
        const struct pool *p = engine_sup(e)->pool[i];
        if (pool_sup(p)->removed || pool_sup(p)->state == POOL_ENDED)
            continue;
        if (!pool_sup(p)->load_from_ns || pool_sup(p)->end_ns == NS_NEVER)
            return NAN;
        any = true;
        last = pool_sup(p)->end_ns > last ? pool_sup(p)->end_ns : last;
    }
    return any ? engine_seconds(e, last) : NAN;
}

static void fill_usage(const struct engine *e, struct snapshot *s)
{
    const struct engine_supervised *esup = engine_sup(e);
    s->cpu_share = esup->usage.process_share;
    s->tick_cpu_share = esup->usage.thread_share;
    s->rss_bytes = esup->usage.rss;
    s->rss_peak_bytes = esup->usage.rss_peak;
    s->anon_bytes = esup->usage.anon;
    if (gethostname(s->host, sizeof s->host))
        s->host[0] = '\0';
    s->host[sizeof s->host - 1] = '\0';
    s->cpus = esup->cpus.usable;
    s->cores = (unsigned)ceil(s->cpus);
}

struct snapshot *snapshot_make(struct engine *e, uint64_t now_ns)
{
    struct engine_supervised *esup = engine_sup(e);
    struct snapshot_storage *h = calloc(1, sizeof *h);
    if (!h)
        return NULL;
    struct snapshot *s = &h->shown;
    h->refs = 1;
    s->pool = calloc(esup->pools + 1, sizeof *s->pool);
    h->pool = calloc(esup->pools + 1, sizeof *h->pool);
    s->threshold = calloc(e->scenario.thresholds + 1, sizeof *s->threshold);
    if (!s->pool || !h->pool || !s->threshold) {
        free(s->pool);
        free(h->pool);
        free(s->threshold);
        free(h);
        return NULL;
    }
    s->serial = ++esup->serial;
    s->started = e->started;
    s->now_s = engine_seconds(e, esup->ended_ns ? esup->ended_ns : now_ns);
    s->ends_s = end_s(e);
    s->ended = esup->ended;
    if (esup->ended)
        s->ended_by = esup->ended_by;
    copy_str(s->run_id, sizeof s->run_id, e->run_id);
    s->limits = e->scenario.limits;
    s->limits.locked = esup->locked;
    s->valid = true;
    unsigned at = 0;
    for (int removed = 0; removed < 2; removed++)
        for (unsigned i = 0; i < esup->pools; i++) {
            if (pool_sup(esup->pool[i])->removed != (removed == 1))
                continue;
            fill_pool(e, esup->pool[i], &s->pool[at], &h->pool[at], now_ns);
            s->valid = s->valid && s->pool[at].valid;
            at++;
            s->pools += !removed;
            s->removed += (unsigned)removed;
        }
    fill_events(e, s);
    memcpy(s->threshold, esup->threshold, e->scenario.thresholds * sizeof *s->threshold);
    s->thresholds = e->scenario.thresholds;
    s->goal_per_s = e->scenario.goal_per_s;
    fill_usage(e, s);
    sweep_fill(e, s, now_ns);
    command_log_show_undo(&e->commands, s->undo, sizeof s->undo);
    copy_str(s->message, sizeof s->message, esup->message);
    s->message_serial = esup->message_serial;
    return s;
}
