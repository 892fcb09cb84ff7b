/* What public bug reports of load generators describe, on virtual time; tests/public_reports.md has
 * each report. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "virtual_run.h"

static const struct snapshot *run(struct engine **e, struct scenario *s, const char *url,
                                  double seconds)
{
    const char *const urls[] = {url, NULL};
    *e = virtual_start(s, urls);
    engine_step(*e, (uint64_t)(seconds * NS_PER_S));
    return engine_snapshot(*e);
}

static void end(struct engine *e, struct scenario *s, const struct snapshot *n)
{
    snapshot_release(n);
    virtual_end(e, s);
}

/* tsenart/vegeta#164: at low rates the tick was in the latency. */
static void test_the_rate_is_not_in_the_latency(void **state)
{
    (void)state;
    static const char *const urls[] = {"null:?service=1ms&rate=4/s",
                                       "null:?service=1ms&rate=256/s"};
    for (unsigned i = 0; i < 2; i++) {
        struct scenario s;
        struct engine *e;
        const struct snapshot *n = run(&e, &s, urls[i], 20);
        const struct latency *service = &n->pool[0].service, *response = &n->pool[0].response;
        assert_in_range(service->q[Q_P50], 990000, 1010000);
        assert_true(fabs(response->max - service->max) < 10000);
        end(e, &s, n);
    }
}

/* grafana/k6#3052: the number of starts differed run by run. */
static void test_as_many_starts_each_time(void **state)
{
    (void)state;
    static const char *const urls[] = {"null:?service=1ms&rate=10/s&duration=1500ms",
                                       "null:?service=1ms&rate=10/s&duration=1500ms&threads=3",
                                       "null:?service=200ms&rate=10/s&duration=1500ms&clients=4"};
    for (unsigned i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct scenario s;
        struct engine *e;
        const struct snapshot *n = run(&e, &s, urls[i], 20);
        assert_true(n->ended);
        assert_int_equal(n->pool[0].counts.offered + n->pool[0].counts.dropped, 15);
        end(e, &s, n);
    }
}

/* akopytov/sysbench#408: the backlog of the warm-up was in the measured part. */
static void test_a_backlog_of_the_warmup_is_not_recorded(void **state)
{
    (void)state;
    struct scenario s;
    struct engine *e;
    const struct snapshot *n = run(
        &e, &s, "null:?service=1ms&stall=0s%2b3s&warmup=4s&rate=500/s&clients=20&duration=4s", 20);
    assert_in_range(n->pool[0].counts.completed, 1998, 2001);
    assert_true(n->pool[0].response.max < 3e6);
    end(e, &s, n);
}

/* elastic/rally#175: a drop behind the warm-up that was none. */
static void test_no_dip_behind_the_warmup(void **state)
{
    (void)state;
    struct scenario s;
    struct engine *e;
    const struct snapshot *n = run(&e, &s, "null:?service=1ms&warmup=2s&clients=4&duration=5s", 20);
    const struct series *seconds = &n->pool[0].seconds;
    assert_true(seconds->n > 4);
    for (uint64_t i = seconds->first; i < seconds->n; i++) {
        const struct point *at = series_at(seconds, i);
        if (at->t_s > 2.01 && at->span_s > 0.2)
            assert_true(fabs((double)at->completed / at->span_s - 4000) < 60);
    }
    end(e, &s, n);
}

/* locustio/locust#2340: the rate of the last second, which was not a whole one. */
static void test_the_last_second_is_a_part_of_one(void **state)
{
    (void)state;
    static const double ends_s[] = {2.5, 2.55, 2.31, 1.099};
    for (unsigned i = 0; i < sizeof ends_s / sizeof *ends_s; i++) {
        struct scenario s;
        struct engine *e;
        char url[80];
        snprintf(url, sizeof url, "null:?service=1ms&clients=4&duration=%.0fms", 1e3 * ends_s[i]);
        const struct snapshot *n = run(&e, &s, url, 20);
        const struct series *seconds = &n->pool[0].seconds;
        const struct point *last = series_at(seconds, seconds->n - 1);
        assert_true(fabs(last->t_s - ends_s[i]) < 0.003);
        assert_true(fabs((double)last->completed / last->span_s - 4000) < 60);
        end(e, &s, n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_rate_is_not_in_the_latency),
        cmocka_unit_test(test_as_many_starts_each_time),
        cmocka_unit_test(test_a_backlog_of_the_warmup_is_not_recorded),
        cmocka_unit_test(test_no_dip_behind_the_warmup),
        cmocka_unit_test(test_the_last_second_is_a_part_of_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
