/* What is said about the CPU time of this process. On real threads; their use is known, because the
 * null service has a submit that burns CPU time (ctest: long). */
#include "backends/registry.h"
#include "engine/backend.h"
#include "engine/base/err.h"
#include "engine/engine.h"
#include "engine/os/loop.h"
#include "engine/os/usage.h"
#include "engine/state/snapshot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#define BURNT_NS UINT64_C(1200000000)
#define WAIT_S 120

static _Atomic bool burnt;

/* Its first call takes all of that CPU time, the others none to speak of. */
static enum submit burn(struct conn *c, struct op *op)
{
    while (clock_read_ns(CLOCK_THREAD_CPUTIME_ID) < BURNT_NS)
        ;
    atomic_store(&burnt, true);
    return backend_null.submit(c, op);
}

/* A second has at most the CPU time of that second: what a warm-up took is not in the first one. */
static void test_the_warmup_is_in_no_second(void **state)
{
    const struct timespec pause = {0, 5000000};
    struct backend burning = backend_null;
    const struct backend *const only[] = {&burning, NULL};
    struct scenario s;
    struct options defaults;
    struct err err = {0};
    (void)state;
    burning.submit = burn;
    scenario_init(&s);
    options_init(&defaults, pool_option_table);
    assert_int_equal(
        scenario_add(&s, "null:?rate=20/s&warmup=5s", ORIGIN_ARGV, &defaults, only, &err), 0);
    options_fini(&defaults);
    struct engine *e = engine_new(&s, only, false, &err);
    assert_non_null(e);
    assert_int_equal(engine_start(e, &err), 0);
    bool measured = false, in_warmup = false;
    for (unsigned i = 0; i < WAIT_S * 200 && !measured; i++) {
        const struct snapshot *n = engine_snapshot(e);
        in_warmup = in_warmup || (n->pool[0].warming && atomic_load(&burnt));
        measured = n->pool[0].seconds.n > 0;
        if (measured && in_warmup && series_at(&n->pool[0].seconds, 0)->cpu_share > 0.5)
            fail_msg("CPU share %g", (double)series_at(&n->pool[0].seconds, 0)->cpu_share);
        snapshot_release(n);
        nanosleep(&pause, NULL);
    }
    assert_true(measured);
    if (!in_warmup) /* the machine was too busy */
        print_message("not judged: its CPU time was not over before the warm-up was\n");
    for (unsigned i = 0; i < WAIT_S * 200 && !atomic_load(&burnt); i++)
        nanosleep(&pause, NULL); /* a thread that is still in its call would keep its memory */
    assert_true(atomic_load(&burnt));
    engine_free(e);
    scenario_fini(&s);
}

/* Of the process: since a moment, not since it was started. */
static void test_a_share_begins_at_its_moment(void **state)
{
    (void)state;
    while (clock_read_ns(CLOCK_PROCESS_CPUTIME_ID) < 2 * BURNT_NS)
        ;
    uint64_t wall = clock_ns(), used = clock_read_ns(CLOCK_PROCESS_CPUTIME_ID);
    const struct timespec pause = {0, 200000000};
    nanosleep(&pause, NULL);
    assert_true(process_cpu_share(wall, used, 1) < 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_warmup_is_in_no_second),
        cmocka_unit_test(test_a_share_begins_at_its_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
