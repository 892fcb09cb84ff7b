/* Keys drawn from a seed never change between versions: the expected values come from the backends'
 * own code, before they shared this one. */
#include "backends/common/keys.h"
#include "engine/state/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#define DRAWS 6
static const struct {
    uint64_t n, uniform[DRAWS], zipf[DRAWS];
} golden[] = {
    {1u, {0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0}},
    {10u, {2, 4, 2, 8, 4, 4}, {7, 4, 7, 9, 4, 4}},
    {1000003u,
     {674873, 761698, 758721, 817912, 818382, 169037},
     {877224, 900378, 110942, 355485, 697786, 429582}},
    {1000000000000u,
     {653744376877, 706839415151, 621757532035, 434940633741, 959810823265, 195806079892},
     {527694643050, 592755148255, 698524919143, 586533601474, 307179508975, 986366156429}},
};
#define GOLDEN (sizeof golden / sizeof *golden)

static void a_seed_draws_the_same_keys_as_ever(void **state)
{
    (void)state;
    struct keys keys = {0};
    for (unsigned k = 0; k < GOLDEN; k++) {
        struct rng r;
        rng_seed(&r, 7, k);
        for (unsigned i = 0; i < DRAWS; i++) {
            uint64_t random = rng_next(&r);
            keys_set(&keys, golden[k].n, DIST_UNIFORM);
            assert_int_equal(keys_choose(&keys, NULL, random, 1), golden[k].uniform[i]);
            assert_int_equal(keys_next(&keys, 0, 1, random), golden[k].uniform[i]);
            keys_set(&keys, golden[k].n, DIST_ZIPF);
            assert_int_equal(keys_choose(&keys, NULL, random, 1), golden[k].zipf[i]);
            assert_int_equal(keys_next(&keys, 0, 1, random), golden[k].zipf[i]);
        }
    }
}

/* Reads go over what was written, the older half of it before all is. */
static void reads_follow_a_sequence(void **state)
{
    (void)state;
    struct pool *pool = calloc(1, sizeof *pool);
    struct keys k = {0};
    assert_non_null(pool);
    keys_set(&k, 100, DIST_SEQUENTIAL);
    for (uint64_t i = 0; i < 5; i++)
        assert_int_equal(keys_follow(&k, pool, 99, 1), i); /* nothing was written: all of them */
    for (uint64_t written = 1; written < 100; written++) {
        assert_int_equal(keys_choose(&k, pool, 99, 1), written - 1);
        for (unsigned i = 0; i < 3; i++)
            assert_true(keys_follow(&k, pool, 99, 1) <= written / 2);
    }
    keys_choose(&k, pool, 99, 1);
    bool seen[100] = {false};
    for (unsigned i = 0; i < 100; i++)
        seen[keys_follow(&k, pool, 99, 1)] = true;
    for (unsigned i = 0; i < 100; i++)
        assert_true(seen[i]);
    free(pool);
}

static void a_sequence_is_the_pools_and_begins_again(void **state)
{
    (void)state;
    struct pool *pool = calloc(1, sizeof *pool);
    struct keys a = {0}, b = {0};
    assert_non_null(pool);
    keys_set(&a, 5, DIST_SEQUENTIAL);
    keys_set(&b, 5, DIST_SEQUENTIAL);
    assert_int_equal(keys_choose(&a, pool, 99, 1), 0);
    assert_int_equal(keys_choose(&b, pool, 99, 3), 1); /* and two rows behind it */
    assert_int_equal(keys_choose(&a, pool, 99, 1), 4);
    assert_int_equal(keys_choose(&b, pool, 99, 1), 0);
    assert_int_equal(keys_next(&a, 3, 1, 99), 4);
    assert_int_equal(keys_next(&a, 3, 2, 99), 0);
    free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seed_draws_the_same_keys_as_ever),
        cmocka_unit_test(a_sequence_is_the_pools_and_begins_again),
        cmocka_unit_test(reads_follow_a_sequence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
