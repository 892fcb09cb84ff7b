/* targets.conf: what each form of a rule covers, which rule wins, the error for a wrong line, which
 * files are read, and which addresses belong to this machine. */
#include "engine/base/err.h"
#include "engine/pools/protect.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static struct sockaddr_storage address(const char *text)
{
    struct sockaddr_storage s = {0};
    struct sockaddr_in *v4 = (struct sockaddr_in *)&s;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&s;
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1)
        s.ss_family = AF_INET;
    else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1)
        s.ss_family = AF_INET6;
    else
        fail_msg("%s is no address", text);
    return s;
}

static enum rule_verdict judge(const struct rules *rules, const char *host, const char *at)
{
    struct sockaddr_storage s;
    if (at)
        s = address(at);
    return rules_check(rules, host, at ? (const struct sockaddr *)&s : NULL, NULL);
}

static void the_more_specific_rule_wins(void **state)
{
    (void)state;
    static const char conf[] = "# a comment\n"
                               "deny 10.0.0.0/8\n"
                               "allow 10.1.0.0/16   # the test network\r\n"
                               "protect 10.1.2.0/23\n"
                               "\n"
                               "  deny\t10.1.2.3\n"
                               "allow 2001:db8::/32\n"
                               "deny 2001:db8:dead::/48\n"
                               "allow ::1\n"
                               "deny *.example.com\n"
                               "allow *.test.example.com\n"
                               "protect Db.Example.com.\n"
                               "allow both.example.org\n"
                               "deny both.example.org\n"
                               "allow 192.168.0.0/24\n"
                               "protect 192.168.0.0/24\n"
                               "deny ::ffff:172.16.0.0/108";
    struct err err = {0};
    struct rules *rules = rules_parse(conf, "t.conf", &err);
    if (!rules)
        fail_msg("refused: %s", err.msg);
    static const struct {
        const char *host, *at;
        enum rule_verdict verdict;
    } cases[] = {
        {"", "10.200.0.1", RULE_DENY},
        {NULL, "10.200.0.1", RULE_DENY},
        {"", "10.1.200.1", RULE_ALLOW},
        {"", "10.1.2.4", RULE_PROTECT},
        {"", "10.1.3.255", RULE_PROTECT},
        {"", "10.1.4.0", RULE_ALLOW},
        {"", "10.1.2.3", RULE_DENY},
        {"", "11.0.0.0", RULE_NONE},
        {"", "9.255.255.255", RULE_NONE},
        {"", "::ffff:10.1.2.3", RULE_DENY},
        {"", "::ffff:10.1.9.9", RULE_ALLOW},
        {"", "::ffff:11.1.9.9", RULE_NONE},
        {"", "172.31.255.255", RULE_DENY},
        {"", "172.32.0.0", RULE_NONE},
        {"", "2001:db8:1::1", RULE_ALLOW},
        {"", "2001:db8:dead::1", RULE_DENY},
        {"", "2001:db8:deae::1", RULE_ALLOW},
        {"", "2001:db9::1", RULE_NONE},
        {"", "::1", RULE_ALLOW},
        {"", "::2", RULE_NONE},
        {"10.1.2.3", NULL, RULE_DENY},
        {"x.example.com", NULL, RULE_DENY},
        {"X.EXAMPLE.COM.", NULL, RULE_DENY},
        {"example.com", NULL, RULE_NONE},
        {"badexample.com", NULL, RULE_NONE},
        {"a.test.example.com", NULL, RULE_ALLOW},
        {"test.example.com", NULL, RULE_DENY},
        {"db.example.com", NULL, RULE_PROTECT},
        {"x.db.example.com", NULL, RULE_DENY},
        {"db.example.com", "10.1.2.3", RULE_PROTECT},    /* an exact name beats a network */
        {"x.example.com", "10.1.9.9", RULE_DENY},        /* *.DOMAIN and network: the stricter */
        {"a.test.example.com", "10.200.0.1", RULE_DENY}, /* likewise */
        {"both.example.org", NULL, RULE_DENY},           /* equal: deny beats allow */
        {"", "192.168.0.9", RULE_PROTECT},               /* equal: protect beats allow */
        {"nowhere.org", "11.0.0.1", RULE_NONE},
        {"", NULL, RULE_NONE},
    };
    for (unsigned i = 0; i < COUNT(cases); i++) {
        enum rule_verdict v = judge(rules, cases[i].host, cases[i].at);
        if (v != cases[i].verdict)
            fail_msg("%s at %s: %d, not %d", cases[i].host ? cases[i].host : "NULL",
                     cases[i].at ? cases[i].at : "nowhere", v, cases[i].verdict);
    }
    const char *where;
    assert_int_equal(rules_check(rules, "db.example.com", NULL, &where), RULE_PROTECT);
    assert_string_equal(where, "t.conf:12: protect Db.Example.com.");
    assert_int_equal(rules_check(rules, "nowhere.org", NULL, &where), RULE_NONE);
    assert_null(where);
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    assert_int_equal(rules_check(rules, "", (const struct sockaddr *)&un, NULL), RULE_NONE);
    assert_int_equal(rules_check(NULL, "x.example.com", NULL, &where), RULE_NONE);
    rules_free(rules);
    rules_free(NULL);
}

static void everything_is_the_least_specific(void **state)
{
    (void)state;
    struct rules *rules =
        rules_parse("deny *\nallow 127.0.0.0/8\nprotect *.lan\nallow 0.0.0.0/0\n", "t", NULL);
    assert_non_null(rules);
    assert_int_equal(judge(rules, "", "127.0.0.1"), RULE_ALLOW);
    assert_int_equal(judge(rules, "", "8.8.8.8"), RULE_ALLOW);
    assert_int_equal(judge(rules, "", "2001:db8::1"), RULE_DENY);
    assert_int_equal(judge(rules, "anything.org", NULL), RULE_DENY);
    assert_int_equal(judge(rules, "db.lan", NULL), RULE_PROTECT);
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    assert_int_equal(rules_check(rules, "", (const struct sockaddr *)&un, NULL), RULE_DENY);
    assert_int_equal(rules_judge(rules, NULL, NULL, NULL), RULE_DENY);
    rules_free(rules);
}

/* The system's file denies for good; for all else the files count together. */
static void the_systems_deny_is_final(void **state)
{
    (void)state;
    struct rules *rules = rules_parse("allow db.prod\nallow 10.1.2.3\nallow kafka=Mk-1\n"
                                      "deny staging\nallow redis=abc\n",
                                      "user", NULL);
    struct err err = {0};
    const char *where = NULL;
    assert_non_null(rules);
    assert_int_equal(rules_add_system(rules,
                                      "deny *.prod\ndeny 10.0.0.0/8\nallow 10.9.0.0/16\n"
                                      "deny kafka=Mk-1\nallow staging\nprotect redis=abc\n",
                                      "system", &err),
                     0);
    assert_int_equal(judge(rules, "db.prod", NULL), RULE_DENY); /* an exact name would win else */
    assert_int_equal(judge(rules, "", "10.1.2.3"), RULE_DENY);
    assert_int_equal(judge(rules, "", "10.9.2.3"), RULE_ALLOW); /* its own exception */
    assert_int_equal(judge(rules, "staging", NULL), RULE_DENY); /* a user may be stricter */
    assert_int_equal(rules_check_identity(rules, "kafka", "Mk-1", &where), RULE_DENY);
    assert_string_equal(where, "system:4: deny kafka=Mk-1");
    assert_int_equal(rules_check_identity(rules, "redis", "abc", &where), RULE_PROTECT);
    assert_int_equal(rules_add_system(rules, "deny\n", "system", &err), ERR_USAGE);
    rules_free(rules);
}

static void servers_are_known_by_their_identity(void **state)
{
    (void)state;
    struct rules *rules = rules_parse("deny cassandra=Prod  Cluster 1 # whatever leads there\n"
                                      "protect cassandra=Test\nallow crate=x\n",
                                      "t", NULL);
    const char *where = NULL;
    assert_non_null(rules);
    assert_int_equal(rules_check_identity(rules, "cassandra", "Prod  Cluster 1", &where),
                     RULE_DENY);
    assert_string_equal(where, "t:1: deny cassandra=Prod  Cluster 1");
    assert_int_equal(rules_check_identity(rules, "cassandra", "Test", NULL), RULE_PROTECT);
    assert_int_equal(rules_check_identity(rules, "cassandra", "PROD  cluster 1", NULL), RULE_DENY);
    assert_int_equal(rules_check_identity(rules, "kafka", "Test", NULL), RULE_NONE);
    /* Who does not say who it is may be the one that is meant. */
    assert_int_equal(rules_check_identity(rules, "cassandra", NULL, &where), RULE_PROTECT);
    assert_non_null(where);
    assert_int_equal(rules_check_identity(rules, "cassandra", "", NULL), RULE_PROTECT);
    /* or none of those that are allowed */
    assert_int_equal(rules_check_identity(rules, "crate", NULL, &where), RULE_PROTECT);
    assert_string_equal(where, "t:3: allow crate=x");
    assert_int_equal(rules_check_identity(rules, "crate", "y", NULL), RULE_NONE);
    assert_int_equal(rules_check_identity(rules, "kafka", NULL, NULL), RULE_NONE);
    assert_int_equal(rules_check_identity(NULL, "crate", NULL, NULL), RULE_NONE);
    /* An identity is no name of a host. */
    assert_int_equal(judge(rules, "cassandra", NULL), RULE_NONE);
    struct err err = {0};
    static const char *const known[] = {"redis", "cassandra", "crate", NULL};
    assert_int_equal(rules_check_backends(rules, known, &err), 0);
    assert_int_equal(rules_check_backends(rules, known + 1, &err), 0);
    assert_int_equal(rules_check_backends(rules, known + 2, &err), ERR_USAGE);
    assert_non_null(strstr(err.msg, "no backend is called 'cassandra'"));
    rules_free(rules);
}

static void the_rule_for_errors(const char *user, const char *system, double share, double s)
{
    struct rules *rules = rules_parse(user, "user", NULL);
    assert_non_null(rules);
    assert_int_equal(rules_add_system(rules, system, "system", NULL), 0);
    struct errors_rule e = rules_errors(rules);
    if (e.share < share - 1e-9 || e.share > share + 1e-9 || e.for_ns != (uint64_t)(s * 1e9))
        fail_msg("'%s' and '%s': %g for %llu ns", user, system, e.share,
                 (unsigned long long)e.for_ns);
    rules_free(rules);
}

static void errors_are_bounded_by_the_system(void **state)
{
    (void)state;
    the_rule_for_errors("", "", 0.1, 10);
    the_rule_for_errors("errors 50% for 1m\n", "", 0.5, 60);
    the_rule_for_errors("", "errors 20% for 30s\n", 0.2, 30);
    the_rule_for_errors("errors 50% for 1m\n", "errors 20% for 30s\n", 0.2, 30);
    the_rule_for_errors("errors 1% for 2s\n", "errors 20% for 30s\n", 0.01, 2);
    the_rule_for_errors("errors 1% for 1m\n", "errors 20% for 30s\n", 0.01, 30);
}

/* Every prefix length of both families against arithmetic on the bits. */
static void every_prefix_covers_its_bits(void **state)
{
    (void)state;
    for (unsigned prefix = 0; prefix <= 32; prefix++) {
        uint32_t mask = prefix ? ~UINT32_C(0) << (32 - prefix) : 0, net = 0xAC15C3A5u & mask;
        char line[64], text[INET_ADDRSTRLEN];
        struct in_addr in = {htonl(net)};
        inet_ntop(AF_INET, &in, text, sizeof text);
        snprintf(line, sizeof line, "deny %s/%u", text, prefix);
        struct rules *rules = rules_parse(line, "t", NULL);
        assert_non_null(rules);
        for (unsigned bit = 0; bit < 32; bit++) {
            struct sockaddr_in sin = {.sin_family = AF_INET,
                                      .sin_addr = {htonl(0xAC15C3A5u ^ UINT32_C(1) << (31 - bit))}};
            enum rule_verdict v = rules_check(rules, NULL, (const struct sockaddr *)&sin, NULL);
            assert_int_equal(v, bit < prefix ? RULE_NONE : RULE_DENY);
        }
        rules_free(rules);
    }
    for (unsigned prefix = 0; prefix <= 128; prefix++) {
        struct in6_addr full, net;
        assert_int_equal(inet_pton(AF_INET6, "2001:db8:a5c3:ffff:1234:5678:9abc:def1", &full), 1);
        net = full;
        for (unsigned bit = prefix; bit < 128; bit++)
            net.s6_addr[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
        char line[96], text[INET6_ADDRSTRLEN];
        inet_ntop(AF_INET6, &net, text, sizeof text);
        snprintf(line, sizeof line, "deny %s/%u", text, prefix);
        struct rules *rules = rules_parse(line, "t", NULL);
        assert_non_null(rules);
        for (unsigned bit = 0; bit < 128; bit++) {
            struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6, .sin6_addr = full};
            sin6.sin6_addr.s6_addr[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
            enum rule_verdict v = rules_check(rules, NULL, (const struct sockaddr *)&sin6, NULL);
            assert_int_equal(v, bit < prefix ? RULE_NONE : RULE_DENY);
        }
        rules_free(rules);
    }
}

static void wrong_lines_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *conf, *says;
    } cases[] = {
        {"allow localhost\nforbid x\n",
         "t.conf:2: 'forbid x': a line begins with allow, protect or deny"},
        {"deny\n", "a host or a network is missing"},
        {"deny a b\n", "only one host or network a line"},
        {"deny 10.0.0.0/33\n", "a prefix of IPv4 is 0 to 32"},
        {"deny 10.0.0.0/x\n", "a prefix of IPv4 is 0 to 32"},
        {"deny 10.0.0.0/\n", "a prefix of IPv4 is 0 to 32"},
        {"deny ::/129\n", "a prefix of IPv6 is 0 to 128"},
        {"deny ::ffff:10.0.0.0/8\n", "96 to 128"},
        {"deny 10.0.0.1/8\n", "the address has bits beyond its prefix"},
        {"deny 2001:db8::1/64\n", "the address has bits beyond its prefix"},
        {"deny 10.0.0.256\n", "not an address"},
        {"deny 10.0.0\n", "not an address"},
        {"deny host/8\n", "not an address before the '/'"},
        {"deny *example.com\n", "not a host's name"},
        {"deny a.*.com\n", "not a host's name"},
        {"deny *.\n", "not a host's name"},
        {"deny h\xc3\xb6st\n", "not a host's name"},
        {"Deny x\n", "a line begins with"},
        {"deny x y z\n", "only one"},
        {"deny =x\n", "not BACKEND=IDENTITY"},
        {"deny kafka=\n", "not BACKEND=IDENTITY"},
        {"deny Kafka=x\n", "not BACKEND=IDENTITY"},
        {"errors\n", "the form is: errors 10% for 10s"},
        {"errors 10 for 10s\n", "the form is"},
        {"errors 10% for 10\n", "the form is"},
        {"errors 10% for 10s x\n", "the form is"},
        {"errors nan% for 10s\n", "the form is"},
        {"errors 101% for 10s\n", "allowed are 0% to 100%"},
        {"errors 10% for 1ms\n", "1s to 1h"},
    };
    for (unsigned i = 0; i < COUNT(cases); i++) {
        struct err err = {0};
        if (rules_parse(cases[i].conf, "t.conf", &err))
            fail_msg("'%s' was accepted", cases[i].conf);
        assert_int_equal(err.code, ERR_USAGE);
        if (!strstr(err.msg, cases[i].says))
            fail_msg("'%s': says '%s'", cases[i].conf, err.msg);
    }
    char line[1000];
    memset(line, 'x', sizeof line);
    memcpy(line, "deny ", 5);
    line[sizeof line - 1] = '\0';
    assert_null(rules_parse(line, "t.conf", NULL));
    line[5 + 299] = '\0';
    assert_null(rules_parse(line, "t.conf", NULL));
}

static void put(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* Judged by one file's text, names looked up. */
static enum rule_verdict judge_loaded(const char *text, const char *host, const char *at)
{
    char path[] = "/tmp/loadtop-protect-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    put(path, text);
    setenv("LOADTOP_TARGETS_CONF", path, 1);
    struct rules *rules = rules_load(NULL);
    assert_non_null(rules);
    enum rule_verdict v = judge(rules, host, at);
    rules_free(rules);
    unlink(path);
    unsetenv("LOADTOP_TARGETS_CONF");
    return v;
}

static void a_name_stands_for_its_addresses(void **state)
{
    (void)state;
    static const char *const ways[] = {"127.0.0.1", "::1", "127.0.0.2",
                                       "0.0.0.0",   "::",  "::ffff:127.0.0.1"};
    for (unsigned i = 0; i < sizeof ways / sizeof *ways; i++) {
        assert_int_equal(judge_loaded("deny localhost\n", ways[i], NULL), RULE_DENY);
        assert_int_equal(judge_loaded("deny localhost\n", "some-alias", ways[i]), RULE_DENY);
        assert_int_equal(judge_loaded("protect LOCALHOST.\n", ways[i], ways[i]), RULE_PROTECT);
        assert_int_equal(
            judge_loaded("deny localhost\nallow 127.0.0.0/8\nallow ::/0\n", ways[i], ways[i]),
            RULE_DENY);
        /* Allowed is what was named, and nothing else. */
        assert_int_equal(judge_loaded("allow localhost\ndeny *\n", ways[i], ways[i]), RULE_DENY);
    }
    assert_int_equal(judge_loaded("deny 127.0.0.1\n", "0.0.0.0", NULL), RULE_DENY);
    assert_int_equal(judge_loaded("deny ::1\n", "::", NULL), RULE_DENY);
    assert_int_equal(judge_loaded("allow localhost\ndeny *\n", "localhost", "127.0.0.1"),
                     RULE_ALLOW);
    assert_int_equal(judge_loaded("deny localhost\n", "10.1.2.3", NULL), RULE_NONE);
    assert_int_equal(judge_loaded("deny localhost\n", "db.example.com", "10.1.2.3"), RULE_NONE);
    assert_int_equal(judge_loaded("deny localhost\n", NULL, NULL), RULE_NONE);
}

static void files_are_found(void **state)
{
    (void)state;
    char dir[] = "/tmp/loadtop-protect-XXXXXX", path[300];
    struct err err = {0};
    assert_non_null(mkdtemp(dir));
    unsetenv("LOADTOP_TARGETS_CONF");
    setenv("XDG_CONFIG_HOME", dir, 1);
    struct rules *rules = rules_load(&err);
    assert_non_null(rules);
    rules_free(rules);

    snprintf(path, sizeof path, "%s/loadtop", dir);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/loadtop/targets.conf", dir);
    put(path, "deny *.xdg.example.com\n"); /* no name to look up */
    rules = rules_load(&err);
    assert_non_null(rules);
    assert_int_equal(judge(rules, "db.xdg.example.com", NULL), RULE_DENY);
    rules_free(rules);

    put(path, "deny 1.2.3.4/5/6\n");
    assert_null(rules_load(&err));
    assert_non_null(strstr(err.msg, "targets.conf:1: "));
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0); /* not readable as a file: protection must not vanish */
    assert_null(rules_load(&err));
    assert_int_equal(err.code, ERR_FAILED);
    rmdir(path);
    assert_int_equal(symlink(path, path), 0); /* a loop: neither absent nor readable */
    assert_null(rules_load(&err));
    assert_int_equal(err.code, ERR_FAILED);
    unlink(path);

    unsetenv("XDG_CONFIG_HOME");
    setenv("HOME", dir, 1);
    char config[200];
    snprintf(config, sizeof config, "%s/.config", dir);
    assert_int_equal(mkdir(config, 0700), 0);
    snprintf(config, sizeof config, "%s/.config/loadtop", dir);
    assert_int_equal(mkdir(config, 0700), 0);
    snprintf(path, sizeof path, "%s/targets.conf", config);
    put(path, "protect *.example.com");
    rules = rules_load(&err);
    assert_non_null(rules);
    assert_int_equal(judge(rules, "home.example.com", NULL), RULE_PROTECT);
    rules_free(rules);

    setenv("LOADTOP_TARGETS_CONF", "/nonexistent/targets.conf", 1);
    assert_null(rules_load(&err));
    assert_non_null(strstr(err.msg, "/nonexistent/targets.conf"));
    setenv("LOADTOP_TARGETS_CONF", "/dev/null", 1);
    rules = rules_load(&err);
    assert_non_null(rules);
    assert_int_equal(judge(rules, "home.example.com", NULL), RULE_NONE);
    rules_free(rules);
    unsetenv("LOADTOP_TARGETS_CONF");

    unlink(path);
    rmdir(config);
    snprintf(config, sizeof config, "%s/.config", dir);
    rmdir(config);
    snprintf(config, sizeof config, "%s/loadtop", dir);
    rmdir(config);
    assert_int_equal(rmdir(dir), 0);
}

static bool local(const char *text)
{
    struct sockaddr_storage s = address(text);
    return address_is_local((const struct sockaddr *)&s);
}

static void own_addresses_are_local(void **state)
{
    (void)state;
    assert_true(local("127.0.0.1"));
    assert_true(local("127.255.0.1"));
    assert_true(local("::1"));
    assert_true(local("::ffff:127.0.0.1"));
    assert_true(local("0.0.0.0"));
    assert_true(local("::"));
    assert_false(local("192.0.2.1")); /* TEST-NET-1 */
    assert_false(local("2001:db8::1"));
    assert_false(local("::ffff:192.0.2.1"));
    assert_false(local("::7f00:1"));
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    assert_true(address_is_local((const struct sockaddr *)&un));
    struct ifaddrs *list;
    assert_int_equal(getifaddrs(&list), 0);
    for (const struct ifaddrs *i = list; i; i = i->ifa_next)
        if (i->ifa_addr &&
            (i->ifa_addr->sa_family == AF_INET || i->ifa_addr->sa_family == AF_INET6))
            assert_true(address_is_local(i->ifa_addr));
    freeifaddrs(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_more_specific_rule_wins),
        cmocka_unit_test(everything_is_the_least_specific),
        cmocka_unit_test(the_systems_deny_is_final),
        cmocka_unit_test(servers_are_known_by_their_identity),
        cmocka_unit_test(errors_are_bounded_by_the_system),
        cmocka_unit_test(every_prefix_covers_its_bits),
        cmocka_unit_test(wrong_lines_are_named),
        cmocka_unit_test(a_name_stands_for_its_addresses),
        cmocka_unit_test(files_are_found),
        cmocka_unit_test(own_addresses_are_local),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
