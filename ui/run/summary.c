/* The summary of a run as text: see summary.h.
 *
 * Everything is read from one snapshot. Unknown values are '-', never 0; doubts about the figures
 * are shown in the pool's block and again in the last line. Called by headless and main. */
#include "ui/run/summary.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "engine/backend.h"
#include "engine/base/quantity.h"
#include "engine/base/text.h"
#include "engine/base/utf8.h"
#include "engine/config/command_text.h"
#include "engine/state/snapshot.h"
#include "ui/draw/stats_table.h"
#include "ui/json/saved_run.h"
#include "ui/json/sweep.h"
#include "ui/page/doc.h"
#include "ui/report/sweeps.h"

#define LABEL "  %-14s"

/* Like the functions of quantity.h, with '-' for unknown values. */
static const char *duration(char *buf, size_t size, double ns)
{
    return isfinite(ns) ? format_duration(buf, size, ns) : copy_str(buf, size, "-");
}

static const char *number(char *buf, size_t size, double v)
{
    return isfinite(v) ? format_number(buf, size, v) : copy_str(buf, size, "-");
}

static const char *noun(const struct pool_snapshot *p)
{
    for (unsigned i = 0; i < OPS_MAX && p->op_types[i].name; i++)
        if (p->load.weight[i] > 0 && p->op_types[i].noun)
            return p->op_types[i].noun;
    return "op";
}

static void add_clients(struct text *t, const struct pool_snapshot *p)
{
    uint64_t all = (uint64_t)p->load.threads * p->load.clients;
    text_add(t, "%u thread%s x %u client%s = %" PRIu64 " client%s", p->load.threads,
             p->load.threads == 1 ? "" : "s", p->load.clients, p->load.clients == 1 ? "" : "s", all,
             all == 1 ? "" : "s");
}

void summary_load(struct text *t, const struct pool_snapshot *p)
{
    text_add(t, "%s: ", p->name);
    add_clients(t, p);
}

/* ---- One pool ---- */

static void add_load(struct text *t, const struct pool_snapshot *p)
{
    char rate[32], ops[256];
    text_add(t, LABEL, "load");
    add_clients(t, p);
    if (p->connections)
        text_add(t, ", %u connection%s a thread", p->connections, p->connections == 1 ? "" : "s");
    if (p->connections_up < p->connections_wanted)
        text_add(t, ", %u of %u up", p->connections_up, p->connections_wanted);
    text_add(t, "\n" LABEL "%s", "", pattern_name(p->load.pattern));
    if (p->load.pattern != PATTERN_SYNC)
        text_add(t, " depth %u", p->depth);
    if (p->load.rate_per_s > 0)
        text_add(t, ", %s/s %s", number(rate, sizeof rate, p->load.rate_per_s),
                 p->load.arrival == ARRIVAL_POISSON ? "poisson" : "constant");
    else
        text_add(t, ", closed");
    text_add(t, ", %s\n", ops_text(p->op_types, p->load.weight, ops, sizeof ops));
}

static void add_count(struct text *t, const char *name, uint64_t n, const char *after)
{
    char count[32];
    text_add(t, "%s %s%s", name, format_count(count, sizeof count, n), after);
}

static void add_counts(struct text *t, const char *label, const struct counts *c)
{
    text_add(t, LABEL, label);
    add_count(t, "offered", c->offered, " = ");
    add_count(t, "completed", c->completed, " + ");
    add_count(t, "errors", c->errors, " + ");
    add_count(t, "timeouts", c->timeouts, " + ");
    add_count(t, "in flight", c->in_flight, " + ");
    add_count(t, "dropped", c->dropped, "\n");
    char count[32];
    uint64_t sum = c->completed + c->errors + c->timeouts + c->in_flight + c->dropped;
    if (sum != c->offered)
        text_add(t, LABEL "! the parts add up to %" PRIu64 ": the counts are not to be trusted\n",
                 "", sum);
    if (c->not_started)
        text_add(t, LABEL "and %s not started: due, but not late yet, when the load stopped\n", "",
                 format_count(count, sizeof count, c->not_started));
}

static void add_throughput(struct text *t, const struct pool_snapshot *p)
{
    char rate[32], sent[32], received[32];
    text_add(t, LABEL "%s %s/s over %.3g s loaded", "throughput",
             number(rate, sizeof rate, p->throughput_per_s), noun(p),
             isfinite(p->loaded_s) ? p->loaded_s : 0);
    if (p->bytes_sent || p->bytes_received)
        text_add(t, ", %s sent, %s received",
                 format_bytes(sent, sizeof sent, (double)p->bytes_sent),
                 format_bytes(received, sizeof received, (double)p->bytes_received));
    text_add(t, "\n");
}

static void add_latency(struct text *t, const char *label, const struct latency *l)
{
    char min[32], mean[32], max[32], q[QUANTILES][32];
    bool any = l->count > 0;
    for (unsigned i = 0; i < QUANTILES; i++)
        duration(q[i], sizeof q[i], any ? l->q[i] : NAN);
    text_add(t, LABEL "%8s %8s %8s %8s %8s %8s %8s %8s %8s\n", label,
             duration(min, sizeof min, any ? l->min : NAN),
             duration(mean, sizeof mean, any ? l->mean : NAN), q[Q_P50], q[Q_P90], q[Q_P95],
             q[Q_P99], q[Q_P99_9], q[Q_P99_99], duration(max, sizeof max, any ? l->max : NAN));
}

static void add_latencies(struct text *t, const struct pool_snapshot *p)
{
    text_add(t, LABEL "%8s %8s %8s %8s %8s %8s %8s %8s %8s\n", "latency", "min", "mean", "p50",
             "p90", "p95", "p99", "p99.9", "p99.99", "max");
    add_latency(t, "  service", &p->service);
    add_latency(t, "  response", &p->response);
    if (p->has_batches)
        add_latency(t, "  batches", &p->batches);
    if (p->has_lag)
        add_latency(t, "  lag", &p->lag);
    if (p->has_lease_wait)
        add_latency(t, "  lease wait", &p->lease_wait);
    for (unsigned i = 0; i < p->ops && p->ops > 1; i++) {
        char label[32];
        const struct op_snapshot *op = &p->op[i];
        if (!op->completed && !op->errors && !op->timeouts)
            continue;
        snprintf(label, sizeof label, "  %.11s", p->op_types[op->type].name);
        add_latency(t, label, &op->service);
    }
}

static void add_errors(struct text *t, const char *label, const struct error_class *error,
                       unsigned errors)
{
    char count[32];
    for (unsigned i = 0; i < errors; i++) {
        const struct error_class *e = &error[i];
        text_add_line(t, LABEL "%-14s %s from %.1f s to %.1f s: %s", i ? "" : label, e->name,
                      format_count(count, sizeof count, e->count), e->first_s, e->last_s, e->first);
        if (e->last[0] && strcmp(e->first, e->last) != 0)
            text_add_line(t, LABEL "%-14s last: %s", "", "", e->last);
    }
}

static void add_trust(struct text *t, const struct pool_snapshot *p)
{
    if (p->bottleneck != BOTTLENECK_NONE || p->bottleneck_why[0])
        text_add_line(t, LABEL "%s%s%s", "limited by", bottleneck_name(p->bottleneck),
                      p->bottleneck_why[0] ? ": " : "", p->bottleneck_why);
    char capacity[256];
    if (*capacity_words(&p->capacity, capacity, sizeof capacity))
        text_add_line(t, LABEL "%s", "capacity", capacity);
    bool first = true;
    for (unsigned i = 0; i < p->checks; i++) {
        const struct check *c = &p->check[i];
        if (!c->known || c->ok)
            continue;
        text_add_line(t, LABEL "%s: %s", first ? "! NOT VALID" : "", check_name(c->id), c->why);
        first = false;
    }
    if (!first)
        return;
    text_add(t, LABEL, "valid");
    if (!p->counts.completed) {
        text_add(t, "- (nothing completed)\n");
        return;
    }
    unsigned known = 0;
    for (unsigned i = 0; i < p->checks; i++)
        if (p->check[i].known)
            text_add(t, "%s%s ok", known++ ? ", " : "", check_name(p->check[i].id));
    text_add(t, "%s\n", known ? "" : "- (too little data to check)");
}

/* Adds [{ "kind", "what", "count" }] as "10,000 keys loadtop:7f3a:*". */
static void add_leftovers(struct text *t, const struct pool_snapshot *p)
{
    size_t n = json_array_size(p->server.leftovers);
    for (size_t i = 0; i < n; i++) {
        const json_t *one = json_array_get(p->server.leftovers, i);
        const json_t *count = json_object_get(one, "count");
        const char *kind = json_string_value(json_object_get(one, "kind"));
        const char *what = json_string_value(json_object_get(one, "what"));
        char text[32] = "";
        if (json_is_integer(count) && json_integer_value(count) >= 0)
            format_count(text, sizeof text, (uint64_t)json_integer_value(count));
        text_add_line(t, LABEL "%s%s%s %s%s", i ? "" : "left behind", text, text[0] ? " " : "",
                      kind ? kind : "", what ? what : "",
                      json_object_get(one, "until") ? " (removed at the end)" : "");
    }
}

static void add_pool(struct text *t, const struct pool_snapshot *p, bool removed)
{
    char warmup[48];
    text_add(t, "\n");
    text_add_line(t, "%s%s  %s%s%s%s  %s%s%s", p->name, removed ? " (removed)" : "", p->target,
                  p->server.version[0] ? "  (" : "", p->server.version,
                  p->server.version[0] ? ")" : "", pool_state_name(p->state),
                  p->state_why[0] ? ": " : "", p->state_why);
    add_load(t, p);
    if (p->warmup_ns) {
        snprintf(warmup, sizeof warmup, "warm-up");
        add_counts(t, warmup, &p->warm);
    }
    add_counts(t, "operations", &p->counts);
    add_throughput(t, p);
    add_latencies(t, p);
    if (p->peak_bytes)
        text_add(t, LABEL "%s held by requests at most (unthrottled: bound %llu MB a thread)\n",
                 "memory", format_bytes(warmup, sizeof warmup, (double)p->peak_bytes),
                 (unsigned long long)(UNTHROTTLED_BYTES >> 20));
    add_errors(t, "errors", p->error, p->errors);
    add_errors(t, "connections", p->conn_error, p->conn_errors);
    if (p->server.note[0])
        text_add_line(t, LABEL "%s", "server", p->server.note);
    stats_table_text(p->server.json, "  ", 200, t);
    add_trust(t, p);
    add_leftovers(t, p);
}

/* ---- The run ---- */

/* Writes a threshold's value in the unit of its expression. */
static const char *threshold_value(char *buf, size_t size, const struct threshold_state *t)
{
    struct threshold parsed;
    char text[32];
    if (!t->known || !isfinite(t->value))
        return copy_str(buf, size, "nothing to judge it by");
    if (threshold_parse(&parsed, t->expr, NULL) < 0)
        snprintf(buf, size, "%.6g", t->value);
    else if (parsed.metric == METRIC_ERRORS)
        snprintf(buf, size, "%.4g %%", t->value * 100);
    else if (parsed.metric == METRIC_THROUGHPUT)
        snprintf(buf, size, "%s/s", format_number(text, sizeof text, t->value));
    else
        format_duration(buf, size, t->value * 1000);
    return buf;
}

static void add_thresholds(struct text *t, const struct snapshot *s)
{
    char value[64];
    for (unsigned i = 0; i < s->thresholds; i++) {
        const struct threshold_state *one = &s->threshold[i];
        text_add(t, "%s", i ? "" : "\n");
        text_add_line(t, "%-14s  %s %s (%s%s)", i ? "" : "thresholds", one->expr,
                      one->known && one->ok ? "ok" : "FAILED",
                      threshold_value(value, sizeof value, one),
                      one->known && one->few ? ", with fewer than 10 samples above it" : "");
    }
}

/* Compares the goal with the combined throughput of all pools. */
static void add_goal(struct text *t, const struct snapshot *s)
{
    double sum = 0;
    char goal[32], got[32];
    if (!(s->goal_per_s > 0))
        return;
    for (unsigned i = 0; i < s->pools; i++)
        if (isfinite(s->pool[i].throughput_per_s))
            sum += s->pool[i].throughput_per_s;
    text_add(t, "\n%-14s  %s/s: %s, %.3gx (%s/s)%s\n", "goal",
             format_number(goal, sizeof goal, s->goal_per_s),
             sum >= s->goal_per_s ? "met" : "NOT met", sum / s->goal_per_s,
             format_number(got, sizeof got, sum),
             s->valid ? "" : ", by figures that are not valid");
}

/* The same tables as in a report. */
static void add_sweeps(struct text *t, const struct snapshot *s)
{
    struct doc d = {.format = DOC_PLAIN, .t = t};
    for (unsigned i = 0; i < s->pools + s->removed; i++) {
        json_t *sweeps = json_sweeps(s, &s->pool[i]);
        for (size_t k = 0; k < json_array_size(sweeps); k++) {
            struct member_memory memory = {0};
            struct saved_sweep sweep;
            if (saved_sweep_read(&sweep, &memory, json_array_get(sweeps, k), NULL) == 0)
                report_sweep(&d, &sweep);
            members_free(&memory);
        }
        json_decref(sweeps);
    }
}

static void add_changes(struct text *t, const struct snapshot *s)
{
    unsigned shown = 0, from = s->events > 20 ? s->events - 20 : 0;
    for (unsigned i = from; i < s->events; i++) {
        const struct event *e = &s->event[i];
        text_add(t, "%s", shown ? "" : "\n");
        text_add_line(t, "%-14s  %8.3f s  %-7s %s%s%s%s%s%s%s", shown ? "" : "changes", e->t_s,
                      origin_name(e->by), e->pool, e->pool[0] ? " " : "", e->what,
                      e->from[0] || e->to[0] ? " " : "", e->from,
                      e->from[0] && e->to[0] ? " -> " : "", e->to);
        shown++;
    }
    if (from)
        text_add(t, "%-14s  (and %u earlier)\n", "", from);
}

void summary_text(struct text *t, const struct snapshot *s)
{
    char date[32] = "";
    double cpus = round(100 * s->cpus) / 100; /* a quota is a part of one, "0.3 cores" */
    struct tm tm;
    if (gmtime_r(&s->started.tv_sec, &tm))
        strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S UTC", &tm);
    text_add_line(t, "loadtop " LOADTOP_VERSION ": %.3f s from %s on %s (%g core%s), %s%s",
                  s->now_s, date, s->host, cpus, fabs(cpus - 1) < 1e-9 ? "" : "s",
                  s->ended_by ? "ended by " : "not ended", end_reason_name(s->ended_by));
    for (unsigned i = 0; i < s->pools + s->removed; i++)
        add_pool(t, &s->pool[i], i >= s->pools);
    add_sweeps(t, s);
    add_changes(t, s);
    add_goal(t, s);
    add_thresholds(t, s);
}

/* ---- Progress ---- */

void summary_progress(struct text *t, const struct snapshot *s, bool wide)
{
    char clock[32], rate[32], p99[32], flight[32], count[32];
    text_add(t, "%s", format_clock(clock, sizeof clock, s->now_s));
    for (unsigned i = 0; i < s->pools; i++) {
        const struct pool_snapshot *p = &s->pool[i];
        text_add(t, "%s%s", i ? " | " : "  ", p->name);
        if (p->state != POOL_LOADING)
            text_add(t, " %s", pool_state_name(p->state));
        if (p->warming)
            text_add(t, " warm-up");
        if (p->state == POOL_DOWN && p->state_why[0]) {
            text_add(t, ": %s", p->state_why);
            continue;
        }
        if (p->connections_up < p->connections_wanted && p->state == POOL_LOADING)
            text_add(t, " conns %u/%u", p->connections_up, p->connections_wanted);
        text_add(t, " %s/s p99 %s in flight %s", number(rate, sizeof rate, p->now_per_s),
                 duration(p99, sizeof p99, p->now_service.count ? p->now_service.q[Q_P99] : NAN),
                 number(flight, sizeof flight, p->now_in_flight));
        if (wide)
            text_add(t, " done %s", format_count(count, sizeof count, p->counts.completed));
        uint64_t bad = p->counts.errors + p->counts.timeouts;
        if (bad || wide)
            text_add(t, " err %s", format_count(count, sizeof count, bad));
        if (p->counts.dropped)
            text_add(t, " DROPPED %s", format_count(count, sizeof count, p->counts.dropped));
        if (!p->valid)
            text_add(t, " NOT VALID");
    }
}
