/* The null backend: a simulated service with known behaviour, so that every statistic can be tested
 * against it, also on virtual time.
 *
 * An operation's end is computed when it is submitted, from options, from the operation's own
 * random bits and from what the pool's workers share (struct null_pool): nothing is sent anywhere.
 * Each worker keeps what is pending in a binary heap by end, with one alarm for the earliest. An
 * end is therefore exact in engine time; it may only be noticed late, which does not reduce the
 * capacity of a queue for `servers`.
 *
 * Invariants: a struct pending is in the heap and in its connection's list, or in the free list;
 * the pool's in_flight is the number of pendings of all workers. The pool's mutex guards only the
 * servers, which are part of the simulated service and used only when `servers` is set. */
#include "backends/registry.h"
#include "engine/backend.h"
#include "engine/base/json.h"
#include "engine/base/quantity.h"
#include "engine/base/text.h"

#include <jansson.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SERVICE, DIST, SERVERS, LAMBDA, SIGMA, KAPPA, ERRORS, STALL, DISCONNECT, DRIFT };
enum { DIST_CONST, DIST_EXP };

#define SERVERS_MAX 65536

struct null_pool {
    _Atomic uint64_t start_ns;          /* engine time of the first worker; 0: none yet */
    _Atomic uint64_t in_flight;         /* operations pending in all workers */
    uint64_t stall_at_ns, stall_for_ns; /* relative to the start; stall_for_ns 0: no stall */
    pthread_mutex_t mutex;
    uint64_t *free_ns; /* binary heap of the times at which each server becomes free */
    uint32_t servers, servers_room;
};

/* Indices of pendings are 1 and up; 0 means none. */
struct pending {
    struct op *op;
    struct null_conn *conn;
    uint32_t next, prev; /* next in its connection's list or in the free list */
    uint32_t place;      /* in the heap, from 1 */
};

struct slot {
    uint64_t due_ns, order; /* order: submission order, to break ties of due_ns */
    uint32_t pending;
};

struct null_worker {
    struct worker *worker;
    struct alarm due, drop;
    struct slot *heap;       /* [1 .. used] */
    struct pending *pending; /* [1 .. room] */
    uint32_t used, room, free;
    uint64_t order;
    bool firing; /* due_fire is running and sets the alarm at its end */
};

struct null_conn {
    uint32_t first; /* pending */
    bool up;
};

/* ---- The worker's heap of pending operations ---- */

static bool slot_before(const struct slot *a, const struct slot *b)
{
    return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->order < b->order;
}

static void heap_put(struct null_worker *w, uint32_t place, struct slot s)
{
    w->heap[place] = s;
    w->pending[s.pending].place = place;
}

static void heap_up(struct null_worker *w, uint32_t place, struct slot s)
{
    for (; place > 1 && slot_before(&s, &w->heap[place / 2]); place /= 2)
        heap_put(w, place, w->heap[place / 2]);
    heap_put(w, place, s);
}

static void heap_remove(struct null_worker *w, uint32_t place)
{
    struct slot s = w->heap[w->used--];
    if (place > w->used)
        return;
    for (uint32_t child; (child = place * 2) <= w->used; place = child) {
        if (child < w->used && slot_before(&w->heap[child + 1], &w->heap[child]))
            child++;
        if (!slot_before(&w->heap[child], &s))
            break;
        heap_put(w, place, w->heap[child]);
    }
    heap_up(w, place, s);
}

/* Doubles the table; -1: out of memory. Called only when more operations are in flight than ever
 * before. */
static int pending_grow(struct null_worker *w)
{
    uint32_t room = w->room ? w->room * 2 : 64;
    struct slot *heap = realloc(w->heap, (room + 1) * sizeof *heap);
    if (!heap)
        return -1;
    w->heap = heap;
    struct pending *pending = realloc(w->pending, (room + 1) * sizeof *pending);
    if (!pending)
        return -1;
    w->pending = pending;
    for (uint32_t i = room; i > w->room; i--) {
        pending[i].next = w->free;
        w->free = i;
    }
    w->room = room;
    return 0;
}

static int pending_add(struct null_worker *w, struct conn *conn, struct op *op, uint64_t due_ns)
{
    if (!w->free && pending_grow(w) < 0)
        return -1;
    uint32_t i = w->free;
    struct pending *p = &w->pending[i];
    struct null_conn *c = conn_data(conn);
    w->free = p->next;
    *p = (struct pending){.op = op, .conn = c, .next = c->first};
    if (c->first)
        w->pending[c->first].prev = i;
    c->first = i;
    heap_up(w, ++w->used, (struct slot){due_ns, w->order++, i});
    return 0;
}

static struct op *pending_remove(struct null_worker *w, uint32_t i)
{
    struct pending *p = &w->pending[i];
    heap_remove(w, p->place);
    if (p->prev)
        w->pending[p->prev].next = p->next;
    else
        p->conn->first = p->next;
    if (p->next)
        w->pending[p->next].prev = p->prev;
    p->next = w->free;
    w->free = i;
    return p->op;
}

/* ---- The simulated service ---- */

/* When a service that begins at `start` and needs `service` ends, given that it makes no progress
 * during the stall. */
static uint64_t stalled_end(const struct null_pool *p, uint64_t start, uint64_t service)
{
    uint64_t from = atomic_load_explicit(&p->start_ns, memory_order_relaxed) + p->stall_at_ns;
    if (!p->stall_for_ns || start >= from + p->stall_for_ns || start + service <= from)
        return start + service;
    return start >= from ? from + p->stall_for_ns + service : start + service + p->stall_for_ns;
}

/* Replaces the earliest time in the heap of servers by v. */
static void servers_replace(struct null_pool *p, uint64_t v)
{
    uint64_t *h = p->free_ns;
    uint32_t i = 0;
    for (uint32_t child; (child = 2 * i + 1) < p->servers; i = child) {
        if (child + 1 < p->servers && h[child + 1] < h[child])
            child++;
        if (h[child] >= v)
            break;
        h[i] = h[child];
    }
    h[i] = v;
}

/* Sets the number of servers to n. Those that become free first are removed first, each after its
 * present operation. */
static int servers_resize(struct null_pool *p, uint32_t n)
{
    if (n > p->servers_room) {
        uint64_t *h = realloc(p->free_ns, n * sizeof *h);
        if (!h)
            return -1;
        p->free_ns = h;
        p->servers_room = n;
    }
    while (p->servers > n) {
        uint64_t last = p->free_ns[--p->servers];
        servers_replace(p, last);
    }
    while (p->servers <
           n) { /* idle since time 0: each is moved to the top by moving its ancestors down */
        uint32_t i = p->servers++;
        for (; i > 0; i = (i - 1) / 2)
            p->free_ns[i] = p->free_ns[(i - 1) / 2];
        p->free_ns[0] = 0;
    }
    return 0;
}

/* The end of a service on n servers, first come first served, by the server that is free first.
 * UINT64_MAX: out of memory. */
static uint64_t served_end(struct null_pool *p, uint32_t n, uint64_t now, uint64_t service)
{
    uint64_t end = UINT64_MAX;
    pthread_mutex_lock(&p->mutex);
    if (n == p->servers || servers_resize(p, n) == 0) {
        uint64_t start = p->free_ns[0] > now ? p->free_ns[0] : now;
        end = stalled_end(p, start, service);
        servers_replace(p, end);
    }
    pthread_mutex_unlock(&p->mutex);
    return end;
}

/* Applies drift: the service slows down by that share per minute, like a cache that no longer holds
 * all data. */
static double drifted(const struct null_pool *p, const struct options *o, uint64_t now)
{
    double drift = option_real(o, DRIFT);
    uint64_t start = atomic_load_explicit(&p->start_ns, memory_order_relaxed);
    if (drift <= 0 || now <= start)
        return 1;
    return 1 + drift * (double)(now - start) / (60.0 * (double)NS_PER_S);
}

static uint64_t service_ns(const struct options *o, uint64_t rnd, uint64_t in_flight, double slower)
{
    double lambda = option_real(o, LAMBDA), mean = (double)option_u64(o, SERVICE);
    if (lambda > 0) {
        double n = (double)in_flight;
        double slow = 1 + option_real(o, SIGMA) * (n - 1) + option_real(o, KAPPA) * n * (n - 1);
        mean = slow / lambda * (double)NS_PER_S;
    }
    mean *= slower;
    if (option_u64(o, DIST) == DIST_EXP)
        mean *= -log1p(-rng_unit(mix64(rnd)));
    return mean < 1e15 ? (uint64_t)llround(mean) : UINT64_C(1000000000000000);
}

/* The scaling law already includes the cost of concurrency, so there is no additional queue. */
static uint32_t servers_wanted(const struct options *o)
{
    return option_real(o, LAMBDA) > 0 ? 0 : (uint32_t)option_u64(o, SERVERS);
}

static void finish(const struct options *o, struct op *op)
{
    static const char msg[] = "null: a simulated error (errors=)";
    double share = option_real(o, ERRORS);
    if (share > 0 && rng_unit(mix64(op->rnd ^ UINT64_C(0x9e3779b97f4a7c15))) < share)
        op_fail(op, "simulated", msg, sizeof msg - 1);
    else
        op_done(op);
}

static enum submit null_submit(struct conn *conn, struct op *op)
{
    struct null_worker *w = worker_data(conn->worker);
    struct pool *pool = worker_pool(conn->worker);
    struct null_pool *p = pool_data(pool);
    const struct options *o = pool_options(pool);
    /* Service begins at the time of sending, so that no measured time is shorter than the true
     * one. */
    op_sent(op);
    uint64_t now = loop_now(worker_loop(conn->worker));
    uint64_t n = atomic_fetch_add_explicit(&p->in_flight, 1, memory_order_relaxed) + 1;
    uint64_t service = service_ns(o, op->rnd, n, drifted(p, o, now)), end;
    uint32_t servers = servers_wanted(o);
    if (servers)
        end = served_end(p, servers, now, service);
    else
        end = stalled_end(p, now, service);
    if (end > now && end != UINT64_MAX && pending_add(w, conn, op, end) == 0) {
        if (!w->firing && end < w->due.due_ns)
            loop_alarm(worker_loop(conn->worker), &w->due, end);
        return SUBMIT_QUEUED;
    }
    atomic_fetch_sub_explicit(&p->in_flight, 1, memory_order_relaxed);
    if (end <= now) {
        finish(o, op);
        return SUBMIT_QUEUED;
    }
    op_error(op, "memory", op->n, "null: out of memory", strlen("null: out of memory"));
    return SUBMIT_FAILED;
}

static void due_fire(struct alarm *a)
{
    struct null_worker *w = (struct null_worker *)((char *)a - offsetof(struct null_worker, due));
    struct pool *pool = worker_pool(w->worker);
    struct null_pool *p = pool_data(pool);
    struct loop *loop = worker_loop(w->worker);
    uint64_t now = loop_refresh(loop);
    w->firing = true;
    while (w->used && w->heap[1].due_ns <= now) {
        struct op *op = pending_remove(w, w->heap[1].pending);
        atomic_fetch_sub_explicit(&p->in_flight, 1, memory_order_relaxed);
        finish(pool_options(pool), op);
    }
    w->firing = false;
    loop_alarm(loop, &w->due, w->used ? w->heap[1].due_ns : NS_NEVER);
}

/* ---- Connections ---- */

static int null_open(struct conn *conn, struct err *err)
{
    struct null_conn *c = conn_data(conn);
    (void)err;
    *c = (struct null_conn){.up = true};
    conn_up(conn);
    return 0;
}

static void null_close(struct conn *conn)
{
    struct null_worker *w = worker_data(conn->worker);
    struct null_pool *p = pool_data(worker_pool(conn->worker));
    struct null_conn *c = conn_data(conn);
    c->up = false;
    while (c->first) {
        pending_remove(w, c->first);
        atomic_fetch_sub_explicit(&p->in_flight, 1, memory_order_relaxed);
    }
    conn_closed(conn);
}

static void drop_fire(struct alarm *a)
{
    struct null_worker *w = (struct null_worker *)((char *)a - offsetof(struct null_worker, drop));
    unsigned n = 0;
    while (worker_conn(w->worker, 0, n))
        n++;
    while (n--) {
        struct conn *conn = worker_conn(w->worker, 0, n);
        if (conn && ((struct null_conn *)conn_data(conn))->up)
            conn_down(conn, "disconnected", "null: a simulated disconnect (disconnect=)");
    }
}

static uint32_t null_depth(const struct options *o, const double *weight, uint32_t client_depth)
{
    (void)o;
    (void)weight;
    return client_depth;
}

/* ---- Worker and pool ---- */

static int null_worker_open(struct worker *worker, struct err *err)
{
    struct null_worker *w = worker_data(worker);
    struct null_pool *p = pool_data(worker_pool(worker));
    struct loop *loop = worker_loop(worker);
    uint64_t start = NS_NEVER, now = loop_now(loop);
    (void)err;
    *w = (struct null_worker){.worker = worker,
                              .due = {.due_ns = NS_NEVER, .fire = due_fire},
                              .drop = {.due_ns = NS_NEVER, .fire = drop_fire}};
    /* pool_open has no loop and therefore no time: the pool starts with its first worker. */
    if (atomic_compare_exchange_strong(&p->start_ns, &start, now))
        start = now;
    uint64_t drop = option_u64(pool_options(worker_pool(worker)), DISCONNECT);
    if (drop && start + drop > now)
        loop_alarm(loop, &w->drop, start + drop);
    return 0;
}

static void null_worker_close(struct worker *worker)
{
    struct null_worker *w = worker_data(worker);
    loop_alarm(worker_loop(worker), &w->due, NS_NEVER);
    loop_alarm(worker_loop(worker), &w->drop, NS_NEVER);
    free(w->heap);
    free(w->pending);
    w->heap = NULL;
    w->pending = NULL;
    w->used = w->room = w->free = 0;
}

/* Parses "5s+1s": a stall at 5 s that lasts 1 s. Empty: no stall. */
static int parse_stall(const char *s, uint64_t *at_ns, uint64_t *for_ns, struct err *err)
{
    char at[32];
    const char *plus = strchr(s, '+');
    *at_ns = *for_ns = 0;
    if (!*s)
        return 0;
    if (plus && (size_t)(plus - s) < sizeof at) {
        copy_str(at, (size_t)(plus - s) + 1, s);
        if (parse_duration(at, at_ns) == 0 && parse_duration(plus + 1, for_ns) == 0)
            return 0;
    }
    return err_set(err, ERR_USAGE, "stall=%s: not two durations AT+FOR, such as 5s+1s", s);
}

static int null_check(const struct target *t, const struct options *o, struct err *err)
{
    uint64_t at_ns, for_ns;
    if (t->hosts)
        return err_set(err, ERR_USAGE, "%s: null has no host; write null:?service=1ms", t->shown);
    /* refuse them without `lambda`, because they would have no effect */
    for (unsigned i = SIGMA; i <= KAPPA; i++)
        if (option_real(o, i) > 0 && !(option_real(o, LAMBDA) > 0))
            return err_set(err, ERR_USAGE, "%s %g: only with lambda (lambda=1000&sigma=0.05)",
                           o->table[i].name, option_real(o, i));
    return parse_stall(option_str(o, STALL), &at_ns, &for_ns, err);
}

static int null_pool_open(struct pool *pool, struct err *err)
{
    struct null_pool *p = pool_data(pool);
    memset(p, 0, sizeof *p);
    p->start_ns = NS_NEVER;
    if (parse_stall(option_str(pool_options(pool), STALL), &p->stall_at_ns, &p->stall_for_ns, err) <
        0)
        return err ? err->code : ERR_USAGE;
    if (pthread_mutex_init(&p->mutex, NULL) != 0)
        return err_set(err, ERR_FAILED, "null: no mutex to be had");
    return 0;
}

static void null_pool_close(struct pool *pool)
{
    struct null_pool *p = pool_data(pool);
    free(p->free_ns);
    p->free_ns = NULL;
    pthread_mutex_destroy(&p->mutex);
}

/* The maximum throughput of the configured service, in operations a second; NaN: unlimited. */
static double capacity_per_s(const struct options *o)
{
    double lambda = option_real(o, LAMBDA), sigma = option_real(o, SIGMA),
           kappa = option_real(o, KAPPA);
    double service = (double)option_u64(o, SERVICE), servers = (double)servers_wanted(o);
    if (lambda > 0) {
        if (kappa <= 0)
            return sigma > 0 ? lambda / sigma : NAN;
        double n = fmax(1, sqrt(fmax(0, 1 - sigma) / kappa));
        return lambda * n / (1 + sigma * (n - 1) + kappa * n * (n - 1));
    }
    return servers > 0 && service > 0 ? servers * (double)NS_PER_S / service : NAN;
}

static void null_pool_stats(struct pool *pool, struct stats *s)
{
    const struct null_pool *p = pool_data(pool);
    double capacity = capacity_per_s(pool_options(pool));
    uint64_t n = atomic_load_explicit(&p->in_flight, memory_order_relaxed);
    char text[32] = "no limit";
    if (!isnan(capacity))
        format_number(text, sizeof text, capacity);
    copy_str(s->version, sizeof s->version, "simulated service");
    copy_str(s->address, sizeof s->address, "in this process");
    snprintf(s->note, sizeof s->note, "simulated: capacity %s%s, %llu in service or queued", text,
             isnan(capacity) ? "" : "/s", (unsigned long long)n);
    json_object_set_new(s->json, "capacity_per_s", json_real_or_null(capacity));
    json_object_set_new(s->json, "in_service", json_integer((json_int_t)n));
}

static const struct option_spec null_options[] = {
    [SERVICE] = {"service", OPTION_DURATION, OPTION_LIVE, "1ms", 0, 3.6e12, NULL,
                 "time that an operation takes in the simulated service; 0 ends it at once"},
    [DIST] = {"dist", OPTION_CHOICE, OPTION_LIVE, "const", 0, 0, "const|exp",
              "service time constant, or exponential with that mean"},
    [SERVERS] =
        {"servers", OPTION_COUNT, OPTION_LIVE, "0", 0, SERVERS_MAX, NULL,
         "servers that share one queue, for all threads together; 0: as many as operations"},
    [LAMBDA] = {"lambda", OPTION_REAL, OPTION_LIVE, "0", 0, 1e9, NULL,
                "follow the scaling law: throughput of one in flight, a second; 0: use service"},
    [SIGMA] = {"sigma", OPTION_REAL, OPTION_LIVE, "0", 0, 1, NULL,
               "contention of the scaling law, with lambda"},
    [KAPPA] = {"kappa", OPTION_REAL, OPTION_LIVE, "0", 0, 1, NULL,
               "coherency of the scaling law, with lambda"},
    [ERRORS] = {"errors", OPTION_REAL, OPTION_LIVE, "0", 0, 1, NULL,
                "share of operations that fail, 0 to 1"},
    [STALL] = {"stall", OPTION_TEXT, 0, NULL, 0, 0, NULL,
               "AT+FOR, such as 5s+1s: 5 s after the start nothing completes for 1 s"},
    [DISCONNECT] = {"disconnect", OPTION_DURATION, 0, NULL, 0, 3.6e12, NULL,
                    "at this time after the start all connections drop once"},
    [DRIFT] = {"drift", OPTION_REAL, OPTION_LIVE, "0", 0, 1000, NULL,
               "share by which the service slows down a minute: what no plateau should hide"},
    {.name = NULL},
};

static const struct op_type null_ops[] = {
    {.name = "op",
     .help = "one request to the simulated service",
     .weight = 1,
     .reads = true,
     .noun = "op"},
    {.name = NULL},
};

const struct backend backend_null = {
    .name = "null",
    .summary = "a simulated service with a known capacity, to try loadtop and to test it",
    .schemes = "null",
    .url_forms = "null:",
    .connections = "one for each client",
    .example = "null:?service=1ms&servers=8",
    .options = null_options,
    .ops = null_ops,
    .flags = BACKEND_VIRTUAL,
    .pool_size = sizeof(struct null_pool),
    .worker_size = sizeof(struct null_worker),
    .conn_size = sizeof(struct null_conn),
    .check = null_check,
    .pool_open = null_pool_open,
    .pool_stats = null_pool_stats,
    .pool_close = null_pool_close,
    .depth = null_depth,
    .worker_open = null_worker_open,
    .worker_close = null_worker_close,
    .open = null_open,
    .submit = null_submit,
    .close = null_close,
};
