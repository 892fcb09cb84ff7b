/* The end of a pool whose target is never reached: leftovers of its attempts are removed once,
 * after the last attempt, on real threads. Uses the null service with its own pool_open and
 * pool_close. */
#include "backends/registry.h"
#include "engine/backend.h"
#include "engine/engine.h"
#include "engine/base/err.h"
#include "engine/state/snapshot.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#define WAIT_S 120

static _Atomic unsigned opens, closes, opens_at_close;
static int open_code;

static int no_open(struct pool *p, struct err *err)
{
    (void)p;
    atomic_fetch_add(&opens, 1);
    return err_set(err, open_code, "nobody is there");
}

static void count_close(struct pool *p)
{
    (void)p;
    atomic_store(&opens_at_close, atomic_load(&opens));
    atomic_fetch_add(&closes, 1);
}

/* Runs until pool_open was called `attempts` times; then ends the engine. */
static void run(int code, unsigned attempts)
{
    const struct timespec pause = {0, 5000000};
    struct backend shut = **backends;
    const struct backend *const only[] = {&shut, NULL};
    struct scenario s;
    struct options defaults;
    struct err err = {0};
    opens = closes = opens_at_close = 0;
    open_code = code;
    assert_string_equal(shut.name, "null");
    shut.pool_open = no_open;
    shut.pool_close = count_close;
    scenario_init(&s);
    options_init(&defaults, pool_option_table);
    assert_int_equal(scenario_add(&s, "null:", ORIGIN_ARGV, &defaults, only, &err), 0);
    options_fini(&defaults);
    struct engine *e = engine_new(&s, only, false, &err);
    assert_non_null(e);
    assert_int_equal(engine_start(e, &err), 0);
    for (unsigned i = 0; i < WAIT_S * 200 && atomic_load(&opens) < attempts; i++)
        nanosleep(&pause, NULL);
    engine_free(e);
    assert_true(opens >= attempts);
    assert_int_equal(closes, 1);
    assert_int_equal(opens_at_close, opens);
    assert_false(engine_threads_left());
    scenario_fini(&s);
}

static void test_never_reached(void **state)
{
    (void)state;
    run(ERR_UNREACHED, 3);
}

static void test_refused(void **state)
{
    (void)state;
    run(ERR_REFUSED, 1);
}

/* ---- a thread that hangs ---- */

static _Atomic bool hanging, released, went_on;

static enum submit hang(struct conn *c, struct op *op)
{
    const struct timespec pause = {0, 5000000};
    atomic_store(&hanging, true);
    while (!atomic_load(&released))
        nanosleep(&pause, NULL);
    enum submit result = backend_null.submit(c, op);
    atomic_store(&went_on, true);
    return result;
}

/* Has the supervisor joined the first thread? */
static bool was_joined(struct engine *e)
{
    const struct snapshot *n = engine_snapshot(e);
    bool joined = n->pool[0].worker[0].state == WORKER_ENDED;
    snapshot_release(n);
    return joined;
}

/* What its schedule made due is neither offered nor dropped, and the account says so. */
static void test_starts_of_a_thread_that_hangs(void **state)
{
    const struct timespec pause = {0, 5000000};
    static struct backend stuck; /* its thread may use it to the end of the process */
    const struct backend *const only[] = {&stuck, NULL};
    struct scenario s;
    struct options defaults;
    struct err err = {0};
    (void)state;
    stuck = backend_null;
    stuck.submit = hang;
    scenario_init(&s);
    options_init(&defaults, pool_option_table);
    assert_int_equal(
        scenario_add(&s, "null:?rate=1000/s&duration=500ms", ORIGIN_ARGV, &defaults, only, &err),
        0);
    options_fini(&defaults);
    struct engine *e = engine_new(&s, only, false, &err);
    assert_non_null(e);
    assert_int_equal(engine_start(e, &err), 0);
    assert_true(engine_wait(e, WAIT_S * UINT64_C(1000000000)));
    assert_true(atomic_load(&hanging));
    const struct snapshot *n = engine_snapshot(e);
    const struct check *account = NULL;
    for (unsigned i = 0; i < n->pool[0].checks; i++)
        if (n->pool[0].check[i].id == CHECK_ACCOUNTING)
            account = &n->pool[0].check[i];
    assert_non_null(account);
    assert_false(account->ok);
    assert_non_null(strstr(account->why, "1 thread hung to the end"));
    assert_int_equal(n->pool[0].threads_stuck, 1);
    assert_int_equal(n->pool[0].threads_draining, 0);
    assert_int_equal(n->pool[0].worker[0].state, WORKER_STUCK);
    snapshot_release(n);
    atomic_store(&released, true);
    for (unsigned i = 0; i < WAIT_S * 200 && !was_joined(e); i++)
        nanosleep(&pause, NULL);
    assert_true(atomic_load(&went_on) && was_joined(e));
    engine_free(e); /* a thread that was not joined would be left behind */
    assert_false(engine_threads_left());
    scenario_fini(&s);
}

/* ---- the last look at the server ---- */

static _Atomic unsigned looks;
static _Atomic bool opening_only;

/* Says nothing at the opening, and "idle" once every worker has ended; between, "busy". In a run
 * shorter than a second there is no look between, and the last has what there is to say. */
static void say(struct pool *p, struct stats *s)
{
    bool opening = atomic_fetch_add(&looks, 1) == 0 && !s->last;
    const char *word = opening ? "opening" : s->last ? "idle" : "busy";
    (void)p;
    snprintf(s->note, sizeof s->note, "%s", word);
    s->server_cpu_share = opening ? NAN : s->last ? 0.1 : 0.7;
    s->answer_share = s->last && !atomic_load(&opening_only) ? NAN : s->server_cpu_share;
}

static struct engine *run_that_says(const char *url, struct scenario *s)
{
    static struct backend talker;
    static const struct backend *const only[] = {&talker, NULL};
    struct options defaults;
    struct err err = {0};
    talker = backend_null;
    talker.pool_stats = say;
    atomic_store(&looks, 0);
    scenario_init(s);
    options_init(&defaults, pool_option_table);
    assert_int_equal(scenario_add(s, url, ORIGIN_ARGV, &defaults, only, &err), 0);
    options_fini(&defaults);
    struct engine *e = engine_new(s, only, false, &err);
    assert_non_null(e);
    assert_int_equal(engine_start(e, &err), 0);
    return e;
}

static void assert_said(struct engine *e, struct scenario *s, const char *note, double share)
{
    assert_true(engine_wait(e, WAIT_S * UINT64_C(1000000000)));
    const struct snapshot *n = engine_snapshot(e);
    assert_string_equal(n->pool[0].server.note, note);
    assert_float_equal(n->pool[0].server.server_cpu_share, share, 0);
    assert_float_equal(n->pool[0].server.answer_share, share, 0);
    snapshot_release(n);
    engine_free(e);
    scenario_fini(s);
}

/* A machine that stands still makes it longer than a second: then there is a look between. */
static void test_the_last_look_of_a_short_run(void **state)
{
    struct scenario s;
    (void)state;
    atomic_store(&opening_only, true);
    struct engine *e = run_that_says("null:?count=1&service=0s", &s);
    assert_true(engine_wait(e, WAIT_S * UINT64_C(1000000000)));
    bool between = atomic_load(&looks) > 2;
    assert_said(e, &s, between ? "busy" : "idle", between ? 0.7 : 0.1);
}

static void test_the_last_look_of_a_longer_run(void **state)
{
    const struct timespec pause = {0, 5000000};
    struct scenario s;
    (void)state;
    atomic_store(&opening_only, false);
    struct engine *e = run_that_says("null:", &s);
    for (unsigned i = 0; i < WAIT_S * 200 && atomic_load(&looks) < 3; i++)
        nanosleep(&pause, NULL);
    engine_end(e, END_DRAIN, END_BY_USER);
    assert_said(e, &s, "busy", 0.7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_last_look_of_a_short_run),
        cmocka_unit_test(test_the_last_look_of_a_longer_run),
        cmocka_unit_test(test_never_reached),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_starts_of_a_thread_that_hangs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
