/* The recorder under two threads: what a worker recorded is drained once and whole, at any moment.
 */
#include "engine/loop.h"
#include "engine/recorder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define TURNS 40000u

static struct recorder recorder;
static _Atomic bool done;
static _Atomic unsigned drained;

static void *worker(void *ctx)
{
    struct tally t = {0};
    uint64_t *turns = ctx;
    /* Until the reader had its share of turns, however the two are scheduled. */
    for (unsigned turn = 0; turn < TURNS || atomic_load(&drained) < 20; turn++) {
        recorder_turn_begin(&recorder);
        for (unsigned i = 0; i < 1 + turn % 7; i++) {
            recorder_add(&recorder, 0, MEASURE_SAME, 1000 + turn % 5000, 1);
            t.offered += 2;
            t.completed++;
            t.in_flight++;
        }
        recorder_extra(&recorder, EXTRA_LAG, turn);
        if (turn % 11 == 0)
            recorder_error(&recorder, turn % 22 ? "odd" : "even", 1, "why", 3, turn);
        recorder_turn_end(&recorder, &t);
        ++*turns;
    }
    atomic_store(&done, true);
    return NULL;
}

static uint64_t drain(struct interval_set *set, struct histogram *to, uint64_t *lags)
{
    uint64_t n = set->op[0][MEASURE_SAME].count;
    histogram_merge(to, &set->op[0][MEASURE_SAME]);
    histogram_clear(&set->op[0][MEASURE_SAME]);
    *lags += set->extra[EXTRA_LAG].count;
    histogram_clear(&set->extra[EXTRA_LAG]);
    return n;
}

static void test_nothing_is_lost_or_read_twice(void **state)
{
    (void)state;
    pthread_t thread;
    struct histogram all;
    struct tally t;
    uint64_t lags = 0, turns = 0;
    assert_int_equal(recorder_init(&recorder), 0);
    assert_int_equal(recorder_prepare(&recorder, 0), 0);
    assert_int_equal(histogram_init(&all), 0);
    assert_int_equal(pthread_create(&thread, NULL, worker, &turns), 0);
    bool flipped = false;
    while (!atomic_load(&done)) {
        recorder_read(&recorder, &t);
        assert_int_equal(t.offered, t.completed + t.in_flight); /* of one moment */
        if (!flipped)
            recorder_flip(&recorder);
        flipped = true;
        if (recorder_quiet(&recorder)) {
            drain(recorder_idle_set(&recorder), &all, &lags);
            flipped = false;
            atomic_fetch_add(&drained, 1);
        }
    }
    pthread_join(thread, NULL);
    drain(&recorder.set[0], &all, &lags);
    drain(&recorder.set[1], &all, &lags);
    recorder_read(&recorder, &t);
    assert_int_equal(all.count, t.completed);
    assert_int_equal(lags, turns);
    assert_int_equal(atomic_load(&recorder.classes), 2);
    assert_int_equal(atomic_load(&recorder.slot[0]->count) + atomic_load(&recorder.slot[1]->count),
                     (turns + 10) / 11);
    assert_string_equal(recorder.slot[0]->first, "why");
    histogram_fini(&all);
    recorder_fini(&recorder);
}

static void test_error_classes_are_bounded(void **state)
{
    (void)state;
    char name[16];
    uint64_t sum = 0;
    assert_int_equal(recorder_init(&recorder), 0);
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "class-%u", i);
        recorder_error(&recorder, name, 2, "line\none\x01", 9, i);
    }
    assert_int_equal(atomic_load(&recorder.classes), RECORDER_CLASSES);
    for (unsigned i = 0; i < RECORDER_CLASSES; i++)
        sum += atomic_load(&recorder.slot[i]->count);
    assert_int_equal(sum, 2000);
    assert_string_equal(recorder.slot[RECORDER_CLASSES - 1]->name, "other");
    assert_string_equal(recorder.slot[0]->first, "line one ");
    recorder_fini(&recorder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_lost_or_read_twice),
        cmocka_unit_test(test_error_classes_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
