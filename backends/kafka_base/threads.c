/* The CPU of librdkafka's threads. A handle has a main thread and one for each broker, which send
 * and receive: if one of them is fully busy, the generator is the bottleneck, even if the worker is
 * idle. librdkafka calls an interceptor on each thread when it starts and ends; in between its CPU
 * clock can be read from any thread. */
#include "backends/kafka_base/options.h"

#if LOADTOP_HAVE_RDKAFKA

#include "backends/kafka_base/threads.h"

#include "backends/kafka_base/types.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

struct kafka_thread {
    struct kafka_thread *next;
    pthread_t self;
    clockid_t clock;
    uint64_t seen_ns; /* CPU time of the thread at the last call */
};

static rd_kafka_resp_err_t thread_starts(rd_kafka_t *rk, rd_kafka_thread_type_t type,
                                         const char *name, void *opaque)
{
    struct kafka_pool *kp = opaque;
    struct kafka_thread *t = calloc(1, sizeof *t);
    (void)rk, (void)type, (void)name;
    if (!t || pthread_getcpuclockid(pthread_self(), &t->clock)) {
        free(t);
        /* out of memory: the thread is not counted, which is harmless */
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    t->self = pthread_self();
    pthread_mutex_lock(&kp->threads_mutex);
    t->next = kp->thread;
    kp->thread = t;
    pthread_mutex_unlock(&kp->threads_mutex);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t thread_ends(rd_kafka_t *rk, rd_kafka_thread_type_t type,
                                       const char *name, void *opaque)
{
    struct kafka_pool *kp = opaque;
    struct kafka_thread *t = NULL;
    (void)rk, (void)type, (void)name;
    pthread_mutex_lock(&kp->threads_mutex);
    for (struct kafka_thread **at = &kp->thread; *at; at = &(*at)->next)
        if (pthread_equal((*at)->self, pthread_self())) {
            t = *at;
            *at = t->next;
            break;
        }
    pthread_mutex_unlock(&kp->threads_mutex);
    free(t);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

void kafka_threads_watch(struct kafka_pool *kp, rd_kafka_t *rk)
{
    if (!rd_kafka_interceptor_add_on_thread_exit(rk, "loadtop", thread_ends, kp))
        rd_kafka_interceptor_add_on_thread_start(rk, "loadtop", thread_starts, kp);
}

double kafka_threads_busiest(struct kafka_pool *kp)
{
    double busiest = NAN;
    pthread_mutex_lock(&kp->threads_mutex);
    uint64_t now = clock_ns(), before = kp->threads_seen_ns;
    for (struct kafka_thread *t = kp->thread; t; t = t->next) {
        struct timespec ts;
        if (clock_gettime(t->clock, &ts))
            continue;
        uint64_t cpu = (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
        if (before && now > before)
            busiest = fmax(busiest, (double)(cpu - t->seen_ns) / (double)(now - before));
        t->seen_ns = cpu;
    }
    kp->threads_seen_ns = now;
    pthread_mutex_unlock(&kp->threads_mutex);
    return busiest > 1 ? 1 : busiest; /* NaN stays */
}

#endif
