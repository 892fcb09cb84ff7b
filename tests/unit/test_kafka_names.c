/* Names of brokers and the like reach their check completely, or are refused: never truncated. */
#include "engine/base/err.h"
#include "engine/config/option.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#if LOADTOP_HAVE_RDKAFKA

#include "backends/kafka_base/error.h"
#include "backends/kafka_base/types.h"
#include "backends/kafka_base/properties.h"
#include "engine/base/secret.h"
#include "backends/kafka_base/conf.h"
#include "backends/kafka_base/made.h"

/* librdkafka hands "host:port", cut at 255 characters, to the hook that asks whether it may
 * connect. */
static void hosts(void **state)
{
    static const struct {
        const char *id, *host; /* NULL: refused */
    } cases[] = {
        {"localhost:9092", "localhost"},
        {"10.0.0.1:9092", "10.0.0.1"},
        {"[::1]:9092", "::1"},
        {"::1:9092", "::1"}, /* as metadata names it */
        {"2001:db8::7:19092", "2001:db8::7"},
        {"[denied.example]x:9092", "denied.example"}, /* what it looks up */
        {"localhost", NULL},
        {":9092", NULL},
        {"[]:9092", NULL},
        {"[::1:9092", NULL},
        {"", NULL},
        {NULL, NULL},
    };
    char host[256], longest[300];
    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool whole = kafka_broker_host(cases[i].id, host, sizeof host);
        assert_int_equal(whole, cases[i].host != NULL);
        if (whole)
            assert_string_equal(host, cases[i].host);
    }
    for (size_t len = 240; len < 290; len++) { /* an advertised name, and what is left of it */
        memset(longest, 'a', len);
        snprintf(longest + len, sizeof longest - len, ":9092");
        longest[255] = '\0';
        bool whole = kafka_broker_host(longest, host, sizeof host);
        assert_int_equal(whole, len + 5 < 255);
        if (whole)
            assert_int_equal(strlen(host), len);
    }
    assert_true(kafka_broker_host("abc:9092", host, 4));
    assert_false(kafka_broker_host("abcd:9092", host, 4));
}

static void groups(void **state)
{
    (void)state;
    assert_true(kafka_group_is_named_after("loadtop-0123abcd-4711-0", "0123abcd"));
    assert_false(kafka_group_is_named_after("loadtop-0123abcd-4711-0", "0123abce"));
    assert_false(kafka_group_is_named_after("loadtop-0123abcd-orders", "0123abcd"));
    assert_false(kafka_group_is_named_after("loadtop-0123abcd-", "0123abcd"));
    assert_false(kafka_group_is_named_after("loadtop-0123abcd", "0123abcd"));
    assert_false(kafka_group_is_named_after("loadtop--1-1", ""));
    assert_false(kafka_group_is_named_after("loadtop-0123-1-1", "0123"));
    assert_false(kafka_group_is_named_after("orders", "0123abcd"));
}

/* What the table of options names as a secret, and what only the list of properties has. */
/* What a start waits for, and what a person has to mend. */
static void some_errors_pass_by_themselves(void **state)
{
    static const rd_kafka_resp_err_t pass[] = {RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
                                               RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                                               RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
                                               RD_KAFKA_RESP_ERR_NOT_CONTROLLER,
                                               RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
                                               RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS};
    static const rd_kafka_resp_err_t stay[] = {RD_KAFKA_RESP_ERR_NO_ERROR,
                                               RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
                                               RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
                                               RD_KAFKA_RESP_ERR_POLICY_VIOLATION,
                                               RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR,
                                               RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
                                               RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED};
    (void)state;
    for (unsigned i = 0; i < sizeof pass / sizeof *pass; i++)
        assert_true(kafka_error_passes(pass[i]));
    for (unsigned i = 0; i < sizeof stay / sizeof *stay; i++)
        assert_false(kafka_error_passes(stay[i]));
}

static void secrets(void **state)
{
    static const char *const names[] = {
        "ssl.key.pem",   "ssl.key.password",        "ssl.keystore.password",
        "sasl.password", "sasl.oauthbearer.config", "sasl.oauthbearer.client.secret",
    };
    (void)state;
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        char full[64];
        snprintf(full, sizeof full, "kafka.%s", names[i]);
        assert_true(is_secret_name(names[i], strlen(names[i])));
        int at = options_find(kafka_options, full);
        assert_in_range(at, K_SECRET_FIRST, K_PROPERTY - 1);
        assert_int_equal(kafka_options[at].type, OPTION_SECRET);
    }
}

/* Nothing is allowed and refused at once, and a list that ends too early is seen. */
static void properties(void **state)
{
    unsigned n = 0;
    (void)state;
    for (const struct option_property *p = kafka_properties.allowed; p->name; p++, n++)
        assert_null(kafka_properties.refusal(p->name));
    assert_true(n > 80);
    assert_non_null(kafka_properties.refusal("sasl.kerberos.kinit.cmd"));
    assert_null(kafka_properties.refusal("no.such.property"));
    assert_true(kafka_properties.value_needs_trust("sasl.mechanism", "\tGSSAPI"));
    assert_false(kafka_properties.value_needs_trust("sasl.mechanism", "SCRAM-SHA-512"));
}

/* The options of TLS become librdkafka's properties, unless one of these says something else. */
static void tls_options(void **state)
{
    static const struct {
        const char *set[3][2];
        const char *says; /* NULL: taken */
    } cases[] = {
        {{{"tls.ca", "/a"}}, NULL},
        {{{"tls.ca", "/a"}, {"kafka.ssl.ca.location", "/a"}}, NULL},
        {{{"tls.ca", "/a"}, {"kafka.ssl.ca.location", "/ab"}},
         "tls.ca: kafka.ssl.ca.location says"},
        {{{"tls.ca", "/ab"}, {"kafka.ssl.ca.location", "/a"}},
         "tls.ca: kafka.ssl.ca.location says"},
        {{{"tls.ca", "/a"}, {"kafka.ssl.ca.pem", "x"}}, "tls.ca: kafka.ssl.ca.pem says"},
        {{{"kafka.ssl.ca.location", "/a"}}, NULL},
        {{{"tls.cert", "/c"}, {"kafka.ssl.keystore.location", "/s"}},
         "kafka.ssl.keystore.location"},
        {{{"tls.cert", "/c"}, {"kafka.ssl.key.location", "/k"}}, NULL},
        {{{"tls.cert", "/c"}, {"tls.key", "/k"}, {"kafka.ssl.key.location", "/other"}},
         "tls.key: kafka.ssl.key.location says"},
        {{{"tls.cert", "/c"}, {"tls.key", "/k"}, {"kafka.ssl.key.pem", "x"}},
         "tls.key: kafka.ssl.key.pem says"},
        {{{"tls.verify", "no"}}, NULL},
        {{{"tls.verify", "no"}, {"kafka.enable.ssl.certificate.verification", "true"}},
         "tls.verify: "},
        {{{"kafka.enable.ssl.certificate.verification", "false"}}, NULL},
    };
    static const struct target nowhere;
    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct options o;
        struct err err = {0};
        options_init(&o, kafka_options);
        o.properties = &kafka_properties;
        for (unsigned k = 0; k < 3 && cases[i].set[k][0]; k++)
            assert_int_equal(
                options_set(&o, cases[i].set[k][0], cases[i].set[k][1], ORIGIN_ARGV, false, &err),
                0);
        int code = kafka_conf_check(&nowhere, &o, &err);
        if (code != (cases[i].says ? ERR_USAGE : 0) ||
            (cases[i].says && !strstr(err.msg, cases[i].says)))
            fail_msg("case %u: %d, '%s'", i, code, err.msg);
        options_fini(&o);
    }
}

static void they_reach_librdkafka(void **state)
{
    static const char *const said[][2] = {{"ssl.ca.location", "/a"},
                                          {"ssl.certificate.location", "/c"},
                                          {"ssl.key.location", "/c"},
                                          {"enable.ssl.certificate.verification", "false"},
                                          {"security.protocol", "plaintext"}};
    static const struct target nowhere;
    struct options o;
    struct err err = {0};
    (void)state;
    options_init(&o, kafka_options);
    options_set(&o, "tls.ca", "/a", ORIGIN_ARGV, false, &err);
    options_set(&o, "tls.cert", "/c", ORIGIN_ARGV, false, &err);
    options_set(&o, "tls.verify", "no", ORIGIN_ARGV, false, &err);
    rd_kafka_conf_t *conf = kafka_conf_new(NULL, &nowhere, &o, "t", RD_KAFKA_PRODUCER, &err);
    assert_non_null(conf);
    for (unsigned i = 0; i < sizeof said / sizeof *said; i++) {
        char value[64];
        size_t size = sizeof value;
        assert_int_equal(rd_kafka_conf_get(conf, said[i][0], value, &size), RD_KAFKA_CONF_OK);
        assert_string_equal(value, said[i][1]);
    }
    rd_kafka_conf_destroy(conf);
    options_fini(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls_options),
        cmocka_unit_test(they_reach_librdkafka),
        cmocka_unit_test(hosts),
        cmocka_unit_test(groups),
        cmocka_unit_test(some_errors_pass_by_themselves),
        cmocka_unit_test(secrets),
        cmocka_unit_test(properties),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
    printf("SKIP: built without librdkafka (apt-get install librdkafka-dev)\n");
    return 77;
}

#endif
