/* Starts requests: a ready closed-loop client starts as many as its pattern allows.
 *
 * Under open arrival (open_loop.c) the schedule decides when, and clients with room wait in a
 * queue. */
#include "engine/load/start.h"

#include "engine/backend.h"
#include "engine/config/pattern.h"
#include "engine/load/budget.h"
#include "engine/load/client.h"
#include "engine/load/end.h"
#include "engine/load/lease.h"
#include "engine/load/op.h"
#include "engine/load/worker_state.h"
#include "engine/os/loop.h"
#include "engine/state/pool.h"
#include "engine/stats/generate.h"

#define RUN_BURST 64 /* requests that an unthrottled client starts before others have their turn */
#define SAMPLE_EVERY 64 /* one of this many generated requests is timed */

static bool may_start(const struct worker *w)
{
    return !w->now.paused && !w->draining && !w->full && w->starting_ops &&
           loop_now(w->loop) < w->now.end_ns;
}

uint16_t mix_choose(struct worker *w)
{
    if (w->starting_ops == 1)
        for (uint16_t i = 0; i < OPS_MAX; i++)
            if (w->cumulative[i] > 0)
                return i;
    double at = rng_unit(rng_next(&w->rng));
    uint16_t last = 0;
    for (uint16_t i = 0; i < OPS_MAX; i++) {
        if (w->cumulative[i] <= 0)
            continue;
        last = i;
        if (at < w->cumulative[i])
            break;
    }
    return last;
}

/* Assigns the request to a client and lets the backend fill it. */
void op_adopt(struct client *c, struct request *r)
{
    struct worker *w = c->worker;
    client_add(c, r);
    if (w->backend->fill) {
        if (--w->sample) {
            w->backend->fill(w, &r->op);
        } else {
            w->sample = SAMPLE_EVERY;
            uint64_t before = clock_ns();
            w->backend->fill(w, &r->op);
            w->tally.generate_ns += (clock_ns() - before) * SAMPLE_EVERY;
        }
    }
    if (w->now.load.pattern == PATTERN_UNTHROTTLED) {
        r->flags |= OP_BYTES_COUNTED;
        w->unthrottled_bytes += w->op_bytes + r->op.size;
        if (w->unthrottled_bytes > w->tally.peak_bytes)
            w->tally.peak_bytes = w->unthrottled_bytes;
    }
}

struct request *op_bounded(struct worker *w, struct request *r)
{
    const struct backend *b = w->backend;
    if (!r || !w->now.bounded || w->now.op_types[r->op.type].reads)
        return r;
    if (pool_take_bytes(w->pool, b->data_bytes ? b->data_bytes(w, &r->op) : r->op.size))
        return r;
    w->full = true;
    op_give_back(r);
    return NULL;
}

static struct request *closed_op(struct client *c)
{
    struct worker *w = c->worker;
    bool capped = cap_is_set(w);
    if (capped && !cap_is_open(w))
        return NULL;
    uint16_t type = mix_choose(w);
    uint32_t n = w->full ? 0 : budget_claim(w, w->bulk[type]);
    struct request *r = n ? op_make(w, type, n) : NULL;
    if (r)
        op_adopt(c, r);
    else if (n)
        budget_return(w, n);
    r = op_bounded(w, r);
    if (capped && r)
        cap_charge(w, n);
    return r;
}

/* Starts up to n requests made by `make`. In pattern batch they are one lease where a connection
 * can carry the whole batch. */
void client_start(struct client *c, uint32_t n, struct request *(*make)(struct client *))
{
    struct worker *w = c->worker;
    bool batch = w->now.load.pattern == PATTERN_BATCH;
    struct request *chain = NULL, **end = &chain;
    if (batch) {
        c->batch_left = n;
        c->batch_sent_ns = 0;
    }
    for (uint32_t i = 0; i < n; i++) {
        struct request *r = make(c);
        if (!r) {
            if (batch)
                c->batch_left -= n - i;
            break;
        }
        if (batch)
            r->flags |= OP_BATCH;
        if (w->lease_unit > 1) {
            *end = r;
            end = &r->next;
        } else {
            lease(w, r);
        }
    }
    if (chain)
        lease(w, chain);
}

/* Queues the client until the schedule, --max-rate or the memory bound lets it start. */
static void wait_to_start(struct client *c)
{
    if (c->listed || c->available)
        return;
    c->available = true;
    client_list_append(&c->worker->idle, c);
}

static void client_run(struct client *c)
{
    struct worker *w = c->worker;
    if (c->retired || !may_start(w))
        return;
    uint32_t starts = client_starts(c);
    bool unthrottled = w->now.load.pattern == PATTERN_UNTHROTTLED;
    if (!starts) {
        /* other clients use all the memory, and it has no request whose end would wake it */
        if (unthrottled && !c->occupied && !w->schedule.open)
            wait_to_start(c);
        return;
    }
    if (w->schedule.open) {
        wait_to_start(c);
        return;
    }
    if (unthrottled && starts > RUN_BURST)
        starts = RUN_BURST;
    uint64_t waiting = w->tally.waiting;
    if (!cap_is_set(w) || cap_is_open(w))
        client_start(c, starts, closed_op);
    /* continue when --max-rate allows it */
    if (cap_is_set(w) && !cap_is_open(w) && client_starts(c))
        wait_to_start(c);
    /* more is accepted: continue after the other clients */
    if (unthrottled && !w->budget_empty && w->tally.waiting <= waiting)
        client_ready(c);
}

void waiting_to_start_run(struct worker *w)
{
    while (w->idle.head && w->unthrottled_bytes < UNTHROTTLED_BYTES) {
        if (loop_now(w->loop) < w->cap_next_ns) {
            loop_alarm(w->loop, &w->arrival_alarm, w->cap_next_ns);
            return;
        }
        struct client *c = client_list_pop(&w->idle);
        c->available = false;
        client_run(c);
    }
}

/* Must this unthrottled client, which has nothing in flight, queue behind the clients that wait to
 * start? */
static bool must_yield(const struct client *c)
{
    const struct worker *w = c->worker;
    return w->idle.head && !c->occupied && !w->schedule.open &&
           w->now.load.pattern == PATTERN_UNTHROTTLED;
}

void clients_run(struct worker *w, unsigned most)
{
    for (struct client *c; most-- && (c = client_list_pop(&w->runnable));) {
        c->listed = false;
        if (must_yield(c))
            wait_to_start(c);
        else
            client_run(c);
    }
}
