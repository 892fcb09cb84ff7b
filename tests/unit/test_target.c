/* Targets: every form of the URL, what is refused, and that no password
 * leaks into anything shown. */
#include "engine/base/err.h"
#include "engine/config/target.h"
#include "engine/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void urls_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *url, *scheme, *user, *password, *hosts, *path, *query, *shown;
    } cases[] = {
        {"redis://localhost", "redis", "", NULL, "localhost:0", "", NULL, "redis://localhost"},
        {"redis://localhost:6379/3?threads=4&ops=get:80,set:20", "redis", "", NULL,
         "localhost:6379", "/3", "threads=4&ops=get:80,set:20", "redis://localhost:6379/3"},
        {"REDISS://u:p%40ss@h", "rediss", "u", "p@ss", "h:0", "", NULL, "rediss://u@h"},
        {"redis://:hush@h:1", "redis", "", "hush", "h:1", "", NULL, "redis://h:1"},
        {"redis://u:@h", "redis", "u", "", "h:0", "", NULL, "redis://u@h"},
        {"redis://u@h", "redis", "u", NULL, "h:0", "", NULL, "redis://u@h"},
        {"redis://u:a@b:c@h:1/0", "redis", "u", "a@b:c", "h:1", "/0", NULL, "redis://u@h:1/0"},
        {"redis://u:a#b c@h", "redis", "u", "a#b c", "h:0", "", NULL, "redis://u@h"},
        {"redis://h/a%40b", "redis", "", NULL, "h:0", "/a@b", NULL, "redis://h/a@b"},
        {"redis+unix://:p@/run/u@1/s", "redis+unix", "", "p", "", "/run/u@1/s", NULL,
         "redis+unix:///run/u@1/s"},
        {"redis+unix:///run/a%20b.sock?db=1", "redis+unix", "", NULL, "", "/run/a b.sock", "db=1",
         "redis+unix:///run/a b.sock"},
        {"kafka://a:9092,b:9093,c/orders", "kafka", "", NULL, "a:9092 b:9093 c:0", "/orders", NULL,
         "kafka://a:9092,b:9093,c/orders"},
        {"cassandra://[::1]:9042,[fe80::1%eth0]/ks.t", "cassandra", "", NULL, NULL, "/ks.t", NULL,
         NULL},
        {"cassandra://[::1]:9042,[2001:db8::1]/ks.t", "cassandra", "", NULL,
         "::1:9042 2001:db8::1:0", "/ks.t", NULL, "cassandra://[::1]:9042,[2001:db8::1]/ks.t"},
        {"crate://u:p@10.0.0.1:4200/doc.t", "crate", "u", "p", "10.0.0.1:4200", "/doc.t", NULL,
         "crate://u@10.0.0.1:4200/doc.t"},
        {"null:", "null", "", NULL, "", "", NULL, "null:"},
        {"null:?service=1ms", "null", "", NULL, "", "", "service=1ms", "null:"},
        {"null://?service=1ms", "null", "", NULL, "", "", "service=1ms", "null:"},
        {"redis://h?", "redis", "", NULL, "h:0", "", NULL, "redis://h"},
        {"redis://h/?x=a?b", "redis", "", NULL, "h:0", "/", "x=a?b", "redis://h/"},
    };
    for (unsigned i = 0; i < COUNT(cases); i++) {
        struct target t;
        struct err err = {0};
        int bad = target_parse(&t, cases[i].url, &err);
        if (!cases[i].shown) { /* a zone's % must be escaped */
            assert_int_equal(bad, ERR_USAGE);
            continue;
        }
        if (bad)
            fail_msg("%s was refused: %s", cases[i].url, err.msg);
        struct text hosts = {0};
        for (unsigned h = 0; h < t.hosts; h++)
            text_add(&hosts, "%s%s:%u", h ? " " : "", t.host[h].name, t.host[h].port);
        assert_string_equal(t.scheme, cases[i].scheme);
        assert_string_equal(t.user, cases[i].user);
        assert_int_equal(t.has_password, cases[i].password != NULL);
        assert_string_equal(t.password, cases[i].password ? cases[i].password : "");
        assert_string_equal(text_str(&hosts), cases[i].hosts);
        assert_string_equal(t.path, cases[i].path);
        assert_string_equal(t.query ? t.query : "(none)",
                            cases[i].query ? cases[i].query : "(none)");
        assert_string_equal(t.shown, cases[i].shown);
        text_free(&hosts);
        target_fini(&t);
    }
    struct target t;
    assert_int_equal(target_parse(&t, "cassandra://[fe80::1%25eth0]/ks", NULL), 0);
    assert_string_equal(t.host[0].name, "fe80::1%eth0");
    target_fini(&t);
}

static void wrong_urls_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *url, *says;
    } cases[] = {
        {"", "not a target"},
        {"redis", "redis: not a target; a target is a URL"},
        {"localhost:6379", "after the scheme '//' must follow"},
        {"://h", "not a target"},
        {"1redis://h", "not a target"},
        {"re dis://h", "not a target"},
        {"redis:/h", "'//' must follow"},
        {"redis://h:0", "a port is a number from 1 to 65535"},
        {"redis://h:65536", "1 to 65535"},
        {"redis://h:99999999999", "1 to 65535"},
        {"redis://h:", "1 to 65535"},
        {"redis://h:x", "1 to 65535"},
        {"redis://:6379", "a host is missing"},
        {"redis://u:p@", "a host is missing after the '@'"},
        {"kafka://a,,b/t", "a host is missing"},
        {"kafka://a,/t", "a host is missing after the last comma"},
        {"redis://::1", "stands in brackets"},
        {"redis://[::1", "']' is missing"},
        {"redis://[::1]x", "only a port may follow"},
        {"redis://[nonsense]", "not a host's name or address"},
        {"redis://ho st", "not a host's name or address"},
        {"redis://h%00", "escape"},
        {"redis://h/%zz", "escape"},
        {"redis://h/%4", "escape"},
        {"redis://u%:p@h", "escape"},
        {"redis://h\x1b[31m", "not a host's name"},
        {"redis://u:7/p@h", "***@h: in a user's name or password write / as %2F"},
        {"redis://u:p/p@h", "***@h: in a user's name or password write / as %2F"},
        {"redis://u:p?p@h", "***@h: in a user's name or password write ? as %3F"},
        {"redis://h/a@b", "in a path @ is written as %40"},
        {"redis://u:p", "redis://u:***: a port is a number"},
    };
    for (unsigned i = 0; i < COUNT(cases); i++) {
        struct target t;
        struct err err = {0};
        if (target_parse(&t, cases[i].url, &err) != ERR_USAGE)
            fail_msg("'%s' was accepted", cases[i].url);
        if (!strstr(err.msg, cases[i].says) || !strstr(err.msg, "e.g. redis://localhost:6379"))
            fail_msg("'%s': says '%s'", cases[i].url, err.msg);
        assert_null(strpbrk(err.msg, "\n\x1b"));
    }
    char url[4096];
    size_t len = text_append(url, sizeof url, 0, "kafka://");
    for (int i = 0; i < 33; i++)
        len = text_append(url, sizeof url, len, "%sh%d", i ? "," : "", i);
    struct target t;
    struct err err = {0};
    assert_int_equal(target_parse(&t, url, &err), ERR_USAGE);
    assert_non_null(strstr(err.msg, "at most 32 hosts"));
    memset(url, 'a', sizeof url - 1);
    url[sizeof url - 1] = '\0';
    memcpy(url, "redis://h/", 10);
    assert_int_equal(target_parse(&t, url, &err), ERR_USAGE);
    assert_non_null(strstr(err.msg, "the path is too long"));
    memcpy(url, "redis://", 8);
    url[9] = 'x';
    assert_int_equal(target_parse(&t, url, &err), ERR_USAGE);
}

/* Passwords of every awkward kind, in URLs that parse and in URLs that do not. */
static void passwords_are_never_shown(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "redis://user:SECRET@h:1/0",
        "redis://user:SECRET@h:99999",
        "redis://user:SEC/SECRET@h",
        "redis://user:x?SECRET@h",
        "redis://user:SECRET@SECRET@h",
        "redis://:SECRET@",
        "redis:/user:SECRET@h",
        "user:SECRET@h",
        "redis://user:SECRET@h%zz",
        "redis://user:%SECRET@h",
        "redis://h?password=SECRET",
        "redis://h:x?password=SECRET",
        "redis://user:SECRET@h,u:SECRET@h2",
        "redis://u:[SECRET@x",
        "redis://user:7/SECRET@h",
        "redis://user:7/SECRET@h/0?x=1",
        "kafka://user:7/SECRET@h,g/t",
        "redis://user:SECRET",
        "redis://user:SECRET,h2",
        "redis://user:SECRET/0",
    };
    for (unsigned i = 0; i < COUNT(urls); i++) {
        struct target t;
        struct err err = {0};
        char masked[300];
        if (target_parse(&t, urls[i], &err) == 0) {
            if (strstr(t.shown, "SECRET"))
                fail_msg("%s is shown as %s", urls[i], t.shown);
            target_fini(&t);
            for (size_t k = 0; k < sizeof t.password; k++)
                assert_int_equal(t.password[k], 0);
        }
        if (strstr(err.msg, "SECRET"))
            fail_msg("%s gives the message %s", urls[i], err.msg);
        if (strstr(target_masked(urls[i], masked, sizeof masked), "SECRET"))
            fail_msg("%s is masked as %s", urls[i], masked);
    }
    char masked[300];
    assert_string_equal(target_masked("redis://u:p@h:1/0?x=1", masked, sizeof masked),
                        "redis://***@h:1/0");
    assert_string_equal(target_masked("null:?x=1", masked, sizeof masked), "null:");
}

/* A '?' that is part of a password makes its rest an option, which is refused somewhere else. */
static void what_may_be_a_password_is_doubted(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        bool doubt;
    } cases[] = {
        {"redis://u:7?PIECE@h", true},
        {"redis://u:7/1?PIECE=1@h", true},
        {"redis://h:1?x=1", false},
        {"redis://h?file=a@b", false},
        {"redis://[::1]:1?file=a@b", false},
        {"redis://u:p@h:1?x=1", false},
        {"null:?x=a@b", false},
    };
    for (unsigned i = 0; i < COUNT(cases); i++) {
        struct err err = {0};
        err_set(&err, ERR_USAGE, "unknown option 'PIECE@h'");
        target_doubt(cases[i].url, &err);
        bool doubt = strstr(err.msg, "in a user's name or password write") != NULL;
        if (doubt != cases[i].doubt || doubt == (strstr(err.msg, "PIECE") != NULL))
            fail_msg("%s: %s", cases[i].url, err.msg);
    }
}

/* Whole up to the limit, also when each byte is escaped; refused beyond it. */
static void long_passwords(void **state)
{
    (void)state;
    for (size_t len = SECRET_MAX; len <= SECRET_MAX + 1; len++) {
        struct text url = {0};
        struct target t;
        struct err err = {0};
        text_add(&url, "redis://u:");
        for (size_t i = 0; i < len; i++)
            text_add(&url, "%%%02X", (unsigned)('a' + i % 26));
        text_add(&url, "@h");
        int bad = target_parse(&t, text_str(&url), &err);
        if (len > SECRET_MAX) {
            assert_int_equal(bad, ERR_USAGE);
            assert_non_null(strstr(err.msg, "the password is longer than 8192 bytes"));
        } else {
            assert_int_equal(bad, 0);
            assert_int_equal(strlen(t.password), len);
            assert_int_equal(t.password[len - 1], 'a' + (len - 1) % 26);
            target_fini(&t);
        }
        text_free(&url);
    }
}

struct seen {
    struct text pairs;
    int stop_at, calls;
};

static int see(const char *name, const char *value, void *ctx)
{
    struct seen *seen = ctx;
    text_add(&seen->pairs, "[%s|%s]", name, value);
    return ++seen->calls == seen->stop_at ? -77 : 0;
}

static void queries_are_walked(void **state)
{
    (void)state;
    static const struct {
        const char *url, *pairs;
        int stop_at, result;
    } cases[] = {
        {"null:", "", 0, 0},
        {"null:?a=1&b=2", "[a|1][b|2]", 0, 0},
        {"null:?stall=5s+1s&x=%2b%26%3D", "[stall|5s+1s][x|+&=]", 0, 0},
        {"null:?a=&&b==c&", "[a|][b|=c]", 0, 0},
        {"null:?a=1&b=2&c=3", "[a|1][b|2]", 2, -77},
        {"null:?a", "", 0, ERR_USAGE},
        {"null:?=1", "", 0, ERR_USAGE},
        {"null:?a=%4", "", 0, ERR_USAGE},
        {"null:?a=%00", "", 0, ERR_USAGE},
        {"null:?a=1&b=%x", "[a|1]", 0, ERR_USAGE},
    };
    for (unsigned i = 0; i < COUNT(cases); i++) {
        struct target t;
        struct err err = {0};
        struct seen seen = {.stop_at = cases[i].stop_at};
        assert_int_equal(target_parse(&t, cases[i].url, &err), 0);
        int result = target_query(&t, see, &seen, &err);
        assert_int_equal(result, cases[i].result);
        assert_string_equal(text_str(&seen.pairs), cases[i].pairs);
        assert_int_equal(err.msg[0] != '\0', result == ERR_USAGE);
        text_free(&seen.pairs);
        target_fini(&t);
    }
}

static void local_targets_are_known(void **state)
{
    (void)state;
    static const char *const local[] = {"redis://localhost",
                                        "redis://LOCALHOST:1",
                                        "redis://127.0.0.1",
                                        "redis://127.9.8.7:1",
                                        "redis://[::1]",
                                        "redis+unix:///x",
                                        "null:",
                                        "redis://[::ffff:127.0.0.1]",
                                        "redis://0.0.0.0",
                                        "kafka://localhost,127.0.0.1/t"};
    static const char *const far[] = {
        "redis://example.com",          "redis://10.0.0.1",          "redis://[2001:db8::1]",
        "redis://localhost.com",        "redis://xlocalhost",        "redis://128.0.0.1",
        "redis://a.localhost",          "redis://[::ffff:10.0.0.1]", "kafka://localhost,10.0.0.1/t",
        "redis://127.0.0.1.example.com"};
    for (unsigned i = 0; i < COUNT(local); i++) {
        struct target t;
        assert_int_equal(target_parse(&t, local[i], NULL), 0);
        if (!target_is_local(&t))
            fail_msg("%s is not local", local[i]);
        target_fini(&t);
    }
    for (unsigned i = 0; i < COUNT(far); i++) {
        struct target t;
        assert_int_equal(target_parse(&t, far[i], NULL), 0);
        if (target_is_local(&t))
            fail_msg("%s is local", far[i]);
        target_fini(&t);
    }
}

static void copies_are_their_own(void **state)
{
    (void)state;
    struct target t, copy;
    assert_int_equal(target_parse(&t, "redis://u:p@h/1?a=1", NULL), 0);
    target_copy(&copy, &t);
    target_fini(&t);
    assert_string_equal(copy.query, "a=1");
    assert_string_equal(copy.password, "p");
    target_fini(&copy);
    target_fini(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_read),
        cmocka_unit_test(wrong_urls_are_refused),
        cmocka_unit_test(passwords_are_never_shown),
        cmocka_unit_test(what_may_be_a_password_is_doubted),
        cmocka_unit_test(long_passwords),
        cmocka_unit_test(queries_are_walked),
        cmocka_unit_test(local_targets_are_known),
        cmocka_unit_test(copies_are_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
