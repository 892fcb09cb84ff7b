/* A request's life: its memory, its counts, and how it ends.
 *
 * Every operation ends in exactly one of op_done, op_partial, op_fail, op_timeout, op_lost,
 * op_expire or op_give_back, and only there are its counts moved. Nothing here recurses: an end
 * only puts its client on a list that the worker's settle runs. Requests come from a free list of
 * the worker, so that a steady load allocates nothing. */
#include "engine/load/op.h"

#include "engine/load/worker_state.h"
#include "engine/state/pool.h"
#include "engine/load/client.h"
#include "engine/load/lease.h"
#include "engine/load/open_loop.h"

#include <stdlib.h>
#include <string.h>

struct op_block {
    struct op_block *next;
    uint32_t n;
    _Alignas(16) char ops[];
};

void *op_data(const struct op *op)
{
    return (void *)(uintptr_t)(op + 1);
}

/* ---- memory of requests ---- */

static void ops_grow(struct worker *w)
{
    uint32_t n = w->block ? w->block->n * 2 : 8;
    if (n > 256)
        n = 256;
    struct op_block *b = calloc(1, sizeof *b + n * w->op_bytes);
    if (!b)
        return;
    b->n = n;
    b->next = w->block;
    w->block = b;
    for (uint32_t i = n; i-- > 0;) {
        struct op *op = (struct op *)(void *)(b->ops + i * w->op_bytes);
        op->next = w->free_op;
        w->free_op = op;
    }
}

struct op *op_take(struct worker *w)
{
    if (!w->free_op)
        ops_grow(w);
    struct op *op = w->free_op;
    if (!op)
        return NULL;
    w->free_op = op->next;
    return op;
}

void op_free(struct worker *w, struct op *op)
{
    op->state = OP_FREE;
    op->next = w->free_op;
    w->free_op = op;
}

void ops_free(struct worker *w)
{
    while (w->block) {
        struct op_block *b = w->block;
        w->block = b->next;
        for (uint32_t i = 0; i < b->n; i++)
            free(((struct op *)(void *)(b->ops + i * w->op_bytes))->row_intended_ns);
        free(b);
    }
    w->free_op = NULL;
}

/* ---- counting ---- */

void worker_account(struct worker *w)
{
    uint64_t now = loop_now(w->loop);
    if (now > w->tally.area_ns) {
        w->tally.in_flight_area += w->tally.sent * (now - w->tally.area_ns);
        w->tally.area_ns = now;
    }
}

void op_offered(struct worker *w, struct op *op)
{
    struct tally *t = &w->tally;
    if (op->flags & OP_WARM)
        t->warm_offered += op->n;
    else
        t->offered += op->n;
    if (op->flags & OP_DUE)
        t->scheduled += op->n;
    if (!t->first_ns)
        t->first_ns = loop_now(w->loop);
}

void op_unoffered(struct worker *w, struct op *op)
{
    if (op->flags & OP_WARM)
        w->tally.warm_offered -= op->n;
    else
        w->tally.offered -= op->n;
    if (op->flags & OP_DUE)
        w->tally.scheduled -= op->n;
}

void op_count_in_flight(struct worker *w, const struct op *op, int sign)
{
    uint64_t n = sign > 0 ? op->n : 0 - (uint64_t)op->n;
    if (op->flags & OP_WARM) {
        w->tally.warm_in_flight += n;
        return;
    }
    w->tally.in_flight += n;
    if (sign < 0 && op->sent_ns) {
        worker_account(w);
        w->tally.sent -= op->n;
    }
}

/* ---- ending ---- */

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

static void client_unlink(struct client *c, struct op *op)
{
    if (op->client_prev)
        op->client_prev->client_next = op->client_next;
    else
        c->oldest = op->client_next;
    if (op->client_next)
        op->client_next->client_prev = op->client_prev;
    else
        c->newest = op->client_prev;
    op->client_next = op->client_prev = NULL;
    op->client = NULL;
}

/* The client gets its place back. `sent`: the request went out, so a batch
 * or a think time counts. */
static void client_take_back(struct op *op, bool sent)
{
    struct client *c = op->client;
    if (!c)
        return;
    struct worker *w = c->worker;
    bool pause = sent && w->now.load.think_ns > 0;
    client_unlink(c, op);
    if (w->unthrottled_bytes) {
        uint64_t held = w->op_bytes + op->size;
        w->unthrottled_bytes -= held < w->unthrottled_bytes ? held : w->unthrottled_bytes;
    }
    if (op->flags & OP_BATCH) {
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

void client_release(struct op *op)
{
    client_take_back(op, true);
}

void op_give_back(struct op *op)
{
    struct worker *w = op->client->worker;
    if (op->flags & OP_DUE)
        arrival_unplaced(w, op);
    else
        budget_unclaim(w, op);
    client_take_back(op, false);
    op_free(w, op);
}

static void record_latency(struct worker *w, const struct op *op, uint64_t now, uint32_t ok)
{
    struct recorder *r = &w->recorder;
    uint64_t sent = op->sent_ns ? op->sent_ns : now;
    uint64_t service = now - sent;
    if (op->n > 1 && op->flags & OP_DUE) {
        recorder_add(r, op->type, MEASURE_SERVICE, service, ok);
        for (uint32_t i = 0; i < ok; i++)
            recorder_add(r, op->type, MEASURE_RESPONSE, now - op->row_intended_ns[i], 1);
    } else if (!op->intended_ns || op->intended_ns == sent) {
        recorder_add(r, op->type, MEASURE_SAME, service, ok);
    } else {
        recorder_add(r, op->type, MEASURE_SERVICE, service, ok);
        recorder_add(r, op->type, MEASURE_RESPONSE, now - op->intended_ns, ok);
    }
    if (w->scarce)
        recorder_extra(r, EXTRA_LEASE,
                       op->flags & OP_WAITED && sent > op->ready_ns ? sent - op->ready_ns : 0);
    if (op->n > 1 || w->bulk[op->type] > 1) {
        w->tally.batches++;
        recorder_extra(r, EXTRA_BATCH, service);
    }
}

enum ending { END_OK, END_TIMEOUT };

/* An operation that was in flight has ended: `failed` of its operations are errors. */
static void finish(struct worker *w, struct op *op, uint32_t failed, enum ending how)
{
    struct tally *t = &w->tally;
    uint32_t ok = how == END_TIMEOUT ? 0 : op->n - failed;
    uint64_t timeouts = how == END_TIMEOUT ? op->n : 0, now = loop_now(w->loop);
    op_count_in_flight(w, op, -1);
    t->last_end_ns = now;
    if (op->flags & OP_WARM) {
        t->warm_completed += ok;
        t->warm_errors += failed;
        t->warm_timeouts += timeouts;
    } else {
        t->completed += ok;
        t->errors += failed;
        t->timeouts += timeouts;
        t->op[op->type].completed += ok;
        t->op[op->type].errors += failed;
        t->op[op->type].timeouts += timeouts;
        if (ok)
            record_latency(w, op, now, ok);
    }
}

/* Ends what a backend had in its hands. */
static void end(struct op *op, uint32_t failed, enum ending how)
{
    struct worker *w = op->conn->worker;
    bool abandoned = op->state == OP_ABANDONED;
    if (!abandoned && !w->frozen)
        finish(w, op, failed, how);
    conn_unlink(op);
    if (!abandoned)
        client_release(op);
    op_free(w, op);
}

/* A server that lets itself be connected to and then breaks off answers nothing: only an answer
 * ends the growing pauses between tries. */
static void answered(const struct op *op)
{
    struct group *g = conn_group(op->conn);
    if (g->failures)
        g->failures = 0;
}

void op_done(struct op *op)
{
    answered(op);
    end(op, 0, END_OK);
}

void op_partial(struct op *op, uint32_t failed)
{
    answered(op);
    end(op, failed < op->n ? failed : op->n, END_OK);
}

static void note(const struct op *op, const char *error_class, uint64_t count, const char *msg,
                 size_t len, enum words whose)
{
    struct worker *w = op->conn->worker;
    if (op->state != OP_ABANDONED && !(op->flags & OP_WARM) && !w->frozen)
        recorder_error(&w->recorder, error_class, count, msg, len, whose, loop_now(w->loop));
}

void op_error(const struct op *op, const char *error_class, uint64_t count, const char *msg,
              size_t len)
{
    note(op, error_class, count, msg, len, WORDS_SERVERS);
}

void op_fail(struct op *op, const char *error_class, const char *msg, size_t len)
{
    op_error(op, error_class, op->n, msg, len);
    end(op, op->n, END_OK);
}

void op_timeout(struct op *op)
{
    end(op, 0, END_TIMEOUT);
}

/* Its connection is gone (class given), or it was refused for good (no class:
 * op_error was called). */
void op_lost(struct op *op, const char *error_class, const char *msg, size_t len)
{
    struct worker *w = op->conn->worker;
    if (error_class)
        note(op, error_class, op->n, msg, len, WORDS_OURS);
    if (w->frozen)
        op->state = OP_ABANDONED; /* it stays counted as in flight; nobody is told any more */
    end(op, op->n, END_OK);
}

/* Time is up. On a connection it stays, abandoned, until its answer comes
 * or the connection goes. */
void op_expire(struct op *op)
{
    struct worker *w = op->client->worker;
    finish(w, op, 0, END_TIMEOUT);
    if (op->conn)
        op->conn->ops -= op->n;
    op->state = OP_ABANDONED;
    client_release(op);
}

/* ---- what arrives unasked ---- */

bool worker_paused(const struct worker *w)
{
    return w->now.paused || w->draining || loop_now(w->loop) >= w->now.end_ns;
}

uint64_t worker_receive(struct worker *w, uint64_t n)
{
    uint32_t some = n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
    if (worker_paused(w))
        return 0;
    if (w->now.cap_per_s > 0) {
        uint32_t may = capped(w, some);
        if (may < some) { /* the rest stays where it is until it may be taken */
            uint64_t soon = loop_now(w->loop) + NS_PER_MS;
            w->receives_later = true;
            loop_alarm(w->loop, &w->arrival_alarm, w->cap_next_ns > soon ? w->cap_next_ns : soon);
        }
        some = may;
    }
    return some ? budget_claim(w, some) : 0;
}

static void received(struct conn *c, unsigned type, uint64_t n, bool failed)
{
    struct worker *w = c->worker;
    struct tally *t = &w->tally;
    if (w->frozen)
        return;
    t->last_end_ns = loop_now(w->loop);
    if (!t->first_ns)
        t->first_ns = t->last_end_ns;
    if (w->warm) {
        t->warm_offered += n;
        *(failed ? &t->warm_errors : &t->warm_completed) += n;
        return;
    }
    t->offered += n;
    *(failed ? &t->errors : &t->completed) += n;
    recorder_uses(&w->recorder, type);
    *(failed ? &t->op[type].errors : &t->op[type].completed) += n;
}

void op_received(struct conn *c, unsigned type, uint64_t n, uint64_t bytes, uint64_t sent_ns)
{
    struct worker *w = c->worker;
    uint64_t now = loop_now(w->loop);
    received(c, type, n, false);
    if (!w->frozen)
        w->tally.received_bytes += bytes;
    if (sent_ns && !w->warm && !w->frozen && recorder_prepare(&w->recorder, type) == 0)
        recorder_add(&w->recorder, type, MEASURE_SAME, now > sent_ns ? now - sent_ns : 0, n);
}

void op_received_error(struct conn *c, unsigned type, const char *error_class, const char *msg,
                       size_t len)
{
    struct worker *w = c->worker;
    if (!w->frozen && !w->warm)
        recorder_error(&w->recorder, error_class, 1, msg, len, WORDS_SERVERS, loop_now(w->loop));
    received(c, type, 1, true);
}
