/* The bottleneck of a load: for each verdict, measurements that only just distinguish it from the
 * others, and the share that decided. */
#include "engine/figures/bottleneck.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* A server far away that tells nothing of itself, loaded without a schedule. */
static struct bottleneck_facts facts(void)
{
    return (struct bottleneck_facts){.cpu = 0.2,
                                     .wait = 0.8,
                                     .idle = 0,
                                     .server = NAN,
                                     .cores = NAN,
                                     .answer = NAN,
                                     .rtt_share = NAN,
                                     .rate = 1000};
}

static struct bottleneck_verdict judged(struct bottleneck_facts f)
{
    struct bottleneck_verdict v = {.kind = BOTTLENECK_RATE, .share = -1};
    bottleneck_find(&f, &v);
    return v;
}

static void is(struct bottleneck_facts f, enum bottleneck kind, double share, const char *words)
{
    struct bottleneck_verdict v = judged(f);
    assert_int_equal(v.kind, kind);
    if (isnan(share))
        assert_true(isnan(v.share));
    else
        assert_true(fabs(v.share - share) < 1e-9);
    if (!strstr(v.why, words))
        fail_msg("\"%s\" does not say \"%s\"", v.why, words);
}

static void test_generator_comes_first(void **state)
{
    (void)state;
    struct bottleneck_facts f = facts();
    f.answer = 0.95; /* the server is slow too, but nobody can know how slow */
    f.cpu = 0.97;
    is(f, BOTTLENECK_CLIENT, 0.97, "97 % of a core");
    f.cpu = 0.79;
    is(f, BOTTLENECK_SERVER, 0.95, "95 % of an answer's time");
    f.wait = 0.1; /* it wanted the CPU, and others had it */
    is(f, BOTTLENECK_CLIENT, 0.9, "busy 90 % of their time and had 79 % of a core");
}

/* A thread that its container's quota holds back stands where it waits for answers, and is never seen to
 * be busy. */
static void test_a_quota_of_a_container(void **state)
{
    (void)state;
    struct bottleneck_facts f = facts();
    f.cpu = 0.28;
    f.server = 0.31;
    f.local = f.quota = true;
    f.queued = 0.48;
    is(f, BOTTLENECK_CLIENT, 0.48, "the CPU quota of its container held its threads back 48 %");
    f.answer = 0.9; /* whatever the server says */
    is(f, BOTTLENECK_CLIENT, 0.48, "quota");
    f.missing = "9 of 50 connections up";
    is(f, BOTTLENECK_CLIENT, 0.48, "quota");
    f.rate_asked = f.rate; /* what was asked for was reached all the same */
    is(f, BOTTLENECK_RATE, NAN, "rate that was asked for");
    f = facts();
    f.server = 0.9;
    f.quota = true;
    f.queued = 0.05; /* it did, for a moment */
    is(f, BOTTLENECK_SERVER, NAN, "the server (its CPU: 90 %");
    f.quota = false;
    f.queued = 0.48; /* it waits for others */
    is(f, BOTTLENECK_SERVER, NAN, "the server (its CPU: 90 %");
    f.queued = f.cpu = NAN;
    is(f, BOTTLENECK_NONE, NAN, "not known yet");
}

/* The same waiting, distinguished by what the server says that it worked. */
static void test_server_and_way_by_its_own_word(void **state)
{
    (void)state;
    struct bottleneck_facts f = facts();
    f.answer = 0.93;
    is(f, BOTTLENECK_SERVER, 0.93, "works 93 %");
    f.answer = 0.04;
    is(f, BOTTLENECK_NETWORK, 0.96, "96 % of an answer's time");
    f.local = true; /* a tunnel or a proxy is a way, too */
    is(f, BOTTLENECK_NETWORK, 0.96, "way to the server");
    f.server = 3.8; /* its CPUs are full: requests wait before it begins to count */
    f.cores = 4;
    is(f, BOTTLENECK_SERVER, 0.04, "95 % of its CPUs");
    f.cores = 16;
    is(f, BOTTLENECK_NETWORK, 0.96, "works 4 %");
}

static void test_way_by_the_round_trip(void **state)
{
    (void)state;
    struct bottleneck_facts f = facts();
    f.rtt_share = 0.9;
    is(f, BOTTLENECK_NETWORK, 0.9, "round trip alone is 90 %");
    f.rtt_share = 1.2; /* a jitter below the shortest round trip that was seen */
    is(f, BOTTLENECK_NETWORK, 1, "100 %");
    f.rtt_share = 0.1;
    is(f, BOTTLENECK_SERVER, NAN, "server or the way");
    f.server = 0.1; /* neither is busy: it may be the network, or the server's disk */
    is(f, BOTTLENECK_NETWORK, NAN, "or what the server waits for");
    f.local = true;
    is(f, BOTTLENECK_SERVER, NAN, "10 % of a core");
}

static void test_schedules(void **state)
{
    (void)state;
    struct bottleneck_facts f = facts();
    f.rate_asked = 1000;
    is(f, BOTTLENECK_RATE, NAN, "asked for");
    f.rate = 900;
    is(f, BOTTLENECK_SERVER, NAN, "server");
    f.rate = 930; /* in a second of random arrivals that is chance, in a minute it is not */
    is(f, BOTTLENECK_SERVER, NAN, "server");
    f.random_s = 1;
    is(f, BOTTLENECK_RATE, NAN, "asked for");
    f.random_s = 60;
    is(f, BOTTLENECK_SERVER, NAN, "server");
    f = facts();
    f.rate_most = 1000;
    is(f, BOTTLENECK_RATE, NAN, "--max-rate");
    f = facts();
    f.thinks = true;
    f.wait = 0.3;
    f.idle = 0.6;
    is(f, BOTTLENECK_RATE, NAN, "think time");
}

static void test_nothing_to_say(void **state)
{
    (void)state;
    struct bottleneck_facts f = facts();
    f.wait = NAN;
    is(f, BOTTLENECK_NONE, NAN, "not known yet");
    f = facts();
    f.wait = 0.1;
    f.cpu = 0.7;
    f.idle = 0.2;
    is(f, BOTTLENECK_NONE, NAN, "no clear limit: waiting 10 %, busy 70 %");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_generator_comes_first),
        cmocka_unit_test(test_a_quota_of_a_container),
        cmocka_unit_test(test_server_and_way_by_its_own_word),
        cmocka_unit_test(test_way_by_the_round_trip),
        cmocka_unit_test(test_schedules),
        cmocka_unit_test(test_nothing_to_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
