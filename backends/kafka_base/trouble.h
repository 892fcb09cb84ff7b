/* What happens to the brokers while a pool is there: gone, back, or others than before. */
#ifndef LOADTOP_BACKENDS_KAFKA_BASE_TROUBLE_H
#define LOADTOP_BACKENDS_KAFKA_BASE_TROUBLE_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kafka_pool;

/* Notes an error event of a handle: brokers gone, or back; tells the pool's events once. */
void kafka_trouble(struct kafka_pool *, rd_kafka_resp_err_t, const char *reason);
/* Brokers answered what was asked at asked_ns: trouble that is younger than that stays. */
void kafka_trouble_over(struct kafka_pool *, uint64_t asked_ns);
/* Does this error say that the target suffers? Then the pool is told so. Any thread. */
void kafka_strain(struct kafka_pool *, rd_kafka_resp_err_t);
/* Over, if a link came up since it began: seen at once, without asking. */
void kafka_trouble_look(struct kafka_pool *);
/* Is the handle's cluster, as a broker told it last, the one that the pool was opened on? If not,
 * *other (of `size`) says which it is, and the pool has been told. Never waits. Any thread. */
bool kafka_same_cluster(struct kafka_pool *, rd_kafka_t *, char *other, size_t size);

#endif
