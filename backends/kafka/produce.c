/* Producing: messages and delivery reports; and end-to-end requests.
 *
 * A request travels as the message's opaque and ends with its delivery report. When librdkafka's
 * queue is full submit returns SUBMIT_BUSY, and conn_room follows with the next reports; nothing is
 * queued here. The partition is chosen here, not by librdkafka, because each message contains its
 * number within its partition (struct kafka_mark), which lets readers distinguish lost from late
 * messages.
 *
 * End to end: the request ends when its message is read back by the consumer of the same
 * connection, so its latency covers both directions. Its opaque is the message's number, tagged odd
 * (a request's address is even), because the message may be read, and the request freed, before the
 * delivery report. */
#if LOADTOP_HAVE_RDKAFKA
#include "backends/kafka/produce.h"

#include "backends/kafka/conn_types.h"
#include "backends/kafka/handle.h"
#include "backends/kafka_base/conf.h"
#include "backends/kafka_base/error.h"
#include "backends/kafka_base/process.h"
#include "backends/kafka_base/trouble.h"
#include "backends/kafka_base/types.h"
#include "engine/base/secret.h"
#include "engine/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STICKY_NS (10 * NS_PER_MS) /* same as librdkafka's sticky.partitioning.linger.ms */
#define REPORT_EVENTS 64           /* batches of reports that are read in one turn */
/* larger than any compressor's window, so that messages do not repeat within it */
#define PAYLOAD_SPREAD (1u << 20)
#define CLOCK_EVERY 8 /* messages between clock reads for stamps */
#define TRIPS_FIRST 64
/* The most bytes that a record takes besides its key and value: its length, attributes, time and
 * offset relative to the batch's first, and the lengths of key, value and headers (Kafka's
 * protocol, "Record"). */
#define RECORD_BYTES (5 + 1 + 10 + 5 + 5 + 5 + 1)

int kafka_producer_open(struct kafka_conn *kc, struct err *err)
{
    struct kafka_pool *kp = kc->pool;
    char words[256];
    rd_kafka_conf_t *conf = kafka_conf_new(kp, pool_target(kp->pool), kafka_opts(kp),
                                           pool_sender(kp->pool), RD_KAFKA_PRODUCER, err);
    if (!conf)
        return -1;
    kc->seq = calloc((size_t)kp->partitions, sizeof *kc->seq);
    if (!kc->seq) {
        rd_kafka_conf_destroy(conf);
        return err_set(err, ERR_FAILED, "%s: a producer: out of memory", kp->shown);
    }
    kc->producer = kafka_handle_new(kp, RD_KAFKA_PRODUCER, conf, words, sizeof words);
    if (!kc->producer)
        return err_set(err, ERR_FAILED, "%s: a producer: %s", kp->shown, words);
    kc->topic = rd_kafka_topic_new(kc->producer, kp->topic, NULL);
    kc->reports = rd_kafka_queue_get_main(kc->producer);
    /* Even, and different in each run; id + 1 marks end-to-end messages. */
    kc->id = mix64(kp->nonce + atomic_fetch_add(&kp->producers, 1)) & ~UINT64_C(1);
    kc->partition =
        (int32_t)rng_below(rng_next(worker_rng(kc->worker->worker)), (uint64_t)kp->partitions);
    char most[32] = "";
    size_t most_len = sizeof most;
    rd_kafka_conf_get(rd_kafka_conf(kc->producer), "queue.buffering.max.messages", most, &most_len);
    kc->queue_low = (int)(strtod(most, NULL) * 0.9);
    if (kc->queue_low < 1)
        kc->queue_low = 1;
    rd_kafka_queue_cb_event_enable(kc->reports, kafka_reports_cb, kc->signal);
    return 0;
}

/* ---- what a message is ---- */

static bool payload_ready(struct kafka_worker *kw, size_t size)
{
    if (kw->payload && kw->payload_bytes >= size)
        return true;
    char *payload = malloc(PAYLOAD_SPREAD + size);
    if (!payload)
        return false;
    const char *blob = generate_blob();
    for (size_t at = 0; at < PAYLOAD_SPREAD + size; at += GENERATE_BLOB) {
        size_t left = PAYLOAD_SPREAD + size - at;
        memcpy(payload + at, blob, left < GENERATE_BLOB ? left : GENERATE_BLOB);
    }
    free(kw->payload);
    kw->payload = payload;
    kw->payload_bytes = size;
    return true;
}

void kafka_payload_free(struct kafka_worker *kw)
{
    free(kw->payload);
    kw->payload = NULL;
}

void kafka_fill(struct worker *w, struct op *op)
{
    struct kafka_worker *kw = worker_data(w);
    const struct options *o = pool_options(worker_pool(w));
    op->size = span_pick(option_low(o, K_SIZE), option_high(o, K_SIZE), op->rnd);
    uint64_t keys = option_u64(o, K_KEYS);
    op->key = 0;
    if (!keys) /* none */
        return;
    keys_set(&kw->keys, keys, (enum distribution)option_u64(o, K_DIST));
    op->key = keys_choose(&kw->keys, worker_pool(w), mix64(op->rnd), 1);
}

static size_t key_text(uint64_t key, char buf[24])
{
    char digits[24];
    size_t n = 0, len = 0;
    do
        digits[n++] = (char)('0' + key % 10);
    while (key /= 10);
    while (n)
        buf[len++] = digits[--n];
    return len;
}

/* Appleby's murmur2 with the seed of Kafka's Java client, so that keys go to the same partitions as
 * those of other clients. */
static uint32_t murmur2(const char *data, size_t len)
{
    const uint32_t m = 0x5bd1e995;
    uint32_t h = 0x9747b28cu ^ (uint32_t)len, k;
    for (; len >= 4; data += 4, len -= 4) {
        memcpy(&k, data, 4);
        k *= m;
        k ^= k >> 24;
        h = (h * m) ^ (k * m);
    }
    if (len > 2)
        h ^= (uint32_t)(unsigned char)data[2] << 16;
    if (len > 1)
        h ^= (uint32_t)(unsigned char)data[1] << 8;
    if (len) {
        h ^= (unsigned char)data[0];
        h *= m;
    }
    h ^= h >> 13;
    h *= m;
    return h ^ (h >> 15);
}

static int32_t choose_partition(struct kafka_conn *kc, const struct op *op, const char *key,
                                size_t key_len)
{
    const struct options *o = kafka_opts(kc->pool);
    uint64_t n = (uint64_t)kc->pool->partitions, how = option_u64(o, K_PARTITIONER);
    if (how == PARTITIONER_AUTO)
        how = key_len ? PARTITIONER_KEY : PARTITIONER_STICKY;
    if (how == PARTITIONER_KEY && key_len)
        return (int32_t)((murmur2(key, key_len) & 0x7fffffffu) % n);
    if (how == PARTITIONER_RANDOM)
        return (int32_t)rng_below(mix64(~op->rnd), n);
    if (how == PARTITIONER_ROUND)
        return kc->partition = (int32_t)(((uint64_t)kc->partition + 1) % n);
    uint64_t now = loop_now(worker_loop(kc->worker->worker));
    if (now >= kc->sticky_until_ns) {
        kc->sticky_until_ns = now + STICKY_NS;
        kc->partition = (int32_t)rng_below(mix64(~op->rnd), n);
    }
    return kc->partition;
}

/* The length of a message's value. End to end, it is at least long enough to recognise the
 * message. */
static size_t value_bytes(const struct op *op)
{
    size_t least = op->type == KAFKA_E2E ? sizeof(struct kafka_mark) : 0;
    return op->size < least ? least : op->size;
}

uint64_t kafka_data_bytes(const struct worker *w, const struct op *op)
{
    char key[24];
    bool keyed = option_u64(pool_options(worker_pool(w)), K_KEYS) != 0;
    return RECORD_BYTES + value_bytes(op) + (keyed ? key_text(op->key, key) : 0);
}

static uint64_t stamp(struct kafka_worker *kw)
{
    if (kw->stamps++ % CLOCK_EVERY == 0)
        kw->stamp_ns = clock_ns();
    uint64_t now = loop_now(worker_loop(kw->worker));
    return now > kw->stamp_ns ? now : kw->stamp_ns;
}

/* ---- end to end: requests by number ---- */

static bool trip_put(struct kafka_conn *kc, struct op *op)
{
    if (kc->trip_next - kc->trip_first == kc->trip_room) {
        uint32_t room = kc->trip_room ? kc->trip_room * 2 : TRIPS_FIRST;
        struct op **trip = calloc(room, sizeof *trip);
        if (!trip)
            return false;
        for (uint64_t s = kc->trip_first; s < kc->trip_next; s++)
            trip[s & (room - 1)] = kc->trip[s & (kc->trip_room - 1)];
        free(kc->trip);
        kc->trip = trip;
        kc->trip_room = room;
    }
    kc->trip[kc->trip_next++ & (kc->trip_room - 1)] = op;
    return true;
}

static struct op *trip_take(struct kafka_conn *kc, uint64_t seq)
{
    if (seq < kc->trip_first || seq >= kc->trip_next)
        return NULL;
    struct op **slot = &kc->trip[seq & (kc->trip_room - 1)], *op = *slot;
    *slot = NULL;
    while (kc->trip_first < kc->trip_next && !kc->trip[kc->trip_first & (kc->trip_room - 1)])
        kc->trip_first++;
    return op;
}

void kafka_trip_message(struct kafka_conn *kc, const rd_kafka_message_t *m)
{
    struct kafka_mark mark;
    if (!m->payload || m->len < sizeof mark)
        return;
    memcpy(&mark, m->payload, sizeof mark);
    if (mark.magic != KAFKA_MAGIC || mark.producer != kc->id + 1)
        return;
    struct op *op = trip_take(kc, mark.seq);
    /* its time was up already */
    if (!op)
        return;
    conn_bytes(kc->conn, 0, m->len + m->key_len);
    op_done(op);
}

void kafka_trip_expire(struct kafka_conn *kc)
{
    uint64_t now = loop_now(worker_loop(kc->worker->worker)),
             limit = pool_timeout_ns(kc->pool->pool);
    while (kc->trip_first < kc->trip_next) {
        struct op *op = kc->trip[kc->trip_first & (kc->trip_room - 1)];
        if (op && (!op->sent_ns || now - op->sent_ns < limit))
            return;
        if (!op) {
            kc->trip_first++;
            continue;
        }
        op_timeout(trip_take(kc, kc->trip_first));
    }
}

/* ---- out ---- */

static enum submit refuse(const struct op *op, const char *error_class, const char *msg)
{
    op_error(op, error_class, op->n, msg, strlen(msg));
    return SUBMIT_FAILED;
}

enum submit kafka_submit(struct conn *c, struct op *op)
{
    struct kafka_conn *kc = conn_data(c);
    struct kafka_pool *kp = kc->pool;
    struct err err = {0};
    if (!kp->mine)
        return refuse(op, "refused",
                      "the topic is not one that loadtop made: producing needs "
                      "--allow-destructive");
    if (!kc->producer && kafka_producer_open(kc, &err) < 0)
        return refuse(op, "handle", err.msg);
    bool trip = op->type == KAFKA_E2E;
    size_t len = value_bytes(op);
    if (!payload_ready(kc->worker, len))
        return refuse(op, "memory", "out of memory for the message");
    char key[24];
    size_t key_len = option_u64(kafka_opts(kp), K_KEYS) ? key_text(op->key, key) : 0;
    int32_t p = trip ? kc->trip_partition : choose_partition(kc, op, key, key_len);
    struct kafka_mark mark = {KAFKA_MAGIC, kafka_boot(), trip ? kc->id + 1 : kc->id,
                              trip ? kc->trip_next : kc->seq[p], stamp(kc->worker)};
    char *payload = kc->worker->payload + (op->rnd & (PAYLOAD_SPREAD - 1) & ~UINT64_C(7));
    if (len >= sizeof mark)
        memcpy(payload, &mark, sizeof mark);
    else if (len >= sizeof mark.magic)
        memcpy(payload, &mark.magic, sizeof mark.magic);
    void *opaque = trip ? (void *)(uintptr_t)(kc->trip_next << 1 | 1) : op;
    if (trip && !trip_put(kc, op))
        return refuse(op, "memory", "out of memory for the request");
    op_sent(op); /* librdkafka's threads may send it before our flush */
    if (rd_kafka_produce(kc->topic, p, RD_KAFKA_MSG_F_COPY, payload, len, key_len ? key : NULL,
                         key_len, opaque) == 0) {
        if (!trip)
            kc->seq[p]++;
        return SUBMIT_QUEUED;
    }
    rd_kafka_resp_err_t code = rd_kafka_last_error();
    if (trip) { /* the number was not used, so it can be reused */
        kc->trip_next--;
        kc->trip[kc->trip_next & (kc->trip_room - 1)] = NULL;
    }
    if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        kc->full = true;
        return SUBMIT_BUSY;
    }
    char said[192];
    kafka_error_text(code, NULL, said, sizeof said);
    return refuse(op, kafka_error_class(code), said);
}

/* ---- reports ---- */

/* Reports a message that timed out for lack of a leader under a more specific class. */
static void timed_out(struct kafka_conn *kc, struct op *op, const rd_kafka_message_t *m)
{
    char said[192];
    if (!atomic_load_explicit(&kc->pool->is_stuck, memory_order_relaxed) ||
        rd_kafka_message_status(m) == RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED) {
        op_timeout(op);
        return;
    }
    pthread_mutex_lock(&kc->pool->mutex);
    copy_str(said, sizeof said, kc->pool->stuck);
    pthread_mutex_unlock(&kc->pool->mutex);
    op_fail(op, "no_leader", said, strlen(said));
}

static void report(struct kafka_conn *kc, const rd_kafka_message_t *m)
{
    uintptr_t opaque = (uintptr_t)m->_private;
    struct op *op;
    if (opaque & 1) {
        /* on its way back */
        if (!m->err)
            return;
        op = trip_take(kc, opaque >> 1);
    } else {
        op = m->_private;
    }
    if (!op)
        return;
    if (!m->err) {
        op_done(op);
    } else if (m->err == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT) {
        timed_out(kc, op, m);
    } else {
        char said[192];
        kafka_strain(kc->pool, m->err);
        kafka_error_text(m->err, NULL, said, sizeof said);
        op_fail(op, kafka_error_class(m->err), said, strlen(said));
    }
}

static void reports_event(struct kafka_conn *kc, rd_kafka_event_t *e)
{
    uint64_t bytes = 0, done = 0;
    loop_refresh(worker_loop(kc->worker->worker));
    for (const rd_kafka_message_t *m; (m = rd_kafka_event_message_next(e));) {
        if (!m->err) {
            bytes += m->len + m->key_len;
            done++;
        }
        report(kc, m);
    }
    conn_bytes(kc->conn, bytes, 0);
    if (done)
        atomic_fetch_add_explicit(&kc->pool->produced, done, memory_order_relaxed);
}

void kafka_reports_read(struct kafka_conn *kc)
{
    for (unsigned i = 0; i < REPORT_EVENTS; i++) {
        rd_kafka_event_t *e = rd_kafka_queue_poll(kc->reports, 0);
        if (!e)
            break;
        rd_kafka_event_type_t type = rd_kafka_event_type(e);
        rd_kafka_resp_err_t code = rd_kafka_event_error(e);
        if (type == RD_KAFKA_EVENT_DR) {
            reports_event(kc, e);
            kc->more_reports = i == REPORT_EVENTS - 1;
        } else if (type == RD_KAFKA_EVENT_ERROR) {
            kafka_trouble(kc->pool, code, rd_kafka_event_error_string(e));
            if (code == RD_KAFKA_RESP_ERR__FATAL) {
                const char *why = rd_kafka_event_error_string(e);
                char said[192];
                conn_down(kc->conn, "fatal", "%s",
                          secret_said(said, sizeof said, why, strlen(why)));
                rd_kafka_event_destroy(e);
                return;
            }
        }
        rd_kafka_event_destroy(e);
    }
    if (kc->full && rd_kafka_outq_len(kc->producer) < kc->queue_low) {
        kc->full = false;
        conn_room(kc->conn);
    }
}

#endif
