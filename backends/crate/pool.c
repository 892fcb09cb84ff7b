/* A pool's figures about once a second, and its end.
 *
 * inspect.c queries the server's figures; acknowledged rows are counted here. */
#if LOADTOP_HAVE_CURL && LOADTOP_HAVE_ZLIB
#include "backends/crate/pool.h"

#include "backends/crate/clean.h"
#include "backends/crate/inspect.h"
#include "backends/crate/setup.h"
#include "backends/crate/types.h"
#include "engine/base/err.h"
#include "engine/base/json.h"
#include "engine/base/quantity.h"
#include "engine/base/utf8.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define DROP_MS 15000L
#define RATE_MIN_S 0.5

static uint64_t load(const _Atomic uint64_t *v)
{
    return atomic_load_explicit((_Atomic uint64_t *)(uintptr_t)v, memory_order_relaxed);
}

/* ---- what the server says ---- */

/* Checks failed hosts again, so that workers reopen connections to them. */
static void try_hosts_again(struct pool *pool, struct crate_pool *p)
{
    unsigned at = p->site.at;
    for (unsigned i = 0; i < p->site.hosts && p->site.hosts > 1; i++) {
        struct err err = {0};
        _Atomic bool *alive = &p->site.host[i].alive;
        if (atomic_load(alive) || crate_identify(pool, p, i, &err) < 0)
            continue;
        atomic_store(alive, true);
        pool_event(pool, "host %s answers again", p->site.host[i].shown);
    }
    if (atomic_load(&p->site.host[at].alive))
        p->site.at = at;
}

/* ---- as JSON ---- */

static json_t *verdict_json(const struct crate_verdict_spread *v)
{
    json_t *o = json_object();
    json_object_set_new(o, "chi_square", json_real_or_null(v->chi_square));
    json_object_set_new(o, "df", json_integer(v->df));
    json_object_set_new(o, "p", json_real_or_null(v->p));
    json_object_set_new(o, "verdict", json_string(v->words));
    json_object_set_new(o, "even", json_boolean(v->even));
    return o;
}

static json_t *balance_json(const struct crate_pool *p)
{
    const struct crate_spread *s = &p->spread;
    json_t *nodes = json_array();
    for (unsigned i = 0; i < s->nodes; i++)
        json_array_append_new(nodes, json_pack("{s:s, s:I}", "node", s->name[i], "connections",
                                               (json_int_t)s->count[i]));
    json_t *o = verdict_json(&p->spread_verdict);
    json_object_set_new(o, "connections", json_integer((json_int_t)p->spread_done));
    json_object_set_new(o, "failed", json_integer(s->failed));
    json_object_set_new(o, "nodes_of_cluster",
                        p->spread_known ? json_integer(p->spread_known) : json_null());
    json_object_set_new(o, "nodes", nodes);
    return o;
}

/* The running load by node: connections that are open, and requests and rows that were answered. */
static json_t *load_json(struct crate_pool *p, double seconds, struct text *rates)
{
    uint64_t count[CRATE_NODES_MAX];
    unsigned n = atomic_load(&p->nodes);
    json_t *nodes = json_array();
    for (unsigned i = 0; i < n; i++) {
        struct crate_node *node = &p->node[i];
        count[i] = load(&node->requests);
        if (seconds > 0) {
            node->per_s = (double)(count[i] - node->requests_seen) / seconds;
            node->requests_seen = count[i];
        }
        int64_t connections = atomic_load_explicit(&node->connections, memory_order_relaxed);
        json_array_append_new(
            nodes, json_pack("{s:s, s:I, s:I, s:I, s:o}", "node", node->name, "connections",
                             (json_int_t)connections, "requests", (json_int_t)count[i], "rows",
                             (json_int_t)load(&node->rows), "requests_per_s",
                             p->rated ? json_real_or_null(node->per_s) : json_null()));
        if (p->rated && i < 6)
            text_add(rates, "%s%.0f", i ? "/" : "", node->per_s);
    }
    json_t *o = json_object();
    uint64_t total = 0;
    for (unsigned i = 0; i < n; i++)
        total += count[i];
    /* No p-value here: requests on one connection all go to one node, so they are not
     * independent. */
    uint64_t most = 0;
    for (unsigned i = 0; i < n; i++)
        most = count[i] > most ? count[i] : most;
    json_object_set_new(o, "busiest_share",
                        total ? json_real_or_null((double)most / (double)total) : json_null());
    json_object_set_new(o, "nodes", nodes);
    return o;
}

/* Drops the table with drop=yes, once no worker can write to it any more. */
static void drop_at_end(struct pool *pool, struct crate_pool *p)
{
    struct err err = {0};
    if (!p->open || !p->created || p->drop_tried || !option_bool(pool_options(pool), OPT_DROP))
        return;
    p->drop_tried = true;
    pool_removing(pool, DROP_MS * NS_PER_MS);
    p->site.ending = true;
    if (crate_drop_own(&p->site, &p->table, pool_run_id(pool), DROP_MS, &p->dropped, &err) < 0)
        pool_event(pool, "table %s was not dropped: %s", p->table.shown, err.msg);
    else
        pool_event(pool, p->dropped ? "table %s dropped" : "table %s is not there any more",
                   p->table.shown);
    p->site.ending = false;
}

static json_t *rows_json(const struct crate_counts *c)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "acknowledged",
                     (json_int_t)load(&c->acknowledged), "failed", (json_int_t)load(&c->failed),
                     "refused", (json_int_t)load(&c->refused), "skipped",
                     (json_int_t)load(&c->skipped), "unknown", (json_int_t)load(&c->unknown),
                     "deleted", (json_int_t)load(&c->deleted_rows));
}

static void leftovers(const struct pool *pool, const struct crate_pool *p, struct stats *out)
{
    const struct crate_counts *c = &p->counts;
    uint64_t made = load(&c->acknowledged), gone = load(&c->deleted_rows),
             rows = made > gone ? made - gone : 0; /* deleted rows as counted by the server */
    char like[32];
    if (p->dropped || (!p->created && !load(&c->acknowledged) && !load(&c->unknown)))
        return;
    json_t *o = json_pack("{s:s, s:o, s:I}", "kind", "rows", "what", utf8_json(p->table.shown),
                          "count", (json_int_t)rows);
    if (p->created) {
        json_object_set_new(o, "made", json_string("table")); /* clean drops it */
        if (option_bool(pool_options(pool), OPT_DROP) && !out->last)
            json_object_set_new(o, "until", json_string("end")); /* drop=yes, and not yet */
    } else {
        snprintf(like, sizeof like, "%.13s-%%", p->records.head);
        /* shown to the user only; clean computes the pattern itself */
        json_object_set_new(o, "keys", json_string(like));
    }
    json_array_append_new(out->leftovers, o);
}

static void note(struct crate_pool *p, const char *rates, struct stats *out)
{
    struct text t = {0};
    const struct crate_counts *c = &p->counts;
    if (p->rated)
        text_add(&t, "%.1f req/s; ", p->per_s);
    if (rates[0] && atomic_load(&p->nodes) > 1)
        text_add(&t, "nodes %s req/s; ", rates);
    text_add(&t, "failed rows %" PRIu64, load(&c->failed) + load(&c->refused));
    if (load(&c->unknown))
        text_add(&t, ", unknown %" PRIu64, load(&c->unknown));
    if (load(&c->skipped))
        text_add(&t, ", skipped %" PRIu64, load(&c->skipped));
    if (isfinite(p->answer_share))
        text_add(&t, "; it works %.0f %% of an answer's time", 100 * p->answer_share);
    if (isfinite(p->heap_share))
        text_add(&t, "; heap %.0f %%", 100 * p->heap_share);
    if (p->spread_verdict.uneven)
        text_add(&t, "; balancer: %s", p->spread_verdict.words);
    copy_str(out->note, sizeof out->note, text_str(&t));
    text_free(&t);
}

/* The columns beside records/s in a sweep's table. */
static void columns(const struct crate_pool *p, struct stats *out)
{
    const struct crate_counts *c = &p->counts;
    const struct stat_column column[] = {
        {"requests a second", COLUMN_COUNT, COLUMN_MEAN, p->rated ? p->per_s : NAN},
        {"rows failed", COLUMN_COUNT, COLUMN_ADDED, (double)(load(&c->failed) + load(&c->refused))},
        {"heap", COLUMN_SHARE, COLUMN_MEAN, p->heap_share},
        {"server works", COLUMN_SHARE, COLUMN_MEAN, p->answer_share},
    };
    memcpy(out->column, column, sizeof column);
    out->columns = sizeof column / sizeof *column;
}

/* The share of the response time since the last second that the server reports as processing. */
static void answers(struct crate_pool *p)
{
    uint64_t worked = load(&p->counts.worked_ns), took = load(&p->counts.took_ns);
    p->answer_share = took > p->took_seen
                          ? (double)(worked - p->worked_seen) / (double)(took - p->took_seen)
                          : NAN;
    p->worked_seen = worked;
    p->took_seen = took;
}

void crate_pool_stats(struct pool *pool, struct stats *out)
{
    struct crate_pool *p = pool_data(pool);
    struct text rates = {0};
    uint64_t now = clock_ns(), requests = load(&p->counts.requests);
    double seconds = p->seen_ns ? (double)(now - p->seen_ns) / 1e9 : 0;
    /* called again at once: keep the last rates, unless there are none yet at the end */
    if (seconds <= 0 || (seconds < RATE_MIN_S && (p->rated || !out->last))) {
        seconds = 0;
    } else {
        p->per_s = (double)(requests - p->requests_seen) / seconds;
        p->rated = true;
    }
    if (seconds > 0 || !p->seen_ns) {
        answers(p);
        p->seen_ns = now;
        p->requests_seen = requests;
    }
    if (option_u64(pool_options(pool), OPT_BALANCE) != p->spread_done)
        crate_balance(pool, p);
    try_hosts_again(pool, p);
    crate_inspect(pool, p, out);
    curl_socket_t link = CURL_SOCKET_BAD;
    if (curl_easy_getinfo(p->site.easy, CURLINFO_ACTIVESOCKET, &link) == CURLE_OK &&
        link != CURL_SOCKET_BAD)
        out->rtt_ns = net_round_trip_ns(link);
    snprintf(out->version, sizeof out->version, "CrateDB %s",
             p->site.version[0] ? p->site.version : "?");
    copy_str(out->address, sizeof out->address, p->site.host[p->site.at].shown);
    if (out->last)
        drop_at_end(pool, p);
    json_t *o = out->json;
    json_object_set_new(o, "table", utf8_json(p->table.shown));
    json_object_set_new(o, "cluster", p->site.cluster ? utf8_json(p->site.cluster) : json_null());
    json_object_set_new(o, "rows_in_table",
                        p->rows_in_table < 0 ? json_null()
                                             : json_integer((json_int_t)p->rows_in_table));
    json_object_set_new(o, "table_dropped", json_boolean(p->dropped));
    json_object_set_new(o, "requests", json_integer((json_int_t)requests));
    json_object_set_new(o, "rows", rows_json(&p->counts));
    json_object_set_new(o, "found_nothing", json_integer((json_int_t)load(&p->counts.missed)));
    json_object_set_new(o, "heap_share", json_real_or_null(p->heap_share));
    uint64_t took = load(&p->counts.took_ns);
    json_object_set_new(o, "server_share_of_answer",
                        took ? json_real_or_null((double)load(&p->counts.worked_ns) / (double)took)
                             : json_null());
    if (p->spread_done)
        json_object_set_new(o, "balance", balance_json(p));
    json_object_set_new(o, "load_by_node", load_json(p, seconds, &rates));
    leftovers(pool, p, out);
    out->answer_share = p->answer_share;
    columns(p, out);
    note(p, text_str(&rates), out);
    text_free(&rates);
}

/* ---- the end ---- */

void crate_pool_close(struct pool *pool)
{
    struct crate_pool *p = pool_data(pool);
    drop_at_end(pool, p); /* after a signal it has not been dropped yet */
    crate_pool_reset(p);
    pthread_mutex_destroy(&p->mutex);
}

#else
extern int crate_not_built; /* ISO C wants a declaration */
#endif
