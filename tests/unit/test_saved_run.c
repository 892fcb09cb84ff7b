/* Reading a saved run: what was written is read back, absent values stay unknown, and wrong ones
 * are refused with their path. */
#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "engine/base/err.h"
#include "tests/unit/fixture_snapshot.h"
#include "ui/json/run.h"
#include "ui/json/saved_run.h"

static json_t *fixture(void)
{
    return json_run(fixture_snapshot(), "loadtop redis://localhost", NAN);
}

static void test_round_trip(void **state)
{
    const struct snapshot *s = fixture_snapshot();
    const struct pool_snapshot *p = &s->pool[0];
    struct err err = {0};
    json_t *json = fixture();
    struct saved_run *run = saved_run_read(json, &err);
    (void)state;
    json_decref(json); /* it keeps its own */
    assert_string_equal(err.msg, "");
    assert_non_null(run);
    assert_string_equal(run->command, "loadtop redis://localhost");
    assert_int_equal(run->pools, s->pools + s->removed);
    assert_int_equal(run->events, s->events);
    assert_int_equal(run->thresholds, s->thresholds);
    assert_int_equal(run->valid, s->valid ? FLAG_YES : FLAG_NO);
    const struct saved_pool *saved = saved_pool_of(run, p->name);
    assert_non_null(saved);
    assert_string_equal(saved->target, p->target);
    assert_true(saved->counts.offered == (double)p->counts.offered);
    assert_true(saved->counts.not_started == (double)p->counts.not_started);
    assert_true(fabs(saved->latency.service.p99_us - p->service.q[Q_P99] / 1e3) < 1e-3);
    assert_int_equal(saved->seconds, p->seconds.n - p->seconds.first);
    const struct point *last = series_at(&p->seconds, p->seconds.n - 1);
    assert_true(saved->second[saved->seconds - 1].completed == (double)last->completed);
    assert_int_equal(saved->plateaus, p->plateaus);
    assert_int_equal(saved->ops, p->ops);
    for (unsigned i = 0; i < p->ops; i++)
        assert_string_equal(saved->op[i].name, p->op_types[p->op[i].type].name);
    assert_true(saved->connections_up == p->connections_up);
    assert_true(saved->connections_wanted == p->connections_wanted);
    assert_int_equal(saved->conn_errors, 0);
    saved = saved_pool_of(run, s->pool[3].name);
    assert_int_equal(saved->conn_errors, s->pool[3].conn_errors);
    assert_string_equal(saved->conn_error[0].class, s->pool[3].conn_error[0].name);
    assert_true(saved->conn_error[0].count == (double)s->pool[3].conn_error[0].count);
    assert_null(saved_pool_of(run, "no such"));
    saved_run_free(run);
}

static void test_absent_is_unknown(void **state)
{
    struct err err = {0};
    json_t *json =
        json_pack("{s:s, s:i, s:[{s:s}]}", "loadtop", "0", "schema", 1, "pools", "name", "a");
    struct saved_run *run = saved_run_read(json, &err);
    (void)state;
    assert_non_null(run);
    const struct saved_pool *p = &run->pool[0];
    assert_true(isnan(run->elapsed_s) && isnan(run->cores) && isnan(p->counts.completed));
    assert_true(isnan(p->counts.not_started) && isnan(p->batches.count));
    assert_true(isnan(p->connections_up) && isnan(p->connections_wanted));
    assert_true(isnan(p->latency.response.p99_us) && isnan(p->capacity.high));
    assert_int_equal(run->valid, FLAG_UNKNOWN);
    assert_int_equal(p->local, FLAG_UNKNOWN);
    assert_string_equal(p->server, "");
    assert_null(p->options);
    assert_int_equal(p->seconds + p->sweeps + p->curves + run->checks, 0);
    saved_run_free(run);
    json_decref(json);
}

/* A run from before not_started was counted has 0. */
static void test_an_old_run_reads_as_none(void **state)
{
    struct err err = {0};
    json_t *json = fixture(),
           *ops = json_object_get(json_array_get(json_object_get(json, "pools"), 0), "ops");
    (void)state;
    assert_int_equal(json_object_del(ops, "not_started"), 0);
    struct saved_run *run = saved_run_read(json, &err);
    assert_non_null(run);
    assert_true(run->pool[0].counts.not_started == 0);
    saved_run_free(run);
    json_decref(json);
}

/* A member of the fixture's first pool is replaced: what is said? */
static void check_refused(const char *path, json_t *with, const char *said)
{
    struct err err = {0};
    json_t *json = fixture(), *at = json_array_get(json_object_get(json, "pools"), 0);
    char name[64];
    while (strchr(path, '/')) {
        snprintf(name, sizeof name, "%.*s", (int)strcspn(path, "/"), path);
        at = json_is_array(at) ? json_array_get(at, strtoul(name, NULL, 10))
                               : json_object_get(at, name);
        path += strcspn(path, "/") + 1;
    }
    assert_int_equal(json_object_set_new(at, path, with), 0);
    struct saved_run *run = saved_run_read(json, &err);
    assert_null(run);
    assert_int_equal(err.code, ERR_USAGE);
    if (strcmp(err.msg, said) != 0)
        fail_msg("said \"%s\", not \"%s\"", err.msg, said);
    json_decref(json);
}

static void test_wrong_is_refused(void **state)
{
    (void)state;
    check_refused("name", json_integer(3), "pools/0/name is a number, not text");
    check_refused("ops/offered", json_string("3"), "pools/0/ops/offered is text, not a number");
    check_refused("ops/errors", json_integer(-1), "pools/0/ops/errors is below 0");
    check_refused("ops", json_array(), "pools/0/ops is a list, not an object");
    check_refused("series", json_true(), "pools/0/series is true, not a list");
    check_refused("series/2/paused", json_integer(0),
                  "pools/0/series/2/paused is a number, not true or false");
    check_refused("by_op/get/completed", json_false(),
                  "pools/0/by_op/get/completed is false, not a number");
    check_refused("by_op/get", json_integer(1), "pools/0/by_op/get is no object");
    check_refused("options", json_string("x"), "pools/0/options is no object");
    check_refused("sweeps",
                  json_pack("[{s:[{s:[s,s]},{s:[s,s]}], s:[{},{},{}]}]", "vars", "values", "1", "2",
                            "values", "1", "2", "cells"),
                  "pools/0/sweeps/0/cells is shorter than its vars tell");
    check_refused("sweeps", json_pack("[{s:[{},{},{}]}]", "vars"),
                  "pools/0/sweeps/0/vars is longer than any sweep has it");
    check_refused("sweeps",
                  json_pack("[{s:[{s:s}], s:[{},{s:{s:i}}]}]", "vars", "name", "threads", "cells",
                            "at", "threads", 3),
                  "pools/0/sweeps/0/cells/1/at/threads is a number, not text");
    check_refused("sweeps",
                  json_pack("[{s:[{s:s}], s:[{s:s}]}]", "vars", "name", "threads", "cells",
                            "relative", "half"),
                  "pools/0/sweeps/0/cells/0/relative is text, not an object");
    check_refused("capacity", json_pack("{s:s}", "ci95", "wide"),
                  "pools/0/capacity/ci95 is text, not a list of numbers");
    check_refused("scaling", json_pack("[{s:{}}]", "points"),
                  "pools/0/scaling/0/points is an object, not a list");
    check_refused("scaling", json_pack("[{s:[i]}]", "covariance", 3),
                  "pools/0/scaling/0/covariance is a number, not a list of numbers");
    check_refused("scaling", json_pack("[{s:s}]", "aicc", "low"),
                  "pools/0/scaling/0/aicc is text, not an object");
    check_refused("scaling", json_pack("[{s:[i]}]", "points", 1000000),
                  "pools/0/scaling is of points that are not in its plateaus");
}

/* 3 bytes of a file become a struct of a thousand: lists are bounded together. */
static void test_memory_is_bounded(void **state)
{
    struct err err = {0};
    json_t *json = json_object(), *pools = json_array(), *empty = json_object();
    (void)state;
    for (size_t i = 0; i <= MEMBERS_BYTES_MOST / sizeof(struct saved_pool); i++)
        json_array_append(pools, empty);
    json_object_set_new(json, "pools", pools);
    assert_null(saved_run_read(json, &err));
    assert_string_equal(err.msg, "pools is longer than any run has it");
    json_decref(empty);
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_absent_is_unknown),
        cmocka_unit_test(test_an_old_run_reads_as_none),
        cmocka_unit_test(test_wrong_is_refused),
        cmocka_unit_test(test_memory_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
