/* The Kafka backend's options and operations by index; defined even if librdkafka is not built
 * in. */
#ifndef LOADTOP_BACKENDS_KAFKA_BASE_OPTIONS_H
#define LOADTOP_BACKENDS_KAFKA_BASE_OPTIONS_H

#include "backends/common/tls_option.h"
#include "engine/backend.h"

enum kafka_op { KAFKA_PRODUCE, KAFKA_CONSUME, KAFKA_E2E };

enum kafka_option {
    /* produce */
    K_SIZE,
    K_KEYS,
    K_DIST,
    K_PARTITIONER,
    K_ACKS,
    K_COMPRESSION,
    K_IDEMPOTENCE,
    K_LINGER,
    K_BATCH,
    /* topic */
    K_CREATE,
    K_PARTITIONS,
    K_REPLICATION,
    /* consume */
    K_DELIVER,
    K_ASSIGN,
    K_GROUP,
    K_FROM,
    K_HANDLING,
    K_WORK,
    K_COMMIT,
    K_TLS, /* as in enum tls_option */
    /* librdkafka's own properties: the secret ones come before the prefix "kafka.", which would
     * match them too */
    K_SECRET_FIRST = K_TLS + TLS_OPTIONS,
    K_SASL_PASSWORD = K_SECRET_FIRST,
    K_KEY_PASSWORD,
    K_KEYSTORE_PASSWORD,
    K_KEY_PEM,
    K_OAUTH_SECRET,
    K_OAUTH_CONFIG,
    K_PROPERTY
};
enum {
    PARTITIONER_AUTO,
    PARTITIONER_STICKY,
    PARTITIONER_ROUND,
    PARTITIONER_RANDOM,
    PARTITIONER_KEY
};
enum { DELIVER_SHARE, DELIVER_EACH };
enum { ASSIGN_AUTO, ASSIGN_GROUP, ASSIGN_HAND };
enum { HANDLING_BORROW, HANDLING_COPY, HANDLING_RECYCLE };

extern const struct option_spec kafka_options[];
extern const struct op_type kafka_ops[];

#endif
