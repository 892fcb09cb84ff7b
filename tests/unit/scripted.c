/* See scripted.h.
 *
 * A connection keeps the requests that were submitted to it and have not ended (`pending`, in the
 * order of submission), and five alarms. Nearly every call into the engine can lead to close(), and
 * op_again to another submit, so the list is examined again after each of them. */
#include "tests/unit/scripted.h"

#include "engine/base/err.h"
#include "engine/load/worker_state.h"
#include "engine/os/loop.h"

#include <stdlib.h>
#include <string.h>

#define GROUPS 8

struct scripted scripted;
struct scripted_target scripted_target;

static const struct script *script;
static struct backend backend;

enum timer_kind { ANSWER_TIMER, OPEN_TIMER, ROOM_TIMER, TROUBLE_TIMER, CLOSE_TIMER, TIMERS };

struct scripted_conn;

struct timer {
    struct alarm alarm;
    struct scripted_conn *conn;
};

struct pending {
    struct op *op;
    const struct script_step *step;
    uint64_t due_ns; /* NS_NEVER: never, or in the flush */
    uint32_t trips;  /* that it has made */
};

struct scripted_conn {
    struct conn *conn;
    struct timer timer[TIMERS];
    struct script_opening opening;
    struct pending *pending;
    uint32_t used, room;
    bool open, up;
};

struct scripted_op {
    bool before;    /* it was submitted before */
    uint32_t group; /* named last, by route() or op_again */
};

struct scripted_worker {
    uint32_t up[GROUPS];
    bool lost[GROUPS]; /* was up, and is not now */
};

static const struct script_step usual_step = {.kind = SCRIPT_DONE, .after_ns = NS_PER_MS};
static const struct script_opening usual_opening = {.kind = OPENING_UP};

static struct loop *loop_of(const struct scripted_conn *c)
{
    return worker_loop(c->conn->worker);
}

static void set(struct scripted_conn *c, enum timer_kind kind, uint64_t after_ns)
{
    loop_alarm(loop_of(c), &c->timer[kind].alarm, loop_now(loop_of(c)) + after_ns);
}

static void down(struct scripted_conn *c)
{
    scripted.lost++;
    conn_down(c->conn, "lost", "scripted: the connection is lost");
}

/* ---- Requests ---- */

static void pending_add(struct scripted_conn *c, struct op *op, const struct script_step *s)
{
    if (c->used == c->room) {
        c->room = c->room ? 2 * c->room : 8;
        c->pending = realloc(c->pending, c->room * sizeof *c->pending);
        if (!c->pending)
            abort();
    }
    bool later = s->when == WHEN_LATER && s->kind != SCRIPT_SILENT;
    c->pending[c->used++] =
        (struct pending){op, s, later ? loop_now(loop_of(c)) + s->after_ns : NS_NEVER, 0};
}

static struct pending pending_take(struct scripted_conn *c, uint32_t i)
{
    struct pending p = c->pending[i];
    memmove(&c->pending[i], &c->pending[i + 1], (--c->used - i) * sizeof p);
    return p;
}

static void receive(struct scripted_conn *c, const struct script_step *s)
{
    static const char wrong[] = "scripted: a message that is wrong";
    uint64_t n = worker_receive(c->conn->worker, s->count);
    scripted.unsaid += s->count - n;
    if (s->kind == SCRIPT_RECEIVED) {
        if (n)
            op_received(c->conn, SCRIPTED_MESSAGE, n, 10 * n, loop_now(loop_of(c)));
        scripted.received += n;
        return;
    }
    for (; n; n--) {
        op_received_error(c->conn, SCRIPTED_MESSAGE, "wrong", wrong, sizeof wrong - 1);
        scripted.received_errors++;
    }
}

static void done(struct op *op)
{
    scripted.done += op->n;
    op_done(op);
}

/* What the step says. `op` and the connection may be gone afterwards. */
static void carry_out(struct scripted_conn *c, struct op *op, const struct script_step *s)
{
    static const char msg[] = "scripted: an error";
    uint32_t failed = s->count < op->n ? s->count : op->n;
    switch (s->kind) {
    case SCRIPT_FAIL:
        scripted.failed += op->n;
        op_fail(op, "scripted", msg, sizeof msg - 1);
        return;
    case SCRIPT_PARTIAL:
        scripted.failed += failed;
        scripted.done += op->n - failed;
        if (failed)
            op_error(op, "row", failed, msg, sizeof msg - 1);
        op_partial(op, failed);
        return;
    case SCRIPT_AGAIN:
        scripted.again++;
        ((struct scripted_op *)op_data(op))->group = s->count % script->groups;
        op_again(op, s->count % script->groups);
        return;
    case SCRIPT_TIMEOUT:
        scripted.timeouts += op->n;
        op_timeout(op);
        return;
    case SCRIPT_TROUBLE:
        conn_trouble(c->conn, "scripted: trouble");
        set(c, TROUBLE_TIMER, s->count);
        done(op);
        return;
    case SCRIPT_RECEIVED:
    case SCRIPT_RECEIVED_ERROR:
        receive(c, s);
        done(op);
        return;
    default:
        done(op);
    }
}

/* Ends pending i, or the connection. */
static void play(struct scripted_conn *c, uint32_t i)
{
    struct pending *at = &c->pending[i];
    if (at->step->kind == SCRIPT_DOWN) {
        down(c);
        return;
    }
    if (at->step->kind == SCRIPT_TRIPS && at->trips < at->step->count) {
        at->trips++;
        at->due_ns = loop_now(loop_of(c)) + at->step->after_ns + 1;
        return;
    }
    struct pending p = pending_take(c, i);
    carry_out(c, p.op, p.step);
}

/* Plays what is due, and sets the alarm for the next. */
static void play_due(struct scripted_conn *c)
{
    bool streams = script->flags & BACKEND_STREAMS;
    uint64_t now = loop_now(loop_of(c)), next = NS_NEVER;
    for (uint32_t i = 0; c->open && i < c->used; i++) {
        if (c->pending[i].due_ns <= now) {
            play(c, i);
            next = NS_NEVER;
            i = UINT32_MAX; /* from the first */
            continue;
        }
        if (c->pending[i].due_ns < next)
            next = c->pending[i].due_ns;
        if (!streams)
            break;
    }
    if (c->open)
        loop_alarm(loop_of(c), &c->timer[ANSWER_TIMER].alarm, next);
}

static void scripted_fill(struct worker *worker, struct op *op)
{
    (void)worker;
    scripted.made++;
    scripted.clients += request_of(op)->seq == 0;
    if (op->rnd / GROUPS % 100 < script->alone)
        op->exclusive = true;
    op->size = 200000 + (uint32_t)(op->rnd % 50000); /* pattern unthrottled meets its bound soon */
    *(struct scripted_op *)op_data(op) = (struct scripted_op){0};
}

static uint32_t choose_group(struct worker *worker, const struct op *op)
{
    const struct scripted_worker *w = worker_data(worker);
    uint32_t wanted = (uint32_t)(op->rnd % script->groups);
    for (uint32_t i = 0; script->detours && i < script->groups; i++)
        if (!w->lost[(wanted + i) % script->groups])
            return (wanted + i) % script->groups;
    return wanted;
}

static uint32_t scripted_route(struct worker *worker, const struct op *op)
{
    struct scripted_op *o = op_data(op);
    return o->group = choose_group(worker, op);
}

static const struct script_step *next_step(void)
{
    uint64_t n = scripted.submits++;
    return script->step ? &script->step[n % script->steps] : &usual_step;
}

/* One that needs a connection alone has it, and nothing else comes to it. */
static void look_for_others(const struct conn *conn, const struct op *op)
{
    const struct scripted_conn *c = conn_data(conn);
    scripted.alone += op->exclusive;
    if (op->exclusive ? conn->in_flight != op || conn->requests != 1 || c->used
                      : c->used && c->pending[0].op->exclusive)
        scripted.disturbed++;
}

static enum submit scripted_submit(struct conn *conn, struct op *op)
{
    static const char msg[] = "scripted: refused for good";
    struct scripted_conn *c = conn_data(conn);
    const struct script_step *s = next_step();
    struct scripted_op *o = op_data(op);
    scripted.astray += conn->group != o->group;
    look_for_others(conn, op);
    if (s->kind == SCRIPT_BUSY) {
        scripted.busy++;
        set(c, ROOM_TIMER, s->after_ns);
        return SUBMIT_BUSY;
    }
    if (s->sends)
        op_sent(op);
    if (!o->before)
        scripted.accepted += op->n;
    o->before = true;
    if (s->kind == SCRIPT_REFUSED) {
        scripted.failed += op->n;
        op_error(op, "refused", op->n, msg, sizeof msg - 1);
        return SUBMIT_FAILED;
    }
    pending_add(c, op, s);
    if (s->when == IN_SUBMIT)
        play(c, c->used - 1);
    if (c->open && (s->when == WHEN_LATER || s->kind == SCRIPT_TRIPS))
        play_due(c);
    return SUBMIT_QUEUED;
}

static void scripted_flush(struct conn *conn)
{
    struct scripted_conn *c = conn_data(conn);
    for (uint32_t i = 0; c->open && i < c->used;) {
        bool now = c->pending[i].step->when == IN_FLUSH &&
                   c->pending[i].step->kind != SCRIPT_SILENT && !c->pending[i].trips;
        if (!now) {
            i++;
            continue;
        }
        play(c, i);
        i = 0;
    }
    /* what was behind it may be due */
    if (c->open)
        play_due(c);
}

/* ---- Connections ---- */

static bool takes(const struct conn *c)
{
    const struct scripted_target *t = &scripted_target;
    return !(t->shut & 1U << c->group) && (!t->most || scripted.standing < t->most);
}

static void open_ends(struct scripted_conn *c)
{
    struct scripted_worker *w = worker_data(c->conn->worker);
    if (!takes(c->conn))
        c->opening.kind = OPENING_DOWN;
    if (c->opening.kind == OPENING_UP) {
        c->up = true;
        scripted.standing++;
        w->up[c->conn->group]++;
        w->lost[c->conn->group] = false;
        conn_up(c->conn);
    } else if (c->opening.kind == OPENING_DOWN) {
        scripted.turned_away++;
        conn_down(c->conn, "refused", "scripted: it cannot be opened");
    }
}

static void timer_fire(struct alarm *a)
{
    struct timer *t = (struct timer *)(void *)((char *)a - offsetof(struct timer, alarm));
    struct scripted_conn *c = t->conn;
    switch ((enum timer_kind)(t - c->timer)) {
    case ANSWER_TIMER:
        play_due(c);
        return;
    case OPEN_TIMER:
        open_ends(c);
        return;
    case ROOM_TIMER:
        conn_room(c->conn);
        return;
    case TROUBLE_TIMER:
        conn_trouble(c->conn, NULL);
        return;
    case CLOSE_TIMER:
        conn_closed(c->conn);
        return;
    case TIMERS:
        return;
    }
}

static int scripted_open(struct conn *conn, struct err *err)
{
    struct scripted_conn *c = conn_data(conn);
    uint64_t n = scripted.openings++;
    memset(c, 0, sizeof *c);
    c->conn = conn;
    c->open = true;
    c->opening = script->opening ? script->opening[n % script->openings] : usual_opening;
    for (unsigned i = 0; i < TIMERS; i++)
        c->timer[i] = (struct timer){.alarm = {.due_ns = NS_NEVER, .fire = timer_fire}, .conn = c};
    if (scripted_target.left & 1U << conn->group) {
        worker_leave(conn->worker, conn->group);
        conn_down(conn, "left", "scripted: its node has left");
        return 0;
    }
    if (c->opening.kind == OPENING_ERROR)
        return err_set(err, ERR_UNREACHED, "scripted: open fails");
    if (c->opening.after_ns)
        set(c, OPEN_TIMER, c->opening.after_ns);
    else
        open_ends(c);
    return 0;
}

static void scripted_close(struct conn *conn)
{
    struct scripted_conn *c = conn_data(conn);
    struct scripted_worker *w = worker_data(conn->worker);
    if (c->up)
        w->lost[conn->group] = --w->up[conn->group] == 0;
    scripted.standing -= c->up;
    c->open = c->up = false;
    for (unsigned i = 0; i < TIMERS; i++)
        loop_alarm(loop_of(c), &c->timer[i].alarm, NS_NEVER);
    free(c->pending);
    c->pending = NULL;
    c->used = c->room = 0;
    if (c->opening.closes_after_ns)
        set(c, CLOSE_TIMER, c->opening.closes_after_ns);
    else
        conn_closed(conn);
}

static uint32_t scripted_depth(const struct options *o, const double *weight, uint32_t client_depth)
{
    (void)o;
    (void)weight;
    return script->depth ? script->depth : client_depth;
}

/* ---- What it is ---- */

static const struct option_spec options[] = {
    {"rows", OPTION_COUNT, OPTION_LIVE, "5", 1, 1000, NULL, "operations of a bulk"},
    {"reopen", OPTION_COUNT, OPTION_LIVE | OPTION_REOPEN, "0", 0, 9, NULL,
     "a change reopens every connection"},
    {.name = NULL},
};

static const struct op_type ops[] = {
    [SCRIPTED_ONE] = {.name = "one", .help = "one", .weight = 1, .reads = true, .noun = "op"},
    [SCRIPTED_BULK] =
        {.name = "bulk", .help = "a bulk", .bulk = "rows", .reads = true, .noun = "row"},
    [SCRIPTED_MESSAGE] =
        {.name = "message", .help = "received", .receives = true, .reads = true, .noun = "msg"},
    {.name = NULL},
};

const struct backend *scripted_use(const struct script *s)
{
    static struct script used;
    used = *s;
    used.groups = s->groups ? s->groups : 1;
    script = &used;
    memset(&scripted, 0, sizeof scripted);
    scripted_target = (struct scripted_target){0};
    backend = (struct backend){
        .name = "scripted",
        .summary = "does what a script says",
        .schemes = "scripted",
        .example = "scripted:",
        .options = options,
        .ops = ops,
        .flags = BACKEND_VIRTUAL | s->flags,
        .worker_size = sizeof(struct scripted_worker),
        .conn_size = sizeof(struct scripted_conn),
        .op_size = sizeof(struct scripted_op),
        .depth = scripted_depth,
        .fill = scripted_fill,
        .route = used.groups > 1 ? scripted_route : NULL,
        .open = scripted_open,
        .submit = scripted_submit,
        .flush = scripted_flush,
        .close = scripted_close,
    };
    return &backend;
}

uint32_t scripted_pending(const struct conn *conn)
{
    const struct scripted_conn *c = conn_data(conn);
    return c->used;
}
