/* librdkafka's mock cluster: a small Kafka inside this process, for the demo and for tests without
 * Java.
 *
 * It speaks the real protocol over TCP on 127.0.0.1: produce, fetch, groups, offsets. It keeps
 * messages in memory, 5 MiB or 100,000 batches a partition, and knows no admin requests, no
 * passwords and no TLS. Its performance says nothing about a broker. Its coordinator can hang when
 * several members join a group at the same time: use assign=hand. */
#ifndef LOADTOP_BACKENDS_KAFKA_BASE_MOCK_H
#define LOADTOP_BACKENDS_KAFKA_BASE_MOCK_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct kafka_mock;

/* Starts a cluster of `brokers` with the NULL-terminated `topics`, each of `partitions`. NULL and
 * err: not built in, or no port available. */
struct kafka_mock *kafka_mock_start(int brokers, const char *const *topics, int partitions,
                                    struct err *);
/* The servers as in kafka://SERVERS/TOPIC: "127.0.0.1:34567,127.0.0.1:34568". Lives as long as the
 * cluster. */
const char *kafka_mock_servers(const struct kafka_mock *);
/* The backend's demo hook: one broker on which every requested topic exists, until the process
 * ends. */
int kafka_demo(char *place, size_t size, struct err *);
/* Is this the id of a mock cluster (rd_kafka_clusterid)? Such a cluster calls itself
 * mockCluster<number>. NULL: no. */
bool kafka_mock_is(const char *cluster_id);
/* Stops it; all pools that use it must have ended. Blocks for some milliseconds. Takes NULL. */
void kafka_mock_stop(struct kafka_mock *);

#endif
