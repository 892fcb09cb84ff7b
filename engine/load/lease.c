/* Leases: a connection for what was started, and who waits for one.
 *
 * A chain of requests that goes out together (one request, or a batch) leases room on one
 * connection; when none has room it waits in its group, first come first served, and is not offered
 * yet.
 *
 * What is waiting: `next` links the requests of one lease, `prev` of a lease's first request links
 * to the next lease. */
#include "engine/load/lease.h"

#include "engine/load/worker_state.h"
#include "engine/state/pool.h"
#include "engine/load/conn.h"
#include "engine/load/op.h"
#include "engine/load/conn_room.h"
#include "engine/load/end.h"

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
    conn_link(c, op);
    if (!again) {
        op_offered(w, op);
        op_count_in_flight(w, op, +1);
    }
    enum submit result = w->backend->submit(c, op);
    if (result == SUBMIT_QUEUED) {
        /* From here op may be gone: it may have ended inside submit. */
        mark_dirty(c);
        room_used(c);
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
    conn_take_out(c, op);
    op->conn = NULL;
    c->busy = true;
    room_changed(c);
    return false;
}

static void wait_push(struct group *g, struct op *chain, bool first)
{
    for (struct op *op = chain; op; op = op->next) {
        op->state = OP_WAITING;
        op->flags |= OP_WAITED;
        op->group = g->id;
        op_count_waiting(g->worker, op, +1);
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
        op_count_waiting(g->worker, op, -1);
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
        struct conn *c = conn_pick(g, chain->client, units);
        if (c) {
            submit_chain(g, c, chain);
            if (g->roomy) /* what it did not take has room on another one */
                room_wanted(g);
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
static void leases_reroute(struct group *g)
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
        if (g->reroute) {
            g->reroute = false;
            if (!g->up)
                leases_reroute(g);
        }
        while (g->waiting && g->roomy) {
            struct op *chain = g->waiting;
            struct conn *c = conn_pick(g, chain->client, chain->next ? chain_units(chain) : 1);
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
 * has timed out. A closed client's own request waits on. Order is kept. */
void leases_expire(struct group *g, uint64_t before_ns)
{
    struct worker *w = g->worker;
    struct op *last = g->waiting_last;
    bool more = last != NULL;
    while (more) {
        struct op *chain = wait_pop(g);
        more = chain != last;
        bool again = chain->flags & OP_AGAIN, due = chain->flags & OP_DUE;
        if ((!again && !due) || (again ? chain->sent_ns : chain->intended_ns) > before_ns) {
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
    if (!op->sent_ns)
        op_sent(op); /* handed back inside submit: its time counts from here */
    conn_unlink(op);
    op->flags |= OP_AGAIN;
    lease_in(w, op, group);
}
