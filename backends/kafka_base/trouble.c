/* Broker outages during the life of a pool, and detection of a different cluster.
 *
 * Updated from events of any handle, on any thread, and stored in the pool. */
#if LOADTOP_HAVE_RDKAFKA
#include "backends/kafka_base/trouble.h"

#include "backends/common/resolve.h"
#include "backends/kafka_base/error.h"
#include "backends/kafka_base/types.h"
#include "engine/base/secret.h"
#include "engine/base/text.h"

#include <stdio.h>
#include <string.h>

/* librdkafka (2.0.2) goes on to a name's next address about a second after one failed, and says
 * meanwhile that all brokers are down. */
#define TRIED_ALL_NS (3 * NS_PER_S)

/* Writes "no broker answers: Connect to ipv4#127.0.0.1:9092 failed: Connection refused (is ...?)"
 * from a message of librdkafka, without its surrounding text. Under the pool's mutex. */
static void say_down(const struct kafka_pool *kp, char *text, size_t size)
{
    const char *why = strstr(kp->why, "Connect to ");
    if (!why)
        why = kp->why;
    int len = (int)strcspn(why, "(");
    while (len > 0 && why[len - 1] == ' ')
        len--;
    const char *advice = kp->opened
                             ? "did the broker end? its log says why: a full disk is one reason"
                         : len ? kafka_error_advice(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
                               : "is the broker running, and the port right? does it want TLS "
                                 "(kafka.security.protocol=ssl)?";
    snprintf(text, size, "no broker answers%s%.*s (%s)", len ? ": " : "", len, why, advice);
}

/* Adds a place to the list of those tried; "..." ends a list that is full. Under the pool's mutex. */
static void add_tried(struct kafka_pool *kp, const char *place)
{
    static const char more[] = ", ...";
    size_t len = strlen(kp->tried), need = strlen(place) + 2 + sizeof more;
    if (text_lists(kp->tried, place) || strstr(kp->tried, more))
        return;
    kp->tried_ns = clock_ns();
    text_append(kp->tried, sizeof kp->tried, len, "%s%s", len ? ", " : "",
                len + need < sizeof kp->tried ? place : more + 2);
}

void kafka_tried(struct kafka_pool *kp, const struct sockaddr *addr, unsigned len)
{
    struct address a = {.len = len};
    char place[PLACE_TEXT_MAX];
    if (len > sizeof a.addr)
        return;
    memcpy(&a.addr, addr, len);
    address_text(&a, place, sizeof place);
    pthread_mutex_lock(&kp->mutex);
    add_tried(kp, place);
    pthread_mutex_unlock(&kp->mutex);
}

bool kafka_tried_all(struct kafka_pool *kp)
{
    pthread_mutex_lock(&kp->mutex);
    bool all = kp->trouble[0] && clock_ns() - kp->tried_ns > TRIED_ALL_NS;
    pthread_mutex_unlock(&kp->mutex);
    return all;
}

void kafka_trouble(struct kafka_pool *kp, rd_kafka_resp_err_t code, const char *reason)
{
    char text[sizeof kp->trouble], said[sizeof kp->trouble];
    secret_said(said, sizeof said, reason, strlen(reason));
    if (code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__RESOLVE ||
        code == RD_KAFKA_RESP_ERR__TIMED_OUT) {
        /* One broker of several, or an idle connection: record it only to explain a later
         * outage. */
        pthread_mutex_lock(&kp->mutex);
        copy_str(kp->why, sizeof kp->why, said);
        kp->why_ns = clock_ns();
        if (kp->trouble[0] && code != RD_KAFKA_RESP_ERR__TIMED_OUT)
            say_down(kp, kp->trouble, sizeof kp->trouble);
        pthread_mutex_unlock(&kp->mutex);
        return;
    }
    pthread_mutex_lock(&kp->mutex);
    bool news = !kp->trouble[0];
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
        say_down(kp, text, sizeof text);
    else
        kafka_error_text(code, said, text, sizeof text);
    copy_str(kp->trouble, sizeof kp->trouble, text);
    atomic_store(&kp->troubled, true);
    if (news)
        kp->trouble_ns = clock_ns();
    bool tell = news && kp->opened;
    pthread_mutex_unlock(&kp->mutex);
    if (tell)
        pool_event(kp->pool, "%s", text);
}

void kafka_strain(struct kafka_pool *kp, rd_kafka_resp_err_t code)
{
    static const struct {
        rd_kafka_resp_err_t code;
        enum strain strain;
    } strains[] = {
        {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, STRAIN_REPLICAS},
        {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, STRAIN_REPLICAS},
        {RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, STRAIN_READ_ONLY},
        {RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED, STRAIN_THREADS},
    };
    for (unsigned i = 0; i < sizeof strains / sizeof *strains; i++)
        if (strains[i].code == code)
            pool_strain(kp->pool, strains[i].strain, "%s", rd_kafka_err2str(code));
}

void kafka_trouble_over(struct kafka_pool *kp, uint64_t asked_ns)
{
    pthread_mutex_lock(&kp->mutex);
    bool was = kp->trouble[0] && kp->trouble_ns < asked_ns;
    double lasted = (double)(clock_ns() - kp->trouble_ns) / 1e9;
    if (was)
        kp->trouble[0] = '\0';
    if (kp->why_ns < asked_ns)
        kp->why[0] = '\0';
    kp->tried[0] = '\0';
    atomic_store(&kp->troubled, kp->trouble[0] != '\0');
    pthread_mutex_unlock(&kp->mutex);
    if (was && kp->opened)
        pool_event(kp->pool, "brokers are back after %.1f s", lasted);
}

void kafka_trouble_check(struct kafka_pool *kp)
{
    if (atomic_load(&kp->troubled))
        kafka_trouble_over(kp, atomic_load(&kp->up_ns));
}

/* librdkafka (2.0.2) keeps the cluster id of the last Metadata answer, and requests one whenever a
 * link comes up. Whatever a handle sends before that answer goes to any server at the address. */
bool kafka_same_cluster(struct kafka_pool *kp, rd_kafka_t *rk, char *other, size_t size)
{
    char *id = rd_kafka_clusterid(rk, 0);
    /* no answer yet */
    if (!id)
        return true;
    bool same = !kp->named || strcmp(id, kp->cluster) == 0;
    bool allowed = (same && kp->named) || pool_identity_still_allowed(kp->pool, id);
    copy_str(other, size, id);
    rd_kafka_mem_free(rk, id);
    return same && allowed;
}

#endif
