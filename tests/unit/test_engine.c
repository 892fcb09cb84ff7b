/* The engine on virtual time, against the null service whose truth is known.
 *
 * One thread: nothing for ThreadSanitizer to see (ctest: not-tsan, ctest: long). */
#include "virtual_run.h"

#include "engine/stats/generate.h"
#include "engine/os/loop.h"
#include "engine/config/command.h"
#include "engine/engine.h"
#include "engine/base/err.h"
#include "engine/base/role.h"
#include "engine/config/option.h"
#include "engine/config/scenario.h"
#include "engine/load/workers.h"
#include "engine/state/engine_state.h"
#include "engine/state/pool.h"
#include "engine/state/snapshot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define S UINT64_C(1000000000)

static const struct snapshot *run(const char *url, double seconds, struct engine **e,
                                  struct scenario *s)
{
    const char *const urls[] = {url, NULL};
    *e = virtual_start(s, urls);
    engine_step(*e, (uint64_t)(seconds * 1e9));
    return engine_snapshot(*e);
}

static void assert_near(double value, double truth, double share)
{
    if (!(fabs(value - truth) <= share * fabs(truth)))
        fail_msg("%g is not within %g %% of %g", value, 100 * share, truth);
}

static void assert_identity(const struct counts *c)
{
    assert_int_equal(c->offered,
                     c->completed + c->errors + c->timeouts + c->in_flight + c->dropped);
}

static void assert_sums(const struct pool_snapshot *p)
{
    struct counts sum = {0};
    assert_identity(&p->counts);
    assert_identity(&p->warm);
    for (unsigned i = 0; i < p->workers; i++) {
        const struct counts *c = &p->worker[i].counts;
        assert_identity(c);
        sum.offered += c->offered;
        sum.completed += c->completed;
        sum.in_flight += c->in_flight;
    }
    const struct schedule_counts *due = &p->schedule;
    assert_int_equal(due->due, due->offered + due->not_started + due->still_due);
    if (p->state == POOL_ENDED || p->state == POOL_STOPPED)
        assert_int_equal(due->still_due, 0);
    assert_int_equal(sum.offered, p->counts.offered);
    assert_int_equal(sum.completed, p->counts.completed);
    assert_int_equal(sum.in_flight, p->counts.in_flight);
    for (unsigned i = 0; i < p->checks; i++)
        if (p->check[i].id == CHECK_ACCOUNTING)
            assert_true(p->check[i].ok);
}

static void test_constant_service_reads_as_it_is(void **state)
{
    (void)state;
    struct scenario s;
    struct engine *e;
    const struct snapshot *n = run("null:?service=1ms&clients=10&threads=2", 60, &e, &s);
    const struct pool_snapshot *p = &n->pool[0];
    assert_near(p->service.q[Q_P50], 1e6, 0.001);
    assert_near(p->service.q[Q_P99_9], 1e6, 0.001);
    assert_near(p->throughput_per_s, 20000, 0.001);
    assert_near(p->now_in_flight, 20, 0.01); /* Little: N = X R */
    assert_true(p->valid);
    snapshot_release(n);
    virtual_end(e, &s);
}

static void test_scaling_law_is_the_one_set(void **state)
{
    (void)state;
    const unsigned at[] = {1, 8, 30, 64};
    for (unsigned i = 0; i < 4; i++) {
        char url[128];
        struct scenario s;
        struct engine *e;
        double n = at[i], truth = 1000 * n / (1 + 0.03 * (n - 1) + 0.0005 * n * (n - 1));
        snprintf(url, sizeof url, "null:?lambda=1000&sigma=0.03&kappa=0.0005&clients=%u", at[i]);
        const struct snapshot *sn = run(url, 20, &e, &s);
        assert_near(sn->pool[0].throughput_per_s, truth, 0.01);
        snapshot_release(sn);
        virtual_end(e, &s);
    }
}

/* One stall of 1 s in 10 s at a fixed rate: the response quantile q is S - (1-q) T (1 - R/M). */
static void test_a_stall_is_in_the_response_time(void **state)
{
    (void)state;
    struct scenario s;
    struct engine *e;
    const struct snapshot *n =
        run("null:?service=10us&rate=1000/s&clients=4&duration=10s&stall=5s+1s", 30, &e, &s);
    const struct pool_snapshot *p = &n->pool[0];
    assert_true(n->ended);
    assert_int_equal(p->counts.dropped, 0);
    assert_near((double)p->counts.offered, 10000, 0.0002);
    assert_near(p->response.q[Q_P95], 500e6, 0.03);
    assert_near(p->response.q[Q_P99], 900e6, 0.03);
    assert_near(p->response.q[Q_P99_9], 990e6, 0.03);
    assert_true(p->service.q[Q_P99] < 1e6); /* service time shows it once a connection */
    assert_near(p->service.max, 1e9, 0.01);
    snapshot_release(n);
    virtual_end(e, &s);
}

/* What was in flight through a stall ends in a second that was not one of its own. */
static void test_a_stall_does_not_break_littles_law(void **state)
{
    (void)state;
    struct scenario s;
    struct engine *e;
    const char *const urls[] = {"null:?service=1ms&clients=4&stall=5s+3s", NULL};
    e = virtual_start(&s, urls);
    unsigned known = 0;
    for (unsigned i = 0; i < 25; i++) {
        engine_step(e, (i + 1) * S);
        const struct snapshot *n = engine_snapshot(e);
        const struct pool_snapshot *p = &n->pool[0];
        for (unsigned c = 0; c < p->checks; c++)
            if (p->check[c].id == CHECK_LITTLE && p->check[c].known) {
                known++;
                if (!p->check[c].ok)
                    fail_msg("after %u s: %s", i + 1, p->check[c].why);
            }
        snapshot_release(n);
    }
    assert_true(known > 10);
    virtual_end(e, &s);
}

/* 1, 2, 3 threads of 1,000/s each under a ceiling of 1,500/s: the first is a point, the others are
 * not. */
static void test_what_a_ceiling_holds_is_no_point_of_the_curve(void **state)
{
    (void)state;
    const char *const urls[] = {"null:?service=1ms&name=x", NULL};
    struct scenario s;
    struct err err = {0};
    virtual_scenario(&s, urls);
    s.limits.max_rate = 1500;
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(
            scenario_at(&s, i ? "60s x threads 3" : "30s x threads 2", ORIGIN_ARGV, &err), 0);
    struct engine *e = virtual_begin(&s);
    engine_step(e, 90 * S);
    const struct snapshot *n = engine_snapshot(e);
    const struct pool_snapshot *p = &n->pool[0];
    assert_near(p->now_per_s, 1500, 0.02);
    assert_true(p->plateaus >= 3);
    for (unsigned i = 0; i < p->plateaus; i++) {
        const struct plateau *pl = &p->plateau[i];
        assert_true(pl->valid == (pl->vars.threads == 1));
        if (!pl->valid)
            assert_non_null(strstr(pl->why_not, "--max-rate"));
    }
    snapshot_release(n);
    virtual_end(e, &s);
}

/* Nothing hangs on virtual time: that it does is put into the supervisor's mind. */
static void test_a_period_with_a_thread_that_hangs_is_no_point(void **state)
{
    (void)state;
    struct scenario s;
    struct engine *e;
    snapshot_release(run("null:?service=1ms&threads=2", 20, &e, &s));
    for (unsigned hangs = 0; hangs < 2; hangs++) {
        struct roles before = roles_set((struct roles){.mask = ROLE_SUPERVISOR});
        pool_sup(engine_sup(e)->pool[0])->worker[1]->stuck = hangs;
        roles_set(before);
        engine_step(e, (22 + hangs) * S);
        const struct snapshot *n = engine_snapshot(e);
        const struct pool_snapshot *p = &n->pool[0];
        assert_int_equal(p->plateaus, 1);
        assert_true(p->plateau[0].valid == !hangs);
        assert_string_equal(p->plateau[0].why_not, hangs ? "1 thread hung" : "");
        assert_int_equal(p->threads_stuck, hangs);
        snapshot_release(n);
    }
    virtual_end(e, &s);
}

static void test_poisson_arrivals_queue_as_theory_says(void **state)
{
    (void)state;
    struct scenario s;
    struct engine *e;
    /* M/D/1 at 0.8: mean response = service (1 + rho / (2 (1 - rho))) = 3 services */
    const struct snapshot *n =
        run("null:?service=1ms&servers=1&rate=800/s&arrival=poisson&clients=500", 2000, &e, &s);
    assert_near(n->pool[0].response.mean, 3e6, 0.05);
    assert_near(n->pool[0].throughput_per_s, 800, 0.01);
    snapshot_release(n);
    virtual_end(e, &s);
}

static void test_count_is_exact(void **state)
{
    (void)state;
    const char *pattern[] = {"sync", "batch", "queue", "chain", "unthrottled"};
    for (unsigned i = 0; i < 5; i++)
        for (unsigned threads = 1; threads <= 4; threads += 3)
            for (unsigned connections = 0; connections <= 3; connections += 3) {
                char url[200];
                struct scenario s;
                struct engine *e;
                snprintf(
                    url, sizeof url,
                    "null:?service=1ms&pattern=%s&threads=%u&clients=5&connections=%u&count=12347",
                    pattern[i], threads, connections);
                const struct snapshot *n = run(url, 100, &e, &s);
                const struct pool_snapshot *p = &n->pool[0];
                assert_true(n->ended);
                assert_int_equal(n->ended_by, END_BY_COUNT);
                assert_int_equal(p->counts.offered, 12347);
                assert_int_equal(p->counts.completed, 12347);
                assert_sums(p);
                assert_true(connections == 0 || p->has_lease_wait);
                snapshot_release(n);
                virtual_end(e, &s);
            }
}

static void test_warmup_is_counted_apart(void **state)
{
    (void)state;
    struct scenario s;
    struct engine *e;
    const struct snapshot *n =
        run("null:?service=1ms&clients=10&warmup=2s&duration=3s", 20, &e, &s);
    const struct pool_snapshot *p = &n->pool[0];
    assert_true(n->ended);
    assert_near((double)p->warm.completed, 20000, 0.01);
    assert_near((double)p->counts.completed, 30000, 0.01);
    assert_near(p->loaded_s, 3, 0.001);
    assert_sums(p);
    snapshot_release(n);
    virtual_end(e, &s);
}

static void test_drops_are_counted(void **state)
{
    (void)state;
    struct scenario s;
    struct engine *e;
    /* capacity 1,000/s, asked 2,000/s, overdue after 1 s: half is dropped once the backlog is 1 s
     * deep */
    const struct snapshot *n = run(
        "null:?service=1ms&servers=1&rate=2000/s&clients=1&timeout=1s&duration=60s", 100, &e, &s);
    const struct pool_snapshot *p = &n->pool[0];
    /* of the backlog at the end the last 0.1 s (a tenth of the median response) were not late */
    assert_near((double)p->counts.not_started, 200, 0.03);
    assert_near((double)(p->counts.offered + p->counts.not_started), 120000, 0.001);
    assert_near((double)p->counts.dropped, 60000, 0.03);
    assert_false(p->valid);
    assert_sums(p);
    snapshot_release(n);
    virtual_end(e, &s);
}

static const char *random_command(struct rng *r, char *buf, size_t size)
{
    static const char *const fixed[] = {"pause",
                                        "resume",
                                        "stop",
                                        "start",
                                        "pause all",
                                        "undo",
                                        "resume",
                                        "start",
                                        "rate off",
                                        "pattern sync",
                                        "pattern batch",
                                        "pattern queue",
                                        "pattern chain",
                                        "pattern unthrottled",
                                        "connections auto",
                                        "set service 2ms",
                                        "set service 500us"};
    static const char *const dial[] = {"threads", "clients", "connections", "depth"};
    uint64_t pick = rng_below(rng_next(r), 30);
    if (pick < 17)
        snprintf(buf, size, "%s", fixed[pick]);
    else if (pick < 20)
        snprintf(buf, size, "rate %u/s", 100 + (unsigned)rng_below(rng_next(r), 5000));
    else
        snprintf(buf, size, "%s %u", dial[rng_below(rng_next(r), 4)],
                 1 + (unsigned)rng_below(rng_next(r), 8));
    return buf;
}

/* Random resizes, pauses, changes of pattern, stops and undos: nothing is lost, at any tick. */
static void test_random_commands_lose_nothing(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 10; seed++) {
        struct rng r;
        struct scenario s;
        rng_seed(&r, seed, 0);
        const char *const urls[] = {
            "null:?service=1ms&servers=20&errors=0.02&disconnect=700ms&timeout=50ms&stall=1s+200ms",
            "null:?service=300us&servers=2&dist=exp&clients=3&depth=4&pattern=chain", NULL};
        struct engine *e = virtual_start(&s, urls);
        uint64_t now = 0;
        for (unsigned i = 0; i < 100; i++) {
            char text[64];
            struct err err = {0};
            if (engine_send_text(e, random_command(&r, text, sizeof text), BY_COMMAND, &err) < 0)
                fail_msg("%s: %s", text, err.msg);
            now += 1 + rng_below(rng_next(&r), S / 10);
            engine_step(e, now);
            const struct snapshot *n = engine_snapshot(e);
            for (unsigned k = 0; k < n->pools; k++)
                assert_sums(&n->pool[k]);
            snapshot_release(n);
        }
        engine_end(e, END_DRAIN, END_BY_USER);
        engine_step(e, now + 20 * S);
        const struct snapshot *n = engine_snapshot(e);
        assert_true(n->ended);
        for (unsigned k = 0; k < n->pools; k++)
            assert_sums(&n->pool[k]);
        /* the other one may have been asked to drain more than 5 s of unthrottled backlog */
        assert_int_equal(n->pool[0].counts.in_flight, 0);
        snapshot_release(n);
        virtual_end(e, &s);
    }
}

static void test_undo_lock_and_ceilings(void **state)
{
    (void)state;
    struct scenario s;
    struct err err;
    struct engine *e;
    snapshot_release(run("null:?threads=2", 1, &e, &s));
    const char *const steps[] = {"threads 5", "threads +3", "undo", "lock", "threads 9", "unlock"};
    const unsigned threads[] = {5, 8, 5, 5, 5, 5};
    for (unsigned i = 0; i < 6; i++) {
        assert_true(engine_send_text(e, steps[i], BY_KEY, &err) > 0);
        engine_step(e, (i + 2) * S);
        const struct snapshot *n = engine_snapshot(e);
        assert_int_equal(n->pool[0].threads_running, threads[i]);
        if (i == 4)
            assert_non_null(strstr(n->message, "locked"));
        snapshot_release(n);
    }
    virtual_end(e, &s);
}

static void test_the_same_seed_makes_the_same_run(void **state)
{
    (void)state;
    double p99[2];
    for (unsigned i = 0; i < 2; i++) {
        struct scenario s;
        struct engine *e;
        const struct snapshot *n =
            run("null:?service=1ms&dist=exp&servers=3&clients=9&seed=7", 20, &e, &s);
        p99[i] = n->pool[0].service.q[Q_P99];
        snapshot_release(n);
        virtual_end(e, &s);
    }
    assert_true(p99[0] > 0 && p99[0] >= p99[1] && p99[0] <= p99[1]);
}

static void send(struct engine *e, uint64_t *now, const char *command)
{
    struct err err = {0};
    if (engine_send_text(e, command, BY_COMMAND, &err) < 0)
        fail_msg("%s", err.msg);
    engine_step(e, *now += 100 * NS_PER_MS); /* a tick */
}

/* At most 64 pools at a time, and 255 in all: the one too many is refused in words, and those that
 * are there go on. */
static void test_pools_are_bounded(void **state)
{
    const char *urls[POOLS_MAX + 1] = {NULL};
    struct scenario s;
    char command[32];
    uint64_t now = 0;
    (void)state;
    for (unsigned i = 0; i < POOLS_MAX - 1; i++)
        urls[i] = "null:?service=1s";
    struct engine *e = virtual_start(&s, urls);
    send(e, &now, "add null:?service=1s");
    send(e, &now, "add null:?service=1s");
    const struct snapshot *shown = engine_snapshot(e);
    assert_int_equal(POOLS_MAX, 64);
    assert_int_equal(shown->pools, 64);
    assert_non_null(strstr(shown->message, "at most 64 pools are allowed at a time"));
    snapshot_release(shown);
    for (unsigned i = 1; i <= POOLS_RUN_MAX - POOLS_MAX; i++) {
        struct err err = {0};
        snprintf(command, sizeof command, "remove %u", i);
        assert_true(engine_send_text(e, command, BY_COMMAND, &err) > 0);
        send(e, &now, "add null:?service=1s");
    }
    send(e, &now, "remove 255");
    send(e, &now, "add null:?service=1s");
    shown = engine_snapshot(e);
    assert_int_equal(shown->pools, 63);
    assert_int_equal(shown->pools + shown->removed, 255);
    assert_non_null(strstr(shown->message, "at most 255 pools are allowed in one run"));
    snapshot_release(shown);
    virtual_end(e, &s);
}

/* A name that is given is had or refused; a default one is the next that is free. */
static void test_a_name_is_given_once(void **state)
{
    static const char *const urls[] = {"null:?service=1s", NULL};
    struct scenario s;
    uint64_t now = 0;
    (void)state;
    struct engine *e = virtual_start(&s, urls);
    send(e, &now, "add null:?service=1s&name=null");
    const struct snapshot *shown = engine_snapshot(e);
    assert_int_equal(shown->pools, 1);
    assert_non_null(strstr(shown->message, "name null: a pool has this name already"));
    snapshot_release(shown);
    send(e, &now, "add null:?service=1s");
    send(e, &now, "remove 1");
    send(e, &now, "add null:?service=1s&name=null");
    shown = engine_snapshot(e);
    assert_int_equal(shown->pools, 2);
    assert_string_equal(shown->pool[0].name, "null-2");
    assert_string_equal(shown->pool[1].name, "null");
    snapshot_release(shown);
    virtual_end(e, &s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_name_is_given_once),
        cmocka_unit_test(test_constant_service_reads_as_it_is),
        cmocka_unit_test(test_scaling_law_is_the_one_set),
        cmocka_unit_test(test_a_stall_is_in_the_response_time),
        cmocka_unit_test(test_a_stall_does_not_break_littles_law),
        cmocka_unit_test(test_what_a_ceiling_holds_is_no_point_of_the_curve),
        cmocka_unit_test(test_a_period_with_a_thread_that_hangs_is_no_point),
        cmocka_unit_test(test_poisson_arrivals_queue_as_theory_says),
        cmocka_unit_test(test_count_is_exact),
        cmocka_unit_test(test_warmup_is_counted_apart),
        cmocka_unit_test(test_drops_are_counted),
        cmocka_unit_test(test_random_commands_lose_nothing),
        cmocka_unit_test(test_undo_lock_and_ceilings),
        cmocka_unit_test(test_the_same_seed_makes_the_same_run),
        cmocka_unit_test(test_pools_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
