/* See engine_check.h. If you change the members of struct request, struct connection or struct
 * worker, adapt the functions at the top. */
#include "tests/unit/engine_check.h"

#include "engine/config/pattern.h"
#include "engine/load/conn_room.h"
#include "engine/load/worker_state.h"
#include "engine/load/workers.h"
#include "engine/state/pool.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- what is looked at ---- */

static const struct request *op_next(const struct request *op)
{
    return op->next;
}

static const struct request *op_prev(const struct request *op)
{
    return op->prev;
}

static const struct request *op_next_of_client(const struct request *op)
{
    return op->client_next;
}

static const struct request *op_prev_of_client(const struct request *op)
{
    return op->client_prev;
}

static const struct client *op_client(const struct request *op)
{
    return op->client;
}

static const struct connection *op_conn(const struct request *op)
{
    return op->connection;
}

static enum op_state op_state(const struct request *op)
{
    return (enum op_state)op->state;
}

static bool op_is(const struct request *op, enum op_flag flag)
{
    return op->flags & flag;
}

static bool op_was_sent(const struct request *op)
{
    return op->op.sent_ns != 0;
}

static enum conn_state conn_state(const struct connection *c)
{
    return (enum conn_state)c->state;
}

static const struct request *conn_newest(const struct connection *c)
{
    return c->newest;
}

static const struct request *conn_unsent(const struct connection *c)
{
    return c->unsent;
}

static const struct connection *available_next(const struct connection *c)
{
    return c->next;
}

static const struct connection *available_prev(const struct connection *c)
{
    return c->prev;
}

static const struct connection *dirty_next(const struct connection *c)
{
    return c->next_dirty;
}

static const struct connection *close_pending_next(const struct connection *c)
{
    return c->next_close_pending;
}

enum mark { DIRTY, CLOSE_PENDING, AVAILABLE, RETIRE, STALE, TROUBLE, COUNTS_AS_UP, EXCLUSIVE };

static bool conn_is(const struct connection *c, enum mark m)
{
    switch (m) {
    case DIRTY:
        return c->dirty;
    case CLOSE_PENDING:
        return c->close_pending;
    case AVAILABLE:
        return c->available;
    case RETIRE:
        return c->retire;
    case STALE:
        return c->stale;
    case TROUBLE:
        return c->trouble;
    case COUNTS_AS_UP:
        return c->counts_as_up;
    case EXCLUSIVE:
        return c->exclusive;
    }
    return false;
}

/* ---- what was found ---- */

/* Sums over the lists, to be held against the counts. */
struct found {
    uint64_t requests; /* wherever they are */
    uint64_t in_flight, warm_in_flight, sent;
    uint64_t waiting, again, waiting_due, waiting_counted;
    uint64_t connected, dirty, close_pending, dispatched, groups;
    uint64_t unthrottled; /* bytes of unthrottled requests */
};

struct books {
    const struct worker *w;
    struct found found;
    char *why;
    size_t size;
    bool failed;
};

/* Notes the first thing that does not hold. Returns `holds`. */
__attribute__((format(printf, 3, 4))) static bool expect(struct books *k, bool holds,
                                                         const char *fmt, ...)
{
    va_list args;
    if (holds || k->failed)
        return holds;
    va_start(args, fmt);
    vsnprintf(k->why, k->size, fmt, args);
    va_end(args);
    k->failed = true;
    return false;
}

static void expect_same(struct books *k, const char *what, uint64_t count, uint64_t found)
{
    expect(k, count == found, "%s: %llu are counted, %llu found", what, (unsigned long long)count,
           (unsigned long long)found);
}

static uint64_t requests_made(const struct worker *w)
{
    uint64_t n = 0;
    for (const struct op_block *b = w->block; b; b = b->next)
        n += b->n;
    return n;
}

/* One that is offered and not ended: on a connection, or waiting to be sent again. */
static void find_in_flight(struct found *f, const struct request *op)
{
    *(op_is(op, OP_WARM) ? &f->warm_in_flight : &f->in_flight) += op->op.n;
    if (!op_is(op, OP_WARM) && op_was_sent(op))
        f->sent += op->op.n;
}

/* ---- requests ---- */

static void check_free(struct books *k)
{
    uint64_t made = requests_made(k->w), n = 0;
    for (const struct request *op = k->w->free_op; op && !k->failed; op = op_next(op)) {
        expect(k, op_state(op) == OP_FREE, "a free request is in state %d", (int)op_state(op));
        expect(k, ++n <= made, "the list of free requests has a circle");
    }
    k->found.requests += n + (k->w->pending_bulk != NULL);
    expect_same(k, "requests in all", made, k->found.requests);
}

static void check_waiting_op(struct books *k, const struct group *g, const struct request *op)
{
    struct found *f = &k->found;
    f->requests++;
    expect(k, op_state(op) == OP_WAITING, "one that waits is in state %d", (int)op_state(op));
    expect(k, !op_conn(op), "one that waits has a connection");
    expect(k, op->group == g->id, "one that waits in group %u says %u", g->id, op->group);
    expect(k, op_client(op) != NULL, "one that waits has no client");
    if (op_is(op, OP_AGAIN)) {
        f->again++;
        find_in_flight(f, op);
        return;
    }
    f->waiting += op->op.n;
    if (op_is(op, OP_DUE))
        f->waiting_due += op->op.n;
    if (!op_is(op, OP_WARM))
        f->waiting_counted += op->op.n;
}

static void check_waiting(struct books *k, const struct group *g)
{
    uint64_t made = requests_made(k->w), n = 0;
    const struct request *last = NULL;
    for (const struct request *chain = g->waiting; chain && !k->failed; chain = op_prev(chain)) {
        for (const struct request *op = chain; op && !k->failed; op = op_next(op)) {
            check_waiting_op(k, g, op);
            expect(k, ++n <= made, "group %u: the list of those that wait has a circle", g->id);
        }
        last = chain;
    }
    if (g->waiting)
        expect(k, g->waiting_last == last, "group %u: the last that waits is another one", g->id);
}

static void check_on_conn(struct books *k, const struct connection *c)
{
    struct found *f = &k->found;
    uint32_t requests = 0, ops = 0;
    bool unsent_met = false;
    const struct request *last = NULL;
    for (const struct request *op = conn_oldest(c); op && !k->failed; op = op_next(op)) {
        requests++;
        expect(k, op_prev(op) == last, "conn %u: its list is not linked back", c->conn.id);
        expect(k, op_conn(op) == c, "conn %u: one in its list has another connection", c->conn.id);
        expect(k, op_state(op) == OP_IN_FLIGHT || op_state(op) == OP_ABANDONED,
               "conn %u: one in its list is in state %d", c->conn.id, (int)op_state(op));
        expect(k, requests <= c->conn.requests, "conn %u: more in its list than the %u it counts",
               c->conn.id, c->conn.requests);
        unsent_met = unsent_met || op == conn_unsent(c);
        expect(k, op_was_sent(op) || unsent_met, "conn %u: one was neither sent nor is it to be",
               c->conn.id);
        if (op_state(op) == OP_IN_FLIGHT) {
            ops += op->op.n;
            find_in_flight(f, op);
            expect(k, op_client(op) != NULL, "conn %u: one in flight has no client", c->conn.id);
        } else {
            expect(k, !op_client(op), "conn %u: one that timed out still has its client",
                   c->conn.id);
        }
        last = op;
    }
    f->requests += requests;
    expect(k, conn_newest(c) == last, "conn %u: its newest is another one", c->conn.id);
    expect(k, !conn_unsent(c) || unsent_met, "conn %u: the unsent one is not in its list",
           c->conn.id);
    expect_same(k, "requests of a connection", c->conn.requests, requests);
    if (!k->w->frozen)
        expect_same(k, "operations of a connection", c->ops, ops);
}

/* ---- connections ---- */

static bool conn_carries(const struct connection *c)
{
    return conn_state(c) == CONN_UP || conn_state(c) == CONN_OPENING;
}

static void check_conn(struct books *k, const struct group *g, uint32_t i,
                       const struct connection *c)
{
    struct found *f = &k->found;
    bool available = conn_has_room(c) >= k->w->lease_unit;
    bool leaves = (conn_is(c, RETIRE) && conn_state(c) != CONN_CLOSING) ||
                  (conn_is(c, STALE) && conn_carries(c));
    expect(k, c->conn.worker == k->w && c->conn.group == g->id && c->conn.id == i,
           "group %u: connection %u says that it is another one", g->id, i);
    check_on_conn(k, c);
    expect(k, conn_state(c) == CONN_UP || !c->conn.requests, "conn %u: not up, and it carries some",
           c->conn.id);
    expect(k, conn_state(c) != CONN_UP || !conn_is(c, COUNTS_AS_UP),
           "conn %u: up, and counted as away", c->conn.id);
    expect(k, conn_is(c, AVAILABLE) == available,
           "conn %u: room for %u, and %sin the list of those", c->conn.id, conn_has_room(c),
           conn_is(c, AVAILABLE) ? "" : "not ");
    expect(k, !leaves || c->conn.requests || conn_is(c, CLOSE_PENDING),
           "conn %u: it is to go and carries nothing, but is not in the list", c->conn.id);
    expect(k, conn_is(c, DIRTY) || !conn_unsent(c), "conn %u: nobody will send what is unsent",
           c->conn.id);
    expect(k, conn_is(c, EXCLUSIVE) == (conn_oldest(c) && conn_oldest(c)->op.exclusive),
           "conn %u: it is %sheld by one request alone", c->conn.id,
           conn_is(c, EXCLUSIVE) ? "" : "not ");
    expect(k, !conn_is(c, EXCLUSIVE) || (c->conn.requests == 1 && !conn_is(c, AVAILABLE)),
           "conn %u: held by one request alone, and not alone", c->conn.id);
    f->connected += conn_state(c) == CONN_UP && !conn_is(c, TROUBLE);
    f->connected += conn_is(c, COUNTS_AS_UP);
    f->dirty += conn_is(c, DIRTY);
    f->close_pending += conn_is(c, CLOSE_PENDING);
}

static void check_available(struct books *k, const struct group *g, uint32_t marked)
{
    const struct connection *last = NULL;
    uint32_t n = 0;
    for (const struct connection *c = g->available; c && !k->failed; c = available_next(c)) {
        expect(k, available_prev(c) == last, "group %u: roomy ones are not linked back", g->id);
        expect(k, conn_is(c, AVAILABLE) && c->conn.group == g->id,
               "group %u: conn %u is in the list of roomy ones", g->id, c->conn.id);
        expect(k, ++n <= marked, "group %u: the list of roomy ones has a circle", g->id);
        last = c;
    }
    expect(k, g->available_last == last, "group %u: the last roomy one is another one", g->id);
    expect_same(k, "roomy connections", marked, n);
}

static uint32_t units(const struct request *chain)
{
    uint32_t n = 0;
    for (; chain; chain = op_next(chain))
        n++;
    return n;
}

/* Is there one for the first that waits, if it needs a connection alone? */
static bool has_idle(const struct group *g)
{
    for (const struct connection *c = g->available; c && g->waiting->op.exclusive;
         c = available_next(c))
        if (!c->conn.requests)
            return true;
    return !g->waiting->op.exclusive;
}

/* Whatever could go on is about to. */
static void check_progress(struct books *k, const struct group *g, uint32_t to_open)
{
    const struct worker *w = k->w;
    if (g->waiting && g->available)
        expect(k, g->dispatch || conn_has_room(g->available) < units(g->waiting) || !has_idle(g),
               "group %u: there is room, and nobody hands it to those that wait", g->id);
    if (to_open && !w->draining && !w->closing && w->connections && !g->left)
        expect(k, w->fill || g->opening || g->reopen.due_ns != NS_NEVER,
               "group %u: nobody will open its %u closed connections", g->id, to_open);
}

static void check_group(struct books *k, const struct group *g)
{
    uint32_t in[CONN_CLOSING + 1] = {0}, available = 0, to_open = 0;
    for (uint32_t i = 0; i < g->conns && !k->failed; i++) {
        const struct connection *c = g->conn[i];
        if (!c)
            continue;
        check_conn(k, g, i, c);
        in[conn_state(c)]++;
        available += conn_is(c, AVAILABLE);
        to_open += conn_state(c) == CONN_CLOSED && !conn_is(c, RETIRE) && i < k->w->connections;
    }
    if (k->failed)
        return;
    expect_same(k, "connections that are up", g->up, in[CONN_UP]);
    expect_same(k, "connections that are opening", g->opening, in[CONN_OPENING]);
    expect_same(k, "connections that are closed", g->closed, in[CONN_CLOSED]);
    check_available(k, g, available);
    check_waiting(k, g);
    check_progress(k, g, to_open);
    k->found.dispatched += g->dispatch;
    k->found.groups += !g->left;
}

/* Lists of the worker that go through connections and groups: what is marked is in them once. */
static void check_lists(struct books *k)
{
    const struct worker *w = k->w;
    uint64_t n = 0;
    for (const struct connection *c = w->dirty; c && n <= k->found.dirty; c = dirty_next(c), n++)
        expect(k, conn_is(c, DIRTY), "conn %u: to be flushed, and not marked so", c->conn.id);
    expect_same(k, "connections to be flushed", k->found.dirty, n);
    n = 0;
    for (const struct connection *c = w->close_pending; c && n <= k->found.close_pending;
         c = close_pending_next(c), n++)
        expect(k, conn_is(c, CLOSE_PENDING), "conn %u: to be closed, and not marked so",
               c->conn.id);
    expect_same(k, "connections to be closed", k->found.close_pending, n);
    n = 0;
    for (const struct group *g = w->dispatch; g && n <= k->found.dispatched; g = g->next_dispatch)
        n++;
    expect_same(k, "groups to be looked at", k->found.dispatched, n);
}

/* ---- clients ---- */

static void check_think_timers(struct books *k, uint64_t *thinking)
{
    const struct worker *w = k->w;
    uint64_t before = 0;
    for (uint32_t i = 0; i < w->think_timers; i++) {
        const struct think_timer *t = &w->think_timer[(w->think_first + i) % w->think_room];
        expect(k, t->ready_ns >= before, "thoughts are not in the order of their moments");
        before = t->ready_ns;
        *thinking += t->requests;
    }
    expect(k, !w->think_timers || w->think_alarm.due_ns <= w->think_timer[w->think_first].ready_ns,
           "a client thinks, and nothing will wake it");
}

static bool may_start(const struct worker *w)
{
    return w->now.version && !w->now.paused && !w->draining && !w->full && !w->budget_empty &&
           w->starting_ops && loop_now(w->loop) < w->now.end_ns;
}

static void check_client(struct books *k, const struct client *c, uint64_t *listed)
{
    const struct worker *w = k->w;
    const struct request *last = NULL;
    uint32_t n = 0, batch = 0;
    for (const struct request *op = c->oldest; op && !k->failed; op = op_next_of_client(op)) {
        expect(k, op_prev_of_client(op) == last && (!last || last->seq < op->seq),
               "client %u: its list is not linked back, or out of order", c->id);
        expect(k, op_client(op) == c, "client %u: one in its list is another's", c->id);
        expect(k, op_state(op) == OP_WAITING || op_state(op) == OP_IN_FLIGHT,
               "client %u: one in its list is in state %d", c->id, (int)op_state(op));
        expect(k, ++n <= c->occupied, "client %u: more in its list than the %u it counts", c->id,
               c->occupied);
        batch += op_is(op, OP_BATCH);
        k->found.unthrottled += op_is(op, OP_BYTES_COUNTED) ? w->op_bytes + op->op.size : 0;
        last = op;
    }
    expect(k, c->newest == last, "client %u: its newest is another one", c->id);
    expect(k, c->batch_left == batch, "client %u: %u of its batch are left, %u found", c->id,
           c->batch_left, batch);
    *listed += n;
    struct flight f = {.occupied = c->occupied,
                       .window = c->oldest ? c->seq - c->oldest->seq : 0,
                       .draining = c->draining && c->occupied};
    bool free = w->now.load.pattern == PATTERN_UNTHROTTLED
                    ? !c->occupied && !w->schedule.open
                    : pattern_starts(w->now.load.pattern, w->now.load.depth, &f) > 0;
    if (free && !c->retired && c->occupied == n && may_start(w)) /* one that thinks is woken */
        expect(k, c->listed || c->available, "client %u: it could start, and nobody looks at it",
               c->id);
}

static void check_client_list(struct books *k, const struct client_list *l, bool idle)
{
    const struct worker *w = k->w;
    uint64_t marked = 0, n = 0;
    const struct client *last = NULL;
    for (uint32_t i = 0; i < w->clients; i++)
        marked += idle ? w->client[i]->available : w->client[i]->listed;
    for (const struct client *c = l->head; c && n <= marked; c = c->next, n++) {
        expect(k, idle ? c->available : c->listed, "client %u: in a list, and not marked so",
               c->id);
        last = c;
    }
    expect_same(k, idle ? "clients with room" : "clients that are ready", marked, n);
    expect(k, l->tail == last, "the last of a list of clients is another one");
}

static void check_clients(struct books *k)
{
    const struct worker *w = k->w;
    uint64_t occupied = 0, thinking = 0, listed = 0;
    check_think_timers(k, &thinking);
    for (uint32_t i = 0; i < w->clients && !k->failed; i++) {
        check_client(k, w->client[i], &listed);
        occupied += w->client[i]->occupied;
    }
    if (k->failed)
        return;
    expect_same(k, "requests that occupy clients", occupied, listed + thinking);
    expect_same(k, "bytes of unthrottled requests", w->unthrottled_bytes, k->found.unthrottled);
    check_client_list(k, &w->runnable, false);
    check_client_list(k, &w->idle, true);
}

/* ---- the account ---- */

static uint64_t errors_by_class(const struct class_table *t)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < atomic_load(&t->classes); i++)
        n += atomic_load(&t->slot[i]->count);
    return n;
}

static void check_account(struct books *k)
{
    const struct worker *w = k->w;
    const struct tally *t = &w->tally;
    const struct found *f = &k->found;
    expect_same(k, "offered", t->offered,
                t->completed + t->errors + t->timeouts + t->in_flight + t->dropped);
    expect_same(k, "offered in the warm-up", t->warm_offered,
                t->warm_completed + t->warm_errors + t->warm_timeouts + t->warm_in_flight +
                    t->warm_dropped);
    expect_same(k, "due by the schedule", t->due,
                t->scheduled + t->not_started + t->warm_not_started + t->still_due);
    expect_same(k, "times that the worker itself saw a count that is wrong", t->miscounted, 0);
    expect_same(k, "errors, and errors by class", t->errors, errors_by_class(&w->recorder.errors));
    expect_same(k, "waiting", t->waiting, f->waiting);
    expect_same(k, "waiting to be sent again", w->again_waiting, f->again);
    expect_same(k, "waiting by the schedule", w->waiting_due, f->waiting_due);
    expect_same(k, "connected", t->connected, f->connected);
    expect_same(k, "connections wanted", t->connections_wanted,
                w->draining ? 0 : f->groups * w->connections);
    expect(k, t->refused <= errors_by_class(&w->recorder.conn_errors),
           "more connections were refused than have a class");
    if (w->frozen)
        return;
    expect_same(k, "in flight", t->in_flight, f->in_flight);
    expect_same(k, "in flight of the warm-up", t->warm_in_flight, f->warm_in_flight);
    expect_same(k, "sent", t->sent, f->sent);
}

static void check_alarms(struct books *k)
{
    const struct worker *w = k->w;
    if (!w->now.version)
        return;
    expect(k, w->timeout_alarm.due_ns != NS_NEVER, "nobody looks for timeouts any more");
    expect(k, !w->schedule.open || w->budget_empty || w->arrival_alarm.due_ns != NS_NEVER,
           "the schedule is open, and nothing will serve it");
}

const char *engine_check_worker(const struct worker *w, char *why, size_t size)
{
    struct books k = {.w = w, .why = why, .size = size};
    for (uint32_t i = 0; i < w->groups && !k.failed; i++)
        if (w->group[i])
            check_group(&k, w->group[i]);
    if (!k.failed)
        check_free(&k);
    if (!k.failed)
        check_lists(&k);
    if (!k.failed && !w->frozen) /* then nobody is told of ends any more */
        check_clients(&k);
    if (!k.failed)
        check_account(&k);
    check_alarms(&k);
    return k.failed ? why : NULL;
}

/* What a worker has claimed of the budget: what it offered, and what it is about to offer. */
static uint64_t claimed_by(const struct worker *w, struct books *k)
{
    bool warm = w->pending_bulk && op_is(w->pending_bulk, OP_WARM);
    k->w = w;
    k->found = (struct found){0};
    for (uint32_t i = 0; i < w->groups; i++)
        if (w->group[i])
            check_waiting(k, w->group[i]);
    return w->tally.offered + k->found.waiting_counted + (warm ? 0 : w->pending_rows);
}

const char *engine_check_pool(const struct pool *p, char *why, size_t size)
{
    struct books k = {.why = why, .size = size};
    uint64_t claimed = 0, count = pool_count(p);
    int64_t left = atomic_load(&p->atomic.budget);
    if (!count)
        return NULL;
    for (unsigned i = 0; i < pool_sup(p)->workers && !k.failed; i++)
        claimed += claimed_by(pool_sup(p)->worker[i]->worker, &k);
    expect(&k, left >= 0, "more than -n was claimed");
    expect_same(&k, "of -n, claimed", count - (uint64_t)left, claimed);
    return k.failed ? why : NULL;
}
