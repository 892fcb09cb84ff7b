/* Leases: room on connections, and who waits for it.
 *
 * A chain of requests that goes out together (one request, or a batch) leases room on one
 * connection; when none has room it waits in its group, first come first served, and is not offered
 * yet. Room is the smaller of what the protocol carries and what each connection should carry if
 * load is spread evenly, so that a client stays on one connection where that is free, and a few
 * connections that multiplex share the work.
 *
 * What is waiting: `next` links the requests of one lease, `prev` of a lease's first request links
 * to the next lease. */
#include "engine/load/lease.h"

#include "engine/load/worker_state.h"
#include "engine/state/pool.h"
#include "engine/load/conn.h"
#include "engine/load/op.h"

/* ---- room ---- */

static uint32_t conn_free(const struct conn *c)
{
    const struct worker *w = c->worker;
    uint32_t limit = w->share > w->lease_unit ? w->share : w->lease_unit;
    if (limit > w->capacity)
        limit = w->capacity;
    if (c->state != CONN_UP || c->busy || c->trouble || c->retire || c->stale ||
        c->requests >= limit)
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

void room_wanted(struct group *g)
{
    if (g->dispatch || !g->waiting)
        return;
    g->dispatch = true;
    g->next_dispatch = g->worker->dispatch;
    g->worker->dispatch = g;
}

void room_changed(struct conn *c)
{
    struct group *g = conn_group(c);
    bool roomy = conn_free(c) >= c->worker->lease_unit;
    if (roomy && !c->roomy)
        roomy_append(g, c);
    else if (!roomy && c->roomy)
        roomy_remove(g, c);
    if (roomy)
        room_wanted(g);
}

void room_gone(struct conn *c)
{
    if (c->roomy)
        roomy_remove(conn_group(c), c);
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

/* ---- leases ---- */

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

void conn_unlink(struct op *op)
{
    struct conn *c = op->conn;
    unlink_in_flight(c, op);
    op->conn = NULL;
    c->fresh = false;
    if (c->retire || c->stale) {
        if (!c->requests)
            conn_doom(c);
    } else if (!c->roomy) {
        room_changed(c);
    } else {
        room_wanted(conn_group(c));
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
    if (c->fresh && !(op->flags & OP_DUE) && !again) {
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
        op->sent_ns = 0; /* what op_sent noted did not happen */
        if (!(op->flags & OP_DUE))
            op->intended_ns = 0;
    }
    unlink_in_flight(c, op);
    op->conn = NULL;
    c->busy = true;
    room_changed(c);
    return false;
}

static void wait_count(struct worker *w, struct op *op, int sign)
{
    uint64_t n = sign > 0 ? op->n : 0 - (uint64_t)op->n;
    if (op->flags & OP_AGAIN) {
        w->again_waiting += (uint32_t)sign;
        return;
    }
    w->tally.waiting += n;
    if (op->flags & OP_DUE)
        w->waiting_due += n;
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

void lease_in(struct worker *w, struct op *chain, uint32_t id)
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
    lease_in(w, chain, w->backend->route ? w->backend->route(w, chain) : 0);
}

/* The group is down: what waits there may find another one. */
void leases_reroute(struct group *g)
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

void waiting_discard(struct worker *w)
{
    uint8_t keep = w->schedule.open ? OP_AGAIN | OP_DUE : OP_AGAIN;
    for (uint32_t i = 0; i < w->groups; i++) {
        struct group *g = w->group[i];
        struct op *kept = NULL;
        while (g && g->waiting) {
            struct op *op = wait_pop(g);
            while (op) {
                struct op *next = op->next;
                op->next = NULL;
                if (op->flags & keep) {
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

/* Sent: from here on its latency counts, and so does the integral of what is in flight. */
static void stamp(struct worker *w, struct op *op, uint64_t now)
{
    if (op->sent_ns)
        return;
    op->sent_ns = now;
    if (!(op->flags & OP_WARM))
        w->tally.sent += op->n;
    if (!op->intended_ns)
        op->intended_ns = op->flags & OP_WAITED ? op->ready_ns : now;
    if (op->flags & OP_BATCH && op->client && !op->client->batch_sent_ns)
        op->client->batch_sent_ns = now;
}

void op_sent(struct op *op)
{
    struct worker *w = op->conn->worker;
    uint64_t now = loop_refresh(w->loop);
    worker_account(w);
    stamp(w, op, now);
}

void conns_flush(struct worker *w)
{
    while (w->dirty) {
        struct conn *c = w->dirty;
        w->dirty = c->next_dirty;
        c->dirty = false;
        if (c->unsent) {
            uint64_t now = loop_refresh(w->loop);
            worker_account(w);
            for (struct op *op = c->unsent; op; op = op->next)
                stamp(w, op, now);
            c->unsent = NULL;
        }
        if (w->backend->flush && c->state == CONN_UP)
            w->backend->flush(c);
    }
}

/* What waits for a connection and is too late: a scheduled start is dropped, what was sent before
 * has timed out. Order is kept. */
void leases_expire(struct group *g, uint64_t before_ns)
{
    struct worker *w = g->worker;
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
    lease_in(w, op, group);
}
