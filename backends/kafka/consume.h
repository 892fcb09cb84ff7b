/* A consumer handle: its events, its partitions, its end. */
#ifndef LOADTOP_BACKENDS_KAFKA_CONSUME_H
#define LOADTOP_BACKENDS_KAFKA_CONSUME_H

#include <stdbool.h>

struct err;
struct kafka_conn;

int kafka_consumer_open(struct kafka_conn *, struct err *);
void kafka_consumer_read(struct kafka_conn *);
/* Chooses the partitions of a consumer with assign=hand, and assigns them if they changed. */
void kafka_assign_by_hand(struct kafka_conn *);
void kafka_offsets_store(struct kafka_conn *);
/* Starts or continues closing a consumer; true when only destroying the handle remains. */
bool kafka_consumer_leave(struct kafka_conn *);

#endif
