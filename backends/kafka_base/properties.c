/* The properties of librdkafka that may be set as kafka.PROPERTY=VALUE, and why others may not.
 *
 * A URL may come from a scenario file or a saved run written by others, and librdkafka has
 * properties that run a shell command, load a library, open any file, install a signal handler or
 * jump to an address. So the table lists what is allowed; everything else is refused, known or not.
 * It was made from all of rdkafka_conf.c of librdkafka 2.0.2 (Debian 12) and 2.8.0 (Debian 13), and
 * from every place in it that runs, loads, opens or connects to something. A property of a newer
 * version stays refused until it has been reviewed: several of them open files (https.ca.location,
 * sasl.oauthbearer.assertion.file).
 *
 * What to know about librdkafka before adding a name here:
 * - The shell command sasl.kerberos.kinit.cmd is also run when it is not set: its default
 * contains
 *   sasl.kerberos.principal (bare) and sasl.kerberos.keytab (in double quotes), so both are a
 *   shell's text. It is run as soon as a handle is made, before any connection, if the mechanism is
 *   GSSAPI, and GSSAPI is the default. Only sasl.kerberos.min.time.before.relogin=0 turns it off;
 *   an empty command does not, because an empty string sets the default again.
 * - A plugin is loaded at once by rd_kafka_conf_set, not only when a handle is made.
 * - Aliases: an alias and its property are one field, so both are listed or both are left out:
 *   bootstrap.servers (metadata.broker.list), max.in.flight, sasl.mechanism,
 *   max.partition.fetch.bytes, linger.ms, retries, compression.type, acks and delivery.timeout.ms.
 *   For a topic alone, enable.auto.commit is auto.commit.enable.
 * - "topic." in front of a topic's property is taken off: topic.auto.offset.reset is
 *   auto.offset.reset, topic.offset.store.path is offset.store.path. No such name is listed.
 * - A property that is "hidden" can be set all the same, even the test's ut_handle_ProduceResponse,
 *   which is a function's address: it becomes the address of the value's text, and is called.
 * - connect_to of conf.c sees connections to brokers only: not those of libcurl (OIDC), of
 *   libkrb5 (to the KDC) nor of the resolver.
 *
 * Called by the option parser, on any thread; there is no state. */
#include "backends/kafka_base/properties.h"

#include <stddef.h>
#include <string.h>

struct refusal {
    const char *name, *why;
};
static const struct refusal *refusals(void);

static bool listed(const char *name)
{
    const struct option_property *p = kafka_properties.allowed;
    while (p->name && strcmp(p->name, name) != 0)
        p++;
    return p->name;
}

static const char *why_not(const char *name)
{
    const struct refusal *r = refusals();
    while (r->name && strcmp(r->name, name) != 0)
        r++;
    return r->why;
}

static const char *refusal(const char *name)
{
    static const char topic[] = "topic.";
    if (listed(name))
        return NULL;
    const char *why = why_not(name);
    if (why || strncmp(name, topic, sizeof topic - 1) != 0)
        return why;
    name += sizeof topic - 1;
    return listed(name) ? "give its name without 'topic.'" : why_not(name);
}

/* Is this value of the property allowed only if the user has set it? GSSAPI uses the user's own
 * Kerberos ticket and calls the realm's servers. librdkafka ignores blanks before the value, so
 * search for the word instead of comparing. */
static bool value_needs_trust(const char *name, const char *value)
{
    return (strcmp(name, "sasl.mechanism") == 0 || strcmp(name, "sasl.mechanisms") == 0) &&
           strstr(value, "GSSAPI");
}

static const struct option_property table[] = {
    /* the client and its connections */
    {"client.id", 0},
    {"client.rack", 0},
    /* the value not listed here connects to names from reverse DNS instead of those in the URL;
     * needed for GSSAPI only */
    {"client.dns.lookup", OPTION_TRUSTED_ONLY},
    {"enable.metrics.push", 0}, /* sends metrics to the brokers if the cluster requests them */
    {"broker.address.family", 0},
    {"broker.address.ttl", 0},
    {"broker.version.fallback", 0},
    {"api.version.request", 0},
    {"api.version.request.timeout.ms", 0},
    {"api.version.fallback.ms", 0},
    {"connections.max.idle.ms", 0},
    {"max.in.flight", 0},
    {"max.in.flight.requests.per.connection", 0},
    {"message.copy.max.bytes", 0},
    {"message.max.bytes", 0},
    {"receive.message.max.bytes", 0},
    {"reconnect.backoff.jitter.ms", 0}, /* no longer used */
    {"reconnect.backoff.max.ms", 0},
    {"reconnect.backoff.ms", 0},
    {"retry.backoff.max.ms", 0},
    {"retry.backoff.ms", 0},
    {"socket.blocking.max.ms", 0}, /* no longer used */
    {"socket.connection.setup.timeout.ms", 0},
    {"socket.keepalive.enable", 0},
    {"socket.max.fails", 0},
    {"socket.nagle.disable", 0},
    {"socket.receive.buffer.bytes", 0},
    {"socket.send.buffer.bytes", 0},
    {"socket.timeout.ms", 0},
    {"enable.random.seed", 0},

    /* information about the cluster */
    {"metadata.max.age.ms", 0},
    {"topic.metadata.propagation.max.ms", 0},
    {"topic.metadata.refresh.fast.cnt", 0}, /* no longer used */
    {"topic.metadata.refresh.fast.interval.ms", 0},
    {"topic.metadata.refresh.interval.ms", 0},
    {"topic.metadata.refresh.sparse", 0},

    /* librdkafka's log, which loadtop drops */
    {"debug", 0},
    {"log.connection.close", 0},
    {"log.thread.name", 0},
    {"log_level", 0},

    /* TLS. What would weaken it is accepted only from the user. The .pem properties are parsed in
     * memory. */
    {"security.protocol", 0},
    {"enable.ssl.certificate.verification", OPTION_TRUSTED_ONLY},
    {"ssl.endpoint.identification.algorithm", OPTION_TRUSTED_ONLY},
    {"ssl.cipher.suites", 0},
    {"ssl.curves.list", 0},
    {"ssl.sigalgs.list", 0},
    {"ssl.ca.location", OPTION_TRUSTED_ONLY},
    {"ssl.ca.certificate.stores", OPTION_TRUSTED_ONLY}, /* librdkafka refuses it outside Windows */
    {"ssl.ca.pem", 0},
    {"ssl.crl.location", OPTION_TRUSTED_ONLY},
    {"ssl.certificate.location", OPTION_TRUSTED_ONLY},
    {"ssl.certificate.pem", 0},
    {"ssl.key.location", OPTION_TRUSTED_ONLY},
    {"ssl.key.pem", 0},
    {"ssl.key.password", 0},
    {"ssl.keystore.location", OPTION_TRUSTED_ONLY},
    {"ssl.keystore.password", 0},

    /* SASL. For the mechanism see value_needs_trust. */
    {"sasl.mechanism", 0},
    {"sasl.mechanisms", 0},
    {"sasl.username", 0},
    {"sasl.password", 0},
    {"sasl.kerberos.service.name", OPTION_TRUSTED_ONLY}, /* GSSAPI requests it from the KDC */
    {"enable.sasl.oauthbearer.unsecure.jwt", 0},      /* a token made here, without a signature */
    {"sasl.oauthbearer.config", 0},                   /* what is in that token */
    {"sasl.oauthbearer.method", OPTION_TRUSTED_ONLY}, /* oidc: libcurl calls the URL below */
    {"sasl.oauthbearer.token.endpoint.url", OPTION_TRUSTED_ONLY},
    {"sasl.oauthbearer.client.id", 0}, /* the rest is used only with method=oidc */
    {"sasl.oauthbearer.client.secret", 0},
    {"sasl.oauthbearer.extensions", 0},
    {"sasl.oauthbearer.scope", 0},

    /* consumer */
    {"auto.commit.interval.ms", 0},
    {"check.crcs", 0},
    {"consume.callback.max.messages", 0},
    {"coordinator.query.interval.ms", 0},
    {"enable.auto.commit", 0},
    {"fetch.error.backoff.ms", 0},
    {"fetch.max.bytes", 0},
    {"fetch.message.max.bytes", 0},
    {"fetch.min.bytes", 0},
    {"fetch.queue.backoff.ms", 0},
    {"fetch.wait.max.ms", 0},
    {"group.protocol", 0},
    {"group.remote.assignor", 0},
    {"heartbeat.interval.ms", 0},
    {"isolation.level", 0},
    {"max.partition.fetch.bytes", 0},
    {"max.poll.interval.ms", 0},
    {"partition.assignment.strategy", 0}, /* only names of built-in strategies are accepted */
    {"queued.max.messages.kbytes", 0},
    {"queued.min.messages", 0},
    {"session.timeout.ms", 0},

    /* producer */
    {"acks", 0},
    {"batch.num.messages", 0},
    {"batch.size", 0},
    {"compression.codec", 0},
    {"compression.level", 0},
    {"compression.type", 0},
    {"delivery.timeout.ms", 0},
    {"enable.gapless.guarantee", 0},
    {"enable.idempotence", 0},
    {"linger.ms", 0},
    {"message.send.max.retries", 0},
    {"message.timeout.ms", 0},
    {"partitioner", 0},
    {"produce.offset.report", 0}, /* no longer used */
    {"queue.buffering.max.kbytes", 0},
    {"queue.buffering.max.messages", 0},
    {"queue.buffering.max.ms", 0},
    {"queuing.strategy", 0},
    {"request.required.acks", 0},
    {"request.timeout.ms", 0},
    {"retries", 0},
    {"sticky.partitioning.linger.ms", 0},
    {NULL, 0},
};

#define FUNCTION "it is the address of a function or of data"
#define KERBEROS "it becomes part of a shell command: run kinit yourself before"
#define NO_FILE "offsets are kept by the brokers, not in files"
#define OWNED "set by loadtop itself: "
#define TESTS "it is for librdkafka's own tests"

/* Every other property of librdkafka 2.0.2 and 2.8.0, hidden ones included. */
static const struct refusal *refusals(void)
{
    static const struct refusal refused[] = {
        /* run commands, load code */
        {"sasl.kerberos.kinit.cmd", "it runs a shell command: run kinit yourself before"},
        {"sasl.kerberos.principal", KERBEROS},
        {"sasl.kerberos.keytab", KERBEROS},
        {"sasl.kerberos.min.time.before.relogin",
         "it decides whether a shell command is run: run kinit yourself before"},
        {"plugin.library.paths", "it loads code"},
        {"ssl.engine.id", "it loads code"},
        {"ssl.engine.location", "it loads code"},
        {"ssl.providers", "it loads code"},
        {"ut_handle_ProduceResponse", TESTS}, /* would jump to the address of the value's text */

        /* do harm inside the process */
        {"internal.termination.signal", "it would replace loadtop's own handling of a signal"},
        {"client.software.name", "librdkafka reads past the end of some values"},
        {"client.software.version", "librdkafka reads past the end of some values"},
        {"topic.blacklist", "the topic is that of the URL"}, /* a regex can eat all memory */
        {"log.queue", "nobody would read that queue: loadtop drops the log"},
        /* the queue is never read, so it would fill up */
        {"statistics.interval.ms", "nobody would read them"},

        /* read and write files */
        {"offset.store.method", NO_FILE},
        {"offset.store.path", NO_FILE},
        {"offset.store.sync.interval.ms", NO_FILE},

        /* break loadtop's own counting */
        {"bootstrap.servers", OWNED "the hosts of the URL say it"},
        {"metadata.broker.list", OWNED "the hosts of the URL say it"},
        {"group.id", OWNED "use group=NAME"},
        {"group.instance.id", OWNED "each consumer would need one of its own"},
        {"group.protocol.type", OWNED "a consumer is a consumer"},
        {"auto.offset.reset", OWNED "use from=earliest|latest|group|TIME"},
        {"auto.commit.enable", "it has no effect here: use enable.auto.commit"},
        {"enable.auto.offset.store", OWNED "offsets are stored when a client takes a message"},
        {"enable.partition.eof", OWNED "it is set where it is needed"},
        {"delivery.report.only.error", OWNED "every message's end is counted"},
        {"queue.buffering.backpressure.threshold", OWNED "the full queue is the back-pressure"},
        {"allow.auto.create.topics", OWNED "create=yes makes the topic, and nothing else does"},
        {"transactional.id", OWNED "transactions are not driven"},
        {"transaction.timeout.ms", OWNED "transactions are not driven"},
        {"enabled_events", OWNED "it takes the events it counts"},
        {"enable_sasl_queue", "nobody would read that queue"},
        {"test.mock.num.brokers", OWNED "the brokers would not be those of the URL"},
        {"test.mock.broker.rtt", TESTS},

        /* functions and data of a program; librdkafka refuses these too (but see ut_ above) */
        {"background_event_cb", FUNCTION},
        {"closesocket_cb", FUNCTION},
        {"connect_cb", FUNCTION},
        {"consume_cb", FUNCTION},
        {"default_topic_conf", FUNCTION},
        {"dr_cb", FUNCTION},
        {"dr_msg_cb", FUNCTION},
        {"error_cb", FUNCTION},
        {"interceptors", FUNCTION},
        {"log_cb", FUNCTION},
        {"msg_order_cmp", FUNCTION},
        {"oauthbearer_token_refresh_cb", FUNCTION},
        {"offset_commit_cb", FUNCTION},
        {"opaque", FUNCTION},
        {"open_cb", FUNCTION},
        {"partitioner_cb", FUNCTION},
        {"rebalance_cb", FUNCTION},
        {"resolve_cb", FUNCTION},
        {"socket_cb", FUNCTION},
        {"ssl.certificate.verify_cb", FUNCTION},
        {"ssl_ca", FUNCTION},
        {"ssl_certificate", FUNCTION},
        {"ssl_engine_callback_data", FUNCTION},
        {"ssl_key", FUNCTION},
        {"stats_cb", FUNCTION},
        {"throttle_cb", FUNCTION},

        /* say or do nothing */
        {"builtin.features", "it only tells what the library can do"},
        {"enable.sparse.connections", "librdkafka does not document it"},
        {"metadata.request.timeout.ms", "it does nothing"},
        {"sasl.jaas.config",
         "it is of Java's client: use sasl.mechanism, sasl.username and sasl.password"},
        {"ssl.truststore.location", "it is of Java's client: use ssl.ca.location"},
        {NULL, NULL},
    };
    return refused;
}

const struct option_properties kafka_properties = {table, refusal, value_needs_trust};
