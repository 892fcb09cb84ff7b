/* A pool's beginning and end: the topic, the group, where reading begins; and cleaning up after a
 * run.
 *
 * Nothing that somebody else uses is touched without --allow-destructive: a topic is written to
 * only if this run made it, or it is empty, or its oldest message bears loadtop's mark; a group
 * with members or committed offsets is joined only if its name was made by this run. All of it
 * blocks, within bounds, on the pool's own thread, and is done again from the start when it failed.
 */
#if LOADTOP_HAVE_RDKAFKA
#include "backends/kafka.h"
#include "engine/text.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define LOOK_MS 6000

bool kafka_each(const struct kafka_pool *kp)
{
    return option_u64(kafka_opts(kp), K_DELIVER) == DELIVER_EACH;
}

bool kafka_by_hand(const struct kafka_pool *kp)
{
    return kafka_each(kp) || option_u64(kafka_opts(kp), K_ASSIGN) == ASSIGN_HAND;
}

/* The boot id is made anew by the kernel at each boot; stamps of CLOCK_MONOTONIC mean nothing
 * across it. */
uint32_t kafka_boot(void)
{
    static _Atomic uint32_t known;
    uint32_t boot = atomic_load(&known);
    if (boot)
        return boot;
    char text[64] = "";
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (f && !fgets(text, sizeof text, f))
        text[0] = '\0';
    if (f)
        fclose(f);
    uint64_t h = UINT64_C(1469598103934665603);
    for (const char *c = text; *c; c++)
        h = (h ^ (unsigned char)*c) * UINT64_C(1099511628211);
    boot = (uint32_t)mix64(h) | 1;
    atomic_store(&known, boot);
    return boot;
}

double kafka_anon_bytes(void)
{
    char line[128];
    double kib = NAN;
    FILE *f = fopen("/proc/self/status", "re");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "RssAnon:", 8) == 0)
            kib = strtod(line + 8, NULL);
    if (f)
        fclose(f);
    return kib * 1024;
}

/* Each handle takes some 10 descriptors; the soft limit is only a default. */
static void allow_descriptors(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
        r.rlim_cur = r.rlim_max;
        setrlimit(RLIMIT_NOFILE, &r);
    }
}

static void first_time(struct kafka_pool *kp, struct pool *pool)
{
    static _Atomic unsigned pools;
    if (kp->pool)
        return;
    kp->pool = pool;
    pthread_mutex_init(&kp->mutex, NULL);
    pthread_mutex_init(&kp->threads_mutex, NULL);
    lag_watch_init(&kp->lag);
    copy_str(kp->topic, sizeof kp->topic, pool_target(pool)->path + 1);
    const char *group = option_str(pool_options(pool), K_GROUP);
    kp->own_group = !*group;
    if (kp->own_group)
        snprintf(kp->group, sizeof kp->group, "loadtop-%s-%d-%u", pool_run_id(pool), (int)getpid(),
                 atomic_fetch_add(&pools, 1));
    else
        copy_str(kp->group, sizeof kp->group, group);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    kp->nonce = mix64(mix64((uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec) ^
                      ((uint64_t)getpid() << 32) ^ (uint64_t)(uintptr_t)kp);
    kp->retention_s = NAN;
    kp->anon_before = kafka_anon_bytes();
    allow_descriptors();
}

static int admin_open(struct kafka_pool *kp, struct err *err)
{
    char words[256];
    rd_kafka_conf_t *conf =
        kafka_conf_new(kp, pool_target(kp->pool), kafka_opts(kp), RD_KAFKA_CONSUMER, err);
    if (!conf)
        return ERR_USAGE;
    if (rd_kafka_conf_set(conf, "group.id", kp->group, words, sizeof words) ||
        rd_kafka_conf_set(conf, "enable.auto.commit", "false", words, sizeof words)) {
        rd_kafka_conf_destroy(conf);
        return err_set(err, ERR_USAGE, "group=%s: %s", kp->group, words);
    }
    kp->admin = rd_kafka_new(RD_KAFKA_CONSUMER, conf, words, sizeof words);
    if (kp->admin)
        return 0;
    rd_kafka_conf_destroy(conf);
    return err_set(err, ERR_FAILED, "%s: %s", pool_target(kp->pool)->shown, words);
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

/* Makes the topic, and waits until its partitions have leaders. */
static int make_topic(struct kafka_pool *kp, struct err *err)
{
    const char *shown = pool_target(kp->pool)->shown;
    if (!option_bool(kafka_opts(kp), K_CREATE))
        return err_set(err, ERR_FAILED,
                       "%s: there is no topic %s (create it, or leave out create=no)", shown,
                       kp->topic);
    if (pool_read_only(kp->pool))
        return err_set(err, ERR_REFUSED,
                       "%s: there is no topic %s, and --read-only does not create it", shown,
                       kp->topic);
    int code = kafka_topic_create(kp, err);
    if (code < 0)
        return code;
    kp->created = kp->created || code == 0;
    for (int tries = 0; tries < 100 && !pool_stopping(kp->pool); tries++) {
        bool exists = false;
        code = kafka_topic_look(kp, LOOK_MS, &exists, err);
        if (code < 0 || exists)
            return code;
        usleep(50000);
    }
    return err_set(err, ERR_UNREACHED, "%s: topic %s was created but has no partitions yet", shown,
                   kp->topic);
}

static int may_produce(struct kafka_pool *kp, struct err *err)
{
    bool ours = false;
    kp->mine = kp->created || pool_allow_destructive(kp->pool);
    if (kp->mine)
        return 0;
    if (!pool_ops_include(kp->pool, KAFKA_PRODUCE) && !pool_ops_include(kp->pool, KAFKA_E2E)) {
        static const char why[] = "may go where others write, which was not looked at when this "
                                  "pool was opened to consume: add a pool with ops=produce";
        pool_forbid(kp->pool, KAFKA_PRODUCE, why);
        pool_forbid(kp->pool, KAFKA_E2E, why);
        return 0;
    }
    int code = kafka_topic_is_ours(kp, &ours, err);
    if (code < 0)
        return code;
    kp->mine = ours;
    if (!ours)
        return err_set(
            err, ERR_REFUSED,
            "%s: topic %s holds messages that loadtop did not write: producing into it needs "
            "--allow-destructive (or name a new topic, or ops=consume)",
            pool_target(kp->pool)->shown, kp->topic);
    return 0;
}

static int may_join(struct kafka_pool *kp, struct err *err)
{
    int members = 0;
    bool committed = false;
    if (kp->own_group) {
        kp->group_made = true;
        return kafka_offsets_commit(kp, err);
    }
    int code = kafka_group_look(kp, &members, &committed, err);
    if (code < 0)
        return code;
    if ((members || committed) && !kp->group_made && !pool_allow_destructive(kp->pool))
        return err_set(
            err, ERR_REFUSED,
            "%s: group %s has %s: joining it takes messages from its users and moves its offsets; "
            "that needs --allow-destructive (or leave out group=)",
            pool_target(kp->pool)->shown, kp->group, members ? "members" : "committed offsets");
    const char *from = option_str(kafka_opts(kp), K_FROM);
    if (!committed)
        kp->group_made = true;
    bool of_group = !*from || strcmp(from, "group") == 0;
    return committed && of_group ? 0 : members ? 0 : kafka_offsets_commit(kp, err);
}

int kafka_pool_open(struct pool *pool, struct err *err)
{
    struct kafka_pool *kp = pool_data(pool);
    bool exists = false;
    first_time(kp, pool);
    if (pool_ops_include(pool, KAFKA_E2E) && pool_ops_include(pool, KAFKA_CONSUME))
        return err_set(err, ERR_USAGE,
                       "%s: ops: e2e reads back its own messages; consume needs a pool of its own",
                       pool_target(pool)->shown);
    int code = kp->admin ? 0 : admin_open(kp, err);
    if (!code)
        code = kafka_topic_look(kp, LOOK_MS, &exists, err);
    if (!code)
        pool_answered(pool);
    if (!code && !exists)
        code = make_topic(kp, err);
    if (!code)
        code = parts_new(kp, err);
    if (!code)
        code = kafka_offsets_start(kp, err);
    if (!code)
        code = may_produce(kp, err);
    if (!code && pool_ops_include(pool, KAFKA_CONSUME) && !kafka_by_hand(kp))
        code = may_join(kp, err);
    if (code)
        return code;
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
    for (int i = 0; i < 1000 && atomic_load(&kp->dying); i++)
        usleep(
            10000); /* handles that are slow to die still ask the pool whether they may connect */
    if (kp->admin)
        rd_kafka_destroy_flags(kp->admin, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    parts_free(kp);
    pthread_mutex_destroy(&kp->mutex);
    pthread_mutex_destroy(&kp->threads_mutex);
    memset(kp, 0, sizeof *kp);
}

/* ---- cleaning up ---- */

int kafka_clean(struct clean *c, struct err *err)
{
    const struct target *target = c->target;
    const struct options *o = c->options;
    const struct json_t *left = c->left_behind;
    if (!c->remove) {
        c->say(c, CLEAN_OURS, "what the file names", -1, "");
        return 0;
    }
    char words[256];
    size_t i;
    json_t *entry;
    int code = 0;
    rd_kafka_conf_t *conf = kafka_conf_new(NULL, target, o, RD_KAFKA_PRODUCER, err);
    if (!conf)
        return ERR_USAGE;
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, words, sizeof words);
    if (!rk) {
        rd_kafka_conf_destroy(conf);
        return err_set(err, ERR_FAILED, "%s: %s", target->shown, words);
    }
    json_array_foreach((json_t *)(uintptr_t)left, i, entry)
    {
        const char *kind = json_string_value(json_object_get(entry, "kind"));
        const char *what = json_string_value(json_object_get(entry, "what"));
        if (!kind || !what || code)
            continue;
        if (strcmp(kind, "topic") == 0)
            code = kafka_topic_delete(rk, what, err);
        else if (strcmp(kind, "group") == 0)
            code = kafka_group_delete(rk, what, err);
        else if (strcmp(kind, "messages") == 0)
            code = err_set(
                err, ERR_FAILED,
                "%s: messages in topic %s, which was there before, cannot be removed one by one",
                target->shown, what);
    }
    rd_kafka_destroy(rk);
    return code;
}

#endif
