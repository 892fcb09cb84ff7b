/* Once a second, on the pool's thread: lag, shares, states in words, leftovers.
 *
 * Lag is computed from the brokers' end offsets, queried here, and not from consumers' last known
 * ones, because a consumer that has stopped fetching does not know what it misses. With
 * deliver=share a partition's position is the offset taken by any client; with deliver=each every
 * client has its own positions, and the lag is that of the slowest client. Shares are of the
 * clients' time (wait, handling, ready for the thread) or of the worker threads' time (allocation),
 * over the last second. */
#include "backends/kafka_base/options.h"

#if LOADTOP_HAVE_RDKAFKA

#include "backends/kafka/stats.h"

#include "backends/kafka/conn_types.h"
#include "backends/kafka/sums.h"
#include "backends/kafka/table.h"
#include "backends/kafka_base/admin.h"
#include "backends/kafka_base/process.h"
#include "backends/kafka_base/threads.h"
#include "backends/kafka_base/types.h"
#include "engine/base/json.h"
#include "engine/base/quantity.h"
#include "engine/base/text.h"
#include "engine/base/utf8.h"

#include <jansson.h>
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define SETTLE_S 5    /* seconds after a resize that are left out of its row */
#define ROW_S 4       /* seconds of measurement that a row should have */
#define BUSY_WAIT 0.1 /* clients that wait less than this have no reserve */

static void put(json_t *o, const char *name, double v)
{
    json_object_set_new(o, name, json_real_or_null(v));
}

static void put_count(json_t *o, const char *name, uint64_t v)
{
    json_object_set_new(o, name, json_integer((json_int_t)v));
}

/* ---- lag ---- */

static double share_lag(const struct kafka_pool *kp)
{
    double lag = 0;
    for (int32_t p = 0; p < kp->partitions; p++) {
        int64_t end = atomic_load(&kp->part[p].end), taken = atomic_load(&kp->part[p].taken);
        int64_t from = taken >= 0 ? taken : kp->part[p].start;
        /* expired unread */
        if (from < kp->part[p].low)
            from = kp->part[p].low;
        lag += end > from ? (double)(end - from) : 0;
    }
    return lag;
}

/* ---- one second ---- */

static void look(struct kafka_pool *kp, struct kafka_second *s, struct kafka_sums *sums)
{
    struct kafka_totals now;
    double now_s = (double)clock_ns() / 1e9;
    workers_sum(&kp->workers, &now);
    const struct kafka_sums total = now.sums;
    s->clients = now.clients;
    s->connections = now.connections;
    s->workers = now.workers;
    s->slowest = now.lag;
    s->anon_bytes = kafka_anon_bytes() - kp->anon_before;
    s->span_s = kp->seen_s > 0 ? now_s - kp->seen_s : NAN;
    const struct kafka_sums *was = &kp->seen;
    double wait = (double)(total.wait_ns - was->wait_ns),
           handle = (double)(total.handle_ns - was->handle_ns);
    double thread = (double)(total.thread_ns - was->thread_ns), all = wait + handle + thread;
    s->client_s = all / 1e9;
    s->wait = all > 0 ? wait / all : NAN;
    s->handle = all > 0 ? handle / all : NAN;
    s->thread = all > 0 ? thread / all : NAN;
    s->alloc = (double)(total.alloc_ns - was->alloc_ns) / 1e9;
    s->freed = (double)(total.free_ns - was->free_ns) / 1e9;
    s->busy_s = (double)(total.busy_ns - was->busy_ns) / 1e9;
    s->messages_per_s = (double)(total.messages - was->messages) / s->span_s;
    s->bytes_per_s = (double)(total.bytes - was->bytes) / s->span_s;
    kp->seen_s = now_s;
    kp->seen = total;
    *sums = total;
}

static double topic_messages(const struct kafka_pool *kp, double *ends)
{
    double messages = 0;
    *ends = 0;
    for (int32_t p = 0; p < kp->partitions; p++) {
        double end = (double)atomic_load(&kp->part[p].end);
        messages += end - (double)kp->part[p].low;
        *ends += end;
    }
    return messages;
}

static void tell_changes(struct kafka_pool *kp, const struct kafka_second *s)
{
    char words[160];
    uint64_t rebalances = atomic_load(&kp->rebalances);
    if (rebalances != kp->rebalances_told) {
        pool_event(kp->pool, "rebalance: partitions of %llu consumers assigned anew",
                   (unsigned long long)(rebalances - kp->rebalances_told));
        kp->rebalances_told = rebalances;
    }
    enum lag_state now = kp->lag.state;
    if (now == kp->told || now == LAG_UNKNOWN || !s->clients)
        return;
    if (now == LAG_FALLING || kp->told == LAG_FALLING || now == LAG_STRESSED)
        pool_event(kp->pool, "%u clients: %s", s->clients,
                   lag_watch_text(&kp->lag, kp->retention_s, words, sizeof words));
    kp->told = now;
}

/* Has the consuming set-up changed since the last second? */
static bool changed(struct kafka_pool *kp, const struct kafka_second *s)
{
    struct kafka_setup now = {s->clients, s->connections,
                              (unsigned)option_u64(kafka_opts(kp), K_HANDLING),
                              option_u64(kafka_opts(kp), K_WORK)};
    struct kafka_setup was = kp->setup;
    bool shared = now.connections < now.clients, were = was.connections < was.clients;
    bool other = now.handling != was.handling || now.work_ns != was.work_ns || shared != were ||
                 (shared && now.connections != was.connections);
    if (!other && now.clients == was.clients && now.connections == was.connections)
        return false;
    kp->trim = kp->trim || now.connections < was.connections;
    kp->setup = now;
    kp->settled_s = kp->seen_s + SETTLE_S;
    lag_watch_restart(&kp->lag, other);
    kafka_refer(kp);
    return true;
}

/* Returns freed memory from the allocator to the system after handles were destroyed; otherwise a
 * set-up with fewer handles would seem to use as much memory as before. Called while seconds are
 * not counted. */
static void trim(struct kafka_pool *kp)
{
    if (!kp->trim || kp->seen_s < kp->settled_s - SETTLE_S / 2.0 || atomic_load(&kp->dying))
        return;
    malloc_trim(0);
    kp->trim = false;
}

static void consumer_second(struct kafka_pool *kp, struct kafka_second *s, bool fresh, double ends)
{
    bool restart = changed(kp, s);
    s->produced_per_s =
        fresh && kp->ends_s > 0 ? (ends - kp->ends_seen) / (kp->seen_s - kp->ends_s) : NAN;
    if (fresh) {
        kp->ends_seen = ends;
        kp->ends_s = kp->seen_s;
        pthread_mutex_lock(&kp->mutex);
        s->lag = kafka_each(kp) ? s->slowest : share_lag(kp);
        pthread_mutex_unlock(&kp->mutex);
    }
    kp->produced_per_s = s->produced_per_s;
    if (!(s->client_s > 0)) { /* paused or ended: the lag says nothing about the clients now */
        kp->idle = true;
        return;
    }
    if (kp->idle) {
        kp->idle = false;
        lag_watch_restart(&kp->lag, false);
        kp->settled_s = kp->seen_s + SETTLE_S;
        kp->stay = NULL;
    }
    struct lag_sample sample = {kp->seen_s, s->lag, s->wait, s->produced_per_s};
    restart = lag_watch_add(&kp->lag, &sample, s->clients) || restart;
    trim(kp);
    if (restart)
        kp->stay = NULL;
    if (kp->seen_s >= kp->settled_s && isfinite(s->span_s))
        kafka_row_add(kp, s);
}

/* ---- JSON and texts ---- */

static json_t *run_json(const struct kafka_sums *sums)
{
    json_t *o = json_object();
    double all = (double)(sums->wait_ns + sums->handle_ns + sums->thread_ns);
    put(o, "client_s", all / 1e9);
    put(o, "wait_share", (double)sums->wait_ns / all);
    put(o, "handling_share", (double)sums->handle_ns / all);
    put(o, "ready_share", (double)sums->thread_ns / all);
    put(o, "busy_s", (double)sums->busy_ns / 1e9);
    put(o, "alloc_s", (double)sums->alloc_ns / 1e9);
    put(o, "free_s", (double)sums->free_ns / 1e9);
    put(o, "alloc_free_share_of_busy",
        (double)(sums->alloc_ns + sums->free_ns) / (double)sums->busy_ns);
    return o;
}

static void say_consumer(struct kafka_pool *kp, const struct kafka_second *s,
                         const struct kafka_sums *sums, json_t *o)
{
    char words[160];
    double low, high, growth = kafka_memory_growth(kp, &low, &high);
    json_t *c = json_object(), *order = json_object();
    json_object_set_new(c, "state", json_string(lag_state_name(kp->lag.state)));
    json_object_set_new(c, "words",
                        utf8_json(lag_watch_text(&kp->lag, kp->retention_s, words, sizeof words)));
    put_count(c, "clients", s->clients);
    put_count(c, "connections", s->connections);
    put(c, "lag", s->lag);
    put(c, "lag_slope_per_s", kp->lag.slope);
    put(c, "lag_slope_low", kp->lag.slope_low);
    put(c, "lag_slope_high", kp->lag.slope_high);
    put(c, "expires_in_s",
        kp->lag.state == LAG_FALLING
            ? lag_expiry_s(kp->retention_s, s->lag, kp->lag.slope, kp->lag.produced_per_s)
            : NAN);
    put(c, "produced_per_s", kp->produced_per_s);
    put(c, "messages_per_s", s->messages_per_s);
    put(c, "bytes_per_s", s->bytes_per_s);
    put(c, "wait_share", s->wait);
    put(c, "handling_share", s->handle);
    put(c, "ready_share", s->thread);
    put(c, "alloc_share", s->alloc / (s->span_s * s->workers));
    put(c, "free_share", s->freed / (s->span_s * s->workers));
    put(c, "alloc_free_share_of_busy", s->busy_s > 0 ? (s->alloc + s->freed) / s->busy_s : NAN);
    put(c, "anon_bytes_per_client", s->clients ? (s->anon_bytes) / s->clients : NAN);
    put(c, "memory_growth_exponent", growth);
    put(c, "memory_growth_low", low);
    put(c, "memory_growth_high", high);
    json_object_set_new(c, "run", run_json(sums));
    put_count(c, "messages", sums->messages);
    put_count(c, "rebalances", atomic_load(&kp->rebalances));
    put_count(order, "checked", sums->order.checked);
    put_count(order, "missing", sums->order.missing);
    put_count(order, "duplicates", sums->order.duplicates);
    put_count(order, "redelivered", sums->order.redelivered);
    put_count(order, "reordered", sums->order.reordered);
    json_object_set_new(c, "order", order);
    kafka_say_rows(kp, c);
    json_object_set_new(
        c, "meaning",
        utf8_json(
            "wait: no message at hand and none being handled; ready: a message at hand, the thread "
            "busy elsewhere; alloc, free: of the threads' time, librdkafka's own threads left out; "
            "latency: CLOCK_MONOTONIC of this machine; memory: of the whole process since the pool "
            "opened"));
    json_object_set_new(o, "consumer", c);
}

static void say_note(struct kafka_pool *kp, const struct kafka_second *s, char *note, size_t size)
{
    char lag[24], slope[24], memory[24], words[160];
    if (kp->trouble[0]) {
        pthread_mutex_lock(&kp->mutex);
        snprintf(note, size, "brokers away for %.0f s: %.110s",
                 (double)(clock_ns() - kp->trouble_ns) / 1e9, kp->trouble);
        pthread_mutex_unlock(&kp->mutex);
        return;
    }
    size_t said = 0;
    if (kp->mock)
        said = text_append(note, size, 0, "MOCK, no broker: ");
    note += said;
    size -= said;
    if (!s->clients) {
        snprintf(note, size, "%d partitions, %d replicas, %d brokers", kp->partitions, kp->replicas,
                 kp->brokers);
        return;
    }
    if (kp->lag.state == LAG_FALLING || kp->lag.state == LAG_CATCHING) {
        copy_str(note, size, lag_watch_text(&kp->lag, kp->retention_s, words, sizeof words));
        return;
    }
    format_number(lag, sizeof lag, s->lag);
    format_number(slope, sizeof slope, kp->lag.slope);
    format_bytes(memory, sizeof memory, (s->anon_bytes) / s->clients);
    snprintf(note, size, "%s: wait %.1f %%  alloc+free %.1f %% of busy  %s/client  lag %s (%s/s)",
             lag_state_name(kp->lag.state),
             100 *
                 /* the wait share on which the state is based */
                 (isnan(kp->lag.wait) ? s->wait : kp->lag.wait),
             s->busy_s > 0 ? 100 * (s->alloc + s->freed) / s->busy_s : 0, memory, lag,
             isnan(kp->lag.slope) ? "?" : slope);
}

/* Adds an entry. unmarked: why the object is not marked on the cluster, in which case clean will
 * not remove it; "": it is marked. */
static void leave_entry(json_t *left, const char *kind, const char *what, double count,
                        const char *unmarked)
{
    json_t *o = json_object();
    json_object_set_new(o, "kind", json_string(kind));
    json_object_set_new(o, "what", utf8_json(what));
    json_object_set_new(o, "count", json_integer((json_int_t)count));
    if (*unmarked)
        json_object_set_new(o, "unmarked", utf8_json(unmarked));
    json_array_append_new(left, o);
}

/* Finds the bottleneck: clients that wait for messages are not it, clients that never wait are. */
static void say_limit(const struct kafka_pool *kp, const struct kafka_second *s, struct stats *st)
{
    double wait = isnan(kp->lag.wait) ? s->wait : kp->lag.wait;
    if (kp->lag.state == LAG_FALLING)
        lag_watch_text(&kp->lag, kp->retention_s, st->alert, sizeof st->alert);
    if (kp->lag.state == LAG_UNKNOWN || isnan(wait)) {
        copy_str(st->bottleneck_why, sizeof st->bottleneck_why,
                 "not known yet: consumers are watched for 10 s after each change");
        return;
    }
    bool behind = kp->lag.state == LAG_FALLING || kp->lag.state == LAG_CATCHING;
    if (wait < BUSY_WAIT && s->handle >= s->thread) {
        st->bottleneck = BOTTLENECK_CLIENT;
        snprintf(st->bottleneck_why, sizeof st->bottleneck_why,
                 "the clients: each is busy with messages %.0f %% of its time", 100 * s->handle);
    } else if (wait < BUSY_WAIT) {
        st->bottleneck = BOTTLENECK_CLIENT;
        snprintf(st->bottleneck_why, sizeof st->bottleneck_why,
                 "the threads: messages wait for them %.0f %% of the clients' time "
                 "(more threads would help)",
                 100 * s->thread);
    } else if (behind) {
        st->bottleneck = BOTTLENECK_SERVER;
        snprintf(st->bottleneck_why, sizeof st->bottleneck_why,
                 "fetching (the broker, the way to it, or the consumer's settings): clients wait "
                 "%.0f %% of their time although there is a backlog",
                 100 * wait);
    } else {
        st->bottleneck = BOTTLENECK_RATE;
        snprintf(st->bottleneck_why, sizeof st->bottleneck_why,
                 "the producers: clients wait for messages %.0f %% of their time and keep up",
                 100 * wait);
    }
}

/* The columns of a sweep's table. */
static void say_columns(const struct kafka_pool *kp, const struct kafka_second *s, struct stats *st)
{
    const struct stat_column column[] = {
        {"bytes a second", COLUMN_BYTES, COLUMN_MEAN, s->bytes_per_s},
        {"lag", COLUMN_COUNT, COLUMN_LAST, s->lag},
        {"lag slope", COLUMN_PER_S, COLUMN_LAST, kp->lag.slope},
        {"wait share", COLUMN_SHARE, COLUMN_MEAN, s->wait},
        {"handling share", COLUMN_SHARE, COLUMN_MEAN, s->handle},
        {"alloc free share", COLUMN_SHARE, COLUMN_MEAN,
         s->busy_s > 0 ? (s->alloc + s->freed) / s->busy_s : NAN},
        {"bytes per client", COLUMN_BYTES, COLUMN_LAST,
         s->clients ? s->anon_bytes / s->clients : NAN},
        {"rebalances", COLUMN_COUNT, COLUMN_ADDED, (double)atomic_load(&kp->rebalances)},
    };
    memcpy(st->column, column, sizeof column);
    st->columns = sizeof column / sizeof *column;
    copy_str(st->verdict, sizeof st->verdict, lag_state_name(kp->lag.state));
    st->measuring = s->clients && !kp->idle &&
                    (kp->lag.n < LAG_SAMPLES_MIN + 2 || kp->seen_s < kp->settled_s + ROW_S);
}

void kafka_pool_stats(struct pool *pool, struct stats *st)
{
    struct kafka_pool *kp = pool_data(pool);
    struct kafka_second s = {.lag = NAN};
    struct kafka_sums sums;
    double ends = NAN, messages;
    if (!kp->part)
        return;
    bool fresh = kafka_offsets_refresh(kp, 1000) == 0;
    kafka_partitions_inspect(kp, fresh);
    messages = topic_messages(kp, &ends);
    look(kp, &s, &sums);
    st->backend_cpu_share = kafka_threads_busiest(kp);
    bool consumes = pool_ops_include(pool, KAFKA_CONSUME);
    if (consumes && s.clients) {
        consumer_second(kp, &s, fresh, ends);
        tell_changes(kp, &s);
        if (kp->idle && kp->last.clients) { /* the last second in which clients were working */
            double lag = isnan(s.lag) ? kp->last.lag : s.lag;
            s = kp->last;
            s.lag = lag;
        }
        kp->last = s;
    } else if (consumes && kp->last.clients) {
        s = kp->last; /* they have ended: keep their last figures */
    } else if (consumes && fresh && !kafka_each(kp) && workers_were(&kp->workers)) {
        pthread_mutex_lock(&kp->mutex); /* they have ended before they were looked at */
        s.lag = share_lag(kp);
        pthread_mutex_unlock(&kp->mutex);
    }
    if (atomic_load(&kp->is_stuck)) {
        pthread_mutex_lock(&kp->mutex);
        copy_str(st->alert, sizeof st->alert, kp->stuck);
        pthread_mutex_unlock(&kp->mutex);
    }
    copy_str(st->version, sizeof st->version, kp->version);
    copy_str(st->address, sizeof st->address, kp->address);
    st->data_items = (int64_t)messages;
    say_note(kp, &s, st->note, sizeof st->note);
    if (consumes)
        say_columns(kp, &s, st);
    if (consumes && s.clients)
        say_limit(kp, &s, st);
    uint64_t produced = atomic_load(&kp->produced);
    if (st->json) {
        json_object_set_new(st->json, "topic", utf8_json(kp->topic));
        json_object_set_new(st->json, "mock", json_boolean(kp->mock));
        put_count(st->json, "partitions", (uint64_t)kp->partitions);
        put_count(st->json, "replication", (uint64_t)kp->replicas);
        put_count(st->json, "acknowledged", produced);
        put(st->json, "end_offsets", ends);
        put(st->json, "retention_s", kp->retention_s);
        json_object_set_new(st->json, "librdkafka", json_string(rd_kafka_version_str()));
        if (consumes)
            say_consumer(kp, &s, &sums, st->json);
    }
    if (!st->leftovers)
        return;
    /* a mock cluster is in memory and ends with its process */
    if (kp->mock)
        return;
    if (kp->created)
        leave_entry(st->leftovers, "topic", kp->topic, messages, kp->topic_unmarked);
    else if (produced)
        leave_entry(st->leftovers, "messages", kp->topic, (double)produced, "");
    if (kp->group_made)
        leave_entry(st->leftovers, "group", kp->group, 1, kp->group_unmarked);
}

#endif
