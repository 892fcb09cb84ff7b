/* A consumer handle: its events, its partitions, its end.
 *
 * Messages are read in bursts, as many as the clients have room for, and passed on with the events
 * that own them. Only messages taken by clients are stored for the next commit; messages that were
 * read but not taken are dropped when their partition is revoked, so that its next owner gets them:
 * none is counted twice or skipped. librdkafka commits stored offsets every `commit`, and when
 * partitions are revoked.
 *
 * Partitions come from the group's rebalances, or are assigned by hand: with deliver=each every
 * client's stream covers all partitions, split over the worker's connections when these are shared;
 * with deliver=share the pool's connections divide them by rank, and a partition is taken only
 * after its owner has released it. Worker's thread only, except the pool's list of members, which
 * is under its mutex. */
#if LOADTOP_HAVE_RDKAFKA
#include "backends/kafka/consume.h"

#include "backends/kafka/client.h"
#include "backends/kafka/conn_types.h"
#include "backends/kafka/handle.h"
#include "backends/kafka/produce.h"
#include "backends/kafka_base/conf.h"
#include "backends/kafka_base/error.h"
#include "backends/kafka_base/trouble.h"
#include "backends/kafka_base/types.h"
#include "engine/base/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BURSTS 16 /* bursts that are read in one turn at most */
#define REFILL_BYTES 131072
#define REFILL_MESSAGES 2500
#define LEAVE_NS (1500 * NS_PER_MS)

/* ---- opening ---- */

static rd_kafka_conf_t *consumer_conf(struct kafka_conn *kc, struct err *err)
{
    struct kafka_pool *kp = kc->pool;
    char words[256];
    rd_kafka_conf_t *conf = kafka_conf_new(kp, pool_target(kp->pool), kafka_opts(kp),
                                           pool_sender(kp->pool), RD_KAFKA_CONSUMER, err);
    bool hand = kc->trips || kafka_by_hand(kp);
    const char *from = option_str(kafka_opts(kp), K_FROM);
    const char *reset = kc->trips || strcmp(from, "latest") == 0 || (!*from && kp->own_group)
                            ? "latest"
                            : "earliest";
    if (conf &&
        (rd_kafka_conf_set(conf, "group.id", kp->group, words, sizeof words) ||
         rd_kafka_conf_set(conf, "auto.offset.reset", reset, words, sizeof words) ||
         (hand && rd_kafka_conf_set(conf, "enable.auto.commit", "false", words, sizeof words)) ||
         (kc->trips &&
          (rd_kafka_conf_set(conf, "enable.partition.eof", "true", words, sizeof words) ||
           rd_kafka_conf_set(conf, "fetch.error.backoff.ms", "10", words, sizeof words))))) {
        err_set(err, ERR_USAGE, "%s: %s", pool_target(kp->pool)->shown, words);
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    return conf;
}

static int begin(struct kafka_conn *kc)
{
    struct kafka_pool *kp = kc->pool;
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    if (!kc->trips && kafka_by_hand(kp)) {
        kafka_assign_by_hand(kc);
        return 0;
    }
    rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
    if (kc->trips) {
        kc->trip_partition =
            (int32_t)((worker_index(kc->worker->worker) + kc->conn->id) % (uint32_t)kp->partitions);
        rd_kafka_topic_partition_list_add(l, kp->topic, kc->trip_partition)->offset =
            RD_KAFKA_OFFSET_END;
        code = rd_kafka_assign(kc->consumer, l);
    } else {
        rd_kafka_topic_partition_list_add(l, kp->topic, RD_KAFKA_PARTITION_UA);
        code = rd_kafka_subscribe(kc->consumer, l);
    }
    rd_kafka_topic_partition_list_destroy(l);
    return (int)code;
}

int kafka_consumer_open(struct kafka_conn *kc, struct err *err)
{
    struct kafka_pool *kp = kc->pool;
    char words[256];
    rd_kafka_conf_t *conf = consumer_conf(kc, err);
    if (!conf)
        return -1;
    kc->own = calloc((size_t)kp->partitions, sizeof *kc->own);
    if (!kc->own) {
        rd_kafka_conf_destroy(conf);
        return err_set(err, ERR_FAILED, "%s: a consumer: out of memory", kp->shown);
    }
    for (int32_t p = 0; p < kp->partitions; p++) {
        atomic_store(&kc->own[p].taken, -1);
        kc->own[p].stored = -1;
    }
    kc->consumer = kafka_handle_new(kp, RD_KAFKA_CONSUMER, conf, words, sizeof words);
    if (!kc->consumer)
        return err_set(err, ERR_FAILED, "%s: a consumer: %s", kp->shown, words);
    rd_kafka_poll_set_consumer(kc->consumer); /* errors come through the same queue */
    kc->queue = rd_kafka_queue_get_consumer(kc->consumer);
    rd_kafka_queue_cb_event_enable(kc->queue, kafka_messages_cb, kc->signal);
    int code = begin(kc);
    if (code)
        return err_set(err, ERR_FAILED, "%s: a consumer: %s", pool_target(kp->pool)->shown,
                       rd_kafka_err2str((rd_kafka_resp_err_t)code));
    return 0;
}

/* ---- partitions ---- */

static void rank_partitions(struct kafka_conn *kc)
{
    kc->owned = 0;
    for (int32_t p = 0; p < kc->pool->partitions; p++)
        if (kc->own[p].assigned)
            kc->own[p].share = kc->owned++;
}

static void let_go(struct kafka_conn *kc, int32_t p)
{
    kafka_clients_forget(kc, p);
    kc->own[p].assigned = false;
    kc->own[p].pending = 0;
}

void kafka_offsets_store(struct kafka_conn *kc)
{
    if (!kc->consumer || kc->trips || kafka_by_hand(kc->pool))
        return;
    rd_kafka_topic_partition_list_t *l = NULL;
    for (int32_t p = 0; p < kc->pool->partitions; p++) {
        struct kafka_owned *o = &kc->own[p];
        int64_t taken = atomic_load_explicit(&o->taken, memory_order_relaxed);
        if (!o->assigned || taken < 0 || taken == o->stored)
            continue;
        if (!l)
            l = rd_kafka_topic_partition_list_new(8);
        rd_kafka_topic_partition_list_add(l, kc->pool->topic, p)->offset = taken;
        o->stored = taken;
    }
    if (!l)
        return;
    rd_kafka_offsets_store(kc->consumer, l);
    rd_kafka_topic_partition_list_destroy(l);
}

static void rebalance(struct kafka_conn *kc, rd_kafka_event_t *e)
{
    rd_kafka_topic_partition_list_t *l = rd_kafka_event_topic_partition_list(e);
    const char *protocol = rd_kafka_rebalance_protocol(kc->consumer);
    bool bit_by_bit = protocol && strcmp(protocol, "COOPERATIVE") == 0;
    bool gain = rd_kafka_event_error(e) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
    rd_kafka_error_t *error = NULL;
    if (!gain)
        kafka_offsets_store(kc);
    for (int i = l ? l->cnt - 1 : -1; i >= 0; i--) {
        int32_t p = l->elems[i].partition;
        /* ignore topics that only the coordinator lists */
        if (strcmp(l->elems[i].topic, kc->pool->topic) != 0) {
            rd_kafka_topic_partition_list_del_by_idx(l, i);
        } else if (p < 0 || p >= kc->pool->partitions) {
            continue;
        } else if (gain) {
            kc->own[p].assigned = true;
            kc->own[p].stored = -1;
            atomic_store_explicit(&kc->own[p].taken, -1, memory_order_relaxed);
        } else {
            let_go(kc, p);
        }
    }
    rank_partitions(kc);
    if (bit_by_bit)
        error = gain ? rd_kafka_incremental_assign(kc->consumer, l)
                     : rd_kafka_incremental_unassign(kc->consumer, l);
    else
        rd_kafka_assign(kc->consumer, gain ? l : NULL);
    if (error)
        rd_kafka_error_destroy(error);
    if (gain && kc->worker->paused)
        kafka_consumer_pause(kc, true);
    if (gain && l && l->cnt)
        atomic_fetch_add(&kc->pool->rebalances, 1);
}

/* The position to continue from with deliver=each: the earliest of the connection's clients. */
static int64_t each_position(const struct kafka_conn *kc, int32_t p)
{
    const struct kafka_worker *kw = kc->worker;
    const struct kafka_part *part = &kc->pool->part[p];
    int64_t at = -1;
    bool shared = kafka_shared(kw);
    for (uint32_t i = 0; i < kw->clients; i++) {
        int64_t next = kw->client[i]->track ? kw->client[i]->track[p].next_offset : -1;
        if ((shared || i == kc->conn->id) && next >= 0 && (at < 0 || next < at))
            at = next;
    }
    const char *from = option_str(kafka_opts(kc->pool), K_FROM);
    bool latest = !*from || strcmp(from, "latest") == 0;
    /* `end` may be a second old */
    if (at < 0)
        at = latest ? atomic_load(&part->end) : part->start;
    for (uint32_t i = 0; i < kw->clients; i++)
        if ((shared || i == kc->conn->id) && kw->client[i]->begun && kw->client[i]->begun[p] < 0)
            kw->client[i]->begun[p] = at;
    return at;
}

static bool each_wants(const struct kafka_conn *kc, int32_t p)
{
    const struct kafka_worker *kw = kc->worker;
    uint32_t k = kw->connections ? kw->connections : 1;
    if (kafka_shared(kw))
        return kc->conn->id < k && (uint32_t)p % k == kc->conn->id;
    return kc->conn->id < kw->clients;
}

static void member_join(struct kafka_conn *kc)
{
    struct kafka_conn **at = &kc->pool->member;
    while (*at)
        at = &(*at)->next_member;
    *at = kc;
    kc->next_member = NULL;
    kc->is_member = true;
    for (struct kafka_conn *m = kc->pool->member; m; m = m->next_member)
        if (m != kc) {
            atomic_store(&m->reassign, true);
            kafka_wake(m);
        }
}

static void member_leave(struct kafka_conn *kc)
{
    struct kafka_pool *kp = kc->pool;
    if (!kc->is_member)
        return;
    pthread_mutex_lock(&kp->mutex);
    struct kafka_conn **at = &kp->member;
    while (*at && *at != kc)
        at = &(*at)->next_member;
    if (*at)
        *at = kc->next_member;
    kc->is_member = false;
    for (int32_t p = 0; p < kp->partitions; p++)
        if (kp->part[p].owner == kc)
            kp->part[p].owner = NULL;
    for (struct kafka_conn *m = kp->member; m; m = m->next_member) {
        atomic_store(&m->reassign, true);
        kafka_wake(m);
    }
    pthread_mutex_unlock(&kp->mutex);
    atomic_fetch_add(&kp->rebalances, 1);
}

/* Under the pool's mutex: chooses this member's partitions and releases the others. */
static bool share_choose(struct kafka_conn *kc, bool *want)
{
    struct kafka_pool *kp = kc->pool;
    uint32_t rank = 0, members = 0;
    bool released = false;
    if (!kc->is_member)
        member_join(kc);
    for (struct kafka_conn *m = kp->member; m; m = m->next_member, members++)
        if (m == kc)
            rank = members;
    /* members includes this one, so it is at least 1; without members there are no shares */
    for (int32_t p = 0; members && p < kp->partitions; p++) {
        bool mine = (uint32_t)p % members == rank;
        /* the caller releases it, after it has stopped reading it */
        if (!mine && kp->part[p].owner == kc)
            released = true;
        want[p] = mine && (!kp->part[p].owner || kp->part[p].owner == kc);
        if (want[p])
            kp->part[p].owner = kc;
    }
    return released;
}

static void share_release(struct kafka_conn *kc, const bool *want)
{
    struct kafka_pool *kp = kc->pool;
    pthread_mutex_lock(&kp->mutex);
    for (int32_t p = 0; p < kp->partitions; p++)
        if (!want[p] && kp->part[p].owner == kc)
            kp->part[p].owner = NULL;
    for (struct kafka_conn *m = kp->member; m; m = m->next_member)
        if (m != kc) {
            atomic_store(&m->reassign, true);
            kafka_wake(m);
        }
    pthread_mutex_unlock(&kp->mutex);
}

static int64_t share_position(struct kafka_conn *kc, int32_t p)
{
    struct kafka_part *part = &kc->pool->part[p];
    pthread_mutex_lock(&part->mutex);
    int64_t at = part->track.next_offset >= 0 ? part->track.next_offset : part->start;
    pthread_mutex_unlock(&part->mutex);
    return at;
}

void kafka_assign_by_hand(struct kafka_conn *kc)
{
    struct kafka_pool *kp = kc->pool;
    bool each = kafka_each(kp), released = false;
    bool *want = calloc((size_t)kp->partitions, sizeof *want);
    if (!want || !kc->consumer || kc->trips || kc->closing) {
        free(want);
        return;
    }
    if (!each) {
        pthread_mutex_lock(&kp->mutex);
        released = share_choose(kc, want);
        pthread_mutex_unlock(&kp->mutex);
    }
    /* When changing between separate and shared consumers, clients have different positions:
     * restart at the earliest of the clients served now; clients skip messages that they have
     * already had. */
    bool restart = each && kc->shared != kafka_shared(kc->worker);
    kc->shared = kafka_shared(kc->worker);
    rd_kafka_topic_partition_list_t *gain = rd_kafka_topic_partition_list_new(8);
    rd_kafka_topic_partition_list_t *lose = rd_kafka_topic_partition_list_new(8);
    for (int32_t p = 0; p < kp->partitions; p++) {
        if (each)
            want[p] = each_wants(kc, p);
        if (kc->own[p].assigned && (restart || !want[p])) {
            rd_kafka_topic_partition_list_add(lose, kp->topic, p);
            let_go(kc, p);
        }
        if (want[p] && !kc->own[p].assigned) {
            rd_kafka_topic_partition_list_add(gain, kp->topic, p)->offset =
                each ? each_position(kc, p) : share_position(kc, p);
            kc->own[p].assigned = true;
        }
    }
    rank_partitions(kc);
    rd_kafka_error_t *error = lose->cnt ? rd_kafka_incremental_unassign(kc->consumer, lose) : NULL;
    if (!error && gain->cnt)
        error = rd_kafka_incremental_assign(kc->consumer, gain);
    if (error) {
        const char *why = rd_kafka_error_string(error);
        char said[128];
        pool_event(kp->pool, "assigning partitions: %s",
                   secret_said(said, sizeof said, why, strlen(why)));
        rd_kafka_error_destroy(error);
    }
    if (gain->cnt && kc->worker->paused)
        kafka_consumer_pause(kc, true);
    if (released)
        share_release(kc, want);
    rd_kafka_topic_partition_list_destroy(gain);
    rd_kafka_topic_partition_list_destroy(lose);
    free(want);
}

/* ---- reading ---- */

/* An error of the topic or the group concerns this consumer; a broker error is reported once for
 * the whole pool. */
static void consumer_error(struct kafka_conn *kc, rd_kafka_resp_err_t code, const char *reason)
{
    char said[192];
    switch (code) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        /* reads from the end, so it misses nothing that is sent from now on */
        if (kc->trips)
            conn_up(kc->conn);
        return;
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__SSL:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
        kafka_trouble(kc->pool, code, reason);
        return;
    case RD_KAFKA_RESP_ERR__FATAL:
        conn_down(kc->conn, "fatal", "%s", secret_said(said, sizeof said, reason, strlen(reason)));
        return;
    default:
        kafka_strain(kc->pool, code);
        kafka_error_text(code, reason, said, sizeof said);
        op_received_error(kc->conn, KAFKA_CONSUME, kafka_error_class(code), said, strlen(said));
    }
}

static void other_event(struct kafka_conn *kc, rd_kafka_event_t *e)
{
    if (rd_kafka_event_type(e) == RD_KAFKA_EVENT_REBALANCE)
        rebalance(kc, e);
    else if (rd_kafka_event_type(e) == RD_KAFKA_EVENT_ERROR)
        consumer_error(kc, rd_kafka_event_error(e), rd_kafka_event_error_string(e));
    rd_kafka_event_destroy(e);
}

/* Polls the queue once. True: entry n of the connection's arrays has a message, or NULL if the
 * event was handled here. False: nothing, or another kind of event in *other. */
static bool poll_queue(struct kafka_conn *kc, uint32_t n, rd_kafka_event_t **other)
{
    rd_kafka_event_t *e = rd_kafka_queue_poll(kc->queue, 0);
    if (!e)
        return false;
    const rd_kafka_message_t *m = NULL;
    kc->message[n] = NULL;
    if (rd_kafka_event_type(e) == RD_KAFKA_EVENT_FETCH)
        m = rd_kafka_event_message_next(e);
    if (!m) {
        *other = e;
        return false;
    }
    if (!m->err && !kc->trips && m->partition >= 0 && m->partition < kc->pool->partitions &&
        m->offset >= 0 && m->offset < KAFKA_OFFSET_MAX && kc->own[m->partition].assigned) {
        kc->event[n] = e;
        kc->message[n] = m;
        return true;
    }
    if (m->err)
        consumer_error(kc, m->err, m->payload);
    else if (kc->trips)
        kafka_trip_message(kc, m);
    rd_kafka_event_destroy(e);
    return true;
}

/* The next message: a returned one, or from the queue. */
static bool next_message(struct kafka_conn *kc, uint32_t n, rd_kafka_event_t **other)
{
    struct kafka_message *back = kc->back;
    if (back) {
        kc->back = back->next;
        if (!kc->back)
            kc->back_last = NULL;
        kc->event[n] = back->event;
        kc->message[n] = back->m;
        back->next = kc->worker->spare;
        kc->worker->spare = back;
        return true;
    }
    return poll_queue(kc, n, other);
}

/* While paused no messages are taken, but the queue must be polled to stay in the group: messages
 * are kept for later. */
static void read_paused(struct kafka_conn *kc)
{
    for (unsigned i = 0; i < KAFKA_BURST && !kc->closing; i++) {
        rd_kafka_event_t *other = NULL;
        bool something = poll_queue(kc, 0, &other);
        if (other)
            other_event(kc, other);
        else if (!something)
            return;
        else if (kc->message[0])
            kafka_keep(kc, kc->event[0], kc->message[0]);
    }
}

/* After a quarter of a full queue was read, lets librdkafka fill it again. */
static void refill(struct kafka_conn *kc, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        kc->read_bytes += kc->message[i]->len;
    kc->read_messages += n;
    if (kc->read_bytes < REFILL_BYTES && kc->read_messages < REFILL_MESSAGES)
        return;
    kc->read_bytes = kc->read_messages = 0;
    if (kafka_fetch_sleeps())
        kafka_fetch_wake(kc->pool, kc->consumer);
}

void kafka_consumer_read(struct kafka_conn *kc)
{
    struct kafka_worker *kw = kc->worker;
    struct loop *loop = worker_loop(kw->worker);
    uint64_t arrived = atomic_exchange(&kc->signal->arrived_ns, 0), begun = loop_refresh(loop);
    if (kc->stalled)
        kw->stalled--;
    kc->stalled = kc->more = false;
    if (atomic_exchange(&kc->reassign, false))
        kafka_assign_by_hand(kc);
    if (kw->paused && !kc->trips) {
        read_paused(kc);
        return;
    }
    for (unsigned burst = 0; burst < BURSTS && !kc->closing; burst++) {
        uint32_t room = kafka_clients_room(kc), n = 0, looked = 0;
        rd_kafka_event_t *other = NULL;
        bool empty = false;
        if (!room) {
            kc->stalled = true;
            kw->stalled++;
            break;
        }
        while (n < room && looked++ < KAFKA_BURST && !empty && !other) {
            empty = !next_message(kc, n, &other);
            if (!empty && kc->message[n])
                n++;
        }
        if (n) {
            refill(kc, n);
            kafka_dispatch(kc, n, arrived);
        }
        arrived = 0;
        if (other)
            other_event(kc, other);
        else if (empty)
            break;
        kc->more = burst == BURSTS - 1;
    }
    kw->sums.busy_ns += loop_refresh(loop) - begun;
}

/* ---- the end ---- */

bool kafka_consumer_leave(struct kafka_conn *kc)
{
    if (!kc->consumer)
        return true;
    uint64_t now = loop_now(worker_loop(kc->worker->worker));
    if (!kc->close_by_ns) {
        kc->close_by_ns = now + LEAVE_NS;
        kafka_offsets_store(kc);
        kafka_clients_forget(kc, -1);
        member_leave(kc);
        if (kc->trips || kafka_by_hand(kc->pool))
            return true;
        kc->closing_queue = rd_kafka_queue_new(kc->consumer);
        rd_kafka_queue_cb_event_enable(kc->closing_queue, kafka_reports_cb, kc->signal);
        rd_kafka_error_t *error = rd_kafka_consumer_close_queue(kc->consumer, kc->closing_queue);
        if (error) {
            rd_kafka_error_destroy(error);
            return true;
        }
    }
    for (rd_kafka_event_t *e;
         kc->closing_queue && (e = rd_kafka_queue_poll(kc->closing_queue, 0));) {
        if (rd_kafka_event_type(e) == RD_KAFKA_EVENT_REBALANCE)
            rd_kafka_assign(kc->consumer, NULL);
        rd_kafka_event_destroy(e);
    }
    return !kc->closing_queue || rd_kafka_consumer_closed(kc->consumer) || now >= kc->close_by_ns;
}

#endif
