/* Order within a partition: what the checker finds, compared with what was done to a stream of
 * messages. The reference is a simple list of the same stream: which numbers came, how often, and
 * after what.
 *
 * The truth is a plain bookkeeping of the same stream: which numbers came, how often, and after
 * what. */
#include "backends/kafka_base/track.h"
#include "engine/stats/generate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct feed {
    struct track track;
    struct track_counts counts;
    int64_t offset;
};

static void begin(struct feed *f)
{
    memset(f, 0, sizeof *f);
    track_init(&f->track);
}

/* A message with number seq of producer id, at the next offset. */
static void message(struct feed *f, uint64_t id, uint64_t seq)
{
    assert_false(track_offset(&f->track, f->offset++, &f->counts));
    track_number(&f->track, id, seq, &f->counts);
}

static void expect(struct feed *f, uint64_t missing, uint64_t duplicates, uint64_t reordered)
{
    assert_int_equal(f->counts.missing, missing);
    assert_int_equal(f->counts.duplicates, duplicates);
    assert_int_equal(f->counts.reordered, reordered);
    track_fini(&f->track);
}

static void in_order(void **state)
{
    struct feed f;
    (void)state;
    begin(&f);
    for (uint64_t i = 0; i < 1000; i++)
        for (uint64_t id = 1; id <= 5; id++)
            message(&f, id, i);
    assert_int_equal(f.counts.checked, 5000);
    expect(&f, 0, 0, 0);
}

static void a_gap_is_counted_in_messages(void **state)
{
    struct feed f;
    (void)state;
    begin(&f);
    message(&f, 1, 0);
    message(&f, 1, 5); /* 1 to 4 are missing */
    message(&f, 1, 6);
    expect(&f, 4, 0, 0);
}

static void the_first_numbers_are_missed_only_from_offset_0(void **state)
{
    struct feed f;
    (void)state;
    begin(&f);
    message(&f, 1, 3);
    expect(&f, 3, 0, 0);
    begin(&f);
    f.offset = 100; /* joined in the middle: nothing is known of what came before */
    message(&f, 1, 3);
    expect(&f, 0, 0, 0);
}

static void late_is_not_lost_and_twice_is_not_late(void **state)
{
    struct feed f;
    (void)state;
    begin(&f);
    uint64_t order[] = {0, 1, 5, 6, 7, 3, 2, 4, 8, 6, 0};
    for (unsigned i = 0; i < sizeof order / sizeof *order; i++)
        message(&f, 1, order[i]);
    expect(&f, 0, 2, 3);
}

static void a_whole_batch_that_was_retried(void **state)
{
    struct feed f;
    (void)state;
    begin(&f);
    for (uint64_t i = 0; i < 10000; i++)
        message(&f, 1, i);
    for (uint64_t i = 20000; i < 30000; i++)
        message(&f, 1, i);
    for (uint64_t i = 10000; i < 20000; i++) /* overtaken */
        message(&f, 1, i);
    for (uint64_t i = 5000; i < 6000; i++) /* repeated */
        message(&f, 1, i);
    expect(&f, 0, 1000, 10000);
}

static void an_offset_twice_is_a_redelivery(void **state)
{
    struct feed f;
    (void)state;
    begin(&f);
    for (uint64_t i = 0; i < 10; i++)
        message(&f, 1, i);
    for (int64_t o = 6; o < 10; o++)
        assert_true(track_offset(&f.track, o, &f.counts));
    message(&f, 1, 10);
    assert_int_equal(f.counts.redelivered, 4);
    expect(&f, 0, 0, 0);
}

/* Random streams: some numbers never come, some come late, some twice. Skips are few enough for the
 * ranges that are kept. */
static void random_streams(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 7, 1);
    for (unsigned round = 0; round < 300; round++) {
        enum { N = 400 };
        uint64_t late[N], lates = 0, missing = 0, duplicates = 0, open = 0;
        struct feed f;
        begin(&f);
        for (uint64_t i = 0; i < N; i++) {
            uint64_t dice = rng_below(rng_next(&rng), 100);
            if (dice < 2 && i && i < N - 1 && open < TRACK_RANGES - 2) {
                open++;
                if (rng_next(&rng) & 1)
                    late[lates++] = i;
                else
                    missing++;
                continue;
            }
            message(&f, 1, i);
            if (dice > 97) {
                message(&f, 1, i);
                duplicates++;
            }
        }
        for (uint64_t i = 0; i < lates; i++)
            message(&f, 1, late[i]);
        assert_int_equal(f.counts.forgotten, 0);
        expect(&f, missing, duplicates, lates);
    }
}

static void ranges_that_are_given_up_stay_missing(void **state)
{
    struct feed f;
    (void)state;
    begin(&f);
    /* every other one is missing */
    for (uint64_t i = 0; i < 2 * (TRACK_RANGES + 3); i += 2)
        message(&f, 1, i);
    assert_int_equal(f.counts.forgotten, 2);
    expect(&f, TRACK_RANGES + 2, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_order),
        cmocka_unit_test(a_gap_is_counted_in_messages),
        cmocka_unit_test(the_first_numbers_are_missed_only_from_offset_0),
        cmocka_unit_test(late_is_not_lost_and_twice_is_not_late),
        cmocka_unit_test(a_whole_batch_that_was_retried),
        cmocka_unit_test(an_offset_twice_is_a_redelivery),
        cmocka_unit_test(random_streams),
        cmocka_unit_test(ranges_that_are_given_up_stay_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
