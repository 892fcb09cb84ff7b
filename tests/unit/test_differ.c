/* Distinguishing differences from noise: tails of t against published tables, and the rates of
 * false findings and of misses over many seeded series, independent and correlated. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "engine/stats/differ.h"
#include "engine/stats/student.h"

static uint64_t seed;

static double uniform(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return ((double)(seed >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(void)
{
    return sqrt(-2 * log(uniform())) * cos(6.283185307179586 * uniform());
}

/* A series about `mean` with a coefficient of variation and a lag-1 autocorrelation. */
static void series(double *v, size_t n, double mean, double cv, double r)
{
    double x = normal();
    for (size_t i = 0; i < n; i++) {
        v[i] = mean * (1 + cv * x);
        x = r * x + sqrt(1 - r * r) * normal();
    }
}

static void test_students_tails(void **state)
{
    /* Two-sided 5 % and 1 % points of the usual tables. */
    static const double table[][3] = {{1, 12.7062, 63.6567}, {2, 4.3027, 9.9248},
                                      {5, 2.5706, 4.0321},   {10, 2.2281, 3.1693},
                                      {30, 2.0423, 2.7500},  {120, 1.9799, 2.6174}};
    (void)state;
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        assert_float_equal(student_p(table[i][1], table[i][0]), 0.05, 1e-5);
        assert_float_equal(student_p(-table[i][2], table[i][0]), 0.01, 1e-5);
    }
    assert_float_equal(student_p(0, 7), 1, 1e-12);
    assert_float_equal(student_p(1, 1), 0.5, 1e-12); /* Cauchy */
}

/* Welch's own kind of example, checked by hand: means 10 and 12, variances
 * of the mean 0.25 and 1. */
static void test_welch(void **state)
{
    static const double a[] = {9, 10, 11, 10, 9, 11}, b[] = {10, 14, 12, 11, 13, 12};
    struct sample x, y;
    struct difference d;
    (void)state;
    sample_of_runs(&x, a, 6);
    sample_of_runs(&y, b, 6);
    assert_float_equal(x.variance, 0.8 / 6, 1e-12);
    assert_float_equal(y.variance, 2.0 / 6, 1e-12);
    differ(&d, &x, &y);
    double se = sqrt(2.8 / 6), df = pow(2.8 / 6, 2) / (pow(0.8 / 6, 2) / 5 + pow(2.0 / 6, 2) / 5);
    assert_float_equal(d.diff, 2, 1e-12);
    assert_float_equal(d.p, student_p(2 / se, df), 1e-12);
    assert_true(d.p > 0.015 && d.p < 0.025);
}

/* Four figures of two halves of one steady run: how often is any of them called real? */
static unsigned false_findings(double r, size_t n)
{
    unsigned found = 0;
    double a[600], b[600];
    for (unsigned run = 0; run < 400; run++) {
        struct difference d[4], *list[4] = {&d[0], &d[1], &d[2], &d[3]};
        bool any = false;
        for (unsigned k = 0; k < 4; k++) {
            struct sample x, y;
            series(a, n, 1000, 0.05, r);
            series(b, n, 1000, 0.05, r);
            sample_of_series(&x, a, n);
            sample_of_series(&y, b, n);
            differ(&d[k], &x, &y);
        }
        differ_holm(list, 4);
        for (unsigned k = 0; k < 4; k++)
            any = any || d[k].real;
        found += any;
    }
    return found;
}

static void test_noise_is_called_noise(void **state)
{
    (void)state;
    seed = 88172645463325252u;
    assert_in_range(false_findings(0, 30), 0, 40); /* at most one in ten */
    assert_in_range(false_findings(0.5, 30), 0, 40);
    assert_in_range(false_findings(0, 300), 0, 40);
    assert_in_range(false_findings(0.8, 300), 0, 40);
}

static void test_three_percent_are_found(void **state)
{
    (void)state;
    unsigned found = 0;
    double a[60], b[60];
    seed = 1234567890123u;
    for (unsigned run = 0; run < 400; run++) {
        struct sample x, y;
        struct difference d[4], *list[4] = {&d[0], &d[1], &d[2], &d[3]};
        for (unsigned k = 0; k < 4; k++) {
            series(a, 60, 1000, 0.02, 0.3);
            series(b, 60, k ? 1000 : 970, 0.02, 0.3);
            sample_of_series(&x, a, 60);
            sample_of_series(&y, b, 60);
            differ(&d[k], &x, &y);
        }
        differ_holm(list, 4);
        found += d[0].real && d[0].diff < 0;
    }
    assert_in_range(found, 360, 400);
}

/* A single change on the screen: up to ten seconds on each side, judged alone. How many of 1,000
 * pairs whose means differ by `by` are called real? */
static unsigned called_real(size_t n, double r, double by)
{
    unsigned found = 0;
    double a[30], b[30];
    for (unsigned run = 0; run < 1000; run++) {
        struct sample x, y;
        struct difference d, *alone[] = {&d};
        series(a, n, 1000, 0.02, r);
        series(b, n, 1000 * (1 + by), 0.02, r);
        sample_of_series(&x, a, n);
        sample_of_series(&y, b, n);
        differ(&d, &x, &y);
        differ_holm(alone, 1);
        assert_int_equal(d.real, d.low > 0 || d.high < 0);
        found += d.real;
    }
    return found;
}

static void test_a_single_change_keeps_to_five_percent(void **state)
{
    (void)state;
    seed = 362436069521288629u;
    /* Without the correction for short series 10 seconds would be at 12 and 18 %. */
    assert_in_range(called_real(10, 0, 0), 10, 50);
    assert_in_range(called_real(10, 0.4, 0), 20, 80);
    assert_in_range(called_real(10, 0.6, 0), 20, 100);
    assert_in_range(called_real(30, 0.4, 0), 20, 65);
    assert_in_range(called_real(30, 0.6, 0), 20, 70);
}

static void test_a_single_change_is_found(void **state)
{
    (void)state;
    seed = 521288629362436069u;
    assert_in_range(called_real(10, 0, 0.05), 850, 1000);
    assert_in_range(called_real(10, 0.4, 0.10), 700, 1000);
    assert_in_range(called_real(4, 0, 0.20), 900, 1000);
}

static void test_what_cannot_be_told(void **state)
{
    static const double few[] = {1, 2, 3}, gaps[] = {1, NAN, 2, INFINITY, 1, 2, 1, 2};
    static const double same[] = {5, 5, 5, 5, 5};
    struct sample x, y;
    struct difference d, *list[1] = {&d};
    (void)state;
    sample_of_series(&x, few, 3);
    sample_of_series(&y, gaps, 8);
    assert_int_equal(y.n, 6);
    assert_float_equal(y.mean, 1.5, 1e-12);
    differ(&d, &x, &y);
    differ_holm(list, 1);
    assert_true(isnan(d.p) && !d.real);
    sample_of_series(&x, NULL, 0);
    assert_true(isnan(x.mean));
    sample_of_series(&x, same, 5);
    sample_of_series(&y, same, 5);
    differ(&d, &x, &y);
    differ_holm(list, 1);
    assert_false(d.real);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_students_tails),
        cmocka_unit_test(test_welch),
        cmocka_unit_test(test_noise_is_called_noise),
        cmocka_unit_test(test_three_percent_are_found),
        cmocka_unit_test(test_a_single_change_keeps_to_five_percent),
        cmocka_unit_test(test_a_single_change_is_found),
        cmocka_unit_test(test_what_cannot_be_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
