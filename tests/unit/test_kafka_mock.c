/* The Kafka backend on librdkafka's mock cluster, inside the real engine: each message that is
 * produced is consumed once by the clients that share it, and once by each client that does not
 * share. No Java, no broker. */
#include "backends/kafka_base/mock.h"
#include "backends/registry.h"
#include "engine/backend.h"
#include "engine/engine.h"
#include "engine/base/err.h"
#include "engine/config/scenario.h"
#include "engine/state/snapshot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define WAIT_S 120

static struct kafka_mock *mock;

static int start(void **state)
{
    static const char *const topics[] = {"share", "group", "each", "trip", "slow", NULL};
    struct err err = {0};
    (void)state;
    mock = kafka_mock_start(2, topics, 4, &err);
    if (!mock)
        fprintf(stderr, "%s\n", err.msg);
    return mock ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    kafka_mock_stop(mock);
    return 0;
}

static struct engine *run_on(const struct kafka_mock *m, struct scenario *s,
                             const char *const *query, unsigned pools)
{
    struct err err = {0};
    char url[512];
    scenario_init(s);
    for (unsigned i = 0; i < pools; i++) {
        snprintf(url, sizeof url, "kafka://%s/%s", kafka_mock_servers(m), query[i]);
        if (scenario_add(s, url, ORIGIN_ARGV, NULL, backends, &err) < 0)
            fail_msg("%s", err.msg);
    }
    struct engine *e = engine_new(s, backends, false, &err);
    if (!e || engine_start(e, &err) < 0)
        fail_msg("%s", err.msg);
    return e;
}

static struct engine *run(struct scenario *s, const char *const *query, unsigned pools)
{
    return run_on(mock, s, query, pools);
}

static uint64_t completed(struct engine *e, unsigned pool)
{
    const struct snapshot *s = engine_snapshot(e);
    uint64_t n = pool < s->pools ? s->pool[pool].counts.completed : 0;
    snapshot_release(s);
    return n;
}

/* Until the pool has completed n; false after WAIT_S. */
static bool reaches(struct engine *e, unsigned pool, uint64_t n)
{
    const struct timespec pause = {0, 20000000};
    for (unsigned i = 0; i < WAIT_S * 50; i++) {
        if (completed(e, pool) >= n)
            return true;
        nanosleep(&pause, NULL);
    }
    return false;
}

static void expect(struct engine *e, unsigned pool, uint64_t n)
{
    if (!reaches(e, pool, n)) {
        const struct snapshot *now = engine_snapshot(e);
        for (unsigned i = 0; i < now->pools; i++)
            fprintf(stderr, "pool %u: %llu completed, %s %s, %s\n", i,
                    (unsigned long long)now->pool[i].counts.completed,
                    pool_state_name(now->pool[i].state), now->pool[i].state_why,
                    now->pool[i].server.note);
        for (unsigned i = 0; i < now->events; i++)
            fprintf(stderr, "%.2f %s %s\n", now->event[i].t_s, now->event[i].pool,
                    now->event[i].to);
        fail_msg("pool %u: not %llu", pool, (unsigned long long)n);
    }
    engine_end(e, END_DRAIN, END_BY_USER);
    assert_true(engine_wait(e, WAIT_S * UINT64_C(1000000000)));
    const struct snapshot *s = engine_snapshot(e);
    for (unsigned i = 0; i < s->pools; i++) {
        struct counts c = s->pool[i].counts;
        assert_int_equal(c.offered, c.completed + c.errors + c.timeouts + c.in_flight + c.dropped);
        assert_int_equal(c.errors, 0);
    }
    assert_int_equal(s->pool[pool].counts.completed, n);
    snapshot_release(s);
    engine_free(e);
}

static void shared_once(void **state)
{
    const char *const query[] = {"share?count=5000&pattern=chain&depth=100&threads=2",
                                 "share?ops=consume&from=earliest&clients=3&assign=hand"};
    struct scenario s;
    (void)state;
    struct engine *e = run(&s, query, 2);
    expect(e, 1, 5000);
    scenario_fini(&s);
}

/* One member only: the mock's coordinator may wait forever for members that
 * join at the same time. */
static void a_group_of_one(void **state)
{
    const char *const query[] = {"group?count=2000&pattern=chain&depth=100",
                                 "group?ops=consume&from=earliest"};
    struct scenario s;
    (void)state;
    struct engine *e = run(&s, query, 2);
    expect(e, 1, 2000);
    scenario_fini(&s);
}

static void each_gets_all(void **state)
{
    const char *const query[] = {"each?count=3000&pattern=batch&depth=100",
                                 "each?ops=consume&from=earliest&clients=5&connections=2&deliver="
                                 "each&handling=recycle&work=10us"};
    struct scenario s;
    (void)state;
    struct engine *e = run(&s, query, 2);
    expect(e, 1, 5 * 3000);
    scenario_fini(&s);
}

static void there_and_back(void **state)
{
    const char *const query[] = {"trip?ops=e2e&count=500&pattern=chain&linger=0"};
    struct scenario s;
    (void)state;
    struct engine *e = run(&s, query, 1);
    expect(e, 0, 500);
    scenario_fini(&s);
}

/* --max-rate holds for what is received, too: it stays where it is until it may be taken. */
static void a_ceiling_holds_for_what_is_received(void **state)
{
    const char *const query[] = {"slow?count=5000&pattern=chain&depth=100",
                                 "slow?ops=consume&from=earliest&assign=hand&clients=3&count=3000"};
    struct scenario s;
    struct engine *e;
    (void)state;
    e = run(&s, query, 1);
    expect(e, 0, 5000);
    scenario_fini(&s);
    char url[512];
    struct err err = {0};
    scenario_init(&s);
    s.limits.max_rate = 1000;
    snprintf(url, sizeof url, "kafka://%s/%s", kafka_mock_servers(mock), query[1]);
    assert_int_equal(scenario_add(&s, url, ORIGIN_ARGV, NULL, backends, &err), 0);
    e = engine_new(&s, backends, false, &err);
    assert_non_null(e);
    assert_int_equal(engine_start(e, &err), 0);
    assert_true(reaches(e, 0, 1));
    const struct snapshot *first = engine_snapshot(e);
    double from_s = first->now_s;
    uint64_t from = first->pool[0].counts.completed;
    snapshot_release(first);
    assert_true(reaches(e, 0, 3000));
    const struct snapshot *last = engine_snapshot(e);
    /* As many as the time allows, however slow the machine was, give or take what a thread had not
     * told yet; and it went on to the end. Without a ceiling it takes no time. */
    assert_true((double)(3000 - from) <= 1000 * (last->now_s - from_s) + 1000);
    assert_int_equal(last->pool[0].counts.completed, 3000);
    snapshot_release(last);
    engine_free(e);
    scenario_fini(&s);
}

/* The broker goes at the end of an open load: what the schedule made due is in flight, dropped or
 * not started, whether librdkafka's queue took it or not, and the account holds at every look. */
static void starts_do_not_vanish(void **state)
{
    static const char *const topics[] = {"gone", NULL};
    const char *const query[] = {
        "gone?rate=3000/s&duration=2s&pattern=chain&depth=20000",
        "gone?rate=3000/s&duration=2s&pattern=queue&depth=20000&timeout=1s&"
        "kafka.queue.buffering.max.messages=100"};
    struct scenario s;
    struct err err = {0};
    const struct timespec pause = {0, 20000000};
    (void)state;
    struct kafka_mock *m = kafka_mock_start(1, topics, 4, &err);
    assert_non_null(m);
    struct engine *e = run_on(m, &s, query, 2);
    assert_true(reaches(e, 0, 500) && reaches(e, 1, 500));
    kafka_mock_stop(m);
    for (bool over = false; !over; nanosleep(&pause, NULL)) {
        const struct snapshot *n = engine_snapshot(e);
        over = n->ended;
        for (unsigned i = 0; i < n->pools; i++) {
            const struct schedule_counts *a = &n->pool[i].schedule;
            assert_int_equal(a->due, a->offered + a->not_started + a->still_due);
        }
        if (n->now_s > 2.2) /* nothing more is started; without 5 s of draining */
            engine_end(e, END_NOW, END_BY_USER);
        snapshot_release(n);
    }
    const struct snapshot *n = engine_snapshot(e);
    for (unsigned i = 0; i < n->pools; i++) {
        const struct pool_snapshot *p = &n->pool[i];
        /* a thread starts a moment after the load did, and what it did was due */
        if (p->schedule.due < p->counts.completed || p->schedule.due > 6001)
            fail_msg("pool %u: %llu of 6000 are due", i, (unsigned long long)p->schedule.due);
        assert_int_equal(p->schedule.due, p->counts.offered + p->counts.not_started);
        assert_int_equal(p->schedule.still_due, 0);
        assert_true(p->counts.dropped > 0);
    }
    snapshot_release(n);
    engine_free(e);
    scenario_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shared_once),
        cmocka_unit_test(a_group_of_one),
        cmocka_unit_test(each_gets_all),
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(a_ceiling_holds_for_what_is_received),
        cmocka_unit_test(starts_do_not_vanish),
    };
    if (backend_kafka.unavailable) {
        printf("SKIP: %s\n", backend_kafka.unavailable);
        return 77;
    }
    return cmocka_run_group_tests(tests, start, stop);
}
