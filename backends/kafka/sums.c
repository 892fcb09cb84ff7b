/* What clients met, summed over the workers of a pool. */
#if LOADTOP_HAVE_RDKAFKA
#include "backends/kafka/sums.h"

#include "backends/kafka/conn_types.h"

void kafka_sums_add(struct kafka_sums *to, const struct kafka_sums *from)
{
    to->wait_ns += from->wait_ns;
    to->handle_ns += from->handle_ns;
    to->thread_ns += from->thread_ns;
    to->alloc_ns += from->alloc_ns;
    to->free_ns += from->free_ns;
    to->busy_ns += from->busy_ns;
    to->messages += from->messages;
    to->bytes += from->bytes;
    track_counts_add(&to->order, &from->order);
}

void kafka_sums_total(struct kafka_pool *kp, struct kafka_sums *total, unsigned *clients,
                      unsigned *connections, unsigned *workers)
{
    pthread_mutex_lock(&kp->mutex);
    *total = kp->ended;
    *clients = *connections = *workers = 0;
    for (struct kafka_worker *kw = kp->worker; kw; kw = kw->next, ++*workers) {
        kafka_sums_add(total, &kw->shown);
        *clients += kw->shown_clients;
        *connections += kw->shown_connections;
    }
    pthread_mutex_unlock(&kp->mutex);
}

#endif
