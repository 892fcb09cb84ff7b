/* The JSON that scripts rely on, against a snapshot whose every figure is known: names, units,
 * integers, null for what is absent, and no secret. It is read back with jansson, as a script
 * would. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <jansson.h>

#include "engine/backend.h"
#include "engine/base/err.h"
#include "engine/state/snapshot.h"
#include "engine/base/text.h"
#include "ui/json/run.h"
#include "ui/json/read.h"

static const struct option_spec test_options[] = {
    {"keys", OPTION_COUNT, 0, "10000", 1, 1e9, NULL, "keys"},
    {"dist", OPTION_CHOICE, 0, "uniform", 0, 0, "uniform|zipf", "choice"},
    {"size", OPTION_SPAN, 0, "32", 1, 1e6, NULL, "size"},
    {"ttl", OPTION_DURATION, 0, NULL, 0, 0, NULL, "ttl"},
    {"token", OPTION_SECRET, 0, NULL, 0, 0, NULL, "secret"},
    {"tls", OPTION_BOOL, 0, "no", 0, 0, NULL, "tls"},
    {"share", OPTION_REAL, 0, "0.25", 0, 1, NULL, "share"},
    {"conf.", OPTION_TEXT, OPTION_PREFIX, NULL, 0, 0, NULL, "properties"},
    {NULL, 0, 0, NULL, 0, 0, NULL, NULL}};
static const struct op_type test_ops[] = {
    {.name = "get", .weight = 80}, {.name = "set", .weight = 20}, {.name = NULL}};
static const struct backend test_backend = {
    .name = "redis", .summary = "", .schemes = "redis", .options = test_options, .ops = test_ops};

static struct options options;
static struct point points[SERIES_BLOCK];
static const struct point *blocks[1] = {points};
static struct error_class errors[1];
static struct worker_snapshot workers[2];
static struct plateau plateaus[1];
static struct pool_snapshot pools[2];
static struct event events[2];
static struct threshold_state thresholds[3];
static struct snapshot snap;

static void absent(struct latency *l)
{
    *l = (struct latency){.min = NAN, .mean = NAN, .max = NAN};
    for (unsigned i = 0; i < QUANTILES; i++)
        l->q[i] = NAN;
}

static void make_pool(struct pool_snapshot *p)
{
    *p = (struct pool_snapshot){
        .number = 1, .backend = &test_backend, .op_types = test_backend.ops, .state = POOL_ENDED};
    copy_str(p->name, sizeof p->name, "redis");
    copy_str(p->target, sizeof p->target, "redis://db:6379/0");
    copy_str(p->url, sizeof p->url, "redis://db:6379/0?threads=2");
    p->options = &options;
    p->load = (struct load){
        .threads = 2, .clients = 50, .pattern = PATTERN_BATCH, .depth = 16, .weight = {80, 20}};
    p->depth = 16;
    p->connections = 50;
    p->count = 1000;
    p->timeout_ns = UINT64_C(5000000000);
    p->seed = 7;
    p->counts = (struct counts){1000, 990, 4, 3, 2, 1, 5};
    p->schedule = (struct schedule_counts){900, 890, 5, 5};
    p->loaded_s = 2;
    p->throughput_per_s = 495;
    p->bytes_sent = UINT64_C(9007199254740993); /* does not fit a double */
    p->service = (struct latency){.count = 990,
                                  .min = 1001,
                                  .mean = 2500.5,
                                  .max = 9999999,
                                  .q = {2000, 3000, 4000, 1234567, NAN, NAN}};
    absent(&p->response);
    absent(&p->batches);
    absent(&p->lag);
    absent(&p->lease_wait);
    p->has_batches = true;
    p->batches_completed = 61;
    p->has_lag = true;
    p->lag.count = 5;
    p->lag.max = 100;
    p->op[0] = (struct op_snapshot){.type = 1, .completed = 200, .errors = 1, .timeouts = 2};
    p->op[0].service = p->service;
    absent(&p->op[0].response);
    p->ops = 1;
    p->run_generate_share = 0.25;
    p->run_client_share = p->run_wait_share = p->run_idle_share = NAN;
    p->bottleneck = BOTTLENECK_SERVER;
    copy_str(p->bottleneck_why, sizeof p->bottleneck_why, "why");
    p->error = errors;
    p->errors = 1;
    p->worker = workers;
    p->workers = 2;
    p->plateau = plateaus;
    p->plateaus = 1;
    p->seconds = (struct series){.block = blocks, .first = 0, .n = 1};
    p->checks = 2;
    p->check[0] = (struct check){.id = CHECK_LITTLE, .known = false, .value = NAN, .limit = 0.05};
    p->check[1] = (struct check){.id = CHECK_GENERATOR_CPU,
                                 .known = true,
                                 .ok = false,
                                 .value = 0.97,
                                 .limit = 0.8,
                                 .why = "generator CPU 97 %"};
}

static int setup(void **state)
{
    (void)state;
    struct err err = {0};
    options_init(&options, test_options);
    assert_int_equal(options_set(&options, "size", "32-4096", ORIGIN_ARGV, false, &err), 0);
    assert_int_equal(options_set(&options, "token", "hunter2", ORIGIN_ARGV, false, &err), 0);
    assert_int_equal(
        options_set(&options, "conf.sasl.password", "hunter2", ORIGIN_ARGV, false, &err), 0);
    points[0] = (struct point){.t_s = 1,
                               .span_s = 1,
                               .offered = 500,
                               .completed = 499,
                               .threads = 2,
                               .clients = 100,
                               .in_flight = 1.25,
                               .p50 = 2000,
                               .p99 = NAN,
                               .max = 4000,
                               .response_p99 = NAN};
    errors[0] = (struct error_class){.name = "refused", .count = 4, .first_s = 0.5, .last_s = 1.5};
    /* a message that was cut within a character */
    copy_str(errors[0].first, sizeof errors[0].first, "cut \xe2\x82");
    copy_str(errors[0].last, sizeof errors[0].last, "last");
    workers[0] = (struct worker_snapshot){.id = 0, .completed = 600, .started_s = 0, .ended_s = 2};
    workers[1] =
        (struct worker_snapshot){.id = 1, .completed = 390, .started_s = 1, .ended_s = NAN};
    plateaus[0] = (struct plateau){.start_s = 1,
                                   .end_s = 2,
                                   .throughput_per_s = 495,
                                   .ci95 = NAN,
                                   .in_flight = 1,
                                   .p50 = 2000,
                                   .p99 = 3000,
                                   .cpu_share = NAN,
                                   .vars = {.threads = 2, .clients = 50},
                                   .why_not = "short"};
    make_pool(&pools[0]);
    make_pool(&pools[1]);
    copy_str(pools[1].name, sizeof pools[1].name, "gone");
    pools[1].load.rate_per_s = 5000;
    pools[1].load.arrival = ARRIVAL_POISSON;
    pools[1].has_batches = pools[1].has_lag = false;
    pools[1].schedule = (struct schedule_counts){0};
    pools[1].warmup_ns = 1000000000;
    pools[1].checks = 0;
    events[0] = (struct event){
        .t_s = 1.5, .pool = "redis", .what = "threads", .from = "1", .to = "2", .by = BY_AT};
    events[1] = (struct event){
        .t_s = 1.75, .kind = EVENT_MARK, .what = "mark", .from = "", .to = "note", .by = BY_KEY};
    thresholds[0] =
        (struct threshold_state){.expr = "p99<5ms", .known = true, .ok = true, .value = 1234.567};
    thresholds[1] =
        (struct threshold_state){.expr = "errors<1%", .known = true, .ok = false, .value = 0.02};
    thresholds[2] = (struct threshold_state){.expr = "p99.9<5ms", .known = false, .value = NAN};
    snap = (struct snapshot){.started = {1700000000, 123456789},
                             .now_s = 2.5,
                             .ended = true,
                             .ended_by = END_BY_COUNT,
                             .run_id = "0badcafe",
                             .pool = pools,
                             .pools = 1,
                             .removed = 1,
                             .event = events,
                             .events = 2,
                             .events_total = 2,
                             .threshold = thresholds,
                             .thresholds = 3,
                             .valid = false,
                             .cpu_share = 0.5,
                             .rss_peak_bytes = 12345678,
                             .host = "lg-02",
                             .cores = 8};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    options_fini(&options);
    return 0;
}

/* The run through text and back, as a script sees it. `text` is to be freed when asked for. */
static json_t *run_json(char **text)
{
    size_t len;
    json_t *made = json_run(&snap, "loadtop null:", 0.125);
    char *s = json_text(made, &len);
    json_error_t why;
    json_t *read = json_loads(s, JSON_REJECT_DUPLICATES, &why);
    assert_non_null(read);
    assert_int_equal(strlen(s), len);
    json_decref(made);
    if (text)
        *text = s;
    else
        free(s);
    return read;
}

/* The value at "pools/0/ops/offered". Fails when the path does not exist. */
static const json_t *at(const json_t *j, const char *path)
{
    char name[64];
    for (const char *p = path; *p;) {
        size_t len = strcspn(p, "/");
        snprintf(name, sizeof name, "%.*s", (int)len, p);
        j = json_is_array(j) ? json_array_get(j, strtoul(name, NULL, 10))
                             : json_object_get(j, name);
        if (!j)
            fail_msg("%s: nothing at '%s'", path, name);
        p += len + (p[len] == '/');
    }
    return j;
}

static void is_integer(const json_t *run, const char *path, int64_t n)
{
    if (!json_is_integer(at(run, path)))
        fail_msg("%s is not an integer", path);
    assert_int_equal(json_integer_value(at(run, path)), n);
}

static void is_real(const json_t *run, const char *path, double v)
{
    if (!json_is_real(at(run, path)) || fabs(json_real_value(at(run, path)) - v) > 1e-9)
        fail_msg("%s is not %.9g but %.9g", path, v, json_number_value(at(run, path)));
}

static void is_text(const json_t *run, const char *path, const char *s)
{
    if (!json_is_string(at(run, path)))
        fail_msg("%s is not a text", path);
    assert_string_equal(json_string_value(at(run, path)), s);
}

static void is_null(const json_t *run, const char *path)
{
    if (!json_is_null(at(run, path)))
        fail_msg("%s is not null", path);
}

static void is_bool(const json_t *run, const char *path, bool v)
{
    if (!json_is_boolean(at(run, path)) || json_is_true(at(run, path)) != v)
        fail_msg("%s is not %s", path, v ? "true" : "false");
}

static void test_run(void **state)
{
    (void)state;
    json_t *run = run_json(NULL);
    is_text(run, "loadtop", LOADTOP_VERSION);
    is_integer(run, "schema", 1);
    is_text(run, "started", "2023-11-14T22:13:20.123Z");
    is_real(run, "elapsed_s", 2.5);
    is_text(run, "ended_by", "count");
    is_text(run, "command", "loadtop null:");
    is_real(run, "generator/cpu_share", 0.125);
    is_integer(run, "generator/rss_peak_bytes", 12345678);
    is_text(run, "generator/host", "lg-02");
    is_integer(run, "generator/cores", 8);
    is_text(run, "events/0/by", "at");
    is_text(run, "events/0/pool", "redis");
    is_text(run, "events/0/from", "1");
    is_null(run, "events/1/pool");
    is_null(run, "events/1/from");
    is_text(run, "events/1/to", "note");
    is_bool(run, "validity/ok", false);
    is_null(run, "validity/checks/0/ok");
    is_null(run, "validity/checks/0/value");
    is_bool(run, "validity/checks/1/ok", false);
    is_real(run, "validity/checks/1/value", 0.97);
    is_text(run, "validity/checks/1/why", "generator CPU 97 %");
    json_decref(run);
}

static void test_counts_and_times(void **state)
{
    (void)state;
    json_t *run = run_json(NULL);
    is_integer(run, "pools/0/ops/offered", 1000);
    is_integer(run, "pools/0/ops/completed", 990);
    is_integer(run, "pools/0/ops/errors", 4);
    is_integer(run, "pools/0/ops/timeouts", 3);
    is_integer(run, "pools/0/ops/in_flight", 2);
    is_integer(run, "pools/0/ops/dropped", 1);
    is_integer(run, "pools/0/ops/not_started", 5);
    is_integer(run, "pools/0/schedule/due", 900);
    is_integer(run, "pools/0/schedule/offered", 890);
    is_integer(run, "pools/0/schedule/not_started", 5);
    is_integer(run, "pools/0/schedule/still_due", 5);
    is_null(run, "pools/1/schedule");
    is_integer(run, "pools/0/bytes/sent", INT64_C(9007199254740993));
    is_real(run, "pools/0/throughput_per_s", 495);
    is_real(run, "pools/0/latency/service/min_us", 1.001);
    is_real(run, "pools/0/latency/service/mean_us", 2.501); /* three decimals */
    is_real(run, "pools/0/latency/service/p50_us", 2);
    is_real(run, "pools/0/latency/service/p99_us", 1234.567);
    is_null(run, "pools/0/latency/service/p99_9_us");
    is_null(run, "pools/0/latency/service/p99_99_us");
    is_real(run, "pools/0/latency/service/max_us", 9999.999);
    is_integer(run, "pools/0/latency/service/count", 990);
    is_null(run, "pools/0/latency/response/min_us");
    is_integer(run, "pools/0/latency/response/count", 0);
    is_integer(run, "pools/0/by_op/set/completed", 200);
    is_integer(run, "pools/0/by_op/set/errors", 1);
    is_real(run, "pools/0/by_op/set/latency/service/p50_us", 2);
    is_integer(run, "pools/0/batches/completed", 61);
    is_null(run, "pools/0/batches/latency/service/p50_us");
    is_null(run, "pools/0/schedule_lag/p99_us");
    is_real(run, "pools/0/schedule_lag/max_us", 0.1);
    is_null(run, "pools/0/lease_wait");
    is_null(run, "pools/1/batches");
    is_null(run, "pools/1/schedule_lag");
    is_null(run, "pools/0/warmup_ops");
    is_integer(run, "pools/1/warmup_ops/offered", 0);
    json_decref(run);
}

static void test_pool(void **state)
{
    (void)state;
    json_t *run = run_json(NULL);
    assert_int_equal(json_array_size(at(run, "pools")), 2);
    is_bool(run, "pools/0/removed", false);
    is_bool(run, "pools/1/removed", true);
    is_text(run, "pools/0/backend", "redis");
    is_text(run, "pools/0/pattern", "batch");
    is_integer(run, "pools/0/depth", 16);
    is_integer(run, "pools/0/connections", 50);
    is_null(run, "pools/0/rate_per_s");
    is_text(run, "pools/0/arrival", "closed");
    is_real(run, "pools/1/rate_per_s", 5000);
    is_text(run, "pools/1/arrival", "poisson");
    is_text(run, "pools/0/options/ops", "get:80,set:20");
    is_integer(run, "pools/0/options/count", 1000);
    is_null(run, "pools/0/options/duration");
    is_text(run, "pools/0/options/timeout", "5s");
    is_integer(run, "pools/0/options/keys", 10000);
    is_text(run, "pools/0/options/dist", "uniform");
    is_text(run, "pools/0/options/size", "32-4096");
    is_null(run, "pools/0/options/ttl");
    is_bool(run, "pools/0/options/tls", false);
    is_real(run, "pools/0/options/share", 0.25);
    is_text(run, "pools/0/error_classes/0/class", "refused");
    is_integer(run, "pools/0/error_classes/0/count", 4);
    is_text(run, "pools/0/error_classes/0/first", "cut \ufffd");
    is_integer(run, "pools/0/workers/1/id", 1);
    is_null(run, "pools/0/workers/1/ended_s");
    is_real(run, "pools/0/time_share/generate", 0.25);
    is_null(run, "pools/0/time_share/wait");
    is_text(run, "pools/0/bottleneck/kind", "server");
    is_real(run, "pools/0/plateaus/0/throughput_per_s", 495);
    is_null(run, "pools/0/plateaus/0/ci95");
    is_integer(run, "pools/0/plateaus/0/vars/threads", 2);
    is_bool(run, "pools/0/plateaus/0/valid", false);
    assert_int_equal(json_array_size(at(run, "pools/0/scaling")), 0);
    is_null(run, "pools/0/capacity");
    is_integer(run, "pools/0/series/0/offered", 500);
    is_real(run, "pools/0/series/0/in_flight", 1.25);
    is_real(run, "pools/0/series/0/p50_us", 2);
    is_null(run, "pools/0/series/0/p99_us");
    is_null(run, "pools/0/backend_stats");
    assert_int_equal(json_array_size(at(run, "pools/0/left_behind")), 0);
    json_decref(run);
}

/* One that could not be judged must not look as if it held. */
static void test_thresholds(void **state)
{
    (void)state;
    json_t *run = run_json(NULL);
    is_bool(run, "thresholds/0/ok", true);
    is_real(run, "thresholds/0/value", 1234.567);
    is_bool(run, "thresholds/1/ok", false);
    is_bool(run, "thresholds/2/ok", false);
    is_null(run, "thresholds/2/value");
    json_decref(run);
    snap.ended = false;
    run = run_json(NULL);
    is_null(run, "thresholds/2/ok");
    json_decref(run);
}

static void test_no_secret(void **state)
{
    (void)state;
    char *text;
    json_t *run = run_json(&text);
    is_text(run, "pools/0/options/token", "***");
    assert_null(strstr(text, "hunter2"));
    free(text);
    json_decref(run);
}

static void test_load(void **state)
{
    (void)state;
    struct err err = {0};
    char path[] = "/tmp/loadtop-json-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    const char *bad[] = {"", "{", "[]", "{}", "{\"loadtop\": \"1\", \"schema\": 2, \"pools\": []}"};
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(pwrite(fd, bad[i], strlen(bad[i]), 0), strlen(bad[i]));
        assert_null(json_load_run(path, false, &err));
        assert_non_null(strstr(err.msg, path));
    }
    json_t *run = json_run(&snap, NULL, NAN);
    assert_int_equal(json_dump_file(run, path, 0), 0);
    json_decref(run);
    run = json_load_run(path, false, &err);
    assert_non_null(run);
    is_null(run, "command");
    is_real(run, "generator/cpu_share", 0.5); /* the snapshot's, when nothing better is known */
    json_decref(run);
    close(fd);
    unlink(path);
    assert_null(json_load_run(path, false, &err));
    assert_int_equal(err.code, ERR_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_run, setup, teardown),
        cmocka_unit_test_setup_teardown(test_counts_and_times, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pool, setup, teardown),
        cmocka_unit_test_setup_teardown(test_thresholds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_secret, setup, teardown),
        cmocka_unit_test_setup_teardown(test_load, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
