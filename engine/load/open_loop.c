/* Open arrival: how a worker serves its schedule.
 *
 * A due start waits, in order, for a client with room, and its response time counts from its
 * intended start; one that is overdue by more than the timeout is dropped. At a stop, a pause,
 * `rate off` and the end, starts that are due and not placed count as dropped if they were late by
 * then, otherwise as not started. A bulk waits for its rows, each of which has its own due time.
 *
 * Invariant: due by the schedule = offered from it (dropped included) + not started + still due.
 * Still due are starts not taken yet, waiting for a connection, or collected for a bulk. */
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

/* The time up to which starts are due: at the end itself nothing is started any more. Moving the
 * end into the past does not change what was due. */
static uint64_t due_until(const struct worker *w)
{
    uint64_t now = loop_now(w->loop), until = now < w->now.end_ns ? now : w->now.end_ns - 1;
    return until > w->schedule.by_ns ? until : w->schedule.by_ns;
}

/* Does the next start belong to the warm-up? Its due time decides, so that a backlog from the warm-up
 * is not measured. */
static void check_next_start(struct worker *w)
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
    w->over_budget += n - within;
    if (late)
        starts_dropped(w, warm, within);
    else
        starts_not_started(w, warm, within);
}

/* Skips starts that were not taken. Those beyond the budget of -n were never due. */
static void skip(struct worker *w, uint64_t by_ns, bool late)
{
    uint64_t from = w->now.record_from_ns;
    check_next_start(w);
    if (w->start_warm)
        skip_by(w, by_ns < from ? by_ns : from - 1, late);
    check_next_start(w);
    if (!w->start_warm)
        skip_by(w, by_ns, late);
}

/* Skips what is scheduled after -n is used up: it does not count as due. */
static void skip_over_budget(struct worker *w)
{
    if (w->budget_empty)
        w->over_budget += schedule_skip(&w->schedule, due_until(w), UINT64_MAX);
}

static void pending_bulk_abandon(struct worker *w)
{
    struct request *r = w->pending_bulk;
    if (!r)
        return;
    for (uint32_t i = 0; i < w->pending_rows; i++)
        start_unplaced(w, r, r->row_intended_ns[i]);
    op_free(w, r);
    w->pending_bulk = NULL;
    w->pending_rows = 0;
}

/* A stop, a pause, `rate off` or the end: counts all starts that are due and not placed, wherever
 * they wait. */
static void arrivals_end(struct worker *w)
{
    struct schedule *s = &w->schedule;
    uint64_t until = worker_moment(w), limit = atomic_load(&w->pool->atomic.lag_limit_ns);
    if (!s->open)
        return;
    skip_over_budget(w);
    if (until > limit)
        skip(w, until - limit - 1, true);
    skip(w, due_until(w), false);
    schedule_stop(s, due_until(w));
    check_next_start(w);
    pending_bulk_abandon(w);
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
        skip_over_budget(w);
    t->due = schedule_due(s, until) - w->over_budget;
    t->still_due = schedule_backlog(s) + w->waiting_due + w->pending_rows;
    if (t->due != t->scheduled + t->not_started + t->warm_not_started + t->still_due)
        t->miscounted++;
}

/* ---- placing due starts ---- */

/* The next client in line that has room, or NULL. */
static struct client *available_client(struct worker *w, uint32_t *starts)
{
    for (struct client *c; (c = w->idle.head);) {
        *starts = c->retired ? 0 : client_starts(c);
        if (*starts)
            return c;
        client_list_pop(&w->idle);
        c->available = false;
    }
    return NULL;
}

static void idle_rotate(struct worker *w)
{
    struct client *c = client_list_pop(&w->idle);
    if (client_starts(c))
        client_list_append(&w->idle, c);
    else
        c->available = false;
}

static void note_lag(struct worker *w, const struct request *r)
{
    uint64_t due_ns = r->op.n > 1 ? r->row_intended_ns[r->op.n - 1] : r->intended_ns;
    if (!(r->flags & OP_WARM))
        recorder_extra(&w->recorder, EXTRA_LAG, loop_now(w->loop) - due_ns);
}

/* Makes a request whose operations are all due, taking their starts from the schedule. NULL: not
 * yet, or no budget. */
static struct request *due_op(struct client *c)
{
    struct worker *w = c->worker;
    if (schedule_next(&w->schedule) > loop_now(w->loop))
        return NULL;
    check_next_start(w);
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

/* Creates w->pending_bulk without rows. NULL: out of memory. */
static struct request *pending_bulk_begin(struct worker *w)
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
    w->pending_rows = 0;
    return w->pending_bulk = r;
}

/* Collects due rows in w->pending_bulk. True when it must be sent: it is full, or it is the short
 * last one of the warm-up or of -n. */
static bool collect_rows(struct worker *w)
{
    struct schedule *s = &w->schedule;
    check_next_start(w);
    struct request *r = w->pending_bulk ? w->pending_bulk : pending_bulk_begin(w);
    if (!r)
        return false;
    bool warm = r->flags & OP_WARM;
    if (warm != w->start_warm) {
        if (w->pending_rows)
            return true;
        r->flags ^= OP_WARM;
    }
    warm = w->start_warm;
    while (w->pending_rows < r->op.n && schedule_next(s) <= loop_now(w->loop) &&
           w->start_warm == warm && budget_claim(w, 1)) {
        r->row_intended_ns[w->pending_rows++] = schedule_take(s);
        check_next_start(w);
    }
    return w->pending_rows == r->op.n ||
           (w->pending_rows && (w->start_warm != warm || !budget_left(w, 1)));
}

static struct request *bulk_op(struct client *c)
{
    struct worker *w = c->worker;
    if (!collect_rows(w))
        return NULL;
    struct request *r = w->pending_bulk;
    r->op.n = w->pending_rows;
    w->pending_bulk = NULL;
    w->pending_rows = 0;
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

/* When to run again: without a free client, at the next completion; with -n used up, when budget is
 * returned; otherwise at the next start. */
static uint64_t next_wake_ns(const struct worker *w)
{
    uint64_t next = schedule_next(&w->schedule), now = loop_now(w->loop);
    if (w->budget_empty)
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
    bool bulk = w->pending_bulk || any_bulk(w);
    uint32_t starts = 0;
    while (w->pending_rows || schedule_next(s) <= now) {
        struct client *c = available_client(w, &starts);
        if (!c || w->full || (bulk ? !collect_rows(w) : w->budget_empty))
            break;
        bool batch = w->now.load.pattern == PATTERN_BATCH;
        client_start(c, batch && !bulk ? due_count(w, starts) : 1, bulk ? bulk_op : due_op);
        idle_rotate(w);
    }
    loop_alarm(w->loop, &w->arrival_alarm, next_wake_ns(w));
}
