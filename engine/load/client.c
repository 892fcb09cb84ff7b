/* What a client starts.
 *
 * A closed client is run when something of its own changed: its pattern says how many requests to
 * start. Under open arrival (open_loop.c) the schedule decides when, and clients with room stand in
 * line for it. */
#include "engine/load/client.h"

#include "engine/load/worker_state.h"
#include "engine/state/pool.h"
#include "engine/load/lease.h"
#include "engine/load/op.h"

#include <stdlib.h>
#include <string.h>

#define RUN_BURST 64 /* requests that an unthrottled client starts before others have their turn */
#define SAMPLE_EVERY 64 /* one generation in so many is timed */

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

/* Claims n operations from the budget of -n, if there is one. */
uint32_t budget_claim(struct worker *w, uint32_t n)
{
    if (!w->now.counted || w->start_warm)
        return n;
    uint32_t granted = (uint32_t)pool_claim(w->pool, n);
    if (!granted)
        w->starved = true;
    return granted;
}

uint64_t budget_left(const struct worker *w, uint64_t most)
{
    if (!w->now.counted || w->start_warm)
        return most;
    int64_t left = atomic_load_explicit(&w->pool->budget, memory_order_relaxed);
    return left <= 0 ? 0 : (uint64_t)left < most ? (uint64_t)left : most;
}

void budget_return(struct worker *w, uint32_t n)
{
    if (w->now.counted && !w->start_warm)
        pool_unclaim(w->pool, n);
}

void budget_unclaim(struct worker *w, const struct op *op)
{
    if (w->now.counted && !(op->flags & OP_WARM))
        pool_unclaim(w->pool, op->n);
}

/* A request of a type, not yet anyone's, for n operations that are claimed already. */
struct op *op_make(struct worker *w, uint16_t type, uint32_t n)
{
    struct op *op = op_take(w);
    if (!op)
        return NULL;
    op->next = op->prev = op->client_next = op->client_prev = NULL;
    op->client = NULL;
    op->conn = NULL;
    op->intended_ns = op->sent_ns = 0;
    op->ready_ns = loop_now(w->loop);
    op->type = type;
    op->n = n;
    op->flags = w->start_warm ? OP_WARM : 0;
    op->key = op->aux = 0;
    op->size = op->group = 0;
    op->rnd = rng_next(&w->rng);
    return op;
}

/* Gives it to a client and lets the backend choose what it is about. */
void op_adopt(struct client *c, struct op *op)
{
    struct worker *w = c->worker;
    op->client = c;
    op->seq = c->seq++;
    op->client_prev = c->newest;
    if (c->newest)
        c->newest->client_next = op;
    else
        c->oldest = op;
    c->newest = op;
    c->occupied++;
    if (w->backend->fill) {
        if (--w->sample) {
            w->backend->fill(w, op);
        } else {
            w->sample = SAMPLE_EVERY;
            uint64_t before = clock_ns();
            w->backend->fill(w, op);
            w->tally.generate_ns += (clock_ns() - before) * SAMPLE_EVERY;
        }
    }
    if (w->now.load.pattern == PATTERN_UNTHROTTLED) {
        w->unthrottled_bytes += w->op_bytes + op->size;
        if (w->unthrottled_bytes > w->tally.peak_bytes)
            w->tally.peak_bytes = w->unthrottled_bytes;
    }
}

struct op *op_bounded(struct worker *w, struct op *op)
{
    const struct backend *b = w->backend;
    if (!op || !w->now.bounded || b->ops[op->type].reads)
        return op;
    if (pool_take_bytes(w->pool, b->data_bytes ? b->data_bytes(w, op) : op->size))
        return op;
    w->full = true;
    op_give_back(op);
    return NULL;
}

static struct op *closed_op(struct client *c)
{
    struct worker *w = c->worker;
    uint16_t type = mix_choose(w);
    uint32_t n = w->full ? 0 : budget_claim(w, w->bulk[type]);
    struct op *op = n ? op_make(w, type, n) : NULL;
    if (op)
        op_adopt(c, op);
    else if (n)
        budget_return(w, n);
    return op_bounded(w, op);
}

/* Starts up to n requests made by `make`. In pattern batch they are one lease where a connection
 * can carry the whole batch. */
void client_start(struct client *c, uint32_t n, struct op *(*make)(struct client *))
{
    struct worker *w = c->worker;
    bool batch = w->now.load.pattern == PATTERN_BATCH;
    struct op *chain = NULL, **end = &chain;
    if (batch) {
        c->batch_left = n;
        c->batch_sent_ns = 0;
    }
    for (uint32_t i = 0; i < n; i++) {
        struct op *op = make(c);
        if (!op) {
            if (batch)
                c->batch_left -= n - i;
            break;
        }
        if (batch)
            op->flags |= OP_BATCH;
        if (w->lease_unit > 1) {
            *end = op;
            end = &op->next;
        } else {
            lease(w, op);
        }
    }
    if (chain)
        lease(w, chain);
}

#define CAP_BURST_NS (10 * NS_PER_MS)

/* How many of n requests --max-rate allows now. What was not used is not saved up beyond 10 ms. */
uint32_t capped(struct worker *w, uint32_t n)
{
    double step = 1e9 / w->now.cap_per_s * w->bulk_most;
    uint64_t now = loop_now(w->loop), interval = step < 1e18 ? (uint64_t)step : (uint64_t)1e18;
    uint32_t granted = 0;
    /* A burst makes up for time that was not used, and there was none. Threads begin one after the
     * other, or the first moment alone would be above the ceiling. */
    if (!w->cap_next_ns)
        w->cap_next_ns = now + interval / w->now.workers * (w->index % w->now.workers);
    if (now > CAP_BURST_NS && w->cap_next_ns < now - CAP_BURST_NS)
        w->cap_next_ns = now - CAP_BURST_NS;
    for (; granted < n && w->cap_next_ns <= now; granted++)
        w->cap_next_ns += interval;
    return granted;
}

void capped_run(struct worker *w)
{
    if (loop_now(w->loop) < w->cap_next_ns) {
        loop_alarm(w->loop, &w->arrival_alarm, w->cap_next_ns);
        return;
    }
    struct client *c = client_list_pop(&w->idle);
    c->roomy = false;
    client_ready(c);
}

static void client_run(struct client *c)
{
    struct worker *w = c->worker;
    if (c->retired || !may_start(w))
        return;
    uint32_t starts = client_starts(c);
    if (!starts)
        return;
    if (w->schedule.open) {
        c->roomy = true;
        client_list_append(&w->idle, c);
        return;
    }
    bool unthrottled = w->now.load.pattern == PATTERN_UNTHROTTLED;
    if (unthrottled && starts > RUN_BURST)
        starts = RUN_BURST;
    if (w->now.cap_per_s > 0) {
        starts = capped(w, starts);
        if (!starts) {
            c->roomy = true;
            client_list_append(&w->idle, c);
            return;
        }
    }
    uint64_t waiting = w->tally.waiting;
    client_start(c, starts, closed_op);
    if (unthrottled && !w->starved && w->tally.waiting <= waiting)
        client_ready(c); /* it is still accepted: go on after the others */
}

void clients_run(struct worker *w, unsigned most)
{
    for (struct client *c; most-- && (c = client_list_pop(&w->runnable));) {
        c->listed = false;
        client_run(c);
    }
}
