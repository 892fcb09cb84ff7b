/* The recorder with two threads: what a worker has recorded is drained exactly once and completely,
 * at any moment. */
#include "engine/os/loop.h"
#include "engine/stats/recorder.h"

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
        /* Now and then more than are kept one by one. */
        for (unsigned i = 0; i < (turn % 64 ? 1 + turn % 7 : 3 * NOTES); i++) {
            recorder_add(&recorder, 0, MEASURE_SAME, 1000 + turn % 5000, 1);
            t.offered += 2;
            t.completed++;
            t.in_flight++;
        }
        recorder_extra(&recorder, EXTRA_LAG, turn);
        if (turn % 11 == 0)
            recorder_error(&recorder, &recorder.errors, turn % 22 ? "odd" : "even", 1, "why", 3,
                           WORDS_OURS, turn);
        recorder_turn_end(&recorder, &t);
        ++*turns;
    }
    atomic_store(&done, true);
    return NULL;
}

/* What was drained so far, by series. */
static struct histogram got[SERIES];

static void drop(void)
{
    for (unsigned i = 0; i < SERIES; i++)
        histogram_fini(&got[i]);
}

static void test_nothing_is_lost_or_read_twice(void **state)
{
    (void)state;
    pthread_t thread;
    struct tally t = {0};
    uint64_t turns = 0;
    assert_int_equal(recorder_init(&recorder), 0);
    assert_int_equal(recorder_prepare(&recorder, 0), 0);
    assert_int_equal(pthread_create(&thread, NULL, worker, &turns), 0);
    bool flipped = false;
    while (!atomic_load(&done)) {
        recorder_read(&recorder, &t);
        assert_int_equal(t.offered, t.completed + t.in_flight); /* of one moment */
        if (!flipped)
            recorder_flip(&recorder);
        flipped = true;
        if (recorder_quiet(&recorder)) {
            interval_drain(recorder_idle_set(&recorder), got);
            flipped = false;
            atomic_fetch_add(&drained, 1);
        }
    }
    pthread_join(thread, NULL);
    interval_drain(&recorder.set[0], got);
    interval_drain(&recorder.set[1], got);
    recorder_read(&recorder, &t);
    assert_int_equal(got[SERIES_OF(0, MEASURE_SAME)].count, t.completed);
    assert_int_equal(got[SERIES_EXTRA(EXTRA_LAG)].count, turns);
    assert_int_equal(atomic_load(&recorder.errors.classes), 2);
    assert_int_equal(atomic_load(&recorder.errors.slot[0]->count) +
                         atomic_load(&recorder.errors.slot[1]->count),
                     (turns + 10) / 11);
    assert_string_equal(recorder.errors.slot[0]->first, "why");
    drop();
    recorder_fini(&recorder);
}

/* Whatever is noted one by one and whatever goes into a histogram: the same as one histogram of
 * all. */
static void test_drained_is_what_was_recorded(void **state)
{
    (void)state;
    const uint64_t count[] = {1, 2, 100, UINT16_MAX, UINT16_MAX + 1};
    const unsigned series[] = {SERIES_OF(0, MEASURE_SERVICE), SERIES_OF(15, MEASURE_RESPONSE),
                               SERIES_EXTRA(EXTRA_BATCH)};
    struct histogram want[3];
    assert_int_equal(recorder_init(&recorder), 0);
    assert_int_equal(recorder_prepare(&recorder, 0) | recorder_prepare(&recorder, 15), 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(histogram_init(&want[i]), 0);
    for (unsigned values = 1; values < 5 * NOTES; values += 7) {
        uint64_t grown = 0;
        recorder_turn_begin(&recorder);
        for (unsigned i = 0; i < values; i++) {
            uint64_t ns = i % 13 ? i * UINT64_C(123457) : HISTOGRAM_MAX_NS + i, n = count[i % 5];
            interval_add(recorder.live, series[i % 3], ns, n);
            histogram_record_n(&want[i % 3], ns, n);
            grown |= UINT64_C(1) << series[i % 3];
        }
        assert_int_equal(interval_drain(recorder.live, got), grown);
        assert_int_equal(interval_drain(recorder.live, got), 0);
        for (unsigned i = 0; i < 3 && i < values; i++) {
            const struct histogram *h = &got[series[i]];
            assert_int_equal(h->count, want[i].count);
            assert_int_equal(h->max, want[i].max);
            assert_int_equal(h->min, want[i].min);
            for (double q = 0; q <= 1; q += 0.01)
                assert_int_equal(histogram_quantile(h, q), histogram_quantile(&want[i], q));
        }
    }
    for (unsigned i = 0; i < 3; i++)
        histogram_fini(&want[i]);
    drop();
    recorder_fini(&recorder);
}

/* A tally is published up to the last type in use: a type that comes later is there with its
 * counts. */
static void test_types_that_come_later(void **state)
{
    (void)state;
    struct tally t = {0}, seen = {0};
    assert_int_equal(recorder_init(&recorder), 0);
    for (unsigned type = 0; type < OPS_MAX; type += 5) {
        recorder_turn_begin(&recorder);
        recorder_uses(&recorder, type);
        t.completed = ++t.op[type].completed + 10;
        recorder_turn_end(&recorder, &t);
        recorder_read(&recorder, &seen);
        assert_memory_equal(&seen, &t, sizeof t);
        assert_false(recorder_still(&recorder));
        recorder_flip(&recorder);
        assert_true(recorder_still(&recorder));
    }
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
        recorder_error(&recorder, &recorder.errors, name, 2, "line\none\x01", 9, WORDS_SERVERS, i);
    }
    assert_int_equal(atomic_load(&recorder.errors.classes), RECORDER_CLASSES);
    for (unsigned i = 0; i < RECORDER_CLASSES; i++)
        sum += atomic_load(&recorder.errors.slot[i]->count);
    assert_int_equal(sum, 2000);
    assert_string_equal(recorder.errors.slot[RECORDER_CLASSES - 1]->name, "other");
    assert_string_equal(recorder.errors.slot[0]->first, "line one?");
    recorder_fini(&recorder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_lost_or_read_twice),
        cmocka_unit_test(test_drained_is_what_was_recorded),
        cmocka_unit_test(test_types_that_come_later),
        cmocka_unit_test(test_error_classes_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
