/* Heatmaps: every operation is in its row, whatever the columns are, and shares are shares of the
 * column. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/stats/histogram.h"
#include "engine/stats/packed.h"
#include "engine/state/snapshot.h"
#include "ui/draw/heatmap.h"

static struct point points[60];
static const struct point *blocks[1] = {points};
static struct packed packed[60];
static const struct packed *packed_blocks[1] = {packed};
static struct pool_snapshot pool;
static struct heatmap map;

/* Each second: 900 operations of 1.3 ms, 99 of 13 ms, one of 130 ms; every
 * tenth second is empty. */
static void fill(void)
{
    struct histogram h;

    memset(&pool, 0, sizeof pool);
    assert_int_equal(histogram_init(&h), 0);
    for (int i = 0; i < 60; i++) {
        points[i] = (struct point){.t_s = i + 1, .span_s = 1};
        histogram_clear(&h);
        if (i % 10) {
            histogram_record_n(&h, 1300000, 900);
            histogram_record_n(&h, 13000000, 99);
            histogram_record_n(&h, 130000000, 1);
        }
        packed[i] = i % 10 ? packed_of(&h) : (struct packed){0};
    }
    histogram_fini(&h);
    pool.number = 1;
    pool.seconds = (struct series){blocks, 0, 60};
    pool.packed = packed_blocks;
}

static void release(void)
{
    for (int i = 0; i < 60; i++)
        free(packed[i].bytes);
}

static void test_levels(void **state)
{
    (void)state;
    assert_int_equal(heatmap_level(0), 0);
    assert_int_equal(heatmap_level(NAN), 0);
    assert_int_equal(heatmap_level(1e-9), 1); /* somebody is not nobody */
    assert_int_equal(heatmap_level(0.001), 2);
    assert_int_equal(heatmap_level(0.01), 3);
    assert_int_equal(heatmap_level(0.05), 4);
    assert_int_equal(heatmap_level(0.2), HEAT_LEVELS);
    assert_int_equal(heatmap_level(1), HEAT_LEVELS);
}

static int row_of(double ns, const struct axis *a, int rows)
{
    return rows - 1 - (int)floor(log(ns / a->lo) / log(a->hi / a->lo) * rows);
}

static void test_every_operation_is_in_its_row(void **state)
{
    const struct axis axis = {.lo = 1e5, .hi = 1e9, .log = true};

    (void)state;
    fill();
    for (int rows = 4; rows <= 20; rows++)
        for (int k = 0; k < 3; k++) { /* ten seconds a column, one, or less than one */
            static const int columns[] = {6, 60, 180};
            int n = columns[k];
            struct bins b = bins_over(60, 60, n);

            heatmap_fill(&map, &pool, &b, rows, &axis);
            for (int col = 0; col < n; col++) {
                bool empty = n >= 60 && col / (n / 60) % 10 == 0;

                for (int row = 0; row < rows; row++) {
                    int want = 0;

                    if (!empty && row == row_of(1.3e6, &axis, rows))
                        want = 5;
                    else if (!empty && row == row_of(1.3e7, &axis, rows))
                        want = 4;
                    else if (!empty && row == row_of(1.3e8, &axis, rows))
                        want = 2;
                    assert_int_equal(map.level[row][col], want);
                }
            }
        }
    release();
}

static void test_what_is_beyond_the_axis_is_at_its_edge(void **state)
{
    const struct axis axis = {.lo = 5e6, .hi = 5e7, .log = true};
    struct bins b = bins_over(60, 60, 6);

    (void)state;
    fill();
    heatmap_fill(&map, &pool, &b, 10, &axis);
    assert_int_equal(map.level[9][0], 5); /* 1.3 ms, below */
    assert_int_equal(map.level[0][0], 2); /* 130 ms, above */
    release();
}

/* As on the screen: seconds come, columns move, and only what is new is looked at. */
static void test_the_cache_equals_a_fresh_drawing(void **state)
{
    static struct heatmap fresh;
    const struct axis axis = {.lo = 1e5, .hi = 1e9, .log = true};

    (void)state;
    fill();
    for (int k = 0; k < 3; k++) {
        static const int columns[] = {8, 56, 160}; /* no middle on a border of seconds */
        uint64_t all = pool.seconds.n;

        memset(&map, 0, sizeof map);
        for (double now = 3; now < 60; now += 0.3) {
            double width = 40.0 / columns[k];
            struct bins b = bins_over(ceil(now / width) * width + width * 1e-3, 40, columns[k]);

            pool.seconds.n = pool.seconds.first + (uint64_t)now;
            heatmap_fill(&map, &pool, &b, 12, &axis);
            memset(&fresh, 0, sizeof fresh);
            heatmap_fill(&fresh, &pool, &b, 12, &axis);
            for (int row = 0; row < 12; row++)
                assert_memory_equal(map.level[row], fresh.level[row], (size_t)columns[k]);
        }
        pool.seconds.n = all;
    }
    release();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels), cmocka_unit_test(test_every_operation_is_in_its_row),
        cmocka_unit_test(test_the_cache_equals_a_fresh_drawing),
        cmocka_unit_test(test_what_is_beyond_the_axis_is_at_its_edge)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
