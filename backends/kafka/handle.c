/* The librdkafka handles of a connection: waking the worker, pausing, and destruction.
 *
 * librdkafka's threads access a reference-counted struct kafka_signal, not the connection.
 * Destroying a handle blocks, so a helper thread does it and then fires the signal. */
#if LOADTOP_HAVE_RDKAFKA
#include "backends/kafka/handle.h"

#include "backends/kafka/conn_types.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define REAPER_STACK 131072

/* ---- waking and pausing ---- */

struct kafka_signal *kafka_signal_new(void)
{
    struct kafka_signal *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    atomic_store(&s->refs, 1);
    if (s->fd >= 0)
        return s;
    free(s);
    return NULL;
}

void kafka_signal_drop(struct kafka_signal *s)
{
    if (!s || atomic_fetch_sub(&s->refs, 1) != 1)
        return;
    close(s->fd);
    free(s);
}

static void signal_fire(struct kafka_signal *s)
{
    uint64_t one = 1;
    while (write(s->fd, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

void kafka_reports_cb(rd_kafka_t *rk, void *opaque)
{
    (void)rk;
    signal_fire(opaque);
}

void kafka_messages_cb(rd_kafka_t *rk, void *opaque)
{
    struct kafka_signal *s = opaque;
    uint64_t none = 0;
    (void)rk;
    atomic_compare_exchange_strong(&s->arrived_ns, &none, clock_ns());
    signal_fire(s);
}

void kafka_wake(struct kafka_conn *kc)
{
    if (kc->signal)
        signal_fire(kc->signal);
}

void kafka_consumer_pause(struct kafka_conn *kc, bool paused)
{
    if (!kc->consumer || kc->trips || kc->closing)
        return;
    rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(8);
    for (int32_t p = 0; p < kc->pool->partitions; p++)
        if (kc->own[p].assigned)
            rd_kafka_topic_partition_list_add(l, kc->pool->topic, p);
    if (l->cnt && paused)
        rd_kafka_pause_partitions(kc->consumer, l);
    else if (l->cnt)
        rd_kafka_resume_partitions(kc->consumer, l);
    rd_kafka_topic_partition_list_destroy(l);
}

/* ---- the end of handles ---- */

struct destroy_job {
    rd_kafka_t *handle[2];
    rd_kafka_queue_t *queue[3];
    rd_kafka_topic_t *topic;
    struct kafka_signal *signal;
    struct kafka_pool *pool;
};

static void *destroy_main(void *arg)
{
    struct destroy_job *g = arg;
    for (unsigned i = 0; i < 3; i++)
        if (g->queue[i])
            rd_kafka_queue_destroy(g->queue[i]);
    if (g->topic)
        rd_kafka_topic_destroy(g->topic);
    if (g->handle[0])
        rd_kafka_purge(g->handle[0], RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    for (unsigned i = 0; i < 2; i++)
        if (g->handle[i])
            rd_kafka_destroy_flags(g->handle[i], RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    atomic_store(&g->signal->destroyed, true);
    signal_fire(g->signal);
    kafka_signal_drop(g->signal);
    atomic_fetch_sub(&g->pool->dying, 1); /* the pool may be gone after this */
    free(g);
    return NULL;
}

void kafka_handles_destroy(struct kafka_conn *kc)
{
    struct destroy_job *g = calloc(1, sizeof *g);
    /* a few pointers */
    if (!g)
        abort();
    *g = (struct destroy_job){{kc->producer, kc->consumer},
                              {kc->reports, kc->queue, kc->closing_queue},
                              kc->topic,
                              kc->signal,
                              kc->pool};
    rd_kafka_queue_t *const *q = g->queue;
    for (unsigned i = 0; i < 3; i++)
        if (q[i])
            rd_kafka_queue_cb_event_enable(q[i], NULL, NULL);
    atomic_fetch_add(&kc->signal->refs, 1);
    atomic_fetch_add(&kc->pool->dying, 1);
    kc->reaping = true;
    pthread_attr_t attr;
    pthread_t thread;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, REAPER_STACK);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    /* no thread available: destroy it here, which blocks */
    if (pthread_create(&thread, &attr, destroy_main, g))
        destroy_main(g);
    pthread_attr_destroy(&attr);
}

#endif
