/* A client: what it has in flight, when it has room for more, and its think time.
 *
 * Nothing here starts requests: a client with room is put on a list, which run_pending() of
 * worker.c runs (start.c) or the schedule serves (open_loop.c). */
#include "engine/load/client.h"

#include "engine/backend.h"
#include "engine/config/pattern.h"
#include "engine/load/worker_state.h"
#include "engine/os/loop.h"
#include "engine/state/pool.h"
#include "engine/stats/recorder.h"

#include <stdlib.h>
#include <string.h>

void client_init(struct client *c, struct worker *w, uint32_t id)
{
    memset(c, 0, sizeof *c);
    c->worker = w;
    c->id = id;
}

void client_list_append(struct client_list *l, struct client *c)
{
    c->next = NULL;
    if (l->tail)
        l->tail->next = c;
    else
        l->head = c;
    l->tail = c;
}

struct client *client_list_pop(struct client_list *l)
{
    struct client *c = l->head;
    if (c) {
        l->head = c->next;
        if (!l->head)
            l->tail = NULL;
        c->next = NULL;
    }
    return c;
}

void client_ready(struct client *c)
{
    if (c->listed || c->available || c->retired)
        return;
    c->listed = true;
    client_list_append(&c->worker->runnable, c);
}

uint32_t client_starts(struct client *c)
{
    struct worker *w = c->worker;
    struct flight f = {.occupied = c->occupied,
                       .window = c->oldest ? c->seq - c->oldest->seq : 0,
                       .draining = c->draining,
                       .full = w->unthrottled_bytes >= UNTHROTTLED_BYTES};
    if (w->now.load.pattern == PATTERN_UNTHROTTLED) {
        if (f.full && c->occupied)
            c->draining = f.draining = true;
        else if (!c->occupied)
            c->draining = f.draining = false;
    }
    return pattern_starts(w->now.load.pattern, w->now.load.depth, &f);
}

static void think(struct worker *w, struct client *c, uint32_t requests)
{
    if (w->think_timers == w->think_room) {
        uint32_t room = w->think_room ? 2 * w->think_room : 16;
        struct think_timer *ring = malloc(room * sizeof *ring);
        /* at most one for each request in flight: grows only while ramping up */
        if (!ring)
            abort();
        for (uint32_t i = 0; i < w->think_timers; i++)
            ring[i] = w->think_timer[(w->think_first + i) % w->think_room];
        free(w->think_timer);
        w->think_timer = ring;
        w->think_room = room;
        w->think_first = 0;
    }
    struct think_timer *t = &w->think_timer[(w->think_first + w->think_timers++) % w->think_room];
    t->ready_ns = loop_now(w->loop) + w->now.load.think_ns;
    t->client = c;
    t->requests = requests;
    if (w->think_alarm.due_ns == NS_NEVER)
        loop_alarm(w->loop, &w->think_alarm, t->ready_ns);
}

void think_fire(struct alarm *a)
{
    struct worker *w = (struct worker *)(void *)((char *)a - offsetof(struct worker, think_alarm));
    uint64_t now = loop_now(w->loop);
    while (w->think_timers && w->think_timer[w->think_first].ready_ns <= now) {
        struct think_timer *t = &w->think_timer[w->think_first];
        t->client->occupied -= t->requests;
        client_ready(t->client);
        w->think_first = (w->think_first + 1) % w->think_room;
        w->think_timers--;
    }
    if (w->think_timers)
        loop_alarm(w->loop, a, w->think_timer[w->think_first].ready_ns);
}

static void batch_ended(struct worker *w, struct client *c)
{
    uint64_t now = loop_now(w->loop);
    if (w->warm || w->frozen)
        return;
    w->tally.batches++;
    recorder_extra(&w->recorder, EXTRA_BATCH, c->batch_sent_ns ? now - c->batch_sent_ns : 0);
}

static void client_unlink(struct client *c, struct request *r)
{
    if (r->client_prev)
        r->client_prev->client_next = r->client_next;
    else
        c->oldest = r->client_next;
    if (r->client_next)
        r->client_next->client_prev = r->client_prev;
    else
        c->newest = r->client_prev;
    r->client_next = r->client_prev = NULL;
    r->client = NULL;
}

/* Frees the request's slot in its client. `sent`: the request was sent, so it counts for a batch or
 * a think time. */
void client_take_back(struct request *r, bool sent)
{
    struct client *c = r->client;
    if (!c)
        return;
    struct worker *w = c->worker;
    bool pause = sent && w->now.load.think_ns > 0;
    client_unlink(c, r);
    if (r->flags & OP_BYTES_COUNTED) {
        uint64_t bytes = w->op_bytes + r->op.size;
        w->unthrottled_bytes -= bytes < w->unthrottled_bytes ? bytes : w->unthrottled_bytes;
    }
    if (r->flags & OP_BATCH) {
        bool last = c->batch_left && --c->batch_left == 0;
        if (last && c->batch_sent_ns)
            batch_ended(w, c);
        pause = pause && last;
    }
    if (pause) {
        think(w, c, 1);
        return;
    }
    c->occupied--;
    client_ready(c);
}
