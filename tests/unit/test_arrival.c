/* Open arrival: only the schedule decides when an operation is to start. */
#include "engine/load/arrival.h"
#include "engine/os/loop.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void test_constant_starts_are_evenly_spaced(void **state)
{
    (void)state;
    struct schedule s;
    schedule_init(&s, 1, 1);
    schedule_start(&s, ARRIVAL_CONSTANT, 10000, 0.5, 1000);
    for (unsigned i = 0; i < 100000; i++) {
        uint64_t at = schedule_take(&s);
        assert_true(fabs((double)at - (1000 + 100000 * (i + 0.5))) <= 1);
    }
}

static void test_poisson_gaps_are_exponential(void **state)
{
    (void)state;
    enum { N = 200000 };
    struct schedule s;
    schedule_init(&s, 3, 3);
    schedule_start(&s, ARRIVAL_POISSON, 1000, 0, 0);
    double last = 0, sum = 0, squares = 0;
    unsigned above = 0;
    for (unsigned i = 0; i < N; i++) {
        double at = (double)schedule_take(&s), gap = at - last;
        last = at;
        sum += gap;
        squares += gap * gap;
        above += gap > 3e6; /* e^-3 of them */
    }
    double mean = sum / N, sd = sqrt(squares / N - mean * mean);
    assert_true(fabs(mean - 1e6) < 1e4);
    assert_true(fabs(sd - 1e6) < 1.5e4);
    assert_true(fabs(above / (double)N - exp(-3)) < 0.0025);
}

/* What was due before a change keeps its spacing, however late it is taken. */
static void test_a_change_of_rate_is_a_boundary(void **state)
{
    (void)state;
    struct schedule s;
    schedule_init(&s, 1, 1);
    schedule_start(&s, ARRIVAL_CONSTANT, 1000, 1, 0);     /* 1, 2, 3 ... ms */
    schedule_change(&s, ARRIVAL_CONSTANT, 100, 10500000); /* from 10.5 ms on every 10 ms */
    for (unsigned i = 1; i <= 10; i++)
        assert_int_equal(schedule_take(&s), i * 1000000u);
    /* half an interval was still to come: now 5 ms */
    assert_int_equal(schedule_take(&s), 15500000);
    assert_int_equal(schedule_take(&s), 25500000);
    schedule_change(&s, ARRIVAL_CONSTANT, 1000, 26000000);
    assert_in_range(schedule_take(&s), 26949999, 26950001);
    schedule_fini(&s);
}

static void test_skipping_counts(void **state)
{
    (void)state;
    struct schedule s;
    schedule_init(&s, 1, 1);
    schedule_start(&s, ARRIVAL_CONSTANT, 1000, 0, 0); /* 0, 1, 2 ... ms */
    assert_int_equal(schedule_skip(&s, 4999999, 100), 5);
    assert_int_equal(schedule_next(&s), 5000000);
    assert_int_equal(schedule_skip(&s, 5000000, 100), 1); /* due at a moment: not after it */
    assert_int_equal(schedule_skip(&s, UINT64_C(1000000000), 7), 7);
    schedule_stop(&s, 12000000);
    assert_true(schedule_next(&s) == NS_NEVER);
    assert_int_equal(schedule_skip(&s, NS_NEVER, 100), 0);
    assert_int_equal(schedule_due(&s, UINT64_C(1000000000)), 13);
    assert_int_equal(schedule_backlog(&s), 0);
}

/* Constant starts are due at their computed times, whether or not they are taken, and across a
 * stop. */
static void test_what_is_due_is_counted(void **state)
{
    (void)state;
    struct schedule s;
    schedule_init(&s, 1, 1);
    schedule_start(&s, ARRIVAL_CONSTANT, 1000, 1, 0); /* 1, 2, 3 ... ms */
    for (unsigned ms = 0; ms <= 100; ms++) {
        assert_int_equal(schedule_due(&s, ms * UINT64_C(1000000)), ms);
        for (unsigned i = 0; i < ms % 3 && schedule_next(&s) <= ms * UINT64_C(1000000); i++)
            schedule_take(&s);
    }
    uint64_t left = schedule_backlog(&s);
    assert_true(left > 0);
    assert_int_equal(schedule_skip(&s, UINT64_C(100000000), UINT64_MAX), left);
    schedule_stop(&s, 100000000);
    schedule_start(&s, ARRIVAL_CONSTANT, 100, 1, UINT64_C(1000000000));
    assert_int_equal(schedule_due(&s, UINT64_C(1100000000)), 110);
    /* who stops it and forgets what is due is found out */
    schedule_stop(&s, UINT64_C(1100000000));
    assert_int_equal(schedule_backlog(&s), 10);
    schedule_start(&s, ARRIVAL_CONSTANT, 100, 1, UINT64_C(2000000000));
    assert_int_equal(schedule_due(&s, UINT64_C(2010000000)), 111);
    assert_int_equal(schedule_backlog(&s), 11);
    schedule_fini(&s);
}

/* Changes of rate and spacing at every tick under a stuck backlog, more than any ring would hold:
 * taken late or at once, the starts are the same ones. */
static void test_a_long_ramp_under_a_backlog_loses_nothing(void **state)
{
    (void)state;
    enum { CHANGES = 500 };
    static uint64_t at_once[200000];
    const uint64_t tick = 10000000;
    struct schedule s, stuck;
    uint64_t n = 0;
    schedule_init(&s, 5, 5);
    schedule_init(&stuck, 5, 5);
    schedule_start(&s, ARRIVAL_CONSTANT, 1000, 0.5, 0);
    schedule_start(&stuck, ARRIVAL_CONSTANT, 1000, 0.5, 0);
    for (unsigned i = 1; i <= CHANGES; i++) {
        enum arrival kind = i / 50 % 2 ? ARRIVAL_POISSON : ARRIVAL_CONSTANT;
        while (schedule_next(&s) <= i * tick)
            at_once[n++] = schedule_take(&s);
        assert_int_equal(schedule_due(&s, i * tick), n);
        assert_int_equal(schedule_due(&stuck, i * tick), n);
        schedule_change(&s, kind, 1000 + 20 * i, i * tick);
        schedule_change(&stuck, kind, 1000 + 20 * i, i * tick);
    }
    assert_true(n > 20000);
    assert_int_equal(schedule_backlog(&stuck), n);
    for (uint64_t i = 0; i < n; i++)
        assert_int_equal(schedule_take(&stuck), at_once[i]);
    assert_int_equal(schedule_backlog(&stuck), 0);
    assert_int_equal(schedule_next(&stuck), schedule_next(&s));
    schedule_fini(&s);
    schedule_fini(&stuck);
}

/* Passed one by one or all at once, starts are the same; and 10^13 of them are passed as quickly as
 * one. */
static void test_many_starts_are_passed_at_once(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 7, 7);
    for (unsigned round = 0; round < 300; round++) {
        struct schedule one, all;
        enum arrival kind = round % 3 ? ARRIVAL_CONSTANT : ARRIVAL_POISSON;
        double rate = pow(10, 1 + 6 * rng_unit(rng_next(&rng)));
        uint64_t now = 1000000000;
        schedule_init(&one, round, 1);
        schedule_init(&all, round, 1);
        schedule_start(&one, kind, rate, 0.3, now);
        schedule_start(&all, kind, rate, 0.3, now);
        for (unsigned change = 0; change < 4; change++) {
            uint64_t n = 0, by = now + (uint64_t)(rng_unit(rng_next(&rng)) * 2000 / rate * 1e9);
            while (schedule_next(&one) <= by) {
                schedule_take(&one);
                n++;
            }
            assert_int_equal(schedule_due(&all, by) - all.take.passed, n);
            assert_int_equal(schedule_skip(&all, by, UINT64_MAX), n);
            assert_int_equal(schedule_next(&all), schedule_next(&one));
            assert_int_equal(schedule_backlog(&all), 0);
            now = by + 1000;
            rate = pow(10, 1 + 6 * rng_unit(rng_next(&rng)));
            schedule_change(&one, kind, rate, now);
            schedule_change(&all, kind, rate, now);
            now += (uint64_t)(rng_unit(rng_next(&rng)) * 100 / rate * 1e9);
        }
        schedule_fini(&one);
        schedule_fini(&all);
    }
    struct schedule s;
    schedule_init(&s, 1, 1);
    schedule_start(&s, ARRIVAL_CONSTANT, 1e9, 0, 0);
    assert_in_range(schedule_due(&s, UINT64_C(10000000000000)), UINT64_C(9999999999990),
                    UINT64_C(10000000000010));
    assert_in_range(schedule_skip(&s, UINT64_C(10000000000000), UINT64_MAX),
                    UINT64_C(9999999999990), UINT64_C(10000000000010));
    assert_int_equal(schedule_backlog(&s), 0);
    schedule_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_constant_starts_are_evenly_spaced),
        cmocka_unit_test(test_poisson_gaps_are_exponential),
        cmocka_unit_test(test_a_change_of_rate_is_a_boundary),
        cmocka_unit_test(test_skipping_counts),
        cmocka_unit_test(test_what_is_due_is_counted),
        cmocka_unit_test(test_a_long_ramp_under_a_backlog_loses_nothing),
        cmocka_unit_test(test_many_starts_are_passed_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
