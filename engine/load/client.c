/* A client: what it has in flight, when it has room for more, and its think time.
 *
 * Nothing here starts anything: a client with room is put on a list, which the worker's settle runs
 * (start.c) or the schedule serves (open_loop.c). */
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
    if (c->listed || c->roomy || c->retired)
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
    if (w->thoughts == w->thought_room) {
        uint32_t room = w->thought_room ? 2 * w->thought_room : 16;
        struct thought *ring = malloc(room * sizeof *ring);
        if (!ring)
            abort(); /* at most one for each request in flight: reached while ramping up only */
        for (uint32_t i = 0; i < w->thoughts; i++)
            ring[i] = w->thought[(w->thought_first + i) % w->thought_room];
        free(w->thought);
        w->thought = ring;
        w->thought_room = room;
        w->thought_first = 0;
    }
    struct thought *t = &w->thought[(w->thought_first + w->thoughts++) % w->thought_room];
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
    while (w->thoughts && w->thought[w->thought_first].ready_ns <= now) {
        struct thought *t = &w->thought[w->thought_first];
        t->client->occupied -= t->requests;
        client_ready(t->client);
        w->thought_first = (w->thought_first + 1) % w->thought_room;
        w->thoughts--;
    }
    if (w->thoughts)
        loop_alarm(w->loop, a, w->thought[w->thought_first].ready_ns);
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

/* The client gets its place back. `sent`: the request went out, so a batch
 * or a think time counts. */
void client_take_back(struct request *r, bool sent)
{
    struct client *c = r->client;
    if (!c)
        return;
    struct worker *w = c->worker;
    bool pause = sent && w->now.load.think_ns > 0;
    client_unlink(c, r);
    if (r->flags & OP_HELD) {
        uint64_t held = w->op_bytes + r->op.size;
        w->unthrottled_bytes -= held < w->unthrottled_bytes ? held : w->unthrottled_bytes;
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
