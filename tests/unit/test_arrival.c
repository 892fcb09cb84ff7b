/* Open arrival: the schedule alone decides when. */
#include "engine/arrival.h"
#include "engine/loop.h"

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
    struct schedule s = {0};
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
    struct schedule s = {0};
    rng_seed(&s.rng, 3, 3);
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
    struct schedule s = {0};
    schedule_start(&s, ARRIVAL_CONSTANT, 1000, 1, 0); /* 1, 2, 3 ... ms */
    schedule_rate(&s, 100, 10500000);                 /* from 10.5 ms on every 10 ms */
    for (unsigned i = 1; i <= 10; i++)
        assert_int_equal(schedule_take(&s), i * 1000000u);
    assert_int_equal(schedule_take(&s),
                     15500000); /* half an interval was still to come: now 5 ms */
    assert_int_equal(schedule_take(&s), 25500000);
    schedule_rate(&s, 1000, 26000000);
    assert_in_range(schedule_take(&s), 26949999, 26950001);
}

static void test_skipping_counts(void **state)
{
    (void)state;
    struct schedule s = {0};
    schedule_start(&s, ARRIVAL_CONSTANT, 1000, 0, 0); /* 0, 1, 2 ... ms */
    assert_int_equal(schedule_skip(&s, 5000000, 100), 5);
    assert_int_equal(schedule_next(&s), 5000000);
    assert_int_equal(schedule_skip(&s, UINT64_C(1000000000), 7), 7);
    schedule_stop(&s);
    assert_true(schedule_next(&s) == NS_NEVER);
    assert_int_equal(schedule_skip(&s, NS_NEVER, 100), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_constant_starts_are_evenly_spaced),
        cmocka_unit_test(test_poisson_gaps_are_exponential),
        cmocka_unit_test(test_a_change_of_rate_is_a_boundary),
        cmocka_unit_test(test_skipping_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
