/* The scaling law against published fits. */
#include "engine/base/err.h"
#include "engine/stats/usl.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void near(double v, double truth, double share)
{
    if (!(fabs(v - truth) <= share * fabs(truth)))
        fail_msg("%.8g is not within %g %% of %.8g", v, 100 * share, truth);
}

/* SPEC SDM91, as fitted in Gunther's Guerrilla Capacity Planning and by R's usl package. */
static const struct usl_point specsdm91[] = {{1, 64.9, 0},    {18, 995.9, 0},   {36, 1652.4, 0},
                                             {72, 1853.2, 0}, {108, 1828.9, 0}, {144, 1775.0, 0},
                                             {216, 1702.2, 0}};

static void test_specsdm91(void **state)
{
    (void)state;
    struct usl_fit f;
    assert_int_equal(usl_fit(&f, specsdm91, 7, NULL), 0);
    near(f.lambda, 89.9952, 1e-4);
    near(f.sigma, 0.0277285, 1e-4);
    near(f.kappa, 1.04366e-4, 1e-4);
    near(f.peak_n, 96.51956, 1e-4);
    near(f.peak_x, 1884, 1e-3);
    near(f.se_lambda, 14.2135, 0.01);
    near(f.se_sigma, 9.1217e-3, 0.01);
    near(f.se_kappa, 1.9875e-5, 0.01);
    near(f.peak_n_low, 71.6, 0.01);
    near(f.peak_n_high, 121.5, 0.01);
    assert_true(f.peak_identified);
    assert_int_equal(f.phase, PHASE_RETROGRADE);
    assert_true(f.fits);
}

static void test_raytracer_has_no_peak(void **state)
{
    (void)state;
    const double n[] = {1, 4, 8, 12, 16, 20, 24, 28, 32, 48, 64};
    const double x[] = {20, 78, 130, 170, 190, 200, 210, 230, 260, 280, 310};
    struct usl_point p[11];
    struct usl_fit f;
    for (unsigned i = 0; i < 11; i++)
        p[10 - i] = (struct usl_point){n[i], x[i], 0}; /* unsorted is as good */
    assert_int_equal(usl_fit(&f, p, 11, NULL), 0);
    near(f.lambda, 21.84884, 1e-4);
    near(f.sigma, 0.05777078, 1e-4);
    assert_true(f.kappa <= 0 && f.kappa >= 0);
    assert_false(f.peak_identified);
    assert_true(isnan(f.peak_n));
    assert_int_equal(f.best, USL_AMDAHL);
}

static void test_exact_data_give_back_their_parameters(void **state)
{
    (void)state;
    struct usl_point p[12];
    struct usl_fit f;
    for (unsigned i = 0; i < 12; i++) {
        double n = 1 << (i / 2) | (i & 1 ? 3 : 0);
        p[i] = (struct usl_point){n, 1e6 * n / (1 + 0.05 * (n - 1) + 2e-3 * n * (n - 1)), 1};
    }
    assert_int_equal(usl_fit(&f, p, 12, NULL), 0);
    near(f.lambda, 1e6, 1e-6);
    near(f.sigma, 0.05, 1e-5);
    near(f.kappa, 2e-3, 1e-5);
    near(usl_at(&f, 10), 1e7 / (1 + 0.45 + 0.18), 1e-5);
}

static void test_data_that_cannot_carry_a_fit_are_refused(void **state)
{
    (void)state;
    struct usl_fit f;
    struct err err = {0};
    const struct usl_point few[] = {{1, 10, 0}, {2, 19, 0}, {2, 18, 0}, {1, 11, 0}};
    const struct usl_point bad[] = {{1, 10, 0}, {2, NAN, 0}, {3, 20, 0}};
    const struct usl_point zero[] = {{1, 10, 0}, {0, 12, 0}, {3, 20, 0}};
    assert_int_equal(usl_fit(&f, few, 4, &err), ERR_USAGE);
    assert_non_null(strstr(err.msg, "2 distinct"));
    assert_int_equal(usl_fit(&f, bad, 3, &err), ERR_USAGE);
    assert_int_equal(usl_fit(&f, zero, 3, &err), ERR_USAGE);
    assert_int_equal(usl_fit(&f, bad, 0, &err), ERR_USAGE);
}

static void test_three_points_have_a_curve_and_no_interval(void **state)
{
    (void)state;
    struct usl_fit f;
    const struct usl_point p[] = {{1, 100, 0}, {8, 500, 0}, {32, 600, 0}};
    assert_int_equal(usl_fit(&f, p, 3, NULL), 0);
    near(usl_at(&f, 8), 500, 1e-3);
    assert_false(f.peak_identified);
    assert_true(isnan(f.se_kappa));
}

static void test_a_cliff_is_not_given_a_nice_line(void **state)
{
    (void)state;
    struct usl_fit f;
    const struct usl_point p[] = {
        {120, 7647, 0}, {250, 7794, 0}, {400, 7700, 0}, {500, 680, 0}, {600, 690, 0}};
    assert_int_equal(usl_fit(&f, p, 5, NULL), 0);
    assert_false(f.fits);
    assert_false(f.peak_identified);
    assert_true(isnan(f.peak_n) && isnan(f.peak_x) && isnan(f.peak_n_low) && isnan(f.peak_n_high));
    assert_true(isnan(f.knee_n));
    assert_string_equal(usl_phase_name(f.phase), "");
    assert_true(isnan(usl_next(&f, p, 5)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_specsdm91),
        cmocka_unit_test(test_raytracer_has_no_peak),
        cmocka_unit_test(test_exact_data_give_back_their_parameters),
        cmocka_unit_test(test_data_that_cannot_carry_a_fit_are_refused),
        cmocka_unit_test(test_three_points_have_a_curve_and_no_interval),
        cmocka_unit_test(test_a_cliff_is_not_given_a_nice_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
