/* The simulated service against theory: capacity of its servers, the scaling law, waiting times of
 * queues, the share of errors, stalls and disconnects. On virtual time, so that the results are
 * exact.
 *
 * One thread: nothing for ThreadSanitizer to see (ctest: not-tsan, ctest: long). */
#include "tests/unit/virtual_run.h"
#include "engine/os/loop.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct run {
    struct scenario scenario;
    struct engine *engine;
    const struct snapshot *snapshot;
    const struct pool_snapshot *pool;
};

/* Runs url until its end, or `seconds`. */
static void start(struct run *r, const char *url)
{
    r->engine = virtual_start(&r->scenario, (const char *const[]){url, NULL});
    r->snapshot = NULL;
}

static void step(struct run *r, double seconds)
{
    engine_step(r->engine, (uint64_t)(seconds * 1e9));
    snapshot_release(r->snapshot);
    r->snapshot = engine_snapshot(r->engine);
    r->pool = &r->snapshot->pool[0];
    const struct counts *c = &r->pool->counts;
    assert_true(c->offered == c->completed + c->errors + c->timeouts + c->in_flight + c->dropped);
}

static void stop(struct run *r)
{
    snapshot_release(r->snapshot);
    virtual_end(r->engine, &r->scenario);
}

static void near(double value, double truth, double share)
{
    if (!(fabs(value - truth) <= fabs(truth) * share))
        fail_msg("%g, expected %g within %g %%", value, truth, share * 100);
}

static void servers_bound_the_throughput(void **state)
{
    static const unsigned servers[] = {1, 3, 7, 64};
    struct run r;
    char url[128];
    (void)state;
    for (unsigned i = 0; i < 4; i++)
        for (unsigned threads = 1; threads <= 3; threads += 2) {
            snprintf(url, sizeof url, "null:?service=2ms&servers=%u&clients=100&threads=%u",
                     servers[i], threads);
            start(&r, url);
            step(&r, 20);
            near(r.pool->throughput_per_s, servers[i] / 0.002, 0.001);
            /* Little's law: who is not served waits; the first N found the queue still filling. */
            double n = 100.0 * threads, x = servers[i] / 0.002;
            near(r.pool->service.mean, n / x * (1 - n / (2 * x * 20)) * 1e9, 0.005);
            stop(&r);
        }
    /* With fewer clients than servers nobody waits. */
    start(&r, "null:?service=2ms&servers=64&clients=10");
    step(&r, 20);
    near(r.pool->throughput_per_s, 10 / 0.002, 0.001);
    stop(&r);
}

static void servers_change_while_it_runs(void **state)
{
    static const unsigned wanted[] = {8, 3, 40, 1, 2};
    struct run r;
    char command[64];
    struct err err = {0};
    (void)state;
    start(&r, "null:?service=1ms&servers=2&clients=50&threads=2");
    step(&r, 10);
    for (unsigned i = 0; i < 5; i++) {
        snprintf(command, sizeof command, "set servers %u", wanted[i]);
        assert_true(engine_send_text(r.engine, command, BY_COMMAND, &err) > 0);
        step(&r, 10 * i + 15); /* what was queued for the old ones is through */
        uint64_t before = r.pool->counts.completed;
        step(&r, 10 * i + 20);
        near((double)(r.pool->counts.completed - before), 5 * wanted[i] / 0.001, 0.002);
    }
    stop(&r);
}

static void waiting_is_as_theory_says(void **state)
{
    struct run r;
    (void)state;
    /* M/M/1 at 60 %: time in the system is exponential with mean s / (1 - rho). */
    start(&r, "null:?service=1ms&dist=exp&servers=1&rate=600/s&arrival=poisson&clients=300");
    step(&r, 1000);
    near(r.pool->response.mean, 1e6 / 0.4, 0.03);
    near(r.pool->response.q[Q_P50], 1e6 / 0.4 * log(2), 0.03);
    near(r.pool->response.q[Q_P99], 1e6 / 0.4 * log(100), 0.05);
    stop(&r);
    /* Without a queue: the service time itself, exponential. */
    start(&r, "null:?service=1ms&dist=exp&rate=1000/s&clients=300");
    step(&r, 500);
    near(r.pool->service.mean, 1e6, 0.01);
    near(r.pool->service.q[Q_P50], 1e6 * log(2), 0.01);
    near(r.pool->service.q[Q_P99], 1e6 * log(100), 0.02);
    stop(&r);
}

static void the_scaling_law_holds_for_all_threads_together(void **state)
{
    struct run r;
    char url[160];
    (void)state;
    for (unsigned threads = 1; threads <= 4; threads++) {
        double n = 12.0 * threads, x = 500 * n / (1 + 0.05 * (n - 1) + 0.001 * n * (n - 1));
        snprintf(url, sizeof url,
                 "null:?lambda=500&sigma=0.05&kappa=0.001&clients=12&threads=%u&servers=1",
                 threads);
        start(&r, url);
        step(&r, 100);
        near(r.pool->throughput_per_s, x, 0.005);
        stop(&r);
    }
}

static void errors_are_their_share(void **state)
{
    struct run r;
    uint64_t first = 0;
    (void)state;
    for (int i = 0; i < 2; i++) {
        start(&r, "null:?errors=0.05&clients=10&count=100000&seed=3");
        step(&r, 100);
        assert_int_equal(r.pool->counts.completed + r.pool->counts.errors, 100000);
        near((double)r.pool->counts.errors, 5000, 0.05);
        assert_int_equal(r.pool->errors, 1);
        assert_string_equal(r.pool->error[0].name, "simulated");
        assert_int_equal(r.pool->error[0].count, r.pool->counts.errors);
        /* the same seed, the same errors */
        if (i)
            assert_int_equal(r.pool->counts.errors, first);
        first = r.pool->counts.errors;
        stop(&r);
    }
    start(&r, "null:?errors=1&clients=10&count=1000");
    step(&r, 100);
    assert_int_equal(r.pool->counts.errors, 1000);
    stop(&r);
}

static void a_stall_stops_everything_and_shifts_it(void **state)
{
    struct run r;
    (void)state;
    start(&r, "null:?service=10ms&clients=8&stall=5s+1s");
    step(&r, 5.005);
    step(&r, 5.999);
    uint64_t frozen = r.pool->counts.completed;
    assert_in_range(frozen, 8 * 500 - 8, 8 * 501);
    step(&r, 6.15);
    assert_true(r.pool->counts.completed > frozen);
    step(&r, 11);
    near((double)r.pool->counts.completed, 8 * 1000, 0.003);
    near(r.pool->service.max, 1010e6, 0.002);
    assert_int_equal(r.pool->counts.in_flight, 8);
    stop(&r);
    /* With one server the queue of the stall is worked off at its capacity: what arrived in it
     * waits longest for S, and the backlog of rate x S needs S x rho / (1 - rho) more. */
    start(
        &r,
        "null:?service=1ms&servers=1&rate=500/s&clients=2000&stall=5s+1s&duration=12s&timeout=10s");
    step(&r, 20);
    assert_int_equal(r.pool->counts.completed, 6000);
    near(r.pool->response.max, 1e9, 0.005);
    /* 1,000 of 6,000 waited: a triangle from 1 s down to 1 ms. */
    near(r.pool->response.mean, (1000 * 0.5 + 5000 * 0.001) / 6000 * 1e9, 0.02);
    stop(&r);
}

static void a_disconnect_drops_what_is_in_flight_once(void **state)
{
    struct run r;
    (void)state;
    start(&r, "null:?service=50ms&clients=20&threads=2&disconnect=1025ms");
    step(&r, 1.0);
    assert_int_equal(r.pool->counts.errors, 0);
    step(&r, 10);
    assert_int_equal(r.pool->counts.errors, 40);
    assert_int_equal(r.pool->errors, 1);
    assert_string_equal(r.pool->error[0].name, "disconnected");
    assert_int_equal(r.pool->counts.in_flight, 40); /* they came back */
    assert_true(r.pool->counts.completed > 40 * 20 * 9);
    /* What the service holds is what is in flight. */
    stop(&r);
}

static void a_stall_longer_than_the_timeout_leaves_nothing_behind(void **state)
{
    struct run r;
    (void)state;
    start(
        &r,
        "null:?service=1ms&clients=20&depth=3&pattern=chain&timeout=200ms&stall=1s+2s&duration=5s");
    step(&r, 12);
    assert_true(r.pool->counts.timeouts >= 60);
    assert_int_equal(r.pool->counts.in_flight, 0);
    near((double)r.pool->counts.completed, 3 * 60 * 1000, 0.12);
    stop(&r);
}

static void no_service_time_ends_at_once(void **state)
{
    struct run r;
    (void)state;
    start(&r, "null:?service=0&clients=10&count=200000&threads=2&pattern=batch&depth=7");
    step(&r, 10);
    assert_int_equal(r.pool->counts.completed, 200000);
    stop(&r);
}

static void ten_thousand_clients_fit(void **state)
{
    struct run r;
    (void)state;
    start(&r, "null:?service=10ms&clients=10000");
    step(&r, 1);
    near((double)r.pool->counts.completed, 10000 * 99, 0.02);
    assert_int_equal(r.pool->counts.in_flight, 10000);
    stop(&r);
}

static void wrong_targets_are_refused(void **state)
{
    static const char *const wrong[] = {
        "null:?stall=5s",      "null:?stall=5+1",  "null:?errors=1.5",
        "null:?service=5",     "null:?dist=zipf",  "null://localhost",
        "null:?servers=70000", "null:?sigma=-0.1", "null:?servces=3"};
    struct options defaults;
    (void)state;
    options_init(&defaults, pool_option_table);
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct scenario s;
        struct err err = {0};
        scenario_init(&s);
        if (scenario_add(&s, wrong[i], ORIGIN_ARGV, &defaults, backends, &err) != ERR_USAGE ||
            !err.msg[0])
            fail_msg("%s was taken", wrong[i]);
        scenario_fini(&s);
    }
    options_fini(&defaults);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(servers_bound_the_throughput),
        cmocka_unit_test(servers_change_while_it_runs),
        cmocka_unit_test(waiting_is_as_theory_says),
        cmocka_unit_test(the_scaling_law_holds_for_all_threads_together),
        cmocka_unit_test(errors_are_their_share),
        cmocka_unit_test(a_stall_stops_everything_and_shifts_it),
        cmocka_unit_test(a_disconnect_drops_what_is_in_flight_once),
        cmocka_unit_test(a_stall_longer_than_the_timeout_leaves_nothing_behind),
        cmocka_unit_test(no_service_time_ends_at_once),
        cmocka_unit_test(ten_thousand_clients_fit),
        cmocka_unit_test(wrong_targets_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
