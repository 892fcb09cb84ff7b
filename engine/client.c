/* What a client starts, and how an operation ends.
 *
 * A closed client is run when something of its own changed: its pattern says how many requests to
 * start. Under open arrival the schedule decides when, and clients with room stand in line for it.
 * Every operation ends in exactly one of op_done, op_partial, op_fail, op_timeout, op_lost or
 * op_expire, and only there are its counts moved. Nothing here recurses: an end only puts its
 * client on a list that worker_settle runs. */
#include "engine/pool.h"
#include "engine/worker.h"

#include <stdlib.h>
#include <string.h>

struct op_block {
    struct op_block *next;
    uint32_t n;
    _Alignas(16) char ops[];
};

#define RUN_BURST                                                                                  \
    64 /* requests that an unthrottled client starts before others have their turn                 \
        */
#define SAMPLE_EVERY 64 /* one generation in so many is timed */

void *op_data(const struct op *op)
{
    return (void *)(uintptr_t)(op + 1);
}

/* ---- memory of requests ------------------------------------------------------------------------
 */

static bool ops_grow(struct worker *w)
{
    uint32_t n = w->block ? w->block->n * 2 : 8;
    if (n > 256)
        n = 256;
    struct op_block *b = calloc(1, sizeof *b + n * w->op_bytes);
    if (!b)
        return false;
    b->n = n;
    b->next = w->block;
    w->block = b;
    for (uint32_t i = n; i-- > 0;) {
        struct op *op = (struct op *)(void *)(b->ops + i * w->op_bytes);
        op->next = w->free_op;
        w->free_op = op;
    }
    return true;
}

struct op *op_take(struct worker *w)
{
    if (!w->free_op && !ops_grow(w))
        return NULL;
    struct op *op = w->free_op;
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

/* ---- counting -----------------------------------------------------------------------------------
 */

void worker_account(struct worker *w)
{
    uint64_t now = loop_now(w->loop);
    if (now > w->tally.area_ns) {
        w->tally.in_flight_area += w->tally.in_flight * (now - w->tally.area_ns);
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
    if (!t->first_ns)
        t->first_ns = loop_now(w->loop);
}

void op_unoffered(struct worker *w, struct op *op)
{
    if (op->flags & OP_WARM)
        w->tally.warm_offered -= op->n;
    else
        w->tally.offered -= op->n;
}

void op_count_in_flight(struct worker *w, const struct op *op, int sign)
{
    uint64_t n = sign > 0 ? op->n : 0 - (uint64_t)op->n;
    worker_account(w);
    if (op->flags & OP_WARM)
        w->tally.warm_in_flight += n;
    else
        w->tally.in_flight += n;
}

static void count_dropped(struct worker *w, uint64_t n)
{
    if (w->warm) {
        w->tally.warm_offered += n;
        w->tally.warm_dropped += n;
    } else {
        w->tally.offered += n;
        w->tally.dropped += n;
    }
}

/* ---- starting
 * ------------------------------------------------------------------------------------ */

void client_init(struct client *c, struct worker *w, uint32_t id)
{
    memset(c, 0, sizeof *c);
    c->worker = w;
    c->id = id;
}

static void list_append(struct client_list *l, struct client *c)
{
    c->next = NULL;
    if (l->tail)
        l->tail->next = c;
    else
        l->head = c;
    l->tail = c;
}

static struct client *list_pop(struct client_list *l)
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
    list_append(&c->worker->runnable, c);
}

static uint32_t client_starts(struct client *c)
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
    return !w->now.paused && !w->draining && w->starting_ops && loop_now(w->loop) < w->now.end_ns;
}

static uint16_t choose_type(struct worker *w)
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
static uint32_t claim(struct worker *w, uint32_t n)
{
    if (!w->now.counted || w->warm)
        return n;
    uint32_t granted = (uint32_t)pool_claim(w->pool, n);
    if (!granted)
        w->starved = true;
    return granted;
}

static void unclaim(struct worker *w, const struct op *op)
{
    if (w->now.counted && !(op->flags & OP_WARM))
        pool_unclaim(w->pool, op->n);
}

/* A request of a type, not yet anyone's, for n operations that are claimed already. */
static struct op *op_make(struct worker *w, uint16_t type, uint32_t n)
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
    op->flags = w->warm ? OP_WARM : 0;
    op->key = op->aux = 0;
    op->size = op->group = 0;
    op->rnd = rng_next(&w->rng);
    return op;
}

/* Gives it to a client and lets the backend choose what it is about. */
static void op_adopt(struct client *c, struct op *op)
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

static struct op *closed_op(struct client *c)
{
    struct worker *w = c->worker;
    uint16_t type = choose_type(w);
    uint32_t n = claim(w, w->bulk[type]);
    struct op *op = n ? op_make(w, type, n) : NULL;
    if (op)
        op_adopt(c, op);
    return op;
}

/* Starts up to n requests made by `make`. In pattern batch they are one lease where a connection
 * can carry the whole batch. */
static void start_many(struct client *c, uint32_t n, struct op *(*make)(struct client *))
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
static uint32_t capped(struct worker *w, uint32_t n)
{
    uint64_t now = loop_now(w->loop), interval = (uint64_t)(1e9 / w->now.cap_per_s);
    uint32_t granted = 0;
    if (now > CAP_BURST_NS && w->cap_next_ns < now - CAP_BURST_NS)
        w->cap_next_ns = now - CAP_BURST_NS;
    for (; granted < n && w->cap_next_ns <= now; granted++)
        w->cap_next_ns += interval * w->bulk_most;
    return granted;
}

void capped_run(struct worker *w)
{
    if (loop_now(w->loop) < w->cap_next_ns) {
        loop_alarm(w->loop, &w->arrival_alarm, w->cap_next_ns);
        return;
    }
    struct client *c = list_pop(&w->idle);
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
        list_append(&w->idle, c);
        return;
    }
    bool unthrottled = w->now.load.pattern == PATTERN_UNTHROTTLED;
    if (unthrottled && starts > RUN_BURST)
        starts = RUN_BURST;
    if (w->now.cap_per_s > 0) {
        starts = capped(w, starts);
        if (!starts) {
            c->roomy = true;
            list_append(&w->idle, c);
            return;
        }
    }
    uint64_t waiting = w->tally.waiting;
    start_many(c, starts, closed_op);
    if (unthrottled && !w->starved && w->tally.waiting <= waiting)
        client_ready(c); /* it is still accepted: go on after the others */
}

void clients_run(struct worker *w, unsigned most)
{
    for (struct client *c; most-- && (c = list_pop(&w->runnable));) {
        c->listed = false;
        client_run(c);
    }
}

/* ---- open arrival
 * ---------------------------------------------------------------------------------- */

void arrival_restart(struct worker *w, bool was_open, double old_rate, bool was_stopped)
{
    const struct load *load = &w->now.load;
    uint64_t now = loop_now(w->loop);
    double rate = load->rate_per_s / (w->now.workers ? w->now.workers : 1);
    bool stopped = w->now.paused || w->draining;
    if (was_open && (stopped || load->rate_per_s <= 0)) { /* what is owed now is never started */
        uint64_t owed = schedule_skip(&w->schedule, now, UINT64_MAX);
        if (w->now.counted && !w->warm)
            owed = pool_claim(w->pool, owed);
        count_dropped(w, owed);
        schedule_stop(&w->schedule);
    }
    if (stopped || load->rate_per_s <= 0) {
        loop_alarm(w->loop, &w->arrival_alarm, NS_NEVER);
        return;
    }
    if (!was_open || was_stopped || w->schedule.kind != load->arrival) {
        double phase = (w->index % w->now.workers + 0.5) / w->now.workers;
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
        list_pop(&w->idle);
        c->roomy = false;
    }
    return NULL;
}

static void idle_rotate(struct worker *w)
{
    struct client *c = list_pop(&w->idle);
    if (client_starts(c))
        list_append(&w->idle, c);
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
    uint16_t type = choose_type(w);
    if (!claim(w, 1))
        return NULL;
    struct op *op = op_make(w, type, 1);
    if (!op)
        return NULL;
    op->intended_ns = schedule_take(&w->schedule);
    note_lag(w, op->intended_ns);
    op_adopt(c, op);
    return op;
}

/* Bulks: collects due rows in w->gather. True when it is full, or the budget ends and it is short.
 */
static bool gather(struct worker *w)
{
    bool spent = false;
    if (!w->gather) {
        uint16_t type = choose_type(w);
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
        if (!claim(w, 1)) {
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
    return op;
}

void arrivals_abandon(struct worker *w)
{
    if (!w->gather)
        return;
    count_dropped(w, w->gathered);
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
        count_dropped(w, owed);
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
        count_dropped(w, late);
    }
    struct op *(*make)(struct client *) = w->gather || any_bulk(w) ? gathered_op : due_op;
    uint32_t starts = 0;
    while (schedule_next(s) <= now || (make == gathered_op && w->gather)) {
        struct client *c = roomy_client(w, &starts);
        if (!c || (make == gathered_op && !gather(w)) || w->starved)
            break;
        bool batch = w->now.load.pattern == PATTERN_BATCH;
        start_many(c, batch && make == due_op ? due_count(w, starts) : 1, make);
        idle_rotate(w);
    }
    /* With nobody free the next completion brings us back; else the next start does. */
    uint64_t next = schedule_next(s), wake = next;
    if (next <= now)
        wake = w->idle.head && !w->starved ? now + 1 : next + w->now.timeout_ns + 1;
    loop_alarm(w->loop, &w->arrival_alarm, wake);
}

/* ---- ending
 * ------------------------------------------------------------------------------------------ */

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

/* The client gets its place back. `sent`: the request went out, so a batch or a think time counts.
 */
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
    if (w->schedule.open) /* it was due and is never sent */
        count_dropped(w, op->n);
    else
        unclaim(w, op);
    client_take_back(op, false);
    op_free(w, op);
}

static void record_latency(struct worker *w, const struct op *op, uint64_t now, uint32_t ok)
{
    struct recorder *r = &w->recorder;
    uint64_t sent = op->sent_ns ? op->sent_ns : now;
    uint64_t service = now - sent;
    if (op->n > 1 && w->schedule.open) {
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
        t->op_completed[op->type] += ok;
        t->op_errors[op->type] += failed;
        t->op_timeouts[op->type] += timeouts;
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

void op_done(struct op *op)
{
    end(op, 0, END_OK);
}

void op_partial(struct op *op, uint32_t failed)
{
    end(op, failed < op->n ? failed : op->n, END_OK);
}

/* The classes count what `errors` counts: nothing of the warm-up, nothing that timed out before. */
static void note_failure(const struct op *op, const char *error_class, const char *msg, size_t len)
{
    struct worker *w = op->conn->worker;
    if (op->state != OP_ABANDONED && !(op->flags & OP_WARM) && !w->frozen)
        recorder_error(&w->recorder, error_class, op->n, msg, len, loop_now(w->loop));
}

void op_fail(struct op *op, const char *error_class, const char *msg, size_t len)
{
    note_failure(op, error_class, msg, len);
    end(op, op->n, END_OK);
}

void op_timeout(struct op *op)
{
    end(op, 0, END_TIMEOUT);
}

void op_error(struct conn *c, const char *error_class, uint64_t count, const char *msg, size_t len)
{
    struct worker *w = c->worker;
    if (!w->frozen && !w->warm)
        recorder_error(&w->recorder, error_class, count, msg, len, loop_now(w->loop));
}

/* Its connection is gone (class given), or it was refused for good (no class: op_error was called).
 */
void op_lost(struct op *op, const char *error_class, const char *msg, size_t len)
{
    struct worker *w = op->conn->worker;
    if (error_class)
        note_failure(op, error_class, msg, len);
    if (w->frozen)
        op->state = OP_ABANDONED; /* it stays counted as in flight; nobody is told any more */
    end(op, op->n, END_OK);
}

/* Time is up. On a connection it stays, abandoned, until its answer comes or the connection goes.
 */
void op_expire(struct op *op)
{
    struct worker *w = op->client->worker;
    finish(w, op, 0, END_TIMEOUT);
    if (op->conn)
        op->conn->ops -= op->n;
    op->state = OP_ABANDONED;
    client_release(op);
}

/* ---- what arrives unasked
 * ------------------------------------------------------------------------------ */

bool worker_paused(const struct worker *w)
{
    return w->now.paused || w->draining || loop_now(w->loop) >= w->now.end_ns;
}

uint64_t worker_receive(struct worker *w, uint64_t n)
{
    if (worker_paused(w))
        return 0;
    return claim(w, n > UINT32_MAX ? UINT32_MAX : (uint32_t)n);
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
    *(failed ? &t->op_errors[type] : &t->op_completed[type]) += n;
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
    op_error(c, error_class, 1, msg, len);
    received(c, type, 1, true);
}
