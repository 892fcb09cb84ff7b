/* Which connection has room for a request: groups of connections, and what each carries. */
#ifndef LOADTOP_ENGINE_LOAD_CONN_ROOM_H
#define LOADTOP_ENGINE_LOAD_CONN_ROOM_H

#include "engine/load/worker_state.h"

#include <stdint.h>

struct connection;
struct group;
struct request;
struct worker;

/* Creates the group on first use; the next run_pending() opens its connections. */
struct group *group_get(struct worker *, uint32_t id);
/* For one that has left: its connections are wanted again. */
void group_return(struct group *);
/* A connection with room for a chain of `units` requests, preferably the one its client used last;
 * for an exclusive request, an idle connection. NULL: none. */
struct connection *conn_pick(struct group *, const struct request *first, uint32_t units);
/* removes it from the list of available connections for good */
void conn_take_out(struct connection *, struct request *);
void conn_unlink(struct request *); /* removes it from its connection, which may have room again */
void room_changed(struct connection *);
void room_gone(struct connection *); /* the connection is lost */
/* the next run_pending() dispatches the group's waiting requests */
void room_wanted(struct group *);
/* marks it: the next run_pending() closes it, if it is still to be closed */
void conn_close_later(struct connection *);
void room_used(struct connection *); /* updates the lists after it got a request */

/* ---- hot path: inline, as a call costs a nanosecond or two per request ---- */

/* How many more requests it takes now. */
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

/* Adds the request to those in flight on the connection. */
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
    c->resent = c->resent || r->flags & OP_AGAIN;
}

#endif
