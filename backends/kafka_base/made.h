/* Marks on the cluster that record which run created a topic or a group.
 *
 * Functions that query the cluster block, and return 0 or ERR_FAILED with the reason. `topic` must
 * exist; for a group it is a topic that it reads. */
#ifndef LOADTOP_BACKENDS_KAFKA_BASE_MADE_H
#define LOADTOP_BACKENDS_KAFKA_BASE_MADE_H

#include "backends/kafka_base/types.h"

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

struct err;

#define KAFKA_MARK_GROUP (KAFKA_GROUP_MOST + 32)
enum kafka_made { KAFKA_MADE_TOPIC, KAFKA_MADE_GROUP };
int kafka_made_mark(rd_kafka_t *, enum kafka_made, const char *name, const char *topic,
                    const char *run, const char *sender, struct err *);
int kafka_made_by(rd_kafka_t *, enum kafka_made, const char *name, const char *topic,
                  char run[KAFKA_RUN], struct err *); /* "": not marked */
int kafka_made_unmark(rd_kafka_t *, enum kafka_made, const char *name, struct err *);
bool kafka_group_is_named_after(const char *group, const char *run);
/* The committed offsets of a group, for all partitions if `of` is NULL; owned by the caller unless
 * there is an error. */
rd_kafka_resp_err_t kafka_group_offsets(rd_kafka_t *, const char *group,
                                        const rd_kafka_topic_partition_list_t *of,
                                        rd_kafka_topic_partition_list_t **offsets);
/* Records a topic created by this process, because pools of one run may share a topic that is not
 * marked yet. */
void kafka_made_here_add(const char *cluster, const char *topic);
bool kafka_made_here(const char *cluster, const char *topic);

#endif
