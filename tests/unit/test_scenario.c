/* Scenarios: pools from URLs with flags below them, the operation mix, the URL that starts a pool
 * again, names, timed commands, thresholds, ceilings, and the YAML file with the line of each
 * mistake. The backends are tables made up here: the engine knows no others. */
#include "engine/backend.h"
#include "engine/base/err.h"
#include "engine/stats/generate.h"
#include "engine/config/scenario.h"
#include "engine/base/text.h"
#include "engine/config/pool_url.h"
#include "engine/config/scenario_check.h"
#include "engine/config/scenario_yaml.h"

#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

enum { KEYS, SIZE, DIST, SHARE, TTL, PREFIX, CREATE, PASSWORD, EXTRA };
static const struct option_spec redis_options[] = {
    [KEYS] = {"keys", OPTION_COUNT, OPTION_LIVE, "10k", 1, 1e9, NULL, "help"},
    [SIZE] = {"size", OPTION_SPAN, OPTION_LIVE, "32", 1, 1048576, NULL, "help"},
    [DIST] = {"dist", OPTION_CHOICE, 0, "uniform", 0, 0, DIST_CHOICES, "help"},
    [SHARE] = {"share", OPTION_REAL, OPTION_LIVE, "0", 0, 1, NULL, "help"},
    [TTL] = {"ttl", OPTION_DURATION, 0, NULL, 0, 0, NULL, "help"},
    [PREFIX] = {"prefix", OPTION_TEXT, 0, "loadtop:", 0, 0, NULL, "help"},
    [CREATE] = {"create", OPTION_BOOL, 0, "yes", 0, 0, NULL, "help"},
    [PASSWORD] = {"password", OPTION_SECRET, 0, NULL, 0, 0, NULL, "help"},
    [EXTRA] = {"extra.", OPTION_TEXT, OPTION_PREFIX, NULL, 0, 0, NULL, "help"},
    {NULL, OPTION_TEXT, 0, NULL, 0, 0, NULL, NULL},
};
static const struct op_type redis_ops[] = {{.name = "get", .weight = 80, .reads = true},
                                           {.name = "set", .weight = 20},
                                           {.name = "incr"},
                                           {.name = NULL}};
static const struct option_spec no_options[] = {{NULL, OPTION_TEXT, 0, NULL, 0, 0, NULL, NULL}};
static const struct op_type one_op[] = {{.name = "op", .weight = 1, .reads = true}, {.name = NULL}};

static int refuse_database_99(const struct target *t, const struct options *o, struct err *err)
{
    (void)o;
    if (strcmp(t->path, "/99") == 0)
        return err_set(err, ERR_USAGE, "%s: no database 99", t->shown);
    return 0;
}

static const struct backend redis = {.name = "redis",
                                     .schemes = "redis rediss redis+unix",
                                     .example = "redis://localhost:6379/0",
                                     .default_port = 6379,
                                     .options = redis_options,
                                     .ops = redis_ops,
                                     .check = refuse_database_99};
static const struct backend null = {
    .name = "null", .schemes = "null", .example = "null:", .options = no_options, .ops = one_op};
static const struct backend kafka = {.name = "kafka",
                                     .schemes = "kafka",
                                     .unavailable = "not built in: install librdkafka-dev",
                                     .options = no_options,
                                     .ops = one_op};
static const struct backend *const backends[] = {&redis, &null, &kafka, NULL};

static struct options flags;

static int setup(void **state)
{
    (void)state;
    options_init(&flags, pool_option_table);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    options_fini(&flags);
    return 0;
}

static void flag(const char *name, const char *value)
{
    struct err err = {0};
    if (options_set(&flags, name, value, ORIGIN_ARGV, false, &err))
        fail_msg("--%s %s: %s", name, value, err.msg);
}

static void parse(struct pool_spec *spec, const char *url)
{
    struct err err = {0};
    if (pool_spec_parse(spec, url, ORIGIN_ARGV, &flags, backends, &err))
        fail_msg("%s was refused: %s", url, err.msg);
}

static void pools_have_defaults(void **state)
{
    (void)state;
    struct pool_spec spec;
    assert_int_equal(pool_spec_parse(&spec, "redis://localhost", ORIGIN_ARGV, NULL, backends, NULL),
                     0);
    assert_ptr_equal(spec.backend, &redis);
    assert_string_equal(spec.name, "");
    assert_int_equal(spec.load.threads, 1);
    assert_int_equal(spec.load.clients, 1);
    assert_int_equal(spec.load.connections, 0);
    assert_int_equal(spec.load.pattern, PATTERN_SYNC);
    assert_int_equal(spec.load.depth, 0);
    assert_true(spec.load.rate_per_s == 0);
    assert_int_equal(spec.load.arrival, ARRIVAL_CONSTANT);
    assert_int_equal(spec.load.think_ns, 0);
    assert_true(spec.load.weight[0] == 80 && spec.load.weight[1] == 20 && spec.load.weight[2] == 0);
    assert_int_equal(spec.count, 0);
    assert_int_equal(spec.duration_ns, 0);
    assert_int_equal(spec.warmup_ns, 0);
    assert_int_equal(spec.timeout_ns, UINT64_C(5000000000));
    assert_int_equal(spec.seed, 1);
    pool_spec_fini(&spec);
}

static void the_url_wins_over_the_flags(void **state)
{
    (void)state;
    struct pool_spec spec;
    flag("threads", "8");
    flag("clients", "3");
    flag("rate", "10k/s");
    flag("pattern", "chain");
    flag("ops", "set");
    parse(&spec, "rediss://h:1/2?threads=4&depth=7&ops=get:1,incr&size=1k-2k&keys=5&arrival=poisson"
                 "&think=1.5ms&count=123457&duration=30s&timeout=1s&seed=18446744073709551615"
                 "&name=mine&warmup=2s&extra.a.b=1&connections=2");
    assert_int_equal(spec.load.threads, 4);
    assert_int_equal(spec.load.clients, 3);
    assert_int_equal(spec.load.connections, 2);
    assert_int_equal(spec.load.pattern, PATTERN_CHAIN);
    assert_int_equal(spec.load.depth, 7);
    assert_true(spec.load.rate_per_s == 10000);
    assert_int_equal(spec.load.arrival, ARRIVAL_POISSON);
    assert_int_equal(spec.load.think_ns, 1500000);
    assert_true(spec.load.weight[0] == 1 && spec.load.weight[1] == 0 && spec.load.weight[2] == 1);
    assert_int_equal(spec.count, 123457);
    assert_int_equal(spec.duration_ns, UINT64_C(30000000000));
    assert_int_equal(spec.warmup_ns, 2000000000);
    assert_int_equal(spec.timeout_ns, 1000000000);
    assert_true(spec.seed == UINT64_MAX);
    assert_string_equal(spec.name, "mine");
    assert_int_equal(option_u64(&spec.options, KEYS), 5);
    assert_int_equal(option_low(&spec.options, SIZE), 1024);
    assert_int_equal(option_high(&spec.options, SIZE), 2048);
    assert_string_equal(option_str(&spec.options, EXTRA), "a.b=1\n");
    pool_spec_fini(&spec);
    parse(&spec, "redis://h?rate=off");
    assert_true(spec.load.rate_per_s == 0);
    assert_true(spec.load.weight[1] == 1 && spec.load.weight[0] == 0);
    struct pool_spec copy;
    pool_spec_copy(&copy, &spec);
    pool_spec_fini(&spec);
    assert_string_equal(copy.target.shown, "redis://h");
    assert_string_equal(option_str(&copy.options, PREFIX), "loadtop:");
    pool_spec_fini(&copy);
    pool_spec_fini(NULL);
}

static void wrong_pools_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *url, *says;
        int code;
    } cases[] = {
        {"redsi://h",
         "unknown kind of target 'redsi' (did you mean 'redis'?), allowed: redis rediss "
         "redis+unix null kafka",
         ERR_USAGE},
        {"mysql://h", "unknown kind of target 'mysql', allowed", ERR_USAGE},
        {"kafka://h/t", "kafka: not built in: install librdkafka-dev", ERR_FAILED},
        {"redis://", "a host is missing (e.g. redis://localhost:6379/0)", ERR_USAGE},
        {"redis:///3", "a host is missing", ERR_USAGE},
        {"redis://h/99", "no database 99", ERR_USAGE},
        {"redis://h?thread=4", "unknown option 'thread' (did you mean 'threads'?)", ERR_USAGE},
        {"redis://h?key=4", "unknown option 'key' (did you mean 'keys'?)", ERR_USAGE},
        {"redis://h?zzzzzz=4", "unknown option 'zzzzzz', allowed: keys size", ERR_USAGE},
        {"redis://h?threads=0", "threads 0: out of range, allowed 1 to 4096", ERR_USAGE},
        {"redis://h?keys=0", "keys 0: out of range, allowed 1 to 1000000000", ERR_USAGE},
        {"redis://h?clients=1000001", "allowed 1 to 1000000", ERR_USAGE},
        {"redis://h?depth=65537", "allowed 1 to 65536", ERR_USAGE},
        {"redis://h?rate=fast", "rate fast: not a rate, allowed: 5000/s, 10k/s, 1.5M/s, or off",
         ERR_USAGE},
        {"redis://h?rate=0", "rate 0: out of range, allowed 0.001/s to 1G/s", ERR_USAGE},
        {"redis://h?rate=1e-11/s", "rate 1e-11/s: out of range", ERR_USAGE},
        {"redis://h?rate=-5", "not a rate", ERR_USAGE},
        {"redis://h?duration=30", "duration 30: a duration needs a unit", ERR_USAGE},
        {"redis://h?count=0", "count 0: out of range", ERR_USAGE},
        {"redis://h?timeout=0s", "timeout 0s: out of range, allowed 1ms to 1h", ERR_USAGE},
        {"redis://h?pattern=chian",
         "not one of sync|batch|queue|chain|unthrottled (did you mean 'chain'?)", ERR_USAGE},
        {"redis://h?name=a%20b", "name a b: a pool's name begins with a letter", ERR_USAGE},
        {"redis://h?name=7", "name 7: a pool's name begins with a letter", ERR_USAGE},
        {"redis://h?name=", "name '': a pool's name", ERR_USAGE},
        {"redis://h?name=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "at most 31", ERR_USAGE},
        {"redis://h?ops=gte",
         "redis has no operation 'gte' (did you mean 'get'?), allowed: get set incr", ERR_USAGE},
        {"redis://h?ops=get:x", "ops get:x: a weight is a number", ERR_USAGE},
        {"redis://h?ops=get:-1", "a weight is a number from 0", ERR_USAGE},
        {"redis://h?ops=get:0,set:0", "every weight is 0", ERR_USAGE},
        {"redis://h?ops=", "no operation ''", ERR_USAGE},
        {"redis://h?ops=get:0000000000000000000000000000000000000000000000000000000000000000001",
         "too long", ERR_USAGE},
        {"redis://h?ops=get,", "no operation ''", ERR_USAGE},
        {"redis://h?threads", "option 'threads' has no value", ERR_USAGE},
    };
    for (unsigned i = 0; i < COUNT(cases); i++) {
        struct pool_spec spec;
        struct err err = {0};
        assert_int_equal(pool_spec_parse(&spec, cases[i].url, ORIGIN_ARGV, &flags, backends, &err),
                         cases[i].code);
        if (!strstr(err.msg, cases[i].says))
            fail_msg("%s: says '%s'", cases[i].url, err.msg);
        assert_null(strchr(err.msg, '\n'));
    }
    flag("name", "a=b");
    struct err err = {0};
    assert_int_equal(pool_options_check(&flags, &err), ERR_USAGE);
    assert_non_null(strstr(err.msg, "name a=b"));
}

static void mixes_are_read_and_written(void **state)
{
    (void)state;
    double w[OPS_MAX];
    char buf[100];
    assert_int_equal(ops_parse(redis.ops, "redis", "get:80,set:20", w, NULL), 0);
    assert_string_equal(ops_text(redis.ops, w, buf, sizeof buf), "get:80,set:20");
    assert_int_equal(ops_parse(redis.ops, "redis", "incr,get:0.5", w, NULL), 0);
    assert_string_equal(ops_text(redis.ops, w, buf, sizeof buf), "get:0.5,incr:1");
    assert_int_equal(ops_parse(redis.ops, "redis", "get:1,get:2,set:0", w, NULL), 0);
    assert_string_equal(ops_text(redis.ops, w, buf, sizeof buf), "get:3");
    assert_int_equal(ops_parse(redis.ops, "redis", "nope", w, NULL), ERR_USAGE);
    assert_string_equal(ops_text(redis.ops, w, buf, sizeof buf), "get:3"); /* as it was */
    assert_int_equal(ops_parse(redis.ops, "redis", NULL, w, NULL), 0);
    assert_string_equal(ops_text(redis.ops, w, buf, sizeof buf), "get:80,set:20");
    assert_string_equal(ops_text(redis.ops, w, buf, 4), "get");
}

static void assert_same(const struct pool_spec *a, const struct pool_spec *b, const char *url)
{
    bool same = a->backend == b->backend && strcmp(a->name, b->name) == 0 &&
                a->load.threads == b->load.threads && a->load.clients == b->load.clients &&
                a->load.connections == b->load.connections && a->load.pattern == b->load.pattern &&
                a->load.depth == b->load.depth && a->load.rate_per_s == b->load.rate_per_s &&
                a->load.arrival == b->load.arrival && a->load.think_ns == b->load.think_ns &&
                a->count == b->count && a->duration_ns == b->duration_ns &&
                a->warmup_ns == b->warmup_ns && a->timeout_ns == b->timeout_ns &&
                a->seed == b->seed && strcmp(a->target.shown, b->target.shown) == 0 &&
                strcmp(a->target.path, b->target.path) == 0 &&
                strcmp(a->target.user, b->target.user) == 0;
    for (unsigned i = 0; i < OPS_MAX; i++)
        same = same && a->load.weight[i] == b->load.weight[i];
    for (unsigned i = 0; i < a->options.n; i++)
        if (a->options.table[i].type != OPTION_SECRET)
            same = same && option_u64(&a->options, i) == option_u64(&b->options, i) &&
                   strcmp(option_str(&a->options, i), option_str(&b->options, i)) == 0;
    if (!same)
        fail_msg("%s does not start the same pool", url);
}

static void a_pool_can_be_started_again(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "redis://localhost",
        "null:",
        "redis://u%40x@[::1]:1,h2/a%3Fb%20c?prefix=a%26b%3D%25%2B%20c&ttl=5s",
        "redis+unix:///run/r.sock?threads=4&clients=50&pattern=batch&depth=16&think=1ms&seed=7",
        "redis://h?rate=123.456/s&arrival=poisson&name=x-2&timeout=250ms&warmup=1s&count=99",
        "redis://h?ops=get:0.1,incr:3&share=0.1&size=1-9&dist=zipf&create=no&duration=90s",
        "redis://h?extra.a=1&extra.b.c=x%3Dy%26z&connections=3&rate=1/m",
    };
    char url[2000], again[2000];
    for (unsigned i = 0; i < COUNT(urls); i++) {
        struct pool_spec a, b;
        parse(&a, urls[i]);
        pool_spec_url(&a, url, sizeof url);
        parse(&b, url);
        assert_same(&a, &b, url);
        assert_string_equal(pool_spec_url(&b, again, sizeof again), url);
        pool_spec_fini(&a);
        pool_spec_fini(&b);
    }
    struct pool_spec spec;
    parse(&spec, "redis://u:SECRET@h?password=SECRET&extra.sasl.password=SECRET&extra.x=1");
    pool_spec_url(&spec, url, sizeof url);
    assert_string_equal(url, "redis://u@h?extra.x=1");
    pool_spec_fini(&spec);
    char stmt[700];
    memset(stmt, 'q', sizeof stmt - 1);
    stmt[sizeof stmt - 1] = '\0';
    snprintf(url, sizeof url, "redis://h?prefix=%s", stmt);
    parse(&spec, url);
    assert_string_equal(pool_spec_url(&spec, again, sizeof again), url); /* no value is cut */
    pool_spec_fini(&spec);
}

static void random_loads_can_be_started_again(void **state)
{
    (void)state;
    struct rng r;
    rng_seed(&r, 3, 0);
    struct pool_spec a, b;
    parse(&a, "redis://h");
    for (int i = 0; i < 2000; i++) {
        char url[1000];
        a.load.threads = 1 + (uint32_t)rng_below(rng_next(&r), 4096);
        a.load.clients = 1 + (uint32_t)rng_below(rng_next(&r), 1000000);
        a.load.connections = (uint32_t)rng_below(rng_next(&r), 3);
        a.load.pattern = (enum pattern)rng_below(rng_next(&r), 5);
        a.load.depth = (uint32_t)rng_below(rng_next(&r), 65537);
        a.load.rate_per_s = i % 3 ? rng_unit(rng_next(&r)) * 1e7 : 0;
        a.load.arrival = (enum arrival)rng_below(rng_next(&r), 2);
        a.load.think_ns = rng_below(rng_next(&r), UINT64_C(1) << rng_below(rng_next(&r), 41));
        for (int k = 0; k < 3; k++)
            a.load.weight[k] = rng_next(&r) % 3 ? rng_unit(rng_next(&r)) : 0.25;
        a.seed = rng_next(&r);
        a.count = rng_next(&r) >> 12;
        pool_spec_url(&a, url, sizeof url);
        parse(&b, url);
        assert_same(&a, &b, url);
        pool_spec_fini(&b);
    }
    pool_spec_fini(&a);
}

static void pools_get_names(void **state)
{
    (void)state;
    struct scenario s;
    struct err err = {0};
    scenario_init(&s);
    static const char *const urls[] = {"redis://h", "redis://h?name=redis-3", "rediss://h",
                                       "null:", "redis://h"};
    static const char *const names[] = {"redis", "redis-3", "redis-2", "null", "redis-4"};
    for (unsigned i = 0; i < COUNT(urls); i++) {
        assert_int_equal(scenario_add(&s, urls[i], ORIGIN_ARGV, &flags, backends, &err), 0);
        assert_string_equal(s.pool[i]->name, names[i]);
    }
    assert_int_equal(scenario_add(&s, "null:?name=redis", ORIGIN_ARGV, &flags, backends, &err),
                     ERR_USAGE);
    assert_non_null(strstr(err.msg, "name redis: a pool has this name already"));
    assert_int_equal(scenario_add(&s, "null:?threads=x", ORIGIN_ARGV, &flags, backends, &err),
                     ERR_USAGE);
    assert_int_equal(s.pools, 5);
    while (s.pools < POOLS_MAX)
        assert_int_equal(scenario_add(&s, "null:", ORIGIN_ARGV, &flags, backends, &err), 0);
    assert_int_equal(scenario_add(&s, "null:", ORIGIN_ARGV, &flags, backends, &err), ERR_USAGE);
    assert_non_null(strstr(err.msg, "at most 64 pools"));
    scenario_fini(&s);
    scenario_fini(NULL);
}

static void timed_commands_are_checked_at_once(void **state)
{
    (void)state;
    struct scenario s;
    struct err err = {0};
    scenario_init(&s);
    assert_int_equal(scenario_at(&s, "30s mark half time", ORIGIN_ARGV, &err), 0);
    assert_int_equal(s.at[0].at_ns, UINT64_C(30000000000));
    assert_string_equal(s.at[0].text, "mark half time");
    assert_int_equal(scenario_at(&s, "  1.5s   redis threads +1", ORIGIN_ARGV, &err), 0);
    assert_int_equal(s.at[1].at_ns, 1500000000);
    assert_string_equal(s.at[1].text, "redis threads +1");
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "at '': it begins with a time"},
        {"30 threads +1", "it begins with a time after the start, with its unit"},
        {"threads +1", "it begins with a time"},
        {"30s", "at 30s: an empty command"},
        {"30s thread +1", "at 30s: unknown command 'thread' (did you mean 'threads'?)"},
        {"30s threads 0", "at 30s: threads 0: out of range"},
    };
    for (unsigned i = 0; i < COUNT(cases); i++) {
        assert_int_equal(scenario_at(&s, cases[i].text, ORIGIN_ARGV, &err), ERR_USAGE);
        if (!strstr(err.msg, cases[i].says))
            fail_msg("'%s': says '%s'", cases[i].text, err.msg);
    }
    assert_int_equal(s.ats, 2);
    for (unsigned i = 2; i < AT_MAX; i++)
        assert_int_equal(scenario_at(&s, "1s undo", ORIGIN_ARGV, &err), 0);
    assert_int_equal(scenario_at(&s, "1s undo", ORIGIN_ARGV, &err), ERR_USAGE);
    scenario_fini(&s);
}

static void thresholds_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *expr, *pool;
        enum threshold_metric metric;
        double quantile, bound;
        bool service, above, inclusive;
    } cases[] = {
        {"p99<5ms", "", METRIC_PERCENTILE, 0.99, 5000, false, false, false},
        {"p50 <= 250us", "", METRIC_PERCENTILE, 0.5, 250, false, false, true},
        {"service.p99<1ms", "", METRIC_PERCENTILE, 0.99, 1000, true, false, false},
        {"response.p95<1s", "", METRIC_PERCENTILE, 0.95, 1e6, false, false, false},
        {"redis-2:p99.9<20ms", "redis-2", METRIC_PERCENTILE, 0.999, 20000, false, false, false},
        {" x : service.mean < 1.5us ", "x", METRIC_MEAN, 0, 1.5, true, false, false},
        {"max<1m", "", METRIC_MAX, 0, 6e7, false, false, false},
        {"errors<0.1%", "", METRIC_ERRORS, 0, 0.001, false, false, false},
        {"errors<=0", "", METRIC_ERRORS, 0, 0, false, false, true},
        {"errors<0.02", "", METRIC_ERRORS, 0, 0.02, false, false, false},
        {"throughput>50k/s", "", METRIC_THROUGHPUT, 0, 50000, false, true, false},
        {"q:throughput>=1.5M/s", "q", METRIC_THROUGHPUT, 0, 1500000, false, true, true},
    };
    for (unsigned i = 0; i < COUNT(cases); i++) {
        struct threshold t;
        struct err err = {0};
        if (threshold_parse(&t, cases[i].expr, &err))
            fail_msg("%s: %s", cases[i].expr, err.msg);
        if (t.metric != cases[i].metric || fabs(t.quantile - cases[i].quantile) > 1e-12 ||
            fabs(t.bound - cases[i].bound) > 1e-12 * cases[i].bound ||
            t.service != cases[i].service || t.above != cases[i].above ||
            t.inclusive != cases[i].inclusive || strcmp(t.pool, cases[i].pool) != 0)
            fail_msg("%s: metric %d q %g bound %g pool '%s'", cases[i].expr, t.metric, t.quantile,
                     t.bound, t.pool);
    }
    static const struct {
        const char *expr, *says;
    } bad[] = {
        {"", "'<' or '>' is missing"},
        {"p99", "'<' or '>' is missing"},
        {"p99=5ms", "'<' or '>' is missing"},
        {"p99<5", "a latency wants a duration with its unit"},
        {"p99<", "a latency wants a duration"},
        {"p99<5ms<6ms", "a latency wants a duration"},
        {"p100<5ms", "unknown metric 'p100'"},
        {"p0<5ms", "unknown metric 'p0'"},
        {"p<5ms", "unknown metric 'p'"},
        {"p-9<5ms", "unknown metric"},
        {"eror<1%", "unknown metric 'eror'"},
        {"erorrs<1%", "(did you mean 'errors'?)"},
        {"thruput>1k", "unknown metric 'thruput'"},
        {"service.errors<1%", "unknown metric 'service.errors' (did you mean 'errors'?)"},
        {"errors<101%", "errors wants a share"},
        {"errors<5", "errors wants a share: 0.1%, or 0 to 1"},
        {"errors<5ms", "errors wants a share"},
        {"throughput>fast", "throughput wants a rate"},
        {"a b:p99<5ms", "before ':' a pool's name is expected"},
        {":p99<5ms", "before ':' a pool's name is expected"},
        {"<5ms", "unknown metric ''"},
    };
    for (unsigned i = 0; i < COUNT(bad); i++) {
        struct threshold t;
        struct err err = {0};
        assert_int_equal(threshold_parse(&t, bad[i].expr, &err), ERR_USAGE);
        if (!strstr(err.msg, bad[i].says) || !strstr(err.msg, "threshold"))
            fail_msg("'%s': says '%s'", bad[i].expr, err.msg);
    }
}

static void ceilings_spare_this_machine(void **state)
{
    (void)state;
    struct scenario s;
    struct err err = {0};
    struct load load = {.threads = 65, .clients = 1024};
    scenario_init(&s);
    assert_int_equal(limits_check(&s.limits, true, &load, &err), 0);
    assert_int_equal(limits_check(&s.limits, false, &load, &err), ERR_REFUSED);
    assert_non_null(strstr(err.msg, "threads 65: above the ceiling of 64"));
    load.threads = 64;
    assert_int_equal(limits_check(&s.limits, false, &load, &err), 0);
    load.clients = 1025;
    assert_int_equal(limits_check(&s.limits, false, &load, &err), ERR_REFUSED);
    assert_int_equal(limits_check(&s.limits, true, &load, &err), 0);
    assert_true(limits_clients(&s.limits, true) == UINT32_MAX);
    s.limits.max_clients = 2000;
    s.limits.max_clients_given = true;
    assert_int_equal(limits_clients(&s.limits, true), 2000);
    load.clients = 2001;
    assert_int_equal(limits_check(&s.limits, true, &load, &err), ERR_REFUSED);
    load = (struct load){.threads = 1, .clients = 1, .rate_per_s = 1001};
    assert_int_equal(limits_check(&s.limits, true, &load, &err), 0);
    s.limits.max_rate = 1000;
    assert_int_equal(limits_check(&s.limits, true, &load, &err), ERR_REFUSED);
    assert_non_null(strstr(err.msg, "--max-rate"));
    scenario_fini(&s);
}

#ifdef LOADTOP_HAVE_YAML

static int load_yaml(struct scenario *s, const char *text, struct err *err)
{
    scenario_init(s);
    return scenario_load_text(s, text, strlen(text), "s.yml", &flags, backends, err);
}

static void yaml_makes_a_scenario(void **state)
{
    (void)state;
    static const char yaml[] =
        "# a test\n"
        "pools:\n"
        "  - target: redis://localhost:6379/1?keys=7\n"
        "    threads: 4\n"
        "    ops: get:80,set:20\n"
        "    rate: 10k/s\n"
        "    prefix: \"a&b=c %41+?#d\"\n"
        "    extra.linger.ms: 5\n"
        "  - null:?threads=2\n"
        "  - { target: 'redis://h', ops: { get: 1, incr: 2.5 }, create: no }\n"
        "at: [\"30s redis threads +1\", 60s pause all]\n"
        "thresholds:\n"
        "  - p99<5ms\n"
        "  - \"redis-2:errors<0.1%\"\n"
        "goal: 250k/s\n"
        "sweep: redis threads=1,2,4 hold=5s\n"
        "limits: { max-threads: 16, max-rate: 100k/s, read-only: yes, max-time: 1h }\n";
    struct scenario s;
    struct err err = {0};
    flag("clients", "9");
    if (load_yaml(&s, yaml, &err))
        fail_msg("refused: %s", err.msg);
    assert_int_equal(s.pools, 3);
    assert_string_equal(s.pool[0]->name, "redis");
    assert_int_equal(s.pool[0]->load.threads, 4);
    assert_int_equal(s.pool[0]->load.clients, 9);
    assert_true(s.pool[0]->load.rate_per_s == 10000);
    assert_int_equal(option_u64(&s.pool[0]->options, KEYS), 7);
    assert_string_equal(option_str(&s.pool[0]->options, PREFIX), "a&b=c %41+?#d");
    assert_string_equal(option_str(&s.pool[0]->options, EXTRA), "linger.ms=5\n");
    assert_string_equal(s.pool[1]->name, "null");
    assert_int_equal(s.pool[1]->load.threads, 2);
    assert_string_equal(s.pool[2]->name, "redis-2");
    assert_true(s.pool[2]->load.weight[0] == 1 && s.pool[2]->load.weight[2] == 2.5);
    assert_false(option_bool(&s.pool[2]->options, CREATE));
    assert_int_equal(s.ats, 2);
    assert_string_equal(s.at[1].text, "pause all");
    assert_int_equal(s.thresholds, 2);
    assert_string_equal(s.threshold[1].pool, "redis-2");
    assert_true(s.goal_per_s == 250000);
    assert_string_equal(s.sweep, "redis threads=1,2,4 hold=5s");
    assert_int_equal(s.limits.max_threads, 16);
    assert_true(s.limits.max_threads_given && !s.limits.max_clients_given);
    assert_true(s.limits.max_rate == 100000);
    assert_true(s.limits.read_only && !s.limits.locked && !s.limits.allow_destructive);
    assert_int_equal(s.limits.max_time_ns, UINT64_C(3600000000000));
    assert_int_equal(scenario_check(&s, backends, &err), 0);
    scenario_fini(&s);
}

static void yaml_mistakes_have_their_line(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *says;
    } cases[] = {
        {"", "s.yml: the file is empty"},
        {"# nothing\n", "s.yml: the file is empty"},
        {"pools: [a\n", "s.yml:2: not YAML: "},
        {"a: b: c\n", "s.yml:1: not YAML: "},
        {"- x\n", "s.yml:1: a scenario is a mapping"},
        {"goal: 1/s\nthreshold: [p99<5ms]\n", "s.yml:2: unknown key 'threshold' (did you mean "
                                              "'thresholds'?), allowed: pools at thresholds "
                                              "goal sweep limits"},
        {"pools:\n  - target: redis://h\n    threads: 4\n    thread: 4\n",
         "s.yml:4: unknown option 'thread' (did you mean 'threads'?)"},
        {"pools:\n  - target: redis://h\n    clients: 2\n    threads: 0\n    depth: 4\n",
         "s.yml:4: threads 0: out of range, allowed 1 to 4096"},
        /* each by its own line, whatever else is wrong before or behind it */
        {"pools:\n  - target: redis://h/99\n    threads: 4\n    clients: 0\n    depth: 0\n",
         "s.yml:4: clients 0: out of range"},
        {"pools:\n  - target: redis://h/99\n    threads: 4\n",
         "s.yml:2: redis://h/99: no database"},
        {"pools:\n  - target: redis://h\n    key: 4\n    threads: 0\n",
         "s.yml:3: unknown option 'key'"},
        {"pools:\n  - target: redis://h\n    threads: 4\n    rate: fast\n    ops: gte\n",
         "s.yml:4: rate fast: not a rate"},
        {"pools:\n  - target: redis://h?threads=0\n    clients: 4\n", "s.yml:2: threads 0"},
        {"pools:\n  - target: redsi://h\n    threads: 4\n",
         "s.yml:2: redsi://h: unknown kind of target"},
        {"pools:\n  - threads: 4\n", "s.yml:2: a pool wants a target"},
        {"pools:\n  - target: [a]\n", "s.yml:2: a pool wants a target"},
        {"pools:\n  - [a]\n", "s.yml:2: a pool is a target's URL, or a mapping"},
        {"pools:\n  - null:\n  - target: 'null:'\n    name: null\n",
         "s.yml:3: name null: a pool has this name already"},
        {"pools:\n  - target: 'null:'\n    threads: [1, 2]\n",
         "s.yml:3: an option's value must be a plain word"},
        {"pools:\n  - target: redis://h\n    ops: { get: [1] }\n", "s.yml:3: ops wants operations"},
        {"pools:\n  - target: redis://h\n    ops: { gte: 1 }\n",
         "s.yml:3: ops gte: redis has no operation 'gte'"},
        {"pools:\n  - target: 'null:'\n    threads: 1\n    threads: 2\n",
         "s.yml:4: 'threads' stands here twice"},
        {"goal: 1/s\ngoal: 2/s\n", "s.yml:2: 'goal' stands here twice"},
        {"[a]: 1\n", "s.yml:1: a key must be a plain word"},
        {"at:\n  - 30s threads +1\n  - 30 threads +1\n",
         "s.yml:3: at 30 threads +1: it begins with a time"},
        {"at:\n  - 30s thread +1\n", "s.yml:2: at 30s: unknown command 'thread'"},
        {"at:\n  - { 30s: x }\n", "s.yml:2: at wants commands as texts"},
        {"thresholds:\n  - p99<5\n", "s.yml:2: threshold p99<5: a latency wants"},
        {"goal: fast\n", "s.yml:1: goal: not a rate from 0.001/s"},
        {"goal: 0\n", "s.yml:1: goal: not a rate from 0.001/s"},
        {"limits: { max-rate: 1e-11/s }\n", "max-rate 1e-11/s: not a rate from 0.001/s"},
        {"sweep: threads=x\n", "s.yml:1: threads x: not a whole number"},
        {"limits:\n  max-thread: 4\n",
         "s.yml:2: unknown option 'max-thread' (did you mean 'max-threads'?)"},
        {"limits:\n  max-threads: 0\n", "s.yml:2: max-threads 0: out of range"},
        {"limits:\n  max-rate: x\n", "s.yml:2: max-rate x: not a rate"},
        {"limits:\n  allow-destructive: yes\n", "s.yml:2: unknown option 'allow-destructive'"},
        {"limits: 4\n", "s.yml:1: limits is a mapping"},
        {"goal: 1/s\n---\ngoal: 2/s\n", "only one document"},
        {"pools:\n  - \"null:?a=\\0\"\n", "s.yml:2: a pool is a target's URL"},
    };
    for (unsigned i = 0; i < COUNT(cases); i++) {
        struct scenario s;
        struct err err = {0};
        assert_int_equal(load_yaml(&s, cases[i].yaml, &err), ERR_USAGE);
        if (!strstr(err.msg, cases[i].says))
            fail_msg("%s\nsays '%s'", cases[i].yaml, err.msg);
        scenario_fini(&s);
    }
}

static void yaml_aliases_cannot_hurt(void **state)
{
    (void)state;
    struct scenario s;
    struct err err = {0};
    assert_int_equal(load_yaml(&s, "pools: &a [*a, *a]\n", &err), ERR_USAGE);
    scenario_fini(&s);
    assert_int_equal(load_yaml(&s,
                               "pools:\n"
                               "  - &a { target: 'null:', threads: 3 }\n"
                               "  - *a\n",
                               &err),
                     0);
    assert_int_equal(s.pools, 2);
    assert_int_equal(s.pool[1]->load.threads, 3);
    scenario_fini(&s);
}

/* TEXT, repeated, between `begin` and `end`: it is refused with these words. */
static void repeated(const char *begin, const char *text, unsigned times, const char *end,
                     const char *says)
{
    struct scenario s;
    struct err err = {0};
    struct text t = {0};
    text_add(&t, "%s", begin);
    for (unsigned i = 0; i < times; i++)
        text_add(&t, text, i);
    text_add(&t, "%s", end);
    scenario_init(&s);
    int bad = scenario_load_text(&s, text_str(&t), t.len, "big.yaml", &flags, backends, &err);
    if (bad != ERR_USAGE || !strstr(err.msg, says) || strncmp(err.msg, "big.yaml:", 9) != 0)
        fail_msg("%s...: %d '%s' has no '%s'", text, bad, err.msg, says);
    scenario_fini(&s);
    text_free(&t);
}

/* Each is quadratic in libyaml, or in us, beyond such a bound. */
static void yaml_is_bounded(void **state)
{
    (void)state;
    repeated("pools: ", "[", 17, "", "more than 16 lists and mappings in each other");
    repeated("pools: ", "{a: ", 17, "", "more than 16 lists and mappings in each other");
    repeated("at: [", "&a%u '1s pause all',", 257, "]", "more than 256 anchors");
    repeated("", "%%TAG !a%u! tag:x\n", 9, "---\npools: []\n", "more than 8 directives");
    repeated("at: [", "x, ", 20000, "]", "more than 32768 words");
    repeated("limits:\n", "  k%u: 1\n", 257, "", "at most 256 keys");
    repeated("pools:\n- target: 'null:'\n  ops:\n", "    k%u: 1\n", 257, "",
             "at most 256 operations");
    repeated("pools:\n- target: 'null:'\n  name: '", "0123456789abcdef", 4096, "'\n",
             "longer than 64 KiB");
    repeated("pools:\n", "- 'null:'\n", 65, "", "at most 64 pools");
    repeated("at:\n", "- 1s pause all\n", 257, "", "at most 256 timed commands");
    repeated("thresholds:\n", "- p99<5ms\n", 33, "", "at most 32 thresholds");
}

/* Waits until somebody reads the pipe. */
static void *write_scenario(void *path)
{
    int fd = open(path, O_WRONLY);
    ssize_t n = write(fd, "pools:\n- null:\n", 15);
    close(fd);
    return n == 15 ? NULL : path;
}

static void files_are_read(void **state)
{
    (void)state;
    struct scenario s;
    struct err err = {0};
    char path[] = "/tmp/loadtop-scenario-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "pools:\n- null:\n", 15), 15);
    scenario_init(&s);
    if (scenario_load(&s, path, &flags, backends, &err))
        fail_msg("refused: %s", err.msg);
    assert_int_equal(s.pools, 1);
    scenario_fini(&s);
    for (int i = 0; i < 40; i++) {
        static char lines[32768];
        memset(lines, '#', sizeof lines);
        assert_int_equal(write(fd, lines, sizeof lines), sizeof lines);
    }
    scenario_init(&s);
    assert_int_equal(scenario_load(&s, path, &flags, backends, &err), ERR_USAGE);
    assert_non_null(strstr(err.msg, "longer than 1024 KiB"));
    close(fd);
    unlink(path);
    assert_int_equal(scenario_load(&s, path, &flags, backends, &err), ERR_USAGE);
    assert_non_null(strstr(err.msg, "No such file"));
    assert_int_equal(scenario_load(&s, "/", &flags, backends, &err), ERR_USAGE);
    assert_int_equal(scenario_load(&s, "/dev/zero", &flags, backends, &err), ERR_USAGE);
    assert_non_null(strstr(err.msg, "not a plain file"));
    scenario_fini(&s);
    assert_int_equal(mkfifo(path, 0600), 0); /* as a shell's <(generator) */
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, write_scenario, path), 0);
    scenario_init(&s);
    if (scenario_load(&s, path, &flags, backends, &err))
        fail_msg("refused: %s", err.msg);
    assert_int_equal(s.pools, 1);
    scenario_fini(&s);
    pthread_join(thread, NULL);
    unlink(path);
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pools_have_defaults, setup, teardown),
        cmocka_unit_test_setup_teardown(the_url_wins_over_the_flags, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_pools_are_refused, setup, teardown),
        cmocka_unit_test(mixes_are_read_and_written),
        cmocka_unit_test_setup_teardown(a_pool_can_be_started_again, setup, teardown),
        cmocka_unit_test_setup_teardown(random_loads_can_be_started_again, setup, teardown),
        cmocka_unit_test_setup_teardown(pools_get_names, setup, teardown),
        cmocka_unit_test(timed_commands_are_checked_at_once),
        cmocka_unit_test(thresholds_are_read),
        cmocka_unit_test(ceilings_spare_this_machine),
#ifdef LOADTOP_HAVE_YAML
        cmocka_unit_test_setup_teardown(yaml_makes_a_scenario, setup, teardown),
        cmocka_unit_test_setup_teardown(yaml_mistakes_have_their_line, setup, teardown),
        cmocka_unit_test_setup_teardown(yaml_aliases_cannot_hurt, setup, teardown),
        cmocka_unit_test_setup_teardown(yaml_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(files_are_read, setup, teardown),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
