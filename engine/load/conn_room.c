/* Which connection has room for a request: groups of connections, and what each carries.
 *
 * Room is the smaller of what the protocol allows and an even share of the load, so that a client
 * stays on one connection while that is free, and multiplexing connections share the work. */
#include "engine/load/conn_room.h"

#include "engine/backend.h"
#include "engine/load/worker_state.h"
#include "engine/state/pool.h"

#include <stdlib.h>
#include <string.h>

struct group *group_get(struct worker *w, uint32_t id)
{
    if (id >= w->groups) {
        uint32_t groups = id + 1;
        struct group **group = realloc(w->group, groups * sizeof *group);
        /* out of memory for a pointer during set-up */
        if (!group)
            abort();
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
    w->group[id] = g;
    w->groups_wanted++;
    w->fill = true; /* the next run_pending() opens its connections */
    return g;
}

void group_return(struct group *g)
{
    g->left = false;
    g->worker->groups_wanted++;
    g->worker->fill = true;
}

void conn_close_later(struct connection *c)
{
    if (c->close_pending)
        return;
    c->close_pending = true;
    c->next_close_pending = c->conn.worker->close_pending;
    c->conn.worker->close_pending = c;
}

static void available_remove(struct group *g, struct connection *c)
{
    if (c->prev)
        c->prev->next = c->next;
    else
        g->available = c->next;
    if (c->next)
        c->next->prev = c->prev;
    else
        g->available_last = c->prev;
    c->next = c->prev = NULL;
    c->available = false;
}

static void available_append(struct group *g, struct connection *c)
{
    c->prev = g->available_last;
    c->next = NULL;
    if (g->available_last)
        g->available_last->next = c;
    else
        g->available = c;
    g->available_last = c;
    c->available = true;
}

void room_wanted(struct group *g)
{
    if (g->dispatch || !g->waiting)
        return;
    g->dispatch = true;
    g->next_dispatch = g->worker->dispatch;
    g->worker->dispatch = g;
}

void room_changed(struct connection *c)
{
    struct group *g = conn_group(c);
    bool available = conn_has_room(c) >= c->conn.worker->lease_unit;
    if (available && !c->available)
        available_append(g, c);
    else if (!available && c->available)
        available_remove(g, c);
    if (available)
        room_wanted(g);
}

void room_used(struct connection *c)
{
    if (c->available && conn_has_room(c) < c->conn.worker->lease_unit)
        available_remove(conn_group(c), c);
}

void room_gone(struct connection *c)
{
    if (c->available)
        available_remove(conn_group(c), c);
}

static struct connection *pick_idle(const struct group *g)
{
    struct connection *c = g->available;
    while (c && c->conn.requests)
        c = c->next;
    return c;
}

struct connection *conn_pick(struct group *g, const struct request *first, uint32_t units)
{
    struct client *client = first->client;
    struct connection *own = client ? client->conn : NULL, *c = g->available;
    bool exclusive = first->op.exclusive;
    if (own && own->conn.group == g->id && conn_has_room(own) >= units &&
        !(exclusive && own->conn.requests))
        return own;
    if (exclusive)
        c = pick_idle(g);
    if (!c || conn_has_room(c) < units)
        return NULL;
    if (c->next) {
        available_remove(g, c);
        available_append(g, c);
    }
    if (client)
        client->conn = c;
    return c;
}

void conn_take_out(struct connection *c, struct request *r)
{
    if (c->unsent == r)
        c->unsent = r->next;
    if (r->prev)
        r->prev->next = r->next;
    else
        c->conn.in_flight = r->next ? &r->next->op : NULL;
    if (r->next)
        r->next->prev = r->prev;
    else
        c->newest = r->prev;
    r->next = r->prev = NULL;
    c->conn.requests--;
    c->resent = c->resent && c->conn.requests;
    c->exclusive = false;
    if (r->state == OP_IN_FLIGHT)
        c->ops -= r->op.n;
}

void conn_unlink(struct request *r)
{
    struct connection *c = r->connection;
    conn_take_out(c, r);
    r->connection = NULL;
    c->fresh = false;
    if (c->retire || c->stale) {
        if (!c->conn.requests)
            conn_close_later(c);
    } else if (!c->available) {
        room_changed(c);
    } else {
        room_wanted(conn_group(c));
    }
}
