/* A complete scenario is checked before the run starts: what refers to pools, timed commands and
 * sweeps, ceilings. The backends are tables made up here. */
#include "engine/backend.h"
#include "engine/base/err.h"
#include "engine/config/scenario.h"
#include "engine/config/scenario_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const struct option_spec options[] = {
    {"keys", OPTION_COUNT, OPTION_LIVE, "10k", 1, 1e9, NULL, "help"},
    {"size", OPTION_SPAN, OPTION_LIVE, "32", 1, 1048576, NULL, "help"},
    {"dist", OPTION_CHOICE, 0, "uniform", 0, 0, "uniform|zipf", "help"},
    {NULL, OPTION_TEXT, 0, NULL, 0, 0, NULL, NULL},
};
static const struct op_type ops[] = {
    {.name = "get", .weight = 80, .reads = true},
    {.name = "set", .weight = 20},
    {.name = NULL},
};

static int refuse_database_99(const struct target *t, const struct options *o, struct err *err)
{
    (void)o;
    if (strcmp(t->path, "/99") == 0)
        return err_set(err, ERR_USAGE, "%s: no database 99", t->shown);
    return 0;
}

static const struct backend redis = {.name = "redis",
                                     .schemes = "redis",
                                     .example = "redis://localhost:6379/0",
                                     .default_port = 6379,
                                     .options = options,
                                     .ops = ops,
                                     .check = refuse_database_99};
static const struct backend kafka = {.name = "kafka",
                                     .schemes = "kafka",
                                     .unavailable = "not built in: install librdkafka-dev",
                                     .options = options,
                                     .ops = ops};
static const struct backend *const backends[] = {&redis, &kafka, NULL};

static struct options defaults;

static int setup(void **state)
{
    (void)state;
    options_init(&defaults, pool_option_table);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    options_fini(&defaults);
    return 0;
}

static void what_refers_to_pools_is_checked(void **state)
{
    (void)state;
    struct scenario s;
    struct err err = {0};
    scenario_init(&s);
    assert_int_equal(scenario_add(&s, "redis://localhost", ORIGIN_ARGV, &defaults, backends, &err),
                     0);
    assert_int_equal(threshold_parse(&s.threshold[s.thresholds++], "redis:p99<5ms", &err), 0);
    assert_int_equal(scenario_at(&s, "1s 1 threads 2", ORIGIN_ARGV, &err), 0);
    assert_int_equal(scenario_at(&s, "1s remove redis", ORIGIN_ARGV, &err), 0);
    assert_int_equal(scenario_check(&s, backends, &err), 0);
    assert_int_equal(threshold_parse(&s.threshold[s.thresholds++], "rediss:p99<5ms", &err), 0);
    assert_int_equal(scenario_check(&s, backends, &err), ERR_USAGE);
    assert_string_equal(
        err.msg,
        "--threshold rediss:p99<5ms: no pool 'rediss' (did you mean 'redis'?), there are: redis");
    s.thresholds--;
    assert_int_equal(scenario_at(&s, "1s 2 threads 2", ORIGIN_ARGV, &err), 0);
    assert_int_equal(scenario_check(&s, backends, &err), ERR_USAGE);
    assert_non_null(strstr(err.msg, "--at '2 threads 2': no pool '2'"));
    assert_int_equal(scenario_at(&s, "0s add redis://h", ORIGIN_ARGV, &err), 0);
    assert_int_equal(scenario_check(&s, backends, &err), 0); /* meant for the pool that comes */
    assert_int_equal(
        scenario_add(&s, "redis://example.com?threads=65", ORIGIN_ARGV, &defaults, backends, &err),
        0);
    assert_int_equal(scenario_check(&s, backends, &err), ERR_REFUSED);
    assert_non_null(strstr(err.msg, "redis-2: threads 65: above the ceiling"));
    scenario_fini(&s);
}

static int check_at(const char *at, struct err *err)
{
    struct scenario s;
    scenario_init(&s);
    s.limits.max_rate = 1000;
    assert_int_equal(
        scenario_add(&s, "redis://db.example.com", ORIGIN_ARGV, &defaults, backends, err), 0);
    assert_int_equal(scenario_at(&s, "9h add redis://h?name=late", ORIGIN_ARGV, err), 0);
    assert_int_equal(scenario_at(&s, at, ORIGIN_ARGV, err), 0);
    int bad = scenario_check(&s, backends, err);
    scenario_fini(&s);
    return bad;
}

/* What cannot work is refused at the start, though a pool comes that is not there yet. */
static void what_is_timed_is_tried(void **state)
{
    (void)state;
    static const struct {
        const char *at, *says; /* NULL: it is accepted */
    } cases[] = {
        {"1h threads 64", NULL},
        {"1h threads 65", "--at 'threads 65': threads 65: above the ceiling of 64"},
        {"1h redis clients 1025 over 1m", "ceiling of 1024"},
        {"1h threads *99", NULL}, /* of how many? */
        {"1h rate 2k", "--max-rate"},
        {"1h late rate 2k", "--max-rate"},
        {"1h late set size 32-64", NULL},
        {"1h late set sise 32", "did you mean 'size'?"},
        {"1h set dist zipf", "dist"},
        {"1h ops gett", "did you mean 'get'?"},
        {"1h sweep redis threads=32,64", NULL},
        {"1h sweep redis threads=32,65", "threads 65: above the ceiling of 64"},
        {"1h sweep late keys=1,0", "keys"},
        {"1h sweep late rate=1k,2k", "--max-rate"},
        {"1h sweep threads=1,2", NULL}, /* it may be the only pool by then */
        {"1h later threads 2", "no pool 'later' (did you mean 'late'?), there are: redis late"},
        {"1h redis-2 threads 2", NULL},
        {"1h 2 threads 2", NULL},
        {"1h 3 threads 2", "no pool '3'"},
        {"1h add redis://h?keys=0", "keys"},
        {"1h add redis://h/99", "no database 99"},
        {"1h add redis://example.com?threads=65", "redis: threads 65"},
        {"1h add kafka://h", "install librdkafka-dev"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err err = {0};
        int bad = check_at(cases[i].at, &err);
        if (!bad != !cases[i].says || (bad && !strstr(err.msg, cases[i].says)))
            fail_msg("%s: %d: %s", cases[i].at, bad, err.msg);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_refers_to_pools_is_checked, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_timed_is_tried, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
