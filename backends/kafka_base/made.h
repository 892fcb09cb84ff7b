/* Which run made a topic or a group: marks on the cluster.
 *
 * What asks the cluster blocks, and returns 0 or ERR_FAILED with why. The topic is one that exists:
 * of a group, one that it reads. */
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
                  char run[KAFKA_RUN], struct err *); /* "": it bears no mark */
int kafka_made_unmark(rd_kafka_t *, enum kafka_made, const char *name, struct err *);
bool kafka_group_is_named_after(const char *group, const char *run);
/* The committed offsets of a group, of all its partitions if `of` is NULL; the caller's if no
 * error. */
rd_kafka_resp_err_t kafka_group_offsets(rd_kafka_t *, const char *group,
                                        const rd_kafka_topic_partition_list_t *of,
                                        rd_kafka_topic_partition_list_t **offsets);
/* Topics that this process made: pools of one run may meet on one that has no mark yet. */
void kafka_made_here_add(const char *cluster, const char *topic);
bool kafka_made_here(const char *cluster, const char *topic);

#endif
