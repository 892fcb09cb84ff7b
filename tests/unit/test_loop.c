/* The event loop: alarms in order, descriptors, wake-ups, and watches or alarms that are removed in
 * the middle of a burst. */
#include "engine/stats/generate.h"
#include "engine/os/loop.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

enum { ALARMS = 500 };
static struct alarm alarms[ALARMS];
static uint64_t due[ALARMS], last_due;
static unsigned fired;

static void note(struct alarm *a)
{
    uint64_t was = due[a - alarms];
    assert_true(was >= last_due);
    assert_true(was != NS_NEVER);
    last_due = was;
    fired++;
}

/* Random setting, moving and clearing, on virtual time: each fires once, in order, never early. */
static void test_alarms_fire_in_order(void **state)
{
    (void)state;
    uint64_t clock = 1;
    struct loop *l = loop_new(&clock, NULL);
    struct rng r;
    unsigned set = 0;
    rng_seed(&r, 5, 5);
    for (unsigned i = 0; i < ALARMS; i++)
        alarms[i] = (struct alarm){.due_ns = NS_NEVER, .fire = note};
    for (unsigned round = 0; round < 20000; round++) {
        unsigned i = (unsigned)rng_below(rng_next(&r), ALARMS);
        due[i] = rng_next(&r) % 10 ? 1 + rng_below(rng_next(&r), 1000000) : NS_NEVER;
        loop_alarm(l, &alarms[i], due[i]);
    }
    for (unsigned i = 0; i < ALARMS; i++) {
        set += alarms[i].place != 0;
        assert_true((alarms[i].place != 0) == (alarms[i].due_ns != NS_NEVER));
    }
    fired = 0;
    last_due = 0;
    while (loop_next_alarm(l) != NS_NEVER) {
        clock = loop_next_alarm(l);
        loop_turn(l, 0, NULL, NULL, NULL);
    }
    assert_int_equal(fired, set);
    loop_free(l);
}

struct end {
    struct watch watch;
    struct loop *loop;
    struct end *other;
    unsigned calls;
};

static void kill_other(struct watch *w, uint32_t events)
{
    struct end *e = (struct end *)(void *)w;
    assert_true(events & EPOLLIN);
    e->calls++;
    loop_unwatch(e->loop, &e->other->watch);
    loop_unwatch(e->loop, w);
}

static void test_who_is_unwatched_in_a_burst_is_not_called(void **state)
{
    (void)state;
    struct loop *l = loop_new(NULL, NULL);
    int a[2], b[2];
    assert_int_equal(pipe(a) | pipe(b), 0);
    struct end x = {.watch = {.fd = -1, .ready = kill_other}, .loop = l}, y = x;
    x.other = &y;
    y.other = &x;
    assert_int_equal(loop_watch(l, &x.watch, a[0], EPOLLIN), 0);
    assert_int_equal(loop_watch(l, &y.watch, b[0], EPOLLIN), 0);
    assert_int_equal(write(a[1], "x", 1) + write(b[1], "y", 1), 2);
    loop_turn(l, NS_PER_S, NULL, NULL, NULL);
    assert_int_equal(x.calls + y.calls, 1);
    loop_free(l);
    close(a[0]), close(a[1]), close(b[0]), close(b[1]);
}

static void *wake(void *l)
{
    loop_wake(l);
    return NULL;
}

static void test_another_thread_wakes_it(void **state)
{
    (void)state;
    struct loop *l = loop_new(NULL, NULL);
    pthread_t t;
    uint64_t start = clock_ns();
    assert_int_equal(pthread_create(&t, NULL, wake, l), 0);
    loop_turn(l, 200 * NS_PER_S, NULL, NULL, NULL);
    assert_true(clock_ns() - start < 100 * NS_PER_S);
    pthread_join(t, NULL);
    loop_free(l);
}

static unsigned rang;

static void ring(struct alarm *a)
{
    (void)a;
    rang++;
}

static void test_an_alarm_is_never_early(void **state)
{
    (void)state;
    struct loop *l = loop_new(NULL, NULL);
    struct alarm a = {.due_ns = NS_NEVER, .fire = ring};
    for (unsigned i = 0; i < 20; i++) {
        uint64_t at = loop_refresh(l) + 200000;
        unsigned before = rang;
        loop_alarm(l, &a, at);
        while (rang == before)
            loop_turn(l, NS_PER_S, NULL, NULL, NULL);
        assert_true(clock_ns() >= at);
    }
    loop_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alarms_fire_in_order),
        cmocka_unit_test(test_who_is_unwatched_in_a_burst_is_not_called),
        cmocka_unit_test(test_another_thread_wakes_it),
        cmocka_unit_test(test_an_alarm_is_never_early),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
