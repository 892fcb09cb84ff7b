/* A gap in which a thread neither ran nor waited for a CPU. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/os/loop.h"
#include "engine/os/standstill.h"

#define MS NS_PER_MS

static void test_gaps(void **state)
{
    (void)state;
    static const struct {
        uint64_t gap_ms, ready_ms; /* since the look before */
        double stood_s;
    } cases[] = {
        {100, 1, 0},      {400, 1, 0},     /* late, but not for long */
        {2100, 1, 1.999}, {2100, 2000, 0}, /* it waited for a CPU */
        {2100, 900, 1.1}, {60100, 60100, 0}, {599, 0, 0}, {600, 0, 0.5},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct standstill s = {0};
        uint64_t boot = 5 * NS_PER_S, ready = 7 * NS_PER_S;
        assert_float_equal(standstill_between(&s, 100 * MS, boot, boot, ready), 0,
                           0); /* the first */
        boot += cases[i].gap_ms * MS;
        ready += cases[i].ready_ms * MS;
        assert_float_equal(standstill_between(&s, 100 * MS, boot, boot, ready), cases[i].stood_s,
                           1e-9);
        assert_float_equal(
            standstill_between(&s, 100 * MS, boot + 100 * MS, boot + 100 * MS, ready + MS), 0, 0);
    }
}

/* One clock stands while the machine sleeps. */
static void test_sleep_is_told_apart(void **state)
{
    (void)state;
    struct standstill s = {0};
    standstill_between(&s, 100 * MS, 5 * NS_PER_S, 5 * NS_PER_S, NS_PER_S);
    assert_float_equal(standstill_between(&s, 100 * MS, 65100 * MS, 5100 * MS, NS_PER_S + MS),
                       59.999, 1e-9);
    assert_float_equal(s.slept_s, 60, 1e-9);
    standstill_between(&s, 100 * MS, 68100 * MS, 8100 * MS, NS_PER_S + 2 * MS);
    assert_float_equal(s.slept_s, 0, 0);
}

/* A kernel without these figures, or no descriptor left to read them. */
static void test_what_is_not_known(void **state)
{
    (void)state;
    struct standstill s = {0};
    standstill_between(&s, 100 * MS, 5 * NS_PER_S, 5 * NS_PER_S, 0);
    assert_float_equal(standstill_between(&s, 100 * MS, 9 * NS_PER_S, 9 * NS_PER_S, NS_PER_S), 0,
                       0);
    assert_float_equal(standstill_between(&s, 100 * MS, 19 * NS_PER_S, 19 * NS_PER_S, 0), 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gaps),
        cmocka_unit_test(test_sleep_is_told_apart),
        cmocka_unit_test(test_what_is_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
