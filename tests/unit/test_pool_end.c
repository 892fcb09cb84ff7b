/* Ends of a pool on real threads: of one whose target is never reached (leftovers of its attempts
 * are removed once, after the last attempt), and of one with threads that hang. Uses the null
 * service with hooks of its own (ctest: long). */
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

static const struct timespec look_again = {0, 5000000};
static _Atomic bool armed, hanging, released;

/* Of the threads that send, the first one hangs until it is released. */
static enum submit hang(struct conn *c, struct op *op)
{
    if (!atomic_exchange(&armed, false))
        return backend_null.submit(c, op);
    atomic_store(&hanging, true);
    while (!atomic_load(&released))
        nanosleep(&look_again, NULL);
    atomic_store(&hanging, false);
    return backend_null.submit(c, op);
}

static struct backend stuck; /* its thread may use it to the end of the process */

/* Loads the URL. stats: what hangs; NULL: a submit does. */
static struct engine *start_hanging(struct scenario *s, const char *url,
                                    void (*stats)(struct pool *, struct stats *))
{
    static const struct backend *const only[] = {&stuck, NULL};
    struct options defaults;
    struct err err = {0};
    stuck = backend_null;
    if (stats)
        stuck.pool_stats = stats;
    else
        stuck.submit = hang;
    atomic_store(&released, false);
    atomic_store(&hanging, false);
    atomic_store(&armed, true);
    scenario_init(s);
    options_init(&defaults, pool_option_table);
    assert_int_equal(scenario_add(s, url, ORIGIN_ARGV, &defaults, only, &err), 0);
    options_fini(&defaults);
    struct engine *e = engine_new(s, only, false, &err);
    assert_non_null(e);
    assert_int_equal(engine_start(e, &err), 0);
    return e;
}

/* A thread that was not joined would be left behind. */
static void end_hanging(struct engine *e, struct scenario *s)
{
    atomic_store(&released, true);
    engine_free(e);
    assert_false(engine_threads_left());
    scenario_fini(s);
}

static unsigned in_state(const struct snapshot *n, enum worker_state state)
{
    unsigned count = 0;
    for (unsigned i = 0; i < n->pool[0].workers; i++)
        count += n->pool[0].worker[i].state == state;
    return count;
}

/* Waits for a snapshot with so many threads in that state. To be released. */
static const struct snapshot *until(struct engine *e, enum worker_state state, unsigned threads)
{
    for (unsigned i = 0; i < WAIT_S * 200; i++) {
        const struct snapshot *n = engine_snapshot(e);
        if (in_state(n, state) == threads)
            return n;
        snapshot_release(n);
        nanosleep(&look_again, NULL);
    }
    fail_msg("not %u threads in state %d", threads, state);
    return NULL;
}

static const char *account(const struct snapshot *n)
{
    for (unsigned i = 0; i < n->pool[0].checks; i++)
        if (n->pool[0].check[i].id == CHECK_ACCOUNTING && !n->pool[0].check[i].ok)
            return n->pool[0].check[i].why;
    return "ok";
}

static unsigned told(const struct snapshot *n, enum event_kind kind, const char *words)
{
    unsigned count = 0;
    for (unsigned i = 0; i < n->events; i++)
        count += n->event[i].kind == kind && strstr(n->event[i].to, words);
    return count;
}

/* What its schedule made due is neither offered nor dropped, and the account says so. */
static void test_starts_of_a_thread_that_hangs(void **state)
{
    struct scenario s;
    struct engine *e = start_hanging(&s, "null:?rate=1000/s&duration=500ms", NULL);
    (void)state;
    assert_true(engine_wait(e, WAIT_S * UINT64_C(1000000000)));
    assert_true(atomic_load(&hanging));
    const struct snapshot *n = engine_snapshot(e);
    assert_non_null(strstr(account(n), "1 thread hung to the end"));
    assert_int_equal(n->pool[0].threads_stuck, 1);
    assert_int_equal(n->pool[0].threads_draining, 0);
    assert_int_equal(n->pool[0].worker[0].state, WORKER_STUCK);
    snapshot_release(n);
    atomic_store(&released, true);
    snapshot_release(until(e, WORKER_ENDED, 1));
    end_hanging(e, &s);
}

/* It is shown while the load runs, not only at its end; and so is that it goes on. */
static void test_a_thread_that_hangs_under_load(void **state)
{
    struct scenario s;
    struct engine *e = start_hanging(&s, "null:?threads=3&service=1ms", NULL);
    struct err err = {0};
    (void)state;
    const struct snapshot *n = until(e, WORKER_STUCK, 1);
    assert_int_equal(n->pool[0].state, POOL_LOADING);
    assert_int_equal(n->pool[0].threads_stuck, 1);
    assert_int_equal(n->pool[0].threads_running, 2);
    assert_int_equal(n->pool[0].threads_draining, 0);
    assert_int_equal(told(n, EVENT_STUCK, "hangs: a call of its backend has not returned for 5 s"),
                     1);
    assert_non_null(strstr(account(n), "1 of 3 threads hangs"));
    assert_false(n->pool[0].valid);
    assert_true(n->pool[0].counts.completed > 100); /* the others go on */
    snapshot_release(n);

    atomic_store(&released, true);
    n = until(e, WORKER_STUCK, 0);
    assert_int_equal(told(n, EVENT_STUCK, "runs again"), 1);
    assert_int_equal(n->pool[0].threads_running, 3);
    assert_non_null(strstr(account(n), "hung 1 time")); /* for good */
    snapshot_release(n);

    /* the one that hangs is told to end before one that works */
    atomic_store(&released, false);
    atomic_store(&armed, true);
    snapshot_release(until(e, WORKER_STUCK, 1));
    assert_true(engine_send_text(e, "threads 2", BY_KEY, &err) > 0);
    for (unsigned i = 0; i < WAIT_S * 200 && !err.code; i++) {
        n = engine_snapshot(e);
        bool taken = n->pool[0].load.threads == 2;
        assert_int_equal(n->pool[0].threads_running, 2);
        assert_int_equal(n->pool[0].threads_stuck, 1);
        assert_non_null(strstr(account(n), "1 of 3 threads hangs: what it has in flight"));
        snapshot_release(n);
        if (taken)
            break;
        nanosleep(&look_again, NULL);
    }
    atomic_store(&released, true);
    n = until(e, WORKER_ENDED, 1);
    assert_int_equal(in_state(n, WORKER_RUNNING), 2);
    snapshot_release(n);
    end_hanging(e, &s);
}

/* The others use up the budget of -n, and the pool ends without it. */
static void test_a_count_is_reached_beside_a_thread_that_hangs(void **state)
{
    struct scenario s;
    struct engine *e = start_hanging(&s, "null:?threads=2&count=500", NULL);
    (void)state;
    assert_true(engine_wait(e, WAIT_S * UINT64_C(1000000000)));
    assert_true(atomic_load(&hanging));
    const struct snapshot *n = engine_snapshot(e);
    assert_int_equal(n->pool[0].ended_by, END_BY_COUNT);
    assert_in_range(n->pool[0].counts.completed, 300, 499);
    assert_false(n->valid);
    snapshot_release(n);
    atomic_store(&released, true);
    snapshot_release(until(e, WORKER_ENDED, 2));
    end_hanging(e, &s);
}

/* Nobody is left for the rest of -n: the run ends with an error that says so. */
static void test_a_count_that_nobody_can_reach(void **state)
{
    struct scenario s;
    struct engine *e = start_hanging(&s, "null:?count=500", NULL);
    (void)state;
    assert_true(engine_wait(e, WAIT_S * UINT64_C(1000000000)));
    assert_true(atomic_load(&hanging));
    const struct snapshot *n = engine_snapshot(e);
    assert_int_equal(n->pool[0].ended_by, END_BY_ERROR);
    assert_int_equal(n->pool[0].error_code, ERR_FAILED);
    assert_non_null(strstr(n->pool[0].state_why, "its thread hangs: a call of its backend"));
    assert_int_equal(n->pool[0].counts.completed, 0);
    assert_int_equal(n->pool[0].connections_wanted, 0);
    assert_false(n->valid);
    snapshot_release(n);
    atomic_store(&released, true);
    snapshot_release(until(e, WORKER_ENDED, 1));
    end_hanging(e, &s);
}

/* ---- a pool_stats that hangs ---- */

static void hang_in_stats(struct pool *p, struct stats *s)
{
    atomic_store(&hanging, true);
    while (!atomic_load(&released))
        nanosleep(&look_again, NULL);
    backend_null.pool_stats(p, s);
}

/* Waits until the words are, or are not, the pool's alert. To be released. */
static const struct snapshot *until_alert(struct engine *e, const char *words, bool shown)
{
    for (unsigned i = 0; i < WAIT_S * 200; i++) {
        const struct snapshot *n = engine_snapshot(e);
        if ((strstr(n->pool[0].server.alert, words) != NULL) == shown)
            return n;
        snapshot_release(n);
        nanosleep(&look_again, NULL);
    }
    fail_msg("%s: %d", words, !shown);
    return NULL;
}

/* The load goes on; an event and an alert say that the server's figures do not. */
static void test_server_figures_that_stand_still(void **state)
{
    struct scenario s;
    (void)state;
    struct engine *e = start_hanging(&s, "null:?service=1ms", hang_in_stats);
    const struct snapshot *n = until_alert(e, "server figures stand still", true);
    assert_true(atomic_load(&hanging));
    assert_int_equal(n->pool[0].state, POOL_LOADING);
    assert_true(n->pool[0].counts.completed > 100);
    assert_int_equal(told(n, EVENT_SERVER, "stand still"), 1);
    snapshot_release(n);
    atomic_store(&released, true);
    n = until_alert(e, "server figures stand still", false);
    assert_int_equal(told(n, EVENT_SERVER, "are read again"), 1);
    snapshot_release(n);
    end_hanging(e, &s);
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
        cmocka_unit_test(test_a_thread_that_hangs_under_load),
        cmocka_unit_test(test_a_count_is_reached_beside_a_thread_that_hangs),
        cmocka_unit_test(test_a_count_that_nobody_can_reach),
        cmocka_unit_test(test_server_figures_that_stand_still),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
