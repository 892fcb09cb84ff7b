/* Broker outages during the life of a pool, and detection of a different cluster. */
#ifndef LOADTOP_BACKENDS_KAFKA_BASE_TROUBLE_H
#define LOADTOP_BACKENDS_KAFKA_BASE_TROUBLE_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kafka_pool;
struct sockaddr;

/* Records an address that a handle connects to. Any thread. */
void kafka_tried(struct kafka_pool *, const struct sockaddr *, unsigned len);
/* Is no broker reachable, at any of the addresses that their names have? */
bool kafka_tried_all(struct kafka_pool *);
/* Handles an error event of a handle: brokers lost or back; adds an event to the pool once. */
void kafka_trouble(struct kafka_pool *, rd_kafka_resp_err_t, const char *reason);
/* Call it when brokers have answered a query sent at asked_ns: clears the trouble unless it began
 * later than that. */
void kafka_trouble_over(struct kafka_pool *, uint64_t asked_ns);
/* Reports a strain to the pool if the error indicates overload. Any thread. */
void kafka_strain(struct kafka_pool *, rd_kafka_resp_err_t);
/* Clears the trouble if a connection has come up since it began; sends no query. */
void kafka_trouble_check(struct kafka_pool *);
/* Is the handle's cluster, as last reported by a broker, the one that the pool was opened on? If
 * not, sets other (`size` bytes) to its id and reports it to the pool. Never waits. Any thread. */
bool kafka_same_cluster(struct kafka_pool *, rd_kafka_t *, char *other, size_t size);

#endif
