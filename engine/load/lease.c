/* Leases: requests get a connection, or wait for one.
 *
 * A chain of requests that is sent together (one request, or a batch's requests for one group)
 * leases room on one connection; when none has room it waits in its group, first come first served,
 * and is not counted as offered yet. An exclusive request is a chain of its own and waits for an
 * idle connection: later requests do not overtake it, so one becomes idle.
 *
 * In the waiting list, `next` links the requests of one lease, and `prev` of a lease's first
 * request links to the next lease. */
#include "engine/load/lease.h"

#include "engine/load/worker_state.h"
#include "engine/state/pool.h"
#include "engine/load/conn.h"
#include "engine/load/op.h"
#include "engine/load/conn_room.h"
#include "engine/load/end.h"

static void mark_dirty(struct connection *c)
{
    if (c->dirty)
        return;
    c->dirty = true;
    c->next_dirty = c->conn.worker->dirty;
    c->conn.worker->dirty = c;
}

/* Submits one request. False: the connection had no room after all, and the request is
 * unchanged. */
static bool submit_one(struct connection *c, struct request *r)
{
    struct worker *w = c->conn.worker;
    bool again = r->flags & OP_AGAIN;
    if (c->fresh && !(r->flags & OP_DUE) && !again) {
        /* It waited for a first connection to be opened: this is set-up, not a lease wait. */
        r->flags &= (uint8_t)~OP_WAITED;
        r->ready_ns = loop_now(w->loop);
    }
    conn_link(c, r);
    if (!again) {
        op_offered(w, r);
        op_count_in_flight(w, r, +1);
    }
    enum submit result = w->backend->submit(&c->conn, &r->op);
    if (result == SUBMIT_QUEUED) {
        /* op may have ended inside submit: do not use it from here on. */
        mark_dirty(c);
        room_used(c);
        return true;
    }
    if (result == SUBMIT_FAILED) {
        op_lost(r, NULL, NULL, 0);
        return true;
    }
    if (!again) {
        op_count_in_flight(w, r, -1);
        op_unoffered(w, r);
        r->op.sent_ns = 0; /* undo op_sent: nothing was sent */
        if (!(r->flags & OP_DUE))
            r->intended_ns = 0;
    }
    conn_take_out(c, r);
    r->connection = NULL;
    c->busy = true;
    room_changed(c);
    return false;
}

static void wait_push(struct group *g, struct request *chain, bool first)
{
    for (struct request *r = chain; r; r = r->next) {
        r->state = OP_WAITING;
        r->flags |= OP_WAITED;
        r->group = g->id;
        op_count_waiting(g->worker, r, +1);
    }
    if (g->left)
        group_return(g);
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

static struct request *wait_pop(struct group *g)
{
    struct request *chain = g->waiting;
    g->waiting = chain->prev;
    if (!g->waiting)
        g->waiting_last = NULL;
    chain->prev = NULL;
    for (struct request *r = chain; r; r = r->next)
        op_count_waiting(g->worker, r, -1);
    return chain;
}

static void submit_chain(struct group *g, struct connection *c, struct request *chain)
{
    while (chain) {
        struct request *rest = chain->next;
        chain->next = NULL;
        if (!submit_one(c, chain)) {
            chain->next = rest;
            wait_push(g, chain, true);
            return;
        }
        chain = rest;
        if (chain && c->state != CONN_UP) { /* the connection was lost during submit */
            wait_push(g, chain, true);
            return;
        }
    }
}

static uint32_t chain_units(const struct request *chain)
{
    uint32_t n = 0;
    for (; chain; chain = chain->next)
        n++;
    return n;
}

static void lease_in(struct worker *w, struct request *chain, uint32_t id)
{
    struct group *g = group_get(w, id < GROUPS_MAX ? id : 0);
    chain->group = g->id;
    if (!g->waiting) {
        uint32_t units = chain->next ? chain_units(chain) : 1;
        struct connection *c = conn_pick(g, chain, units);
        if (c) {
            submit_chain(g, c, chain);
            if (g->available) /* another connection has room for the rest */
                room_wanted(g);
            return;
        }
    }
    wait_push(g, chain, false);
}

static uint32_t route(struct worker *w, const struct request *r)
{
    return w->backend->route ? w->backend->route(w, &r->op) : 0;
}

/* Splits a chain: keeps the requests that can be leased with the first one (those of the same
 * group; none if it is exclusive) and returns the others. */
static struct request *split(struct request *first)
{
    struct request *rest = first->next, *other = NULL, **mine = &first->next, **others = &other;
    if (first->op.exclusive) {
        first->next = NULL;
        return rest;
    }
    for (; rest; rest = rest->next) {
        struct request ***end =
            rest->group == first->group && !rest->op.exclusive ? &mine : &others;
        **end = rest;
        *end = &rest->next;
    }
    *mine = *others = NULL;
    return other;
}

void lease(struct worker *w, struct request *chain)
{
    if (!chain->next) { /* the usual case */
        lease_in(w, chain, route(w, chain));
        return;
    }
    for (struct request *r = chain; r; r = r->next)
        r->group = route(w, r);
    while (chain) {
        struct request *rest = split(chain);
        lease_in(w, chain, chain->group);
        chain = rest;
    }
}

/* The group is down: routes its waiting requests again. */
static void leases_reroute(struct group *g)
{
    struct worker *w = g->worker;
    struct request *chain = NULL, *last = g->waiting_last;
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
        if (g->reroute) {
            g->reroute = false;
            if (!g->up)
                leases_reroute(g);
        }
        while (g->waiting && g->available) {
            struct request *chain = g->waiting;
            struct connection *c = conn_pick(g, chain, chain->next ? chain_units(chain) : 1);
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
        struct request *counts_as_up = NULL;
        while (g && g->waiting) {
            struct request *r = wait_pop(g);
            while (r) {
                struct request *next = r->next;
                r->next = NULL;
                if (r->flags & keep) {
                    r->next = counts_as_up;
                    counts_as_up = r;
                } else {
                    op_give_back(r);
                }
                r = next;
            }
        }
        while (counts_as_up) {
            struct request *r = counts_as_up;
            counts_as_up = r->next;
            r->next = NULL;
            wait_push(g, r, true);
        }
        if (g)
            room_wanted(g);
    }
}

/* Stamps the time of sending, from which its latency counts, and updates the in-flight integral. */
static void stamp(struct worker *w, struct request *r, uint64_t now)
{
    if (r->op.sent_ns)
        return;
    r->op.sent_ns = now;
    if (!(r->flags & OP_WARM))
        w->tally.sent += r->op.n;
    if (!r->intended_ns)
        r->intended_ns = r->flags & OP_WAITED ? r->ready_ns : now;
    if (r->flags & OP_BATCH && r->client && !r->client->batch_sent_ns)
        r->client->batch_sent_ns = now;
}

void op_sent(struct op *op)
{
    worker_check_own(request_of(op)->connection->conn.worker);
    struct request *r = request_of(op);
    struct worker *w = r->connection->conn.worker;
    uint64_t now = loop_refresh(w->loop);
    worker_account(w);
    stamp(w, r, now);
}

void conns_flush(struct worker *w)
{
    while (w->dirty) {
        struct connection *c = w->dirty;
        w->dirty = c->next_dirty;
        c->dirty = false;
        if (c->unsent) {
            uint64_t now = loop_refresh(w->loop);
            worker_account(w);
            for (struct request *r = c->unsent; r; r = r->next)
                stamp(w, r, now);
            c->unsent = NULL;
        }
        if (w->backend->flush && c->state == CONN_UP)
            w->backend->flush(&c->conn);
    }
}

/* Expires requests that have waited too long for a connection: a scheduled start is dropped, a
 * request that was sent before has timed out. A closed client's request keeps waiting. Order is
 * kept. */
void leases_expire(struct group *g, uint64_t before_ns)
{
    struct worker *w = g->worker;
    struct request *last = g->waiting_last;
    bool more = last != NULL, gone = false;
    while (more) {
        struct request *chain = wait_pop(g);
        more = chain != last;
        bool again = chain->flags & OP_AGAIN, due = chain->flags & OP_DUE;
        if ((!again && !due) || (again ? chain->op.sent_ns : chain->intended_ns) > before_ns) {
            wait_push(g, chain, false);
            continue;
        }
        gone = true;
        while (chain) {
            struct request *next = chain->next;
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
    if (gone) /* the requests behind it may need less room */
        room_wanted(g);
}

void op_again(struct op *op, uint32_t group)
{
    worker_check_own(request_of(op)->connection->conn.worker);
    struct request *r = request_of(op);
    struct connection *c = r->connection;
    struct worker *w = c->conn.worker;
    if (r->state == OP_ABANDONED) {
        op_done(op);
        return;
    }
    /* called inside submit: the request counts as sent now */
    if (!op->sent_ns)
        op_sent(op);
    conn_unlink(r);
    r->flags |= OP_AGAIN;
    lease_in(w, r, group);
}
