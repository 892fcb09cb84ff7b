/* Each of the five patterns against a simple model: a list of requests, some of which are done.
 * Completions are random, in random order, and the depth changes in between. */
#include "engine/stats/generate.h"
#include "engine/config/pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define REQUESTS 1024

/* Requests in the order of their start; true: done. */
struct model {
    bool done[REQUESTS];
    unsigned started;
};

static unsigned occupied(const struct model *m)
{
    unsigned n = 0;
    for (unsigned i = 0; i < m->started; i++)
        n += !m->done[i];
    return n;
}

/* From the oldest that is not done to the newest. */
static unsigned window(const struct model *m)
{
    for (unsigned i = 0; i < m->started; i++)
        if (!m->done[i])
            return m->started - i;
    return 0;
}

static unsigned finish_one(struct model *m, struct rng *rng)
{
    unsigned n = occupied(m), which;
    if (!n)
        return 0;
    which = (unsigned)rng_below(rng_next(rng), n);
    for (unsigned i = 0; i < m->started; i++)
        if (!m->done[i] && which-- == 0)
            m->done[i] = true;
    return 1;
}

/* What the words of the contract ask for, one start at a time. */
static bool may_start(enum pattern p, uint32_t depth, const struct model *m, unsigned in_batch)
{
    switch (p) {
    case PATTERN_SYNC:
        return occupied(m) == 0;
    case PATTERN_BATCH:
        return in_batch ? in_batch < depth : occupied(m) == 0;
    case PATTERN_QUEUE:
        return window(m) < depth;
    default:
        return occupied(m) < depth;
    }
}

static void follow(enum pattern p, uint64_t seed)
{
    struct rng rng;
    struct model m = {0};
    uint32_t depth = 1 + (uint32_t)rng_below(mix64(seed), 20);
    rng_seed(&rng, seed, 0);
    while (m.started < REQUESTS - 64) {
        if (rng_next(&rng) % 50 == 0)
            depth = 1 + (uint32_t)rng_below(rng_next(&rng), 20);
        struct flight f = {.occupied = occupied(&m), .window = window(&m)};
        uint32_t starts = pattern_starts(p, depth, &f);
        unsigned expected = 0;
        while (may_start(p, depth, &m, expected)) {
            m.done[m.started++] = false;
            expected++;
        }
        if (starts != expected)
            fail_msg("%s depth %u with %u occupied and a window of %u: %u starts, not %u",
                     pattern_name(p), depth, f.occupied, (unsigned)f.window, starts, expected);
        for (uint64_t i = rng_below(rng_next(&rng), 4); i > 0; i--)
            finish_one(&m, &rng);
        if (occupied(&m) > 20)
            fail_msg("%s has %u in flight", pattern_name(p), occupied(&m));
    }
}

static void patterns_follow_their_models(void **state)
{
    (void)state;
    static const enum pattern patterns[] = {PATTERN_SYNC, PATTERN_BATCH, PATTERN_QUEUE,
                                            PATTERN_CHAIN};
    for (unsigned p = 0; p < 4; p++)
        for (uint64_t seed = 1; seed <= 3; seed++)
            follow(patterns[p], seed);
}

static void queue_waits_for_its_oldest(void **state)
{
    (void)state;
    /* Four started, the last three are done, the first is not: no start,
     * although one is in flight. */
    struct flight f = {.occupied = 1, .window = 4};
    assert_int_equal(pattern_starts(PATTERN_QUEUE, 4, &f), 0);
    assert_int_equal(pattern_starts(PATTERN_CHAIN, 4, &f), 3);
    assert_int_equal(pattern_starts(PATTERN_QUEUE, 6, &f), 2);
    f = (struct flight){.occupied = 0, .window = 0};
    assert_int_equal(pattern_starts(PATTERN_QUEUE, 4, &f), 4);
    f.window = UINT64_C(0x100000002);
    assert_int_equal(pattern_starts(PATTERN_QUEUE, DEPTH_MAX, &f), 0);
}

static void a_lower_depth_drains_the_surplus(void **state)
{
    (void)state;
    struct flight f = {.occupied = 16, .window = 16};
    assert_int_equal(pattern_starts(PATTERN_CHAIN, 4, &f), 0);
    assert_int_equal(pattern_starts(PATTERN_QUEUE, 4, &f), 0);
    assert_int_equal(pattern_starts(PATTERN_BATCH, 4, &f), 0);
    assert_int_equal(pattern_starts(PATTERN_SYNC, 1, &f), 0);
}

static void unthrottled_fills_then_drains(void **state)
{
    (void)state;
    struct flight f = {0};
    assert_int_equal(pattern_starts(PATTERN_UNTHROTTLED, 1, &f), UINT32_MAX);
    f.occupied = 5000;
    assert_int_equal(pattern_starts(PATTERN_UNTHROTTLED, 1, &f), UINT32_MAX);
    f.full = true;
    assert_int_equal(pattern_starts(PATTERN_UNTHROTTLED, 1, &f), 0);
    f.draining = true;
    assert_int_equal(pattern_starts(PATTERN_UNTHROTTLED, 1, &f), 0);
    f.full = false;
    assert_int_equal(pattern_starts(PATTERN_UNTHROTTLED, 1, &f), 0);
    f.occupied = 1;
    assert_int_equal(pattern_starts(PATTERN_UNTHROTTLED, 1, &f), 0);
    f.occupied = 0;
    assert_int_equal(pattern_starts(PATTERN_UNTHROTTLED, 1, &f), UINT32_MAX);
}

static void names_and_depths(void **state)
{
    (void)state;
    for (int p = PATTERN_SYNC; p <= PATTERN_UNTHROTTLED; p++) {
        enum pattern back = PATTERN_SYNC;
        assert_int_equal(pattern_parse(pattern_name((enum pattern)p), &back), 0);
        assert_int_equal(back, p);
        assert_non_null(strstr(PATTERN_CHOICES, pattern_name((enum pattern)p)));
    }
    enum pattern none;
    assert_int_equal(pattern_parse("Sync", &none), -1);
    assert_int_equal(pattern_parse("", &none), -1);
    assert_int_equal(pattern_depth(PATTERN_SYNC, 0), 1);
    assert_int_equal(pattern_depth(PATTERN_SYNC, 99), 1);
    assert_int_equal(pattern_depth(PATTERN_CHAIN, 0), PATTERN_DEPTH_DEFAULT);
    assert_int_equal(pattern_depth(PATTERN_BATCH, 7), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_follow_their_models),
        cmocka_unit_test(queue_waits_for_its_oldest),
        cmocka_unit_test(a_lower_depth_drains_the_surplus),
        cmocka_unit_test(unthrottled_fills_then_drains),
        cmocka_unit_test(names_and_depths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
