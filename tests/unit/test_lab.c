/* The scaling lab on virtual time: sweeps, plateaus and the capacity search against known truths.
 *
 * One thread: nothing for ThreadSanitizer to see (ctest: not-tsan). */
#include "virtual_run.h"

#include "engine/plateau.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define S UINT64_C(1000000000)

static struct engine *sweep(struct scenario *s, const char *url, const char *spec)
{
    const char *const urls[] = {url, NULL};
    struct err err = {0};
    struct engine *e = virtual_start(s, urls);
    if (engine_send_text(e, spec, BY_COMMAND, &err) < 0)
        fail_msg("%s", err.msg);
    return e;
}

/* Steps until the sweep has ended, at most `most` seconds. */
static const struct snapshot *finish(struct engine *e, double most)
{
    const struct snapshot *n = NULL;
    for (double t = 1; t < most; t++) {
        engine_step(e, (uint64_t)(t * 1e9));
        snapshot_release(n);
        n = engine_snapshot(e);
        if (t > 2 && !n->sweep.on)
            return n;
    }
    fail_msg("the sweep did not end within %g s of virtual time: %s", most, n->sweep.now);
    return n;
}

static void within(double v, double truth, double share)
{
    if (!(fabs(v - truth) <= share * fabs(truth)))
        fail_msg("%g is not within %g %% of %g", v, 100 * share, truth);
}

static void test_a_sweep_finds_the_law_that_was_set(void **state)
{
    (void)state;
    const unsigned runs = getenv("LOADTOP_SOAK") ? 100 : 20;
    unsigned covered = 0;
    double sigma = 0.03, kappa = 0.0008, truth = sqrt((1 - sigma) / kappa);
    for (unsigned seed = 1; seed <= runs; seed++) {
        char url[160];
        struct scenario s;
        snprintf(url, sizeof url, "null:?lambda=200&sigma=%g&kappa=%g&dist=exp&seed=%u", sigma,
                 kappa, seed);
        struct engine *e = sweep(&s, url, "sweep clients=1,2,4,8,12,18,27,40,60,90 hold=10s");
        const struct snapshot *n = finish(e, 300);
        const struct pool_snapshot *p = &n->pool[0];
        assert_true(p->scalings >= 1);
        const struct scaling *sc = &p->scaling[0];
        assert_string_equal(sc->var, "clients");
        assert_true(sc->fitted);
        assert_true(sc->fit.peak_identified);
        within(sc->fit.sigma, sigma, 0.35);
        within(sc->fit.kappa, kappa, 0.10);
        covered += sc->fit.peak_n_low <= truth && truth <= sc->fit.peak_n_high;
        assert_int_equal(sc->fit.phase, PHASE_RETROGRADE);
        snapshot_release(n);
        virtual_end(e, &s);
    }
    if (covered * 10 < runs * 9)
        fail_msg("the 95 %% interval of N* holds the truth in %u of %u runs", covered, runs);
}

static void test_auto_stops_when_the_curve_has_turned(void **state)
{
    (void)state;
    struct scenario s;
    struct engine *e = sweep(&s, "null:?lambda=1000&sigma=0.02&kappa=0.01", "sweep clients=auto");
    const struct snapshot *n = finish(e, 400);
    const struct pool_snapshot *p = &n->pool[0];
    assert_true(p->plateaus >= 6 &&
                p->plateaus <= 9); /* N* is 10: 16 is below 95 %, and so is 32 */
    assert_true(p->load.clients <= 64);
    snapshot_release(n);
    virtual_end(e, &s);
}

static void test_a_grid_visits_every_cell_once(void **state)
{
    (void)state;
    struct scenario s;
    struct engine *e =
        sweep(&s, "null:?service=1ms", "sweep threads=1,2,4 depth=1,5,10 order=random hold=4s");
    unsigned seen[5][11] = {{0}};
    assert_int_equal(engine_send_text(e, "pattern batch", BY_SWEEP, NULL), 0);
    const struct snapshot *n = finish(e, 200);
    for (unsigned i = 0; i < n->pool[0].plateaus; i++) {
        const struct plateau *p = &n->pool[0].plateau[i];
        if (p->end_s - p->start_s > 2)
            seen[p->vars.threads][p->vars.depth]++;
    }
    const unsigned threads[] = {1, 2, 4}, depth[] = {1, 5, 10};
    for (unsigned i = 0; i < 3; i++)
        for (unsigned k = 0; k < 3; k++)
            assert_true(seen[threads[i]][depth[k]] >= 1);
    snapshot_release(n);
    virtual_end(e, &s);
}

static void test_noise_is_accepted_and_drift_is_not(void **state)
{
    (void)state;
    unsigned noisy = 0, drifting = 0, runs = 40;
    for (unsigned seed = 1; seed <= runs; seed++) {
        char url[128];
        for (unsigned drift = 0; drift < 2; drift++) {
            struct scenario s;
            snprintf(url, sizeof url, "null:?service=2ms&dist=exp&clients=8&seed=%u%s", seed,
                     drift ? "&drift=0.5" : "");
            const char *const urls[] = {url, NULL};
            struct engine *e = virtual_start(&s, urls);
            engine_step(e, 12 * S);
            const struct snapshot *n = engine_snapshot(e);
            if (drift)
                drifting += n->pool[0].plateau_on;
            else
                noisy += n->pool[0].plateau_on;
            snapshot_release(n);
            virtual_end(e, &s);
        }
    }
    if (noisy * 100 < runs * 95 || drifting)
        fail_msg("of %u, %u noisy stretches and %u drifting ones were accepted", runs, noisy,
                 drifting);
}

static void test_capacity_is_found_within_3_percent(void **state)
{
    (void)state;
    struct scenario s;
    struct engine *e =
        sweep(&s, "null:?service=2ms&servers=5&clients=200", "sweep capacity from=100/s");
    const struct snapshot *n = finish(e, 1000);
    assert_true(n->pool[0].capacity.known);
    within(n->pool[0].capacity.rate_per_s, 2500, 0.03);
    snapshot_release(n);
    virtual_end(e, &s);
}

/* The rates on the way break the threshold; the run is judged by the rate that was found. */
static void test_a_run_for_capacity_is_judged_at_it(void **state)
{
    (void)state;
    struct scenario s;
    struct options defaults;
    struct err err = {0};
    scenario_init(&s);
    options_init(&defaults, pool_option_table);
    assert_int_equal(
        scenario_add(&s, "null:?service=2ms&servers=5&clients=200", &defaults, backends, &err), 0);
    assert_int_equal(threshold_parse(&s.threshold[s.thresholds++], "max<60ms", &err), 0);
    snprintf(s.sweep, sizeof s.sweep, "capacity from=100/s");
    struct engine *e = engine_new(&s, backends, true, &err);
    assert_int_equal(engine_start(e, &err), 0);
    assert_int_equal(engine_send_text(e, "sweep capacity from=100/s", BY_COMMAND, &err), 0);
    const struct snapshot *n = finish(e, 1000);
    const struct pool_snapshot *p = &n->pool[0];
    within(p->capacity.rate_per_s, 2500, 0.06);
    assert_true((double)p->response.max > 60e6);
    assert_true(n->threshold[0].ok);
    assert_true(n->threshold[0].value > 1999 && n->threshold[0].value < 60000);
    snapshot_release(n);
    options_fini(&defaults);
    virtual_end(e, &s);
}

static void test_a_change_by_hand_ends_the_sweep_and_keeps_its_points(void **state)
{
    (void)state;
    struct scenario s;
    struct engine *e = sweep(&s, "null:?service=1ms", "sweep threads=1,2,3,4,5,6 hold=5s");
    engine_step(e, 13 * S);
    assert_int_equal(engine_send_text(e, "threads 8", BY_KEY, NULL), 0);
    engine_step(e, 14 * S);
    const struct snapshot *n = engine_snapshot(e);
    assert_false(n->sweep.on);
    assert_true(n->pool[0].plateaus >= 2);
    assert_int_equal(n->pool[0].load.threads, 8);
    snapshot_release(n);
    virtual_end(e, &s);
}

static void test_a_bad_sweep_is_refused(void **state)
{
    (void)state;
    const char *const bad[] = {"sweep threads=",        "sweep thraeds=1,2",
                               "sweep threads=1..0",    "sweep threads=1 depth=1 clients=1",
                               "sweep capacity upto=3", "sweep threads=1,2 hold=1"};
    struct scenario s;
    const char *const urls[] = {"null:", NULL};
    struct engine *e = virtual_start(&s, urls);
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err err = {0};
        if (engine_send_text(e, bad[i], BY_COMMAND, &err) < 0)
            continue;
        engine_step(e, (i + 1) * S);
        const struct snapshot *n = engine_snapshot(e);
        if (n->sweep.on)
            fail_msg("'%s' was taken", bad[i]);
        assert_non_null(strstr(n->message, "s"));
        snapshot_release(n);
    }
    virtual_end(e, &s);
}

static void test_a_trend_is_told_from_noise(void **state)
{
    (void)state;
    double flat[20], slope[20];
    struct trend t;
    for (unsigned i = 0; i < 20; i++) {
        flat[i] = 100 + (i % 3) - 1;
        slope[i] = flat[i] + i;
    }
    trend_of(flat, 20, &t);
    assert_true(fabs(t.t) < 2.9);
    within(t.mean, 100, 0.01);
    trend_of(slope, 20, &t);
    assert_true(t.t > 2.9);
    within(t.drift, 20 / 109.5, 0.05);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_sweep_finds_the_law_that_was_set),
        cmocka_unit_test(test_auto_stops_when_the_curve_has_turned),
        cmocka_unit_test(test_a_grid_visits_every_cell_once),
        cmocka_unit_test(test_noise_is_accepted_and_drift_is_not),
        cmocka_unit_test(test_capacity_is_found_within_3_percent),
        cmocka_unit_test(test_a_run_for_capacity_is_judged_at_it),
        cmocka_unit_test(test_a_change_by_hand_ends_the_sweep_and_keeps_its_points),
        cmocka_unit_test(test_a_bad_sweep_is_refused),
        cmocka_unit_test(test_a_trend_is_told_from_noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
