/* Blocking queries of the cluster: topic, group, offsets, settings.
 *
 * Every query has a timeout and runs on the pool's thread with the pool's own handle, a consumer
 * that never joins a group (so it may also read and set a group's offsets). Values that a cluster
 * refuses to report stay unknown; this is an error only if the load depends on them. */
#if LOADTOP_HAVE_RDKAFKA
#include "backends/kafka_base/admin.h"

#include "backends/kafka_base/error.h"
#include "backends/kafka_base/scheme.h"
#include "backends/kafka_base/trouble.h"
#include "backends/kafka_base/types.h"
#include "engine/base/quantity.h"
#include "engine/base/secret.h"
#include "engine/base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ADMIN_MS 5000
#define REPLICAS_EVERY_S 5 /* seconds between checks while there is no trouble */

static const char *where(const struct kafka_pool *kp)
{
    return kp->shown;
}

/* The reason why no broker answered: an error event of the handle is more specific than a
 * timeout. */
int kafka_unreached(struct kafka_pool *kp, rd_kafka_resp_err_t code, struct err *err)
{
    char why[192], refused[256], waits[256], said[192], tried[sizeof kp->tried];
    pthread_mutex_lock(&kp->mutex);
    copy_str(refused, sizeof refused, kp->refused);
    copy_str(waits, sizeof waits, kp->waits);
    copy_str(why, sizeof why, kp->trouble[0] ? kp->trouble : kp->why);
    copy_str(tried, sizeof tried, kp->tried);
    pthread_mutex_unlock(&kp->mutex);
    if (refused[0])
        return err_set(err, ERR_REFUSED, "%s", refused);
    if (waits[0])
        return err_set(err, ERR_UNREACHED, "%s", waits);
    if (!why[0]) {
        kafka_error_text(code, NULL, said, sizeof said);
        copy_str(why, sizeof why, said);
    }
    bool login = strstr(why, "uthentication") != NULL;
    bool several = strchr(tried, ',') != NULL;
    return err_set(err, login ? ERR_FAILED : ERR_UNREACHED, "%s: %s%s%s%s", where(kp),
                   several ? "tried " : "", several ? tried : "", several ? ": " : "", why);
}

static bool is_refused(struct kafka_pool *kp)
{
    pthread_mutex_lock(&kp->mutex);
    bool refused = kp->refused[0];
    pthread_mutex_unlock(&kp->mutex);
    return refused;
}

/* Is the reason such that an immediate retry is useless? */
static bool retry_is_useless(struct kafka_pool *kp)
{
    pthread_mutex_lock(&kp->mutex);
    bool useless = kp->trouble[0] || kp->refused[0] || kp->waits[0];
    pthread_mutex_unlock(&kp->mutex);
    return useless;
}

/* ---- the admin API: one request, one result ---- */

struct kafka_admin kafka_admin_begin(rd_kafka_t *rk)
{
    char words[64];
    struct kafka_admin a = {.queue = rd_kafka_queue_new(rk),
                            .options = rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_ANY)};
    rd_kafka_AdminOptions_set_request_timeout(a.options, ADMIN_MS, words, sizeof words);
    return a;
}

static rd_kafka_resp_err_t await_for(struct kafka_admin *a, rd_kafka_event_type_t type,
                                     int timeout_ms)
{
    uint64_t end = clock_ns() + (uint64_t)timeout_ms * NS_PER_MS;
    while (clock_ns() < end) {
        rd_kafka_event_t *e = rd_kafka_queue_poll(a->queue, 100);
        if (e && rd_kafka_event_type(e) == type) {
            a->result = e;
            return rd_kafka_event_error(e);
        }
        if (e)
            rd_kafka_event_destroy(e);
    }
    return RD_KAFKA_RESP_ERR__TIMED_OUT;
}

rd_kafka_resp_err_t kafka_admin_await(struct kafka_admin *a, rd_kafka_event_type_t type)
{
    return await_for(a, type, 2 * ADMIN_MS);
}

void kafka_admin_end(struct kafka_admin *a)
{
    if (a->result)
        rd_kafka_event_destroy(a->result);
    rd_kafka_AdminOptions_destroy(a->options);
    rd_kafka_queue_destroy(a->queue);
}

static char *copy_said(char *buf, size_t size, const char *said)
{
    return secret_said(buf, size, said, strlen(said));
}

/* Describes the top-level error of the request. */
static void admin_words(const struct kafka_admin *a, char *words, size_t size)
{
    if (a->result)
        copy_said(words, size, rd_kafka_event_error_string(a->result));
    else
        copy_str(words, size, "no answer");
}

static rd_kafka_resp_err_t topic_result(const rd_kafka_topic_result_t **result, size_t n,
                                        char *words, size_t size)
{
    rd_kafka_resp_err_t code = n ? rd_kafka_topic_result_error(result[0]) : RD_KAFKA_RESP_ERR__FAIL;
    const char *said = n ? rd_kafka_topic_result_error_string(result[0]) : NULL;
    copy_said(words, size, said ? said : rd_kafka_err2str(code));
    return code;
}

int kafka_topic_create(struct kafka_pool *kp, struct err *err)
{
    const struct options *o = kafka_opts(kp);
    int partitions = (int)option_u64(o, K_PARTITIONS), replicas = (int)option_u64(o, K_REPLICATION);
    char words[256] = "";
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__TIMED_OUT;
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(
        kp->topic, partitions ? partitions : -1, replicas ? replicas : -1, words, sizeof words);
    if (!topic)
        return err_set(err, ERR_USAGE, "%s: creating the topic: %s", where(kp), words);
    struct kafka_admin a = kafka_admin_begin(kp->admin);
    rd_kafka_CreateTopics(kp->admin, &topic, 1, a.options, a.queue);
    for (int tries = 0; tries < 20 && !a.result && !is_refused(kp); tries++)
        code = await_for(&a, RD_KAFKA_EVENT_CREATETOPICS_RESULT, ADMIN_MS / 10);
    if (code) {
        admin_words(&a, words, sizeof words);
    } else {
        size_t n = 0;
        const rd_kafka_topic_result_t **result =
            rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(a.result), &n);
        code = topic_result(result, n, words, sizeof words);
    }
    kafka_admin_end(&a);
    rd_kafka_NewTopic_destroy(topic);
    if (code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
        return 1;
    if (code == RD_KAFKA_RESP_ERR__TIMED_OUT) {
        kafka_events_read(kp);
        return kafka_unreached(kp, code, err);
    }
    if (code) {
        const char *advice = kafka_error_advice(code);
        return err_set(err, kafka_error_passes(code) ? ERR_UNREACHED : ERR_FAILED,
                       "%s: creating topic %s: %s%s%s%s", where(kp), kp->topic, words,
                       advice ? " (" : "", advice ? advice : "", advice ? ")" : "");
    }
    return 0;
}

int kafka_topic_delete(rd_kafka_t *rk, const char *name, struct err *err)
{
    char words[256];
    rd_kafka_DeleteTopic_t *topic = rd_kafka_DeleteTopic_new(name);
    struct kafka_admin a = kafka_admin_begin(rk);
    rd_kafka_DeleteTopics(rk, &topic, 1, a.options, a.queue);
    rd_kafka_resp_err_t code = kafka_admin_await(&a, RD_KAFKA_EVENT_DELETETOPICS_RESULT);
    if (code) {
        admin_words(&a, words, sizeof words);
    } else {
        size_t n = 0;
        const rd_kafka_topic_result_t **result =
            rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(a.result), &n);
        code = topic_result(result, n, words, sizeof words);
    }
    kafka_admin_end(&a);
    rd_kafka_DeleteTopic_destroy(topic);
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC)
        return 0; /* gone already */
    return code ? err_set(err, ERR_FAILED, "deleting topic %s: %s", name, words) : 0;
}

int kafka_group_delete(rd_kafka_t *rk, const char *name, struct err *err)
{
    char words[256];
    rd_kafka_DeleteGroup_t *group = rd_kafka_DeleteGroup_new(name);
    struct kafka_admin a = kafka_admin_begin(rk);
    rd_kafka_DeleteGroups(rk, &group, 1, a.options, a.queue);
    rd_kafka_resp_err_t code = kafka_admin_await(&a, RD_KAFKA_EVENT_DELETEGROUPS_RESULT);
    if (code) {
        admin_words(&a, words, sizeof words);
    } else {
        size_t n = 0;
        const rd_kafka_group_result_t **result =
            rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(a.result), &n);
        code = rd_kafka_error_code(n ? rd_kafka_group_result_error(result[0]) : NULL);
        copy_str(words, sizeof words, rd_kafka_err2str(code));
    }
    kafka_admin_end(&a);
    rd_kafka_DeleteGroup_destroy(group);
    if (code == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND)
        return 0;
    return code ? err_set(err, ERR_FAILED, "deleting group %s: %s", name, words) : 0;
}

/* ---- topic ---- */

void kafka_events_read(struct kafka_pool *kp)
{
    rd_kafka_queue_t *q = rd_kafka_queue_get_main(kp->admin);
    for (rd_kafka_event_t *e; (e = rd_kafka_queue_poll(q, 0));) {
        if (rd_kafka_event_type(e) == RD_KAFKA_EVENT_ERROR)
            kafka_trouble(kp, rd_kafka_event_error(e), rd_kafka_event_error_string(e));
        rd_kafka_event_destroy(e);
    }
    rd_kafka_queue_destroy(q);
}

/* Asks for the topic's metadata, *meta (the caller's to destroy), until timeout_ms, the end of the
 * pool, or a reason for which waiting is useless. 0, or an error. */
static int await_metadata(struct kafka_pool *kp, int timeout_ms, rd_kafka_topic_t *topic,
                          const struct rd_kafka_metadata **meta, struct err *err)
{
    uint64_t asked = clock_ns(), end = asked + (uint64_t)timeout_ms * NS_PER_MS;
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__TIMED_OUT;
    for (bool first = true; clock_ns() < end && !pool_stopping(kp->pool); first = false) {
        asked = clock_ns();
        /* short timeouts, to notice the end of the pool, and soon that no broker answers */
        code = rd_kafka_metadata(kp->admin, 0, topic, meta, first ? 1000 : 2000);
        kafka_events_read(kp);
        if (!code) {
            kafka_trouble_over(kp, asked);
            return 0;
        }
        if (first && !kp->opened && kafka_scheme_check(kp, pool_target(kp->pool), err) < 0)
            return ERR_FAILED;
        /* refused: shorten the wait */
        if (kp->trouble[0] && clock_ns() + 4 * NS_PER_S < end)
            end = clock_ns() + NS_PER_S;
    }
    return kafka_unreached(kp, code, err);
}

int kafka_topic_inspect(struct kafka_pool *kp, int timeout_ms, bool *exists, struct err *err)
{
    rd_kafka_topic_t *topic = rd_kafka_topic_new(kp->admin, kp->topic, NULL);
    const struct rd_kafka_metadata *meta = NULL;
    rd_kafka_resp_err_t code;
    *exists = false;
    if (!topic)
        return err_set(err, ERR_USAGE, "%s: %s is not the name of a topic", where(kp), kp->topic);
    int bad = await_metadata(kp, timeout_ms, topic, &meta, err);
    rd_kafka_topic_destroy(topic);
    if (!meta)
        return bad;
    code = meta->topic_cnt == 1 ? meta->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    int partitions = code ? 0 : meta->topics[0].partition_cnt;
    if (!code && partitions <= KAFKA_PARTITIONS_MAX) {
        *exists = partitions > 0;
        kp->partitions = partitions;
        kp->replicas = kp->partitions ? meta->topics[0].partitions[0].replica_cnt : 0;
    }
    if (meta->broker_cnt > 0) {
        kp->broker_id = meta->brokers[0].id;
        snprintf(kp->address, sizeof kp->address, "%.100s:%d", meta->brokers[0].host,
                 meta->brokers[0].port);
    }
    kp->brokers = meta->broker_cnt;
    pool_nodes(kp->pool, (unsigned)kp->brokers);
    rd_kafka_metadata_destroy(meta);
    if (partitions > KAFKA_PARTITIONS_MAX)
        return err_set(err, ERR_FAILED, "%s: topic %s has %d partitions, at most %d are possible",
                       where(kp), kp->topic, partitions, KAFKA_PARTITIONS_MAX);
    if (code && code != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART &&
        code != RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE) { /* neither is there yet */
        char said[192];
        kafka_error_text(code, NULL, said, sizeof said);
        return err_set(err, kafka_error_passes(code) ? ERR_UNREACHED : ERR_FAILED,
                       "%s: topic %s: %s", where(kp), kp->topic, said);
    }
    return 0;
}

static void set_stuck(struct kafka_pool *kp, const char *text)
{
    pthread_mutex_lock(&kp->mutex);
    bool news = *text && !kp->stuck[0];
    copy_str(kp->stuck, sizeof kp->stuck, text);
    atomic_store(&kp->is_stuck, *text != '\0');
    pthread_mutex_unlock(&kp->mutex);
    if (news)
        pool_event(kp->pool, "%s", text);
}

/* Connections broke and no broker answers: librdkafka may not report this when the group's
 * coordinator loses its address while its connection goes down. A slow broker keeps its connections
 * and is not mistaken for an unreachable one. */
static void silent(struct kafka_pool *kp)
{
    pthread_mutex_lock(&kp->mutex);
    bool broken = kp->why[0] != '\0';
    pthread_mutex_unlock(&kp->mutex);
    if (broken)
        kafka_trouble(kp, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, NULL);
}

/* Counts the partitions without a leader. The first call records the replicas in sync; later calls
 * compare with it, because replicas missing before the load were not lost by it. */
static int judge_partitions(struct kafka_pool *kp, const struct rd_kafka_metadata_topic *t,
                            bool at_first, int *lost_id)
{
    int lost = 0;
    for (int i = 0; i < t->partition_cnt; i++) {
        const struct rd_kafka_metadata_partition *p = &t->partitions[i];
        if (p->id < 0 || p->id >= kp->parts)
            continue;
        struct kafka_part *part = &kp->part[p->id];
        if (at_first)
            part->in_sync = p->leader >= 0 ? p->isr_cnt : -1;
        if (p->leader < 0) {
            *lost_id = lost++ ? *lost_id : p->id;
            if (part->in_sync >= 0)
                pool_strain(kp->pool, STRAIN_REPLICAS,
                            "partition %d of topic %s has lost its leader", p->id, kp->topic);
        } else if (p->isr_cnt < part->in_sync) {
            pool_strain(kp->pool, STRAIN_REPLICAS,
                        "partition %d of topic %s: %d of %d replicas are in sync, %d "
                        "were when the load began",
                        p->id, kp->topic, p->isr_cnt, p->replica_cnt, part->in_sync);
        }
    }
    return lost;
}

/* Queries leaders and replicas. Returns the number of partitions without a leader, with the first
 * of them in *lost_id; or a negative librdkafka error. */
static int inspect_partitions(struct kafka_pool *kp, bool at_first, int *lost_id)
{
    const rd_kafka_metadata_t *meta = NULL;
    int lost = 0;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(kp->admin, kp->topic, NULL);
    rd_kafka_resp_err_t code = rd_kafka_metadata(kp->admin, 0, topic, &meta, 1000);
    rd_kafka_topic_destroy(topic);
    kafka_events_read(kp);
    if (code)
        return -1;
    if (meta->broker_cnt != kp->brokers && meta->broker_cnt > 0) {
        kp->brokers = meta->broker_cnt;
        pool_nodes(kp->pool, (unsigned)kp->brokers);
    }
    if (meta->topic_cnt == 1)
        lost = judge_partitions(kp, &meta->topics[0], at_first, lost_id);
    rd_kafka_metadata_destroy(meta);
    return lost;
}

/* After an answer: is this still the cluster that the pool was opened on? */
static void who_answers(struct kafka_pool *kp)
{
    char id[128];
    bool same = kafka_same_cluster(kp, kp->admin, id, sizeof id);
    bool was = !atomic_exchange(&kp->other_cluster, !same);
    if (was && !same)
        pool_event(kp->pool, "cluster %s answers there now, and the pool was opened on %.100s", id,
                   kp->cluster);
    else if (same && !was)
        pool_event(kp->pool, "cluster %.100s answers again", kp->cluster);
}

void kafka_partitions_first(struct kafka_pool *kp)
{
    int lost_id;
    inspect_partitions(kp, true, &lost_id);
}

void kafka_partitions_inspect(struct kafka_pool *kp, bool well)
{
    char text[192];
    int first = -1;
    double now_s = (double)clock_ns() / 1e9;
    bool troubled = atomic_load(&kp->troubled);
    bool restart =
        atomic_load(&kp->other_cluster) || (double)atomic_load(&kp->up_ns) / 1e9 > kp->looked_s;
    if ((well || troubled) && atomic_load(&kp->is_stuck))
        set_stuck(kp, "");
    if (troubled || (well && !restart && now_s < kp->looked_s + REPLICAS_EVERY_S))
        return;
    kp->looked_s = now_s;
    int lost = inspect_partitions(kp, false, &first);
    who_answers(kp);
    if (lost < 0 && !well)
        silent(kp);
    if (lost <= 0 || well)
        return;
    snprintf(
        text, sizeof text,
        "%d of %d partitions (%d%s) have no leader: their broker is away, or its disk is full or "
        "broken (the broker's log says which)",
        lost, kp->partitions, first, lost > 1 ? ", ..." : "");
    set_stuck(kp, text);
}

/* ---- offsets ---- */

static rd_kafka_topic_partition_list_t *all_partitions(const struct kafka_pool *kp, int64_t offset)
{
    rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(kp->partitions);
    for (int32_t p = 0; p < kp->partitions; p++)
        rd_kafka_topic_partition_list_add(l, kp->topic, p)->offset = offset;
    return l;
}

/* In the protocol, the times -1 and -2 stand for the end and the beginning. librdkafka passes them
 * on, so one request per broker covers all its partitions. */
rd_kafka_resp_err_t kafka_offsets_at(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *l,
                                     int64_t time_ms, int timeout_ms)
{
    for (int i = 0; i < l->cnt; i++)
        l->elems[i].offset = time_ms;
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(rk, l, timeout_ms);
    for (int i = 0; i < l->cnt && !code; i++) {
        code = l->elems[i].err;
        if (l->elems[i].offset > KAFKA_OFFSET_MAX)
            l->elems[i].offset = KAFKA_OFFSET_MAX;
    }
    return code;
}

static int offsets_at(struct kafka_pool *kp, int64_t time_ms, int timeout_ms, int64_t *offset)
{
    rd_kafka_topic_partition_list_t *l = all_partitions(kp, time_ms);
    rd_kafka_resp_err_t code = kafka_offsets_at(kp->admin, l, time_ms, timeout_ms);
    for (int i = 0; i < l->cnt && !code; i++)
        offset[l->elems[i].partition] = l->elems[i].offset;
    rd_kafka_topic_partition_list_destroy(l);
    return code ? -(int)(code < 0 ? -code : code) : 0;
}

int kafka_offsets_refresh(struct kafka_pool *kp, int timeout_ms)
{
    int64_t *end = calloc((size_t)kp->partitions * 2, sizeof *end), *low = end + kp->partitions;
    kafka_events_read(kp);
    uint64_t asked = clock_ns();
    bool ok = end && offsets_at(kp, RD_KAFKA_OFFSET_END, timeout_ms, end) == 0 &&
              offsets_at(kp, RD_KAFKA_OFFSET_BEGINNING, timeout_ms, low) == 0;
    for (int32_t p = 0; p < kp->partitions && ok; p++) {
        atomic_store_explicit(&kp->part[p].end, end[p], memory_order_relaxed);
        kp->part[p].low = low[p];
    }
    free(end);
    if (ok)
        kafka_trouble_over(kp, asked);
    return ok ? 0 : -1;
}

/* The time in ms since 1970 for "10m" (that long ago), "2026-01-31T12:00:00Z", or a number, which
 * is such a time already. -1: not a time. */
static int64_t time_of(const char *text)
{
    uint64_t ns, ms;
    struct tm tm = {0};
    struct timespec now;
    if (parse_duration(text, &ns) == 0) {
        clock_gettime(CLOCK_REALTIME, &now);
        return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 - (int64_t)(ns / NS_PER_MS);
    }
    if (parse_count(text, &ms) == 0 && ms < UINT64_C(1) << 50)
        return (int64_t)ms;
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    if (rest && (*rest == '\0' || strcmp(rest, "Z") == 0))
        return (int64_t)timegm(&tm) * 1000;
    return -1;
}

bool kafka_from_valid(const char *from)
{
    return !*from || strcmp(from, "earliest") == 0 || strcmp(from, "latest") == 0 ||
           strcmp(from, "group") == 0 || time_of(from) >= 0;
}

int kafka_offsets_start(struct kafka_pool *kp, struct err *err)
{
    const char *from = option_str(kafka_opts(kp), K_FROM);
    int64_t *at = calloc((size_t)kp->partitions, sizeof *at);
    int code = -1;
    /* The leaders of a topic that was just created become known a moment after its partitions. */
    for (int tries = 0; tries < 50 && code < 0 && !pool_stopping(kp->pool); tries++) {
        if (tries)
            usleep(100000);
        code = kafka_offsets_refresh(kp, 2000);
        if (retry_is_useless(kp))
            break;
    }
    if (!at || code < 0) {
        free(at);
        return kafka_unreached(kp, RD_KAFKA_RESP_ERR__TIMED_OUT, err);
    }
    if (*from && strcmp(from, "earliest") && strcmp(from, "latest") && strcmp(from, "group")) {
        code = offsets_at(kp, time_of(from), ADMIN_MS, at);
        /* no messages after that time */
        for (int32_t p = 0; p < kp->partitions; p++)
            kp->part[p].start = at[p] >= 0 ? at[p] : kp->part[p].end;
    } else {
        bool earliest = strcmp(from, "earliest") == 0 || strcmp(from, "group") == 0;
        for (int32_t p = 0; p < kp->partitions; p++)
            kp->part[p].start = earliest ? kp->part[p].low : kp->part[p].end;
    }
    free(at);
    if (code < 0)
        return err_set(err, ERR_UNREACHED, "%s: looking up from=%s: %s", where(kp), from,
                       rd_kafka_err2str((rd_kafka_resp_err_t)-code));
    return 0;
}

int kafka_offsets_of_group(struct kafka_pool *kp, struct err *err)
{
    rd_kafka_topic_partition_list_t *l = all_partitions(kp, RD_KAFKA_OFFSET_INVALID);
    rd_kafka_resp_err_t code = rd_kafka_committed(kp->admin, l, ADMIN_MS);
    for (int i = 0; i < l->cnt && !code; i++) {
        struct kafka_part *part = &kp->part[l->elems[i].partition];
        part->start = l->elems[i].offset >= 0 ? l->elems[i].offset : part->low;
    }
    rd_kafka_topic_partition_list_destroy(l);
    if (code)
        return err_set(err, ERR_UNREACHED, "%s: looking at group %s: %s", where(kp), kp->group,
                       rd_kafka_err2str(code));
    return 0;
}

int kafka_offsets_commit(struct kafka_pool *kp, struct err *err)
{
    rd_kafka_topic_partition_list_t *l = all_partitions(kp, 0);
    for (int i = 0; i < l->cnt; i++)
        l->elems[i].offset = kp->part[l->elems[i].partition].start;
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__TIMED_OUT;
    for (int tries = 0; tries < 50 && !pool_stopping(kp->pool); tries++) {
        code = rd_kafka_commit(kp->admin, l, 0);
        if (code != RD_KAFKA_RESP_ERR__WAIT_COORD && code != RD_KAFKA_RESP_ERR_NOT_COORDINATOR &&
            code != RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE &&
            code != RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS)
            break;
        struct timespec pause = {0, 100000000};
        nanosleep(&pause, NULL);
    }
    rd_kafka_topic_partition_list_destroy(l);
    if (code) {
        char said[192];
        kafka_error_text(code, NULL, said, sizeof said);
        return err_set(err, ERR_UNREACHED, "%s: setting the offsets of group %s: %s", where(kp),
                       kp->group, said);
    }
    return 0;
}

/* ---- group ---- */

int kafka_group_members(rd_kafka_t *rk, const char *group, rd_kafka_resp_err_t *code)
{
    const struct rd_kafka_group_list *list = NULL;
    int members = 0;
    *code = rd_kafka_list_groups(rk, group, &list, ADMIN_MS);
    for (int i = 0; list && i < list->group_cnt; i++)
        members += list->groups[i].member_cnt;
    if (list)
        rd_kafka_group_list_destroy(list);
    return *code ? -1 : members;
}

int kafka_group_inspect(struct kafka_pool *kp, int *members, bool *committed, struct err *err)
{
    rd_kafka_resp_err_t code;
    *committed = false;
    *members = kafka_group_members(kp->admin, kp->group, &code);
    rd_kafka_topic_partition_list_t *l = all_partitions(kp, RD_KAFKA_OFFSET_INVALID);
    if (!code)
        code = rd_kafka_committed(kp->admin, l, ADMIN_MS);
    for (int i = 0; i < l->cnt && !code; i++)
        *committed = *committed || l->elems[i].offset >= 0;
    rd_kafka_topic_partition_list_destroy(l);
    if (code) {
        char said[192];
        kafka_error_text(code, NULL, said, sizeof said);
        return err_set(err, ERR_UNREACHED, "%s: looking at group %s: %s", where(kp), kp->group,
                       said);
    }
    return 0;
}

/* ---- origin of the topic ---- */

int kafka_topic_is_ours(struct kafka_pool *kp, bool *empty, bool *ours, struct err *err)
{
    int32_t p = 0;
    while (p < kp->partitions && kp->part[p].end <= kp->part[p].low)
        p++;
    *empty = p == kp->partitions;
    *ours = false;
    if (*empty)
        return 0;
    rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(l, kp->topic, p)->offset = kp->part[p].low;
    rd_kafka_resp_err_t code = rd_kafka_assign(kp->admin, l);
    rd_kafka_topic_partition_list_destroy(l);
    bool seen = false;
    rd_kafka_queue_t *q = rd_kafka_queue_get_consumer(kp->admin);
    uint64_t until = clock_ns() + ADMIN_MS * NS_PER_MS;
    while (!code && !seen && clock_ns() < until && !pool_stopping(kp->pool)) {
        rd_kafka_event_t *e = rd_kafka_queue_poll(q, 100);
        const rd_kafka_message_t *m = e ? rd_kafka_event_message_next(e) : NULL;
        if (m && !m->err) {
            uint32_t magic = 0;
            seen = true;
            if (m->payload && m->len >= sizeof magic)
                memcpy(&magic, m->payload, sizeof magic);
            *ours = magic == KAFKA_MAGIC;
        }
        if (e)
            rd_kafka_event_destroy(e);
    }
    rd_kafka_queue_destroy(q);
    rd_kafka_assign(kp->admin, NULL);
    if (!seen)
        return err_set(err, ERR_UNREACHED, "%s: reading the oldest message of topic %s: %s",
                       where(kp), kp->topic, code ? rd_kafka_err2str(code) : "no answer");
    return 0;
}

/* ---- settings ---- */

static void setting(struct kafka_pool *kp, const char *name, const char *value)
{
    if (!value)
        return;
    if (strcmp(name, "retention.ms") == 0) {
        double ms = strtod(value, NULL);
        kp->retention_s = ms < 0 ? INFINITY : ms / 1000;
    } else if (strcmp(name, "inter.broker.protocol.version") == 0) {
        char version[sizeof kp->version - sizeof "Kafka " + 1];
        snprintf(kp->version, sizeof kp->version, "Kafka %s",
                 secret_said(version, sizeof version, value, strcspn(value, "-")));
    }
}

/* Tells that the settings of the topic or the broker are refused: the load does not need them. */
static void tell_refused(struct kafka_pool *kp, const rd_kafka_ConfigResource_t *res, bool topic)
{
    char said[100];
    const char *why = rd_kafka_ConfigResource_error_string(res);
    if (!rd_kafka_ConfigResource_error(res) || pool_inspects_only(kp->pool))
        return;
    pool_event(kp->pool, "%s: %s",
               topic ? "the topic's settings are not known, nor when messages expire"
                     : "the broker's settings are not known, nor its version",
               copy_said(said, sizeof said, why ? why : "refused"));
}

void kafka_topic_settings(struct kafka_pool *kp)
{
    char id[16];
    if (kp->mock) { /* a mock cluster has no settings */
        copy_str(kp->version, sizeof kp->version, "MOCK, not a broker");
        return;
    }
    snprintf(id, sizeof id, "%d", kp->broker_id);
    rd_kafka_ConfigResource_t *what[] = {
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, kp->topic),
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_BROKER, id),
    };
    for (unsigned k = 0; k < 2; k++) {
        struct kafka_admin a = kafka_admin_begin(kp->admin);
        rd_kafka_DescribeConfigs(kp->admin, &what[k], 1, a.options, a.queue);
        await_for(&a, RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT, 1000);
        const rd_kafka_DescribeConfigs_result_t *r =
            a.result ? rd_kafka_event_DescribeConfigs_result(a.result) : NULL;
        size_t n = 0, m = 0;
        const rd_kafka_ConfigResource_t **res =
            r ? rd_kafka_DescribeConfigs_result_resources(r, &n) : NULL;
        if (n)
            tell_refused(kp, res[0], k == 0);
        const rd_kafka_ConfigEntry_t **entry =
            n ? rd_kafka_ConfigResource_configs(res[0], &m) : NULL;
        for (size_t i = 0; i < m; i++)
            setting(kp, rd_kafka_ConfigEntry_name(entry[i]), rd_kafka_ConfigEntry_value(entry[i]));
        kafka_admin_end(&a);
        rd_kafka_ConfigResource_destroy(what[k]);
    }
}

#endif
