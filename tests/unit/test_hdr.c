/* HdrHistogram's encoding: a vector that HdrHistogram's own Java library can read, encoding and
 * decoding every kind of histogram, and bytes that are not such an encoding. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "engine/stats/histogram.h"
#include "engine/stats/packed.h"
#include "engine/base/text.h"
#include "ui/json/hdr.h"
#include "ui/export/hgrm.h"

static struct histogram h, back;

static int setup(void **state)
{
    (void)state;
    return histogram_init(&h) || histogram_init(&back);
}

static int teardown(void **state)
{
    (void)state;
    histogram_fini(&h);
    histogram_fini(&back);
    return 0;
}

static char *encode(void)
{
    struct packed p = packed_of(&h);
    char *s = hdr_encode(p.bytes, p.len);
    free(p.bytes);
    return s;
}

static void need_zlib(void)
{
    if (!hdr_available())
        skip();
}

static void there_and_back(void)
{
    static const double q[] = {0, 0.1, 0.5, 0.9, 0.99, 0.999, 1};
    char *s = encode();
    assert_non_null(s);
    assert_int_equal(hdr_decode(&back, s, strlen(s)), 0);
    assert_true(back.count == h.count);
    for (unsigned i = 0; i < sizeof q / sizeof *q; i++) {
        double a = (double)histogram_quantile(&h, q[i]),
               b = (double)histogram_quantile(&back, q[i]);
        if (fabs(a - b) > 1e-3 * a)
            fail_msg("quantile %g: %g, was %g", q[i], b, a);
    }
    assert_true(fabs(histogram_mean(&back) - histogram_mean(&h)) <= 1e-3 * histogram_mean(&h));
    free(s);
}

static void test_there_and_back(void **state)
{
    (void)state;
    need_zlib();
    uint64_t x = 88172645463325252u;
    histogram_record_n(&h, 0, 1);
    there_and_back();
    for (unsigned i = 0; i < 20000; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        histogram_record_n(&h, (x >> 24) >> (x % 40), 1 + x % 3);
    }
    there_and_back();
    histogram_clear(&h);
    histogram_record_n(&h, HISTOGRAM_MAX_NS, UINT64_C(1) << 40);
    there_and_back();
}

/* Made by org.HdrHistogram.Histogram(1, 4398046511103, 3) with 1, 1000, 1000, 5000000 recorded:
 * encodeIntoCompressedByteBuffer, in base64. */
static void test_what_java_wrote(void **state)
{
    static const char java[] = "HISTFAAAACd4nJNpmSzMwMDAyQABzFCaEcj8DwL2H6AiTKf5WbYeZmQCAMDqCdw=";
    (void)state;
    need_zlib();
    assert_int_equal(hdr_decode(&back, java, strlen(java)), 0);
    assert_true(back.count == 4);
    assert_true(histogram_quantile(&back, 0) == 1);
    assert_true(histogram_quantile(&back, 0.75) == 1000);
    assert_true(histogram_quantile(&back, 1) >= 5000000);
    assert_true(histogram_quantile(&back, 1) <= 5004095);
}

static void test_what_is_none(void **state)
{
    (void)state;
    need_zlib();
    histogram_record_n(&h, 12345, 1);
    char *s = encode();
    size_t len = strlen(s);
    assert_true(hdr_decode(&back, "", 0) < 0);
    assert_true(hdr_decode(&back, "====", 4) < 0);
    assert_true(hdr_decode(&back, "abc", 3) < 0);
    for (size_t cut = 0; cut < len; cut++)
        assert_true(hdr_decode(&back, s, cut) < 0);
    for (size_t i = 0; i < len; i++) { /* whatever is changed: refused, or a histogram */
        char was = s[i];
        s[i] = s[i] == 'A' ? 'B' : 'A';
        (void)hdr_decode(&back, s, len);
        s[i] = '\n';
        assert_true(hdr_decode(&back, s, len) < 0);
        s[i] = was;
    }
    free(s);
}

static void test_percentiles_as_text(void **state)
{
    (void)state;
    struct text t = {0};
    histogram_record_n(&h, 1000000, 50);
    histogram_record_n(&h, 2000000, 50);
    hgrm_text(&h, &t);
    const char *s = text_str(&t);
    assert_non_null(strstr(s, "       Value     Percentile TotalCount 1/(1-Percentile)\n\n"));
    assert_non_null(strstr(s, "\n       1.000 0.500000000000         50           2.00\n"));
    assert_non_null(strstr(s, "\n       2.001 0.550000000000        100           2.22\n"));
    assert_non_null(strstr(s, "\n       2.001 1.000000000000        100\n"
                              "#[Mean    =        1.500, StdDeviation   =        0.500]\n"));
    assert_non_null(strstr(s, "#[Max     =        2.000, Total count    =          100]\n"));
    text_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_there_and_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_java_wrote, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_none, setup, teardown),
        cmocka_unit_test_setup_teardown(test_percentiles_as_text, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
