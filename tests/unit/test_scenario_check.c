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
    assert_int_equal(scenario_at(&s, "2s remove redis", ORIGIN_ARGV, &err), 0);
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

static int check_schedule(const char *const *at, const struct limits *l, struct err *err)
{
    struct scenario s;
    scenario_init(&s);
    s.limits = *l;
    assert_int_equal(
        scenario_add(&s, "redis://db.example.com", ORIGIN_ARGV, &defaults, backends, err), 0);
    for (; *at; at++)
        assert_int_equal(scenario_at(&s, *at, ORIGIN_ARGV, err), 0);
    int bad = scenario_check(&s, backends, err);
    scenario_fini(&s);
    return bad;
}

struct schedule {
    const char *at[6];
    const char *says; /* NULL: it is accepted */
};

static void try_schedules(const struct schedule *s, size_t n, const struct limits *l)
{
    for (size_t i = 0; i < n; i++) {
        struct err err = {0};
        int bad = check_schedule(s[i].at, l, &err);
        if (!bad != !s[i].says || (bad && !strstr(err.msg, s[i].says)))
            fail_msg("%s: %d: %s", s[i].at[0], bad, err.msg);
    }
}

static struct limits low_limits(void)
{
    struct limits l;
    limits_init(&l);
    l.max_rate = 1000;
    l.max_connections = 100;
    return l;
}

/* What cannot work is refused at the start, though a pool comes that is not there yet. */
static void what_is_timed_is_tried(void **state)
{
    (void)state;
    static const struct schedule cases[] = {
        {{"1h threads 64"}, NULL},
        {{"1h threads 65"}, "--at 'threads 65': threads 65: above the ceiling of 64"},
        {{"1h redis clients 1025 over 1m"}, "ceiling of 1024"},
        {{"1h threads *99"}, NULL}, /* of how many? */
        {{"1h rate 2k"}, "--max-rate"},
        {{"9m add redis://h?name=late", "1h late rate 2k"}, "--max-rate"},
        {{"9m add redis://h?name=late", "1h late set size 32-64"}, NULL},
        {{"9m add redis://h?name=late", "1h late set sise 32"}, "did you mean 'size'?"},
        {{"1h set dist zipf"}, "dist"},
        {{"1h ops gett"}, "did you mean 'get'?"},
        {{"1h sweep redis threads=32,64"}, NULL},
        {{"1h sweep redis threads=32,65"}, "threads 65: above the ceiling of 64"},
        {{"9m add redis://h?name=late", "1h sweep late keys=1,0"}, "keys"},
        {{"9m add redis://h?name=late", "1h sweep late rate=1k,2k"}, "--max-rate"},
        {{"1h sweep capacity to=2k"}, "--max-rate"},
        {{"1h add redis://h?keys=0"}, "keys"},
        {{"1h add redis://h/99"}, "no database 99"},
        {{"1h add redis://example.com?threads=65"}, "redis: threads 65"},
        {{"1h add redis://example.com?threads=51&clients=2"}, "102 are above the ceiling of 100"},
        {{"1h add kafka://h"}, "install librdkafka-dev"},
    };
    struct limits l = low_limits();
    try_schedules(cases, COUNT(cases), &l);
}

/* Names and numbers are those of the pools that are there at that moment. */
static void pools_come_and_go(void **state)
{
    (void)state;
    static const struct schedule cases[] = {
        {{"1h later threads 2", "9m add redis://h?name=late"},
         "no pool 'later' (did you mean 'late'?), there are: redis late"},
        {{"1h late threads 2", "9h add redis://h?name=late"}, "'late' then: it is added at 9h"},
        {{"1h 2 threads 2", "9h add redis://h?name=late"}, "'2' then: it is added at 9h"},
        {{"1h 2 threads 2", "1h add redis://h"}, "'2' then: it is added at 1h"}, /* as given */
        {{"1h add redis://h", "1h 2 threads 2", "1h redis-2 threads 2"}, NULL},
        {{"9m add redis://h?name=late", "1h redis-2 threads 2"}, "no pool 'redis-2'"},
        {{"9m add redis://h?name=redis"}, "name redis: a pool has this name already"},
        {{"9m add redis://h?name=a", "10m add redis://i?name=a"}, "name a: a pool has this"},
        {{"8m remove redis", "9m add redis://h?name=redis", "1h redis threads 2"}, NULL},
        {{"9m add redis://h", "1h redis-2 threads 2"}, NULL},
        {{"9m add redis://h", "10m add redis://i?name=redis-2"}, "name redis-2: a pool has this"},
        {{"9m add redis://h", "1h redis-3 threads 2"}, "no pool 'redis-3'"},
        {{"9m add redis://h", "1h redis-x threads 2"}, "no pool 'redis-x'"},
        {{"1m remove 1", "2m 1 threads 2"}, "'1' then: it is removed at 1m, there is none"},
        {{"1m remove 1", "2m add redis://h", "3m redis threads 2"}, NULL}, /* its name is free */
        {{"1m remove 1", "2m add redis://h", "3m 2 threads 2"}, NULL},     /* its number is not */
        {{"1m remove 1", "2m add redis://h", "3m 1 threads 2"}, "no pool '1'"},
        {{"1m remove 1", "2m remove redis"}, "it is removed at 1m"},
        {{"1h sweep threads=1,2"}, NULL},
        {{"1m add redis://h", "1h sweep threads=1,2"}, "say which pool"},
        {{"1m add redis://h", "2m remove 1", "1h sweep threads=1,2"}, NULL},
        {{"1m remove 1", "1h sweep threads=1,2"}, "say which pool"},
    };
    struct limits l = low_limits();
    try_schedules(cases, COUNT(cases), &l);
}

/* The connections of a pool alone, with the values that it has by then. */
static void connections_have_a_ceiling(void **state)
{
    (void)state;
    static const struct schedule cases[] = {
        {{"1h clients 100"}, NULL},
        {{"1h clients 101"}, "connections: 101 are above the ceiling of 100 in all"},
        {{"1h threads 2", "2h clients 51"}, "102"},
        {{"1h connections 101"}, "101"},
        {{"1h clients 60", "2h connections 1", "3h threads 64"}, NULL},
        {{"1h clients 60", "2h clients 1", "3h threads 64"}, NULL},
        {{"1h clients 60", "2h clients *2", "3h threads 64"}, NULL}, /* not known any more */
        {{"1h clients 60", "2h clients *2", "3h connections 101"}, "101"},
        {{"1h sweep threads=1,2 clients=10,50"}, NULL},
        {{"1h sweep threads=1,2 clients=10,51"}, "102"},
        {{"1h clients 60", "2h sweep threads=1,2"}, "120"},
    };
    struct limits l = low_limits();
    try_schedules(cases, COUNT(cases), &l);
}

/* Without a screen nobody unlocks, sweeps or changes anything but the schedule. */
static void what_went_before_is_known_without_a_screen(void **state)
{
    (void)state;
    static const struct schedule locked[] = {
        {{"1h threads 2"}, "locked"},          {{"1h sweep threads=1,2"}, "locked"},
        {{"1h add redis://h"}, "locked"},      {{"1h pause"}, NULL},
        {{"1h unlock", "2h threads 2"}, NULL}, {{"1h unlock", "2h lock", "3h threads 2"}, "locked"},
    };
    static const struct schedule unlocked[] = {
        {{"1h sweep resume"}, "no sweep before"},
        {{"1h sweep threads=1,2", "2h sweep resume"}, NULL},
        {{"1h sweep capacity", "2h sweep resume"}, "no sweep before"},
        {{"1m add redis://h", "1h sweep 1 threads=1,2", "2h sweep 2 resume"}, "is of 'redis'"},
        {{"1h sweep threads=1,2", "2h remove 1", "3h sweep resume"}, "is of 'redis'"},
        {{"1h undo"}, "no change before"},
        {{"1h depth 4", "2h undo"}, NULL},
        {{"1h depth 4", "2h undo", "3h undo"}, "no change before"},
        {{"1h depth 4", "2h depth 5", "3h undo", "4h undo"}, NULL},
        {{"1h threads 1", "2h undo"}, "no change before"}, /* it is 1 */
        {{"1h threads 2", "2h threads 2", "3h undo", "4h undo"}, "no change before"},
        {{"1h threads +1", "2h threads 2", "3h undo", "4h undo"}, NULL}, /* of how many? */
        {{"1h pattern sync", "2h undo"}, "no change before"},
        {{"1h pause", "2h undo"}, "no change before"},
        {{"1h set keys 5", "2h undo", "3h undo"}, "no change before"},
        {{"1h stop", "2h sweep threads=1,2"},
         "'redis' is stopped then, and no start comes after it"},
        {{"1h pause", "2h sweep threads=1,2"}, "'redis' is paused then, and no resume comes after"},
        {{"1h pause all", "2h sweep capacity"}, "'redis' is paused then"},
        {{"1h stop", "2h start", "3h sweep threads=1,2"}, NULL},
        {{"1h stop", "2h sweep threads=1,2", "3h redis start"}, NULL},
        {{"1h pause", "2h sweep 1 threads=1,2", "3h resume all"}, NULL},
        {{"1h sweep threads=1,2", "2h pause", "3h sweep resume"}, "paused then"},
    };
    struct limits l = low_limits();
    try_schedules(unlocked, COUNT(unlocked), &l);
    l.locked = true;
    try_schedules(locked, COUNT(locked), &l);
    l.ask_names = true;
    struct err err = {0};
    for (size_t i = 0; i < COUNT(locked); i++)
        assert_int_equal(check_schedule(locked[i].at, &l, &err), 0);
    for (size_t i = 0; i < COUNT(unlocked); i++)
        assert_int_equal(check_schedule(unlocked[i].at, &l, &err), 0);
}

static void a_file_takes_no_lock_away(void **state)
{
    (void)state;
    struct scenario s;
    struct err err = {0};
    scenario_init(&s);
    assert_int_equal(scenario_add(&s, "redis://h", ORIGIN_ARGV, &defaults, backends, &err), 0);
    assert_int_equal(scenario_at(&s, "1h unlock", ORIGIN_SCENARIO, &err), 0);
    assert_int_equal(scenario_check(&s, backends, &err), ERR_USAGE);
    assert_non_null(strstr(err.msg, "--at 'unlock': a scenario file does not take a lock away"));
    scenario_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_refers_to_pools_is_checked, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_timed_is_tried, setup, teardown),
        cmocka_unit_test_setup_teardown(pools_come_and_go, setup, teardown),
        cmocka_unit_test_setup_teardown(connections_have_a_ceiling, setup, teardown),
        cmocka_unit_test_setup_teardown(what_went_before_is_known_without_a_screen, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_file_takes_no_lock_away, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
