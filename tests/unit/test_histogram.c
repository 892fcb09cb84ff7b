/* The histogram: its buckets, percentiles and packed form. */
#include "engine/stats/generate.h"
#include "engine/stats/histogram.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void test_three_digits_everywhere(void **state)
{
    (void)state;
    unsigned last = 0;
    for (double v = 1; v < 3.6e12; v *= 1.0007) {
        uint64_t ns = (uint64_t)v;
        unsigned b = histogram_bucket(ns);
        assert_in_range(ns, histogram_lowest(b), histogram_highest(b));
        assert_true(b >= last);
        assert_true((double)(histogram_highest(b) - histogram_lowest(b)) <= (double)ns / 1000);
        last = b;
    }
    assert_int_equal(histogram_highest(2047) + 1, histogram_lowest(2048));
    for (unsigned b = 0; b + 1 < HISTOGRAM_CHUNKS * HISTOGRAM_CHUNK; b++)
        if (histogram_highest(b) + 1 != histogram_lowest(b + 1))
            fail_msg("a gap after bucket %u", b);
    assert_int_equal(histogram_bucket(UINT64_MAX), histogram_bucket(HISTOGRAM_MAX_NS));
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Against the sorted values themselves. */
static void test_percentiles_are_those_of_the_values(void **state)
{
    (void)state;
    enum { N = 100000 };
    static uint64_t v[N];
    struct histogram h;
    struct rng r;
    double sum = 0;
    rng_seed(&r, 4, 0);
    assert_int_equal(histogram_init(&h), 0);
    for (unsigned i = 0; i < N; i++) {
        v[i] = (uint64_t)rng_exponential(&r, i % 10 ? 2e5 : 3e8);
        sum += (double)v[i];
        histogram_record_n(&h, v[i], 1);
    }
    qsort(v, N, sizeof *v, compare);
    const double q[] = {0, 0.001, 0.5, 0.9, 0.95, 0.99, 0.999, 0.9999, 1};
    uint64_t got[9];
    histogram_quantiles(&h, q, got, 9);
    for (unsigned i = 0; i < 9; i++) {
        uint64_t truth = v[(unsigned)fmax(0, ceil(q[i] * N) - 1)];
        assert_true(got[i] >= truth && (double)got[i] <= (double)truth * 1.001 + 1);
        assert_int_equal(histogram_quantile(&h, q[i]), got[i]);
    }
    assert_int_equal(h.max, v[N - 1]);
    assert_int_equal(h.min, v[0]);
    assert_true(fabs(histogram_mean(&h) - sum / N) < 1e-6 * sum / N);
    histogram_fini(&h);
}

static void test_merging_and_packing_lose_nothing(void **state)
{
    (void)state;
    struct histogram a, b, whole, back;
    struct rng r;
    rng_seed(&r, 9, 1);
    assert_int_equal(histogram_init(&a) | histogram_init(&b) | histogram_init(&whole) |
                         histogram_init(&back),
                     0);
    for (unsigned round = 0; round < 20; round++) {
        histogram_clear(&a);
        histogram_clear(&b);
        for (unsigned i = 0; i < 3000; i++) {
            uint64_t v = rng_next(&r) >> (20 + rng_below(rng_next(&r), 44)),
                     n = 1 + rng_below(rng_next(&r), 1000);
            histogram_record_n(i & 1 ? &a : &b, v, n);
            histogram_record_n(&whole, v, n);
        }
        histogram_merge(&a, &b);
        histogram_merge(&back, &a);
    }
    assert_int_equal(back.count, whole.count);
    for (double q = 0; q <= 1; q += 0.01)
        assert_int_equal(histogram_quantile(&back, q), histogram_quantile(&whole, q));
    size_t len = histogram_pack(&whole, NULL, 0);
    uint8_t *bytes = malloc(len);
    assert_int_equal(histogram_pack(&whole, bytes, len), len);
    assert_int_equal(histogram_unpack(&back, bytes, len), 0);
    assert_int_equal(back.count, whole.count);
    assert_int_equal(histogram_bucket(histogram_quantile(&back, 0.99)),
                     histogram_bucket(histogram_quantile(&whole, 0.99)));
    assert_int_equal(histogram_unpack(&back, bytes, len - 1) == 0 && back.count == whole.count, 0);
    free(bytes);
    histogram_fini(&a);
    histogram_fini(&b);
    histogram_fini(&whole);
    histogram_fini(&back);
}

static void test_nonsense_is_not_unpacked(void **state)
{
    (void)state;
    struct histogram h;
    struct rng r;
    uint8_t bytes[64];
    rng_seed(&r, 1, 1);
    assert_int_equal(histogram_init(&h), 0);
    for (unsigned round = 0; round < 20000; round++) {
        size_t len = (size_t)rng_below(rng_next(&r), sizeof bytes);
        for (size_t i = 0; i < len; i++)
            bytes[i] = (uint8_t)rng_next(&r);
        if (histogram_unpack(&h, bytes, len) == 0)
            assert_true(h.used <= HISTOGRAM_CHUNKS);
    }
    histogram_fini(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_three_digits_everywhere),
        cmocka_unit_test(test_percentiles_are_those_of_the_values),
        cmocka_unit_test(test_merging_and_packing_lose_nothing),
        cmocka_unit_test(test_nonsense_is_not_unpacked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
