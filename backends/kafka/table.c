/* A table of figures for each number of clients, which shows where consumers fall behind.
 *
 * A row belongs to one set-up: clients, connections, handling and simulated work. It has the
 * figures of the last visit; returning to a set-up restarts its row, so that two loads are never
 * averaged. Rows with the same sharing, handling and work form a group: findings are derived for
 * each group (up to how many clients it keeps up, where it falls behind, how memory grows); groups
 * are compared at the largest number of clients that both were measured with. Called once a second
 * on the pool's thread. */
#include "backends/kafka_base/options.h"

#if LOADTOP_HAVE_RDKAFKA

#include "backends/kafka/table.h"

#include "backends/kafka_base/types.h"
#include "engine/base/json.h"
#include "engine/base/quantity.h"
#include "engine/base/text.h"
#include "engine/base/utf8.h"
#include "engine/stats/line.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROW_S 2 /* shortest usable row, in seconds */

static const char *const handling_name[] = {"borrow", "copy", "recycle"};

static bool is_shared(const struct kafka_setup *w)
{
    return w->connections < w->clients;
}

static bool same_setup(const struct kafka_setup *a, const struct kafka_setup *b)
{
    return a->clients == b->clients && a->connections == b->connections &&
           a->handling == b->handling && a->work_ns == b->work_ns;
}

static bool same_group(const struct kafka_setup *a, const struct kafka_setup *b)
{
    return is_shared(a) == is_shared(b) && (!is_shared(a) || a->connections == b->connections) &&
           a->handling == b->handling && a->work_ns == b->work_ns;
}

/* ---- filling ---- */

static struct kafka_row *row_begin(struct kafka_pool *kp, const struct kafka_second *s)
{
    struct kafka_row *r = NULL;
    for (unsigned i = 0; i < kp->rows && !r; i++)
        if (same_setup(&kp->row[i].setup, &kp->setup))
            r = &kp->row[i];
    if (!r && kp->rows == KAFKA_ROWS)
        return NULL;
    if (!r)
        r = &kp->row[kp->rows++];
    *r = (struct kafka_row){
        .setup = kp->setup, .lag_first = s->lag, .rebalances_first = atomic_load(&kp->rebalances)};
    return r;
}

void kafka_row_add(struct kafka_pool *kp, const struct kafka_second *s)
{
    if (!kp->stay)
        kp->stay = row_begin(kp, s);
    struct kafka_row *r = kp->stay;
    if (!r)
        return;
    r->seconds += s->span_s;
    r->client_s += s->client_s;
    r->wait_s += s->wait * s->client_s;
    r->handle_s += s->handle * s->client_s;
    r->thread_s += s->thread * s->client_s;
    r->alloc_s += s->alloc;
    r->free_s += s->freed;
    r->busy_s += s->busy_s;
    r->thread_total_s += s->span_s * s->workers;
    r->messages += s->messages_per_s * s->span_s;
    r->bytes += s->bytes_per_s * s->span_s;
    if (!isnan(s->produced_per_s)) {
        r->produced += s->produced_per_s * s->span_s;
        r->produced_span_s += s->span_s;
    }
    if (!isnan(s->lag))
        r->lag_last = s->lag;
    r->anon_bytes += (s->anon_bytes - r->anon_bytes) / ++r->looks; /* running mean */
    r->rebalances = atomic_load(&kp->rebalances) - r->rebalances_first;
    r->state = kp->lag.state;
    r->slope = kp->lag.slope;
}

/* ---- findings of a group ---- */

static double growth_of(const struct kafka_pool *kp, const struct kafka_setup *group, double *low,
                        double *high)
{
    double n[KAFKA_ROWS], y[KAFKA_ROWS], exponent;
    unsigned points = 0;
    for (unsigned i = 0; i < kp->rows; i++)
        if (same_group(&kp->row[i].setup, group) && kp->row[i].seconds >= ROW_S &&
            kp->row[i].anon_bytes > 0) {
            n[points] = kp->row[i].setup.clients;
            y[points++] = kp->row[i].anon_bytes;
        }
    line_power(n, y, points, 0, &exponent, low, high);
    return exponent;
}

double kafka_memory_growth(const struct kafka_pool *kp, double *low, double *high)
{
    return growth_of(kp, &kp->setup, low, high);
}

void kafka_refer(struct kafka_pool *kp)
{
    for (unsigned i = 0; i < kp->rows; i++) {
        const struct kafka_row *r = &kp->row[i];
        struct lag_watch *w = &kp->lag;
        bool fine = r->state == LAG_KEEPS_UP || r->state == LAG_STRESSED;
        if (!fine || r->seconds < ROW_S || !same_group(&r->setup, &kp->setup) ||
            (w->reference_clients && w->reference_clients <= r->setup.clients))
            continue;
        w->reference_clients = r->setup.clients;
        w->reference_wait = r->wait_s / r->client_s;
    }
}

static const char *consumers_text(const struct kafka_setup *w, char *buf, size_t size)
{
    if (is_shared(w))
        snprintf(buf, size, "%u shared", w->connections);
    else
        snprintf(buf, size, "own");
    return buf;
}

static const char *handling_text(const struct kafka_setup *w, char *buf, size_t size)
{
    char work[32];
    const char *name = handling_name[w->handling % 3];
    if (w->work_ns)
        snprintf(buf, size, "%s + %s", name,
                 format_duration(work, sizeof work, (double)w->work_ns));
    else
        snprintf(buf, size, "%s", name);
    return buf;
}

struct extent { /* a range of numbers of clients within a group; 0: none */
    unsigned least, most;
};

static void extend(struct extent *e, unsigned clients)
{
    if (!e->least || clients < e->least)
        e->least = clients;
    if (clients > e->most)
        e->most = clients;
}

static void add_growth(const struct kafka_pool *kp, const struct kafka_setup *group, struct text *t)
{
    double low, high, e = growth_of(kp, group, &low, &high);
    if (isnan(e))
        return;
    text_add(t, "; memory grows as N^%.2f (%.2f to %.2f): %s", e, low, high,
             low > 1             ? "worse than linear"
             : high < 1          ? "less than linear"
             : high - low <= 0.5 ? "linear"
                                 : "too uncertain to tell from linear");
}

/* Adds a finding such as "own consumers, copy: keeps up to 40 clients, falls behind at 60; memory
 * grows as N^1.02 (0.97 to 1.07): linear". With deliver=share more clients can do more: "falls
 * behind with 2 clients, keeps up from 3". False: there are no results for the group yet. */
static bool finding(const struct kafka_pool *kp, const struct kafka_setup *group, struct text *t)
{
    struct extent fine = {0}, stressed = {0}, behind = {0}, below = {0};
    char consumers[32], handling[48];
    for (unsigned i = 0; i < kp->rows; i++) {
        const struct kafka_row *r = &kp->row[i];
        if (!same_group(&r->setup, group))
            continue;
        if (r->state == LAG_FALLING)
            extend(&behind, r->setup.clients);
        if (r->state == LAG_STRESSED)
            extend(&stressed, r->setup.clients);
        if (r->state == LAG_KEEPS_UP || r->state == LAG_STRESSED)
            extend(&fine, r->setup.clients);
    }
    if (!fine.most && !behind.most)
        return false;
    for (unsigned i = 0; i < kp->rows; i++) {
        const struct kafka_row *r = &kp->row[i];
        if ((r->state == LAG_KEEPS_UP || r->state == LAG_STRESSED) &&
            same_group(&r->setup, group) && (!behind.least || r->setup.clients < behind.least))
            extend(&below, r->setup.clients);
    }
    text_add(t, "%s consumers, %s: ", consumers_text(group, consumers, sizeof consumers),
             handling_text(group, handling, sizeof handling));
    if (behind.most && fine.least > behind.most)
        text_add(t, "falls behind with %u client%s, keeps up from %u", behind.most,
                 behind.most == 1 ? "" : "s", fine.least);
    else if (behind.least && below.most)
        text_add(t, "keeps up to %u clients, falls behind at %u", below.most, behind.least);
    else if (behind.least)
        text_add(t, "falls behind at %u clients", behind.least);
    else
        text_add(t, "keeps up to %u clients, the most that was tried", fine.most);
    if (stressed.least)
        text_add(t, " (stressed %s %u)", stressed.most > stressed.least ? "from" : "at",
                 stressed.least);
    add_growth(kp, group, t);
    return true;
}

/* ---- comparing set-ups: the effect of a change ---- */

/* time to allocate and free buffers, per message */
static double alloc_ns(const struct kafka_row *r)
{
    return (r->alloc_s + r->free_s) / r->messages * 1e9;
}

/* The distance of a set-up from the usual first design of a server: one consumer per client and a
 * copy of each message. The nearest row is the reference for the others. */
static int distance(const struct kafka_setup *w)
{
    return (is_shared(w) ? 4 : 0) + (w->handling == HANDLING_COPY ? 0 : (int)w->handling + 1);
}

/* The rows of two set-ups at the largest number of clients that both were measured with; false:
 * none. */
static bool side_by_side(const struct kafka_pool *kp, const struct kafka_setup *a,
                         const struct kafka_setup *b, const struct kafka_row **ra,
                         const struct kafka_row **rb)
{
    unsigned most = 0;
    for (unsigned i = 0; i < kp->rows; i++)
        for (unsigned k = 0; k < kp->rows; k++) {
            const struct kafka_row *x = &kp->row[i], *y = &kp->row[k];
            if (!same_group(&x->setup, a) || !same_group(&y->setup, b) || x->seconds < ROW_S ||
                y->seconds < ROW_S || x->setup.clients != y->setup.clients ||
                x->setup.clients <= most)
                continue;
            most = x->setup.clients;
            *ra = x;
            *rb = y;
        }
    return most > 0;
}

/* Adds a comparison such as "60 clients, 4 shared, recycle (own, copy): keeps up (falling behind),
 * wait 61.0 % (37.8), alloc+free 21ns a message (88ns), 179KB a client (2.76MB)". */
static void compare(const struct kafka_row *was, const struct kafka_row *is, struct text *t)
{
    char a[48], b[48], c[48], d[48];
    text_add(t, "%u clients, %s, %s", is->setup.clients, consumers_text(&is->setup, a, sizeof a),
             handling_text(&is->setup, b, sizeof b));
    text_add(t, " (%s, %s): %s (%s)", consumers_text(&was->setup, a, sizeof a),
             handling_text(&was->setup, b, sizeof b), lag_state_name(is->state),
             lag_state_name(was->state));
    text_add(t, ", wait %.1f %% (%.1f)", 100 * is->wait_s / is->client_s,
             100 * was->wait_s / was->client_s);
    if (is->messages > 0 && was->messages > 0)
        text_add(t, ", alloc+free %s a message (%s)", format_duration(a, sizeof a, alloc_ns(is)),
                 format_duration(b, sizeof b, alloc_ns(was)));
    text_add(t, ", %s a client (%s)", format_bytes(c, sizeof c, is->anon_bytes / is->setup.clients),
             format_bytes(d, sizeof d, was->anon_bytes / was->setup.clients));
}

/* Compares each set-up with the reference set-up of the same simulated work. */
static void add_comparisons(const struct kafka_pool *kp, const struct kafka_row *const *sorted,
                            json_t *findings)
{
    for (unsigned i = 0; i < kp->rows; i++) {
        const struct kafka_setup *setup = &sorted[i]->setup, *base = setup;
        const struct kafka_row *was = NULL, *is = NULL;
        struct text t = {0};
        if (i && same_group(&sorted[i - 1]->setup, setup))
            continue;
        for (unsigned k = 0; k < kp->rows; k++)
            if (sorted[k]->setup.work_ns == setup->work_ns &&
                distance(&sorted[k]->setup) < distance(base))
                base = &sorted[k]->setup;
        if (base == setup || !side_by_side(kp, base, setup, &was, &is))
            continue;
        compare(was, is, &t);
        json_array_append_new(findings, utf8_json(text_str(&t)));
        text_free(&t);
    }
}

/* ---- JSON ---- */

static void put(json_t *o, const char *name, double v)
{
    json_object_set_new(o, name, json_real_or_null(v));
}

static json_t *row_json(const struct kafka_row *r)
{
    json_t *o = json_object();
    json_object_set_new(o, "clients", json_integer(r->setup.clients));
    json_object_set_new(o, "connections", json_integer(r->setup.connections));
    json_object_set_new(o, "handling", json_string(handling_name[r->setup.handling % 3]));
    put(o, "work_us", (double)r->setup.work_ns / 1e3);
    put(o, "seconds", r->seconds);
    put(o, "produced_per_s", r->produced / r->produced_span_s);
    put(o, "messages_per_s", r->messages / r->seconds);
    put(o, "bytes_per_s", r->bytes / r->seconds);
    put(o, "wait_share", r->wait_s / r->client_s);
    put(o, "handling_share", r->handle_s / r->client_s);
    put(o, "ready_share", r->thread_s / r->client_s);
    put(o, "alloc_share", r->alloc_s / r->thread_total_s);
    put(o, "free_share", r->free_s / r->thread_total_s);
    put(o, "alloc_free_share_of_busy", (r->alloc_s + r->free_s) / r->busy_s);
    put(o, "alloc_free_ns_per_message", alloc_ns(r));
    put(o, "lag_first", r->lag_first);
    put(o, "lag_last", r->lag_last);
    put(o, "lag_slope_per_s", r->slope);
    put(o, "anon_bytes_per_client", r->setup.clients ? r->anon_bytes / r->setup.clients : NAN);
    json_object_set_new(o, "rebalances", json_integer((json_int_t)r->rebalances));
    json_object_set_new(o, "state", json_string(lag_state_name(r->state)));
    return o;
}

/* ---- the displayed table ---- */

static void cell(json_t *row, const char *text)
{
    json_array_append_new(row, utf8_json(text));
}

static void cell_percent(json_t *row, double share)
{
    char text[24] = "-";
    if (isfinite(share))
        snprintf(text, sizeof text, "%.2f %%", 100 * share);
    cell(row, text);
}

static void cell_number(json_t *row, double v, const char *sign)
{
    char text[32], number[24];
    format_number(number, sizeof number, fabs(v));
    snprintf(text, sizeof text, "%s%s", v < 0 ? "-" : v > 0 ? sign : "", number);
    cell(row, isfinite(v) ? text : "-");
}

static void cell_bytes(json_t *row, double v)
{
    char text[24];
    format_bytes(text, sizeof text, v);
    cell(row, isfinite(v) ? text : "-");
}

static json_t *row_cells(const struct kafka_row *r)
{
    char text[48];
    json_t *row = json_array();
    snprintf(text, sizeof text, "%u", r->setup.clients);
    cell(row, text);
    cell(row, consumers_text(&r->setup, text, sizeof text));
    cell(row, handling_text(&r->setup, text, sizeof text));
    cell(row, lag_state_name(r->state));
    cell_percent(row, r->wait_s / r->client_s);
    cell_percent(row, r->handle_s / r->client_s);
    cell_percent(row, r->alloc_s / r->busy_s);
    cell_percent(row, r->free_s / r->busy_s);
    cell_number(row, r->messages / r->seconds, "");
    cell_bytes(row, r->bytes / r->seconds);
    cell_number(row, r->lag_last, "");
    cell_number(row, r->slope, "+");
    cell_bytes(row, r->setup.clients ? r->anon_bytes / r->setup.clients : NAN);
    cell_number(row, r->produced / r->produced_span_s, "");
    snprintf(text, sizeof text, "%llu", (unsigned long long)r->rebalances);
    cell(row, text);
    snprintf(text, sizeof text, "%.0f", r->seconds);
    cell(row, text);
    return row;
}

static int by_setup(const void *a, const void *b)
{
    const struct kafka_setup *x = &(*(const struct kafka_row *const *)a)->setup,
                             *y = &(*(const struct kafka_row *const *)b)->setup;
    unsigned xs = is_shared(x) ? x->connections : 0, ys = is_shared(y) ? y->connections : 0;
    if (x->work_ns != y->work_ns)
        return x->work_ns < y->work_ns ? -1 : 1;
    if (xs != ys)
        return xs < ys ? -1 : 1;
    if (x->handling != y->handling)
        return x->handling < y->handling ? -1 : 1;
    return (x->clients > y->clients) - (x->clients < y->clients);
}

void kafka_say_rows(const struct kafka_pool *kp, json_t *c)
{
    static const char *const head[] = {
        "clients", "consumers", "handling", "state", "wait",   "handle",  "alloc",      "free",
        "msg/s",   "bytes/s",   "lag",      "lag/s", "memory", "topic/s", "rebalances", "seconds"};
    const struct kafka_row *sorted[KAFKA_ROWS] = {0};
    json_t *rows = json_array(), *table = json_object(), *names = json_array(),
           *cells = json_array(), *findings = json_array();
    for (unsigned i = 0; i < kp->rows; i++)
        sorted[i] = &kp->row[i];
    qsort(sorted, kp->rows, sizeof *sorted, by_setup);
    for (unsigned i = 0; i < sizeof head / sizeof *head; i++)
        cell(names, head[i]);
    for (unsigned i = 0; i < kp->rows; i++) {
        json_array_append_new(rows, row_json(sorted[i]));
        json_array_append_new(cells, row_cells(sorted[i]));
        struct text t = {0};
        bool first = !i || !same_group(&sorted[i - 1]->setup, &sorted[i]->setup);
        if (first && finding(kp, &sorted[i]->setup, &t))
            cell(findings, text_str(&t));
        text_free(&t);
    }
    add_comparisons(kp, sorted, findings);
    json_object_set_new(c, "by_clients", rows);
    json_object_set_new(c, "findings", findings);
    json_object_set_new(table, "head", names);
    json_object_set_new(table, "rows", cells);
    json_object_set_new(table, "note",
                        json_string("wait, handle: of the clients' time; alloc, free: of the time "
                                    "that threads are busy with messages; memory: a client's; "
                                    "measuring: watched for less than 10 s"));
    json_object_set_new(c, "table", table);
}

#endif
