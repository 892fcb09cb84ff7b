/* librdkafka's configuration, and its errors as classes with advice.
 *
 * A property that a person gives as kafka.PROPERTY is checked by librdkafka itself and set last, so
 * it wins over what loadtop would choose; the few that would break its counting are refused by
 * name. Every connection of librdkafka goes through connect_to, which asks the protection.
 * librdkafka never writes to the terminal: its log is taken and dropped, since all that matters
 * comes as an error event. Called by the pool's thread, by workers when they open a handle, and
 * (connect_to) by librdkafka's threads. */
#if LOADTOP_HAVE_RDKAFKA
#include "backends/kafka.h"
#include "engine/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* What loadtop must set itself, and what to use instead. */
static const struct {
    const char *name, *instead;
} owned[] = {
    {"bootstrap.servers", "the hosts of the URL say it"},
    {"metadata.broker.list", "the hosts of the URL say it"},
    {"group.id", "use group=NAME"},
    {"group.instance.id", "each consumer would need one of its own"},
    {"auto.offset.reset", "use from=earliest|latest|group|TIME"},
    {"enable.auto.offset.store", "offsets are stored when a client takes a message"},
    {"enable.partition.eof", "it is set where it is needed"},
    {"delivery.report.only.error", "every message's end is counted"},
    {"queue.buffering.backpressure.threshold", "the full queue is the back-pressure"},
    {"transactional.id", "transactions are not driven"},
    {"plugin.library.paths", "no code is loaded"},
    {"test.mock.num.brokers", "the brokers would not be those of the URL"},
};

static const struct {
    unsigned option;
    const char *property;
} secret[] = {
    {K_SASL_PASSWORD, "sasl.password"},
    {K_KEY_PASSWORD, "ssl.key.password"},
    {K_KEYSTORE_PASSWORD, "ssl.keystore.password"},
    {K_KEY_PEM, "ssl.key.pem"},
    {K_OAUTH_SECRET, "sasl.oauthbearer.client.secret"},
    {K_OAUTH_CONFIG, "sasl.oauthbearer.config"},
};

static void log_drop(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    (void)rk, (void)level, (void)facility, (void)text;
}

static int connect_to(int fd, const struct sockaddr *addr, int len, const char *id, void *opaque)
{
    struct kafka_pool *kp = opaque;
    char host[256];
    struct err err = {0};
    copy_str(host, sizeof host, id ? id : "");
    char *end = strrchr(host, '/');
    if (end)
        *end = '\0';
    end = strrchr(host, ':');
    if (end)
        *end = '\0';
    if (pool_connect_allowed(kp ? kp->pool : NULL, host, addr, &err) < 0) {
        if (!kp)
            return EACCES;
        pthread_mutex_lock(&kp->mutex);
        copy_str(kp->refused, sizeof kp->refused, err.msg);
        pthread_mutex_unlock(&kp->mutex);
        return EACCES;
    }
    if (connect(fd, addr, (socklen_t)len) < 0 && errno != EINPROGRESS)
        return errno;
    return 0;
}

/* The nearest name among those librdkafka has a value for, in a static set of the others. */
static int unknown_property(const char *name, const char *words, struct err *err)
{
    static const char *const more[] = {
        "sasl.username",
        "sasl.password",
        "sasl.mechanism",
        "ssl.ca.location",
        "ssl.key.location",
        "ssl.key.password",
        "ssl.ca.pem",
        "ssl.certificate.location",
        "ssl.keystore.location",
        "acks",
        "compression.type",
        "linger.ms",
    };
    enum { MORE = sizeof more / sizeof *more };
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_topic_conf_t *topic = rd_kafka_topic_conf_new();
    size_t n = 0, m = 0, k = 0;
    const char **dump = rd_kafka_conf_dump(conf, &n),
               **topic_dump = rd_kafka_topic_conf_dump(topic, &m);
    const char **names = calloc(n / 2 + m / 2 + MORE + 1, sizeof *names);
    for (size_t i = 0; names && i + 1 < n; i += 2)
        names[k++] = dump[i];
    for (size_t i = 0; names && i + 1 < m; i += 2)
        names[k++] = topic_dump[i];
    for (size_t i = 0; names && i < MORE; i++)
        names[k++] = more[i];
    const char *near = names ? nearest_name(name, names) : NULL;
    int code =
        near ? err_set(err, ERR_USAGE, "kafka.%s: %s (did you mean kafka.%s?)", name, words, near)
             : err_set(err, ERR_USAGE, "kafka.%s: %s", name, words);
    free(names);
    rd_kafka_conf_dump_free(dump, n);
    rd_kafka_conf_dump_free(topic_dump, m);
    rd_kafka_conf_destroy(conf);
    rd_kafka_topic_conf_destroy(topic);
    return code;
}

static int set(rd_kafka_conf_t *conf, const char *name, const char *value, bool hide,
               struct err *err)
{
    char words[256];
    rd_kafka_conf_res_t result = rd_kafka_conf_set(conf, name, value, words, sizeof words);
    if (result == RD_KAFKA_CONF_OK)
        return 0;
    if (result == RD_KAFKA_CONF_UNKNOWN)
        return unknown_property(name, "librdkafka has no such property", err);
    return err_set(err, ERR_USAGE, "kafka.%s: %s", name,
                   hide ? "librdkafka refuses this value" : words);
}

static int set_number(rd_kafka_conf_t *conf, const char *name, uint64_t value, struct err *err)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    return set(conf, name, text, false, err);
}

/* For properties that only some versions have. */
static void set_if_known(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char words[64];
    rd_kafka_conf_set(conf, name, value, words, sizeof words);
}

static int set_properties(rd_kafka_conf_t *conf, const struct options *o, struct err *err)
{
    for (unsigned i = 0; i < sizeof secret / sizeof *secret; i++)
        if (*option_str(o, secret[i].option) &&
            set(conf, secret[i].property, option_str(o, secret[i].option), true, err) < 0)
            return err ? err->code : ERR_USAGE;
    for (const char *at = option_str(o, K_PROPERTY); *at;) {
        size_t len = strcspn(at, "\n");
        char line[1024];
        snprintf(line, sizeof line, "%.*s", (int)len, at);
        at += len + (at[len] == '\n');
        char *value = strchr(line, '=');
        if (!value)
            continue;
        *value++ = '\0';
        for (unsigned i = 0; i < sizeof owned / sizeof *owned; i++)
            if (strcmp(line, owned[i].name) == 0)
                return err_set(err, ERR_USAGE, "kafka.%s: set by loadtop itself: %s", line,
                               owned[i].instead);
        if (set(conf, line, value, false, err) < 0)
            return err ? err->code : ERR_USAGE;
    }
    return 0;
}

static bool given(const struct options *o, const char *property)
{
    size_t len = strlen(property);
    for (const char *at = option_str(o, K_PROPERTY); *at;) {
        if (strncmp(at, property, len) == 0 && at[len] == '=')
            return true;
        at += strcspn(at, "\n");
        at += *at == '\n';
    }
    return false;
}

static int set_target(rd_kafka_conf_t *conf, const struct target *t, const struct options *o,
                      struct err *err)
{
    struct text servers = {0};
    for (unsigned i = 0; i < t->hosts; i++)
        text_add(&servers, strchr(t->host[i].name, ':') ? "%s[%s]:%u" : "%s%s:%u", i ? "," : "",
                 t->host[i].name, t->host[i].port ? t->host[i].port : 9092u);
    int code = set(conf, "bootstrap.servers", text_str(&servers), false, err);
    text_free(&servers);
    if (code < 0 || !t->user[0])
        return code;
    if (set(conf, "sasl.username", t->user, true, err) < 0 ||
        (t->has_password && set(conf, "sasl.password", t->password, true, err) < 0))
        return ERR_USAGE;
    if (!given(o, "security.protocol") &&
        set(conf, "security.protocol", "sasl_plaintext", false, err) < 0)
        return ERR_USAGE;
    if (!given(o, "sasl.mechanism") && !given(o, "sasl.mechanisms"))
        return set(conf, "sasl.mechanisms", "PLAIN", false, err);
    return 0;
}

static int set_producer(rd_kafka_conf_t *conf, const struct options *o, struct err *err)
{
    static const char *const acks[] = {"all", "1", "0"};
    static const char *const codec[] = {"none", "gzip", "snappy", "lz4", "zstd"};
    char linger[32];
    snprintf(linger, sizeof linger, "%.3f", (double)option_u64(o, K_LINGER) / 1e6);
    if (set(conf, "acks", acks[option_u64(o, K_ACKS) % 3], false, err) < 0 ||
        set(conf, "compression.codec", codec[option_u64(o, K_COMPRESSION) % 5], false, err) < 0 ||
        set(conf, "enable.idempotence", option_bool(o, K_IDEMPOTENCE) ? "true" : "false", false,
            err) < 0 ||
        set(conf, "linger.ms", linger, false, err) < 0 ||
        set_number(conf, "batch.size", option_u64(o, K_BATCH), err) < 0)
        return ERR_USAGE;
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
    return 0;
}

/* The queue limits are what keeps a consumer near 2 MB; narrower ones throttle it (measured), so
 * that the consumer, not the load, would be what falls behind. */
static int set_consumer(rd_kafka_conf_t *conf, const struct options *o, struct err *err)
{
    if (set(conf, "queued.min.messages", "10000", false, err) < 0 ||
        set(conf, "queued.max.messages.kbytes", "512", false, err) < 0 ||
        set(conf, "fetch.message.max.bytes", "32768", false, err) < 0 ||
        set(conf, "fetch.error.backoff.ms", "100", false, err) < 0 ||
        set(conf, "enable.auto.offset.store", "false", false, err) < 0 ||
        set(conf, "enable.auto.commit", "true", false, err) < 0 ||
        set_number(conf, "auto.commit.interval.ms", option_u64(o, K_COMMIT) / NS_PER_MS, err) < 0)
        return ERR_USAGE;
    set_if_known(conf, "fetch.queue.backoff.ms", "10");
    set_if_known(conf, "allow.auto.create.topics", "false");
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_ERROR);
    return 0;
}

bool kafka_fetch_sleeps(void)
{
    static _Atomic int known; /* 0: not looked yet */
    if (!atomic_load(&known)) {
        char words[64];
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        bool fixed = rd_kafka_conf_set(conf, "fetch.queue.backoff.ms", "10", words, sizeof words) ==
                     RD_KAFKA_CONF_OK;
        rd_kafka_conf_destroy(conf);
        atomic_store(&known, fixed ? 1 : 2);
    }
    return atomic_load(&known) == 2;
}

void kafka_fetch_wake(struct kafka_pool *kp, rd_kafka_t *rk)
{
    const struct target *t = pool_target(kp->pool);
    const char *password = option_str(kafka_opts(kp), K_SASL_PASSWORD);
    char user[128] = "";
    size_t size = sizeof user;
    rd_kafka_conf_get(rd_kafka_conf(rk), "sasl.username", user, &size);
    if (!*password)
        password = t->password;
    if (user[0] && !*password)
        return; /* not known here: it must not be lost */
    rd_kafka_error_t *error = rd_kafka_sasl_set_credentials(rk, user, password);
    if (error)
        rd_kafka_error_destroy(error);
}

/* librdkafka tells when all brokers are gone, but nothing tells when one is back: its states do.
 * The handle's own internal broker has no name. Called with a broker's lock held: it only takes a
 * note.
 */
static rd_kafka_resp_err_t broker_state(rd_kafka_t *rk, int32_t id, const char *protocol,
                                        const char *name, int port, const char *state, void *opaque)
{
    struct kafka_pool *kp = opaque;
    (void)rk, (void)id, (void)protocol, (void)port;
    if (*name && strcmp(state, "UP") == 0)
        atomic_store(&kp->up_ns, clock_ns());
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t handle_new(rd_kafka_t *rk, const rd_kafka_conf_t *conf, void *opaque,
                                      char *words, size_t size)
{
    (void)conf, (void)words, (void)size;
    kafka_threads_watch(opaque, rk);
    return rd_kafka_interceptor_add_on_broker_state_change(rk, "loadtop", broker_state, opaque);
}

rd_kafka_conf_t *kafka_conf_new(struct kafka_pool *kp, const struct target *target,
                                const struct options *o, rd_kafka_type_t type, struct err *err)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_opaque(conf, kp);
    rd_kafka_conf_set_log_cb(conf, log_drop);
    rd_kafka_conf_set_connect_cb(conf, connect_to);
    if (kp)
        rd_kafka_conf_interceptor_add_on_new(conf, "loadtop", handle_new, kp);
    set_if_known(conf, "client.id", "loadtop");
    set_if_known(conf, "reconnect.backoff.ms", "50");
    set_if_known(conf, "reconnect.backoff.max.ms", "500");
    set_if_known(conf, "socket.nagle.disable", "true");
    set_if_known(conf, "socket.keepalive.enable", "true");
    set_if_known(conf, "log.connection.close", "false");
    bool bad = target && target->hosts && set_target(conf, target, o, err) < 0;
    if (!bad && type == RD_KAFKA_PRODUCER) {
        bad = set_producer(conf, o, err) < 0;
        if (!bad && kp)
            bad = set_number(conf, "message.timeout.ms",
                             pool_timeout_ns(kp->pool) / NS_PER_MS > 0
                                 ? pool_timeout_ns(kp->pool) / NS_PER_MS
                                 : 1,
                             err) < 0;
    } else if (!bad) {
        bad = set_consumer(conf, o, err) < 0;
    }
    if (!bad)
        bad = set_properties(conf, o, err) < 0;
    if (bad) {
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    return conf;
}

/* librdkafka checks how properties fit together only when a handle is made; without brokers'
 * addresses it connects to nothing. */
int kafka_conf_check(const struct target *target, const struct options *o, struct err *err)
{
    static const rd_kafka_type_t type[] = {RD_KAFKA_PRODUCER, RD_KAFKA_CONSUMER};
    struct target *nowhere = calloc(1, sizeof *nowhere);
    if (!nowhere)
        return err_set(err, ERR_FAILED, "kafka: out of memory");
    copy_str(nowhere->user, sizeof nowhere->user, target->user);
    int code = 0;
    for (unsigned i = 0; i < 2 && !code; i++) {
        char words[256] = "";
        rd_kafka_conf_t *conf = kafka_conf_new(NULL, nowhere, o, type[i], err);
        if (!conf) {
            code = ERR_USAGE;
            break;
        }
        if (!*option_str(o, K_PROPERTY) && !option_bool(o, K_IDEMPOTENCE)) {
            rd_kafka_conf_destroy(conf);
            continue;
        }
        rd_kafka_t *rk = rd_kafka_new(type[i], conf, words, sizeof words);
        if (rk) {
            rd_kafka_destroy(rk);
        } else {
            rd_kafka_conf_destroy(conf);
            code = err_set(err, ERR_USAGE, "kafka: librdkafka refuses these properties: %s", words);
        }
    }
    free(nowhere);
    return code;
}

/* ---- errors ---- */

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

/* Without what librdkafka adds of its own state: "(after 3ms in state CONNECT, 1 identical
 * error...)". */
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

/* "no broker answers: Connect to ipv4#127.0.0.1:9092 failed: Connection refused (is ...?)", from
 * what a link of librdkafka's says, without its own words around it. Under the pool's mutex. */
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

void kafka_trouble(struct kafka_pool *kp, rd_kafka_resp_err_t code, const char *reason)
{
    char text[sizeof kp->trouble];
    if (code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__RESOLVE ||
        code == RD_KAFKA_RESP_ERR__TIMED_OUT) {
        /* One broker of several, or an idle link; it only explains what comes after. */
        pthread_mutex_lock(&kp->mutex);
        copy_str(kp->why, sizeof kp->why, reason);
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
        kafka_error_text(code, reason, text, sizeof text);
    copy_str(kp->trouble, sizeof kp->trouble, text);
    atomic_store(&kp->troubled, true);
    if (news)
        kp->trouble_ns = clock_ns();
    bool tell = news && kp->opened;
    pthread_mutex_unlock(&kp->mutex);
    if (tell)
        pool_event(kp->pool, "%s", text);
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
    atomic_store(&kp->troubled, kp->trouble[0] != '\0');
    pthread_mutex_unlock(&kp->mutex);
    if (was && kp->opened)
        pool_event(kp->pool, "brokers are back after %.1f s", lasted);
}

void kafka_trouble_look(struct kafka_pool *kp)
{
    if (atomic_load(&kp->troubled))
        kafka_trouble_over(kp, atomic_load(&kp->up_ns));
}

#endif
