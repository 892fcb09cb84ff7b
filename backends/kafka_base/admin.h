/* Blocking queries of the cluster: topic, group, offsets, settings. Each query blocks for up to
 * timeout_ms. */
#ifndef LOADTOP_BACKENDS_KAFKA_BASE_ADMIN_H
#define LOADTOP_BACKENDS_KAFKA_BASE_ADMIN_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

struct err;
struct kafka_pool;

/* A request of librdkafka's admin API: begin, pass options and queue to the call that sends it,
 * await its result, read it, end. */
struct kafka_admin {
    rd_kafka_queue_t *queue;
    rd_kafka_AdminOptions_t *options;
    rd_kafka_event_t *result; /* NULL: none arrived */
};
struct kafka_admin kafka_admin_begin(rd_kafka_t *);
/* Waits some seconds for a result of this type. Returns its top-level error (it may contain
 * others), or RD_KAFKA_RESP_ERR__TIMED_OUT. */
rd_kafka_resp_err_t kafka_admin_await(struct kafka_admin *, rd_kafka_event_type_t);
void kafka_admin_end(struct kafka_admin *);
/* Processes the error events of the admin handle. */
void kafka_events_read(struct kafka_pool *);
/* Sets err to the reason why no broker answered: ERR_REFUSED, ERR_FAILED (login) or
 * ERR_UNREACHED. */
int kafka_unreached(struct kafka_pool *, rd_kafka_resp_err_t, struct err *);
int kafka_topic_inspect(struct kafka_pool *, int timeout_ms, bool *exists, struct err *);
int kafka_topic_create(struct kafka_pool *, struct err *);
int kafka_topic_delete(rd_kafka_t *, const char *name, struct err *);
int kafka_group_delete(rd_kafka_t *, const char *name, struct err *);
/* Is the topic empty, and if not, is its oldest message one of loadtop's? */
int kafka_topic_is_ours(struct kafka_pool *, bool *empty, bool *ours, struct err *);
/* The number of members; -1: unknown, with the reason in *code. */
int kafka_group_members(rd_kafka_t *, const char *group, rd_kafka_resp_err_t *code);
/* Members and committed offsets of the pool's group. */
int kafka_group_inspect(struct kafka_pool *, int *members, bool *committed, struct err *);
/* Sets `start` of all partitions from the option `from`, and `end` and `low`. */
int kafka_offsets_start(struct kafka_pool *, struct err *);
/* Sets `start` to the group's committed offsets, or to the beginning where there is none, like a
 * new member would. Commits nothing. */
int kafka_offsets_of_group(struct kafka_pool *, struct err *);
int kafka_offsets_commit(struct kafka_pool *, struct err *);
/* Offsets of some or all partitions at a time (ms; RD_KAFKA_OFFSET_END, _BEGINNING): set in the
 * list. */
rd_kafka_resp_err_t kafka_offsets_at(rd_kafka_t *, rd_kafka_topic_partition_list_t *,
                                     int64_t time_ms, int timeout_ms);
bool kafka_from_valid(const char *from); /* is it a valid value of option `from`? */
/* Refreshes `end` and `low` of all partitions; 0, or -1 when the brokers did not answer. */
int kafka_offsets_refresh(struct kafka_pool *, int timeout_ms);
/* Checks leaders and replicas. If offsets are missing although brokers answer (well is false), sets
 * `stuck` to the reason; otherwise clears it. Reports lost replicas as a strain. */
void kafka_partitions_inspect(struct kafka_pool *, bool well);
/* Before the first load: records how many replicas of each partition are in sync. */
void kafka_partitions_first(struct kafka_pool *);
/* retention and version; unavailable values stay unknown */
void kafka_topic_settings(struct kafka_pool *);

#endif
