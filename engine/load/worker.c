/* A worker's life: it adopts settings, turns its loop, publishes what it counted, drains, and ends.
 *
 * A turn waits, then calls for each ready descriptor or due alarm its callback and run_pending(),
 * which closes connections marked for it, gives room to waiting requests, runs clients, starts what
 * the schedule makes due and sends the submitted requests with one write per connection. The
 * supervisor speaks to a worker through two atomics (order, the pool's version of its settings) and
 * a wake-up, and learns from it through its recorder and a flag that is set after its last turn. */
#include "engine/load/worker.h"

#include "engine/os/usage.h"
#include "engine/load/worker_state.h"
#include "engine/state/pool.h"
#include "engine/base/role.h"
#include "engine/load/client.h"
#include "engine/load/conn.h"
#include "engine/load/lease.h"
#include "engine/load/op.h"
#include "engine/load/open_loop.h"
#include "engine/load/conn_room.h"
#include "engine/load/end.h"
#include "engine/load/start.h"
#include "engine/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STACK_BYTES ((size_t)256 * 1024)
/* Well below what a standstill is, so that an idle worker is no sign of one (engine/os/standstill.h). */
#define IDLE_WAIT_NS (250 * NS_PER_MS)
#define STILL_NS (400 * NS_PER_MS)
#define RUN_MOST 256 /* clients that run between two polls of the network */
#define CHECK_EVERY_NS NS_PER_S

void *worker_data(const struct worker *w)
{
    return (void *)(uintptr_t)(w + 1);
}

struct pool *worker_pool(const struct worker *w)
{
    return w->pool;
}

struct loop *worker_loop(const struct worker *w)
{
    return w->loop;
}

unsigned worker_index(const struct worker *w)
{
    return w->index;
}

struct rng *worker_rng(struct worker *w)
{
    return &w->rng;
}

unsigned worker_clients(const struct worker *w)
{
    return w->live_clients;
}

unsigned worker_connections(const struct worker *w)
{
    return w->connections;
}

struct conn *worker_conn(const struct worker *w, uint32_t group, unsigned i)
{
    if (group >= w->groups || !w->group[group] || i >= w->group[group]->conns)
        return NULL;
    struct connection *c = w->group[group]->conn[i];
    return c ? &c->conn : NULL;
}

/* ---- adopting settings ---- */

static void adopt_mix(struct worker *w)
{
    const struct op_type *types = w->now.op_types;
    double sum = 0, at = 0;
    w->starting_ops = 0;
    w->bulk_most = 1;
    for (unsigned i = 0; i < OPS_MAX && types[i].name; i++)
        if (!types[i].receives)
            sum += w->now.load.weight[i];
    for (unsigned i = 0; i < OPS_MAX; i++) {
        w->cumulative[i] = 0;
        w->bulk[i] = 1;
    }
    for (unsigned i = 0; i < OPS_MAX && types[i].name; i++) {
        double weight = w->now.load.weight[i];
        if (weight <= 0 || types[i].receives || recorder_prepare(&w->recorder, i))
            continue;
        at += weight / sum;
        w->cumulative[i] = at;
        w->starting_ops++;
        w->bulk[i] = pool_op_bulk(w->pool, &types[i]);
        if (w->bulk[i] > w->bulk_most)
            w->bulk_most = w->bulk[i];
    }
}

static void adopt_clients(struct worker *w)
{
    uint32_t wanted = w->now.load.clients;
    if (wanted > w->client_room) {
        struct client **client = realloc(w->client, wanted * sizeof(struct client *));
        if (!client)
            return;
        w->client = client;
        w->client_room = wanted;
    }
    if (w->clients <
        wanted) { /* one block, so that ten thousand are not ten thousand allocations */
        uint32_t n = wanted - w->clients;
        struct client *block = calloc(n, sizeof *block);
        struct client **blocks =
            realloc(w->client_block, (w->client_blocks + 1) * sizeof(struct client *));
        if (blocks)
            w->client_block = blocks;
        if (!block || !blocks) {
            free(block);
            return;
        }
        w->client_block[w->client_blocks++] = block;
        for (uint32_t i = 0; i < n; i++) {
            client_init(&block[i], w, w->clients);
            w->client[w->clients++] = &block[i];
        }
    }
    w->live_clients = wanted < w->clients ? wanted : w->clients;
    for (uint32_t i = 0; i < w->clients; i++)
        w->client[i]->retired = i >= w->live_clients;
}

static void adopt_connections(struct worker *w)
{
    const struct load *load = &w->now.load;
    uint64_t depth = load->pattern == PATTERN_UNTHROTTLED ? UINT32_MAX : load->depth;
    w->capacity = w->backend->depth(pool_options(w->pool), load->weight, (uint32_t)depth);
    if (!w->capacity)
        w->capacity = 1;
    uint32_t needed = connections_needed(load, w->capacity);
    w->connections = load->connections ? load->connections : needed;
    w->scarce = load->connections && load->connections < needed;
    uint64_t share = ((uint64_t)w->live_clients * depth + w->connections - 1) / w->connections;
    w->share = share > UINT32_MAX ? UINT32_MAX : share < 1 ? 1 : (uint32_t)share;
    bool whole = load->pattern == PATTERN_BATCH && w->capacity >= load->depth;
    w->lease_unit = whole ? load->depth : 1;
}

/* Re-evaluates all clients that wait to start. */
static void rerun_clients(struct worker *w)
{
    for (struct client *c = w->idle.head; c; c = c->next)
        c->available = false;
    w->idle.head = w->idle.tail = NULL;
    for (uint32_t i = 0; i < w->clients; i++)
        client_ready(w->client[i]);
}

static void adopt(struct worker *w)
{
    struct settings was = w->now;
    bool first = was.version == 0;
    struct pool_shared *shared = pool_lock(w->pool);
    w->now = shared->settings;
    pool_unlock(w->pool);
    w->warm = w->start_warm = loop_now(w->loop) < w->now.record_from_ns;
    adopt_mix(w);
    adopt_clients(w);
    adopt_connections(w);
    if (first) {
        group_get(w, 0);
        loop_alarm(w->loop, &w->timeout_alarm, loop_now(w->loop) + NS_PER_MS);
    }
    conns_tune(w, !first && was.reopen_epoch != w->now.reopen_epoch);
    arrival_restart(w);
    bool changed_pattern =
        was.load.pattern != w->now.load.pattern || was.load.depth != w->now.load.depth;
    /* waiting leases have another size, or the load is paused */
    if (!first && (w->now.paused || changed_pattern))
        waiting_discard(w);
    for (uint32_t i = 0; i < w->think_timers; i++) {
        struct think_timer *t = &w->think_timer[(w->think_first + i) % w->think_room];
        uint64_t latest = loop_now(w->loop) + w->now.load.think_ns;
        if (t->ready_ns > latest)
            t->ready_ns = latest;
    }
    if (w->think_timers)
        loop_alarm(w->loop, &w->think_alarm, w->think_timer[w->think_first].ready_ns);
    if (w->backend->tune)
        w->backend->tune(w);
    rerun_clients(w);
}

/* Expires requests sent before `before_ns`, including those that wait to be sent again. */
static void timeouts_fire(struct alarm *a)
{
    struct worker *w =
        (struct worker *)(void *)((char *)a - offsetof(struct worker, timeout_alarm));
    uint64_t timeout = w->now.timeout_ns, now = loop_now(w->loop);
    bool streams = w->backend->flags & BACKEND_STREAMS, own = w->backend->flags & BACKEND_TIMEOUTS;
    uint64_t open_most = timeout < 5 * NS_PER_S ? timeout : 5 * NS_PER_S;
    if (open_most < 100 * NS_PER_MS)
        open_most = 100 * NS_PER_MS;
    for (uint32_t i = 0; i < w->groups; i++) {
        struct group *g = w->group[i];
        if (g && g->waiting && now > timeout && (w->again_waiting || w->schedule.open))
            leases_expire(g, now - timeout);
        for (uint32_t k = 0; g && k < g->conns; k++) {
            struct connection *c = g->conn[k];
            bool expired = false;
            if (c && c->state == CONN_OPENING && now - c->opened_ns > open_most)
                conn_down(&c->conn, "connect", "no answer to the opening within %.1f s",
                          (double)open_most / 1e9);
            for (struct request *r = c && !own ? conn_oldest(c) : NULL, *next; r; r = next) {
                next = r->next;
                bool young = !r->op.sent_ns || now - r->op.sent_ns < timeout;
                if (young && !c->resent)
                    break;
                if (!young && r->state == OP_IN_FLIGHT) {
                    op_expire(r);
                    expired = true;
                }
            }
            if (expired && !streams)
                conn_down(&c->conn, "timeout",
                          "closed after a timeout: a late answer would be taken for the next "
                          "one's (outcome unknown)");
        }
    }
    uint64_t every = timeout / 20;
    every = every < NS_PER_MS ? NS_PER_MS : every > 100 * NS_PER_MS ? 100 * NS_PER_MS : every;
    loop_alarm(w->loop, a, now + every);
}

/* ---- a turn ---- */

static void run_pending(void *ctx)
{
    struct worker *w = ctx;
    for (unsigned round = 0; round < 4; round++) {
        if (w->close_pending || w->fill)
            conns_run_pending(w);
        if (w->dispatch)
            leases_dispatch(w);
        if (w->runnable.head)
            clients_run(w, RUN_MOST);
        if (w->schedule.open)
            arrivals_run(w);
        else if (w->idle.head)
            waiting_to_start_run(w);
        if (w->receives_later && loop_now(w->loop) >= w->cap_next_ns) {
            w->receives_later = false;
            if (w->backend->tune)
                w->backend->tune(w);
        }
        if (w->dirty)
            conns_flush(w);
        if (!w->runnable.head && !w->dispatch && !w->close_pending && !w->fill)
            return;
    }
}

static void begin_turn(void *ctx)
{
    struct worker *w = ctx;
    recorder_turn_begin(&w->recorder);
    if (w->warm && loop_now(w->loop) >= w->now.record_from_ns)
        w->warm = w->start_warm = false;
    if (atomic_load_explicit(&w->pool->atomic.version, memory_order_acquire) != w->now.version)
        adopt(w);
    if (w->budget_empty &&
        atomic_load_explicit(&w->pool->atomic.budget, memory_order_relaxed) > 0) {
        w->budget_empty = false;
        rerun_clients(w);
    }
}

static bool receives(const struct worker *w)
{
    const struct op_type *types = w->now.op_types;
    for (unsigned i = 0; i < OPS_MAX && types[i].name; i++)
        if (types[i].receives && w->now.load.weight[i] > 0)
            return true;
    return false;
}

static void check_in_flight(struct worker *w)
{
    uint64_t now = loop_now(w->loop);
    if (now - w->checked_ns < CHECK_EVERY_NS)
        return;
    w->checked_ns = now;
    if (conns_count_ops(w) != w->tally.in_flight + w->tally.warm_in_flight)
        w->tally.miscounted++;
}

/* Is any answer or message expected? */
static bool expects(const struct worker *w)
{
    return w->tally.in_flight || w->tally.warm_in_flight || receives(w);
}

/* Notes that this worker has nothing left to do because the budget of -n is used up: the time until
 * the pool ends must not count as its idle time. Another worker may still return some of the
 * budget. True when this has just become so. */
static bool note_spent(struct worker *w)
{
    struct tally *t = &w->tally;
    bool before = t->spent;
    t->spent = w->now.counted && !w->warm && !t->in_flight && !t->waiting && !w->pending_rows &&
               atomic_load_explicit(&w->pool->atomic.budget, memory_order_relaxed) <= 0;
    if (t->spent && !before)
        w->spent_ns = t->turned_ns;
    if (!t->spent && before && !w->frozen)
        t->idle_ns += t->turned_ns - w->spent_ns;
    return t->spent && !before;
}

static void end_turn(struct worker *w)
{
    struct tally *t = &w->tally;
    if (!w->frozen) {
        worker_account(w);
        check_in_flight(w);
    }
    arrivals_account(w);
    t->connections_wanted = w->draining ? 0 : (uint64_t)w->groups_wanted * w->connections;
    uint64_t now = loop_now(w->loop);
    if (t->turns && now - t->turned_ns >= STILL_NS) {
        t->still_ns = now - t->turned_ns;
        t->still_until_ns = now;
    }
    t->turns++;
    t->turned_ns = now;
    bool news = note_spent(w);
    recorder_turn_end(&w->recorder, t);
    if (news)
        pool_notify(w->pool);
}

/* Executes the supervisor's order. False once the worker is done. */
static bool handle_order(struct worker *w)
{
    uint32_t order = atomic_load_explicit(&w->published.order, memory_order_acquire);
    uint64_t now = loop_now(w->loop);
    if (order != ORDER_RUN && !w->draining) {
        w->draining = true;
        w->drain_until_ns = now + DRAIN_NS;
        loop_alarm(w->loop, &w->drain_alarm, w->drain_until_ns);
        arrival_restart(w);
        waiting_discard(w);
        if (w->backend->tune)
            w->backend->tune(w);
    }
    if (!w->draining)
        return true;
    bool empty = !w->tally.in_flight && !w->tally.warm_in_flight && !w->again_waiting;
    if (!w->closing && (empty || order == ORDER_CLOSE || now >= w->drain_until_ns)) {
        worker_account(w);
        w->frozen = w->closing = true; /* unanswered requests stay in flight */
        w->ended_ns = w->tally.spent ? w->spent_ns : now;
        w->drain_until_ns = now + CLOSE_NS;
        loop_alarm(w->loop, &w->drain_alarm, w->drain_until_ns);
    }
    if (!w->closing)
        return true;
    return !conns_close_all(w) && now < w->drain_until_ns;
}

bool worker_turn(struct worker *w)
{
    worker_check_own(w);
    bool stale =
        atomic_load_explicit(&w->pool->atomic.version, memory_order_acquire) != w->now.version;
    bool busy = stale || w->runnable.head || w->dispatch || w->close_pending || w->fill;
    bool expected = expects(w); /* evaluated before the wait, because handling events changes it */
    uint64_t waited = loop_turn(w->loop, busy ? 0 : IDLE_WAIT_NS, begin_turn, run_pending, w);
    if (!w->frozen && !w->tally.spent)
        *(expected ? &w->tally.wait_ns : &w->tally.idle_ns) += waited;
    run_pending(w);
    bool more = handle_order(w);
    end_turn(w);
    return more;
}

uint64_t worker_next_due(const struct worker *w)
{
    if (atomic_load(&w->pool->atomic.version) != w->now.version || w->runnable.head ||
        w->dispatch || w->close_pending || w->fill ||
        (worker_ordered(w) != ORDER_RUN && !w->draining))
        return loop_now(w->loop);
    return loop_next_alarm(w->loop);
}

void worker_order(struct worker *w, enum worker_order order)
{
    if (worker_ordered(w) < order)
        atomic_store_explicit(&w->published.order, order, memory_order_release);
    loop_wake(w->loop);
}

/* ---- what the supervisor sees ---- */

void worker_wake(struct worker *w)
{
    loop_wake(w->loop);
}

enum worker_order worker_ordered(const struct worker *w)
{
    return (enum worker_order)atomic_load(&w->published.order);
}

bool worker_has_ended(const struct worker *w)
{
    return atomic_load_explicit(&w->published.ended, memory_order_acquire);
}

void worker_note_end(struct worker *w)
{
    atomic_store_explicit(&w->published.ended, true, memory_order_release);
}

int worker_tid(const struct worker *w)
{
    return atomic_load(&w->published.tid);
}

uint64_t worker_started_ns(const struct worker *w)
{
    return w->started_ns;
}

uint64_t worker_ended_ns(const struct worker *w)
{
    return w->ended_ns;
}

struct recorder *worker_recorder(struct worker *w)
{
    return &w->recorder;
}

void worker_conn_failure(struct worker *w, uint64_t *newest_ns, char error_class[24], char *buf,
                         size_t size)
{
    const struct class_table *t = &w->recorder.conn_errors;
    const struct class_slot *newest = NULL;
    uint64_t newest_here = *newest_ns;
    unsigned classes = atomic_load_explicit(&t->classes, memory_order_acquire);
    for (unsigned i = 0; i < classes; i++) {
        uint64_t last_ns = atomic_load_explicit(&t->slot[i]->last_ns, memory_order_relaxed);
        if (last_ns <= newest_here)
            continue;
        newest = t->slot[i];
        newest_here = last_ns;
    }
    if (!newest)
        return;
    *newest_ns = newest_here;
    copy_str(error_class, CONN_CLASS_MAX, newest->name);
    buf[0] = '\0';
    if (pthread_mutex_trylock(&w->recorder.messages))
        return;
    copy_str(buf, size, newest->last);
    pthread_mutex_unlock(&w->recorder.messages);
}

/* ---- creation and end ---- */

static void no_alarm(struct alarm *a)
{
    (void)a; /* only needed to wake the loop */
}

/* Gives the caller the roles of supervisor and worker. To be used while the worker's thread does
 * not run. */
static struct roles act_as_worker(const struct worker *w)
{
    return roles_set((struct roles){.mask = ROLE_SUPERVISOR | ROLE_WORKER, .of = w});
}

static void set_up(struct worker *w, struct pool *p, uint32_t index)
{
    const struct backend *b = p->spec.backend;
    w->pool = p;
    w->backend = b;
    w->now.op_types = pool_sup(p)->op_types;
    w->index = index;
    w->sample = 1;
    w->op_bytes = (sizeof(struct request) + b->op_size + 15) / 16 * 16;
    w->share = w->capacity = w->lease_unit = 1;
    struct alarm *alarm[] = {&w->think_alarm, &w->arrival_alarm, &w->timeout_alarm,
                             &w->drain_alarm};
    void (*fire[])(struct alarm *) = {think_fire, no_alarm, timeouts_fire, no_alarm};
    for (unsigned i = 0; i < 4; i++) {
        alarm[i]->due_ns = NS_NEVER;
        alarm[i]->fire = fire[i];
    }
    rng_seed(&w->rng, p->spec.seed, 2 * (uint64_t)index);
    schedule_init(&w->schedule, p->spec.seed, 2 * (uint64_t)index + 1);
}

/* Creates the worker's loop and calls the backend's worker_open. 0 or an error. */
static int open_loop(struct worker *w, uint64_t *virtual_clock, struct err *err)
{
    w->loop = loop_new(virtual_clock, err);
    if (!w->loop)
        return ERR_FAILED;
    int code = w->backend->worker_open ? w->backend->worker_open(w, err) : 0;
    if (code < 0)
        loop_free(w->loop);
    else
        w->started_ns = w->tally.area_ns = loop_refresh(w->loop);
    return code < 0 ? code : 0;
}

struct worker *worker_new(struct pool *p, uint32_t index, uint64_t *virtual_clock, struct err *err)
{
    struct worker *w = calloc(1, sizeof *w + p->spec.backend->worker_size);
    if (!w || recorder_init(&w->recorder)) {
        err_set(err, ERR_FAILED, "thread %u of %s: out of memory", index, p->spec.name);
        free(w);
        return NULL;
    }
    struct roles before = act_as_worker(w);
    set_up(w, p, index);
    int code = open_loop(w, virtual_clock, err);
    roles_set(before);
    if (code == 0)
        return w;
    recorder_fini(&w->recorder);
    free(w);
    return NULL;
}

static void *worker_main(void *ctx)
{
    struct worker *w = ctx;
    char name[16]; /* name shown by top -H */
    roles_set((struct roles){.mask = ROLE_WORKER, .of = w});
    snprintf(name, sizeof name, "%.9s/%u", w->pool->spec.name, w->index % 100000);
    pthread_setname_np(pthread_self(), name);
    atomic_store(&w->published.tid, (int)gettid());
    while (worker_turn(w))
        ;
    atomic_store(&w->published.tid, 0);
    w->tally.cpu_ns = clock_read_ns(CLOCK_THREAD_CPUTIME_ID);
    recorder_turn_begin(&w->recorder);
    recorder_turn_end(&w->recorder, &w->tally);
    worker_note_end(w);
    pool_notify(w->pool);
    return NULL;
}

int worker_start(struct worker *w, pthread_t *thread, struct err *err)
{
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    int failed = pthread_create(thread, &attr, worker_main, w);
    pthread_attr_destroy(&attr);
    if (failed)
        return err_set(err, ERR_FAILED, "thread %u of %s: %s (raise `ulimit -u`?)", w->index,
                       w->pool->spec.name, strerror(failed));
    return 0;
}

void worker_shrink(struct worker *w)
{
    if (!w->loop)
        return;
    struct roles before = act_as_worker(w);
    if (w->backend->worker_close)
        w->backend->worker_close(w);
    conns_free(w);
    ops_free(w);
    for (unsigned i = 0; i < w->client_blocks; i++)
        free(w->client_block[i]);
    free(w->client_block);
    free(w->client);
    free(w->think_timer);
    schedule_fini(&w->schedule);
    w->client_block = NULL;
    w->client = NULL;
    w->think_timer = NULL;
    w->client_blocks = w->clients = w->think_timers = 0;
    loop_free(w->loop);
    w->loop = NULL;
    recorder_shrink(&w->recorder);
    roles_set(before);
}

void worker_free(struct worker *w)
{
    if (!w)
        return;
    worker_shrink(w);
    recorder_fini(&w->recorder);
    free(w);
}
