/* Alerts, lines that name a pool, and windows too small for much else: the problem and its place
 * are shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>

#include "tests/unit/drawn_screen.h"
#include "ui/views/overview.h"
#include "ui/views/points.h"
#include "ui/views/pool.h"
#include "ui/views/targets.h"

/* Several pools with the same trouble are one line: the worst one's name and why, and how many more
 * there are. */
static void test_alerts_of_one_kind_are_one(void **state)
{
    struct snapshot *s = fixture_snapshot();

    (void)state;
    for (int i = 0; i < 3; i++) {
        s->pool[i].checks = 0;
        fixture_check(&s->pool[i], CHECK_CPU_WAIT, true, false, 0.2 + 0.1 * (i == 1), 0.1,
                      i == 1 ? "waited 30 %" : "waited 20 %");
    }
    fresh(&view_overview);
    draw(s, 24, 80, "ascii");
    assert_shows("NOT VALID crate (worst) and 2 more: waited 30 %");
    assert_false(shows("waited 20 %"));
    s->pool[2].checks = 0;
    draw(s, 24, 80, "ascii");
    assert_shows("NOT VALID crate (worst), redis: waited 30 %");
    s->pool[1].checks = 0;
    draw(s, 24, 80, "ascii");
    assert_shows("NOT VALID redis: waited 20 %");
}

/* One server that is gone is one line, since when its first pool knows it; another target that is
 * down as well is another. */
static void test_an_outage_is_one_line(void **state)
{
    struct snapshot *s = fixture_snapshot();

    (void)state;
    for (int i = 0; i < 3; i++) {
        s->pool[i].state = POOL_DOWN;
        s->pool[i].state_since_s = 600 + 60 * i;
        copy_str(s->pool[i].state_why, sizeof s->pool[i].state_why, "connection refused");
    }
    copy_str(s->pool[1].target, sizeof s->pool[1].target, s->pool[0].target);
    fresh(&view_overview);
    draw(s, 40, 120, "ascii");
    assert_shows(
        "redis and 1 more TARGET DOWN since 12:34:00, next try within 1 s: connection refused");
    assert_false(shows("crate TARGET DOWN"));
    assert_shows("kafka TARGET DOWN since 12:36:00");
}

/* A server that hangs is named before its timeouts come; one that is as slow as ever is not. */
static void test_a_silent_server_is_an_alert(void **state)
{
    static struct point tenth[SERIES_BLOCK];
    static const struct point *block[] = {tenth};
    struct snapshot *s = fixture_snapshot();
    struct pool_snapshot *p = &s->pool[0];

    (void)state;
    for (int i = 0; i < 100; i++)
        tenth[i] = (struct point){
            .t_s = s->now_s - (99 - i) * 0.1, .span_s = 0.1, .completed = i < 65 ? 100 : 0};
    p->tenths = (struct series){block, 0, 100};
    p->service.max = 50e6;
    p->counts.in_flight = 24;
    fresh(&view_overview);
    draw(s, 24, 80, "ascii");
    assert_shows("redis NO ANSWER for 4 s: 24 in flight wait");
    p->service.max = 3e9;
    draw(s, 24, 80, "ascii");
    assert_false(shows("NO ANSWER"));
    p->service.max = 50e6;
    p->counts.in_flight = 0;
    draw(s, 24, 80, "ascii");
    assert_false(shows("NO ANSWER"));
}

/* A thread that hangs is told in the views that show its pool, while the load runs and at its
 * end. */
static void test_a_thread_that_hangs_is_an_alert(void **state)
{
    struct snapshot *s = fixture_snapshot();
    struct pool_snapshot *p = &s->pool[0];

    (void)state;
    p->threads_running = 3;
    p->threads_stuck = 1;
    p->worker[0].state = WORKER_STUCK;
    fresh(&view_overview);
    draw(s, 40, 160, "ascii");
    assert_shows("redis: 1 of 4 threads hangs: a call of its backend does not return");
    assert_shows("1 STUCK");
    fresh(&view_pool);
    draw(s, 40, 160, "ascii");
    assert_shows("3 running, 1 STUCK");
    p->state = POOL_ENDED;
    draw(s, 40, 160, "ascii");
    assert_shows("redis: 1 thread could not be ended");
}

/* A low or a narrow window is used for the pools; what is wrong and the keys come with them. */
static void test_small_windows_have_the_pools(void **state)
{
    struct snapshot *s = fixture_snapshot();

    (void)state;
    fresh(&view_overview);
    draw(s, 8, 200, "ascii");
    for (int i = 0; i < 3; i++)
        assert_shows(s->pool[i].name);
    assert_shows("PAUSE ALL");
    draw(s, 40, 30, "ascii");
    for (int i = 0; i < 4; i++)
        assert_shows(s->pool[i].name);
    assert_shows("412k");
    draw(s, 5, 20, "ascii");
    assert_shows("412k");
}

/* Which pool the pool view and the scaling view are about, and its state. */
static void test_title_of_a_pool(void **state)
{
    struct snapshot *s = fixture_snapshot();

    (void)state;
    s->pool[0].state = POOL_PAUSED;
    static const struct view *const titled[] = {&view_pool, &view_scaling};
    for (int view = 0; view < 2; view++) {
        fresh(titled[view]);
        draw(s, 40, 160, "ascii");
        assert_shows("1 redis");
        assert_shows("PAUSED  4x10x16 batch");
        assert_shows("stg-redis");
    }
}

/* Throughput of a pool whose rate is set is what was asked for: no efficiency is made of it. */
static void test_open_points_have_no_efficiency(void **state)
{
    static struct plateau two[2];
    struct snapshot *s = fixture_snapshot();
    struct pool_snapshot *p = &s->pool[0];

    (void)state;
    for (int i = 0; i < 2; i++) {
        two[i] = (struct plateau){.valid = true, .in_flight = i + 1, .throughput_per_s = 8000};
        two[i].vars.threads = (uint32_t)i + 1;
        two[i].p99 = 5e6;
    }
    p->plateau = two;
    p->plateaus = 2;
    fresh(&view_overview);
    draw(s, 24, 80, "ascii");
    assert_shows("50 %"); /* 8000/s with two in flight, where one did as much */
    two[0].vars.rate_per_s = two[1].vars.rate_per_s = 8000;
    draw(s, 24, 80, "ascii");
    assert_false(shows("50 %"));
}

/* Names that are counted up can be distinguished where there is no room for all of them. */
static void test_names_keep_their_ends(void **state)
{
    static const struct view *const lists[] = {&view_overview, &view_targets};
    struct snapshot *s = fixture_snapshot();

    (void)state;
    for (int i = 0; i < 4; i++)
        snprintf(s->pool[i].name, sizeof s->pool[i].name, "orders-of-the-east-%d", i + 1);
    for (size_t v = 0; v < 2; v++) {
        fresh(lists[v]);
        draw(s, 24, 80, "ascii");
        assert_shows("east-1");
        for (int i = 1; i < 4; i++) {
            char end[24];

            snprintf(end, sizeof end, "t-%d ", i + 1);
            assert_shows(end);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alerts_of_one_kind_are_one),
        cmocka_unit_test(test_an_outage_is_one_line),
        cmocka_unit_test(test_a_silent_server_is_an_alert),
        cmocka_unit_test(test_a_thread_that_hangs_is_an_alert),
        cmocka_unit_test(test_small_windows_have_the_pools),
        cmocka_unit_test(test_title_of_a_pool),
        cmocka_unit_test(test_open_points_have_no_efficiency),
        cmocka_unit_test(test_names_keep_their_ends),
    };
    int rc;

    setlocale(LC_CTYPE, "C.UTF-8");
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    cells_free(&grid);
    return rc;
}
