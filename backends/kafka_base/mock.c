/* librdkafka's mock cluster: see mock.h. The cluster lives in a handle that never connects to
 * anything. Called by the demo and by tests. */
#include "backends/kafka_base/mock.h"

#include "engine/base/err.h"
#include "engine/base/text.h"

#include <string.h>

#if LOADTOP_HAVE_RDKAFKA

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdlib.h>

struct kafka_mock {
    rd_kafka_t *rk;
    rd_kafka_mock_cluster_t *cluster;
};

static void log_drop(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    (void)rk, (void)level, (void)facility, (void)text;
}

struct kafka_mock *kafka_mock_start(int brokers, const char *const *topics, int partitions,
                                    struct err *err)
{
    char words[256] = "out of memory";
    struct kafka_mock *m = calloc(1, sizeof *m);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, log_drop);
    if (m)
        m->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, words, sizeof words);
    if (!m || !m->rk) {
        rd_kafka_conf_destroy(conf);
        free(m);
        err_set(err, ERR_FAILED, "kafka's mock cluster: %s", words);
        return NULL;
    }
    m->cluster = rd_kafka_mock_cluster_new(m->rk, brokers);
    if (!m->cluster) {
        kafka_mock_stop(m);
        err_set(err, ERR_FAILED, "kafka's mock cluster: no port to listen on");
        return NULL;
    }
    for (; topics && *topics; topics++) {
        rd_kafka_resp_err_t code = rd_kafka_mock_topic_create(m->cluster, *topics, partitions, 1);
        if (code) {
            err_set(err, ERR_FAILED, "kafka's mock cluster: topic %s: %s", *topics,
                    rd_kafka_err2str(code));
            kafka_mock_stop(m);
            return NULL;
        }
    }
    return m;
}

const char *kafka_mock_servers(const struct kafka_mock *m)
{
    return rd_kafka_mock_cluster_bootstraps(m->cluster);
}

void kafka_mock_stop(struct kafka_mock *m)
{
    if (!m)
        return;
    if (m->cluster)
        rd_kafka_mock_cluster_destroy(m->cluster);
    rd_kafka_destroy(m->rk);
    free(m);
}

#else

struct kafka_mock *kafka_mock_start(int brokers, const char *const *topics, int partitions,
                                    struct err *err)
{
    (void)brokers, (void)topics, (void)partitions;
    err_set(err, ERR_FAILED,
            "kafka's mock cluster: built without librdkafka (install librdkafka-dev)");
    return NULL;
}

const char *kafka_mock_servers(const struct kafka_mock *m)
{
    (void)m;
    return "";
}

void kafka_mock_stop(struct kafka_mock *m)
{
    (void)m;
}

#endif

int kafka_demo(char *place, size_t size, struct err *err)
{
    static const char *const topics[] = {"loadtop-demo", NULL};
    static struct kafka_mock *mock; /* ended only by the end of the process */
    mock = kafka_mock_start(1, topics, 8, err);
    if (!mock)
        return err->code;
    copy_str(place, size, kafka_mock_servers(mock));
    return 0;
}

bool kafka_mock_is(const char *cluster_id)
{
    return cluster_id && strncmp(cluster_id, "mockCluster", 11) == 0;
}
