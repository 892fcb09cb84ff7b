/* The total of what servers make all connections buffer (net_hold): from several threads,
 * everything taken is given back, and no order of calls exceeds the limit. */
#include "engine/backend.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void the_sum_has_a_bound(void **state)
{
    (void)state;
    size_t a = 0, b = 0;
    assert_true(net_hold(&a, NET_BUFFERED_MAX - 10));
    assert_true(net_hold(&b, 10));
    assert_false(net_hold(&b, 11));
    assert_int_equal(b, 10); /* nothing was changed */
    assert_false(net_hold(&b, SIZE_MAX));
    assert_true(net_hold(&a, 0));
    assert_true(net_hold(&b, NET_BUFFERED_MAX));
    assert_false(net_hold(&a, 1));
    assert_true(net_hold(&b, 0));
    assert_true(net_hold(&b, 0));
    assert_true(net_hold(&a, NET_BUFFERED_MAX));
    assert_true(net_hold(&a, 0));
}

/* Grows and gives back, at most an eighth of it at a time. */
static void *take_and_give(void *unused)
{
    size_t mine = 0;
    for (unsigned i = 0; i < 20000; i++) {
        if (!net_hold(&mine, i % 7 * (NET_BUFFERED_MAX / 64)))
            return unused;
        if (i % 5 == 0)
            net_hold(&mine, 0);
    }
    net_hold(&mine, 0);
    return NULL;
}

static void threads_share_it(void **state)
{
    (void)state;
    pthread_t thread[8];
    size_t all = 0;
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, take_and_give, &all), 0);
    for (unsigned i = 0; i < 8; i++) {
        void *failed = NULL;
        assert_int_equal(pthread_join(thread[i], &failed), 0);
        assert_null(failed);
    }
    assert_true(net_hold(&all, NET_BUFFERED_MAX)); /* all was given back */
    assert_true(net_hold(&all, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sum_has_a_bound),
        cmocka_unit_test(threads_share_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
