/* The scaling lab on virtual time: sweeps, plateaus and the capacity search against services with
 * known results.
 *
 * One thread: nothing for ThreadSanitizer to see (ctest: not-tsan, ctest: long). */
#include "virtual_run.h"

#include "engine/os/machine.h"
#include "engine/figures/plateau.h"
#include "engine/stats/usl.h"
#include "engine/engine.h"
#include "engine/base/err.h"
#include "engine/figures/scaling.h"
#include "engine/state/snapshot.h"
#include "engine/stats/trend.h"
#include "engine/state/sweep_shown.h"

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

/* The phase at n by the definitions in usl.h, from the parameters that were set. */
static enum usl_phase true_phase(double n, double sigma, double kappa)
{
    struct usl_fit law = {.lambda = 1, .sigma = sigma, .kappa = kappa};
    law.peak_n = sqrt((1 - sigma) / kappa);
    law.peak_x = usl_at(&law, law.peak_n);
    return usl_phase_at(&law, n);
}

/* 90 % of the efficiency at one: 1 + s (n - 1) + k n (n - 1) = 1 / 0.9. */
static double true_knee(double s, double k)
{
    double low = 1, high = 1000;
    while (high - low > 1e-6) {
        double n = (low + high) / 2;
        if (1 + s * (n - 1) + k * n * (n - 1) < 1 / 0.9)
            low = n;
        else
            high = n;
    }
    return low;
}

static void test_a_sweep_finds_the_law_that_was_set(void **state)
{
    (void)state;
    const unsigned runs = getenv("LOADTOP_SOAK") ? 100 : virtual_repeats(20);
    unsigned covered = 0;
    double sigma = 0.05, kappa = 0.0005, truth = sqrt((1 - sigma) / kappa);
    for (unsigned seed = 1; seed <= runs; seed++) {
        char url[160];
        struct scenario s;
        snprintf(url, sizeof url, "null:?lambda=1000&sigma=%g&kappa=%g&dist=exp&seed=%u", sigma,
                 kappa, seed);
        struct engine *e = sweep(&s, url, "sweep clients=1,2,4,8,12,18,27,40,60,90 hold=7s");
        const struct snapshot *n = finish(e, 300);
        const struct pool_snapshot *p = &n->pool[0];
        assert_true(p->scalings >= 1);
        const struct scaling *sc = &p->scaling[0];
        assert_string_equal(sc->var, "clients");
        assert_true(sc->points >= 9); /* one in a hundred is refused by chance */
        assert_true(sc->fitted && sc->fit.fits && sc->fit.peak_identified);
        within(sc->fit.lambda, 1000, 0.05);
        within(sc->fit.sigma, sigma, 0.10);
        within(sc->fit.kappa, kappa, 0.10);
        within(sc->fit.knee_n, true_knee(sigma, kappa), 0.10);
        covered += sc->fit.peak_n_low <= truth && truth <= sc->fit.peak_n_high;
        assert_int_equal(sc->fit.best, USL_FULL);
        for (unsigned i = 0; i < p->plateaus; i++) /* well inside of each phase it must be right */
            if (p->plateau[i].vars.clients != 27)
                assert_int_equal(usl_phase_at(&sc->fit, p->plateau[i].in_flight),
                                 true_phase(p->plateau[i].vars.clients, sigma, kappa));
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
    /* N* is 10: 16 is below 95 %, and so is 32 */
    assert_true(p->plateaus >= 6 && p->plateaus <= 9);
    assert_true(p->load.clients <= 64);
    snapshot_release(n);
    virtual_end(e, &s);
}

/* N* is 10: 16 and 32 are below 95 % of the highest. A list ends there too, and goes on if asked;
 * of four values all are measured, and so are all with `whole`, in random order, or of a grid. */
static void test_a_list_stops_when_the_curve_has_turned(void **state)
{
    (void)state;
    static const char *const all[] = {
        "sweep clients=1,2,4,8,16,32,64,96 whole", "sweep clients=1,2,4,8,16,32,64,96 order=random",
        "sweep clients=8,32,64,96", "sweep clients=2,4,8,16,32,64,96 threads=1"};
    const char *url = "null:?lambda=1000&sigma=0.02&kappa=0.01";
    struct scenario s;
    struct engine *e = sweep(&s, url, "sweep clients=1,2,4,8,16,32,64,96");
    const struct snapshot *n = finish(e, 400);
    assert_int_equal(n->sweep.steady, 6);
    assert_true(n->sweep.resumable);
    assert_non_null(strstr(n->sweep.ended, "the curve has turned"));
    assert_true(n->pool[0].scaling[0].fit.peak_identified);
    struct err err = {0};
    assert_true(engine_send_text(e, "sweep resume", BY_KEY, &err) > 0);
    for (double t = 100; t < 130; t++)
        engine_step(e, (uint64_t)(t * 1e9));
    snapshot_release(n);
    n = engine_snapshot(e);
    assert_int_equal(n->sweep.steady, 8);
    assert_string_equal(n->sweep.ended, "done");
    snapshot_release(n);
    virtual_end(e, &s);
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        e = sweep(&s, url, all[i]);
        n = finish(e, 400);
        assert_string_equal(n->sweep.ended, "done");
        assert_int_equal(n->sweep.steady, n->sweep.cells);
        snapshot_release(n);
        virtual_end(e, &s);
    }
}

/* A cell is its plateau, value by value. */
static void is_its_plateau(const struct sweep_cell *c, const struct pool_snapshot *p)
{
    for (unsigned i = 0; i < p->plateaus; i++)
        if (fabs(p->plateau[i].start_s - c->at.start_s) < 1e-9) {
            assert_memory_equal(&p->plateau[i], &c->at, sizeof c->at);
            return;
        }
    fail_msg("a steady cell has no plateau");
}

static void test_a_grid_has_a_plateau_in_every_cell(void **state)
{
    (void)state;
    struct scenario s;
    struct engine *e = sweep(&s, "null:?service=1ms&pattern=batch",
                             "sweep threads=1,2,4 depth=1,5,10 order=random hold=4s");
    const struct snapshot *n = finish(e, 200);
    const struct sweep_snapshot *g = &n->sweep;
    const unsigned threads[] = {1, 2, 4}, depth[] = {1, 5, 10};
    assert_int_equal(g->axes, 2);
    assert_int_equal(g->cells, 9);
    assert_int_equal(g->steady, 9);
    assert_false(g->resumable);
    assert_string_equal(g->ended, "done");
    for (unsigned i = 0; i < 9; i++) {
        const struct sweep_cell *c = &g->cell[i];
        bool sound;
        assert_int_equal(c->state, CELL_STEADY);
        assert_true(c->at.valid);
        assert_int_equal(c->at.vars.threads, threads[i / 3]);
        assert_int_equal(c->at.vars.depth, depth[i % 3]);
        is_its_plateau(c, &n->pool[0]);
        /* a service without limits: X = threads x depth / 1 ms */
        within(c->at.throughput_per_s, 1000.0 * threads[i / 3] * depth[i % 3], 0.01);
        within(c->at.in_flight, (double)threads[i / 3] * depth[i % 3], 0.01);
        within(sweep_relative(g, i, 0, &sound), 1, 0.01); /* efficiency */
        assert_true(sound);
        within(sweep_relative(g, i, 1, &sound), depth[i % 3], 0.01); /* gain */
    }
    snapshot_release(n);
    virtual_end(e, &s);
}

/* What has no depth is measured once, and is what its column and its row are compared with. */
static void test_patterns_without_depth_are_measured_once(void **state)
{
    (void)state;
    static const char *const spec[] = {"sweep pattern=sync,batch,chain depth=1,5,10 hold=4s",
                                       "sweep depth=1,5,10 pattern=sync,batch,chain hold=4s"};
    for (unsigned turned = 0; turned < 2; turned++) {
        struct scenario s;
        struct engine *e = sweep(&s, "null:?service=1ms", spec[turned]);
        const struct snapshot *n = finish(e, 200);
        const struct sweep_snapshot *g = &n->sweep;
        const unsigned depth[] = {1, 5, 10};
        bool sound;
        assert_int_equal(g->cells, 9);
        assert_int_equal(g->steady, 7);
        assert_int_equal(g->same, 2);
        assert_false(g->resumable);
        assert_string_equal(g->ended, "done");
        for (unsigned k = 0; k < 3; k++)
            for (unsigned d = 0; d < 3; d++) {
                unsigned i = turned ? 3 * d + k : 3 * k + d;
                assert_int_equal(g->cell[i].state, k == 0 && d > 0 ? CELL_SAME : CELL_STEADY);
                if (k == 0 && d > 0) {
                    assert_true(isnan(sweep_relative(g, i, 0, &sound)));
                    assert_true(isnan(sweep_relative(g, i, 1, &sound)));
                    continue;
                }
                within(g->cell[i].at.throughput_per_s, 1000.0 * depth[d], 0.01);
                within(sweep_relative(g, i, turned, &sound), depth[d], 0.01); /* against sync */
                assert_true(sound);
                within(sweep_relative(g, i, !turned, &sound), depth[d], 0.01); /* depth 1 */
            }
        snapshot_release(n);
        virtual_end(e, &s);
    }
}

static void test_options_are_swept_too_and_make_curves_of_their_own(void **state)
{
    (void)state;
    struct scenario s;
    struct engine *e =
        sweep(&s, "null:?service=1ms", "sweep service=1ms,2ms threads=1,2,4 hold=4s");
    const struct snapshot *n = finish(e, 200);
    const struct pool_snapshot *p = &n->pool[0];
    bool sound;
    assert_int_equal(n->sweep.steady, 6);
    within(sweep_relative(&n->sweep, 3, 0, &sound), 0.5, 0.01); /* half the speed */
    within(sweep_relative(&n->sweep, 5, 1, &sound), 1, 0.01);
    assert_true(p->scalings >= 1);
    assert_int_equal(p->scaling[0].points, 3); /* those of 2 ms alone */
    within(p->scaling[0].fit.lambda, 500, 0.01);
    snapshot_release(n);
    virtual_end(e, &s);
}

static const struct snapshot *at(struct engine *e, double t_s, const struct snapshot *old)
{
    snapshot_release(old);
    engine_step(e, (uint64_t)(t_s * 1e9));
    return engine_snapshot(e);
}

static void send(struct engine *e, const char *text, enum origin by)
{
    struct err err = {0};
    if (engine_send_text(e, text, by, &err) < 0)
        fail_msg("%s: %s", text, err.msg);
}

/* Ended by a pause, resumed, begun again after a change, and complete. */
static void test_a_sweep_is_resumed_with_its_points(void **state)
{
    (void)state;
    struct scenario s;
    struct engine *e = sweep(&s, "null:?service=1ms", "sweep threads=1,2,3,4 hold=5s");
    const struct snapshot *n = at(e, 13, NULL);
    assert_true(n->sweep.on);
    within(n->sweep.left_s, 8, 0.2);
    send(e, "pause", BY_KEY);
    n = at(e, 15, n);
    assert_false(n->sweep.on);
    assert_true(n->sweep.resumable);
    assert_non_null(strstr(n->sweep.ended, "pause"));
    assert_int_equal(n->sweep.steady, 2);
    double first = n->sweep.cell[0].at.start_s;
    send(e, "resume", BY_KEY);
    send(e, "sweep resume", BY_KEY);
    n = at(e, 16, n);
    assert_true(n->sweep.on);
    n = at(e, 28, n);
    assert_false(n->sweep.on);
    assert_int_equal(n->sweep.steady, 4);
    assert_true(fabs(n->sweep.cell[0].at.start_s - first) < 1e-9); /* not measured again */
    assert_false(n->sweep.resumable);
    send(e, "sweep resume", BY_KEY); /* nothing is left */
    n = at(e, 29, n);
    assert_non_null(strstr(n->message, "complete"));
    snapshot_release(n);
    virtual_end(e, &s);
}

/* A sweep ends when its pool is changed by hand, not when a command changes nothing. */
static void test_only_a_change_ends_a_sweep(void **state)
{
    static const char *const nothing[] = {"clients 2",   "1 clients 2",  "clients -5",
                                          "rate off",    "pattern sync", "set service 1ms",
                                          "b clients 3", "set nosuch 1", "resume"};
    static const char *const change[] = {"clients 3", "pause", "a set service 2ms", "remove a"};
    (void)state;
    for (unsigned i = 0; i < sizeof change / sizeof *change; i++) {
        static const char *const urls[] = {"null:?service=1ms&clients=2&name=a",
                                           "null:?service=1ms&clients=2&name=b", NULL};
        struct scenario s;
        struct engine *e = virtual_start(&s, urls);
        const struct snapshot *n = at(e, 2, NULL);
        send(e, "sweep a threads=1,2,3 hold=100s", BY_COMMAND);
        for (unsigned k = 0; k < sizeof nothing / sizeof *nothing; k++) {
            send(e, nothing[k], BY_KEY);
            n = at(e, 10 + k, n);
            if (!n->sweep.on)
                fail_msg("%s: the sweep ended: %s", nothing[k], n->sweep.ended);
        }
        send(e, change[i], BY_KEY);
        n = at(e, 30, n);
        assert_false(n->sweep.on);
        assert_non_null(strstr(n->sweep.ended, "was changed by hand"));
        const struct event *ended = NULL;
        for (unsigned k = 0; k < n->events; k++)
            if (n->event[k].kind == EVENT_SWEEP_END)
                ended = &n->event[k];
        assert_non_null(ended);
        assert_string_equal(ended->pool, "a");
        snapshot_release(n);
        virtual_end(e, &s);
    }
}

static void test_what_was_changed_in_between_does_not_belong(void **state)
{
    (void)state;
    struct scenario s;
    struct engine *e = sweep(&s, "null:?service=1ms", "sweep threads=1,2,3,4 hold=5s");
    const struct snapshot *n = at(e, 13, NULL);
    send(e, "sweep stop", BY_KEY);
    send(e, "set service 2ms", BY_KEY);
    send(e, "sweep resume", BY_KEY);
    n = at(e, 14, n);
    assert_false(n->sweep.on);
    assert_non_null(strstr(n->message, "was changed since"));
    send(e, "sweep threads=1,2,3,4 hold=5s", BY_KEY); /* the same sweep, but of another pool */
    n = at(e, 15, n);
    assert_true(n->sweep.on);
    assert_int_equal(n->sweep.steady, 0);
    assert_int_equal(n->pasts, 1); /* what the first one found stays */
    assert_int_equal(n->past[0]->steady, 2);
    n = at(e, 40, n);
    assert_int_equal(n->sweep.steady, 4);
    within(n->sweep.cell[0].at.throughput_per_s, 500, 0.01);
    snapshot_release(n);
    virtual_end(e, &s);
}

static void test_an_unsteady_step_is_hollow_and_can_be_made_up_for(void **state)
{
    (void)state;
    struct scenario s;
    struct engine *e = sweep(&s, "null:?service=5ms&drift=12", "sweep threads=1,2 hold=4s");
    const struct snapshot *n = finish(e, 60);
    assert_int_equal(n->sweep.steady, 0);
    assert_int_equal(n->sweep.unsteady, 2);
    assert_true(n->sweep.resumable);
    for (unsigned i = 0; i < 2; i++) {
        const struct sweep_cell *c = &n->sweep.cell[i];
        assert_int_equal(c->state, CELL_UNSTEADY);
        assert_false(c->at.valid);
        assert_non_null(strstr(c->at.why_not, "drifts"));
        assert_true(c->at.throughput_per_s > 0);
        assert_true(isnan(c->at.ci95));
    }
    snapshot_release(n);
    virtual_end(e, &s);
}

/* After 12 s a noisy period is a plateau; one that drifts by half a minute's throughput never left
 * a point that counts, at no second. */
static void test_noise_is_accepted_and_drift_is_not(void **state)
{
    (void)state;
    unsigned noisy = 0, drifting = 0, runs = getenv("LOADTOP_SOAK") ? 200 : 60;
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
            const struct pool_snapshot *p = &n->pool[0];
            if (!drift)
                noisy += p->plateau_on;
            for (unsigned i = 0; drift && i < p->plateaus; i++)
                drifting += p->plateau[i].valid;
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

/* --max-rate is the highest rate that is tried, and it is tried; also where it is below the first. */
static void test_a_ceiling_bounds_the_search(void **state)
{
    static const double most[] = {500, 3000};
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        static const char *const urls[] = {"null:?service=1ms&clients=200", NULL};
        struct scenario s;
        virtual_scenario(&s, urls);
        s.limits.max_rate = most[i];
        struct engine *e = virtual_begin(&s);
        send(e, "sweep capacity", BY_COMMAND);
        const struct snapshot *n = finish(e, 1000);
        assert_true(n->pool[0].capacity.known);
        assert_int_equal(n->pool[0].capacity.limited_by, CAPACITY_BOUND);
        within(n->pool[0].capacity.rate_per_s, most[i], 1e-9);
        snapshot_release(n);
        virtual_end(e, &s);
    }
}

/* A stall of a second breaks the probe that it falls into: it is no limit, and is not taken for
 * one. */
static void test_a_stall_is_not_the_capacity(void **state)
{
    (void)state;
    for (unsigned at = 12; at <= 30; at += 6) {
        struct scenario s;
        char url[128];
        snprintf(url, sizeof url, "null:?service=2ms&servers=5&clients=200&stall=%us+1s", at);
        const char *const urls[] = {url, NULL};
        struct engine *e = virtual_start_with(&s, urls, "p99<50ms");
        struct err err = {0};
        assert_true(engine_send_text(e, "sweep capacity from=400/s hold=5s", BY_COMMAND, &err) > 0);
        const struct snapshot *n = finish(e, 1000);
        const struct capacity *c = &n->pool[0].capacity;
        assert_true(c->known);
        within(c->rate_per_s, 2500, 0.03);
        assert_true(c->high > c->rate_per_s);
        assert_int_equal(c->limited_by, CAPACITY_SERVER);
        assert_true(*c->why); /* what broke there */
        snapshot_release(n);
        virtual_end(e, &s);
    }
}

/* What ten clients get through is not what the service can do: it has no limit of its own. */
static void test_a_capacity_of_the_clients_says_so(void **state)
{
    (void)state;
    char words[256];
    struct scenario s;
    struct engine *e = sweep(&s, "null:?service=10ms&clients=10", "sweep capacity from=300/s");
    const struct snapshot *n = finish(e, 1000);
    assert_true(n->pool[0].capacity.known);
    within(n->pool[0].capacity.rate_per_s, 1000, 0.03);
    assert_int_equal(n->pool[0].capacity.limited_by, CAPACITY_CLIENTS);
    assert_non_null(
        strstr(capacity_words(&n->pool[0].capacity, words, sizeof words), "more may carry more"));
    snapshot_release(n);
    virtual_end(e, &s);
    e = sweep(&s, "null:?service=10ms&clients=10", "sweep capacity from=300/s to=600/s");
    n = finish(e, 1000);
    assert_true(n->pool[0].capacity.known);
    assert_int_equal(n->pool[0].capacity.limited_by, CAPACITY_BOUND);
    assert_true(isnan(n->pool[0].capacity.high));
    assert_non_null(strstr(n->sweep.ended, "at least"));
    assert_non_null(
        strstr(capacity_words(&n->pool[0].capacity, words, sizeof words), "at least 600/s"));
    snapshot_release(n);
    virtual_end(e, &s);
}

/* Too slow to have a p99.9 within ten times the hold: then none is claimed. */
static void test_too_few_operations_are_no_capacity(void **state)
{
    (void)state;
    struct scenario s;
    const char *const urls[] = {"null:?service=100ms&servers=1&clients=20", NULL};
    struct engine *e = virtual_start_with(&s, urls, "p99.9<2s");
    struct err err = {0};
    assert_true(engine_send_text(e, "sweep capacity from=5/s", BY_COMMAND, &err) > 0);
    const struct snapshot *n = finish(e, 4000);
    assert_false(n->pool[0].capacity.known);
    assert_non_null(strstr(n->sweep.ended, "too few operations"));
    snapshot_release(n);
    virtual_end(e, &s);
}

/* Each step is judged by its own seconds: one that holds lets the sweep go on. */
static void test_a_threshold_ends_a_sweep_where_it_fails(void **state)
{
    (void)state;
    struct scenario s; /* two servers of 10 ms: N clients wait N / 2 x 10 ms */
    const char *const urls[] = {"null:?service=10ms&servers=2", NULL};
    struct engine *e = virtual_start_with(&s, urls, "p50<35ms");
    struct err err = {0};
    assert_true(engine_send_text(e, "sweep clients=1,2,4,6,8,10,12", BY_COMMAND, &err) > 0);
    const struct snapshot *n = finish(e, 200);
    assert_int_equal(n->sweep.steady, 5); /* 8 clients: 40 ms */
    assert_non_null(strstr(n->sweep.ended, "p50<35ms"));
    snapshot_release(n);
    virtual_end(e, &s);
}

/* One client, exponential service of 1 ms, 500 a second: service time's p99 is ln(100) ms; response
 * time, with what waits for the client, is that of M/M/1: ln(100) / (1,000 - 500). */
static void test_a_plateau_of_open_arrival_has_both_times(void **state)
{
    (void)state;
    struct scenario s;
    const char *const urls[] = {"null:?service=1ms&dist=exp&arrival=poisson&rate=500/s", NULL};
    struct engine *e = virtual_start(&s, urls);
    engine_step(e, 600 * S);
    const struct snapshot *n = engine_snapshot(e);
    const struct plateau *pl = &n->pool[0].plateau[n->pool[0].plateaus - 1];
    assert_true(n->pool[0].plateaus > 0 && pl->end_s - pl->start_s > 100);
    within(pl->p99, log(100) * 1e6, 0.05);
    within(pl->response.q[Q_P99], log(100) / 500 * 1e9, 0.1);
    assert_true(pl->response.count > 40000);
    snapshot_release(n);
    virtual_end(e, &s);
}

/* The rates on the way break the threshold; the run is judged by the rate that was found. */
static void test_a_run_for_capacity_is_judged_at_it(void **state)
{
    (void)state;
    const char *const urls[] = {"null:?service=2ms&servers=5&clients=200", NULL};
    struct scenario s;
    struct err err = {0};
    virtual_scenario(&s, urls);
    assert_int_equal(threshold_parse(&s.threshold[s.thresholds++], "max<60ms", &err), 0);
    snprintf(s.sweep, sizeof s.sweep, "capacity from=100/s");
    struct engine *e = virtual_begin(&s);
    assert_true(engine_send_text(e, "sweep capacity from=100/s", BY_COMMAND, &err) > 0);
    const struct snapshot *n = finish(e, 1000);
    const struct pool_snapshot *p = &n->pool[0];
    within(p->capacity.rate_per_s, 2500, 0.06);
    assert_true((double)p->response.max > 60e6);
    assert_true(n->threshold[0].ok);
    assert_true(n->threshold[0].value > 1999 && n->threshold[0].value < 60000);
    snapshot_release(n);
    virtual_end(e, &s);
}

/* One server, exponential: response time's p99 is ln(100) / (mu - rate), so p99 < 20 ms holds up to
 * 1,000 - 230 a second. */
static void test_capacity_under_a_threshold(void **state)
{
    (void)state;
    struct scenario s;
    const char *const urls[] = {"null:?service=1ms&dist=exp&servers=1&clients=400&arrival=poisson",
                                NULL};
    struct err err = {0};
    double truth = 1000 - log(100) / 0.020;
    char spec[80];
    snprintf(spec, sizeof spec, "sweep capacity from=100/s hold=%us", virtual_repeats(400));
    struct engine *e = virtual_start_with(&s, urls, "p99<20ms");
    if (engine_send_text(e, spec, BY_COMMAND, &err) < 0)
        fail_msg("%s", err.msg);
    const struct snapshot *n = finish(e, 8000);
    assert_true(n->pool[0].capacity.known);
    within(n->pool[0].capacity.rate_per_s, truth, 0.03);
    snapshot_release(n);
    virtual_end(e, &s);
}

/* Memory that grows as clients^1.4 beside one that is linear; and points of another setting. */
static void test_memory_growth(void **state)
{
    (void)state;
    struct plateau list[12];
    struct scaling sc;
    memset(list, 0, sizeof list);
    for (unsigned i = 0; i < 12; i++) {
        unsigned clients = 20u << (i % 6);
        list[i].vars.threads = 4;
        list[i].vars.clients = clients;
        list[i].in_flight = clients;
        list[i].throughput_per_s = 100.0 * clients;
        list[i].ci95 = clients;
        list[i].valid = true;
        list[i].setting = i / 6;
        list[i].anon_bytes = 4e5 * pow(clients, i < 6 ? 1.4 : 1.0) * (i % 2 ? 1.01 : 1);
    }
    scaling_of(list, 12, &list[0], "clients", &sc);
    assert_int_equal(sc.points, 6);
    assert_true(fabs(sc.memory_exponent - 1.4) < 0.01);
    assert_true(sc.memory_low < 1.4 && 1.4 < sc.memory_high && sc.memory_low > 1.3);
    scaling_of(list, 12, &list[11], "clients", &sc);
    assert_true(sc.memory_low < 1 && 1 < sc.memory_high);
    assert_true(fabs(sc.memory_exponent - 1) < 0.01);
    assert_true(sc.next_value > 640);
}

static void test_a_second_of_a_machine(void **state)
{
    (void)state;
    uint64_t busy, all, stalled;
    assert_int_equal(
        machine_parse_stat("cpu  100 5 50 800 40 3 2 7 0 0\ncpu0 1 2 3\n", &busy, &all), 0);
    assert_int_equal(all, 1007);
    assert_int_equal(busy, 167); /* all but idle and waiting for disks; stolen counts */
    assert_int_equal(machine_parse_stat("intr 1 2 3", &busy, &all), -1);
    assert_int_equal(machine_parse_stat("cpu  1 2", &busy, &all), -1);
    assert_int_equal(machine_parse_pressure("some avg10=0.00 avg60=0.1 avg300=0.0 total=4711\n"
                                            "full avg10=0.00 avg60=0.0 avg300=0.0 total=1\n",
                                            &stalled),
                     0);
    assert_int_equal(stalled, 4711);
    assert_int_equal(machine_parse_pressure("full total=1", &stalled), -1);
}

static void test_lights_stay_with_a_point(void **state)
{
    (void)state;
    struct scenario s;
    const char *const urls[] = {"null:?service=2ms&clients=8&dist=exp&seed=5", NULL};
    struct engine *e = virtual_start(&s, urls);
    const struct snapshot *n = at(e, 12, NULL);
    const struct plateau *p = &n->pool[0].plateau[0];
    assert_true(n->pool[0].plateaus >= 1);
    assert_int_equal(p->light[LIGHT_LITTLE].state, LIGHT_OK);
    assert_true((double)p->light[LIGHT_LITTLE].value < 0.01); /* N = X R within 1 % */
    assert_int_equal(p->light[LIGHT_STEADY].state, LIGHT_OK);
    assert_int_equal(p->light[LIGHT_DROPS].state, LIGHT_OK);
    assert_int_equal(p->light[LIGHT_CLOCK].state, LIGHT_UNKNOWN); /* virtual time has no machine */
    assert_int_equal(p->light[LIGHT_OTHERS].state, LIGHT_UNKNOWN);
    send(e, "set errors 0.2", BY_KEY);
    n = at(e, 24, n);
    p = &n->pool[0].plateau[n->pool[0].plateaus - 1];
    assert_int_equal(p->light[LIGHT_ERRORS].state, LIGHT_BAD);
    assert_false(p->valid);
    assert_non_null(strstr(p->why_not, "errors"));
    snapshot_release(n);
    virtual_end(e, &s);
}

static void test_a_change_by_hand_ends_the_sweep_and_keeps_its_points(void **state)
{
    (void)state;
    struct scenario s;
    struct engine *e = sweep(&s, "null:?service=1ms", "sweep threads=1,2,3,4,5,6 hold=5s");
    engine_step(e, 13 * S);
    assert_true(engine_send_text(e, "threads 8", BY_KEY, NULL) > 0);
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
        cmocka_unit_test(test_a_list_stops_when_the_curve_has_turned),
        cmocka_unit_test(test_a_grid_has_a_plateau_in_every_cell),
        cmocka_unit_test(test_patterns_without_depth_are_measured_once),
        cmocka_unit_test(test_options_are_swept_too_and_make_curves_of_their_own),
        cmocka_unit_test(test_a_sweep_is_resumed_with_its_points),
        cmocka_unit_test(test_only_a_change_ends_a_sweep),
        cmocka_unit_test(test_what_was_changed_in_between_does_not_belong),
        cmocka_unit_test(test_an_unsteady_step_is_hollow_and_can_be_made_up_for),
        cmocka_unit_test(test_capacity_under_a_threshold),
        cmocka_unit_test(test_memory_growth),
        cmocka_unit_test(test_a_second_of_a_machine),
        cmocka_unit_test(test_lights_stay_with_a_point),
        cmocka_unit_test(test_noise_is_accepted_and_drift_is_not),
        cmocka_unit_test(test_capacity_is_found_within_3_percent),
        cmocka_unit_test(test_a_plateau_of_open_arrival_has_both_times),
        cmocka_unit_test(test_a_ceiling_bounds_the_search),
        cmocka_unit_test(test_a_stall_is_not_the_capacity),
        cmocka_unit_test(test_a_capacity_of_the_clients_says_so),
        cmocka_unit_test(test_too_few_operations_are_no_capacity),
        cmocka_unit_test(test_a_threshold_ends_a_sweep_where_it_fails),
        cmocka_unit_test(test_a_run_for_capacity_is_judged_at_it),
        cmocka_unit_test(test_a_change_by_hand_ends_the_sweep_and_keeps_its_points),
        cmocka_unit_test(test_a_bad_sweep_is_refused),
        cmocka_unit_test(test_a_trend_is_told_from_noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
