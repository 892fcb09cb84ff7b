/* Lines, exponents, robust slopes and their parts, against values computed by hand, tables in
 * books, and series made with a known result. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/stats/line.h"
#include "engine/stats/series.h"
#include "engine/stats/spread.h"
#include "engine/stats/student.h"

static void within(double v, double is, double by)
{
    if (!(fabs(v - is) <= by))
        fail_msg("%.17g is not within %g of %.17g", v, by, is);
}

/* Anscombe's first set (The American Statistician 27, 1973): y = 3.00 + 0.500 x, and the standard
 * error of the slope is 0.118. */
static void test_anscombes_line(void **state)
{
    static const double x[] = {10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5};
    static const double y[] = {8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68};
    struct line l;
    (void)state;
    assert_true(line_fit(&l, x, y, 11));
    within(l.slope, 0.5, 0.001);
    within(l.mean_y - l.slope * l.mean_x, 3.0, 0.001);
    within(line_slope_half95(&l) / 2.262157, 0.1179, 0.0001);
    within(line_residual(&l, 10, 8.04), 0.039, 0.001);
}

static void test_no_line(void **state)
{
    static const double x[] = {3, 3, 3}, y[] = {1, 2, 3};
    struct line l;
    (void)state;
    assert_false(line_fit(&l, x, y, 3));
    assert_true(isnan(l.slope));
    assert_false(line_fit(&l, x, y, 0));
    assert_true(isnan(l.slope));
    double more[] = {3, 4};
    assert_true(line_fit(&l, more, y, 2));
    assert_true(isnan(line_slope_half95(&l)));
}

static void test_one_outlier_does_not_bend(void **state)
{
    double x[20], y[20];
    struct robust_slope s;
    struct line l;
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        x[i] = i;
        y[i] = 5 + 2.0 * i + (i % 3) * 0.1;
    }
    y[19] += 1000;
    line_robust(&s, x, y, 20);
    within(s.slope, 2, 0.02);
    assert_true(s.low999 <= s.low95 && s.low95 <= 2 && 2 <= s.high95 && s.high95 <= s.high999);
    line_fit(&l, x, y, 20);
    assert_true(l.slope > 5); /* least squares are bent */
    line_robust(&s, x, y, 1);
    assert_true(isnan(s.slope) && isnan(s.low95) && isnan(s.high999));
}

static void test_series(void **state)
{
    static const double wave[] = {1, -1, 1, -1}, ramp[] = {1, 2, 3, 4, 5}, flat[] = {7, 7, 7};
    double odd[] = {5, 1, 3}, even[] = {4, 1, 3, 2};
    (void)state;
    within(series_mean(ramp, 5), 3, 1e-12);
    within(series_variance(ramp, 5, 3), 2.5, 1e-12);
    within(series_correlation(wave, 4, 0), -0.75, 1e-12);
    within(series_correlation(ramp, 5, 3), 0.4, 1e-12);
    within(series_correlation_unbiased(ramp, 5, 3), 0.4 + 2.6 / 5, 1e-12);
    within(series_correlation(flat, 3, 7), 0, 1e-12);
    within(series_independent(30, 0.5), 10, 1e-12);
    within(series_independent(30, -0.5), 30, 1e-12);
    within(series_median(odd, 3), 3, 1e-12);
    within(series_median(even, 4), 2.5, 1e-12);
    assert_true(isnan(series_mean(odd, 0)) && isnan(series_variance(odd, 1, 1)));
    assert_true(isnan(series_median(odd, 0)));
}

/* Around a mean of a billion: squares of the values would have lost what is sought. */
static void test_spread(void **state)
{
    struct spread s = {0};
    (void)state;
    assert_true(isnan(spread_mean(&s)) && isnan(spread_stdev(&s)));
    spread_add(&s, 1e9 + 4);
    assert_true(isnan(spread_stdev(&s)));
    spread_add(&s, NAN);
    spread_add(&s, 1e9 + 7);
    spread_add(&s, 1e9 + 13);
    spread_add(&s, 1e9 + 16);
    assert_int_equal(s.n, 4);
    within(spread_mean(&s), 1e9 + 10, 1e-6);
    within(spread_stdev(&s), sqrt(30), 1e-9);
    within(s.max - s.min, 12, 1e-9);
}

/* Against the usual tables. */
static void test_quantiles_of_t(void **state)
{
    static const double table[][2] = {{1, 12.7062},   {2, 4.30265},  {5, 2.57058},
                                      {10, 2.22814},  {30, 2.04227}, {120, 1.97993},
                                      {1e5, 1.95999}, {1e9, 1.95996}};
    (void)state;
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++)
        within(student_t95(table[i][0]), table[i][1], 3e-5);
    within(student_t95(0.5), 12.7062, 1e-4);
    within(student_t95(NAN), 12.7062, 1e-4);
    for (double df = 1; df < 1000; df *= 1.3) /* fractions, too */
        within(student_p(student_t95(df), df), 0.05, 1e-6);
}

static void test_growth_has_an_exponent(void **state)
{
    const double n[] = {20, 40, 60, 120};
    double y[4], e, low, high;
    (void)state;
    for (unsigned i = 0; i < 4; i++)
        y[i] = 3e6 * pow(n[i], 1.3);
    assert_true(line_power(n, y, 4, 0, &e, &low, &high));
    assert_true(fabs(e - 1.3) < 1e-9 && high - low < 1e-6);
    for (unsigned i = 0; i < 4; i++)
        y[i] = 2e6 * n[i] * (i % 2 ? 1.05 : 0.95);
    assert_true(line_power(n, y, 4, 0, &e, &low, &high));
    assert_true(low < 1 && 1 < high && high - low > 0.05);
    assert_false(line_power(n, y, 2, 0, &e, &low, &high));
    assert_true(isnan(e));
    const double same[] = {20, 20, 20};
    assert_false(line_power(same, y, 3, 0, &e, &low, &high));
    y[1] = 0;
    assert_false(line_power(n, y, 4, 0, &e, &low, &high));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_anscombes_line),
        cmocka_unit_test(test_no_line),
        cmocka_unit_test(test_one_outlier_does_not_bend),
        cmocka_unit_test(test_growth_has_an_exponent),
        cmocka_unit_test(test_series),
        cmocka_unit_test(test_spread),
        cmocka_unit_test(test_quantiles_of_t),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
