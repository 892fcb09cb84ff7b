/* What a person is told of a pool that a protection ends in the middle of its run: the reason, in the
 * state that the summary, the JSON and the last line on stderr say; and which checks were known.
 *
 * One thread: nothing for ThreadSanitizer to see (ctest: not-tsan). */
#include "tests/unit/scripted_run.h"

#include <string.h>

static struct pool *the_pool(const struct run *r)
{
    return engine_sup(r->engine)->pool[0];
}

/* The server was replaced by one whose identity is denied. */
static void test_an_identity_that_is_refused(void **state)
{
    struct script s = {.steps = 0};
    struct run r;
    (void)state;
    begin(&r, &s, "clients=2");
    step(&r, 2 * S);
    struct pool_shared *shared = pool_lock(the_pool(&r));
    copy_str(shared->identity_refused_why, sizeof shared->identity_refused_why,
             "scripted:: denied (it is prod): targets.conf");
    pool_unlock(the_pool(&r));
    atomic_store(&the_pool(&r)->atomic.identity_refused, true);
    step(&r, 2 * S);
    const struct snapshot *n = engine_snapshot(r.engine);
    assert_int_equal(n->pool[0].state, POOL_ENDED);
    assert_int_equal(n->pool[0].error_code, ERR_REFUSED);
    assert_string_equal(n->pool[0].state_why, "scripted:: denied (it is prod): targets.conf");
    snapshot_release(n);
    end(&r);
}

/* An end that is none of a protection is named as before. */
static void test_an_end_by_hand(void **state)
{
    struct script s = {.steps = 0};
    struct run r;
    (void)state;
    begin(&r, &s, "clients=2&duration=1s");
    step(&r, 2 * S);
    const struct snapshot *n = engine_snapshot(r.engine);
    assert_string_equal(n->pool[0].state_why, "duration");
    snapshot_release(n);
    end(&r);
}

/* On virtual time nobody asks the kernel whether this process stood still, as where it does not tell:
 * then it is not known. */
static void test_a_standstill_that_nobody_looked_for(void **state)
{
    struct script s = {.steps = 0};
    struct run r;
    (void)state;
    begin(&r, &s, "clients=2");
    step(&r, 2 * S);
    const struct snapshot *n = engine_snapshot(r.engine);
    unsigned seen = 0;
    for (unsigned i = 0; i < n->pool[0].checks; i++)
        if (n->pool[0].check[i].id == CHECK_STANDSTILL) {
            seen++;
            assert_false(n->pool[0].check[i].known);
        }
    assert_int_equal(seen, 1);
    snapshot_release(n);
    end(&r);
}

int main(void)
{
    /* Between two steps it looks at what is the supervisor's. */
    roles_set((struct roles){.mask = ROLE_FRONT_END | ROLE_SUPERVISOR});
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_identity_that_is_refused),
        cmocka_unit_test(test_an_end_by_hand),
        cmocka_unit_test(test_a_standstill_that_nobody_looked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
