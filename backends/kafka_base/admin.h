/* Blocking questions to the cluster: topic, group, offsets, settings. All block, up to timeout_ms
 * for each question. */
#ifndef LOADTOP_BACKENDS_KAFKA_BASE_ADMIN_H
#define LOADTOP_BACKENDS_KAFKA_BASE_ADMIN_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

struct err;
struct kafka_pool;

/* One request of librdkafka's admin API. Begin; hand options and queue to the call that sends it;
 * await its result; end, after the result was read. */
struct kafka_admin {
    rd_kafka_queue_t *queue;
    rd_kafka_AdminOptions_t *options;
    rd_kafka_event_t *result; /* NULL: none has come */
};
struct kafka_admin kafka_admin_begin(rd_kafka_t *);
/* Waits some seconds for a result of this type: its error as a whole (it may hold others within),
 * or RD_KAFKA_RESP_ERR__TIMED_OUT. */
rd_kafka_resp_err_t kafka_admin_await(struct kafka_admin *, rd_kafka_event_type_t);
void kafka_admin_end(struct kafka_admin *);
/* Takes in the error events that a handle without a worker collected. */
void kafka_events_read(struct kafka_pool *);
/* Why nothing answered: ERR_REFUSED, ERR_FAILED (a login) or ERR_UNREACHED. */
int kafka_unreached(struct kafka_pool *, rd_kafka_resp_err_t, struct err *);
int kafka_topic_look(struct kafka_pool *, int timeout_ms, bool *exists, struct err *);
int kafka_topic_create(struct kafka_pool *, struct err *);
int kafka_topic_delete(rd_kafka_t *, const char *name, struct err *);
int kafka_group_delete(rd_kafka_t *, const char *name, struct err *);
/* Is the topic empty, and if not, is its oldest message one of loadtop's? */
int kafka_topic_is_ours(struct kafka_pool *, bool *empty, bool *ours, struct err *);
/* -1: not known, and then *code says why. */
int kafka_group_members(rd_kafka_t *, const char *group, rd_kafka_resp_err_t *code);
/* Members and committed offsets of the pool's group. */
int kafka_group_look(struct kafka_pool *, int *members, bool *committed, struct err *);
/* Sets `start` of all partitions from the option `from`, and `end` and `low`. */
int kafka_offsets_start(struct kafka_pool *, struct err *);
/* Sets `start` to where the pool's group stands, or to the beginning where it has committed
 * nothing, as a member would begin. Commits nothing. */
int kafka_offsets_of_group(struct kafka_pool *, struct err *);
int kafka_offsets_commit(struct kafka_pool *, struct err *);
/* Offsets of some or all partitions at a time (ms; RD_KAFKA_OFFSET_END, _BEGINNING): set in the
 * list. */
rd_kafka_resp_err_t kafka_offsets_at(rd_kafka_t *, rd_kafka_topic_partition_list_t *,
                                     int64_t time_ms, int timeout_ms);
bool kafka_from_valid(const char *from); /* is it something that option `from` takes? */
/* Refreshes `end` and `low` of all partitions; 0, or -1 when the brokers did not answer. */
int kafka_offsets_refresh(struct kafka_pool *, int timeout_ms);
/* Leaders and replicas. When offsets were not told although brokers answer (well is false): why;
 * sets `stuck`, or clears it. Replicas that have fallen away since the pool began are a strain. */
void kafka_partitions_look(struct kafka_pool *, bool well);
/* Before the first load: how many replicas of each partition are in sync. */
void kafka_partitions_first(struct kafka_pool *);
void kafka_topic_settings(
    struct kafka_pool *); /* retention, version; what cannot be had stays unknown */

#endif
