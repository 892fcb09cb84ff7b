/* Random numbers against published vectors; distributions against their theory.
 *
 * Truth: splitmix64 seeded with 1234567 gives 6457827717110365317, ... (Rosetta Code), and
 * xoshiro256** from the state 1, 2, 3, 4 gives 11520, 0, 1509978240, ... (the reference
 * implementation's vector, as in rand_xoshiro); both were computed again in Python from Vigna's
 * text. Seeds are fixed, so a bound of several standard deviations is no gamble. */
#include "engine/stats/generate.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void xoshiro_gives_the_published_numbers(void **state)
{
    (void)state;
    static const uint64_t truth[] = {UINT64_C(11520),
                                     UINT64_C(0),
                                     UINT64_C(1509978240),
                                     UINT64_C(1215971899390074240),
                                     UINT64_C(1216172134540287360),
                                     UINT64_C(607988272756665600),
                                     UINT64_C(16172922978634559625),
                                     UINT64_C(8476171486693032832),
                                     UINT64_C(10595114339597558777),
                                     UINT64_C(2904607092377533576)};
    struct rng r = {{1, 2, 3, 4}};
    for (unsigned i = 0; i < 10; i++)
        assert_true(rng_next(&r) == truth[i]);
}

static void seeding_is_splitmix64(void **state)
{
    (void)state;
    static const uint64_t truth[] = {UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
                                     UINT64_C(9817491932198370423), UINT64_C(4593380528125082431)};
    static const uint64_t first[] = {UINT64_C(1546998764402558742), UINT64_C(6990951692964543102),
                                     UINT64_C(12544586762248559009),
                                     UINT64_C(17057574109182124193)};
    struct rng r;
    rng_seed(&r, 1234567, 0);
    for (unsigned i = 0; i < 4; i++)
        assert_true(r.s[i] == truth[i]);
    rng_seed(&r, 42, 0);
    for (unsigned i = 0; i < 4; i++)
        assert_true(rng_next(&r) == first[i]);
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void streams_and_seeds_differ(void **state)
{
    (void)state;
    static uint64_t first[4096];
    unsigned n = 0;
    for (uint64_t seed = 0; seed < 64; seed++)
        for (uint64_t stream = 0; stream < 64; stream++) {
            struct rng r, again;
            rng_seed(&r, seed, stream);
            rng_seed(&again, seed, stream);
            first[n] = rng_next(&r);
            assert_true(rng_next(&again) == first[n]);
            n++;
        }
    qsort(first, n, sizeof *first, by_value);
    for (unsigned i = 1; i < n; i++)
        assert_true(first[i] != first[i - 1]);
}

/* Pearson's chi-square of counts against equal shares. */
static double chi_square(const unsigned *counts, unsigned n, double total)
{
    double sum = 0, expected = total / n;
    for (unsigned i = 0; i < n; i++)
        sum += (counts[i] - expected) * (counts[i] - expected) / expected;
    return sum;
}

static void below_is_uniform(void **state)
{
    (void)state;
    unsigned counts[100] = {0};
    struct rng r;
    rng_seed(&r, 7, 3);
    for (int i = 0; i < 200000; i++)
        counts[rng_below(rng_next(&r), 100)]++;
    double chi = chi_square(counts, 100, 200000);
    assert_true(chi > 60 && chi < 150); /* 99 degrees of freedom: 0.05 % lie beyond either */
    assert_int_equal(rng_below(UINT64_MAX, 1), 0);
    assert_true(rng_below(UINT64_MAX, UINT64_MAX) == UINT64_MAX - 1);
    assert_true(rng_unit(UINT64_MAX) < 1);
    assert_true(rng_unit(0) == 0);
}

static void exponential_follows_its_law(void **state)
{
    (void)state;
    struct rng r;
    double sum = 0, above = 0, above3 = 0;
    const int n = 200000;
    rng_seed(&r, 11, 0);
    for (int i = 0; i < n; i++) {
        double v = rng_exponential(&r, 250);
        assert_true(v >= 0 && isfinite(v));
        sum += v;
        above += v > 250;
        above3 += v > 750;
    }
    assert_true(fabs(sum / n - 250) < 250 * 0.01);
    assert_true(fabs(above / n - exp(-1)) < 0.005);
    assert_true(fabs(above3 / n - exp(-3)) < 0.002);
}

static void zeta_is_right(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {1, 2, 3, 9999, 10000, 10001, 1000000};
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (double theta = 0.5; theta < 1; theta += 0.245) {
            struct zipf z;
            double sum = 0;
            zipf_init(&z, sizes[i], theta);
            for (uint64_t k = sizes[i]; k > 0; k--)
                sum += pow((double)k, -theta);
            if (fabs(z.zetan / sum - 1) > 1e-9)
                fail_msg("zeta(%llu, %g) is %.12g, not %.12g", (unsigned long long)sizes[i], theta,
                         z.zetan, sum);
        }
    /* A billion keys: zeta(n, s) = n^(1-s)/(1-s) + zeta(s) + n^-s/2 + ..., with the Riemann zeta
     * zeta(0.99) = -99.4235131... */
    struct zipf z;
    zipf_init(&z, 1000000000, 0.99);
    double riemann = 1 / (0.99 - 1) + 0.5772156649015329 - 0.0728158454836767 * (1 - 0.99);
    double truth = pow(1e9, 0.01) / 0.01 + riemann + pow(1e9, -0.99) / 2;
    assert_true(fabs(z.zetan / truth - 1) < 1e-5);
}

static int by_count_down(const void *a, const void *b)
{
    unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
    return x < y ? 1 : x > y ? -1 : 0;
}

static void zipf_follows_its_law(void **state)
{
    (void)state;
    enum { KEYS = 1000, DRAWS = 1000000 };
    static unsigned counts[KEYS];
    struct zipf z;
    struct rng r;
    zipf_init(&z, KEYS, 0.99);
    rng_seed(&r, 5, 0);
    memset(counts, 0, sizeof counts);
    for (int i = 0; i < DRAWS; i++) {
        uint64_t key = zipf_pick(&z, rng_next(&r));
        assert_true(key < KEYS);
        counts[key]++;
    }
    unsigned hot[10], hots = 0, tenths = 0;
    for (unsigned i = 0; i < KEYS; i++) {
        assert_true(counts[i] > 0);
        if (counts[i] > DRAWS / z.zetan * pow(10.5, -0.99) && hots < 10)
            hot[hots++] = i;
    }
    for (unsigned i = 0; i < hots; i++)
        tenths |= 1u << (hot[i] / (KEYS / 10));
    assert_true(hots >= 7);
    assert_true(__builtin_popcount(tenths) >= 5); /* the popular are spread over the range */

    /* The first two ranks are exact in Gray's method, the others a smooth approximation: 4 % too
     * much for the first ten of a thousand. */
    qsort(counts, KEYS, sizeof *counts, by_count_down);
    for (unsigned rank = 0; rank < 2; rank++) {
        double p = pow(rank + 1, -0.99) / z.zetan, sigma = sqrt(DRAWS * p * (1 - p));
        assert_true(fabs(counts[rank] - DRAWS * p) < 5 * sigma);
    }
    double seen = 0, expected = 0;
    for (unsigned rank = 0; rank < KEYS; rank++) {
        seen += counts[rank];
        expected += DRAWS * pow(rank + 1, -0.99) / z.zetan;
        if ((rank == 9 || rank == 99 || rank == 499) && fabs(seen / expected - 1) > 0.05)
            fail_msg("the first %u keys get %.0f of %d, not %.0f", rank + 1, seen, DRAWS, expected);
    }
}

static void zipf_reaches_every_key_of_any_range(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {1, 2, 3, 4, 5, 7, 10, 16, 97};
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        unsigned counts[97] = {0}, missed = 0;
        struct zipf z;
        struct rng r;
        zipf_init(&z, sizes[i], 0.99);
        rng_seed(&r, i, 9);
        for (int k = 0; k < 30000; k++) {
            uint64_t key = zipf_pick(&z, rng_next(&r));
            assert_true(key < sizes[i]);
            counts[key]++;
        }
        for (uint64_t k = 0; k < sizes[i]; k++)
            missed += !counts[k];
        if (missed)
            fail_msg("%u of %llu keys were never drawn", missed, (unsigned long long)sizes[i]);
        assert_true(zipf_pick(&z, 0) < sizes[i] && zipf_pick(&z, UINT64_MAX) < sizes[i]);
    }
    struct zipf huge;
    zipf_init(&huge, UINT64_C(1) << 62, 0.99);
    assert_true(zipf_pick(&huge, UINT64_MAX) < UINT64_C(1) << 62);
}

static void spans_reach_both_ends(void **state)
{
    (void)state;
    assert_int_equal(span_pick(32, 4096, 0), 32);
    assert_int_equal(span_pick(32, 4096, UINT64_MAX), 4096);
    assert_int_equal(span_pick(32, 32, UINT64_MAX), 32);
    assert_int_equal(span_pick(0, UINT32_MAX, UINT64_MAX), UINT32_MAX);
    unsigned counts[4] = {0};
    struct rng r;
    rng_seed(&r, 1, 1);
    for (int i = 0; i < 40000; i++)
        counts[span_pick(5, 8, rng_next(&r)) - 5]++;
    assert_true(chi_square(counts, 4, 40000) < 20);
}

static void *get_blob(void *unused)
{
    (void)unused;
    return (void *)(uintptr_t)generate_blob();
}

static void the_blob_is_printable_and_one(void **state)
{
    (void)state;
    pthread_t thread[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, get_blob, NULL), 0);
    for (int i = 0; i < 4; i++) {
        void *got = NULL;
        assert_int_equal(pthread_join(thread[i], &got), 0);
        assert_ptr_equal(got, generate_blob());
    }
    const char *blob = generate_blob();
    unsigned counts[256] = {0}, letters[64], n = 0;
    for (unsigned i = 0; i < GENERATE_BLOB; i++)
        counts[(unsigned char)blob[i]]++;
    for (unsigned c = 0; c < 256; c++)
        if (counts[c]) {
            assert_true(c > ' ' && c < 0x7f && c != '"' && c != '\'' && c != '\\');
            assert_true(n < 64);
            letters[n++] = counts[c];
        }
    assert_int_equal(n, 64);
    assert_true(chi_square(letters, 64, GENERATE_BLOB) < 120);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(xoshiro_gives_the_published_numbers),
        cmocka_unit_test(seeding_is_splitmix64),
        cmocka_unit_test(streams_and_seeds_differ),
        cmocka_unit_test(below_is_uniform),
        cmocka_unit_test(exponential_follows_its_law),
        cmocka_unit_test(zeta_is_right),
        cmocka_unit_test(zipf_follows_its_law),
        cmocka_unit_test(zipf_reaches_every_key_of_any_range),
        cmocka_unit_test(spans_reach_both_ends),
        cmocka_unit_test(the_blob_is_printable_and_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
