/* Lists and removes the leftovers of a saved run on a Kafka cluster.
 *
 * The file is only a hint. A topic or a group is removed if it is marked by this run on the cluster
 * (kafka_base/made.c), a group only if it also has no members and no offsets of other topics;
 * everything else is kept and reported with the command that removes it by hand. Messages cannot be
 * removed individually: they are removed with a topic created by this run, and otherwise kept.
 * Listing and removal each query the cluster themselves: nothing is removed on the basis of an
 * earlier answer. Called by ui/cli/clean.c, after the hosts were allowed; each connection is
 * checked as well. */
#if LOADTOP_HAVE_RDKAFKA
#include "backends/kafka/clean.h"

#include "backends/common/resolve.h"
#include "backends/kafka_base/admin.h"
#include "backends/kafka_base/conf.h"
#include "backends/kafka_base/made.h"
#include "backends/kafka_base/scheme.h"
#include "backends/kafka_base/trouble.h"
#include "backends/kafka_base/types.h"
#include "engine/base/quantity.h"
#include "engine/base/text.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REACH_MS 10000
#define ASK_MS 5000
#define GOING_MS 5000   /* how long to wait until the brokers have removed a deleted object */
#define ENTRIES_MOST 64 /* most entries of a pool's list; a pool leaves at most two */
#define WHY 640

struct cleaning {
    struct clean *c;
    /* not of a pool: holds the handle, and the reason why it cannot connect */
    struct kafka_pool *kp;
    const char *topic; /* topic of the target; marks are committed offsets of its partition */
    char place[300];   /* "localhost:9092", for commands */
};

/* ---- reaching the cluster ---- */

static int open_handle(struct cleaning *cl, struct err *err)
{
    char words[256];
    struct kafka_pool *kp = cl->kp;
    if (tls_files_check(cl->c->options, K_TLS, err) < 0)
        return ERR_USAGE;
    rd_kafka_conf_t *conf =
        kafka_conf_new(kp, cl->c->target, cl->c->options, cl->c->sender, RD_KAFKA_CONSUMER, err);
    if (!conf)
        return ERR_USAGE;
    if (rd_kafka_conf_set(conf, "group.id", "loadtop.clean", words, sizeof words) ||
        rd_kafka_conf_set(conf, "enable.auto.commit", "false", words, sizeof words) ||
        !(kp->admin = rd_kafka_new(RD_KAFKA_CONSUMER, conf, words, sizeof words))) {
        rd_kafka_conf_destroy(conf);
        return err_set(err, ERR_USAGE, "kafka: librdkafka refuses these properties: %s", words);
    }
    return 0;
}

/* Queries the metadata of a topic. The caller owns *meta (NULL: no answer). */
static rd_kafka_resp_err_t ask_topic(struct cleaning *cl, const char *name,
                                     const struct rd_kafka_metadata **meta)
{
    rd_kafka_topic_t *topic = rd_kafka_topic_new(cl->kp->admin, name, NULL);
    *meta = NULL;
    if (!topic)
        return RD_KAFKA_RESP_ERR__INVALID_ARG;
    rd_kafka_resp_err_t code = rd_kafka_metadata(cl->kp->admin, 0, topic, meta, 1000);
    rd_kafka_topic_destroy(topic);
    if (!code && (*meta)->topic_cnt == 1)
        code = (*meta)->topics[0].err;
    return code;
}

static int reach(struct cleaning *cl, struct err *err)
{
    uint64_t end = clock_ns() + REACH_MS * NS_PER_MS;
    rd_kafka_resp_err_t code;
    const struct rd_kafka_metadata *meta = NULL;
    struct kafka_pool *kp = cl->kp;
    bool first = true;
    do {
        code = ask_topic(cl, cl->topic, &meta);
        kafka_events_read(kp);
        if (!meta && first && kafka_scheme_check(kp, cl->c->target, err) < 0)
            return ERR_FAILED;
        first = false;
    } while (!meta && clock_ns() < end && !kafka_tried_all(kp));
    if (!meta)
        return kafka_unreached(kp, code, err);
    rd_kafka_metadata_destroy(meta);
    char *id = rd_kafka_clusterid(kp->admin, ASK_MS);
    int bad = clean_identity_allowed(cl->c, "kafka", id, err);
    if (id)
        rd_kafka_mem_free(kp->admin, id);
    return bad;
}

/* ---- saying ---- */

/* count: messages that it holds; -1: not known, or not asked. */
static void tell(struct cleaning *cl, enum clean_fate fate, const char *kind, const char *name,
                 int64_t count, const char *fmt, ...) __attribute__((format(printf, 6, 7)));
static void tell(struct cleaning *cl, enum clean_fate fate, const char *kind, const char *name,
                 int64_t count, const char *fmt, ...)
{
    char what[KAFKA_GROUP_MOST + 64], why[WHY], n[32];
    va_list args;
    va_start(args, fmt);
    vsnprintf(why, sizeof why, fmt, args);
    va_end(args);
    if (count >= 0)
        snprintf(what, sizeof what, "%s %s (%s message%s)", kind, name,
                 format_count(n, sizeof n, (uint64_t)count), count == 1 ? "" : "s");
    else
        snprintf(what, sizeof what, "%s %s", kind, name);
    cl->c->say(cl->c, fate, what, -1, why);
}

static bool is_plain(const char *name)
{
    return !name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")];
}

/* The command that removes it by hand, without a name that would need quoting in a shell. */
static const char *by_hand(const struct cleaning *cl, enum kafka_made what, const char *name,
                           char *buf, size_t size)
{
    const char *shown = is_plain(name) ? name : what == KAFKA_MADE_TOPIC ? "TOPIC" : "GROUP";
    if (what == KAFKA_MADE_TOPIC)
        snprintf(buf, size, "by hand: kafka-topics.sh --bootstrap-server %s --delete --topic %s",
                 cl->place, shown);
    else
        snprintf(buf, size,
                 "by hand: kafka-consumer-groups.sh --bootstrap-server %s --delete --group %s",
                 cl->place, shown);
    return buf;
}

/* Does it have this run's mark? If not, reports why it is kept. */
static bool is_this_runs(struct cleaning *cl, enum kafka_made what, const char *name,
                         const char *topic)
{
    char run[KAFKA_RUN], hand[WHY];
    const char *kind = what == KAFKA_MADE_TOPIC ? "topic" : "group";
    struct err err = {0};
    if (what == KAFKA_MADE_GROUP && kafka_group_is_named_after(name, cl->c->run))
        return true;
    by_hand(cl, what, name, hand, sizeof hand);
    if (kafka_made_by(cl->kp->admin, what, name, topic, run, &err) < 0)
        tell(cl, CLEAN_STAYS, kind, name, -1, "%s cannot be read (%s)", err.msg, hand);
    else if (!run[0])
        tell(cl, CLEAN_STAYS, kind, name, -1,
             "it bears no mark of a run on the cluster (marks go after "
             "offsets.retention.minutes) (%s)",
             hand);
    else if (strcmp(run, cl->c->run) != 0)
        tell(cl, CLEAN_STAYS, kind, name, -1, "run %s made it, not this one (%s)", run, hand);
    else
        return true;
    return false;
}

/* ---- topics ---- */

/* How many offsets the topic holds, as the brokers say; -1: they do not. */
static int64_t topic_count(struct cleaning *cl, const char *name, int partitions)
{
    rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(partitions);
    int64_t count = 0;
    for (int p = 0; p < partitions; p++)
        rd_kafka_topic_partition_list_add(l, name, p);
    if (kafka_offsets_at(cl->kp->admin, l, RD_KAFKA_OFFSET_END, ASK_MS))
        count = -1;
    for (int p = 0; p < l->cnt && count >= 0; p++)
        count += l->elems[p].offset;
    if (count >= 0 && kafka_offsets_at(cl->kp->admin, l, RD_KAFKA_OFFSET_BEGINNING, ASK_MS))
        count = -1;
    for (int p = 0; p < l->cnt && count >= 0; p++)
        count -= l->elems[p].offset;
    rd_kafka_topic_partition_list_destroy(l);
    return count < 0 ? -1 : count;
}

static void remove_topic(struct cleaning *cl, const char *name, int64_t count)
{
    struct err err = {0};
    const struct rd_kafka_metadata *meta;
    uint64_t end = clock_ns() + GOING_MS * NS_PER_MS;
    rd_kafka_resp_err_t code;
    if (kafka_topic_delete(cl->kp->admin, name, &err) < 0) {
        tell(cl, CLEAN_STAYS, "topic", name, count, "%s", err.msg);
        return;
    }
    do { /* the controller has answered; wait for the other brokers */
        code = ask_topic(cl, name, &meta);
        if (meta)
            rd_kafka_metadata_destroy(meta);
        usleep(50000);
    } while (code != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART && clock_ns() < end);
    if (code != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
        tell(cl, CLEAN_STAYS, "topic", name, count,
             "the cluster took its deletion, but still has it (%s)", rd_kafka_err2str(code));
        return;
    }
    tell(cl, CLEAN_GONE, "topic", name, count, "%s", "");
    /* Brokers drop the mark with the topic; remove it explicitly for those that have not yet. */
    if (kafka_made_unmark(cl->kp->admin, KAFKA_MADE_TOPIC, name, &err) < 0)
        tell(cl, CLEAN_STAYS, "the mark of topic", name, -1, "%s", err.msg);
}

static bool is_made_by_this_run(struct cleaning *cl, const char *name)
{
    char run[KAFKA_RUN];
    struct err none = {0};
    return kafka_made_by(cl->kp->admin, KAFKA_MADE_TOPIC, name, name, run, &none) == 0 && run[0] &&
           strcmp(run, cl->c->run) == 0;
}

/* messages: the file lists messages instead of the topic. They are removed with a topic created by
 * any pool of this run. */
static void clean_topic(struct cleaning *cl, const char *name, bool messages)
{
    const struct rd_kafka_metadata *meta;
    rd_kafka_resp_err_t code = ask_topic(cl, name, &meta);
    int partitions = meta && !code ? meta->topics[0].partition_cnt : 0;
    if (meta)
        rd_kafka_metadata_destroy(meta);
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
        tell(cl, CLEAN_ABSENT, "topic", name, -1, "%s", "");
        return;
    }
    if (code) {
        tell(cl, CLEAN_STAYS, "topic", name, -1, "%s", rd_kafka_err2str(code));
        return;
    }
    if (messages && !is_made_by_this_run(cl, name)) {
        tell(cl, CLEAN_STAYS, "messages in topic", name, -1,
             "they cannot be removed one by one, and this run did not make the topic: they go with "
             "its retention");
        return;
    }
    if (!is_this_runs(cl, KAFKA_MADE_TOPIC, name, name))
        return;
    int64_t count = topic_count(cl, name, partitions);
    if (cl->c->remove)
        remove_topic(cl, name, count);
    else
        tell(cl, CLEAN_OURS, "topic", name, count, "%s", "");
}

/* ---- groups ---- */

/* Does the group hold offsets, and of which topic that this run did not read? */
static rd_kafka_resp_err_t group_holds(struct cleaning *cl, const char *name, bool *some,
                                       char *other, size_t size)
{
    rd_kafka_topic_partition_list_t *l;
    rd_kafka_resp_err_t code = kafka_group_offsets(cl->kp->admin, name, NULL, &l);
    *some = false;
    other[0] = '\0';
    if (code)
        return code;
    for (int i = 0; i < l->cnt; i++) {
        *some = *some || l->elems[i].offset >= 0;
        if (l->elems[i].offset >= 0 && strcmp(l->elems[i].topic, cl->topic) != 0)
            copy_str(other, size, l->elems[i].topic);
    }
    rd_kafka_topic_partition_list_destroy(l);
    return code;
}

static void remove_group(struct cleaning *cl, const char *name)
{
    struct err err = {0};
    if (kafka_group_delete(cl->kp->admin, name, &err) < 0) {
        tell(cl, CLEAN_STAYS, "group", name, -1, "%s", err.msg);
        return;
    }
    tell(cl, CLEAN_GONE, "group", name, -1, "%s", "");
    if (!kafka_group_is_named_after(name, cl->c->run) &&
        kafka_made_unmark(cl->kp->admin, KAFKA_MADE_GROUP, name, &err) < 0)
        tell(cl, CLEAN_STAYS, "the mark of group", name, -1, "%s", err.msg);
}

static void clean_group(struct cleaning *cl, const char *name)
{
    char other[KAFKA_TOPIC_MOST + 1], hand[WHY];
    bool some;
    rd_kafka_resp_err_t code = group_holds(cl, name, &some, other, sizeof other);
    int members = code ? -1 : kafka_group_members(cl->kp->admin, name, &code);
    if (code) {
        tell(cl, CLEAN_STAYS, "group", name, -1, "%s", rd_kafka_err2str(code));
        return;
    }
    if (!some && !members) { /* a group without members and offsets does not exist */
        tell(cl, CLEAN_ABSENT, "group", name, -1, "%s", "");
        return;
    }
    if (!is_this_runs(cl, KAFKA_MADE_GROUP, name, cl->topic))
        return;
    by_hand(cl, KAFKA_MADE_GROUP, name, hand, sizeof hand);
    if (members)
        tell(cl, CLEAN_STAYS, "group", name, -1, "%d member%s with it now (%s)", members,
             members == 1 ? " reads" : "s read", hand);
    else if (other[0])
        tell(cl, CLEAN_STAYS, "group", name, -1,
             "it also holds offsets of topic %s, which this run did not read (%s)", other, hand);
    else if (cl->c->remove)
        remove_group(cl, name);
    else
        tell(cl, CLEAN_OURS, "group", name, -1, "%s", "");
}

/* ---- the list ---- */

static void clean_entry(struct cleaning *cl, const json_t *entry)
{
    const char *kind = json_string_value(json_object_get(entry, "kind"));
    const char *what = json_string_value(json_object_get(entry, "what"));
    bool group = kind && strcmp(kind, "group") == 0;
    bool messages = kind && strcmp(kind, "messages") == 0;
    if (!what || (!group && !messages && (!kind || strcmp(kind, "topic") != 0))) {
        cl->c->say(cl->c, CLEAN_STAYS, "an entry", -1, "the file does not say what it is");
        return;
    }
    size_t len = strlen(what);
    if (group && len && len <= KAFKA_GROUP_MOST) {
        clean_group(cl, what);
        return;
    }
    if (!group && len && len <= KAFKA_TOPIC_MOST && is_plain(what)) {
        clean_topic(cl, what, messages);
        return;
    }
    cl->c->say(cl->c, CLEAN_STAYS, "an entry", -1,
               group ? "its group's name is empty or too long"
                     : "what it names cannot be a topic (letters, digits, '.', '_', '-')");
}

static void clean_entries(struct cleaning *cl)
{
    json_t *left = (json_t *)(uintptr_t)cl->c->leftovers, *entry;
    size_t i;
    json_array_foreach(left, i, entry)
    {
        if (i == ENTRIES_MOST) {
            cl->c->say(cl->c, CLEAN_STAYS, "the rest of the list",
                       (int64_t)(json_array_size(left) - i), "no run leaves so much");
            return;
        }
        clean_entry(cl, entry);
    }
}

int kafka_clean(struct clean *c, struct err *err)
{
    const struct target_host *host = &c->target->host[0];
    struct kafka_pool *kp = calloc(1, sizeof *kp);
    if (!kp)
        return err_set(err, ERR_FAILED, "kafka: out of memory");
    struct cleaning cl = {.c = c, .kp = kp, .topic = c->target->path + 1};
    kp->shown = c->target->shown;
    pthread_mutex_init(&kp->mutex, NULL);
    place_text(cl.place, sizeof cl.place, host->name, host->port ? host->port : 9092u);
    int code = open_handle(&cl, err);
    if (!code)
        code = reach(&cl, err);
    if (!code)
        clean_entries(&cl);
    if (kp->admin)
        rd_kafka_destroy_flags(kp->admin, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    pthread_mutex_destroy(&kp->mutex);
    free(kp);
    return code;
}

#endif
