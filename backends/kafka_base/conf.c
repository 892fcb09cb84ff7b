/* librdkafka's configuration, and creation of handles.
 *
 * Properties given by the user as kafka.PROPERTY must be in the list of allowed ones
 * (properties.c); librdkafka checks their values, and they are set last, so that they override
 * loadtop's choices. No handle is created before the target's hosts were allowed. Every connection
 * of librdkafka goes through connect_to, which checks the protection. librdkafka's log is dropped,
 * so that it never writes to the terminal; errors arrive as events. Called by the pool's thread, by
 * workers when they open a handle, and (connect_to) by librdkafka's threads. */
#if LOADTOP_HAVE_RDKAFKA
#include "backends/kafka_base/conf.h"

#include "backends/common/resolve.h"
#include "backends/common/tls_option.h"
#include "backends/kafka_base/threads.h"
#include "backends/kafka_base/trouble.h"
#include "backends/kafka_base/types.h"
#include "engine/base/secret.h"
#include "engine/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define ID_MOST 255 /* librdkafka truncates "host:port" to this length */
#define RECEIVE_MAX ((uint64_t)16 << 20)

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

/* Parses the name in the same way as librdkafka before it resolves it. */
bool kafka_broker_host(const char *id, char *host, size_t size)
{
    const char *end = id ? strrchr(id, ':') : NULL;
    if (!end || strlen(id) >= ID_MOST)
        return false;
    if (*id == '[') {
        id++;
        end = strchr(id, ']');
    }
    size_t len = end ? (size_t)(end - id) : 0;
    if (!len || len >= size)
        return false;
    memcpy(host, id, len);
    host[len] = '\0';
    return true;
}

/* Called on librdkafka's threads. A permanent refusal by the protection ends the pool; while
 * consent is awaited, librdkafka keeps trying by itself. */
static int connect_to(int fd, const struct sockaddr *addr, int len, const char *id, void *opaque)
{
    struct kafka_pool *kp = opaque;
    char host[ID_MOST];
    struct err err = {0};
    int code;
    if (kafka_broker_host(id, host, sizeof host))
        code = pool_connect_allowed(kp->pool, host, addr, &err);
    else
        code = err_set(
            &err, ERR_UNREACHED,
            "a broker's name is too long to be checked, so it is not connected to: %.40s...",
            id ? id : "");
    pthread_mutex_lock(&kp->mutex);
    if (code == ERR_REFUSED)
        copy_str(kp->refused, sizeof kp->refused, err.msg);
    copy_str(kp->waits, sizeof kp->waits, code == ERR_UNREACHED ? err.msg : "");
    pthread_mutex_unlock(&kp->mutex);
    if (code)
        return EACCES;
    kafka_tried(kp, addr, (unsigned)len);
    if (connect(fd, addr, (socklen_t)len) < 0 && errno != EINPROGRESS)
        return errno;
    return 0;
}

static int set(rd_kafka_conf_t *conf, const char *name, const char *value, bool hide,
               struct err *err)
{
    char words[256];
    rd_kafka_conf_res_t result = rd_kafka_conf_set(conf, name, value, words, sizeof words);
    if (result == RD_KAFKA_CONF_OK)
        return 0;
    if (result == RD_KAFKA_CONF_UNKNOWN)
        return err_set(err, ERR_USAGE, "kafka.%s: librdkafka %s has no such property", name,
                       rd_kafka_version_str());
    return err_set(err, ERR_USAGE, "kafka.%s: %s", name,
                   hide ? "librdkafka refuses this value" : words);
}

static int set_number(rd_kafka_conf_t *conf, const char *name, uint64_t value, struct err *err)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    return set(conf, name, text, false, err);
}

/* Sets a property that only some versions have. */
static void set_if_known(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char words[64];
    rd_kafka_conf_set(conf, name, value, words, sizeof words);
}

/* Sets "name=value". An empty or blank value is skipped, because it would restore librdkafka's
 * default, which for the mechanism is GSSAPI. */
static int set_line(rd_kafka_conf_t *conf, char *line, struct err *err)
{
    char *value = strchr(line, '=');
    if (!value)
        return 0;
    *value++ = '\0';
    if (!value[strspn(value, " \t\v\f")])
        return 0;
    return set(conf, line, value, is_secret_name(line, strlen(line)), err);
}

static int set_properties(rd_kafka_conf_t *conf, const struct options *o, struct err *err)
{
    for (unsigned i = 0; i < sizeof secret / sizeof *secret; i++)
        if (*option_str(o, secret[i].option) &&
            set(conf, secret[i].property, option_str(o, secret[i].option), true, err) < 0)
            return err ? err->code : ERR_USAGE;
    for (const char *at = option_str(o, K_PROPERTY); *at;) {
        size_t len = strcspn(at, "\n");
        char *line = strndup(at, len);
        if (!line)
            return err_set(err, ERR_FAILED, "kafka: out of memory");
        at += len + (at[len] == '\n');
        int bad = set_line(conf, line, err);
        explicit_bzero(line, len);
        free(line);
        if (bad)
            return bad;
    }
    return 0;
}

/* The value of kafka.PROPERTY, up to the end of its line; NULL: not set. */
static const char *value_of(const struct options *o, const char *property)
{
    size_t len = strlen(property);
    for (const char *at = option_str(o, K_PROPERTY); *at;) {
        if (strncmp(at, property, len) == 0 && at[len] == '=')
            return at + len + 1;
        at += strcspn(at, "\n");
        at += *at == '\n';
    }
    return NULL;
}

static bool given(const struct options *o, const char *property)
{
    return value_of(o, property);
}

/* ---- TLS ---- */

/* librdkafka's names of the TLS options, and its properties that override them. */
static const struct {
    const char *property, *others[2];
} tls[TLS_OPTIONS] = {
    [TLS_CA] = {"ssl.ca.location", {"ssl.ca.pem"}},
    [TLS_CERT] = {"ssl.certificate.location", {"ssl.certificate.pem", "ssl.keystore.location"}},
    [TLS_KEY] = {"ssl.key.location", {"ssl.keystore.location"}},
    [TLS_VERIFY] = {"enable.ssl.certificate.verification", {NULL}},
};

/* Sets a TLS option, unless a librdkafka property overrides it. */
static int set_tls_option(rd_kafka_conf_t *conf, const struct options *o, enum tls_option i,
                          const char *value, struct err *err)
{
    const char *said = value_of(o, tls[i].property), *other = NULL;
    if (said && (strncmp(said, value, strlen(value)) != 0 || said[strlen(value)] != '\n'))
        other = tls[i].property;
    for (unsigned k = 0; k < 2 && tls[i].others[k]; k++)
        if (given(o, tls[i].others[k]))
            other = tls[i].others[k];
    if (i == TLS_KEY && *option_str(o, K_KEY_PEM))
        other = "ssl.key.pem";
    if (other)
        return err_set(err, ERR_USAGE, "%s: kafka.%s says something else: give one of them",
                       o->table[K_TLS + i].name, other);
    return set(conf, tls[i].property, value, false, err);
}

/* security.protocol decides whether TLS is used, as the URL's scheme does in other backends. */
static int set_tls(rd_kafka_conf_t *conf, const struct options *o, struct err *err)
{
    struct tls_files files = tls_files(o, K_TLS);
    if (*files.ca && set_tls_option(conf, o, TLS_CA, files.ca, err) < 0)
        return ERR_USAGE;
    bool keyed = given(o, tls[TLS_KEY].property) || *option_str(o, K_KEY_PEM);
    if (*files.cert && set_tls_option(conf, o, TLS_CERT, files.cert, err) < 0)
        return ERR_USAGE;
    if (*files.cert && (*option_str(o, K_TLS + TLS_KEY) || !keyed) &&
        set_tls_option(conf, o, TLS_KEY, files.key, err) < 0)
        return ERR_USAGE;
    if (option_given(o, K_TLS + TLS_VERIFY) &&
        set_tls_option(conf, o, TLS_VERIFY, files.verify ? "true" : "false", err) < 0)
        return ERR_USAGE;
    return 0;
}

static int set_target(rd_kafka_conf_t *conf, const struct target *t, const struct options *o,
                      struct err *err)
{
    struct text servers = {0};
    for (unsigned i = 0; i < t->hosts; i++) {
        char place[PLACE_TEXT_MAX];
        text_add(&servers, "%s%s", i ? "," : "",
                 place_text(place, sizeof place, t->host[i].name,
                            t->host[i].port ? t->host[i].port : 9092u));
    }
    int code = t->hosts ? set(conf, "bootstrap.servers", text_str(&servers), false, err) : 0;
    text_free(&servers);
    if (code < 0 || !t->user[0])
        return code;
    if (set(conf, "sasl.username", t->user, true, err) < 0 ||
        (t->has_password && set(conf, "sasl.password", t->password, true, err) < 0))
        return ERR_USAGE;
    if (!given(o, "security.protocol") &&
        set(conf, "security.protocol", "sasl_plaintext", false, err) < 0)
        return ERR_USAGE;
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

/* The queue limits keep a consumer's memory near 2 MB; lower ones throttle it (measured), so that
 * the consumer itself would fall behind. */
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
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_ERROR);
    return 0;
}

bool kafka_fetch_sleeps(void)
{
    static _Atomic int known; /* 0: not checked yet */
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
    char user[1024] = "";
    size_t size = sizeof user;
    if (rd_kafka_conf_get(rd_kafka_conf(rk), "sasl.username", user, &size) != RD_KAFKA_CONF_OK)
        user[0] = '\0';
    /* it would be truncated */
    if (size > sizeof user)
        return;
    if (!*password)
        password = t->password;
    /* no password is known here: keep the user */
    if (user[0] && !*password)
        return;
    rd_kafka_error_t *error = rd_kafka_sasl_set_credentials(rk, user, password);
    if (error)
        rd_kafka_error_destroy(error);
}

/* librdkafka reports when all brokers are down but not when one is back, so watch the broker
 * states. The handle's internal broker has no name. Called with a broker's lock held: only records
 * the state. */
static rd_kafka_resp_err_t broker_state(rd_kafka_t *rk, int32_t id, const char *protocol,
                                        const char *name, int port, const char *state, void *opaque)
{
    struct kafka_pool *kp = opaque;
    (void)rk, (void)id, (void)protocol, (void)port;
    if (*name && strcmp(state, "UP") == 0)
        atomic_store(&kp->up_ns, clock_ns());
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *rk, const rd_kafka_conf_t *conf, void *opaque,
                                  char *words, size_t size)
{
    (void)conf, (void)words, (void)size;
    kafka_threads_watch(opaque, rk);
    return rd_kafka_interceptor_add_on_broker_state_change(rk, "loadtop", broker_state, opaque);
}

/* This property must be 0, otherwise librdkafka runs a shell command to fetch a Kerberos ticket
 * (GSSAPI is its default). Brokers create a requested topic unless told not to. */
static int set_always(rd_kafka_conf_t *conf, struct err *err)
{
    if (set(conf, "sasl.kerberos.min.time.before.relogin", "0", false, err) < 0 ||
        set(conf, "sasl.mechanisms", "PLAIN", false, err) < 0 ||
        set(conf, "allow.auto.create.topics", "false", false, err) < 0)
        return ERR_USAGE;
    return 0;
}

/* Limits the size of one response, which librdkafka keeps in memory. Its own limit is 100 MB for
 * each broker of each handle. If the user sets the size of messages, librdkafka derives the limit
 * from that. */
static int set_bounds(rd_kafka_conf_t *conf, const struct options *o, struct err *err)
{
    static const char *const own[] = {"receive.message.max.bytes", "fetch.max.bytes",
                                      "message.max.bytes", "fetch.message.max.bytes",
                                      "max.partition.fetch.bytes"};
    for (unsigned i = 0; i < sizeof own / sizeof *own; i++)
        if (given(o, own[i]))
            return 0;
    if (set_number(conf, "fetch.max.bytes", RECEIVE_MAX / 2, err) < 0 ||
        set_number(conf, "receive.message.max.bytes", RECEIVE_MAX, err) < 0)
        return ERR_USAGE;
    return 0;
}

rd_kafka_conf_t *kafka_conf_new(struct kafka_pool *kp, const struct target *target,
                                const struct options *o, const char *sender, rd_kafka_type_t type,
                                struct err *err)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_opaque(conf, kp);
    rd_kafka_conf_set_log_cb(conf, log_drop);
    rd_kafka_conf_set_connect_cb(conf, connect_to);
    set_if_known(conf, "client.id", sender);
    set_if_known(conf, "reconnect.backoff.ms", "50");
    set_if_known(conf, "reconnect.backoff.max.ms", "500");
    set_if_known(conf, "socket.nagle.disable", "true");
    set_if_known(conf, "socket.keepalive.enable", "true");
    set_if_known(conf, "log.connection.close", "false");
    /* so that the next address of a name is tried within the 10 s of a start */
    set_if_known(conf, "socket.connection.setup.timeout.ms", "4000");
    bool bad = set_always(conf, err) < 0 || set_bounds(conf, o, err) < 0 ||
               set_target(conf, target, o, err) < 0 || set_tls(conf, o, err) < 0;
    if (!bad && type == RD_KAFKA_PRODUCER) {
        bad = set_producer(conf, o, err) < 0;
        if (!bad && kp && kp->pool)
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

/* Checks each value by itself, without opening files or connections. The combination of values is
 * checked when a handle is created (kafka_conf_try), after the hosts were allowed. */
int kafka_conf_check(const struct target *target, const struct options *o, struct err *err)
{
    static const rd_kafka_type_t type[] = {RD_KAFKA_PRODUCER, RD_KAFKA_CONSUMER};
    for (unsigned i = 0; i < 2; i++) {
        rd_kafka_conf_t *conf = kafka_conf_new(NULL, target, o, "loadtop", type[i], err);
        if (!conf)
            return ERR_USAGE;
        rd_kafka_conf_destroy(conf);
    }
    return 0;
}

static int try_type(struct kafka_pool *kp, rd_kafka_type_t type, struct err *err)
{
    /* with the login, which security.protocol may need; without hosts the handle connects to
     * nothing */
    struct target nowhere = *pool_target(kp->pool);
    char words[256] = "";
    nowhere.hosts = 0;
    rd_kafka_conf_t *conf =
        kafka_conf_new(kp, &nowhere, kafka_opts(kp), pool_sender(kp->pool), type, err);
    explicit_bzero(nowhere.password, sizeof nowhere.password);
    if (!conf)
        return ERR_USAGE;
    rd_kafka_t *rk = rd_kafka_new(type, conf, words, sizeof words);
    if (rk) {
        rd_kafka_destroy(rk);
        return 0;
    }
    rd_kafka_conf_destroy(conf);
    secret_hide_values(words);
    return err_set(err, ERR_USAGE, "kafka: librdkafka refuses these properties: %s", words);
}

int kafka_conf_try(struct kafka_pool *kp, struct err *err)
{
    int bad = try_type(kp, RD_KAFKA_CONSUMER, err);
    bool sends = pool_ops_include(kp->pool, KAFKA_PRODUCE) || pool_ops_include(kp->pool, KAFKA_E2E);
    return bad || !sends ? bad : try_type(kp, RD_KAFKA_PRODUCER, err);
}

rd_kafka_t *kafka_handle_new(struct kafka_pool *kp, rd_kafka_type_t type, rd_kafka_conf_t *conf,
                             char *words, size_t size)
{
    rd_kafka_conf_interceptor_add_on_new(conf, "loadtop", on_new, kp);
    /* On failure the configuration is leaked on purpose: librdkafka 2.0.2 has already freed the
     * part created by on_new, and destroying it would free that twice. */
    rd_kafka_t *rk = rd_kafka_new(type, conf, words, size);
    if (!rk)
        secret_hide_values(words);
    return rk;
}

#endif
