/* Kafka on librdkafka: the descriptor, and the life of a worker and of a connection.
 *
 * See kafka_base/types.h for an overview. A connection is up as soon as its handles exist (the pool
 * has contacted the cluster before), except for end to end, where it is up when its consumer reads
 * from the end. librdkafka reconnects by itself: while no broker answers, the connection is in
 * trouble, not down. Destroying a handle blocks, so a helper thread does it (handle.c), and the
 * connection is closed when that is done. */
#include "backends/kafka_base/options.h"
#include "backends/kafka_base/properties.h"
#include "backends/registry.h"
#include "engine/backend.h"

#include <stddef.h>

#if LOADTOP_HAVE_RDKAFKA

#include "backends/kafka/clean.h"
#include "backends/kafka/client.h"
#include "backends/kafka/conn_types.h"
#include "backends/kafka/consume.h"
#include "backends/kafka/handle.h"
#include "backends/kafka/pool.h"
#include "backends/kafka/produce.h"
#include "backends/kafka/stats.h"
#include "backends/kafka/sums.h"
#include "backends/kafka_base/admin.h"
#include "backends/kafka_base/conf.h"
#include "backends/kafka_base/mock.h"
#include "backends/kafka_base/trouble.h"
#include "backends/kafka_base/types.h"
#include "engine/base/text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TICK_NS (250 * NS_PER_MS)
#define LEAVE_CHECK_NS (20 * NS_PER_MS)

/* ---- the end of a connection ---- */

static void connection_over(struct kafka_conn *kc)
{
    struct conn *c = kc->conn;
    struct loop *loop = worker_loop(c->worker);
    loop_alarm(loop, &kc->leaving, NS_NEVER);
    loop_unwatch(loop, &kc->watch);
    kafka_signal_drop(kc->signal);
    free(kc->own);
    free(kc->seq);
    free(kc->trip);
    memset(kc, 0, sizeof *kc);
    conn_closed(c);
}

static void leave(struct kafka_conn *kc)
{
    struct loop *loop = worker_loop(kc->conn->worker);
    if (kc->reaping)
        return;
    if (kafka_consumer_leave(kc))
        kafka_handles_destroy(kc);
    else
        loop_alarm(loop, &kc->leaving, loop_now(loop) + LEAVE_CHECK_NS);
}

static void leaving_fire(struct alarm *a)
{
    leave((struct kafka_conn *)(void *)((char *)a - offsetof(struct kafka_conn, leaving)));
}

static void kafka_close(struct conn *c)
{
    struct kafka_conn *kc = conn_data(c);
    if (kc->closing)
        return;
    kc->conn = c;
    kc->closing = true;
    if (kc->stalled)
        kc->worker->stalled--;
    kc->stalled = false;
    if (!kc->producer && !kc->consumer) {
        connection_over(kc);
        return;
    }
    leave(kc);
}

/* ---- workers ---- */

/* The lag of the slowest client (deliver=each). A client without messages is where its connection
 * began. */
static double slowest_lag(const struct kafka_worker *kw)
{
    double worst = kw->clients ? 0 : (double)NAN;
    for (uint32_t i = 0; i < kw->clients && kafka_each(kw->pool); i++) {
        double lag = 0;
        for (int32_t p = 0; p < kw->pool->partitions; p++) {
            const struct kafka_part *part = &kw->pool->part[p];
            int64_t end = atomic_load_explicit(&part->end, memory_order_relaxed);
            int64_t next = kw->client[i]->track[p].next_offset;
            if (next < 0)
                next = kw->client[i]->begun[p];
            lag += next >= 0 && end > next ? (double)(end - next) : 0;
        }
        worst = lag > worst ? lag : worst;
    }
    return worst;
}

static void publish(struct kafka_worker *kw)
{
    struct kafka_pool *kp = kw->pool;
    struct kafka_sums sums = kw->sums;
    kafka_clients_sum(kw, loop_now(worker_loop(kw->worker)), &sums);
    /* the next one will do */
    if (pthread_mutex_trylock(&kp->workers.mutex))
        return;
    kw->shown = (struct kafka_totals){.sums = sums,
                                      .clients = kw->clients,
                                      .connections = kw->connections,
                                      .workers = 1,
                                      .lag = slowest_lag(kw)};
    pthread_mutex_unlock(&kp->workers.mutex);
}

static void trouble(struct kafka_conn *kc, bool troubled)
{
    char text[sizeof kc->pool->trouble];
    if (kc->down == troubled)
        return;
    kc->down = troubled;
    if (troubled) {
        pthread_mutex_lock(&kc->pool->mutex);
        copy_str(text, sizeof text, kc->pool->trouble);
        pthread_mutex_unlock(&kc->pool->mutex);
        conn_trouble(kc->conn, "%s", text);
    } else {
        conn_trouble(kc->conn, NULL);
    }
}

/* Closes a connection whose brokers belong to another cluster than the pool's. */
static bool wrong_cluster(struct kafka_conn *kc)
{
    struct kafka_pool *kp = kc->pool;
    char id[128] = "another one";
    bool same = !atomic_load(&kp->other_cluster);
    if (same && kc->producer)
        same = kafka_same_cluster(kp, kc->producer, id, sizeof id);
    if (same && kc->consumer)
        same = kafka_same_cluster(kp, kc->consumer, id, sizeof id);
    if (!same)
        conn_down(kc->conn, "other_cluster",
                  "%s: cluster %s answers there, and the pool was opened on %.100s", kp->shown, id,
                  kp->cluster);
    return !same;
}

static void tick_fire(struct alarm *a)
{
    struct kafka_worker *kw =
        (struct kafka_worker *)(void *)((char *)a - offsetof(struct kafka_worker, tick));
    struct loop *loop = worker_loop(kw->worker);
    kafka_trouble_check(kw->pool);
    bool troubled = atomic_load(&kw->pool->troubled), poll = ++kw->ticks % 4 == 0;
    loop_alarm(loop, a, loop_now(loop) + TICK_NS);
    for (uint32_t i = 0; i < kw->connections; i++) {
        struct kafka_conn *kc = kafka_conn_at(kw, i);
        if (!kc || !kc->signal || kc->closing || wrong_cluster(kc))
            continue;
        trouble(kc, troubled);
        kafka_offsets_store(kc);
        if (kc->trip_first < kc->trip_next)
            kafka_trip_expire(kc);
        /* keep polling, because a group removes members that do not poll */
        if (poll)
            kafka_wake(kc);
    }
    publish(kw);
}

static void kafka_tune(struct worker *w)
{
    struct kafka_worker *kw = worker_data(w);
    uint32_t before = kw->connections;
    bool consumed = kw->consumes;
    kw->tuned = true;
    if (kw->tick.due_ns == NS_NEVER)
        loop_alarm(worker_loop(w), &kw->tick, loop_now(worker_loop(w)) + TICK_NS);
    kafka_clients_tune(kw);
    uint32_t most = kw->connections > before ? kw->connections : before;
    for (uint32_t i = 0; i < most; i++) {
        struct kafka_conn *kc = kafka_conn_at(kw, i);
        if (!kc || !kc->signal || kc->closing)
            continue;
        struct err err = {0};
        if (kw->consumes && !consumed && !kc->consumer && kafka_consumer_open(kc, &err) < 0) {
            conn_down(kc->conn, "handle", "%s", err.msg);
            continue;
        }
        if (kc->consumer && !kc->trips && kafka_each(kw->pool))
            kafka_assign_by_hand(kc);
    }
}

static int kafka_worker_open(struct worker *w, struct err *err)
{
    struct kafka_worker *kw = worker_data(w);
    (void)err;
    kw->worker = w;
    kw->pool = pool_data(worker_pool(w));
    kw->tick.due_ns = NS_NEVER;
    kw->tick.fire = tick_fire;
    kw->started_ns = clock_ns();
    kw->shown = (struct kafka_totals){.workers = 1};
    workers_join(&kw->pool->workers, &kw->entry);
    return 0;
}

static void kafka_worker_close(struct worker *w)
{
    struct kafka_worker *kw = worker_data(w);
    struct kafka_pool *kp = kw->pool;
    loop_alarm(worker_loop(w), &kw->tick, NS_NEVER);
    kafka_clients_free(kw);
    kafka_payload_free(kw);
    kafka_show_ended(kw);
    workers_leave(&kp->workers, &kw->entry);
}

/* ---- the life of a connection ---- */

static void conn_ready(struct watch *w, uint32_t events)
{
    struct kafka_conn *kc =
        (struct kafka_conn *)(void *)((char *)w - offsetof(struct kafka_conn, watch));
    uint64_t count;
    (void)events;
    while (read(kc->signal->fd, &count, sizeof count) < 0 && errno == EINTR)
        ;
    if (atomic_load(&kc->signal->destroyed)) {
        connection_over(kc);
        return;
    }
    if (kc->closing) {
        leave(kc);
        return;
    }
    kc->more_reports = false;
    if (kc->producer)
        kafka_reports_read(kc);
    if (kc->consumer && !kc->closing)
        kafka_consumer_read(kc);
    if (!kc->closing && (kc->more || kc->more_reports))
        kafka_wake(kc);
}

static int kafka_open(struct conn *c, struct err *err)
{
    struct kafka_conn *kc = conn_data(c);
    struct kafka_pool *kp = pool_data(worker_pool(c->worker));
    bool trips = pool_ops_include(kp->pool, KAFKA_E2E);
    bool consumes = pool_ops_include(kp->pool, KAFKA_CONSUME);
    memset(kc, 0, sizeof *kc);
    kc->conn = c;
    kc->worker = worker_data(c->worker);
    kc->pool = kp;
    kc->watch.fd = -1;
    kc->leaving.due_ns = NS_NEVER;
    kc->leaving.fire = leaving_fire;
    kc->trips = trips;
    if (!kc->worker->tuned)
        kafka_tune(c->worker);
    if (atomic_load(&kp->other_cluster))
        return err_set(err, ERR_UNREACHED, "%s: another cluster than %.100s answers there",
                       kp->shown, kp->cluster);
    if (trips && consumes)
        return err_set(err, ERR_USAGE,
                       "ops: e2e reads back its own messages; use another pool to consume");
    kc->signal = kafka_signal_new();
    if (!kc->signal)
        return err_set(err, ERR_FAILED, "kafka: a descriptor: %s%s", strerror(errno),
                       err_descriptor_advice(errno));
    if (loop_watch(worker_loop(c->worker), &kc->watch, kc->signal->fd, EPOLLIN) < 0)
        return err_set(err, ERR_FAILED, "kafka: watching a descriptor: %s", strerror(errno));
    kc->watch.ready = conn_ready;
    if ((trips || pool_ops_include(kp->pool, KAFKA_PRODUCE)) && kafka_producer_open(kc, err) < 0)
        return -1;
    if ((trips || consumes) && kafka_consumer_open(kc, err) < 0)
        return -1;
    if (!trips)
        conn_up(c);
    return 0;
}

/* ---- the descriptor ---- */

static uint32_t kafka_depth(const struct options *o, const double *weight, uint32_t client_depth)
{
    (void)o;
    return weight[KAFKA_CONSUME] > 0 ? client_depth : CONN_DEPTH_UNBOUNDED;
}

static int kafka_check(const struct target *t, const struct options *o, struct err *err)
{
    const char *topic = t->path[0] == '/' ? t->path + 1 : t->path;
    size_t len = strspn(topic, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
    if (!t->hosts)
        return err_set(err, ERR_USAGE, "%s: a host is missing: kafka://localhost:9092/topic",
                       t->shown);
    if (!*topic)
        return err_set(err, ERR_USAGE, "%s: a topic is missing: kafka://localhost:9092/topic",
                       t->shown);
    if (topic[len] || len > 249 || strcmp(topic, ".") == 0 || strcmp(topic, "..") == 0)
        return err_set(
            err, ERR_USAGE,
            "%s: '%.60s' is not the name of a topic (letters, digits, '.', '_', '-', at most 249)",
            t->shown, topic);
    if (strlen(option_str(o, K_GROUP)) > KAFKA_GROUP_MOST)
        return err_set(err, ERR_USAGE, "group=%.40s...: longer than %d bytes",
                       option_str(o, K_GROUP), KAFKA_GROUP_MOST);
    if (!kafka_from_valid(option_str(o, K_FROM)))
        return err_set(err, ERR_USAGE,
                       "from=%.60s: allowed are earliest, latest, group, a time "
                       "(2026-01-31T12:00:00Z) or an age (10m)",
                       option_str(o, K_FROM));
    if (strcmp(option_str(o, K_FROM), "group") == 0 && !*option_str(o, K_GROUP))
        return err_set(err, ERR_USAGE, "from=group: which one? name it with group=NAME");
    if (option_u64(o, K_DELIVER) == DELIVER_EACH && option_u64(o, K_ASSIGN) == ASSIGN_GROUP)
        return err_set(err, ERR_USAGE,
                       "assign=group: a group gives each message to one of its members; with "
                       "deliver=each use assign=hand");
    return kafka_conf_check(t, o, err);
}

#endif

const struct backend backend_kafka = {
    .name = "kafka",
    .summary = "Kafka through librdkafka: producers, consumers (own or shared), end to end",
    .schemes = "kafka",
    .url_forms =
        "kafka://[USER:PASS@]HOST[:9092][,HOST...]/TOPIC, TLS by kafka.security.protocol=ssl",
    .example = "kafka://localhost:9092/topic?ops=produce&depth=100&pattern=chain",
    .default_port = 9092,
    .options = kafka_options,
    .properties = &kafka_properties,
    .ops = kafka_ops,
#if !LOADTOP_HAVE_RDKAFKA
    .unavailable = "built without librdkafka: install librdkafka-dev and build again",
#else
    .connections = "one for each thread that produces, one for each client that consumes",
    .flags = BACKEND_TIMEOUTS,
    .pool_size = sizeof(struct kafka_pool),
    .worker_size = sizeof(struct kafka_worker),
    .conn_size = sizeof(struct kafka_conn),
    .check = kafka_check,
    .pool_open = kafka_pool_open,
    .pool_stats = kafka_pool_stats,
    .pool_close = kafka_pool_close,
    .clean = kafka_clean,
    .demo = kafka_demo,
    .depth = kafka_depth,
    .worker_open = kafka_worker_open,
    .worker_close = kafka_worker_close,
    .tune = kafka_tune,
    .fill = kafka_fill,
    .data_bytes = kafka_data_bytes,
    .open = kafka_open,
    .submit = kafka_submit,
    .close = kafka_close,
#endif
};
