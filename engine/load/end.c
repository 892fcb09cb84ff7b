/* How a request ends, and what is counted then.
 *
 * Every operation ends in exactly one of op_done, op_partial, op_fail, op_timeout, op_lost,
 * op_expire or op_give_back, and only there are its counts moved. Nothing here recurses: an end
 * only puts its client on a list that the worker's settle runs. */
#include "engine/load/end.h"

#include "engine/backend.h"
#include "engine/load/budget.h"
#include "engine/load/client.h"
#include "engine/load/conn_room.h"
#include "engine/load/op.h"
#include "engine/load/unplaced.h"
#include "engine/load/worker_state.h"
#include "engine/os/loop.h"
#include "engine/state/pool.h"
#include "engine/stats/recorder.h"

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
        client_take_back(op, true);
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
    client_take_back(op, true);
}

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
    return some ? budget_claim_received(w, some) : 0;
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
