/* Open arrival: how a worker serves its schedule.
 *
 * A due start waits, in order, for a client with room, and its response time counts from its
 * intended start; one that is overdue by more than the timeout is dropped. At a stop, a pause,
 * `rate off` and the end, what is due and not placed is dropped if it was late by then, and not
 * started if it was not. A bulk waits for its rows: each is due at a moment of its own.
 *
 * The account: due by the schedule = offered from it (dropped included) + not started + still due,
 * which is what nobody took yet, what waits for a connection and what is gathered for a bulk. */
#include "engine/load/open_loop.h"

#include "engine/load/worker_state.h"
#include "engine/state/pool.h"
#include "engine/load/client.h"
#include "engine/load/lease.h"
#include "engine/load/op.h"
#include "engine/load/budget.h"
#include "engine/load/start.h"
#include "engine/load/unplaced.h"

#include <stdlib.h>
#include <string.h>

/* Until when starts are due: at the end itself nothing is started any more. An end that was moved
 * to what is past changes nothing about what was due. */
static uint64_t due_until(const struct worker *w)
{
    uint64_t now = loop_now(w->loop), until = now < w->now.end_ns ? now : w->now.end_ns - 1;
    return until > w->schedule.by_ns ? until : w->schedule.by_ns;
}

/* Whether the next start is of the warm-up is known by when it is due: a backlog that the warm-up
 * left is not measured. */
static void look_at_next(struct worker *w)
{
    w->start_warm =
        w->schedule.open ? schedule_next(&w->schedule) < w->now.record_from_ns : w->warm;
}

static void skip_by(struct worker *w, uint64_t by_ns, bool late)
{
    bool warm = w->start_warm;
    uint64_t n = schedule_skip(&w->schedule, by_ns, UINT64_MAX), within = n;
    if (w->now.counted && !warm && n)
        within = late ? pool_claim(w->pool, n) : budget_left(w, n);
    w->beyond += n - within;
    if (late)
        starts_dropped(w, warm, within);
    else
        starts_not_started(w, warm, within);
}

/* Moves past starts that nobody took. Those that -n has no room for were never due. */
static void skip(struct worker *w, uint64_t by_ns, bool late)
{
    uint64_t from = w->now.record_from_ns;
    look_at_next(w);
    if (w->start_warm)
        skip_by(w, by_ns < from ? by_ns : from - 1, late);
    look_at_next(w);
    if (!w->start_warm)
        skip_by(w, by_ns, late);
}

/* Once -n is used up, what follows is not due. */
static void skip_beyond(struct worker *w)
{
    if (w->starved)
        w->beyond += schedule_skip(&w->schedule, due_until(w), UINT64_MAX);
}

static void gather_abandon(struct worker *w)
{
    struct request *r = w->gather;
    if (!r)
        return;
    for (uint32_t i = 0; i < w->gathered; i++)
        start_unplaced(w, r, r->row_intended_ns[i]);
    op_free(w, r);
    w->gather = NULL;
    w->gathered = 0;
}

/* A stop, a pause, `rate off` or the end: whatever is due and not placed gets its place in the
 * account here, wherever it waits. */
static void arrivals_end(struct worker *w)
{
    struct schedule *s = &w->schedule;
    uint64_t until = worker_moment(w), limit = atomic_load(&w->pool->atomic.lag_limit_ns);
    if (!s->open)
        return;
    skip_beyond(w);
    if (until > limit)
        skip(w, until - limit - 1, true);
    skip(w, due_until(w), false);
    schedule_stop(s, due_until(w));
    look_at_next(w);
    gather_abandon(w);
    waiting_discard(w);
    loop_alarm(w->loop, &w->arrival_alarm, NS_NEVER);
}

void arrival_restart(struct worker *w)
{
    const struct load *load = &w->now.load;
    uint64_t now = loop_now(w->loop);
    uint32_t workers = w->now.workers ? w->now.workers : 1;
    double rate = load->rate_per_s / workers;
    if (w->now.paused || w->draining || rate <= 0 || !w->starting_ops || now >= w->now.end_ns) {
        arrivals_end(w);
        return;
    }
    if (w->schedule.open)
        schedule_change(&w->schedule, load->arrival, rate, now);
    else
        schedule_start(&w->schedule, load->arrival, rate, (w->index % workers + 0.5) / workers,
                       now);
    loop_alarm(w->loop, &w->arrival_alarm, schedule_next(&w->schedule));
}

void arrivals_account(struct worker *w)
{
    struct schedule *s = &w->schedule;
    struct tally *t = &w->tally;
    uint64_t until = s->open ? due_until(w) : 0;
    if (s->open)
        skip_beyond(w);
    t->due = schedule_due(s, until) - w->beyond;
    t->still_due = schedule_backlog(s) + w->waiting_due + w->gathered;
    if (t->due != t->scheduled + t->not_started + t->warm_not_started + t->still_due)
        t->miscounted++;
}

/* ---- what is placed ---- */

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

static void note_lag(struct worker *w, const struct request *r)
{
    uint64_t due_ns = r->op.n > 1 ? r->row_intended_ns[r->op.n - 1] : r->intended_ns;
    if (!(r->flags & OP_WARM))
        recorder_extra(&w->recorder, EXTRA_LAG, loop_now(w->loop) - due_ns);
}

/* A request whose operations are all due. Takes its start from the schedule; NULL: not yet, or no
 * budget. */
static struct request *due_op(struct client *c)
{
    struct worker *w = c->worker;
    if (schedule_next(&w->schedule) > loop_now(w->loop))
        return NULL;
    look_at_next(w);
    uint16_t type = mix_choose(w);
    if (!budget_claim(w, 1))
        return NULL;
    struct request *r = op_make(w, type, 1);
    if (!r) {
        budget_return(w, 1);
        return NULL;
    }
    r->flags |= OP_DUE;
    r->intended_ns = schedule_take(&w->schedule);
    note_lag(w, r);
    op_adopt(c, r);
    return op_bounded(w, r);
}

/* A bulk without rows, in w->gather. NULL: out of memory. */
static struct request *gather_begin(struct worker *w)
{
    uint16_t type = mix_choose(w);
    uint32_t rows = w->bulk[type];
    struct request *r = op_make(w, type, rows);
    if (!r)
        return NULL;
    if (r->row_room < rows) {
        uint64_t *room = realloc(r->row_intended_ns, rows * sizeof *room);
        if (!room) {
            op_free(w, r);
            return NULL;
        }
        r->row_intended_ns = room;
        r->row_room = rows;
    }
    r->flags |= OP_DUE;
    w->gathered = 0;
    return w->gather = r;
}

/* Bulks: collects due rows in w->gather. True when it is to be sent: it is full, or it is the last
 * one of the warm-up or of -n, and short. */
static bool gather(struct worker *w)
{
    struct schedule *s = &w->schedule;
    look_at_next(w);
    struct request *r = w->gather ? w->gather : gather_begin(w);
    if (!r)
        return false;
    bool warm = r->flags & OP_WARM;
    if (warm != w->start_warm) {
        if (w->gathered)
            return true;
        r->flags ^= OP_WARM;
    }
    warm = w->start_warm;
    while (w->gathered < r->op.n && schedule_next(s) <= loop_now(w->loop) &&
           w->start_warm == warm && budget_claim(w, 1)) {
        r->row_intended_ns[w->gathered++] = schedule_take(s);
        look_at_next(w);
    }
    return w->gathered == r->op.n || (w->gathered && (w->start_warm != warm || !budget_left(w, 1)));
}

static struct request *gathered_op(struct client *c)
{
    struct worker *w = c->worker;
    if (!gather(w))
        return NULL;
    struct request *r = w->gather;
    r->op.n = w->gathered;
    w->gather = NULL;
    w->gathered = 0;
    r->intended_ns = r->row_intended_ns[0];
    r->ready_ns = loop_now(w->loop);
    note_lag(w, r);
    op_adopt(c, r);
    return op_bounded(w, r);
}

static bool any_bulk(const struct worker *w)
{
    for (unsigned i = 0; i < OPS_MAX; i++)
        if (w->cumulative[i] > 0 && w->bulk[i] > 1)
            return true;
    return false;
}

/* How many single starts are due, up to most. */
static uint32_t due_count(struct worker *w, uint32_t most)
{
    schedule_due(&w->schedule, loop_now(w->loop));
    uint64_t due = schedule_backlog(&w->schedule);
    return due < most ? (uint32_t)due : most;
}

/* With nobody free the next completion brings us back, with -n used up what is given back of it;
 * else the next start does. */
static uint64_t next_look(const struct worker *w)
{
    uint64_t next = schedule_next(&w->schedule), now = loop_now(w->loop);
    if (w->starved)
        return NS_NEVER;
    if (next > now)
        return next;
    return w->idle.head && !w->full ? now + 1 : next + w->now.timeout_ns + 1;
}

void arrivals_run(struct worker *w)
{
    struct schedule *s = &w->schedule;
    uint64_t now = loop_now(w->loop);
    if (!s->open)
        return;
    if (now >= w->now.end_ns) {
        arrivals_end(w);
        return;
    }
    if (now > w->now.timeout_ns && schedule_next(s) < now - w->now.timeout_ns)
        skip(w, now - w->now.timeout_ns - 1, true);
    bool bulk = w->gather || any_bulk(w);
    uint32_t starts = 0;
    while (w->gathered || schedule_next(s) <= now) {
        struct client *c = roomy_client(w, &starts);
        if (!c || w->full || (bulk ? !gather(w) : w->starved))
            break;
        bool batch = w->now.load.pattern == PATTERN_BATCH;
        client_start(c, batch && !bulk ? due_count(w, starts) : 1, bulk ? gathered_op : due_op);
        idle_rotate(w);
    }
    loop_alarm(w->loop, &w->arrival_alarm, next_look(w));
}
