/* Simulated clients: their handling of messages, and their time accounting. */
#ifndef LOADTOP_BACKENDS_KAFKA_CLIENT_H
#define LOADTOP_BACKENDS_KAFKA_CLIENT_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

struct kafka_conn;
struct kafka_sums;
struct kafka_worker;

void kafka_clients_tune(struct kafka_worker *);
void kafka_clients_free(struct kafka_worker *);
/* How many messages the connection's clients can accept now. */
uint32_t kafka_clients_room(const struct kafka_conn *);
/* Passes the first n of the connection's messages, with their events, to the clients. */
void kafka_dispatch(struct kafka_conn *, uint32_t n, uint64_t arrived_ns);
/* Drops waiting messages of a partition (-1: all) of the connection. */
void kafka_clients_forget(struct kafka_conn *, int32_t partition);
/* Keeps a message to be read again before the queue. */
void kafka_keep(struct kafka_conn *, rd_kafka_event_t *, const rd_kafka_message_t *);
/* Adds the clients' times up to now to *sums. */
void kafka_clients_sum(struct kafka_worker *, uint64_t now_ns, struct kafka_sums *sums);
bool kafka_shared(const struct kafka_worker *); /* fewer connections than clients */

#endif
