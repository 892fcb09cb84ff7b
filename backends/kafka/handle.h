/* The librdkafka handles of a connection: waking the worker, pausing, and destruction. */
#ifndef LOADTOP_BACKENDS_KAFKA_HANDLE_H
#define LOADTOP_BACKENDS_KAFKA_HANDLE_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

struct kafka_conn;
struct kafka_signal;

struct kafka_signal *kafka_signal_new(void);   /* NULL: no descriptor, or no memory */
void kafka_signal_drop(struct kafka_signal *); /* drops a reference; takes NULL */
/* Starts destroying a connection's handles in a helper thread; the signal fires when it is done. */
void kafka_handles_destroy(struct kafka_conn *);
/* Called by librdkafka's threads when a queue becomes non-empty. opaque: the signal. */
void kafka_reports_cb(rd_kafka_t *, void *opaque);
void kafka_messages_cb(rd_kafka_t *, void *opaque);
void kafka_wake(struct kafka_conn *); /* makes the loop read its queues in the next turn */
void kafka_consumer_pause(struct kafka_conn *, bool paused);

#endif
