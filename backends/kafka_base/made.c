/* Marks on the cluster that record which run created a topic or a consumer group.
 *
 * Kafka's topics and groups cannot carry a comment, but a committed offset has metadata. So a
 * created object is marked by one committed offset: of partition 0 of the topic, in a group that is
 * never joined, named loadtop.made.topic.TOPIC or loadtop.made.group.GROUP; its metadata says
 * "loadtop run=1a2b3c4d ...". A mark of any run says that loadtop may write to a topic; `clean`
 * removes only what has the mark of its own run. The brokers drop a mark with its topic, and
 * offsets.retention.minutes (7 days by default) after it was committed: from then on the object
 * counts as created by others, which is safe. A group that is named after the run
 * (loadtop-1a2b3c4d-...) has this run's mark in its name.
 *
 * Data from the cluster is not trusted: it is only compared. All of it blocks, within bounds.
 * The handle must have a group.id: librdkafka 2.0.2 crashes without one when a coordinator has
 * moved. */
#if LOADTOP_HAVE_RDKAFKA
#include "backends/kafka_base/made.h"

#include "backends/kafka_base/admin.h"
#include "backends/kafka_base/types.h"
#include "engine/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRIES 30 /* attempts 0.1 s apart while a coordinator is being found */
#define RUN_PREFIX "loadtop run="

static void mark_group(enum kafka_made what, const char *name, char *buf, size_t size)
{
    snprintf(buf, size, "loadtop.made.%s.%s", what == KAFKA_MADE_TOPIC ? "topic" : "group", name);
}

/* Is this a transient error: is the coordinator moving, or does it not know a topic that was just
 * created? */
static bool passes(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_NOT_COORDINATOR || code == RD_KAFKA_RESP_ERR__WAIT_COORD ||
           code == RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE ||
           code == RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS ||
           code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
}

/* ---- one request: commit, or fetch ---- */

static rd_kafka_topic_partition_list_t *one_offset(const char *topic)
{
    rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(l, topic, 0)->offset = 0;
    return l;
}

static rd_kafka_resp_err_t commit(rd_kafka_t *rk, const char *group,
                                  const rd_kafka_topic_partition_list_t *l)
{
    rd_kafka_AlterConsumerGroupOffsets_t *ask = rd_kafka_AlterConsumerGroupOffsets_new(group, l);
    struct kafka_admin a = kafka_admin_begin(rk);
    rd_kafka_AlterConsumerGroupOffsets(rk, &ask, 1, a.options, a.queue);
    rd_kafka_resp_err_t code =
        kafka_admin_await(&a, RD_KAFKA_EVENT_ALTERCONSUMERGROUPOFFSETS_RESULT);
    if (!code) {
        size_t n = 0;
        const rd_kafka_group_result_t **r = rd_kafka_AlterConsumerGroupOffsets_result_groups(
            rd_kafka_event_AlterConsumerGroupOffsets_result(a.result), &n);
        const rd_kafka_topic_partition_list_t *done =
            n ? rd_kafka_group_result_partitions(r[0]) : NULL;
        code = done && done->cnt ? done->elems[0].err : RD_KAFKA_RESP_ERR__FAIL;
    }
    kafka_admin_end(&a);
    rd_kafka_AlterConsumerGroupOffsets_destroy(ask);
    return code;
}

rd_kafka_resp_err_t kafka_group_offsets(rd_kafka_t *rk, const char *group,
                                        const rd_kafka_topic_partition_list_t *of,
                                        rd_kafka_topic_partition_list_t **offsets)
{
    rd_kafka_ListConsumerGroupOffsets_t *ask = rd_kafka_ListConsumerGroupOffsets_new(group, of);
    struct kafka_admin a = kafka_admin_begin(rk);
    rd_kafka_ListConsumerGroupOffsets(rk, &ask, 1, a.options, a.queue);
    rd_kafka_resp_err_t code =
        kafka_admin_await(&a, RD_KAFKA_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT);
    *offsets = NULL;
    if (!code) {
        size_t n = 0;
        const rd_kafka_group_result_t **r = rd_kafka_ListConsumerGroupOffsets_result_groups(
            rd_kafka_event_ListConsumerGroupOffsets_result(a.result), &n);
        const rd_kafka_topic_partition_list_t *l =
            n ? rd_kafka_group_result_partitions(r[0]) : NULL;
        *offsets = l ? rd_kafka_topic_partition_list_copy(l) : rd_kafka_topic_partition_list_new(1);
    }
    kafka_admin_end(&a);
    rd_kafka_ListConsumerGroupOffsets_destroy(ask);
    return code;
}

/* ---- marks ---- */

int kafka_made_mark(rd_kafka_t *rk, enum kafka_made what, const char *name, const char *topic,
                    const char *run, const char *sender, struct err *err)
{
    char group[KAFKA_MARK_GROUP], words[KAFKA_MARK_GROUP + 256];
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    mark_group(what, name, group, sizeof group);
    size_t len = text_append(words, sizeof words, 0, RUN_PREFIX "%.16s %s %s, made by %.128s", run,
                             what == KAFKA_MADE_TOPIC ? "topic" : "group", name, sender);
    rd_kafka_topic_partition_list_t *l = one_offset(topic);
    l->elems[0].metadata = malloc(len + 1); /* librdkafka frees it */
    if (!l->elems[0].metadata)
        abort();
    memcpy(l->elems[0].metadata, words, len + 1);
    l->elems[0].metadata_size = len;
    for (int tries = 0; tries < TRIES; tries++) {
        code = commit(rk, group, l);
        if (!passes(code))
            break;
        usleep(100000);
    }
    rd_kafka_topic_partition_list_destroy(l);
    if (!code)
        return 0;
    return err_set(err, ERR_FAILED, "group %s: %s", group, rd_kafka_err2str(code));
}

/* Reads the run's id from "loadtop run=1a2b3c4d ...". */
static void read_run(const char *text, size_t len, char run[KAFKA_RUN])
{
    size_t prefix = strlen(RUN_PREFIX);
    run[0] = '\0';
    if (len < prefix + KAFKA_RUN || memcmp(text, RUN_PREFIX, prefix) != 0 ||
        text[prefix + KAFKA_RUN - 1] != ' ')
        return;
    memcpy(run, text + prefix, KAFKA_RUN - 1);
    run[KAFKA_RUN - 1] = '\0';
    if (strspn(run, "0123456789abcdef") != KAFKA_RUN - 1)
        run[0] = '\0';
}

int kafka_made_by(rd_kafka_t *rk, enum kafka_made what, const char *name, const char *topic,
                  char run[KAFKA_RUN], struct err *err)
{
    char group[KAFKA_MARK_GROUP];
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_topic_partition_list_t *l = one_offset(topic), *found = NULL;
    run[0] = '\0';
    mark_group(what, name, group, sizeof group);
    for (int tries = 0; tries < TRIES; tries++) {
        code = kafka_group_offsets(rk, group, l, &found);
        if (!code && found->cnt)
            code = found->elems[0].err;
        if (!passes(code) || code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
            break;
        if (found)
            rd_kafka_topic_partition_list_destroy(found);
        found = NULL;
        usleep(100000);
    }
    if (!code && found && found->cnt && found->elems[0].offset >= 0 && found->elems[0].metadata)
        read_run(found->elems[0].metadata, found->elems[0].metadata_size, run);
    if (found)
        rd_kafka_topic_partition_list_destroy(found);
    rd_kafka_topic_partition_list_destroy(l);
    if (!code || code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        return 0;
    return err_set(err, ERR_FAILED, "its mark in group %s: %s", group, rd_kafka_err2str(code));
}

int kafka_made_unmark(rd_kafka_t *rk, enum kafka_made what, const char *name, struct err *err)
{
    char group[KAFKA_MARK_GROUP];
    rd_kafka_topic_partition_list_t *l;
    bool some = false;
    mark_group(what, name, group, sizeof group);
    rd_kafka_resp_err_t code = kafka_group_offsets(rk, group, NULL, &l);
    for (int i = 0; !code && i < l->cnt; i++)
        some = some || l->elems[i].offset >= 0;
    if (!code)
        rd_kafka_topic_partition_list_destroy(l);
    return some || code ? kafka_group_delete(rk, group, err) : 0;
}

bool kafka_group_is_named_after(const char *group, const char *run)
{
    char prefix[KAFKA_RUN + 16];
    snprintf(prefix, sizeof prefix, KAFKA_GROUP_PREFIX "%.8s-", run);
    size_t len = strlen(prefix);
    return strlen(run) == KAFKA_RUN - 1 && strncmp(group, prefix, len) == 0 && group[len] &&
           !group[len + strspn(group + len, "0123456789-")];
}

/* ---- objects created by this process, known before a mark can be read back ---- */

static pthread_mutex_t here_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct here {
    struct here *next;
    char *cluster, *topic;
} * here_list;

void kafka_made_here_add(const char *cluster, const char *topic)
{
    struct here *h = calloc(1, sizeof *h);
    if (!h || !(h->cluster = strdup(cluster)) || !(h->topic = strdup(topic)))
        abort();
    pthread_mutex_lock(&here_mutex);
    h->next = here_list;
    here_list = h;
    pthread_mutex_unlock(&here_mutex);
}

bool kafka_made_here(const char *cluster, const char *topic)
{
    bool found = false;
    pthread_mutex_lock(&here_mutex);
    for (const struct here *h = here_list; h && !found; h = h->next)
        found = strcmp(h->cluster, cluster) == 0 && strcmp(h->topic, topic) == 0;
    pthread_mutex_unlock(&here_mutex);
    return found;
}

#endif
