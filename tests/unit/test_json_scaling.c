/* The curves and the capacity of a pool as JSON, from a fit with published parameters; and which
 * plateaus lie on which curve. */
#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "engine/figures/plateau.h"
#include "engine/base/err.h"
#include "engine/base/text.h"
#include "ui/json/saved_load.h"
#include "ui/json/scaling.h"
#include "engine/state/snapshot.h"
#include "engine/stats/usl.h"

static struct plateau plateaus[7];
static struct pool_snapshot pool;

static double number(const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);
    if (!json_is_number(v))
        fail_msg("%s is no number", name);
    return json_number_value(v);
}

static int setup(void **state)
{
    static const double n[] = {1, 18, 36, 72, 108, 144, 216};
    static const double x[] = {64.9, 995.9, 1652.4, 1853.2, 1828.9, 1775.0, 1702.2};
    struct usl_point pt[7];
    (void)state;
    memset(&pool, 0, sizeof pool);
    for (unsigned i = 0; i < 7; i++) {
        pt[i] = (struct usl_point){n[i], x[i], 0};
        plateaus[i] =
            (struct plateau){.vars = {.threads = (uint32_t)n[i], .clients = 1, .depth = 1},
                             .in_flight = n[i],
                             .throughput_per_s = x[i],
                             .valid = true};
    }
    plateaus[2].vars.depth = 4; /* lies on another curve */
    plateaus[3].valid = false;  /* lies on this one, though it does not count */
    pool.plateau = plateaus;
    pool.plateaus = 7;
    pool.scalings = 1;
    struct scaling *s = &pool.scaling[0];
    copy_str(s->var, sizeof s->var, "threads");
    s->has = s->fitted = usl_fit(&s->fit, pt, 7, NULL) == 0;
    s->next_n = NAN;
    assert_true(s->fitted);
    return 0;
}

static void test_a_fitted_curve(void **state)
{
    (void)state;
    json_t *all = json_scaling(&pool);
    const json_t *o = json_array_get(all, 0), *range = json_object_get(o, "peak_n_ci95");
    assert_int_equal(json_array_size(all), 1);
    assert_string_equal(json_string_value(json_object_get(o, "var")), "threads");
    assert_float_equal(number(o, "lambda"), 89.9952, 1e-3);
    assert_float_equal(number(o, "sigma"), 0.0277285, 1e-6);
    assert_float_equal(number(o, "kappa"), 1.04366e-4, 1e-8);
    assert_float_equal(number(o, "peak_n"), 96.51956, 1e-2);
    assert_float_equal(json_number_value(json_array_get(range, 0)), 71.6, 0.5);
    assert_float_equal(json_number_value(json_array_get(range, 1)), 121.5, 0.5);
    assert_true(json_is_true(json_object_get(o, "peak_identified")));
    assert_string_equal(json_string_value(json_object_get(o, "phase")), "retrograde");
    assert_string_equal(json_string_value(json_object_get(o, "model")),
                        usl_model_name(pool.scaling[0].fit.best));
    assert_true(json_is_null(json_object_get(o, "why_not")));
    assert_true(json_is_null(json_object_get(o, "next_n")));
    const json_t *points = json_object_get(o, "points");
    assert_int_equal(json_array_size(points), 6);
    assert_int_equal(json_integer_value(json_array_get(points, 2)), 3);
    json_decref(all);
}

/* What a report draws is the law that was fitted. */
static void test_a_curve_is_read_back(void **state)
{
    const struct usl_fit *was = &pool.scaling[0].fit;
    struct member_memory memory = {0};
    struct saved_curve c;
    struct usl_fit f;
    struct err err = {0};
    json_t *all = json_scaling(&pool);
    (void)state;
    assert_int_equal(members_read(&memory, &saved_curve_table, json_array_get(all, 0), &c, &err),
                     0);
    assert_true(saved_fit(&c, &f));
    assert_int_equal(c.points, 6);
    assert_int_equal(c.point[2], 3);
    assert_true(f.fits == was->fits && f.peak_identified && f.best == was->best);
    assert_int_equal(f.phase, was->phase);
    assert_float_equal(f.peak_n_low, was->peak_n_low, 1e-3);
    for (double n = 1; n < 300; n *= 1.5) {
        assert_true(fabs(usl_at(&f, n) / usl_at(was, n) - 1) < 1e-9);
        assert_true(fabs(usl_band(&f, n) / usl_band(was, n) - 1) < 1e-9);
    }
    members_free(&memory);
    json_decref(all);
}

static const char *const only_of_a_curve[] = {
    "peak_n", "peak_n_ci95", "peak_throughput_per_s", "phase", "model", "knee_n", "next_n"};
#define ONLY_OF_A_CURVE (sizeof only_of_a_curve / sizeof *only_of_a_curve)

/* A cliff is measured well, but no law is about it. */
static void test_a_curve_that_does_not_fit(void **state)
{
    const struct usl_point cliff[] = {
        {120, 7647, 0}, {250, 7794, 0}, {400, 7700, 0}, {500, 680, 0}, {600, 690, 0}};
    struct scaling *s = &pool.scaling[0];
    (void)state;
    assert_int_equal(usl_fit(&s->fit, cliff, 5, NULL), 0);
    s->next_n = usl_next(&s->fit, cliff, 5);
    json_t *all = json_scaling(&pool);
    const json_t *o = json_array_get(all, 0);
    assert_true(json_is_false(json_object_get(o, "fits")));
    assert_true(json_is_false(json_object_get(o, "peak_identified")));
    for (size_t i = 0; i < ONLY_OF_A_CURVE; i++)
        if (!json_is_null(json_object_get(o, only_of_a_curve[i])))
            fail_msg("%s is not null", only_of_a_curve[i]);
    json_decref(all);
}

/* An earlier version wrote a phase and a peak where nothing fits: they are not taken from there. */
static void test_an_old_curve_that_does_not_fit(void **state)
{
    struct member_memory memory = {0};
    struct saved_curve c;
    struct usl_fit f;
    struct err err = {0};
    json_t *all = json_scaling(&pool), *o = json_array_get(all, 0);
    (void)state;
    json_object_set_new(o, "fits", json_false());
    assert_int_equal(members_read(&memory, &saved_curve_table, o, &c, &err), 0);
    assert_true(saved_fit(&c, &f));
    assert_true(isnan(f.peak_n) && isnan(f.peak_x) && isnan(f.knee_n) && !f.peak_identified);
    assert_string_equal(usl_phase_name(f.phase), "");
    members_free(&memory);
    json_decref(all);
}

static void test_a_curve_without_a_fit(void **state)
{
    (void)state;
    pool.scaling[0].fitted = false;
    copy_str(pool.scaling[0].why, sizeof pool.scaling[0].why, "2 distinct values of N");
    json_t *all = json_scaling(&pool);
    const json_t *o = json_array_get(all, 0);
    assert_true(json_is_null(json_object_get(o, "lambda")));
    assert_true(json_is_null(json_object_get(o, "phase")));
    assert_true(json_is_false(json_object_get(o, "peak_identified")));
    assert_string_equal(json_string_value(json_object_get(o, "why_not")), "2 distinct values of N");
    json_decref(all);
}

static void test_capacity(void **state)
{
    (void)state;
    json_t *o = json_capacity(&pool);
    assert_true(json_is_null(o));
    json_decref(o);
    pool.capacity = (struct capacity){.known = true, .rate_per_s = 5000, .low = 5000, .high = 5100};
    o = json_capacity(&pool);
    assert_float_equal(number(o, "rate_per_s"), 5000, 1e-9);
    assert_float_equal(json_number_value(json_array_get(json_object_get(o, "ci95"), 1)), 5100,
                       1e-9);
    json_decref(o);
    pool.capacity.high = NAN;
    o = json_capacity(&pool);
    assert_true(json_is_null(json_array_get(json_object_get(o, "ci95"), 1)));
    json_decref(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_fitted_curve, setup),
        cmocka_unit_test_setup(test_a_curve_is_read_back, setup),
        cmocka_unit_test_setup(test_a_curve_that_does_not_fit, setup),
        cmocka_unit_test_setup(test_an_old_curve_that_does_not_fit, setup),
        cmocka_unit_test_setup(test_a_curve_without_a_fit, setup),
        cmocka_unit_test_setup(test_capacity, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
