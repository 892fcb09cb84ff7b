/* Sums of the clients' counters over the workers of a pool. */
#if LOADTOP_HAVE_RDKAFKA
#include "backends/kafka/sums.h"

#include "backends/kafka/conn_types.h"

#include <math.h>

static void kafka_sums_add(struct kafka_sums *to, const struct kafka_sums *from)
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

void kafka_count(void *sum, const struct workers_entry *entry)
{
    struct kafka_totals *t = sum;
    const struct kafka_totals *shown = &((const struct kafka_worker *)(const void *)entry)->shown;
    kafka_sums_add(&t->sums, &shown->sums);
    t->clients += shown->clients;
    t->connections += shown->connections;
    t->workers += shown->workers;
    if (!isnan(shown->lag))
        t->lag = fmax(isnan(t->lag) ? 0 : t->lag, shown->lag);
}

void kafka_show_ended(struct kafka_worker *kw)
{
    pthread_mutex_lock(&kw->pool->workers.mutex);
    kw->shown = (struct kafka_totals){.sums = kw->sums, .lag = NAN};
    pthread_mutex_unlock(&kw->pool->workers.mutex);
}

#endif
