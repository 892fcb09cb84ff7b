/* Opening and closing a pool: the topic, the group, the starting offsets.
 *
 * Topics and groups of others are not changed without --allow-destructive: a topic is written to
 * only if it was created by a run of loadtop (marked on the cluster, kafka_base/made.c) or its
 * oldest message is loadtop's; a group with members or committed offsets is joined only if its name
 * was made by this run. With --read-only, and in an inspection, nothing is created, joined or
 * committed: partitions are assigned by hand, and the pool's own handle belongs to no group,
 * because even a query for a group's coordinator makes brokers without groups create a topic. All
 * of it blocks, within bounds, on the pool's thread, and is repeated from the start after a
 * failure. */
#if LOADTOP_HAVE_RDKAFKA
#include "backends/kafka/pool.h"

#include "backends/kafka/sums.h"
#include "backends/kafka_base/admin.h"
#include "backends/kafka_base/conf.h"
#include "backends/kafka_base/made.h"
#include "backends/kafka_base/mock.h"
#include "backends/kafka_base/process.h"
#include "backends/kafka_base/types.h"
#include "engine/base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOOK_MS 6000
#define CLUSTER_MS 2000
#define MARK_WAIT_MS 3000

static void first_time(struct kafka_pool *kp, struct pool *pool)
{
    static _Atomic unsigned pools;
    if (kp->pool)
        return;
    kp->pool = pool;
    pthread_mutex_init(&kp->mutex, NULL);
    kp->ended.lag = NAN;
    workers_init(&kp->workers, kafka_count, &kp->ended, sizeof kp->ended);
    pthread_mutex_init(&kp->threads_mutex, NULL);
    lag_watch_init(&kp->lag);
    kp->shown = pool_target(pool)->shown;
    copy_str(kp->topic, sizeof kp->topic, pool_target(pool)->path + 1);
    const char *group = option_str(pool_options(pool), K_GROUP);
    kp->own_group = !*group;
    if (kp->own_group)
        snprintf(kp->group, sizeof kp->group, KAFKA_GROUP_PREFIX "%s-%d-%u", pool_run_id(pool),
                 (int)getpid(), atomic_fetch_add(&pools, 1));
    else
        copy_str(kp->group, sizeof kp->group, group);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    kp->nonce = mix64(mix64((uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec) ^
                      ((uint64_t)getpid() << 32) ^ (uint64_t)(uintptr_t)kp);
    kp->retention_s = NAN;
    kp->anon_before = kafka_anon_bytes();
}

/* Is this read-only consumption that starts at the offsets of a named group? */
static bool follows_group(const struct kafka_pool *kp)
{
    const char *from = option_str(kafka_opts(kp), K_FROM);
    return pool_read_only(kp->pool) && !kp->own_group && (!*from || strcmp(from, "group") == 0) &&
           pool_ops_include(kp->pool, KAFKA_CONSUME);
}

static int admin_open(struct kafka_pool *kp, struct err *err)
{
    char words[256];
    bool grouped = !pool_read_only(kp->pool) || follows_group(kp);
    int bad = tls_files_check(kafka_opts(kp), K_TLS, err);
    if (!bad)
        bad = kafka_conf_try(kp, err);
    if (bad)
        return bad;
    rd_kafka_conf_t *conf = kafka_conf_new(kp, pool_target(kp->pool), kafka_opts(kp),
                                           pool_sender(kp->pool), RD_KAFKA_CONSUMER, err);
    if (!conf)
        return ERR_USAGE;
    if ((grouped && rd_kafka_conf_set(conf, "group.id", kp->group, words, sizeof words)) ||
        rd_kafka_conf_set(conf, "enable.auto.commit", "false", words, sizeof words)) {
        rd_kafka_conf_destroy(conf);
        return err_set(err, ERR_USAGE, "group=%s: %s", kp->group, words);
    }
    kp->admin = kafka_handle_new(kp, RD_KAFKA_CONSUMER, conf, words, sizeof words);
    return kp->admin ? 0 : err_set(err, ERR_FAILED, "%s: %s", kp->shown, words);
}

/* Queries the cluster's identity, before anything is created, committed or sent. */
static int cluster_inspect(struct kafka_pool *kp, struct err *err)
{
    char *id = rd_kafka_clusterid(kp->admin, CLUSTER_MS);
    free(kp->cluster);
    kp->cluster = strdup(id ? id : pool_target(kp->pool)->host[0].name);
    if (!kp->cluster)
        abort();
    kp->named = id != NULL;
    kp->mock = kafka_mock_is(id);
    int code = pool_identity_allowed(kp->pool, id, err);
    if (id)
        rd_kafka_mem_free(kp->admin, id);
    return code;
}

static void parts_free(struct kafka_pool *kp)
{
    for (int32_t p = 0; kp->part && p < kp->parts; p++) {
        track_fini(&kp->part[p].track);
        pthread_mutex_destroy(&kp->part[p].mutex);
    }
    free(kp->part);
    kp->part = NULL;
    kp->parts = 0;
}

static int parts_new(struct kafka_pool *kp, struct err *err)
{
    parts_free(kp);
    kp->part = calloc((size_t)kp->partitions, sizeof *kp->part);
    if (!kp->part)
        return err_set(err, ERR_FAILED, "kafka: out of memory for %d partitions", kp->partitions);
    kp->parts = kp->partitions;
    for (int32_t p = 0; p < kp->parts; p++) {
        track_init(&kp->part[p].track);
        pthread_mutex_init(&kp->part[p].mutex, NULL);
        atomic_store(&kp->part[p].taken, -1);
        atomic_store(&kp->part[p].end, -1);
    }
    return 0;
}

/* Marks a created object for `clean` and later runs. If this is not permitted the run continues,
 * with an event and a note in the leftovers. */
static void mark_made(struct kafka_pool *kp, enum kafka_made what, char *why, size_t size)
{
    struct err err = {0};
    bool topic = what == KAFKA_MADE_TOPIC;
    const char *name = topic ? kp->topic : kp->group;
    if (kp->mock)
        return;
    why[0] = '\0';
    if (kafka_made_mark(kp->admin, what, name, kp->topic, pool_run_id(kp->pool),
                        pool_sender(kp->pool), &err) == 0)
        return;
    copy_str(why, size, err.msg);
    pool_event(kp->pool,
               "%s %s cannot be marked as this run's, so `loadtop clean` will not remove it: %s",
               topic ? "topic" : "group", name, why);
}

static void made_topic(struct kafka_pool *kp)
{
    kp->created = true;
    kafka_made_here_add(kp->cluster, kp->topic);
}

/* Called when the answer to an earlier create request was lost. The topic did not exist before and
 * is empty now, so we know that the request was executed. */
static void look_whether_made(struct kafka_pool *kp)
{
    int64_t ends = 0;
    for (int32_t p = 0; p < kp->partitions; p++)
        ends += kp->part[p].end;
    if (kp->asked && !kp->created && !ends)
        made_topic(kp);
    kp->asked = false;
}

/* Creates the topic, and waits until its partitions have leaders. */
static int make_topic(struct kafka_pool *kp, struct err *err)
{
    if (!option_bool(kafka_opts(kp), K_CREATE))
        return err_set(err, ERR_FAILED,
                       "%s: there is no topic %s (create it, or leave out create=no)", kp->shown,
                       kp->topic);
    if (pool_read_only(kp->pool))
        return err_set(err, ERR_ABSENT, "%s: there is no topic %s, and --read-only makes none",
                       kp->shown, kp->topic);
    int code = kafka_topic_create(kp, err);
    if (code < 0) {
        /* it may have been created despite the error */
        kp->asked = kp->asked || code == ERR_UNREACHED;
        return code;
    }
    if (code == 0)
        made_topic(kp);
    for (int tries = 0; tries < 100 && !pool_stopping(kp->pool); tries++) {
        bool exists = false;
        code = kafka_topic_inspect(kp, LOOK_MS, &exists, err);
        if (code < 0 || exists)
            return code;
        usleep(50000);
    }
    return err_set(err, ERR_UNREACHED, "%s: topic %s was created but has no partitions yet",
                   kp->shown, kp->topic);
}

static bool is_marked(struct kafka_pool *kp)
{
    char run[KAFKA_RUN];
    struct err none = {0}; /* treat an unreadable mark as none */
    return kafka_made_here(kp->cluster, kp->topic) ||
           (kafka_made_by(kp->admin, KAFKA_MADE_TOPIC, kp->topic, kp->topic, run, &none) == 0 &&
            run[0]);
}

/* Was the topic created by loadtop? An empty one may just have been created by another pool or
 * another loadtop that has not marked it yet. */
static int is_ours(struct kafka_pool *kp, bool *empty, struct err *err)
{
    bool ours = false;
    uint64_t until = clock_ns() + MARK_WAIT_MS * NS_PER_MS;
    int code = kafka_topic_is_ours(kp, empty, &ours, err);
    if (code < 0)
        return code;
    kp->mine = ours || (*empty && kp->mock) || is_marked(kp);
    while (*empty && !kp->mine && clock_ns() < until && !pool_stopping(kp->pool)) {
        usleep(200000);
        kp->mine = is_marked(kp);
    }
    return 0;
}

static int may_produce(struct kafka_pool *kp, struct err *err)
{
    bool empty = false;
    kp->mine = kp->created || pool_allow_destructive(kp->pool);
    /* an inspection only reads; before a start, check whose topic it is */
    if (kp->mine || pool_read_only(kp->pool))
        return 0;
    if (!pool_ops_include(kp->pool, KAFKA_PRODUCE) && !pool_ops_include(kp->pool, KAFKA_E2E)) {
        static const char why[] = "may go where others write, which was not looked at when this "
                                  "pool was opened to consume: add a pool with ops=produce";
        pool_forbid(kp->pool, KAFKA_PRODUCE, why);
        pool_forbid(kp->pool, KAFKA_E2E, why);
        return 0;
    }
    int code = is_ours(kp, &empty, err);
    if (code < 0 || kp->mine)
        return code;
    return err_set(err, ERR_REFUSED,
                   "%s: topic %s %s: producing into it needs --allow-destructive (or name a new "
                   "topic, or ops=consume)",
                   kp->shown, kp->topic,
                   empty ? "bears no mark of a run of loadtop, so somebody else made it"
                         : "holds messages that loadtop did not write");
}

static int may_join(struct kafka_pool *kp, struct err *err)
{
    int members = 0;
    bool committed = false;
    if (kp->own_group) {
        kp->group_made = true;
        return kafka_offsets_commit(kp, err);
    }
    int code = kafka_group_inspect(kp, &members, &committed, err);
    if (code < 0)
        return code;
    if ((members || committed) && !kp->group_made && !pool_allow_destructive(kp->pool))
        return err_set(
            err, ERR_REFUSED,
            "%s: group %s has %s: joining it takes messages from its users and moves its offsets; "
            "that needs --allow-destructive (or leave out group=)",
            kp->shown, kp->group, members ? "members" : "committed offsets");
    const char *from = option_str(kafka_opts(kp), K_FROM);
    if (!committed && !kp->group_made) {
        kp->group_made = true;
        mark_made(kp, KAFKA_MADE_GROUP, kp->group_unmarked, sizeof kp->group_unmarked);
    }
    bool of_group = !*from || strcmp(from, "group") == 0;
    return committed && of_group ? 0 : members ? 0 : kafka_offsets_commit(kp, err);
}

/* Decides how partitions are assigned to consumers, and where reading starts. */
static int begin_reading(struct kafka_pool *kp, struct err *err)
{
    if (!pool_ops_include(kp->pool, KAFKA_CONSUME))
        return 0;
    if (!kafka_by_hand(kp))
        return may_join(kp, err);
    if (kafka_each(kp) || !pool_read_only(kp->pool) || pool_inspects_only(kp->pool))
        return 0;
    if (option_u64(kafka_opts(kp), K_ASSIGN) == ASSIGN_GROUP) {
        pool_forbid(kp->pool, KAFKA_CONSUME,
                    "with assign=group joins a consumer group and commits offsets, which "
                    "--read-only does not: leave out assign=group, or say assign=hand");
        return 0;
    }
    if (!kp->opened && option_u64(kafka_opts(kp), K_ASSIGN) == ASSIGN_AUTO)
        pool_event(kp->pool, "--read-only: partitions are assigned by hand; no group is joined, "
                             "no offsets are committed");
    return follows_group(kp) ? kafka_offsets_of_group(kp, err) : 0;
}

int kafka_pool_open(struct pool *pool, struct err *err)
{
    struct kafka_pool *kp = pool_data(pool);
    bool exists = false;
    first_time(kp, pool);
    if (pool_ops_include(pool, KAFKA_E2E) && pool_ops_include(pool, KAFKA_CONSUME))
        return err_set(err, ERR_USAGE,
                       "%s: ops: e2e reads back its own messages; consume needs a pool of its own",
                       kp->shown);
    int code = kp->admin ? 0 : admin_open(kp, err);
    if (!code)
        code = kafka_topic_inspect(kp, LOOK_MS, &exists, err);
    if (!code)
        pool_answered(pool);
    if (!code)
        code = cluster_inspect(kp, err);
    if (!code && !exists)
        code = make_topic(kp, err);
    if (!code)
        code = parts_new(kp, err);
    if (!code)
        code = kafka_offsets_start(kp, err);
    if (!code)
        look_whether_made(kp);
    if (!code && kp->created && !kp->marked) {
        kp->marked = true;
        mark_made(kp, KAFKA_MADE_TOPIC, kp->topic_unmarked, sizeof kp->topic_unmarked);
    }
    if (!code)
        code = may_produce(kp, err);
    if (!code)
        code = begin_reading(kp, err);
    if (code)
        return code;
    kafka_partitions_first(kp);
    kafka_topic_settings(kp);
    if (!kp->opened && kp->mock)
        pool_event(pool, "librdkafka's mock cluster: never a measure of a broker");
    kp->opened = true;
    return 0;
}

void kafka_pool_close(struct pool *pool)
{
    struct kafka_pool *kp = pool_data(pool);
    if (!kp->pool)
        return;
    /* handles being destroyed may still call the pool's connect check */
    for (int i = 0; i < 1000 && atomic_load(&kp->dying); i++)
        usleep(10000);
    if (kp->admin)
        rd_kafka_destroy_flags(kp->admin, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    parts_free(kp);
    free(kp->cluster);
    workers_fini(&kp->workers);
    pthread_mutex_destroy(&kp->mutex);
    pthread_mutex_destroy(&kp->threads_mutex);
    memset(kp, 0, sizeof *kp);
}

#endif
