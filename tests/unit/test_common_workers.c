/* The list of a pool's workers: each worker's counters are in the sum exactly once, whether it runs
 * or has ended, also while threads join and leave. */
#include "backends/common/workers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

struct counting {
    struct workers_entry entry;
    uint64_t n;
};

static void add(void *sum, const struct workers_entry *entry)
{
    *(uint64_t *)sum += ((const struct counting *)(const void *)entry)->n;
}

static void the_ended_stay_in_the_sum(void **state)
{
    (void)state;
    struct workers w;
    struct counting a = {.n = 1}, b = {.n = 20}, c = {.n = 300};
    uint64_t ended = 0, sum = 99;
    workers_init(&w, add, &ended, sizeof ended);
    assert_false(workers_sum(&w, &sum));
    assert_int_equal(sum, 0);
    workers_join(&w, &a.entry);
    workers_join(&w, &b.entry);
    workers_join(&w, &c.entry);
    assert_true(workers_sum(&w, &sum));
    assert_int_equal(sum, 321);
    workers_leave(&w, &b.entry);
    b.n = 7000; /* its memory is no longer the list's */
    assert_true(workers_sum(&w, &sum));
    assert_int_equal(sum, 321);
    workers_leave(&w, &b.entry); /* it is not there */
    workers_leave(&w, &a.entry);
    workers_leave(&w, &c.entry);
    assert_false(workers_sum(&w, &sum));
    assert_int_equal(sum, 321);
    workers_fini(&w);
}

static void *come_and_go(void *list)
{
    for (unsigned i = 0; i < 5000; i++) {
        struct counting one = {.n = 1};
        workers_join(list, &one.entry);
        workers_leave(list, &one.entry);
    }
    return NULL;
}

static void no_look_sees_one_twice_or_not_at_all(void **state)
{
    (void)state;
    struct workers w;
    pthread_t thread[4];
    uint64_t ended = 0, sum = 0, before = 0;
    workers_init(&w, add, &ended, sizeof ended);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, come_and_go, &w), 0);
    for (unsigned i = 0; i < 2000; i++) {
        workers_sum(&w, &sum);
        assert_true(sum >= before && sum <= 20000);
        before = sum;
    }
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    workers_sum(&w, &sum);
    assert_int_equal(sum, 20000);
    workers_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ended_stay_in_the_sum),
        cmocka_unit_test(no_look_sees_one_twice_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
