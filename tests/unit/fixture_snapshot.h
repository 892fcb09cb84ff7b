/* A fixed snapshot for the tests of the screen: four pools with invented figures that follow N = X
 * R, each in a different situation (the generator is the limit, fine, a backlog, dropped starts),
 * two resizes, thresholds. Everything in it is constant, so what is drawn from it can be compared
 * with golden text. */
#ifndef LOADTOP_TESTS_FIXTURE_SNAPSHOT_H
#define LOADTOP_TESTS_FIXTURE_SNAPSHOT_H

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/backend.h"
#include "engine/state/snapshot.h"
#include "engine/base/text.h"

static const struct option_spec fixture_redis_options[] = {
    {"keys", OPTION_COUNT, OPTION_LIVE, "10000", 1, 1e9, NULL, "how many keys"},
    {"dist", OPTION_CHOICE, OPTION_LIVE, "uniform", 0, 0, "uniform|zipf|sequential",
     "how keys are chosen"},
    {"size", OPTION_SPAN, OPTION_LIVE, "32", 1, 1e6, NULL, "size of a value"},
    {"prefix", OPTION_TEXT, 0, "loadtop:", 0, 0, NULL, "what keys begin with"},
    {"ttl", OPTION_DURATION, OPTION_LIVE, "0", 0, 8.64e13, NULL, "time to live of a key"},
    {NULL, 0, 0, NULL, 0, 0, NULL, NULL}};
static const struct option_spec fixture_no_options[] = {{NULL, 0, 0, NULL, 0, 0, NULL, NULL}};
static const struct op_type fixture_redis_ops[] = {
    {"get", "read a key", 80, NULL, false, true, "op"},
    {"set", "write a key", 20, NULL, false, false, "op"},
    {NULL, NULL, 0, NULL, false, false, NULL}};
static const struct op_type fixture_crate_ops[] = {
    {"insert", "a record", 1, "rows", false, false, "row"},
    {NULL, NULL, 0, NULL, false, false, NULL}};
static const struct op_type fixture_kafka_ops[] = {
    {"consume", "a message", 1, NULL, true, true, "msg"},
    {NULL, NULL, 0, NULL, false, false, NULL}};
static const struct backend fixture_redis = {.name = "redis",
                                             .summary = "Redis, over RESP",
                                             .schemes = "redis rediss redis+unix",
                                             .example = "redis://localhost:6379/0?threads=2",
                                             .options = fixture_redis_options,
                                             .ops = fixture_redis_ops};
static const struct backend fixture_crate = {.name = "crate",
                                             .summary = "CrateDB, over HTTP",
                                             .schemes = "crate",
                                             .example = "crate://localhost/doc.t",
                                             .options = fixture_no_options,
                                             .ops = fixture_crate_ops};
static const struct backend fixture_kafka = {.name = "kafka",
                                             .summary = "Kafka",
                                             .unavailable =
                                                 "install librdkafka-dev and build again",
                                             .schemes = "kafka",
                                             .example = "kafka://localhost/topic",
                                             .options = fixture_no_options,
                                             .ops = fixture_kafka_ops};
static const struct backend fixture_cass = {.name = "cassandra",
                                            .summary = "Cassandra",
                                            .schemes = "cassandra",
                                            .example = "cassandra://localhost/ks",
                                            .options = fixture_no_options,
                                            .ops = fixture_crate_ops};
static const struct backend *const fixture_backends[] = {&fixture_redis, &fixture_crate,
                                                         &fixture_kafka, &fixture_cass, NULL};

#define FIXTURE_NOW 761.0
#define FIXTURE_SECONDS 761
static struct point fixture_points[4][FIXTURE_SECONDS + 256];
static const struct point *fixture_blocks[4][8];
static struct pool_snapshot fixture_pools[4];
static struct event fixture_events[8];
static struct threshold_state fixture_thresholds[3];
static struct error_class fixture_errors[2], fixture_conn_errors[1];
static struct plateau fixture_plateaus[4];
static struct worker_snapshot fixture_workers[4];
static struct options fixture_options;

/* A small wave that is the same everywhere: no random numbers, no libm
 * differences that could show. */
static double fixture_wave(unsigned i)
{
    return ((double)((i * 7919u + 104729u) % 200u) / 100.0 - 1.0) * 0.012;
}

static void fixture_latency(struct latency *l, double p50, double p99)
{
    const double f[QUANTILES] = {0, 0.45, 0.7, 1, 1.5, 2.4};

    l->count = 100000;
    l->min = p50 * 0.4;
    l->mean = p50 * 1.1;
    l->max = p99 * 4;
    l->q[0] = p50;
    for (int i = 1; i < QUANTILES; i++)
        l->q[i] = f[i] <= 1 ? p50 + (p99 - p50) * f[i] : p99 * f[i];
}

static void fixture_absent(struct latency *l)
{
    l->count = 0;
    l->min = l->mean = l->max = NAN;
    for (int i = 0; i < QUANTILES; i++)
        l->q[i] = NAN;
}

static void fixture_series(int pool, double (*rate)(double), double p50, double p99)
{
    struct pool_snapshot *p = &fixture_pools[pool];

    for (unsigned i = 0; i < FIXTURE_SECONDS; i++) {
        struct point *t = &fixture_points[pool][i];
        double r = rate(i) * (1 + fixture_wave(i + (unsigned)pool * 31u));

        *t = (struct point){.t_s = i + 1,
                            .span_s = 1,
                            .completed = (uint64_t)r,
                            .offered = (uint64_t)r,
                            .threads = p->load.threads,
                            .clients = p->load.clients,
                            .in_flight = (double)p->counts.in_flight,
                            .response_p99 = (float)p99};
        t->p50 = (float)(p50 * rate(i) / rate(FIXTURE_NOW) * (1 + fixture_wave(i * 3u)));
        t->p99 = (float)(p99 * rate(i) / rate(FIXTURE_NOW) * (1 + 3 * fixture_wave(i * 5u)));
        t->max = t->p99 * 3;
    }
    for (int b = 0; b < 4; b++)
        fixture_blocks[pool][b] = &fixture_points[pool][b * SERIES_BLOCK];
    p->seconds = (struct series){fixture_blocks[pool], 0, FIXTURE_SECONDS};
    p->tenths = (struct series){fixture_blocks[pool], 0, 0};
}

static double fixture_redis_rate(double t)
{
    return t < 720 ? 262e3 : t < 742 ? 381e3 : 412e3;
}
static double fixture_crate_rate(double t)
{
    (void)t;
    return 12600;
}
static double fixture_kafka_rate(double t)
{
    return t > 300 && t < 320 ? 61e3 : 88e3;
}
static double fixture_cass_rate(double t)
{
    (void)t;
    return 7600;
}

static void fixture_check(struct pool_snapshot *p, enum check_id id, bool known, bool ok,
                          double value, double limit, const char *why)
{
    struct check *k = &p->check[p->checks++];

    k->id = id;
    copy_str(k->why, sizeof k->why, why);
    k->known = known;
    k->ok = ok;
    k->value = value;
    k->limit = limit;
    p->valid = p->valid && (!known || ok);
}

static void fixture_pool(int i, const char *name, const struct backend *b, const char *target,
                         const char *version, struct load load, uint32_t depth, double per_s,
                         double p50, double p99)
{
    struct pool_snapshot *p = &fixture_pools[i];

    memset(p, 0, sizeof *p);
    p->number = (unsigned)i + 1;
    copy_str(p->name, sizeof p->name, name);
    p->backend = b;
    p->op_types = b->ops;
    copy_str(p->target, sizeof p->target, target);
    copy_str(p->url, sizeof p->url, target);
    copy_str(p->server.version, sizeof p->server.version, version);
    copy_str(p->server.address, sizeof p->server.address, "10.1.2.3:6379");
    p->state = POOL_LOADING;
    p->load = load;
    p->load.weight[0] = 1;
    p->depth = depth;
    p->connections = load.clients;
    p->timeout_ns = 5000000000u;
    p->connections_up = p->connections_wanted = load.clients * load.threads;
    p->threads_running = load.threads;
    p->now_per_s = per_s;
    p->now_errors_per_s = 0;
    p->throughput_per_s = per_s * 0.8;
    p->loaded_s = FIXTURE_NOW;
    p->counts.completed = (uint64_t)(per_s * 600);
    p->counts.in_flight = isnan(p50) ? 0 : (uint64_t)(per_s * p50 * 1.04 / 1e9);
    p->counts.offered = p->counts.completed + p->counts.in_flight;
    p->bytes_sent = p->counts.completed * 40;
    p->bytes_received = p->counts.completed * 35;
    p->now_in_flight = (double)p->counts.in_flight;
    if (isnan(p50)) {
        fixture_absent(&p->now_service);
    } else {
        fixture_latency(&p->now_service, p50, p99);
    }
    p->now_response = p->service = p->response = p->now_service;
    fixture_absent(&p->lag);
    fixture_absent(&p->lease_wait);
    fixture_absent(&p->batches);
    p->server.server_cpu_share = NAN;
    p->server.other_clients = p->server.data_items = p->server.data_bytes = p->server.rtt_ns = -1;
    p->generate_share = 0.09;
    p->client_share = 0.31;
    p->wait_share = 0.6;
    p->valid = true;
    p->now_batches_per_s = NAN;
}

static void fixture_details(void)
{
    struct pool_snapshot *redis = &fixture_pools[0], *crate = &fixture_pools[1],
                         *kafka = &fixture_pools[2], *cass = &fixture_pools[3];
    const double x[4] = {140e3, 262e3, 381e3, 412e3};

    redis->client_share = 0.88;
    redis->wait_share = 0.03;
    redis->has_batches = true;
    redis->now_batches_per_s = 25750;
    redis->bottleneck = BOTTLENECK_CLIENT;
    copy_str(redis->bottleneck_why, sizeof redis->bottleneck_why,
             "97 % of a core in the load generator itself: the figure is its limit");
    copy_str(redis->server.note, sizeof redis->server.note,
             "cpu 88 %, 41 other clients, hit ratio 99.2 %");
    redis->options = &fixture_options;
    redis->server.leftovers =
        json_pack("[{s:s,s:s,s:i}]", "kind", "keys", "what", "loadtop:7f3a:*", "count", 10000);
    fixture_check(redis, CHECK_LITTLE, true, true, 0.004, 0.05, "");
    fixture_check(
        redis, CHECK_GENERATOR_CPU, true, false, 0.97, 0.8,
        "generator CPU 97 % (limit 80 %): the figure is this machine's limit, not Redis's");
    fixture_check(redis, CHECK_DROPPED, true, true, 0, 0, "");
    fixture_check(redis, CHECK_ACCOUNTING, true, true, 0, 0, "");
    fixture_check(redis, CHECK_CONNECTIONS, true, true, 0, 0.05, "");
    for (unsigned i = 0; i < 4; i++) {
        struct plateau *t = &fixture_plateaus[i];

        *t = (struct plateau){.start_s = i * 180.0,
                              .end_s = i * 180.0 + 170,
                              .vars = redis->load,
                              .in_flight = 160.0 * (i + 1),
                              .throughput_per_s = x[i],
                              .ci95 = x[i] * 0.01,
                              .p50 = 1.1e6 + 1e5 * i,
                              .p99 = 2.8e6 + 3e5 * i,
                              .cpu_share = 0.3 + 0.2 * i,
                              .valid = i < 3};
        t->vars.threads = i + 1;
        t->vars.depth = 16;
        t->vars.connections = 10;
        t->bulk = 1;
        copy_str(t->why_not, sizeof t->why_not, i < 3 ? "" : "generator CPU above 80 %");
        t->anon_bytes = 2e6 * (i + 1);
        t->server_cpu_share = 0.2 + 0.22 * i;
        for (int k = 0; k < LIGHTS; k++)
            t->light[k] = (struct light){LIGHT_OK, 0.001F * (float)k};
        t->light[LIGHT_LAG] = (struct light){LIGHT_UNKNOWN, NAN};
        t->light[LIGHT_CPU] = (struct light){i < 3 ? LIGHT_OK : LIGHT_BAD, 0.3F + 0.2F * (float)i};
        t->light[LIGHT_OTHERS] = (struct light){LIGHT_CAUTION, 0.31F};
        copy_str(t->caution, sizeof t->caution, "others used 31 % of this machine's CPUs");
        fixture_workers[i] =
            (struct worker_snapshot){.id = i,
                                     .completed = redis->counts.completed / 4 + i * 1000,
                                     .started_s = i * 180.0,
                                     .ended_s = NAN,
                                     .cpu_share = 0.9 + 0.02 * i};
    }
    redis->plateau = fixture_plateaus;
    redis->plateaus = 4;
    redis->scaling[0] = (struct scaling){
        .var = "threads", .has = true, .points = 3, .invalid = 1, .fitted = true, .next_n = 800};
    redis->scaling[0].fit = (struct usl_fit){.points = 3,
                                             .lambda = 902,
                                             .sigma = 0.0004,
                                             .r2 = 0.999,
                                             .peak_n = NAN,
                                             .fits = true,
                                             .peak_x = NAN,
                                             .peak_n_low = NAN,
                                             .peak_n_high = NAN,
                                             .phase = PHASE_LINEAR,
                                             .n_most = 480};
    copy_str(redis->scaling[0].fit.why_not, sizeof redis->scaling[0].fit.why_not,
             "3 points, 5 are needed");
    redis->scalings = 1;
    redis->worker = fixture_workers;
    redis->workers = 4;
    redis->ops = 2;
    for (unsigned i = 0; i < 2; i++) {
        redis->op[i] = (struct op_snapshot){.type = (uint16_t)i,
                                            .completed = redis->counts.completed / 5 * (i ? 1 : 4),
                                            .per_s = redis->now_per_s / 5 * (i ? 1 : 4)};
        redis->op[i].service = redis->op[i].response = redis->service;
    }
    crate->bottleneck = BOTTLENECK_SERVER;
    copy_str(crate->bottleneck_why, sizeof crate->bottleneck_why,
             "its threads wait for the server 60 % of the time");
    fixture_check(crate, CHECK_LITTLE, true, true, 0.01, 0.05, "");
    fixture_check(crate, CHECK_GENERATOR_CPU, true, true, 0.31, 0.8, "");
    kafka->bottleneck = BOTTLENECK_CLIENT;
    fixture_check(kafka, CHECK_GENERATOR_CPU, true, true, 0.58, 0.8, "");
    cass->bottleneck = BOTTLENECK_SERVER;
    cass->counts.dropped = 400;
    cass->counts.errors = 311;
    cass->has_lag = true;
    fixture_latency(&cass->lag, 2.1e4, 6.1e4);
    fixture_check(cass, CHECK_LITTLE, true, true, 0.01, 0.05, "");
    fixture_check(cass, CHECK_GENERATOR_CPU, true, true, 0.12, 0.8, "");
    fixture_check(cass, CHECK_SCHEDULE_LAG, true, true, 6.1e4, 1e6, "");
    fixture_check(cass, CHECK_DROPPED, true, false, 400, 0,
                  "5.0 % of starts dropped: every slot is full");
    fixture_check(cass, CHECK_CONNECTIONS, true, true, 0.005, 0.05, "");
    fixture_errors[0] =
        (struct error_class){.name = "write_timeout",
                             .count = 309,
                             .first_s = 430,
                             .last_s = 434.1,
                             .first = "Operation timed out - received only 0 responses",
                             .last = "Operation timed out - received only 0 responses"};
    fixture_errors[1] = (struct error_class){.name = "closed",
                                             .count = 2,
                                             .first_s = 430,
                                             .last_s = 430,
                                             .first = "stg-cass3:9042 closed the connection",
                                             .last = "stg-cass3:9042 closed the connection"};
    cass->error = fixture_errors;
    cass->errors = 2;
    fixture_conn_errors[0] = (struct error_class){.name = "refused",
                                                  .count = 17,
                                                  .first_s = 430,
                                                  .last_s = 434.1,
                                                  .first = "stg-cass3:9042: Connection refused",
                                                  .last = "stg-cass3:9042: Connection refused"};
    cass->conn_error = fixture_conn_errors;
    cass->conn_errors = 1;
}

static void fixture_event(int i, double t, const char *pool, const char *what, const char *from,
                          const char *to, enum origin by, double before, double after, double low,
                          double high, double p99)
{
    struct event *e = &fixture_events[i];

    memset(e, 0, sizeof *e);
    e->t_s = t;
    copy_str(e->pool, sizeof e->pool, pool);
    copy_str(e->what, sizeof e->what, what);
    e->kind = EVENT_CHANGE;
    for (int k = EVENT_CHANGE + 1; k <= EVENT_PARTIAL; k++)
        if (!strcmp(what, event_kind_name((enum event_kind)k)))
            e->kind = (enum event_kind)k;
    e->from = from; /* static texts */
    e->to = to;
    e->by = by;
    e->before_per_s = before;
    e->after_per_s = after;
    e->diff_low = low;
    e->diff_high = high;
    e->before_p99 = 2.8e6;
    e->after_p99 = 2.8e6 + p99;
    e->settled = !isnan(low);
    e->real = low > 0 || high < 0;
}

/* The snapshot; built again at each call, so that a test may change what it got. */
static struct snapshot *fixture_snapshot(void)
{
    static struct snapshot s;
    struct load redis = {.threads = 4, .clients = 10, .pattern = PATTERN_BATCH};
    struct load crate = {.threads = 4, .clients = 1};
    struct load kafka = {.threads = 4, .clients = 10};
    struct load cass = {.threads = 1,
                        .clients = 1,
                        .pattern = PATTERN_CHAIN,
                        .rate_per_s = 8000,
                        .arrival = ARRIVAL_POISSON};

    setenv("TZ", "UTC", 1);
    if (!fixture_options.table)
        options_init(&fixture_options, fixture_redis_options);
    json_decref(fixture_pools[0].server.leftovers);
    memset(&s, 0, sizeof s);
    fixture_pool(0, "redis", &fixture_redis, "redis://stg-redis:6379/0", "Redis 7.0.15", redis, 16,
                 412e3, 1.4e6, 3.9e6);
    fixture_pool(1, "crate", &fixture_crate, "crate://stg-crate1:4200/doc.loadtop", "CrateDB 5.10",
                 crate, 1, 12600, 58e6, 141e6);
    fixture_pool(2, "kafka", &fixture_kafka, "kafka://stg-kfk:9092/ord", "Kafka 3.9", kafka, 1,
                 88e3, NAN, NAN);
    fixture_pool(3, "cass", &fixture_cass, "cassandra://stg-cass1:9042/ks", "Cassandra 5.0", cass,
                 120, 7600, 14e6, 43e6);
    fixture_details();
    fixture_series(0, fixture_redis_rate, 1.4e6, 3.9e6);
    fixture_series(1, fixture_crate_rate, 58e6, 141e6);
    fixture_series(2, fixture_kafka_rate, NAN, NAN);
    fixture_series(3, fixture_cass_rate, 14e6, 43e6);
    fixture_event(0, 358, "kafka", "clients", "8", "10", BY_KEY, 87.6e3, 88e3, -1900, 2700, NAN);
    fixture_event(1, 430, "cass", "down", "", "node stg-cass3 down 4.1 s; 311 timeouts", BY_SERVER,
                  NAN, NAN, NAN, NAN, NAN);
    fixture_event(2, 564, "", "threshold", "", "cass:p99<40ms failed (43 ms)", BY_RULE, NAN, NAN,
                  NAN, NAN, NAN);
    fixture_event(3, 720, "redis", "threads", "2", "3", BY_KEY, 262e3, 381e3, 112e3, 126e3, 3e5);
    fixture_event(4, 742, "redis", "threads", "3", "4", BY_KEY, 381e3, 412e3, 24e3, 38e3, 1.1e6);
    copy_str(fixture_thresholds[0].expr, 128, "redis:p99<5ms");
    copy_str(fixture_thresholds[1].expr, 128, "errors<0.1%");
    copy_str(fixture_thresholds[2].expr, 128, "cass:p99<40ms");
    fixture_thresholds[0].ok = fixture_thresholds[1].ok = true;
    fixture_thresholds[2].ok = false;
    fixture_thresholds[0].value = 3900;
    fixture_thresholds[1].value = 0.0001;
    fixture_thresholds[2].value = 43000;
    for (int i = 0; i < 3; i++)
        fixture_thresholds[i].known = true;
    s.serial = 7610;
    s.started.tv_sec = 1795177440; /* a Friday, 12:24:00 UTC */
    s.now_s = FIXTURE_NOW;
    s.ends_s = 1800;
    copy_str(s.run_id, sizeof s.run_id, "7f3a91c2");
    s.limits.max_threads = 16;
    s.limits.max_threads_given = true;
    s.limits.max_rate = 500e3;
    s.pool = fixture_pools;
    s.pools = 4;
    s.event = fixture_events;
    s.events = 5;
    s.events_total = 5;
    s.threshold = fixture_thresholds;
    s.thresholds = 3;
    s.goal_per_s = 250e3;
    s.valid = false;
    s.cpu_share = 0.97;
    s.tick_cpu_share = 0.01;
    s.rss_bytes = 61000000;
    s.rss_peak_bytes = 64000000;
    s.anon_bytes = 20000000;
    copy_str(s.host, sizeof s.host, "lg-02");
    s.cores = 2;
    s.cpus = 2;
    copy_str(s.undo, sizeof s.undo, "redis threads 4 -> 3");
    return &s;
}

#endif
