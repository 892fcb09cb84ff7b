/* Connections and their groups.
 *
 * A group holds a worker's connections to one place (a node, a slot; most backends have one group).
 * A lost connection fails its requests and is reopened after a jittered back-off that doubles from
 * 50 to 500 ms. While no connection of its group is up, or one could not be established and none
 * has been since, only one is tried at a time. */
#include "engine/load/conn.h"

#include "engine/load/worker_state.h"
#include "engine/state/pool.h"
#include "engine/base/secret.h"
#include "engine/base/text.h"
#include "engine/load/op.h"
#include "engine/load/conn_room.h"
#include "engine/load/end.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BACKOFF_MIN_NS (50 * NS_PER_MS)
#define BACKOFF_MAX_NS (500 * NS_PER_MS)
#define OPENING_MOST 64

void *conn_data(const struct conn *conn)
{
    return (void *)(uintptr_t)((const struct connection *)(const void *)conn + 1);
}

static struct connection *conn_new(struct group *g, uint32_t id)
{
    struct connection *c = calloc(1, sizeof *c + g->worker->backend->conn_size);
    if (!c)
        return NULL;
    c->conn.worker = g->worker;
    c->conn.group = g->id;
    c->conn.id = id;
    c->fresh = true;
    return c;
}

/* Extends the array; new connections start closed. */
static void conns_grow(struct group *g, uint32_t wanted)
{
    if (wanted > g->room) {
        struct connection **conn = realloc(g->conn, wanted * sizeof(struct connection *));
        if (!conn)
            return;
        memset(conn + g->room, 0, (wanted - g->room) * sizeof(struct connection *));
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

static void conn_open(struct group *g, struct connection *c)
{
    struct err err = {0};
    c->state = CONN_OPENING;
    c->opened_ns = loop_now(g->worker->loop);
    c->trouble = c->stale = false;
    g->closed--;
    g->opening++;
    if (g->worker->backend->open(&c->conn, &err) < 0)
        conn_down(&c->conn, err.code == ERR_OWN_LIMIT ? "own_limit" : "connect", "%s",
                  err.msg[0] ? err.msg : "connection failed");
}

static void conns_fill(struct group *g);

static void reopen_fire(struct alarm *a)
{
    conns_fill((struct group *)(void *)((char *)a - offsetof(struct group, reopen)));
}

static void conns_fill(struct group *g)
{
    struct worker *w = g->worker;
    g->reopen.fire = reopen_fire;
    if (w->draining || w->closing || !w->connections || g->left)
        return;
    if (g->conns < w->connections)
        conns_grow(g, w->connections);
    uint64_t now = loop_now(w->loop);
    if (g->closed && now < g->next_open_ns) {
        loop_alarm(w->loop, &g->reopen, g->next_open_ns);
        return;
    }
    uint32_t most = g->refusals || (g->failures && !g->up) ? 1 : OPENING_MOST;
    for (uint32_t tried = 0; g->closed && g->opening < most && tried < g->conns; tried++) {
        if (g->fill_at >= w->connections || g->fill_at >= g->conns)
            g->fill_at = 0;
        struct connection *c = g->conn[g->fill_at++];
        if (!c || c->state != CONN_CLOSED || c->retire)
            continue;
        conn_open(g, c);
        if (now < g->next_open_ns)
            return;
    }
}

/* Keeps a connection counted as up while it is reopened because its settings changed: it was not
 * lost, and the target is not down. */
static void count_as_up(struct connection *c, bool counts_as_up)
{
    if (c->counts_as_up == counts_as_up)
        return;
    c->counts_as_up = counts_as_up;
    if (counts_as_up)
        c->conn.worker->tally.connected++;
    else
        c->conn.worker->tally.connected--;
}

void conn_up(struct conn *conn)
{
    worker_check_own(conn->worker);
    struct connection *c = connection_of(conn);
    struct group *g = conn_group(c);
    if (c->state != CONN_OPENING)
        return;
    count_as_up(c, false);
    if (c->opened_ns > g->refused_ns) /* older ones do not tell whether there is room again */
        g->refusals = 0;
    c->state = CONN_UP;
    c->busy = false;
    g->opening--;
    g->up++;
    c->conn.worker->tally.connected++;
    room_changed(c);
    c->conn.worker->fill = true; /* deferred: open() may be on the stack */
}

static void note_error(struct worker *w, const char *error_class, const char *msg)
{
    recorder_error(&w->recorder, &w->recorder.conn_errors, error_class, 1, msg, strlen(msg),
                   WORDS_OURS, loop_now(w->loop));
}

/* refused: the connection could not be established. It has a count of its own, because the answers
 * on other connections do not show that the server takes more of them. */
static void back_off(struct group *g, bool refused)
{
    struct worker *w = g->worker;
    unsigned times = g->failures > g->refusals ? g->failures : g->refusals;
    uint64_t wait = BACKOFF_MIN_NS << (times < 4 ? times : 4);
    if (wait > BACKOFF_MAX_NS)
        wait = BACKOFF_MAX_NS;
    wait = wait / 2 + rng_below(rng_next(&w->rng), wait / 2 + 1);
    if (wait < BACKOFF_MIN_NS)
        wait = BACKOFF_MIN_NS;
    g->failures++;
    g->refusals += refused;
    g->next_open_ns = loop_now(w->loop) + wait;
    if (!w->draining && !w->closing)
        loop_alarm(w->loop, &g->reopen, g->next_open_ns);
}

static void conn_lose(struct connection *c, const char *error_class, const char *msg)
{
    struct group *g = conn_group(c);
    if (c->state == CONN_OPENING) {
        g->opening--;
        c->conn.worker->fill = true; /* others of the group may have been waiting for its attempt */
    }
    count_as_up(c, false);
    if (c->state == CONN_UP) {
        g->up--;
        c->conn.worker->tally.connected -= !c->trouble;
    }
    c->state = CONN_CLOSING;
    room_gone(c);
    size_t len = strlen(msg);
    while (c->conn.in_flight)
        op_lost(conn_oldest(c), error_class, msg, len);
    c->unsent = NULL;
}

void conn_down(struct conn *conn, const char *error_class, const char *fmt, ...)
{
    worker_check_own(conn->worker);
    struct connection *c = connection_of(conn);
    if (c->state != CONN_OPENING && c->state != CONN_UP)
        return;
    char msg[224];
    va_list args;
    va_start(args, fmt);
    vsnprintf(msg, sizeof msg, fmt, args);
    va_end(args);
    secret_hide_places(msg);
    note_error(c->conn.worker, error_class, msg);
    struct group *g = conn_group(c);
    bool refused = c->state == CONN_OPENING;
    if (refused) {
        c->conn.worker->tally.refused++;
        g->refused_ns = loop_now(c->conn.worker->loop);
    }
    /* several lost at the same time count as one failure */
    if (loop_now(c->conn.worker->loop) >= g->next_open_ns)
        back_off(g, refused);
    conn_lose(c, error_class, msg);
    c->conn.worker->backend->close(&c->conn);
    if (!g->up && c->conn.worker->backend->route && !c->conn.worker->draining) {
        g->reroute = true; /* requests that wait there may be routed to another group */
        room_wanted(g);
    }
}

void conn_trouble(struct conn *conn, const char *fmt, ...)
{
    worker_check_own(conn->worker);
    struct connection *c = connection_of(conn);
    if (c->state != CONN_UP || c->trouble == (fmt != NULL))
        return;
    c->trouble = fmt != NULL;
    if (fmt) {
        char msg[224];
        va_list args;
        va_start(args, fmt);
        vsnprintf(msg, sizeof msg, fmt, args);
        va_end(args);
        secret_hide_places(msg);
        note_error(c->conn.worker, "trouble", msg);
        c->conn.worker->tally.connected--;
    } else {
        c->conn.worker->tally.connected++;
    }
    room_changed(c);
}

void conn_room(struct conn *conn)
{
    worker_check_own(conn->worker);
    struct connection *c = connection_of(conn);
    if (!c->busy)
        return;
    c->busy = false;
    room_changed(c);
}

void conn_closed(struct conn *conn)
{
    worker_check_own(conn->worker);
    struct connection *c = connection_of(conn);
    struct group *g = conn_group(c);
    if (c->state == CONN_CLOSED)
        return;
    c->state = CONN_CLOSED;
    g->closed++;
    if (c->retire)
        conn_close_later(c);
    else
        c->conn.worker->fill = true;
}

void conn_bytes(struct conn *conn, uint64_t sent, uint64_t received)
{
    worker_check_own(conn->worker);
    conn->worker->tally.sent_bytes += sent;
    conn->worker->tally.received_bytes += received;
}

void worker_leave(struct worker *w, uint32_t group)
{
    worker_check_own(w);
    struct group *g = group < w->groups ? w->group[group] : NULL;
    if (!g || g->left)
        return;
    g->left = true;
    w->groups_wanted--;
}

static void conn_begin_close(struct connection *c)
{
    if (c->state != CONN_OPENING && c->state != CONN_UP)
        return;
    bool reopen = c->stale && !c->retire && c->state == CONN_UP && !c->trouble;
    conn_lose(c, "closed", "closed by us");
    count_as_up(c, reopen);
    c->conn.worker->backend->close(&c->conn);
}

static void dirty_forget(struct worker *w, const struct connection *c)
{
    for (struct connection **at = &w->dirty; *at; at = &(*at)->next_dirty)
        if (*at == c) {
            *at = c->next_dirty;
            return;
        }
}

static void conn_drop(struct connection *c)
{
    struct group *g = conn_group(c);
    struct worker *w = c->conn.worker;
    for (uint32_t i = 0; i < w->clients; i++)
        if (w->client[i]->conn == c)
            w->client[i]->conn = NULL;
    if (c->dirty)
        dirty_forget(w, c);
    count_as_up(c, false);
    g->conn[c->conn.id] = NULL;
    g->closed--;
    while (g->conns && !g->conn[g->conns - 1])
        g->conns--;
    free(c);
}

void conns_run_pending(struct worker *w)
{
    w->fill = false;
    for (uint32_t i = 0; i < w->groups; i++)
        if (w->group[i] && (w->group[i]->closed || w->group[i]->conns < w->connections))
            conns_fill(w->group[i]);
    while (w->close_pending) {
        struct connection *c = w->close_pending;
        w->close_pending = c->next_close_pending;
        c->close_pending = false;
        if ((!c->retire && !c->stale) || c->conn.requests)
            continue;
        if (c->state != CONN_CLOSED)
            conn_begin_close(c);
        else if (c->retire)
            conn_drop(c);
    }
}

void conns_tune(struct worker *w, bool reopen)
{
    for (uint32_t i = 0; i < w->groups; i++) {
        struct group *g = w->group[i];
        if (!g)
            continue;
        conns_grow(g, w->connections);
        for (uint32_t k = 0; k < g->conns; k++) {
            struct connection *c = g->conn[k];
            if (!c)
                continue;
            c->retire = k >= w->connections;
            c->stale = c->stale || (reopen && (c->state == CONN_OPENING || c->state == CONN_UP));
            if ((c->retire || c->stale) && !c->conn.requests)
                conn_close_later(c);
            room_changed(c);
        }
        conns_fill(g);
        room_wanted(g);
    }
}

bool conns_close_all(struct worker *w)
{
    bool all = true;
    for (uint32_t i = 0; i < w->groups; i++)
        for (uint32_t k = 0; w->group[i] && k < w->group[i]->conns; k++) {
            struct connection *c = w->group[i]->conn[k];
            if (!c)
                continue;
            conn_begin_close(c);
            count_as_up(c, false);
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
        for (const struct request *chain = g->waiting; w->again_waiting && chain;
             chain = chain->prev)
            for (const struct request *r = chain; r; r = r->next)
                n += r->flags & OP_AGAIN ? r->op.n : 0;
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
