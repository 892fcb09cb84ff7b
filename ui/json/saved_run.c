/* See saved_run.h. The tables describe what ui/json/run.c and pool.c write. Called by reports,
 * comparisons, the baseline and the history. */
#include "ui/json/saved_run.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/err.h"
#include "ui/json/read.h"

#define AMOUNT(s, member) MEMBER_OF(MEMBER_AMOUNT, s, member, #member)
#define NUMBER(s, member) MEMBER_OF(MEMBER_NUMBER, s, member, #member)
#define TEXT(s, member) MEMBER_OF(MEMBER_TEXT, s, member, #member)
#define FLAG(s, member) MEMBER_OF(MEMBER_FLAG, s, member, #member)
#define LIST(s, member, count, name, table)                                                        \
    MEMBER_LIST_OF(MEMBER_LIST, s, member, count, name, table)

/* ---- parts of a pool ---- */

static const struct member counts_members[] = {
    AMOUNT(saved_counts, offered),     AMOUNT(saved_counts, completed),
    AMOUNT(saved_counts, errors),      AMOUNT(saved_counts, timeouts),
    AMOUNT(saved_counts, in_flight),   AMOUNT(saved_counts, dropped),
    AMOUNT(saved_counts, not_started),
};

/* Files from before it was counted have no not_started: 0. */
static int read_not_started(struct member_reader *r, const json_t *o, void *out)
{
    struct saved_counts *c = out;
    (void)r;
    if (o && isnan(c->not_started))
        c->not_started = 0;
    return 0;
}

static const struct member_table counts_table = {MEMBER_TABLE(saved_counts, counts_members),
                                                 .also = read_not_started};

static const struct member latencies_members[] = {
    MEMBER_IN(saved_latencies, service, "service", &saved_latency_table),
    MEMBER_IN(saved_latencies, response, "response", &saved_latency_table),
};
static const struct member_table latencies_table = {
    MEMBER_TABLE(saved_latencies, latencies_members)};

static const struct member op_members[] = {
    AMOUNT(saved_op, completed),
    AMOUNT(saved_op, errors),
    AMOUNT(saved_op, timeouts),
    MEMBER_IN(saved_op, latency, "latency", &latencies_table),
};
static const struct member_table op_table = {MEMBER_TABLE(saved_op, op_members)};

static const struct member error_members[] = {
    TEXT(saved_error, class),     TEXT(saved_error, last),     AMOUNT(saved_error, count),
    NUMBER(saved_error, first_s), NUMBER(saved_error, last_s),
};
static const struct member_table error_table = {MEMBER_TABLE(saved_error, error_members)};

static const struct member second_members[] = {
    NUMBER(saved_second, t_s),     NUMBER(saved_second, span_s),
    AMOUNT(saved_second, offered), AMOUNT(saved_second, completed),
    AMOUNT(saved_second, errors),  AMOUNT(saved_second, timeouts),
    AMOUNT(saved_second, dropped), AMOUNT(saved_second, threads),
    AMOUNT(saved_second, clients), AMOUNT(saved_second, in_flight),
    AMOUNT(saved_second, p50_us),  AMOUNT(saved_second, p99_us),
    AMOUNT(saved_second, max_us),  AMOUNT(saved_second, response_p99_us),
    FLAG(saved_second, paused),
};
static const struct member_table second_table = {MEMBER_TABLE(saved_second, second_members)};

static const struct member op_histograms_members[] = {
    TEXT(saved_op_histograms, service),
    TEXT(saved_op_histograms, response),
};
static const struct member_table op_histograms_table = {
    MEMBER_TABLE(saved_op_histograms, op_histograms_members)};

static const struct member interval_members[] = {
    NUMBER(saved_interval, start_s),
    NUMBER(saved_interval, length_s),
    AMOUNT(saved_interval, max_us),
    TEXT(saved_interval, service),
};
static const struct member_table interval_table = {MEMBER_TABLE(saved_interval, interval_members)};

static const struct member histograms_members[] = {
    TEXT(saved_histograms, service),
    TEXT(saved_histograms, response),
    MEMBER_LIST_OF(MEMBER_BY_NAME, saved_histograms, op, ops, "by_op", &op_histograms_table),
    LIST(saved_histograms, interval, intervals, "intervals", &interval_table),
};
static const struct member_table histograms_table = {
    MEMBER_TABLE(saved_histograms, histograms_members)};

/* Reads "ci95": [low, high]. high is null when nothing was seen to fail. */
static int read_range(struct member_reader *r, const json_t *o, void *out)
{
    struct saved_capacity *c = out;
    double range[2] = {NAN, NAN};
    int code = members_numbers(r, "ci95", json_object_get(o, "ci95"), range, 2);
    c->low = range[0];
    c->high = range[1];
    return code;
}

static const struct member capacity_members[] = {
    NUMBER(saved_capacity, rate_per_s),
    TEXT(saved_capacity, limited_by),
    TEXT(saved_capacity, why),
};
static const struct member_table capacity_table = {MEMBER_TABLE(saved_capacity, capacity_members),
                                                   .also = read_range};

static const struct member left_members[] = {
    NUMBER(saved_left, count),
    TEXT(saved_left, kind),
    TEXT(saved_left, what),
};
static const struct member_table left_table = {MEMBER_TABLE(saved_left, left_members)};

/* ---- members of objects that are no struct of their own ---- */

static const struct member target_info_members[] = {
    AMOUNT(saved_pool, data_items),
    AMOUNT(saved_pool, data_bytes),
    AMOUNT(saved_pool, rtt_us),
    AMOUNT(saved_pool, other_clients),
};
static const struct member_table target_info_table = {
    MEMBER_TABLE(saved_pool, target_info_members)};

static const struct member bytes_members[] = {
    MEMBER_OF(MEMBER_AMOUNT, saved_pool, bytes_sent, "sent"),
    MEMBER_OF(MEMBER_AMOUNT, saved_pool, bytes_received, "received"),
};
static const struct member_table bytes_table = {MEMBER_TABLE(saved_pool, bytes_members)};

static const struct member memory_members[] = {AMOUNT(saved_pool, peak_request_bytes)};
static const struct member_table memory_table = {MEMBER_TABLE(saved_pool, memory_members)};

static const struct member time_share_members[] = {
    MEMBER_OF(MEMBER_NUMBER, saved_pool, generate_share, "generate"),
    MEMBER_OF(MEMBER_NUMBER, saved_pool, client_share, "client"),
    MEMBER_OF(MEMBER_NUMBER, saved_pool, wait_share, "wait"),
    MEMBER_OF(MEMBER_NUMBER, saved_pool, scheduled_idle_share, "scheduled_idle"),
};
static const struct member_table time_share_table = {MEMBER_TABLE(saved_pool, time_share_members)};

static const struct member batches_latency_members[] = {
    MEMBER_IN(saved_pool, batches, "service", &saved_latency_table)};
static const struct member_table batches_latency_table = {
    MEMBER_TABLE(saved_pool, batches_latency_members)};
static const struct member batches_members[] = {
    {.name = "latency", .type = MEMBER_OBJECT, .of = &batches_latency_table}};
static const struct member_table batches_table = {MEMBER_TABLE(saved_pool, batches_members)};

/* A backend's option with the name of a pool option may have another type: then it is ignored. */
static int read_options(struct member_reader *r, const json_t *o, void *out)
{
    struct saved_pool *p = out;
    const json_t *options = json_object_get(o, "options");
    if (options && !json_is_object(options) && !json_is_null(options))
        return members_refuse(r, "options", "no object");
    const json_t *ops = json_object_get(options, "ops"), *size = json_object_get(options, "size");
    p->options = json_is_object(options) ? options : NULL;
    p->option_ops = json_is_string(ops) ? json_string_value(ops) : "";
    p->option_size_text = json_is_string(size) ? json_string_value(size) : "";
    p->option_size = json_is_number(size) ? json_number_value(size) : NAN;
    for (size_t i = 0; i < p->curves; i++)
        for (size_t k = 0; k < p->curve[i].points; k++)
            if (p->curve[i].point[k] >= p->plateaus)
                return members_refuse(r, "scaling", "of points that are not in its plateaus");
    return 0;
}

/* ---- a pool ---- */

/* Members of an object that are stored in the pool's struct directly. */
#define HERE(name_, table_)                                                                        \
    {                                                                                              \
        .name = (name_), .type = MEMBER_OBJECT, .of = (table_)                                     \
    }

static const struct member pool_members[] = {
    TEXT(saved_pool, name),
    TEXT(saved_pool, backend),
    TEXT(saved_pool, target),
    TEXT(saved_pool, url),
    TEXT(saved_pool, server),
    TEXT(saved_pool, address),
    TEXT(saved_pool, note),
    TEXT(saved_pool, state_why),
    FLAG(saved_pool, local),
    FLAG(saved_pool, removed),
    AMOUNT(saved_pool, number),
    HERE("target_info", &target_info_table),
    AMOUNT(saved_pool, threads),
    AMOUNT(saved_pool, clients),
    AMOUNT(saved_pool, connections),
    AMOUNT(saved_pool, connections_up),
    AMOUNT(saved_pool, connections_wanted),
    AMOUNT(saved_pool, depth),
    AMOUNT(saved_pool, rate_per_s),
    TEXT(saved_pool, pattern),
    TEXT(saved_pool, arrival),
    MEMBER_IN(saved_pool, counts, "ops", &counts_table),
    NUMBER(saved_pool, loaded_s),
    NUMBER(saved_pool, throughput_per_s),
    HERE("bytes", &bytes_table),
    HERE("memory", &memory_table),
    HERE("time_share", &time_share_table),
    MEMBER_IN(saved_pool, latency, "latency", &latencies_table),
    HERE("batches", &batches_table),
    MEMBER_IN(saved_pool, bottleneck, "bottleneck", &saved_bottleneck_table),
    MEMBER_IN(saved_pool, capacity, "capacity", &capacity_table),
    MEMBER_IN(saved_pool, histograms, "histograms", &histograms_table),
    MEMBER_LIST_OF(MEMBER_BY_NAME, saved_pool, op, ops, "by_op", &op_table),
    LIST(saved_pool, error, errors, "error_classes", &error_table),
    LIST(saved_pool, conn_error, conn_errors, "connection_errors", &error_table),
    LIST(saved_pool, second, seconds, "series", &second_table),
    LIST(saved_pool, plateau, plateaus, "plateaus", &saved_plateau_table),
    LIST(saved_pool, sweep, sweeps, "sweeps", &saved_sweep_table),
    LIST(saved_pool, curve, curves, "scaling", &saved_curve_table),
    LIST(saved_pool, left, lefts, "left_behind", &left_table),
};
static const struct member_table pool_table = {MEMBER_TABLE(saved_pool, pool_members),
                                               .also = read_options};

/* ---- the run ---- */

static const struct member event_members[] = {
    NUMBER(saved_event, t_s),
    NUMBER(saved_event, before_per_s),
    NUMBER(saved_event, after_per_s),
    TEXT(saved_event, pool),
    TEXT(saved_event, what),
    TEXT(saved_event, from),
    TEXT(saved_event, to),
    TEXT(saved_event, by),
    FLAG(saved_event, real),
};
static const struct member_table event_table = {MEMBER_TABLE(saved_event, event_members)};

static const struct member check_members[] = {
    TEXT(saved_check, name), TEXT(saved_check, pool),    TEXT(saved_check, why),
    FLAG(saved_check, ok),   NUMBER(saved_check, value), NUMBER(saved_check, limit),
};
static const struct member_table check_table = {MEMBER_TABLE(saved_check, check_members)};

static const struct member threshold_members[] = {
    TEXT(saved_threshold, expr),
    FLAG(saved_threshold, ok),
    NUMBER(saved_threshold, value),
};
static const struct member_table threshold_table = {
    MEMBER_TABLE(saved_threshold, threshold_members)};

static const struct member repeat_pool_members[] = {
    TEXT(saved_repeat_pool, name),
    NUMBER(saved_repeat_pool, throughput_per_s),
    AMOUNT(saved_repeat_pool, p50_us),
    AMOUNT(saved_repeat_pool, p99_us),
    AMOUNT(saved_repeat_pool, response_p99_us),
};
static const struct member_table repeat_pool_table = {
    MEMBER_TABLE(saved_repeat_pool, repeat_pool_members)};
static const struct member repeat_members[] = {
    LIST(saved_repeat, pool, pools, "pools", &repeat_pool_table)};
static const struct member_table repeat_table = {MEMBER_TABLE(saved_repeat, repeat_members)};

static const struct member spread_members[] = {
    AMOUNT(saved_spread, n),   NUMBER(saved_spread, mean), NUMBER(saved_spread, stdev),
    NUMBER(saved_spread, min), NUMBER(saved_spread, max),
};
static const struct member_table spread_table = {MEMBER_TABLE(saved_spread, spread_members)};
static const struct member pool_spread_members[] = {
    TEXT(saved_pool_spread, pool),
    MEMBER_IN(saved_pool_spread, throughput_per_s, "throughput_per_s", &spread_table),
    MEMBER_IN(saved_pool_spread, response_p99_us, "response_p99_us", &spread_table),
};
static const struct member_table pool_spread_table = {
    MEMBER_TABLE(saved_pool_spread, pool_spread_members)};

static const struct member generator_members[] = {
    TEXT(saved_run, host),
    AMOUNT(saved_run, cores),
    NUMBER(saved_run, cpu_share),
    AMOUNT(saved_run, rss_peak_bytes),
};
static const struct member_table generator_table = {MEMBER_TABLE(saved_run, generator_members)};

static const struct member validity_members[] = {
    MEMBER_OF(MEMBER_FLAG, saved_run, valid, "ok"),
    LIST(saved_run, check, checks, "checks", &check_table),
};
static const struct member_table validity_table = {MEMBER_TABLE(saved_run, validity_members)};

static int read_screen(struct member_reader *r, const json_t *o, void *out)
{
    (void)r;
    ((struct saved_screen *)out)->json = o;
    return 0;
}

static const struct member screen_members[] = {
    NUMBER(saved_screen, t_s),
    TEXT(saved_screen, view),
};
static const struct member_table screen_table = {MEMBER_TABLE(saved_screen, screen_members),
                                                 .also = read_screen};

static const struct member run_members[] = {
    TEXT(saved_run, loadtop),
    TEXT(saved_run, run_id),
    TEXT(saved_run, started),
    TEXT(saved_run, ended_by),
    TEXT(saved_run, command),
    TEXT(saved_run, recovered),
    NUMBER(saved_run, elapsed_s),
    NUMBER(saved_run, goal_per_s),
    HERE("generator", &generator_table),
    HERE("validity", &validity_table),
    LIST(saved_run, threshold, thresholds, "thresholds", &threshold_table),
    LIST(saved_run, event, events, "events", &event_table),
    AMOUNT(saved_run, events_total),
    LIST(saved_run, repeat, repeats, "repeats", &repeat_table),
    LIST(saved_run, spread, spreads, "spread", &pool_spread_table),
    LIST(saved_run, screen, screens, "screens", &screen_table),
    AMOUNT(saved_run, screens_total),
    LIST(saved_run, pool, pools, "pools", &pool_table),
};
static const struct member_table run_table = {MEMBER_TABLE(saved_run, run_members)};

struct saved_run *saved_run_read(json_t *json, struct err *err)
{
    struct saved_run *run = calloc(1, sizeof *run);
    struct member_memory memory = {0};
    if (!run)
        abort();
    int code = members_read(&memory, &run_table, json, run, err);
    run->json = json_incref(json);
    run->memory = memory;
    if (code == 0)
        return run;
    saved_run_free(run);
    return NULL;
}

struct saved_run *saved_run_of(json_t *json, const char *what, struct err *err)
{
    struct err why = {0};
    struct saved_run *run = saved_run_read(json, &why);
    if (!run)
        err_set(err, why.code, "%.100s: not a run that loadtop saved: %.120s", what, why.msg);
    return run;
}

struct saved_run *saved_run_load(const char *file, bool pipes, struct err *err)
{
    json_t *json = json_load_run(file, pipes, err);
    struct saved_run *run = json ? saved_run_of(json, file, err) : NULL;
    json_decref(json);
    return run;
}

void saved_run_free(struct saved_run *run)
{
    if (!run)
        return;
    members_free(&run->memory);
    json_decref(run->json);
    free(run);
}

const struct saved_pool *saved_pool_of(const struct saved_run *run, const char *name)
{
    for (size_t i = 0; i < run->pools; i++)
        if (strcmp(run->pool[i].name, name) == 0)
            return &run->pool[i];
    return NULL;
}

int saved_sweep_read(struct saved_sweep *s, struct member_memory *memory, const json_t *json,
                     struct err *err)
{
    return members_read(memory, &saved_sweep_table, json, s, err);
}
