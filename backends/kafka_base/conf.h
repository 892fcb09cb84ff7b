/* librdkafka's configuration, and creation of handles. */
#ifndef LOADTOP_BACKENDS_KAFKA_BASE_CONF_H
#define LOADTOP_BACKENDS_KAFKA_BASE_CONF_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>

struct err;
struct kafka_pool;
struct options;
struct target;

/* Checks each kafka.PROPERTY separately with librdkafka. ERR_USAGE with its message. */
int kafka_conf_check(const struct target *, const struct options *, struct err *);
/* Checks the combination of properties and the target's user by creating handles that do not
 * connect. ERR_USAGE with librdkafka's message. */
int kafka_conf_try(struct kafka_pool *, struct err *);
/* A configuration for a producer or a consumer; the caller owns it. NULL and err. sender:
 * client.id. kp: the pool whose connections are checked (connect_to); NULL: no handle is created
 * with it. */
rd_kafka_conf_t *kafka_conf_new(struct kafka_pool *kp, const struct target *,
                                const struct options *, const char *sender, rd_kafka_type_t,
                                struct err *);
/* Like rd_kafka_new, but watches the handle's threads and connections. Takes ownership of conf,
 * even on failure. */
rd_kafka_t *kafka_handle_new(struct kafka_pool *, rd_kafka_type_t, rd_kafka_conf_t *conf,
                             char *words, size_t size);
/* Extracts the host from a broker name: "host:9092", "[::1]:9092", "::1:9092". False: the name may
 * be incomplete, because librdkafka truncates long names and connects to the truncated one. */
bool kafka_broker_host(const char *id, char *host, size_t size);
/* True for librdkafka versions without fetch.queue.backoff.ms: their broker thread sleeps for up
 * to 1 s when a consumer's queue is full, and emptying the queue does not wake it. A consumer
 * with a small queue and a slow client would be throttled to one queue per second and seem to
 * fall behind. */
bool kafka_fetch_sleeps(void);
/* Wakes the broker threads of a handle by setting its credentials again, the only call of
 * librdkafka that wakes them without blocking and without a request. */
void kafka_fetch_wake(struct kafka_pool *, rd_kafka_t *);

#endif
