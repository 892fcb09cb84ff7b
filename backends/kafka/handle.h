/* The handles of a connection: how their queues wake its worker, how they pause, how they end. */
#ifndef LOADTOP_BACKENDS_KAFKA_HANDLE_H
#define LOADTOP_BACKENDS_KAFKA_HANDLE_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

struct kafka_conn;
struct kafka_signal;

struct kafka_signal *kafka_signal_new(void);   /* NULL: no descriptor, or no memory */
void kafka_signal_drop(struct kafka_signal *); /* one of its owners lets go; takes NULL */
/* Begins the destruction of a connection's handles; its signal fires, and says so, when it is
 * through. */
void kafka_handles_destroy(struct kafka_conn *);
/* librdkafka's threads call these when a queue turned from empty to not
 * empty. opaque: the signal. */
void kafka_reports_cb(rd_kafka_t *, void *opaque);
void kafka_messages_cb(rd_kafka_t *, void *opaque);
void kafka_wake(struct kafka_conn *); /* its queues are read on the loop's next turn */
void kafka_consumer_pause(struct kafka_conn *, bool paused);

#endif
