/* Simulated clients and their time accounting.
 *
 * A free client takes a message and is busy with it for as long as its handling (borrow, copy,
 * recycle) takes, or with work=T for the time T, during which the thread is free for others. A busy
 * period is an alarm, not a spin; it covers the available messages, up to 1 ms worth, and the n-th
 * of them counts as taken n*T later. Messages for a busy client wait in its ring; when a ring is
 * full its connection is not read until there is room (back-pressure).
 *
 * Every nanosecond of a client is in exactly one state: waiting (no message available), ready (a
 * message is available, but the thread is busy), or handling. A message is available from the time
 * it entered the consumer's queue, which librdkafka's thread records when the queue becomes
 * non-empty; for a client that shares a consumer, the first message of a burst counts as available
 * from then too. */
#if LOADTOP_HAVE_RDKAFKA
#include "backends/kafka/client.h"

#include "backends/kafka/conn_types.h"
#include "backends/kafka/handle.h"
#include "backends/kafka_base/process.h"
#include "backends/kafka_base/types.h"

#include <stdlib.h>
#include <string.h>

#define PERIOD_NS NS_PER_MS /* longest busy period, unless one message takes longer */
#define BUFFER_LEAST 64

bool kafka_shared(const struct kafka_worker *kw)
{
    return kw->connections && kw->connections < kw->clients;
}

/* ---- time ---- */

static void account(struct kafka_client *c, uint64_t at)
{
    if (at <= c->since_ns)
        return;
    uint64_t spent = at - c->since_ns;
    c->since_ns = at;
    if (c->state == CLIENT_WAITING)
        c->wait_ns += spent;
    else if (c->state == CLIENT_READY)
        c->thread_ns += spent;
    else
        c->handle_ns += spent;
}

static void turn(struct kafka_client *c, enum client_state state, uint64_t at)
{
    account(c, at);
    c->state = state;
}

void kafka_clients_sum(struct kafka_worker *kw, uint64_t now_ns, struct kafka_sums *sums)
{
    for (uint32_t i = 0; i < kw->clients; i++) {
        struct kafka_client *c = kw->client[i];
        if (!kw->paused)
            account(c, now_ns);
        sums->wait_ns += c->wait_ns;
        sums->handle_ns += c->handle_ns;
        sums->thread_ns += c->thread_ns;
    }
}

/* ---- buffers ---- */

static unsigned buffer_class(size_t size)
{
    unsigned k = 0;
    while (k < BUFFER_CLASSES && ((size_t)BUFFER_LEAST << k) < size)
        k++;
    return k;
}

static void *buffer_get(struct kafka_worker *kw, uint64_t handling, size_t size)
{
    unsigned k = buffer_class(size);
    if (handling == HANDLING_COPY || k == BUFFER_CLASSES)
        return malloc(size ? size : 1);
    if (kw->buffers.count[k])
        return kw->buffers.spare[k][--kw->buffers.count[k]];
    return malloc((size_t)BUFFER_LEAST << k);
}

static void buffer_put(struct kafka_worker *kw, uint64_t handling, void *buffer, size_t size)
{
    unsigned k = buffer_class(size);
    if (handling == HANDLING_COPY || k == BUFFER_CLASSES || !buffer ||
        kw->buffers.count[k] == BUFFERS_KEPT) {
        free(buffer);
        return;
    }
    if (!kw->buffers.spare[k])
        kw->buffers.spare[k] = malloc(BUFFERS_KEPT * sizeof(void *));
    if (kw->buffers.spare[k])
        kw->buffers.spare[k][kw->buffers.count[k]++] = buffer;
    else
        free(buffer);
}

static void buffers_free(struct kafka_buffers *b)
{
    for (unsigned k = 0; k < BUFFER_CLASSES; k++) {
        for (uint32_t i = 0; i < b->count[k]; i++)
            free(b->spare[k][i]);
        free(b->spare[k]);
    }
    memset(b, 0, sizeof *b);
}

/* ---- messages ---- */

static struct kafka_message *message_new(struct kafka_worker *kw)
{
    struct kafka_message *m = kw->spare;
    if (m)
        kw->spare = m->next;
    else
        m = malloc(sizeof *m);
    return m;
}

static void message_free(struct kafka_worker *kw, struct kafka_message *m)
{
    if (m->event)
        rd_kafka_event_destroy(m->event);
    m->next = kw->spare;
    kw->spare = m;
}

static void message_drop(struct kafka_worker *kw, struct kafka_message *m)
{
    if (--m->refs == 0)
        message_free(kw, m);
}

/* ---- taking messages ---- */

static void received(struct kafka_conn *kc, const rd_kafka_message_t *m,
                     const struct kafka_mark *mark, uint64_t later_ns)
{
    uint64_t sent = 0;
    if (mark->magic == KAFKA_MAGIC && mark->boot == kafka_boot() && mark->sent_ns > later_ns)
        sent = mark->sent_ns - later_ns;
    op_received(kc->conn, KAFKA_CONSUME, 1, m->len + m->key_len, sent);
}

static void check(struct track *t, const rd_kafka_message_t *m, const struct kafka_mark *mark,
                  struct track_counts *counts)
{
    if (!track_offset(t, m->offset, counts) && mark->magic == KAFKA_MAGIC)
        track_number(t, mark->producer, mark->seq, counts);
}

static void mark_of(const rd_kafka_message_t *m, struct kafka_mark *mark)
{
    if (m->payload && m->len >= sizeof *mark)
        memcpy(mark, m->payload, sizeof *mark);
    else
        mark->magic = 0;
}

/* Takes n messages of one partition for a client, with times `each_ns` apart. */
static void take_run(struct kafka_client *c, struct kafka_conn *kc,
                     const rd_kafka_message_t *const *m, uint32_t n, uint64_t first_ns,
                     uint64_t each_ns)
{
    struct kafka_worker *kw = c->worker;
    int32_t p = m[0]->partition;
    struct kafka_part *part = &kc->pool->part[p];
    struct kafka_mark mark;
    struct track *track = c->track ? &c->track[p] : &part->track;
    if (!c->track)
        pthread_mutex_lock(&part->mutex);
    for (uint32_t i = 0; i < n; i++) {
        /* it already has this message: connections were redistributed */
        if (c->track && m[i]->offset < track->next_offset)
            continue;
        mark_of(m[i], &mark);
        check(track, m[i], &mark, &kw->sums.order);
        received(kc, m[i], &mark, first_ns + i * each_ns);
        kw->sums.messages++;
        kw->sums.bytes += m[i]->len + m[i]->key_len;
    }
    int64_t next = track->next_offset;
    if (!c->track)
        pthread_mutex_unlock(&part->mutex);
    if (!c->track && next > atomic_load_explicit(&part->taken, memory_order_relaxed))
        atomic_store_explicit(&part->taken, next, memory_order_relaxed);
    atomic_store_explicit(&kc->own[p].taken, m[n - 1]->offset + 1, memory_order_relaxed);
}

static void take(struct kafka_client *c, struct kafka_conn *kc, const rd_kafka_message_t *const *m,
                 uint32_t n, uint64_t each_ns)
{
    for (uint32_t i = 0, j; i < n; i = j) {
        for (j = i + 1; j < n && m[j]->partition == m[i]->partition; j++)
            ;
        take_run(c, kc, m + i, j - i, i * each_ns, each_ns);
    }
}

/* Reads one byte of every cache line, so that a copy has its realistic cost. */
static uint64_t look(const void *data, size_t size)
{
    const unsigned char *at = data;
    uint64_t sum = 0;
    for (size_t i = 0; i < size; i += 64)
        sum += at[i];
    return sum;
}

/* Handles n messages at once, without `work`. */
static void handle(struct kafka_client *c, struct kafka_conn *kc,
                   const rd_kafka_message_t *const *m, uint32_t n, uint64_t arrived_ns)
{
    struct kafka_worker *kw = c->worker;
    struct loop *loop = worker_loop(kw->worker);
    uint64_t handling = option_u64(kafka_opts(kc->pool), K_HANDLING), begun = loop_now(loop),
             sum = 0;
    void *copy[KAFKA_BURST];
    if (c->state == CLIENT_WAITING && arrived_ns)
        turn(c, CLIENT_READY, arrived_ns);
    else if (c->state == CLIENT_WAITING)
        turn(c, CLIENT_READY, c->since_ns);
    turn(c, CLIENT_HANDLING, begun);
    take(c, kc, m, n, 0);
    if (handling == HANDLING_BORROW) {
        for (uint32_t i = 0; i < n; i++)
            sum += m[i]->payload ? look(m[i]->payload, m[i]->len) : 0;
    } else {
        uint64_t t0 = loop_refresh(loop);
        for (uint32_t i = 0; i < n; i++)
            copy[i] = buffer_get(kw, handling, m[i]->len);
        uint64_t t1 = loop_refresh(loop);
        for (uint32_t i = 0; i < n; i++)
            if (copy[i] && m[i]->payload) {
                memcpy(copy[i], m[i]->payload, m[i]->len);
                sum += look(copy[i], m[i]->len);
            }
        uint64_t t2 = loop_refresh(loop);
        for (uint32_t i = 0; i < n; i++)
            buffer_put(kw, handling, copy[i], m[i]->len);
        kw->sums.alloc_ns += t1 - t0;
        kw->sums.free_ns += loop_refresh(loop) - t2;
    }
    kw->looked += sum; /* use the result, so that the compiler does not remove the reads */
    turn(c, CLIENT_WAITING, loop_refresh(loop));
}

/* ---- busy periods ---- */

static void stalled_read(struct kafka_worker *kw)
{
    for (uint32_t i = 0; kw->stalled && i < kw->connections + 1; i++) {
        struct kafka_conn *kc = kafka_conn_at(kw, i);
        if (kc && kc->stalled && !kc->closing)
            kafka_wake(kc);
    }
}

static void begin_period(struct kafka_client *c, uint64_t begun)
{
    struct kafka_worker *kw = c->worker;
    struct loop *loop = worker_loop(kw->worker);
    uint64_t work = option_u64(kafka_opts(kw->pool), K_WORK);
    uint64_t handling = option_u64(kafka_opts(kw->pool), K_HANDLING),
             most = work ? PERIOD_NS / work : KAFKA_RING;
    uint32_t n = (uint32_t)(most < 1 ? 1 : most < c->count ? most : c->count);
    uint64_t alloc_ns = 0, free_ns = 0, t;
    if (kw->paused || !(n = (uint32_t)worker_receive(kw->worker, n)))
        return;
    turn(c, CLIENT_HANDLING, begun);
    for (uint32_t i = 0; i < n; i++) {
        struct kafka_message *msg = c->ring[c->first++ % KAFKA_RING];
        const rd_kafka_message_t *m = msg->m;
        c->count--;
        if (!c->track && msg->from->own[m->partition].pending)
            msg->from->own[m->partition].pending--;
        take_run(c, msg->from, &m, 1, i * work, 0);
        c->handled[i].message = msg;
        c->handled[i].copy = NULL;
        c->handled[i].size = m->len;
    }
    c->holding = n;
    if (handling != HANDLING_BORROW) {
        t = loop_refresh(loop);
        for (uint32_t i = 0; i < n; i++)
            c->handled[i].copy = buffer_get(kw, handling, c->handled[i].size);
        alloc_ns = loop_refresh(loop) - t;
        for (uint32_t i = 0; i < n; i++)
            if (c->handled[i].copy && c->handled[i].message->m->payload)
                memcpy(c->handled[i].copy, c->handled[i].message->m->payload, c->handled[i].size);
        t = loop_refresh(loop);
        for (uint32_t i = 0; i < n; i++) {
            message_drop(kw, c->handled[i].message);
            c->handled[i].message = NULL;
        }
        free_ns = loop_refresh(loop) - t;
    }
    kw->sums.alloc_ns += alloc_ns;
    kw->sums.free_ns += free_ns;
    c->due_ns = begun + n * work;
    loop_alarm(loop, &c->done, c->due_ns);
}

static void release_handled(struct kafka_client *c)
{
    struct kafka_worker *kw = c->worker;
    uint64_t handling = option_u64(kafka_opts(kw->pool), K_HANDLING);
    for (uint32_t i = 0; i < c->holding; i++) {
        if (c->handled[i].message)
            message_drop(kw, c->handled[i].message);
        if (c->handled[i].copy)
            buffer_put(kw, handling, c->handled[i].copy, c->handled[i].size);
    }
    c->holding = 0;
}

static void done_fire(struct alarm *a)
{
    struct kafka_client *c =
        (struct kafka_client *)(void *)((char *)a - offsetof(struct kafka_client, done));
    struct kafka_worker *kw = c->worker;
    struct loop *loop = worker_loop(kw->worker);
    uint64_t due = c->due_ns, now = loop_refresh(loop);
    release_handled(c);
    uint64_t after = loop_refresh(loop);
    kw->sums.free_ns += after - now;
    turn(c, c->count ? CLIENT_READY : CLIENT_WAITING, due < now ? due : now);
    if (c->count)
        begin_period(c, after);
    kw->sums.busy_ns += loop_refresh(loop) - now;
    if (kw->stalled)
        stalled_read(kw);
}

static bool ring_push(struct kafka_client *c, struct kafka_message *m)
{
    if (!c->ring) {
        c->ring = malloc(KAFKA_RING * sizeof(struct kafka_message *));
        c->handled = calloc(KAFKA_RING, sizeof *c->handled);
    }
    if (!c->ring || !c->handled || c->count == KAFKA_RING)
        return false;
    c->ring[(c->first + c->count++) % KAFKA_RING] = m;
    m->refs++;
    return true;
}

/* ---- dispatch ---- */

static struct kafka_client *client_of(struct kafka_conn *kc, int32_t p)
{
    struct kafka_worker *kw = kc->worker;
    struct kafka_owned *o = &kc->own[p];
    uint32_t id = kc->conn->id, n = kw->clients, k = kw->connections;
    if (!o->pending || o->client >= n) {
        /* Move a partition to another client only when none of its messages wait, to keep their
         * order. */
        if (kafka_shared(kw))
            o->client = id < k ? id + k * (o->share % ((n - id + k - 1) / k)) : id % n;
        else
            o->client = id % n;
    }
    return kw->client[o->client];
}

static bool goes_inline(const struct kafka_client *c)
{
    return !c->count && c->state != CLIENT_HANDLING &&
           !option_u64(kafka_opts(c->worker->pool), K_WORK);
}

/* Has this client (deliver=each) already received some of these messages? If so, connections were
 * redistributed just now. */
static bool has_some(const struct kafka_client *c, const rd_kafka_message_t *const *m, uint32_t n)
{
    for (uint32_t i = 0; c->track && i < n; i++)
        if (m[i]->offset < c->track[m[i]->partition].next_offset)
            return true;
    return false;
}

static void give(struct kafka_client *c, struct kafka_conn *kc, struct kafka_message **wrap,
                 uint32_t from, uint32_t n, uint64_t arrived_ns)
{
    if (n > 1 && has_some(c, kc->message + from, n)) {
        for (uint32_t i = from; i < from + n; i++)
            give(c, kc, wrap, i, 1, arrived_ns);
        return;
    }
    if (has_some(c, kc->message + from, n))
        return;
    struct kafka_worker *kw = c->worker;
    if (goes_inline(c)) {
        uint32_t may = (uint32_t)worker_receive(kw->worker, n);
        if (may)
            handle(c, kc, kc->message + from, may, arrived_ns);
        from += may; /* what exceeds -n, or arrived during a pause, waits in the ring */
        n -= may;
        if (!n)
            return;
    }
    for (uint32_t i = from; i < from + n; i++) {
        if (!wrap[i] && (wrap[i] = message_new(kw))) {
            wrap[i]->event = kc->event[i];
            wrap[i]->m = kc->message[i];
            wrap[i]->from = kc;
            wrap[i]->refs = 1; /* kafka_dispatch's own */
        }
        if (wrap[i] && ring_push(c, wrap[i]) && !c->track)
            kc->own[kc->message[i]->partition].pending++;
    }
    if (c->state == CLIENT_WAITING) {
        uint64_t now = loop_now(worker_loop(kw->worker));
        turn(c, CLIENT_READY, arrived_ns ? arrived_ns : now);
        begin_period(c, now);
    }
}

void kafka_dispatch(struct kafka_conn *kc, uint32_t n, uint64_t arrived_ns)
{
    struct kafka_worker *kw = kc->worker;
    struct loop *loop = worker_loop(kw->worker);
    struct kafka_message *wrap[KAFKA_BURST] = {NULL};
    loop_refresh(loop);
    if (kafka_each(kc->pool) && kafka_shared(kw)) {
        for (uint32_t i = 0; i < kw->clients; i++)
            give(kw->client[i], kc, wrap, 0, n, arrived_ns);
    } else if (kafka_each(kc->pool)) {
        if (kc->conn->id < kw->clients)
            give(kw->client[kc->conn->id], kc, wrap, 0, n, arrived_ns);
    } else if (kw->clients) {
        for (uint32_t i = 0, j; i < n; i = j) {
            struct kafka_client *c = client_of(kc, kc->message[i]->partition);
            for (j = i + 1; j < n && client_of(kc, kc->message[j]->partition) == c; j++)
                ;
            give(c, kc, wrap, i, j - i, arrived_ns);
        }
    }
    uint64_t t = loop_refresh(loop);
    for (uint32_t i = 0; i < n; i++)
        if (!wrap[i])
            rd_kafka_event_destroy(kc->event[i]);
        else
            message_drop(kw, wrap[i]);
    kw->sums.free_ns += loop_refresh(loop) - t;
}

uint32_t kafka_clients_room(const struct kafka_conn *kc)
{
    const struct kafka_worker *kw = kc->worker;
    uint32_t least = KAFKA_BURST, step = 1, from = 0, to = kw->clients;
    if (kc->trips)
        return KAFKA_BURST;
    if (kw->paused || !kw->clients)
        return 0;
    bool shared = kafka_shared(kw);
    if (!shared) {
        from = kafka_each(kc->pool) ? kc->conn->id : kc->conn->id % kw->clients;
        to = from + 1 < kw->clients ? from + 1 : kw->clients;
        if (from >= kw->clients)
            return 0;
    } else if (!kafka_each(kc->pool)) {
        from = kc->conn->id;
        step = kw->connections;
    }
    for (uint32_t i = from; i < to; i += step) {
        uint32_t room = KAFKA_RING - kw->client[i]->count;
        least = room < least ? room : least;
    }
    return least;
}

/* ---- clients added and removed ---- */

void kafka_clients_forget(struct kafka_conn *kc, int32_t partition)
{
    struct kafka_worker *kw = kc->worker;
    for (uint32_t i = 0; i < kw->clients; i++) {
        struct kafka_client *c = kw->client[i];
        uint32_t kept = 0;
        for (uint32_t k = 0; k < c->count; k++) {
            struct kafka_message *m = c->ring[(c->first + k) % KAFKA_RING];
            if (m->from == kc && (partition < 0 || m->m->partition == partition))
                message_drop(kw, m);
            else
                c->ring[(c->first + kept++) % KAFKA_RING] = m;
        }
        c->count = kept;
        if (!kept && c->state == CLIENT_READY)
            turn(c, CLIENT_WAITING, loop_now(worker_loop(kw->worker)));
        for (uint32_t k = 0; k < c->holding; k++) /* the handle is destroyed with its messages */
            if (partition < 0 && c->handled[k].message && c->handled[k].message->from == kc) {
                message_drop(kw, c->handled[k].message);
                c->handled[k].message = NULL;
            }
    }
    for (struct kafka_message **at = &kc->back, *m; (m = *at);) {
        if (partition < 0 || m->m->partition == partition) {
            *at = m->next;
            message_free(kw, m);
        } else {
            at = &m->next;
        }
    }
    kc->back_last = kc->back;
    while (kc->back_last && kc->back_last->next)
        kc->back_last = kc->back_last->next;
}

static void keep(struct kafka_conn *kc, struct kafka_message *m)
{
    m->next = NULL;
    if (kc->back_last)
        kc->back_last->next = m;
    else
        kc->back = m;
    kc->back_last = m;
}

void kafka_keep(struct kafka_conn *kc, rd_kafka_event_t *event, const rd_kafka_message_t *message)
{
    struct kafka_message *m = message_new(kc->worker);
    if (!m) {
        rd_kafka_event_destroy(event);
        return;
    }
    m->event = event;
    m->m = message;
    m->from = kc;
    m->refs = 0;
    keep(kc, m);
}

/* Returns untaken messages to the connection, to be delivered before the queue. */
static void give_back(struct kafka_client *c)
{
    struct kafka_worker *kw = c->worker;
    for (; c->count; c->count--) {
        struct kafka_message *m = c->ring[c->first++ % KAFKA_RING];
        if (c->track) {
            message_drop(kw, m);
            continue;
        }
        struct kafka_conn *kc = m->from;
        if (kc->own[m->m->partition].pending)
            kc->own[m->m->partition].pending--;
        keep(kc, m);
        kafka_wake(kc);
    }
}

static void client_free(struct kafka_client *c)
{
    struct kafka_worker *kw = c->worker;
    loop_alarm(worker_loop(kw->worker), &c->done, NS_NEVER);
    if (!kw->paused)
        account(c, loop_now(worker_loop(kw->worker)));
    kw->sums.wait_ns += c->wait_ns;
    kw->sums.handle_ns += c->handle_ns;
    kw->sums.thread_ns += c->thread_ns;
    release_handled(c);
    give_back(c);
    for (int32_t p = 0; c->track && p < kw->pool->partitions; p++)
        track_fini(&c->track[p]);
    free(c->track);
    free(c->begun);
    free(c->ring);
    free(c->handled);
    free(c);
}

static struct kafka_client *client_new(struct kafka_worker *kw, uint32_t id)
{
    struct kafka_client *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->worker = kw;
    c->id = id;
    c->since_ns = loop_now(worker_loop(kw->worker));
    c->done.due_ns = NS_NEVER;
    c->done.fire = done_fire;
    if (kafka_each(kw->pool)) {
        c->track = calloc((size_t)kw->pool->partitions, sizeof *c->track);
        c->begun = calloc((size_t)kw->pool->partitions, sizeof *c->begun);
        for (int32_t p = 0; c->track && c->begun && p < kw->pool->partitions; p++) {
            track_init(&c->track[p]);
            c->begun[p] = -1;
        }
        if (!c->track || !c->begun) {
            free(c->track);
            free(c->begun);
            free(c);
            return NULL;
        }
    }
    return c;
}

/* Lets idle clients with available messages continue: after a pause, or when a ceiling allows
 * more. */
static void go_on(struct kafka_worker *kw)
{
    uint64_t now = loop_now(worker_loop(kw->worker));
    for (uint32_t i = 0; i < kw->clients; i++)
        if (kw->client[i]->count && kw->client[i]->state != CLIENT_HANDLING)
            begin_period(kw->client[i], now);
}

static void pause_clients(struct kafka_worker *kw, bool paused)
{
    uint64_t now = loop_now(worker_loop(kw->worker));
    for (uint32_t i = 0; i < kw->clients; i++) {
        struct kafka_client *c = kw->client[i];
        if (paused)
            account(c, now);
        else
            c->since_ns = now > c->since_ns ? now : c->since_ns;
    }
    kw->paused = paused;
    for (uint32_t i = 0; i <= kw->connections; i++) {
        struct kafka_conn *kc = kafka_conn_at(kw, i);
        if (kc) {
            kafka_consumer_pause(kc, paused);
            kafka_wake(kc);
        }
    }
}

void kafka_clients_tune(struct kafka_worker *kw)
{
    struct worker *w = kw->worker;
    kw->consumes = pool_ops_include(kw->pool->pool, KAFKA_CONSUME);
    uint32_t wanted = kw->consumes ? worker_clients(w) : 0;
    kw->connections = worker_connections(w);
    while (kw->clients > wanted)
        client_free(kw->client[--kw->clients]);
    if (wanted > kw->client_room) {
        struct kafka_client **client = realloc(kw->client, wanted * sizeof(struct kafka_client *));
        if (client) {
            kw->client = client;
            kw->client_room = wanted;
        }
    }
    while (kw->clients < wanted && kw->clients < kw->client_room) {
        struct kafka_client *c = client_new(kw, kw->clients);
        if (!c)
            break;
        kw->client[kw->clients++] = c;
    }
    if (worker_paused(w) != kw->paused)
        pause_clients(kw, worker_paused(w));
    if (!kw->paused)
        go_on(kw);
}

void kafka_clients_free(struct kafka_worker *kw)
{
    while (kw->clients)
        client_free(kw->client[--kw->clients]);
    free(kw->client);
    kw->client = NULL;
    kw->client_room = 0;
    buffers_free(&kw->buffers);
    for (struct kafka_message *m; (m = kw->spare);) {
        kw->spare = m->next;
        free(m);
    }
}

#endif
