/* librdkafka's configuration, and the handles that are made with it. */
#ifndef LOADTOP_BACKENDS_KAFKA_BASE_CONF_H
#define LOADTOP_BACKENDS_KAFKA_BASE_CONF_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>

struct err;
struct kafka_pool;
struct options;
struct target;

/* Checks every kafka.PROPERTY with librdkafka, each for itself. ERR_USAGE with its words. */
int kafka_conf_check(const struct target *, const struct options *, struct err *);
/* Do they fit together, and with the target's user? Makes handles that connect to nothing.
 * ERR_USAGE with librdkafka's words. */
int kafka_conf_try(struct kafka_pool *, struct err *);
/* A configuration for a producer or a consumer; the caller owns it. NULL and err.
 * sender: client.id. kp: whose connections are asked about (connect_to); NULL: no
 * handle is made with it. */
rd_kafka_conf_t *kafka_conf_new(struct kafka_pool *kp, const struct target *,
                                const struct options *, const char *sender, rd_kafka_type_t,
                                struct err *);
/* As rd_kafka_new, with the handle's threads and links watched. Takes conf, whether it fails or
 * not. */
rd_kafka_t *kafka_handle_new(struct kafka_pool *, rd_kafka_type_t, rd_kafka_conf_t *conf,
                             char *words, size_t size);
/* The host of what librdkafka connects to: "host:9092", "[::1]:9092", "::1:9092". False: it is not
 * to be had whole, for librdkafka cuts a long one, and connects to what is left of it. */
bool kafka_broker_host(const char *id, char *host, size_t size);
/* Where fetch.queue.backoff.ms is not known, librdkafka's broker thread sleeps for up to 1 s once a
 * consumer's queue is full, and emptying the queue does not wake it: a consumer with a small queue
 * and a slow client would be throttled to one queue a second and seem to fall behind. */
bool kafka_fetch_sleeps(void);
/* Wakes the broker threads of a handle: of the calls that librdkafka offers this is the one that
 * does so without blocking and without a request (it sets the credentials that are set already). */
void kafka_fetch_wake(struct kafka_pool *, rd_kafka_t *);

#endif
