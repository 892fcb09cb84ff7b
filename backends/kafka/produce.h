/* Producing: messages and delivery reports; end-to-end requests. */
#ifndef LOADTOP_BACKENDS_KAFKA_PRODUCE_H
#define LOADTOP_BACKENDS_KAFKA_PRODUCE_H

#include "engine/backend.h"

#include <librdkafka/rdkafka.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct kafka_conn;
struct kafka_worker;
struct worker;

int kafka_producer_open(struct kafka_conn *, struct err *);
enum submit kafka_submit(struct conn *, struct op *);
void kafka_fill(struct worker *, struct op *);
uint64_t kafka_data_bytes(const struct worker *, const struct op *);
void kafka_reports_read(struct kafka_conn *);
void kafka_trip_message(struct kafka_conn *, const rd_kafka_message_t *);
void kafka_trip_expire(struct kafka_conn *);
void kafka_payload_free(struct kafka_worker *);

#endif
