/* A pool as JSON: see run.h. Scripts rely on the names and their order.
 *
 * Options are written as numbers, booleans, or as text if they have a unit or are a choice; unset
 * ones are null. Pool options (count, duration, ...) are included under their URL names. Called by
 * run.c only. */
#include "ui/json/pool.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/backend.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/state/snapshot.h"
#include "ui/json/histogram.h"
#include "ui/json/part.h"
#include "ui/json/scaling.h"
#include "ui/json/sweep.h"

static json_t *latencies(const struct latency *service, const struct latency *response)
{
    json_t *o = json_object();
    json_put(o, "service", json_latency(service));
    json_put(o, "response", response ? json_latency(response) : json_null());
    return o;
}

static json_t *short_latency(const struct latency *l)
{
    json_t *o = json_object();
    bool any = l->count > 0;
    json_put(o, "p50_us", any ? json_us(l->q[Q_P50]) : json_null());
    json_put(o, "p99_us", any ? json_us(l->q[Q_P99]) : json_null());
    json_put(o, "max_us", any ? json_us(l->max) : json_null());
    json_put(o, "count", json_u64(l->count));
    return o;
}

static json_t *option_value(const struct options *o, unsigned i)
{
    const struct option_spec *spec = &o->table[i];
    char text[1024];
    if (!spec->def && !option_given(o, i))
        return json_null();
    switch (spec->type) {
    case OPTION_BOOL:
        return json_boolean(option_bool(o, i));
    case OPTION_COUNT:
    case OPTION_SIZE:
        return json_u64(option_u64(o, i));
    case OPTION_REAL:
        return json_real_or_null(option_real(o, i));
    default:
        return json_words(options_text(o, i, text, sizeof text));
    }
}

static json_t *options(const struct pool_snapshot *p)
{
    json_t *o = json_object();
    char text[512];
    json_put(o, "ops", json_mix(p->op_types, p->load.weight));
    json_put(o, "think", json_duration_or_null(p->load.think_ns));
    json_put(o, "count", p->count ? json_u64(p->count) : json_null());
    json_put(o, "duration", json_duration_or_null(p->duration_ns));
    json_put(o, "warmup", json_duration_or_null(p->warmup_ns));
    json_put(o, "timeout", json_duration_or_null(p->timeout_ns));
    json_put(o, "seed", json_u64(p->seed));
    for (unsigned i = 0; p->options && i < p->options->n; i++) {
        const char *name = p->options->table[i].name;
        size_t len = strlen(name);
        /* a PREFIX option such as "kafka." is called "kafka" as a member */
        bool prefix = len && name[len - 1] == '.';
        copy_str(text, prefix ? len : sizeof text, name);
        json_put(o, text, option_value(p->options, i));
    }
    return o;
}

static json_t *by_op(const struct pool_snapshot *p)
{
    json_t *all = json_object();
    for (unsigned i = 0; i < p->ops; i++) {
        const struct op_snapshot *op = &p->op[i];
        json_t *o = json_object();
        json_put(o, "completed", json_u64(op->completed));
        json_put(o, "errors", json_u64(op->errors));
        json_put(o, "timeouts", json_u64(op->timeouts));
        json_put(o, "latency", latencies(&op->service, &op->response));
        json_put(all, p->op_types[op->type].name, o);
    }
    return all;
}

static json_t *batches(const struct pool_snapshot *p)
{
    if (!p->has_batches)
        return json_null();
    json_t *o = json_object();
    json_put(o, "completed", json_u64(p->batches_completed));
    json_put(o, "latency", latencies(&p->batches, NULL));
    return o;
}

static json_t *error_classes(const struct error_class *error, unsigned errors)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < errors; i++) {
        const struct error_class *e = &error[i];
        json_t *o = json_object();
        json_put(o, "class", json_words(e->name));
        json_put(o, "count", json_u64(e->count));
        json_put(o, "first", json_words_or_null(e->first));
        json_put(o, "last", json_words_or_null(e->last));
        json_put(o, "first_s", json_number(e->first_s));
        json_put(o, "last_s", json_number(e->last_s));
        json_push(list, o);
    }
    return list;
}

static json_t *workers(const struct pool_snapshot *p)
{
    static const char *const states[] = {"running", "draining", "ended", "stuck"};
    json_t *list = json_array();
    for (unsigned i = 0; i < p->workers; i++) {
        const struct worker_snapshot *w = &p->worker[i];
        json_t *o = json_object();
        json_put(o, "id", json_u64(w->id));
        json_put(o, "completed", json_u64(w->completed));
        json_put(o, "errors", json_u64(w->errors));
        json_put(o, "started_s", json_number(w->started_s));
        json_put(o, "ended_s", json_number(w->ended_s));
        json_put(o, "ops", json_counts(&w->counts));
        json_put(o, "state", json_words(w->state < 4 ? states[w->state] : "unknown"));
        json_push(list, o);
    }
    return list;
}

static json_t *time_share(const struct pool_snapshot *p)
{
    json_t *o = json_object();
    json_put(o, "generate", json_share(p->run_generate_share));
    json_put(o, "client", json_share(p->run_client_share));
    json_put(o, "wait", json_share(p->run_wait_share));
    json_put(o, "scheduled_idle", json_share(p->run_idle_share));
    return o;
}

static json_t *plateaus(const struct pool_snapshot *p)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < p->plateaus; i++)
        json_push(list, json_plateau(p, &p->plateau[i]));
    return list;
}

static json_t *series(const struct series *s, double since_s)
{
    json_t *list = json_array();
    uint64_t from = s->n;
    while (from > s->first && !(series_at(s, from - 1)->t_s <= since_s))
        from--;
    for (uint64_t i = from; i < s->n; i++) {
        const struct point *p = series_at(s, i);
        json_t *o = json_object();
        json_put(o, "t_s", json_number(p->t_s));
        json_put(o, "span_s", json_number(p->span_s));
        json_put(o, "offered", json_u64(p->offered));
        json_put(o, "completed", json_u64(p->completed));
        json_put(o, "errors", json_u64(p->errors));
        json_put(o, "timeouts", json_u64(p->timeouts));
        json_put(o, "dropped", json_u64(p->dropped));
        json_put(o, "threads", json_u64(p->threads));
        json_put(o, "clients", json_u64(p->clients));
        json_put(o, "in_flight", json_number(p->in_flight));
        json_put(o, "p50_us", json_us((double)p->p50));
        json_put(o, "p99_us", json_us((double)p->p99));
        json_put(o, "max_us", json_us((double)p->max));
        json_put(o, "response_p99_us", json_us((double)p->response_p99));
        json_put(o, "paused", json_boolean(p->paused));
        json_push(list, o);
    }
    return list;
}

/* The counts of the schedule; null if it made nothing due. */
static json_t *schedule(const struct schedule_counts *c)
{
    if (!c->due)
        return json_null();
    json_t *o = json_object();
    json_put(o, "due", json_u64(c->due));
    json_put(o, "offered", json_u64(c->offered));
    json_put(o, "not_started", json_u64(c->not_started));
    json_put(o, "still_due", json_u64(c->still_due));
    return o;
}

/* Adds the requested load and what was measured. */
static void put_load(json_t *o, const struct pool_snapshot *p)
{
    json_put(o, "threads", json_u64(p->load.threads));
    json_put(o, "clients", json_u64(p->load.clients));
    json_put(o, "connections", json_u64(p->connections));
    json_put(o, "pattern", json_words(pattern_name(p->load.pattern)));
    json_put(o, "depth", json_u64(p->depth));
    bool open = p->load.rate_per_s > 0;
    json_put(o, "rate_per_s", open ? json_number(p->load.rate_per_s) : json_null());
    json_put(o, "arrival",
             json_string(!open                                ? "closed"
                         : p->load.arrival == ARRIVAL_POISSON ? "poisson"
                                                              : "constant"));
    json_put(o, "options", options(p));
    json_put(o, "ops", json_counts(&p->counts));
    json_put(o, "warmup_ops", p->warmup_ns ? json_counts(&p->warm) : json_null());
    json_put(o, "schedule", schedule(&p->schedule));
    json_put(o, "loaded_s", json_number(p->loaded_s));
    json_put(o, "throughput_per_s", json_number(p->throughput_per_s));
}

static json_t *known(int64_t n)
{
    return n < 0 ? json_null() : json_integer((json_int_t)n);
}

/* The target's state as last reported by the server. */
static json_t *target_info(const struct pool_snapshot *p)
{
    json_t *o = json_object();
    json_put(o, "version", json_words_or_null(p->server.version));
    json_put(o, "address", json_words_or_null(p->server.address));
    json_put(o, "data_items", known(p->server.data_items));
    json_put(o, "data_bytes", known(p->server.data_bytes));
    json_put(o, "rtt_us", p->server.rtt_ns < 0 ? json_null() : json_us((double)p->server.rtt_ns));
    json_put(o, "other_clients", known(p->server.other_clients));
    return o;
}

/* What the backend says of the target's parts: nodes, partitions. */
static json_t *parts(const struct pool_snapshot *p)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < p->server.parts; i++) {
        const struct stat_part *part = &p->server.part[i];
        json_t *o = json_object();
        json_put(o, "noun", json_words(part->noun));
        json_put(o, "up", json_u64(part->up));
        json_put(o, "wanted", json_u64(part->wanted));
        json_put(o, "why", json_words_or_null(part->why));
        json_push(list, o);
    }
    return list;
}

static json_t *memory(const struct pool_snapshot *p)
{
    json_t *o = json_object();
    json_put(o, "anon_per_client_bytes", json_null()); /* pools of one process share its memory */
    json_put(o, "peak_request_bytes", p->peak_bytes ? json_u64(p->peak_bytes) : json_null());
    return o;
}

/* Is a backend's figure of this name a share? They have names such as heap_share and hit_ratio; p is
 * the p-value of a test. */
static bool is_share(const char *name)
{
    return strstr(name, "share") || strstr(name, "ratio") || strcmp(name, "p") == 0;
}

/* Rounds the numbers of a backend's JSON as all others are rounded, so that no backend has to. */
static void round_figures(json_t *json, bool share)
{
    const char *name;
    json_t *member;
    size_t i;
    if (json_is_real(json)) {
        json_real_set(json, json_rounded(json_real_value(json), share));
    } else if (json_is_object(json)) {
        json_object_foreach(json, name, member)
        {
            round_figures(member, is_share(name));
        }
    } else {
        json_array_foreach(json, i, member)
        {
            round_figures(member, share);
        }
    }
}

/* A rounded copy of what a backend wrote; `otherwise` if it wrote nothing. */
static json_t *copied(const json_t *json, json_t *otherwise)
{
    if (!json)
        return otherwise;
    json_decref(otherwise);
    json_t *copy = json_deep_copy(json);
    if (!copy)
        return json_null();
    round_figures(copy, false);
    return copy;
}

json_t *json_pool(const struct pool_snapshot *p, bool removed, double since_s)
{
    json_t *o = json_object(), *bytes = json_object(), *limit = json_object();
    json_put(o, "name", json_words(p->name));
    json_put(o, "number", json_u64(p->number));
    json_put(o, "backend", json_words(p->backend->name));
    json_put(o, "target", json_words(p->target));
    json_put(o, "url", json_words(p->url));
    json_put(o, "server", json_words_or_null(p->server.version));
    json_put(o, "target_info", target_info(p));
    json_put(o, "local", json_boolean(p->local));
    json_put(o, "address", json_words_or_null(p->server.address));
    json_put(o, "note", json_words_or_null(p->server.note));
    json_put(o, "state", json_words(pool_state_name(p->state)));
    json_put(o, "removed", json_boolean(removed));
    json_put(o, "state_why", json_words_or_null(p->state_why));
    put_load(o, p);
    json_put(o, "connections_up", json_u64(p->connections_up));
    json_put(o, "connections_wanted", json_u64(p->connections_wanted));
    json_put(o, "parts", parts(p));
    json_put(bytes, "sent", json_u64(p->bytes_sent));
    json_put(bytes, "received", json_u64(p->bytes_received));
    json_put(o, "bytes", bytes);
    json_put(o, "latency", latencies(&p->service, &p->response));
    json_put(o, "by_op", by_op(p));
    json_put(o, "batches", batches(p));
    json_put(o, "error_classes", error_classes(p->error, p->errors));
    json_put(o, "connection_errors", error_classes(p->conn_error, p->conn_errors));
    json_put(o, "workers", isnan(since_s) ? workers(p) : json_array());
    json_put(o, "time_share", time_share(p));
    json_put(limit, "kind", json_words(bottleneck_name(p->bottleneck)));
    json_put(limit, "why", json_words_or_null(p->bottleneck_why));
    json_put(o, "bottleneck", limit);
    json_put(o, "schedule_lag", p->has_lag ? short_latency(&p->lag) : json_null());
    json_put(o, "lease_wait", p->has_lease_wait ? short_latency(&p->lease_wait) : json_null());
    json_put(o, "memory", memory(p));
    json_put(o, "plateaus", plateaus(p));
    json_put(o, "scaling", json_scaling(p));
    json_put(o, "capacity", json_capacity(p));
    json_put(o, "series", series(&p->seconds, since_s));
    json_put(o, "histograms", isnan(since_s) ? json_histograms(p) : json_null());
    json_put(o, "left_behind", copied(p->server.leftovers, json_array()));
    json_put(o, "backend_stats", copied(p->server.json, json_null()));
    return o;
}
