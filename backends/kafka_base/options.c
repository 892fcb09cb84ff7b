/* Options and operations of a Kafka pool, the same with and without librdkafka. The order is that
 * of enum kafka_option. */
#include "backends/kafka_base/options.h"

#include "engine/backend.h"

#include <stddef.h>

#define MIB 1048576.0
#define HOUR_NS 3600e9

const struct op_type kafka_ops[] = {
    [KAFKA_PRODUCE] = {"produce", "send a message; its latency runs to the delivery report", 1,
                       NULL, false, false, "msg"},
    [KAFKA_CONSUME] =
        {"consume",
         "take messages as they come; latency from the stamp of loadtop's own messages "
         "(CLOCK_MONOTONIC of this machine; none for others)",
         0, NULL, true, true, "msg"},
    [KAFKA_E2E] =
        {"e2e",
         "send a message and read it back: latency is the whole way, by one clock (each thread "
         "uses one partition)",
         0, NULL, false, false, "msg"},
    {NULL, NULL, 0, NULL, false, false, NULL},
};

const struct option_spec kafka_options[] = {
    {"size", OPTION_SPAN, OPTION_LIVE, "100", 0, 64 * MIB, NULL,
     "bytes of a message; from 32 on it carries a number and a stamp"},
    {"keys", OPTION_COUNT, OPTION_LIVE, "0", 0, 1e12, NULL,
     "different keys; 0: messages without a key"},
    {"dist", OPTION_CHOICE, OPTION_LIVE, "uniform", 0, 0, DIST_CHOICES, "how keys are chosen"},
    {"partitioner", OPTION_CHOICE, OPTION_LIVE, "auto", 0, 0, "auto|sticky|roundrobin|random|key",
     "auto: by key (murmur2, as Java's client) if there is one, else sticky "
     "(another one each 10 ms)"},
    {"acks", OPTION_CHOICE, OPTION_LIVE | OPTION_REOPEN, "all", 0, 0, "all|1|0",
     "who must have a message before it is acknowledged"},
    {"compression", OPTION_CHOICE, OPTION_LIVE | OPTION_REOPEN, "none", 0, 0,
     "none|gzip|snappy|lz4|zstd", "of batches; the text sent compresses to about 3/4"},
    {"idempotence", OPTION_BOOL, OPTION_LIVE | OPTION_REOPEN, "no", 0, 0, NULL,
     "the broker drops what a retry sent twice (needs acks=all)"},
    {"linger", OPTION_DURATION, OPTION_LIVE | OPTION_REOPEN, "5ms", 0, 900e9, NULL,
     "how long a message waits for company in its batch (librdkafka's default)"},
    {"batch", OPTION_SIZE, OPTION_LIVE | OPTION_REOPEN, "1000000", 1, 2047 * MIB, NULL,
     "bytes of a batch"},
    {"create", OPTION_BOOL, 0, "yes", 0, 0, NULL, "make the topic if it is missing"},
    {"partitions", OPTION_COUNT, 0, "0", 0, 100000, NULL,
     "of a topic that is made; 0: the broker's default"},
    {"replication", OPTION_COUNT, 0, "0", 0, 1000, NULL,
     "of a topic that is made; 0: the broker's default"},
    {"deliver", OPTION_CHOICE, 0, "share", 0, 0, "share|each",
     "share: each message to one client; each: every client gets every message"},
    {"assign", OPTION_CHOICE, 0, "auto", 0, 0, "auto|group|hand",
     "who hands out partitions: a consumer group, or loadtop; auto: group for "
     "share, hand for each"},
    {"group", OPTION_TEXT, 0, "", 0, 0, NULL,
     "name of the consumer group; empty: one of this run. A group in use needs "
     "--allow-destructive"},
    {"from", OPTION_TEXT, 0, "", 0, 0, NULL,
     "where reading begins: earliest, latest, group, a time (2026-01-31T12:00:00Z) or an "
     "age (10m); empty: group if one is named, else latest"},
    {"handling", OPTION_CHOICE, OPTION_LIVE, "borrow", 0, 0, "borrow|copy|recycle",
     "a message is read in place, copied into fresh memory, or into a buffer of a bounded pool"},
    {"work", OPTION_DURATION, OPTION_LIVE, "0", 0, HOUR_NS, NULL,
     "a client is busy with each message for this long (simulated: its thread is not)"},
    {"commit", OPTION_DURATION, 0, "5s", 1e6, HOUR_NS, NULL,
     "how often a group's offsets are committed"},
    TLS_OPTION_ROWS(K_TLS, "kafka.security.protocol=ssl or sasl_ssl", NULL, NULL),
    {"kafka.sasl.password", OPTION_SECRET, 0, "", 0, 0, NULL, "password, if it is not in the URL"},
    {"kafka.ssl.key.password", OPTION_SECRET, 0, "", 0, 0, NULL, "of the private key"},
    {"kafka.ssl.keystore.password", OPTION_SECRET, 0, "", 0, 0, NULL, "of the PKCS#12 keystore"},
    {"kafka.ssl.key.pem", OPTION_SECRET, 0, "", 0, 0, NULL, "the private key itself"},
    {"kafka.sasl.oauthbearer.client.secret", OPTION_SECRET, 0, "", 0, 0, NULL,
     "of OAUTHBEARER with OIDC"},
    {"kafka.sasl.oauthbearer.config", OPTION_SECRET, 0, "", 0, 0, NULL, "of OAUTHBEARER"},
    {"kafka.", OPTION_TEXT, OPTION_PREFIX, NULL, 0, 0, NULL,
     "kafka.PROPERTY=VALUE: a property of librdkafka, checked by it; wins over the options here. "
     "What runs commands, loads code or breaks the counting is refused"},
    {NULL, OPTION_TEXT, 0, NULL, 0, 0, NULL, NULL},
};
