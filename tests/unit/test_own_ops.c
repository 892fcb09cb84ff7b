/* A pool with its own table of operations, known only once the pool is open: a null service that in
 * pool_open adds operations which its backend's table does not have. On virtual time. */
#include "backends/registry.h"
#include "engine/backend.h"
#include "engine/base/err.h"
#include "engine/base/role.h"
#include "engine/config/pool_spec.h"
#include "engine/engine.h"
#include "engine/pools/pool_change.h"
#include "engine/state/snapshot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define S UINT64_C(1000000000)

static struct backend own;
static const struct backend *const only[] = {&own, NULL};
static struct op_type table[4], backends_own[2];
static bool dialled; /* a person changes something while it opens */

static int open_with_table(struct pool *p, struct err *err)
{
    int bad = backend_null.pool_open(p, err);
    if (bad == 0)
        bad = pool_set_ops(p, table, err);
    if (dialled) { /* by the supervisor, which has a thread of its own in a real run */
        struct roles pools = roles_set((struct roles){.mask = ROLE_SUPERVISOR});
        pool_publish_settings(p);
        roles_set(pools);
    }
    return bad;
}

static int prepare(void **state)
{
    (void)state;
    table[0] = backend_null.ops[0];
    table[1] = (struct op_type){.name = "look", .help = "reads", .reads = true, .noun = "look"};
    table[2] = (struct op_type){.name = "write", .help = "writes", .noun = "write"};
    table[3].name = NULL;
    dialled = false;
    own = backend_null;
    own.flags |= BACKEND_POOL_OPS;
    own.pool_open = open_with_table;
    return 0;
}

static int add(struct scenario *s, const char *url, struct err *err)
{
    struct options defaults;
    scenario_init(s);
    options_init(&defaults, pool_option_table);
    int bad = scenario_add(s, url, ORIGIN_ARGV, &defaults, only, err);
    options_fini(&defaults);
    return bad;
}

static struct engine *begin(struct scenario *s, const char *url, bool read_only)
{
    struct err err = {0};
    if (add(s, url, &err) < 0)
        fail_msg("%s", err.msg);
    s->limits.read_only = read_only;
    struct engine *e = engine_new(s, only, true, &err);
    if (!e)
        fail_msg("%s", err.msg);
    if (engine_start(e, &err) < 0) {
        engine_free(e);
        scenario_fini(s);
        print_message("%s\n", err.msg);
        return NULL;
    }
    return e;
}

/* What was completed of the operation of that name. */
static uint64_t completed(struct engine *e, const char *name)
{
    const struct snapshot *n = engine_snapshot(e);
    const struct pool_snapshot *p = &n->pool[0];
    uint64_t found = 0;
    for (unsigned i = 0; i < p->ops; i++)
        if (!strcmp(p->op_types[p->op[i].type].name, name))
            found = p->op[i].completed;
    snapshot_release(n);
    return found;
}

static void finish(struct engine *e, struct scenario *s)
{
    engine_free(e);
    scenario_fini(s);
}

static void test_its_operations_are_run(void **state)
{
    struct scenario s;
    struct err err = {0};
    (void)state;
    struct engine *e = begin(&s, "null:?service=1ms&ops=look:3,write:1", false);
    assert_non_null(e);
    engine_step(e, 10 * S);
    uint64_t looks = completed(e, "look"), writes = completed(e, "write");
    assert_int_equal(completed(e, table[0].name), 0);
    assert_in_range(looks + writes, 9900, 10000);
    assert_in_range(looks, 7200, 7800); /* 7,500: 3 of 4, within seven standard deviations */
    assert_true(engine_send_text(e, "ops write", BY_COMMAND, &err) > 0);
    engine_step(e, 20 * S);
    assert_in_range(completed(e, "look"), looks, looks + 100); /* until the next tick */
    assert_in_range(completed(e, "write"), writes + 9800, writes + 10000);
    finish(e, &s);
}

/* Nothing that writes is started, though what writes was not known when it was asked for. */
static void test_read_only(void **state)
{
    struct scenario s;
    (void)state;
    struct engine *e = begin(&s, "null:?service=1ms&ops=look,write", true);
    assert_non_null(e);
    engine_step(e, 5 * S);
    assert_in_range(completed(e, "look"), 4900, 5000);
    assert_int_equal(completed(e, "write"), 0);
    finish(e, &s);
    e = begin(&s, "null:?service=1ms&ops=write", true);
    assert_non_null(e);
    engine_step(e, 5 * S);
    const struct snapshot *n = engine_snapshot(e);
    assert_int_equal(n->pool[0].state, POOL_ENDED);
    assert_non_null(strstr(n->pool[0].state_why, "--read-only"));
    snapshot_release(n);
    assert_int_equal(completed(e, "write"), 0);
    finish(e, &s);
}

/* What the pool's table says of an operation that the backend has counts, whatever happens between
 * pool_set_ops and the end of pool_open. */
static void test_read_only_is_judged_by_the_pools_table(void **state)
{
    struct scenario s;
    (void)state;
    backends_own[0] = table[0];
    backends_own[0].reads = false;
    table[0].reads = true;
    own.ops = backends_own;
    dialled = true;
    char url[80];
    snprintf(url, sizeof url, "null:?service=1ms&ops=%s,look", table[0].name);
    struct engine *e = begin(&s, url, true);
    assert_non_null(e);
    engine_step(e, 5 * S);
    assert_in_range(completed(e, table[0].name), 2000, 3000);
    finish(e, &s);
}

/* A table that its backend cannot have ends the pool, and says so. */
static void test_tables_that_are_wrong(void **state)
{
    struct scenario s;
    (void)state;
    table[0].name = "other";
    assert_null(begin(&s, "null:?ops=look", false));
}

/* A name that neither table has is refused by the open pool, and at once where there is no other. */
static void test_unknown_names(void **state)
{
    struct scenario s;
    struct err err = {0};
    (void)state;
    assert_null(begin(&s, "null:?ops=loook", false));
    own.flags = backend_null.flags;
    assert_int_equal(add(&s, "null:?ops=look", &err), ERR_USAGE);
    assert_non_null(strstr(err.msg, "look"));
    scenario_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_its_operations_are_run, prepare),
        cmocka_unit_test_setup(test_read_only, prepare),
        cmocka_unit_test_setup(test_read_only_is_judged_by_the_pools_table, prepare),
        cmocka_unit_test_setup(test_tables_that_are_wrong, prepare),
        cmocka_unit_test_setup(test_unknown_names, prepare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
