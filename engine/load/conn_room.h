/* Which connection has room for a request: groups of connections, and what each carries. */
#ifndef LOADTOP_ENGINE_LOAD_CONN_ROOM_H
#define LOADTOP_ENGINE_LOAD_CONN_ROOM_H

#include "engine/load/worker_state.h"

#include <stdint.h>

struct client;
struct conn;
struct group;
struct op;
struct worker;

/* Made when first asked for; the next settle opens its connections. */
struct group *group_get(struct worker *, uint32_t id);
/* A connection with room for `units` requests, the client's own one if it can be; NULL: none. */
struct conn *conn_pick(struct group *, struct client *, uint32_t units);
void conn_take_out(struct conn *, struct op *); /* no more, whatever comes of it */
void conn_unlink(struct op *); /* out of its connection, which may have room again */
void room_changed(struct conn *);
void room_gone(struct conn *);    /* it is lost */
void room_wanted(struct group *); /* who waits there is looked at in the next settle */
void conn_doom(struct conn *);    /* closed in the next settle, if still to retire */
void room_used(struct conn *);    /* it carries more than before */

/* ---- on the way of each request: inline, for each costs a nanosecond or two else ---- */

/* How many requests it takes now. */
static inline uint32_t conn_has_room(const struct conn *c)
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

/* In flight on it from now on. */
static inline void conn_link(struct conn *c, struct op *op)
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

#endif
