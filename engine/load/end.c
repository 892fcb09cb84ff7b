/* How a request ends, and the counts that change.
 *
 * Every operation ends in exactly one of op_done, op_partial, op_fail, op_timeout, op_lost,
 * op_expire or op_give_back, and its counts change only there. Nothing here recurses: an end only
 * puts its client on a list for run_pending() of worker.c. */
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

void op_give_back(struct request *r)
{
    struct worker *w = r->client->worker;
    if (r->flags & OP_DUE)
        arrival_unplaced(w, r);
    else
        budget_unclaim(w, r);
    client_take_back(r, false);
    op_free(w, r);
}

static void record_latency(struct worker *w, const struct request *r, uint64_t now, uint32_t ok)
{
    struct recorder *rec = &w->recorder;
    uint64_t sent = r->op.sent_ns ? r->op.sent_ns : now;
    uint64_t service = now - sent;
    if (r->op.n > 1 && r->flags & OP_DUE) {
        recorder_add(rec, r->op.type, MEASURE_SERVICE, service, ok);
        for (uint32_t i = 0; i < ok; i++)
            recorder_add(rec, r->op.type, MEASURE_RESPONSE, now - r->row_intended_ns[i], 1);
    } else if (!r->intended_ns || r->intended_ns == sent) {
        recorder_add(rec, r->op.type, MEASURE_SAME, service, ok);
    } else {
        recorder_add(rec, r->op.type, MEASURE_SERVICE, service, ok);
        recorder_add(rec, r->op.type, MEASURE_RESPONSE, now - r->intended_ns, ok);
    }
    if (w->scarce)
        recorder_extra(rec, EXTRA_LEASE,
                       r->flags & OP_WAITED && sent > r->ready_ns ? sent - r->ready_ns : 0);
}

enum ending { END_OK, END_TIMEOUT };

/* An operation that was in flight has ended: `failed` of its operations are errors. */
static void finish(struct worker *w, struct request *r, uint32_t failed, enum ending how)
{
    struct tally *t = &w->tally;
    uint32_t ok = how == END_TIMEOUT ? 0 : r->op.n - failed;
    uint64_t timeouts = how == END_TIMEOUT ? r->op.n : 0, now = loop_now(w->loop);
    op_count_in_flight(w, r, -1);
    t->last_end_ns = now;
    if (r->flags & OP_WARM) {
        t->warm_completed += ok;
        t->warm_errors += failed;
        t->warm_timeouts += timeouts;
    } else {
        t->completed += ok;
        t->errors += failed;
        t->timeouts += timeouts;
        t->op[r->op.type].completed += ok;
        t->op[r->op.type].errors += failed;
        t->op[r->op.type].timeouts += timeouts;
        if (ok)
            record_latency(w, r, now, ok);
    }
}

/* Ends a request that was submitted to the backend. */
static void end(struct request *r, uint32_t failed, enum ending how)
{
    struct worker *w = r->connection->conn.worker;
    bool abandoned = r->state == OP_ABANDONED;
    if (!abandoned && !w->frozen)
        finish(w, r, failed, how);
    conn_unlink(r);
    if (!abandoned)
        client_take_back(r, true);
    op_free(w, r);
}

/* A server may accept connections and close them without an answer, so only an answer resets the
 * back-off. */
static void answered(const struct request *r)
{
    struct group *g = conn_group(r->connection);
    if (g->failures)
        g->failures = 0;
}

void op_done(struct op *op)
{
    worker_check_own(request_of(op)->connection->conn.worker);
    struct request *r = request_of(op);
    answered(r);
    end(r, 0, END_OK);
}

void op_partial(struct op *op, uint32_t failed)
{
    worker_check_own(request_of(op)->connection->conn.worker);
    struct request *r = request_of(op);
    answered(r);
    end(r, failed < op->n ? failed : op->n, END_OK);
}

static void note(const struct request *r, const char *error_class, uint64_t count, const char *msg,
                 size_t len, enum words whose)
{
    struct worker *w = r->connection->conn.worker;
    if (r->state != OP_ABANDONED && !(r->flags & OP_WARM) && !w->frozen)
        recorder_error(&w->recorder, &w->recorder.errors, error_class, count, msg, len, whose,
                       loop_now(w->loop));
}

void op_error(const struct op *op, const char *error_class, uint64_t count, const char *msg,
              size_t len)
{
    worker_check_own(((const struct request *)(const void *)op)->connection->conn.worker);
    note((const struct request *)(const void *)op, error_class, count, msg, len, WORDS_SERVERS);
}

void op_fail(struct op *op, const char *error_class, const char *msg, size_t len)
{
    worker_check_own(request_of(op)->connection->conn.worker);
    op_error(op, error_class, op->n, msg, len);
    end(request_of(op), op->n, END_OK);
}

void op_timeout(struct op *op)
{
    worker_check_own(request_of(op)->connection->conn.worker);
    end(request_of(op), 0, END_TIMEOUT);
}

/* See end.h. */
void op_lost(struct request *r, const char *error_class, const char *msg, size_t len)
{
    struct worker *w = r->connection->conn.worker;
    if (error_class)
        note(r, error_class, r->op.n, msg, len, WORDS_OURS);
    /* keep it in the in-flight count; no further callbacks */
    if (w->frozen)
        r->state = OP_ABANDONED;
    end(r, r->op.n, END_OK);
}

/* The request timed out. If it was sent it stays on its connection as abandoned until its answer
 * arrives or the connection is closed. */
void op_expire(struct request *r)
{
    struct worker *w = r->client->worker;
    finish(w, r, 0, END_TIMEOUT);
    if (r->connection)
        r->connection->ops -= r->op.n;
    r->state = OP_ABANDONED;
    client_take_back(r, true);
}

bool worker_paused(const struct worker *w)
{
    return w->now.paused || w->draining || loop_now(w->loop) >= w->now.end_ns;
}

uint64_t worker_receive(struct worker *w, uint64_t n)
{
    worker_check_own(w);
    uint32_t some = n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
    if (worker_paused(w))
        return 0;
    if (w->now.cap_per_s > 0) {
        uint32_t may = 0;
        for (; may < some && cap_is_open(w); may++)
            cap_charge(w, 1);
        if (may < some) { /* the rest stays in its queue until it may be received */
            uint64_t soon = loop_now(w->loop) + NS_PER_MS;
            w->receives_later = true;
            loop_alarm(w->loop, &w->arrival_alarm, w->cap_next_ns > soon ? w->cap_next_ns : soon);
        }
        some = may;
    }
    return some ? budget_claim_received(w, some) : 0;
}

static void received(struct worker *w, unsigned type, uint64_t n, bool failed)
{
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
    worker_check_own(c->worker);
    struct worker *w = c->worker;
    uint64_t now = loop_now(w->loop);
    received(w, type, n, false);
    if (!w->frozen)
        w->tally.received_bytes += bytes;
    if (sent_ns && !w->warm && !w->frozen && recorder_prepare(&w->recorder, type) == 0)
        recorder_add(&w->recorder, type, MEASURE_SAME, now > sent_ns ? now - sent_ns : 0, n);
}

void op_received_error(struct conn *c, unsigned type, const char *error_class, const char *msg,
                       size_t len)
{
    worker_check_own(c->worker);
    struct worker *w = c->worker;
    if (!w->frozen && !w->warm)
        recorder_error(&w->recorder, &w->recorder.errors, error_class, 1, msg, len, WORDS_SERVERS,
                       loop_now(w->loop));
    received(w, type, 1, true);
}
