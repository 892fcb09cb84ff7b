/* Open arrival: how a worker serves its schedule.
 *
 * A due start waits, in order, for a client with room, and its response time counts from its
 * intended start; one that is overdue by more than the timeout is dropped, and so is what is still
 * owed at a stop or a pause. A bulk waits for its rows: each is due at a moment of its own. */
#include "engine/pool.h"
#include "engine/worker.h"

#include <stdlib.h>
#include <string.h>

void arrival_restart(struct worker *w, bool was_open, double old_rate, bool was_stopped)
{
    const struct load *load = &w->now.load;
    uint64_t now = loop_now(w->loop);
    uint32_t workers = w->now.workers ? w->now.workers : 1;
    double rate = load->rate_per_s / workers;
    bool stopped = w->now.paused || w->draining;
    if (was_open && (stopped || load->rate_per_s <= 0)) { /* what is owed now is never started */
        uint64_t owed = schedule_skip(&w->schedule, now, UINT64_MAX);
        if (w->now.counted && !w->warm)
            owed = pool_claim(w->pool, owed);
        op_count_dropped(w, owed);
        schedule_stop(&w->schedule);
    }
    if (stopped || load->rate_per_s <= 0) {
        loop_alarm(w->loop, &w->arrival_alarm, NS_NEVER);
        return;
    }
    if (!was_open || was_stopped || w->schedule.kind != load->arrival) {
        double phase = (w->index % workers + 0.5) / workers;
        schedule_start(&w->schedule, load->arrival, rate, phase, now);
    } else if (old_rate < rate || old_rate > rate) {
        schedule_rate(&w->schedule, rate, now);
    }
    loop_alarm(w->loop, &w->arrival_alarm, schedule_next(&w->schedule));
}

/* The next client in line that has room, or NULL. */
static struct client *roomy_client(struct worker *w, uint32_t *starts)
{
    for (struct client *c; (c = w->idle.head);) {
        *starts = c->retired ? 0 : client_starts(c);
        if (*starts)
            return c;
        client_list_pop(&w->idle);
        c->roomy = false;
    }
    return NULL;
}

static void idle_rotate(struct worker *w)
{
    struct client *c = client_list_pop(&w->idle);
    if (client_starts(c))
        client_list_append(&w->idle, c);
    else
        c->roomy = false;
}

static void note_lag(struct worker *w, uint64_t intended_ns)
{
    if (!w->warm)
        recorder_extra(&w->recorder, EXTRA_LAG, loop_now(w->loop) - intended_ns);
}

/* A request whose operations are all due. Takes its start from the schedule; NULL: not yet, or no
 * budget. */
static struct op *due_op(struct client *c)
{
    struct worker *w = c->worker;
    if (schedule_next(&w->schedule) > loop_now(w->loop))
        return NULL;
    uint16_t type = mix_choose(w);
    if (!budget_claim(w, 1))
        return NULL;
    struct op *op = op_make(w, type, 1);
    if (!op)
        return NULL;
    op->intended_ns = schedule_take(&w->schedule);
    note_lag(w, op->intended_ns);
    op_adopt(c, op);
    return op_bounded(w, op);
}

/* Bulks: collects due rows in w->gather. True when it is full, or the budget ends and it is short.
 */
static bool gather(struct worker *w)
{
    bool spent = false;
    if (!w->gather) {
        uint16_t type = mix_choose(w);
        uint32_t rows = w->bulk[type];
        struct op *op = op_make(w, type, rows);
        if (!op)
            return false;
        if (op->row_room < rows) {
            uint64_t *room = realloc(op->row_intended_ns, rows * sizeof *room);
            if (!room) {
                op_free(w, op);
                return false;
            }
            op->row_intended_ns = room;
            op->row_room = rows;
        }
        w->gather = op;
        w->gathered = 0;
    }
    struct op *op = w->gather;
    while (w->gathered < op->n && schedule_next(&w->schedule) <= loop_now(w->loop)) {
        if (!budget_claim(w, 1)) {
            spent = true;
            break;
        }
        op->row_intended_ns[w->gathered++] = schedule_take(&w->schedule);
    }
    return w->gathered == op->n || (spent && w->gathered);
}

static struct op *gathered_op(struct client *c)
{
    struct worker *w = c->worker;
    if (!gather(w))
        return NULL;
    struct op *op = w->gather;
    w->gather = NULL;
    op->n = w->gathered;
    op->intended_ns = op->row_intended_ns[0];
    op->ready_ns = loop_now(w->loop);
    note_lag(w, op->row_intended_ns[op->n - 1]);
    op_adopt(c, op);
    return op_bounded(w, op);
}

void arrivals_abandon(struct worker *w)
{
    if (!w->gather)
        return;
    op_count_dropped(w, w->gathered);
    op_free(w, w->gather);
    w->gather = NULL;
    w->gathered = 0;
}

static bool any_bulk(const struct worker *w)
{
    for (unsigned i = 0; i < OPS_MAX; i++)
        if (w->cumulative[i] > 0 && w->bulk[i] > 1)
            return true;
    return false;
}

/* How many single starts are due, up to most: a peek that leaves the schedule as it is. */
static uint32_t due_count(const struct worker *w, uint32_t most)
{
    if (most <= 1)
        return most;
    struct schedule peek = w->schedule;
    return (uint32_t)schedule_skip(&peek, loop_now(w->loop) + 1, most);
}

void arrivals_run(struct worker *w)
{
    struct schedule *s = &w->schedule;
    uint64_t now = loop_now(w->loop);
    if (!s->open)
        return;
    if (now >= w->now.end_ns) { /* the end: what is still owed is dropped, once */
        uint64_t owed = schedule_skip(s, w->now.end_ns, UINT64_MAX);
        if (w->now.counted && !w->warm)
            owed = pool_claim(w->pool, owed);
        op_count_dropped(w, owed);
        arrivals_abandon(w);
        schedule_stop(s);
        loop_alarm(w->loop, &w->arrival_alarm, NS_NEVER);
        waiting_discard(w);
        return;
    }
    if (now > w->now.timeout_ns && schedule_next(s) < now - w->now.timeout_ns) {
        uint64_t late = schedule_skip(s, now - w->now.timeout_ns, UINT64_MAX);
        if (w->now.counted && !w->warm)
            late = pool_claim(w->pool, late);
        op_count_dropped(w, late);
    }
    struct op *(*make)(struct client *) = w->gather || any_bulk(w) ? gathered_op : due_op;
    uint32_t starts = 0;
    while (schedule_next(s) <= now || (make == gathered_op && w->gather)) {
        struct client *c = roomy_client(w, &starts);
        if (!c || w->full || (make == gathered_op && !gather(w)) || w->starved)
            break;
        bool batch = w->now.load.pattern == PATTERN_BATCH;
        client_start(c, batch && make == due_op ? due_count(w, starts) : 1, make);
        idle_rotate(w);
    }
    /* With nobody free the next completion brings us back; else the next start does. */
    uint64_t next = schedule_next(s), wake = next;
    if (next <= now)
        wake = w->idle.head && !w->starved ? now + 1 : next + w->now.timeout_ns + 1;
    loop_alarm(w->loop, &w->arrival_alarm, wake);
}
