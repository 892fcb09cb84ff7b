/* librdkafka's errors as short stable classes, with advice. */
#if LOADTOP_HAVE_RDKAFKA
#include "backends/kafka_base/error.h"

#include <stdio.h>
#include <string.h>

static const struct {
    rd_kafka_resp_err_t code;
    const char *class, *advice;
} errors[] = {
    {RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "broker_down",
     "is the broker running, and the port right?"},
    {RD_KAFKA_RESP_ERR__TRANSPORT, "broker_down", "is the broker running, and the port right?"},
    {RD_KAFKA_RESP_ERR__RESOLVE, "resolve", "check the host's name"},
    {RD_KAFKA_RESP_ERR__SSL, "tls", "check kafka.ssl.ca.location and kafka.security.protocol"},
    {RD_KAFKA_RESP_ERR__AUTHENTICATION, "auth",
     "check user, password, kafka.sasl.mechanism and kafka.security.protocol"},
    {RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, "auth", "check user and password"},
    {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "denied", "the user needs rights on the topic"},
    {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, "denied", "the user needs rights on the group"},
    {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, "denied",
     "the user needs rights on the cluster"},
    {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "topic_missing",
     "was it deleted? start the pool again to create it"},
    {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, "topic_missing",
     "was it deleted? start the pool again to create it"},
    {RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, "topic_missing", "has the topic fewer partitions now?"},
    {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, "too_large",
     "raise kafka.message.max.bytes and the topic's max.message.bytes, or lower size"},
    {RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, "too_large",
     "lower batch, or raise the broker's segment.bytes"},
    {RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, "timeout", "no acknowledgement within timeout"},
    {RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, "timeout", "the broker waited for its replicas"},
    {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, "replicas",
     "fewer replicas in sync than min.insync.replicas"},
    {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, "replicas",
     "fewer replicas in sync than min.insync.replicas"},
    {RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, "disk",
     "the broker's disk is full or broken: see its log"},
    {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, "moved", "the partition's leader moved"},
    {RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, "moved", "the partition has no leader now"},
    {RD_KAFKA_RESP_ERR_POLICY_VIOLATION, "policy", "the cluster's policy forbids it"},
    {RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, "replicas",
     "lower replication: there are not so many brokers"},
    {RD_KAFKA_RESP_ERR__PURGE_QUEUE, "closed", "given up when the connection was closed"},
    {RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, "closed",
     "given up when the connection was closed: outcome unknown"},
    {RD_KAFKA_RESP_ERR__FATAL, "fatal", "the handle is made anew"},
};

const char *kafka_error_class(rd_kafka_resp_err_t code)
{
    for (unsigned i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i].code == code)
            return errors[i].class;
    const char *name = rd_kafka_err2name(code);
    while (*name == '_')
        name++;
    return name;
}

const char *kafka_error_advice(rd_kafka_resp_err_t code)
{
    for (unsigned i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i].code == code)
            return errors[i].advice;
    return NULL;
}

bool kafka_error_passes(rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_NOT_CONTROLLER:
    case RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED:
        return true;
    default:
        return false;
    }
}

/* The length of the message without the state that librdkafka appends: "(after 3ms in state
 * CONNECT, 1 identical error...)". */
static int useful(const char *detail)
{
    const char *own = strstr(detail, " (after ");
    return own ? (int)(own - detail) : (int)strlen(detail);
}

void kafka_error_text(rd_kafka_resp_err_t code, const char *detail, char *buf, size_t size)
{
    const char *advice = kafka_error_advice(code), *said = detail ? detail : "";
    int room =
        (int)size - (int)strlen(rd_kafka_err2str(code)) - (int)(advice ? strlen(advice) : 0) - 8;
    int len = useful(said) < room ? useful(said) : room > 0 ? room : 0; /* the advice stays whole */
    snprintf(buf, size, "%s%s%.*s%s%s%s", rd_kafka_err2str(code), len ? ": " : "", len, said,
             advice ? " (" : "", advice ? advice : "", advice ? ")" : "");
}

#endif
