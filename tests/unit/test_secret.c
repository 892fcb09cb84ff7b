/* Secrets are removed from what the user typed, from our messages about it, and from what a server
 * sends back. Every secret in the cases contains the word HUSH, so no output may contain it. */
#include "engine/base/secret.h"

#include "backends/registry.h"
#include "engine/backend.h"
#include "engine/base/err.h"
#include "engine/config/option.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const struct {
    const char *line, *masked;
} lines[] = {
    {"redis://u:HUSH@h:1/0", "redis://u:***@h:1/0"},
    {"redis://:HUSH@h", "redis://:***@h"},
    {"redis://u@h:1", "redis://u@h:1"},
    {"redis://h:6379/0?threads=2", "redis://h:6379/0?threads=2"},
    {"kafka://a:9092,b:9093/t", "kafka://a:9092,b:9093/t"},
    {"redis://[::1]:6379", "redis://[::1]:6379"},
    {"null:?service=1ms", "null:?service=1ms"},
    /* awkward passwords */
    {"redis://u:HUSH/HUSH@h", "redis://u:***@h"},
    {"redis://u:7/HUSH@h", "redis://u:***@h"},
    {"redis://u:7?HUSH=1@h", "redis://u:***@h"},
    {"redis://u:HUSH@HUSH@h", "redis://u:***@h"},
    {"redis://u:HUSH HUSH@h", "redis://u:***@h"},
    {"redis://u:a://HUSH@h", "redis://u:***@h"},
    {"redis://u:HUSH", "redis://u:***"},
    {"redis://u:HUSH,HUSH", "redis://u:***"},
    {"redis://u:7HUSH", "redis://u:***"},
    {"redis://u:1234567", "redis://u:***"},
    /* several in one line */
    {"30s add redis://u:HUSH@h:1", "30s add redis://u:***@h:1"},
    {"redis://h:1 redis://u:HUSH@g", "redis://h:1 redis://u:***@g"},
    {"redis://u:HUSH@h redis://v:HUSH@g", "redis://u:***@h redis://v:***@g"},
    /* without a scheme */
    {"add u:HUSH@h:1", "add u:***@h:1"},
    {"5s add redis:/u:HUSH@h", "5s add redis:***@h"},
    {"add null:?name=a:b@c", "add null:?name=a:b@c"},
    {"mark see a:b@c", "mark see a:b@c"},
    /* options of a URL, also by escaped names */
    {"crate://h/t?token=HUSH", "crate://h/t?token=***"},
    {"crate://h/t?a=1&token=HUSH&b=2", "crate://h/t?a=1&token=***&b=2"},
    {"crate://h/t?%74oken=HUSH", "crate://h/t?%74oken=***"},
    {"kafka://h/t?kafka.sasl%2Epassword=HUSH", "kafka://h/t?kafka.sasl%2Epassword=***"},
    {"kafka://h/t?kafka.sasl%2epass%77ord=HUSH&x=1", "kafka://h/t?kafka.sasl%2epass%77ord=***&x=1"},
    {"kafka://h/t?KAFKA.SASL.PASSWORD=HUSH", "kafka://h/t?KAFKA.SASL.PASSWORD=***"},
    {"kafka://h/t?kafka.sasl.oauthbearer.config=HUSH HUSH",
     "kafka://h/t?kafka.sasl.oauthbearer.config=***"},
    {"5s add crate://h?token=HUSH HUSH", "5s add crate://h?token=***"},
    /* flags and `set` */
    {"--token=HUSH", "--token=***"},
    {"--token HUSH", "--token ***"},
    {"--kafka.ssl.key.password=HUSH", "--kafka.ssl.key.password=***"},
    {"token=HUSH", "token=***"},
    {"set kafka.sasl.password HUSH HUSH", "set kafka.sasl.password ***"},
    {"2 set token HUSH", "2 set token ***"},
    {"--password-file secret.txt", "--password-file secret.txt"},
    {"--ask-password null:", "--ask-password null:"},
    {"mark token bucket full", "mark token bucket full"},
    {"threads +1", "threads +1"},
    {"", ""},
};

static void lines_are_masked(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COUNT(lines); i++) {
        char stars[200], masked[200];
        bool secret = strcmp(lines[i].line, lines[i].masked) != 0;
        snprintf(stars, sizeof stars, "%s", lines[i].line);
        assert_int_equal(secret_star(stars), secret);
        assert_int_equal(strlen(stars), strlen(lines[i].line));
        if (strstr(stars, "HUSH"))
            fail_msg("%s becomes %s", lines[i].line, stars);
        secret_masked(lines[i].line, masked, sizeof masked);
        assert_string_equal(masked, lines[i].masked);
        if (secret_was_masked(lines[i].line))
            fail_msg("%s counts as masked", lines[i].line);
        if (secret_was_masked(masked) != secret)
            fail_msg("%s does not count as masked", masked);
    }
    assert_true(secret_was_masked("add redis://***@h:1"));
    char small[8];
    assert_string_equal(secret_masked("redis://u:HUSH@h", small, sizeof small), "redis:/");
}

static void messages_are_masked(void **state)
{
    (void)state;
    static const struct {
        const char *said, *shown;
    } cases[] = {
        {"duration redis://u:HUSH@h: not a duration", "duration redis://u:***@h: not a duration"},
        {"'redis://u:HUSH@h' is not it", "'redis://u:***@h' is not it"},
        {"'redis://u:HUSH", "'redis://u:***"}, /* a message that was cut */
        {"redis://h:6379: refused (try user:password@host)",
         "redis://h:6379: refused (try user:password@host)"},
        {"redis://h: refused", "redis://h: refused"},
        {"(e.g. redis://localhost:6379/0?threads=2)", "(e.g. redis://localhost:6379/0?threads=2)"},
        {"at crate://h?token=HUSH: no", "at crate://h?token=*** no"},
        {"--token needs a value: --token VALUE", "--token needs a value: --token VALUE"},
        {"--password-file x: no", "--password-file x: no"},
    };
    for (unsigned i = 0; i < COUNT(cases); i++) {
        struct err err = {0};
        err_set(&err, ERR_USAGE, "%s", cases[i].said);
        assert_string_equal(err.msg, cases[i].shown);
    }
}

/* What a server sends back of what it was sent. */
static void known_secrets_are_masked(void **state)
{
    (void)state;
    char word[SECRET_MAX + 1];
    memset(word, 'q', SECRET_MAX);
    word[SECRET_MAX] = '\0';
    memcpy(word, "HUSH-", 5);
    secret_know(word);
    secret_know("HUSH.42+x");
    secret_know("HUSH.42+x");
    secret_know("cassandra");
    secret_know("abc"); /* an ordinary word */
    secret_know("");
    static const struct {
        const char *said, *shown;
    } cases[] = {
        {"wrong password 'HUSH.42+x'!", "wrong password '***'!"},
        {"HUSH.42+x", "***"},
        {"GET /?auth=a%3AHUSH.42+x%40h", "GET /?auth=a%3A***%40h"}, /* next to other letters */
        {"user_HUSH.42+xy", "user_***y"},
        {"cassandras", "cassandras"}, /* another word */
        {"cassandra://h:9042: user cassandra and/or password are wrong",
         "cassandra://h:9042: user *** and/or password are wrong"},
        {"abc", "abc"},
        {"token HUSH-qqqqqqqqqqqqqqqqqqqq (cut)", "token *** (cut)"},
        {"token HUSH-qqq", "token ***"},
    };
    for (unsigned i = 0; i < COUNT(cases); i++) {
        char text[200];
        snprintf(text, sizeof text, "%s", cases[i].said);
        secret_hide_values(text);
        assert_string_equal(text, cases[i].shown);
    }
}

/* They may be words or names of ours. */
static void known_secrets_stay_in_our_words(void **state)
{
    (void)state;
    struct err err = {0};
    secret_know("connection");
    err_set(&err, ERR_FAILED, "cassandra://cassandra@h: connection refused");
    assert_string_equal(err.msg, "cassandra://cassandra@h: connection refused");
    char said[40];
    assert_string_equal(secret_said(said, sizeof said, "no connection for you", 13), "no ***");
}

static void of_a_command_a_url_ends_at_a_blank(void **state)
{
    (void)state;
    static const struct {
        const char *text, *masked;
    } cases[] = {
        {"mark see http://wiki:8080/x and bob@corp", "mark see http://wiki:8080/x and bob@corp"},
        {"mark redis://u:HUSH@h and bob@corp", "mark redis://u:***@h and bob@corp"},
        {"redis://u:HUSH@h pause", "redis://u:***@h pause"},
        {"set kafka.sasl.password HUSH HUSH", "set kafka.sasl.password ***"},
        {"2 set token HUSH", "2 set token ***"},
    };
    char masked[100];
    for (unsigned i = 0; i < COUNT(cases); i++)
        assert_string_equal(secret_masked_command(cases[i].text, masked, sizeof masked),
                            cases[i].masked);
}

static void names_of_secrets(void **state)
{
    (void)state;
    static const char *const secret[] = {"password",
                                         "sasl.password",
                                         "sasl%2Epassword",
                                         "SASL.Pass%57ord",
                                         "pass%2dwd",
                                         "api-key",
                                         "aws_access_key",
                                         "ssl.keystore.password",
                                         "ssl.key.pem",
                                         "client%2Esecret",
                                         "sasl.oauthbearer.assertion.private.key.passphrase"};
    static const char *const plain[] = {"password-file", "ask-password",  "keys", "compression",
                                        "pattern",       "sasl.username", "%",    "%zz",
                                        "partitions",    "tls.key",       "name%"};
    for (unsigned i = 0; i < COUNT(secret); i++)
        if (!is_secret_name(secret[i], strlen(secret[i])))
            fail_msg("%s is no secret", secret[i]);
    for (unsigned i = 0; i < COUNT(plain); i++)
        if (is_secret_name(plain[i], strlen(plain[i])))
            fail_msg("%s is a secret", plain[i]);
    for (unsigned b = 0; backends[b]; b++)
        for (const struct option_spec *o = backends[b]->options; o->name; o++)
            if ((o->type == OPTION_SECRET) != is_secret_name(o->name, strlen(o->name)))
                fail_msg("%s: %s", backends[b]->name, o->name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_masked),
        cmocka_unit_test(messages_are_masked),
        cmocka_unit_test(known_secrets_are_masked),
        cmocka_unit_test(known_secrets_stay_in_our_words),
        cmocka_unit_test(of_a_command_a_url_ends_at_a_blank),
        cmocka_unit_test(names_of_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
