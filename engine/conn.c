/* Connections, their groups, and leases.
 *
 * A group holds a worker's connections to one place (a node, a slot; most backends have one group).
 * A chain of requests that goes out together (one request, or a batch) leases room on one
 * connection; when none has room it waits in its group, first come first served, and is not offered
 * yet. Room is the smaller of what the protocol carries and what each connection should carry if
 * load is spread evenly, so that a client stays on one connection where that is free, and a few
 * connections that multiplex share the work.
 *
 * A lost connection fails what it carried, waits out a jittered back-off that doubles from 50 to
 * 500 ms, and while no connection of its group stands only one is tried at a time. What is waiting:
 * `next` links the requests of one lease, `prev` of a lease's first request links to the next
 * lease. */
#include "engine/pool.h"
#include "engine/text.h"
#include "engine/worker.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BACKOFF_MIN_NS (50 * NS_PER_MS)
#define BACKOFF_MAX_NS (500 * NS_PER_MS)
#define OPENING_MOST 64

void *conn_data(const struct conn *c)
{
    return (void *)(uintptr_t)(c + 1);
}

static struct group *conn_group(const struct conn *c)
{
    return c->worker->group[c->group];
}

/* ---- room -------------------------------------------------------------------------------------
 */

static uint32_t conn_free(const struct conn *c)
{
    const struct worker *w = c->worker;
    uint32_t limit = w->share > w->lease_unit ? w->share : w->lease_unit;
    if (limit > w->capacity)
        limit = w->capacity;
    if (c->state != CONN_UP || c->busy || c->trouble || c->retire || c->requests >= limit)
        return 0;
    return limit - c->requests;
}

static void roomy_remove(struct group *g, struct conn *c)
{
    if (c->prev)
        c->prev->next = c->next;
    else
        g->roomy = c->next;
    if (c->next)
        c->next->prev = c->prev;
    else
        g->roomy_last = c->prev;
    c->next = c->prev = NULL;
    c->roomy = false;
}

static void roomy_append(struct group *g, struct conn *c)
{
    c->prev = g->roomy_last;
    c->next = NULL;
    if (g->roomy_last)
        g->roomy_last->next = c;
    else
        g->roomy = c;
    g->roomy_last = c;
    c->roomy = true;
}

static void want_dispatch(struct group *g)
{
    if (g->dispatch || !g->waiting)
        return;
    g->dispatch = true;
    g->next_dispatch = g->worker->dispatch;
    g->worker->dispatch = g;
}

static void room_changed(struct conn *c)
{
    struct group *g = conn_group(c);
    bool roomy = conn_free(c) >= c->worker->lease_unit;
    if (roomy && !c->roomy)
        roomy_append(g, c);
    else if (!roomy && c->roomy)
        roomy_remove(g, c);
    if (roomy)
        want_dispatch(g);
}

/* A connection with room for `units` requests, the client's own one if it can be. */
static struct conn *pick(struct group *g, struct client *client, uint32_t units)
{
    struct conn *c = client ? client->conn : NULL;
    if (c && c->group == g->id && conn_free(c) >= units)
        return c;
    c = g->roomy;
    if (!c || conn_free(c) < units)
        return NULL;
    if (c->next) {
        roomy_remove(g, c);
        roomy_append(g, c);
    }
    if (client)
        client->conn = c;
    return c;
}

/* ---- leases -----------------------------------------------------------------------------------
 */

static void link_in_flight(struct conn *c, struct op *op)
{
    op->conn = c;
    op->state = OP_IN_FLIGHT;
    op->next = NULL;
    op->prev = c->in_flight_last;
    if (c->in_flight_last)
        c->in_flight_last->next = op;
    else
        c->in_flight = op;
    c->in_flight_last = op;
    if (!c->unsent)
        c->unsent = op;
    c->requests++;
    c->ops += op->n;
}

static void unlink_in_flight(struct conn *c, struct op *op)
{
    if (c->unsent == op)
        c->unsent = op->next;
    if (op->prev)
        op->prev->next = op->next;
    else
        c->in_flight = op->next;
    if (op->next)
        op->next->prev = op->prev;
    else
        c->in_flight_last = op->prev;
    op->next = op->prev = NULL;
    c->requests--;
    if (op->state == OP_IN_FLIGHT)
        c->ops -= op->n;
}

static void doom(struct conn *c)
{
    if (c->doomed)
        return;
    c->doomed = true;
    c->next_doomed = c->worker->doomed;
    c->worker->doomed = c;
}

void conn_unlink(struct op *op)
{
    struct conn *c = op->conn;
    unlink_in_flight(c, op);
    op->conn = NULL;
    c->fresh = false;
    if (c->retire) {
        if (!c->requests)
            doom(c);
    } else if (!c->roomy) {
        room_changed(c);
    } else {
        want_dispatch(conn_group(c));
    }
}

static void mark_dirty(struct conn *c)
{
    if (c->dirty)
        return;
    c->dirty = true;
    c->next_dirty = c->worker->dirty;
    c->worker->dirty = c;
}

/* True unless the connection had no room after all: then the request is as it was. */
static bool submit_one(struct conn *c, struct op *op)
{
    struct worker *w = c->worker;
    bool again = op->flags & OP_AGAIN;
    if (c->fresh && !w->schedule.open && !again) {
        /* It waited for a connection to be made for the first time: set-up, not a lease. */
        op->flags &= (uint8_t)~OP_WAITED;
        op->ready_ns = loop_now(w->loop);
    }
    link_in_flight(c, op);
    if (!again) {
        op_offered(w, op);
        op_count_in_flight(w, op, +1);
    }
    enum submit result = w->backend->submit(c, op);
    if (result == SUBMIT_QUEUED) {
        /* From here op may be gone: it may have ended inside submit. */
        mark_dirty(c);
        if (c->roomy && conn_free(c) < w->lease_unit)
            roomy_remove(conn_group(c), c);
        return true;
    }
    if (result == SUBMIT_FAILED) {
        op_lost(op, NULL, NULL, 0);
        return true;
    }
    if (!again) {
        op_count_in_flight(w, op, -1);
        op_unoffered(w, op);
    }
    unlink_in_flight(c, op);
    op->conn = NULL;
    c->busy = true;
    room_changed(c);
    return false;
}

static void wait_count(struct worker *w, struct op *op, int sign)
{
    if (op->flags & OP_AGAIN)
        w->again_waiting += (uint32_t)sign;
    else
        w->tally.waiting += (uint64_t)(int64_t)(sign * (int64_t)op->n);
}

static void wait_push(struct group *g, struct op *chain, bool first)
{
    for (struct op *op = chain; op; op = op->next) {
        op->state = OP_WAITING;
        op->flags |= OP_WAITED;
        op->group = g->id;
        wait_count(g->worker, op, +1);
    }
    chain->prev = NULL;
    if (!g->waiting) {
        g->waiting = g->waiting_last = chain;
    } else if (first) {
        chain->prev = g->waiting;
        g->waiting = chain;
    } else {
        g->waiting_last->prev = chain;
        g->waiting_last = chain;
    }
}

static struct op *wait_pop(struct group *g)
{
    struct op *chain = g->waiting;
    g->waiting = chain->prev;
    if (!g->waiting)
        g->waiting_last = NULL;
    chain->prev = NULL;
    for (struct op *op = chain; op; op = op->next)
        wait_count(g->worker, op, -1);
    return chain;
}

static void submit_chain(struct group *g, struct conn *c, struct op *chain)
{
    while (chain) {
        struct op *rest = chain->next;
        chain->next = NULL;
        if (!submit_one(c, chain)) {
            chain->next = rest;
            wait_push(g, chain, true);
            return;
        }
        chain = rest;
        if (chain && c->state != CONN_UP) { /* lost while it was being filled */
            wait_push(g, chain, true);
            return;
        }
    }
}

static uint32_t chain_units(const struct op *chain)
{
    uint32_t n = 0;
    for (; chain; chain = chain->next)
        n++;
    return n;
}

static void lease_from(struct worker *w, struct op *chain, uint32_t id)
{
    struct group *g = group_get(w, id < GROUPS_MAX ? id : 0);
    chain->group = g->id;
    if (!g->waiting) {
        uint32_t units = chain->next ? chain_units(chain) : 1;
        struct conn *c = pick(g, chain->client, units);
        if (c) {
            submit_chain(g, c, chain);
            return;
        }
    }
    wait_push(g, chain, false);
}

void lease(struct worker *w, struct op *chain)
{
    lease_from(w, chain, w->backend->route ? w->backend->route(w, chain) : 0);
}

/* The group is down: what waits there may find another one. */
static void reroute(struct group *g)
{
    struct worker *w = g->worker;
    struct op *chain = NULL, *last = g->waiting_last;
    while (last && chain != last) {
        chain = wait_pop(g);
        lease(w, chain);
    }
}

void leases_dispatch(struct worker *w)
{
    while (w->dispatch) {
        struct group *g = w->dispatch;
        w->dispatch = g->next_dispatch;
        g->dispatch = false;
        while (g->waiting && g->roomy) {
            struct op *chain = g->waiting;
            struct conn *c = pick(g, chain->client, chain->next ? chain_units(chain) : 1);
            if (!c)
                break;
            submit_chain(g, c, wait_pop(g));
        }
    }
}

/* Gives back what waits, except what was sent before. */
void waiting_discard(struct worker *w)
{
    for (uint32_t i = 0; i < w->groups; i++) {
        struct group *g = w->group[i];
        struct op *kept = NULL;
        while (g && g->waiting) {
            struct op *op = wait_pop(g);
            while (op) {
                struct op *next = op->next;
                op->next = NULL;
                if (op->flags & OP_AGAIN) {
                    op->next = kept;
                    kept = op;
                } else {
                    op_give_back(op);
                }
                op = next;
            }
        }
        while (kept) {
            struct op *op = kept;
            kept = op->next;
            op->next = NULL;
            wait_push(g, op, true);
        }
    }
}

void conns_flush(struct worker *w)
{
    while (w->dirty) {
        struct conn *c = w->dirty;
        w->dirty = c->next_dirty;
        c->dirty = false;
        if (c->unsent) {
            uint64_t now = loop_refresh(w->loop);
            for (struct op *op = c->unsent; op; op = op->next) {
                if (op->sent_ns)
                    continue;
                op->sent_ns = now;
                if (!op->intended_ns)
                    op->intended_ns = op->flags & OP_WAITED ? op->ready_ns : now;
                if (op->flags & OP_BATCH && op->client && !op->client->batch_sent_ns)
                    op->client->batch_sent_ns = now;
            }
            c->unsent = NULL;
        }
        if (w->backend->flush && c->state == CONN_UP)
            w->backend->flush(c);
    }
}

/* ---- groups and opening -----------------------------------------------------------------------
 */

static void reopen_fire(struct alarm *a)
{
    conns_fill((struct group *)(void *)((char *)a - offsetof(struct group, reopen)));
}

struct group *group_get(struct worker *w, uint32_t id)
{
    if (id >= w->groups) {
        uint32_t groups = id + 1;
        struct group **group = realloc(w->group, groups * sizeof *group);
        if (!group)
            abort(); /* set-up: no memory for a pointer */
        memset(group + w->groups, 0, (groups - w->groups) * sizeof *group);
        w->group = group;
        w->groups = groups;
    }
    struct group *g = w->group[id];
    if (g)
        return g;
    g = calloc(1, sizeof *g);
    if (!g)
        abort();
    g->worker = w;
    g->id = id;
    g->reopen.due_ns = NS_NEVER;
    g->reopen.fire = reopen_fire;
    w->group[id] = g;
    conns_fill(g);
    return g;
}

static struct conn *conn_new(struct group *g, uint32_t id)
{
    struct conn *c = calloc(1, sizeof *c + g->worker->backend->conn_size);
    if (!c)
        return NULL;
    c->worker = g->worker;
    c->group = g->id;
    c->id = id;
    c->fresh = true;
    return c;
}

/* Makes the array as long as wanted; new connections are closed ones. */
static void conns_grow(struct group *g, uint32_t wanted)
{
    if (wanted > g->room) {
        struct conn **conn = realloc(g->conn, wanted * sizeof(struct conn *));
        if (!conn)
            return;
        memset(conn + g->room, 0, (wanted - g->room) * sizeof(struct conn *));
        g->conn = conn;
        g->room = wanted;
    }
    for (uint32_t i = 0; i < wanted; i++) {
        if (!g->conn[i]) {
            g->conn[i] = conn_new(g, i);
            if (!g->conn[i])
                return;
            g->closed++;
        }
        if (i >= g->conns)
            g->conns = i + 1;
    }
}

static void conn_open(struct group *g, struct conn *c)
{
    struct err err = {0};
    c->state = CONN_OPENING;
    c->opened_ns = loop_now(g->worker->loop);
    c->trouble = false;
    g->closed--;
    g->opening++;
    if (g->worker->backend->open(c, &err) < 0)
        conn_down(c, "connect", "%s", err.msg[0] ? err.msg : "connection failed");
}

void conns_fill(struct group *g)
{
    struct worker *w = g->worker;
    if (w->draining || w->closing || !w->connections)
        return;
    if (g->conns < w->connections)
        conns_grow(g, w->connections);
    uint64_t now = loop_now(w->loop);
    if (g->closed && now < g->next_open_ns) {
        loop_alarm(w->loop, &g->reopen, g->next_open_ns);
        return;
    }
    uint32_t most = g->failures && !g->up ? 1 : OPENING_MOST;
    for (uint32_t tried = 0; g->closed && g->opening < most && tried < g->conns; tried++) {
        if (g->fill_at >= w->connections || g->fill_at >= g->conns)
            g->fill_at = 0;
        struct conn *c = g->conn[g->fill_at++];
        if (!c || c->state != CONN_CLOSED || c->retire)
            continue;
        conn_open(g, c);
        if (now < g->next_open_ns)
            return;
    }
}

void conn_up(struct conn *c)
{
    struct group *g = conn_group(c);
    if (c->state != CONN_OPENING)
        return;
    c->state = CONN_UP;
    c->busy = false;
    g->opening--;
    g->up++;
    g->failures = 0;
    c->worker->tally.connected++;
    room_changed(c);
    c->worker->fill = true; /* not from here: open() may have called us */
}

static void note_error(struct worker *w, const char *msg)
{
    struct recorder *r = &w->recorder;
    if (pthread_mutex_trylock(&r->messages))
        return;
    copy_str(w->conn_error, sizeof w->conn_error, msg);
    w->conn_error_ns = loop_now(w->loop);
    pthread_mutex_unlock(&r->messages);
}

static void back_off(struct group *g)
{
    struct worker *w = g->worker;
    uint64_t wait = BACKOFF_MIN_NS << (g->failures < 4 ? g->failures : 4);
    if (wait > BACKOFF_MAX_NS)
        wait = BACKOFF_MAX_NS;
    wait = wait / 2 + rng_below(rng_next(&w->rng), wait / 2 + 1);
    if (wait < BACKOFF_MIN_NS)
        wait = BACKOFF_MIN_NS;
    g->failures++;
    g->next_open_ns = loop_now(w->loop) + wait;
    if (!w->draining && !w->closing)
        loop_alarm(w->loop, &g->reopen, g->next_open_ns);
}

static void conn_lose(struct conn *c, const char *error_class, const char *msg)
{
    struct group *g = conn_group(c);
    if (c->state == CONN_OPENING)
        g->opening--;
    if (c->state == CONN_UP) {
        g->up--;
        c->worker->tally.connected -= !c->trouble;
    }
    c->state = CONN_CLOSING;
    if (c->roomy)
        roomy_remove(g, c);
    size_t len = strlen(msg);
    while (c->in_flight)
        op_lost(c->in_flight, error_class, msg, len);
    c->unsent = NULL;
}

void conn_down(struct conn *c, const char *error_class, const char *fmt, ...)
{
    if (c->state != CONN_OPENING && c->state != CONN_UP)
        return;
    char msg[224];
    va_list args;
    va_start(args, fmt);
    vsnprintf(msg, sizeof msg, fmt, args);
    va_end(args);
    note_error(c->worker, msg);
    struct group *g = conn_group(c);
    if (loop_now(c->worker->loop) >= g->next_open_ns) /* many are lost at once: one failure */
        back_off(g);
    conn_lose(c, error_class, msg);
    c->worker->backend->close(c);
    if (!g->up && c->worker->backend->route && !c->worker->draining)
        reroute(g);
}

void conn_trouble(struct conn *c, const char *fmt, ...)
{
    if (c->state != CONN_UP || c->trouble == (fmt != NULL))
        return;
    c->trouble = fmt != NULL;
    if (fmt) {
        char msg[224];
        va_list args;
        va_start(args, fmt);
        vsnprintf(msg, sizeof msg, fmt, args);
        va_end(args);
        note_error(c->worker, msg);
        c->worker->tally.connected--;
    } else {
        c->worker->tally.connected++;
    }
    room_changed(c);
}

void conn_room(struct conn *c)
{
    if (!c->busy)
        return;
    c->busy = false;
    room_changed(c);
}

void conn_closed(struct conn *c)
{
    struct group *g = conn_group(c);
    if (c->state == CONN_CLOSED)
        return;
    c->state = CONN_CLOSED;
    g->closed++;
    if (c->retire)
        doom(c);
    else
        c->worker->fill = true;
}

void conn_bytes(struct conn *c, uint64_t sent, uint64_t received)
{
    c->worker->tally.sent_bytes += sent;
    c->worker->tally.received_bytes += received;
}

/* ---- closing ----------------------------------------------------------------------------------
 */

static void conn_begin_close(struct conn *c)
{
    if (c->state != CONN_OPENING && c->state != CONN_UP)
        return;
    conn_lose(c, "closed", "closed by us");
    c->worker->backend->close(c);
}

static void dirty_forget(struct worker *w, const struct conn *c)
{
    for (struct conn **at = &w->dirty; *at; at = &(*at)->next_dirty)
        if (*at == c) {
            *at = c->next_dirty;
            return;
        }
}

static void conn_drop(struct conn *c)
{
    struct group *g = conn_group(c);
    struct worker *w = c->worker;
    for (uint32_t i = 0; i < w->clients; i++)
        if (w->client[i]->conn == c)
            w->client[i]->conn = NULL;
    if (c->dirty)
        dirty_forget(w, c);
    g->conn[c->id] = NULL;
    g->closed--;
    while (g->conns && !g->conn[g->conns - 1])
        g->conns--;
    free(c);
}

void conns_settle(struct worker *w)
{
    w->fill = false;
    for (uint32_t i = 0; i < w->groups; i++)
        if (w->group[i] && w->group[i]->closed)
            conns_fill(w->group[i]);
    while (w->doomed) {
        struct conn *c = w->doomed;
        w->doomed = c->next_doomed;
        c->doomed = false;
        if (!c->retire || c->requests)
            continue;
        if (c->state == CONN_CLOSED)
            conn_drop(c);
        else
            conn_begin_close(c);
    }
}

void conns_tune(struct worker *w)
{
    for (uint32_t i = 0; i < w->groups; i++) {
        struct group *g = w->group[i];
        if (!g)
            continue;
        conns_grow(g, w->connections);
        for (uint32_t k = 0; k < g->conns; k++) {
            struct conn *c = g->conn[k];
            if (!c)
                continue;
            c->retire = k >= w->connections;
            if (c->retire && !c->requests)
                doom(c);
            room_changed(c);
        }
        conns_fill(g);
        want_dispatch(g);
    }
}

bool conns_close_all(struct worker *w)
{
    bool all = true;
    for (uint32_t i = 0; i < w->groups; i++)
        for (uint32_t k = 0; w->group[i] && k < w->group[i]->conns; k++) {
            struct conn *c = w->group[i]->conn[k];
            if (!c)
                continue;
            conn_begin_close(c);
            all = all && c->state == CONN_CLOSED;
        }
    return all;
}

uint64_t conns_count_ops(const struct worker *w)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < w->groups; i++) {
        const struct group *g = w->group[i];
        if (!g)
            continue;
        for (uint32_t k = 0; k < g->conns; k++)
            n += g->conn[k] ? g->conn[k]->ops : 0;
        for (const struct op *lease = g->waiting; w->again_waiting && lease; lease = lease->prev)
            for (const struct op *op = lease; op; op = op->next)
                n += op->flags & OP_AGAIN ? op->n : 0;
    }
    return n;
}

void conns_free(struct worker *w)
{
    for (uint32_t i = 0; i < w->groups; i++) {
        struct group *g = w->group[i];
        if (!g)
            continue;
        for (uint32_t k = 0; k < g->conns; k++)
            free(g->conn[k]);
        free(g->conn);
        free(g);
    }
    free(w->group);
    w->group = NULL;
    w->groups = 0;
}

void op_again(struct op *op, uint32_t group)
{
    struct conn *c = op->conn;
    struct worker *w = c->worker;
    if (op->state == OP_ABANDONED) {
        op_done(op);
        return;
    }
    unlink_in_flight(c, op);
    op->conn = NULL;
    op->flags |= OP_AGAIN;
    room_changed(c);
    lease_from(w, op, group);
}

/* What waits for a connection and is too late: a scheduled start is dropped, what was sent before
 * has timed out. Order is kept. */
static void waiting_expire(struct worker *w, struct group *g, uint64_t before_ns)
{
    struct op *last = g->waiting_last;
    bool more = last != NULL;
    while (more) {
        struct op *chain = wait_pop(g);
        more = chain != last;
        bool again = chain->flags & OP_AGAIN;
        if ((again ? chain->sent_ns : chain->intended_ns) > before_ns) {
            wait_push(g, chain, false);
            continue;
        }
        while (chain) {
            struct op *next = chain->next;
            chain->next = NULL;
            if (again) {
                op_expire(chain);
                op_free(w, chain);
            } else {
                op_give_back(chain);
            }
            chain = next;
        }
    }
}

/* Time is up for what was sent before `before_ns`, and, waiting again, for what was. */
void timeouts_fire(struct alarm *a)
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
            waiting_expire(w, g, now - timeout);
        for (uint32_t k = 0; g && k < g->conns; k++) {
            struct conn *c = g->conn[k];
            bool expired = false;
            if (c && c->state == CONN_OPENING && now - c->opened_ns > open_most)
                conn_down(c, "connect", "no answer to the opening within %.1f s",
                          (double)open_most / 1e9);
            for (struct op *op = c && !own ? c->in_flight : NULL, *next; op; op = next) {
                next = op->next;
                if (!op->sent_ns || now - op->sent_ns < timeout)
                    break;
                if (op->state == OP_IN_FLIGHT) {
                    op_expire(op);
                    expired = true;
                }
            }
            if (expired && !streams)
                conn_down(c, "timeout",
                          "closed after a timeout: a late answer would be taken for "
                          "the next one's (outcome unknown)");
        }
    }
    uint64_t every = timeout / 20;
    every = every < NS_PER_MS ? NS_PER_MS : every > 100 * NS_PER_MS ? 100 * NS_PER_MS : every;
    loop_alarm(w->loop, a, now + every);
}
