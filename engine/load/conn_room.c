/* Which connection has room for a request: groups of connections, and what each carries.
 *
 * Room is the smaller of what the protocol carries and what each connection should carry if load is
 * spread evenly, so that a client stays on one connection where that is free, and a few connections
 * that multiplex share the work. */
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
    w->group[id] = g;
    w->fill = true; /* the next settle opens its connections */
    return g;
}

void conn_doom(struct connection *c)
{
    if (c->doomed)
        return;
    c->doomed = true;
    c->next_doomed = c->conn.worker->doomed;
    c->conn.worker->doomed = c;
}

static void roomy_remove(struct group *g, struct connection *c)
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

static void roomy_append(struct group *g, struct connection *c)
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

void room_changed(struct connection *c)
{
    struct group *g = conn_group(c);
    bool roomy = conn_has_room(c) >= c->conn.worker->lease_unit;
    if (roomy && !c->roomy)
        roomy_append(g, c);
    else if (!roomy && c->roomy)
        roomy_remove(g, c);
    if (roomy)
        room_wanted(g);
}

void room_used(struct connection *c)
{
    if (c->roomy && conn_has_room(c) < c->conn.worker->lease_unit)
        roomy_remove(conn_group(c), c);
}

void room_gone(struct connection *c)
{
    if (c->roomy)
        roomy_remove(conn_group(c), c);
}

static struct connection *pick_idle(const struct group *g)
{
    struct connection *c = g->roomy;
    while (c && c->conn.requests)
        c = c->next;
    return c;
}

struct connection *conn_pick(struct group *g, const struct request *first, uint32_t units)
{
    struct client *client = first->client;
    struct connection *own = client ? client->conn : NULL, *c = g->roomy;
    bool exclusive = first->op.exclusive;
    if (own && own->conn.group == g->id && conn_has_room(own) >= units &&
        !(exclusive && own->conn.requests))
        return own;
    if (exclusive)
        c = pick_idle(g);
    if (!c || conn_has_room(c) < units)
        return NULL;
    if (c->next) {
        roomy_remove(g, c);
        roomy_append(g, c);
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
            conn_doom(c);
    } else if (!c->roomy) {
        room_changed(c);
    } else {
        room_wanted(conn_group(c));
    }
}
