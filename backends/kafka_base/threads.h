/* The CPU of librdkafka's own threads. */
#ifndef LOADTOP_BACKENDS_KAFKA_BASE_THREADS_H
#define LOADTOP_BACKENDS_KAFKA_BASE_THREADS_H

#include <librdkafka/rdkafka.h>

struct kafka_pool;

/* Tracks the threads of a handle that is being created. */
void kafka_threads_watch(struct kafka_pool *, rd_kafka_t *);
/* The CPU share (0..1) of librdkafka's busiest thread since the last call; NaN: not known yet. The
 * pool's thread. */
double kafka_threads_busiest(struct kafka_pool *);

#endif
