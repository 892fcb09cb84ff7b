/* Which connection has room for a request: groups of connections, and what each carries. */
#ifndef LOADTOP_ENGINE_LOAD_CONN_ROOM_H
#define LOADTOP_ENGINE_LOAD_CONN_ROOM_H

#include "engine/load/worker_state.h"

#include <stdint.h>

struct connection;
struct group;
struct request;
struct worker;

/* Made when first asked for; the next settle opens its connections. */
struct group *group_get(struct worker *, uint32_t id);
/* A connection with room for a chain of `units` requests, its client's own one if it can be; for one
 * that must be alone there, a connection that carries nothing. NULL: none. */
struct connection *conn_pick(struct group *, const struct request *first, uint32_t units);
void conn_take_out(struct connection *, struct request *); /* no more, whatever comes of it */
void conn_unlink(struct request *); /* out of its connection, which may have room again */
void room_changed(struct connection *);
void room_gone(struct connection *); /* it is lost */
void room_wanted(struct group *);    /* who waits there is looked at in the next settle */
void conn_doom(struct connection *); /* closed in the next settle, if still to retire */
void room_used(struct connection *); /* it carries more than before */

/* ---- on the way of each request: inline, for each costs a nanosecond or two else ---- */

/* How many requests it takes now. */
static inline uint32_t conn_has_room(const struct connection *c)
{
    const struct worker *w = c->conn.worker;
    uint32_t limit = w->share > w->lease_unit ? w->share : w->lease_unit;
    if (limit > w->capacity)
        limit = w->capacity;
    if (c->state != CONN_UP || c->busy || c->exclusive || c->trouble || c->retire || c->stale ||
        c->conn.requests >= limit)
        return 0;
    return limit - c->conn.requests;
}

/* In flight on it from now on. */
static inline void conn_link(struct connection *c, struct request *r)
{
    r->connection = c;
    r->state = OP_IN_FLIGHT;
    r->next = NULL;
    r->prev = c->newest;
    if (c->newest)
        c->newest->next = r;
    else
        c->conn.in_flight = &r->op;
    c->newest = r;
    if (!c->unsent)
        c->unsent = r;
    c->conn.requests++;
    c->ops += r->op.n;
    c->exclusive = r->op.exclusive;
}

#endif
