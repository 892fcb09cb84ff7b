/* A pool's target: opening, figures, events, and leftovers.
 *
 * The connection that opened the target is kept as the control connection: it receives the
 * cluster's events and queries figures. When it is lost it is reopened on any node; load does not
 * depend on it. */
#include "backends/cassandra/pool.h"

#include "backends/common/tls.h"
#include "backends/cassandra/ring.h"
#include "backends/cassandra/schema.h"
#include "backends/cassandra/session.h"
#include "backends/cassandra/types.h"
#include "engine/base/json.h"
#include "engine/base/secret.h"
#include "engine/base/text.h"
#include "engine/base/utf8.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* so that a first failure is reported within the 10 s of a start */
#define CONNECT_NS (4 * NS_PER_S)
#define OPEN_NS (10 * NS_PER_S)
#define SCHEMA_NS (30 * NS_PER_S)
#define LOOK_S 0.5
#define STATS_NS (2 * NS_PER_S)

static uint64_t within(uint64_t ns)
{
    return clock_ns() + ns;
}

/* ---- Events ---- */

static bool is(struct cql_str s, const char *text)
{
    return s.len == strlen(text) && memcmp(s.s, text, s.len) == 0;
}

static void on_status(struct cass_pool *p, struct pool *pool, const struct cql_event *e)
{
    bool down = is(e->change, "DOWN");
    for (uint32_t i = 0; i < atomic_load(&p->hosts); i++)
        if (cass_host_is(&p->host[i], e->address, e->port))
            atomic_store(&p->host[i].down, down);
    pool_event(pool, "node %s %s", e->address, down ? "down" : "up");
    if (down)
        pool_strain(pool, STRAIN_REPLICAS, "the cluster says that node %s is down", e->address);
}

static void on_event(void *ctx, const struct cql_event *e)
{
    struct pool *pool = ctx;
    struct cass_pool *p = pool_data(pool);
    char change[40], what[40], name[96];
    if (is(e->type, "STATUS_CHANGE")) {
        on_status(p, pool, e);
    } else if (is(e->type, "TOPOLOGY_CHANGE")) {
        p->refresh = true;
        pool_event(pool, "node %s: %s", e->address,
                   secret_said(change, sizeof change, e->change.s, e->change.len));
    } else if (is(e->schema.keyspace, p->keyspace)) {
        secret_said(change, sizeof change, e->schema.change.s, e->schema.change.len);
        secret_said(what, sizeof what, e->schema.target.s, e->schema.target.len);
        secret_said(name, sizeof name, e->schema.name.s, e->schema.name.len);
        pool_event(pool, "schema: %s %s %s%s%s", change, what, p->keyspace, *name ? "." : "", name);
    }
}

/* ---- What workers counted ---- */

static void count_worker(void *sum, const struct workers_entry *entry)
{
    struct cass_sums *s = sum;
    const struct cass_worker *w = (const void *)entry;
    const struct cass_counters *c = &w->count;
    s->read += atomic_load_explicit(&c->read, memory_order_relaxed);
    s->missed += atomic_load_explicit(&c->missed, memory_order_relaxed);
    s->pages += atomic_load_explicit(&c->pages, memory_order_relaxed);
    s->warnings += atomic_load_explicit(&c->warnings, memory_order_relaxed);
    s->unprepared += atomic_load_explicit(&c->unprepared, memory_order_relaxed);
    s->rests += atomic_load_explicit(&c->rests, memory_order_relaxed);
    for (unsigned i = 0; i < CASS_HOSTS_MAX; i++)
        s->requests[i] += atomic_load_explicit(&w->node[i].requests, memory_order_relaxed);
}

/* ---- Opening ---- */

/* Tells what the load does without, because the server or a proxy refuses it. */
static void tell_without(struct pool *pool, const char *what, const char *why)
{
    if (!pool_inspects_only(pool))
        pool_event(pool, "%s: %.120s", what, why);
}

/* Opens a session on the first host that accepts one, starting at `first`. */
static int open_session(struct cass_pool *p, struct pool *pool, struct cass_session *s, uint64_t ns,
                        struct err *err)
{
    uint32_t hosts = atomic_load(&p->hosts);
    uint64_t each = ns / (hosts ? hosts : 1);
    int code = ERR_UNREACHED;
    if (each < NS_PER_S)
        each = NS_PER_S;
    for (uint32_t i = 0; i < hosts && code == ERR_UNREACHED && !pool_stopping(pool); i++) {
        if (atomic_load(&p->host[i].gone))
            continue;
        code = cass_session_open(s, p, pool, &p->host[i], within(each), err);
    }
    return code;
}

static void forget(struct cass_pool *p)
{
    if (p->has_control)
        cass_session_close(&p->control);
    p->has_control = false;
    cass_ring_free(p);
    tls_context_free(p->tls);
    p->tls = NULL;
    for (unsigned i = 0; i < STATEMENTS; i++) {
        free(p->statement[i].text);
        p->statement[i] = (struct cass_statement_info){0};
    }
    atomic_store(&p->hosts, 0);
    p->alone = p->no_events = false;
}

/* Opens another control connection, only to the same cluster. */
static int open_again(struct cass_pool *p, struct pool *pool, uint64_t ns, struct err *err)
{
    char cluster[CASS_PLACE_MAX];
    int code = open_session(p, pool, &p->control, ns, err);
    if (code < 0)
        return code;
    code = cass_session_cluster(&p->control, cluster, sizeof cluster, within(ns), err);
    if (code == 0 && strcmp(cluster, p->cluster) != 0)
        code = err_set(err, ERR_UNREACHED, "%s: another cluster answers there", p->target->shown);
    if (code < 0)
        cass_session_close(&p->control);
    return code;
}

/* Finds the other nodes. The load does not need them: it goes to those of the URL where the system
 * tables are refused. */
static int discover(struct cass_pool *p, struct pool *pool, struct err *err)
{
    int code = p->alone ? 0 : cass_discover(p, pool, &p->control, within(OPEN_NS), err);
    if (code != ERR_FAILED || !p->control.refused)
        return code;
    p->alone = true;
    tell_without(pool, "the cluster's other nodes are not known", err->msg);
    return 0;
}

/* Subscribes to events. The load does not need them: it goes on where REGISTER is refused, or where
 * the connection is closed on it twice. */
static int subscribe(struct cass_pool *p, struct pool *pool, struct err *err)
{
    static const char without[] = "events of the cluster are not known";
    for (unsigned tries = 0; tries < 2; tries++) {
        int code = cass_session_register(&p->control, on_event, pool, within(OPEN_NS), err);
        if (code == ERR_FAILED && p->control.refused) {
            p->no_events = true;
            tell_without(pool, without, err->msg);
            return 0;
        }
        if (code == 0 || !p->control.link.closed)
            return code;
        cass_session_close(&p->control);
        p->has_control = false;
        code = open_again(p, pool, CONNECT_NS, err);
        if (code < 0)
            return code;
        p->has_control = true;
    }
    p->no_events = true;
    tell_without(pool, without, "REGISTER closes the connection");
    return 0;
}

static int open_all(struct cass_pool *p, struct pool *pool, struct err *err)
{
    bool compress = option_u64(p->options, CASS_COMPRESSION) != 0;

    if (strcmp(p->target->scheme, "cassandras") == 0 &&
        !(p->tls = tls_context_new(p->options, CASS_TLS, err)))
        return err->code;
    int code = cass_contacts(p, pool, err);
    if (code == 0)
        code = open_session(p, pool, &p->control, CONNECT_NS, err);
    if (code < 0)
        return code;
    p->has_control = true;
    if (compress && !(p->control.lz4 && cql_lz4_built()))
        return err_set(err, ERR_FAILED, "%s: compression=lz4: %s", p->target->shown,
                       cql_lz4_built() ? "the server does not offer it"
                                       : "not built in (liblz4-dev was not there)");
    code = cass_session_cluster(&p->control, p->cluster, sizeof p->cluster, within(OPEN_NS), err);
    if (code == 0 && p->control.refused)
        tell_without(pool, "the cluster's name is not known", err->msg);
    if (code == 0)
        code = pool_identity_allowed(pool, p->cluster, err);
    if (code == 0)
        code = discover(p, pool, err);
    if (code == 0)
        code = cass_schema_open(p, pool, &p->control, within(SCHEMA_NS), err);
    if (code == 0 && p->replication > 1) /* now that the replicas of a row are known */
        code = discover(p, pool, err);
    return code == 0 ? subscribe(p, pool, err) : code;
}

/* Free room cannot be checked: over CQL, Cassandra reports the size of its tables
 * (system_views.disk_usage) but not the free disk space. If it refuses writes for lack of disk, the
 * load is paused (STRAIN_READ_ONLY). */
int cass_pool_open(struct pool *pool, struct err *err)
{
    struct cass_pool *p = pool_data(pool);
    int code = cass_names(pool_target(pool), p->keyspace, p->table, err);
    if (code < 0)
        return code;
    if (!p->has_workers)
        workers_init(&p->workers, count_worker, &p->ended, sizeof p->ended);
    p->has_workers = true;
    p->target = pool_target(pool);
    p->options = pool_options(pool);
    p->sender = pool_sender(pool);
    generate_blob();
    code = open_all(p, pool, err);
    if (code < 0)
        forget(p);
    return code;
}

void cass_pool_close(struct pool *pool)
{
    struct cass_pool *p = pool_data(pool);
    forget(p);
    if (p->has_workers)
        workers_fini(&p->workers);
    p->has_workers = false;
}

/* ---- Figures ---- */

static bool reopen_control(struct cass_pool *p, struct pool *pool, struct err *err)
{
    if (open_again(p, pool, STATS_NS, err) < 0)
        return false;
    if (p->no_events ||
        cass_session_register(&p->control, on_event, pool, within(STATS_NS), err) == 0)
        return true;
    cass_session_close(&p->control);
    return false;
}

/* Maintains the control connection: reads events, and reopens it when it is lost. */
static void tend_control(struct cass_pool *p, struct pool *pool)
{
    struct err err = {0};
    if (p->has_control && cass_session_poll(&p->control) < 0) {
        cass_session_close(&p->control);
        p->has_control = false;
    }
    if (!p->has_control && clock_ns() >= p->control_retry_ns) {
        p->control_retry_ns = within(NS_PER_S);
        p->has_control = reopen_control(p, pool, &err);
        p->refresh = true;
    }
    if (p->has_control && p->refresh && !p->alone) {
        p->refresh = cass_discover(p, pool, &p->control, within(STATS_NS), &err) < 0;
        if (err.code == ERR_UNREACHED) {
            cass_session_close(&p->control);
            p->has_control = false;
        }
    }
}

struct clients {
    const char *sender;
    int64_t others;
};

/* Does this map<text, text> of STARTUP options contain our client name? */
static bool is_sender(struct cql_str options, const char *sender)
{
    struct cql_in in = {.p = (const uint8_t *)options.s,
                        .end = (const uint8_t *)options.s + options.len};
    int32_t n = cql_get_i32(&in);
    for (int32_t i = 0; i < n && !in.bad; i++) {
        struct cql_str name, value;
        if (!cql_get_bytes(&in, &name) || !cql_get_bytes(&in, &value) || in.bad)
            return false;
        if (is(name, "CLIENT_ID"))
            return is(value, sender);
    }
    return false;
}

/* driver_name, client_options (not before 4.1) */
static void on_client(void *ctx, const struct cql_str *v, unsigned values)
{
    struct clients *c = ctx;
    bool ours = values && v[0].s && is(v[0], "loadtop");
    if (ours && values > 1 && v[1].s) /* another run of loadtop is another client */
        ours = is_sender(v[1], c->sender);
    c->others += !ours;
}

/* Connections of others, or -1. */
static int64_t count_others(struct cass_pool *p)
{
    static const char with_options[] =
        "SELECT driver_name, client_options FROM system_views.clients";
    static const char without[] = "SELECT driver_name FROM system_views.clients";
    struct clients c = {.sender = p->sender};
    struct err err = {0};
    int code = ERR_FAILED;
    if (!p->no_client_options)
        code = cass_session_query(&p->control, with_options, on_client, &c, within(STATS_NS), &err);
    if (code == ERR_FAILED) {
        p->no_client_options = p->no_client_options || p->control.error_code == CQL_E_INVALID;
        c.others = 0;
        code = cass_session_query(&p->control, without, on_client, &c, within(STATS_NS), &err);
    }
    return code == 0 ? c.others : -1;
}

static void put_count(json_t *o, const char *name, uint64_t n)
{
    json_object_set_new(o, name, json_integer((json_int_t)n));
}

static void put_hosts(struct cass_pool *p, const struct cass_sums *sums, json_t *to,
                      unsigned *nodes, unsigned *up)
{
    json_t *list = json_array();
    uint64_t now = clock_ns();
    double seconds = p->seen_ns ? (double)(now - p->seen_ns) / 1e9 : 0;
    /* called again at once: the interval is too short for a rate */
    bool look = !p->seen_ns || seconds >= LOOK_S;
    for (uint32_t i = 0; i < atomic_load(&p->hosts); i++) {
        struct cass_host *h = &p->host[i];
        uint64_t requests = sums->requests[i];
        json_t *o = json_object();
        bool stands = !atomic_load(&h->down) && !atomic_load(&h->gone);
        *nodes += !atomic_load(&h->gone);
        *up += stands;
        json_object_set_new(o, "address", utf8_json(h->shown));
        json_object_set_new(o, "datacenter", utf8_json(h->dc));
        json_object_set_new(o, "up", json_boolean(stands));
        put_count(o, "connections", atomic_load(&h->connections));
        put_count(o, "requests", requests);
        if (look) {
            h->per_s = seconds > 0 ? (double)(requests - h->seen) / seconds : NAN;
            h->seen = requests;
        }
        json_object_set_new(o, "requests_per_s", json_real_or_null(h->per_s));
        json_array_append_new(list, o);
    }
    if (look)
        p->seen_ns = now;
    json_object_set_new(to, "hosts", list);
}

static void put_left(json_t *list, const char *kind, const char *what, const char *mark)
{
    json_t *o = json_object();
    json_object_set_new(o, "kind", json_string(kind));
    json_object_set_new(o, "what", utf8_json(what));
    json_object_set_new(o, "count", json_null());
    if (mark)
        json_object_set_new(o, "run", json_string(mark));
    json_array_append_new(list, o);
}

static void put_leftovers(const struct cass_pool *p, const struct cass_sums *sums,
                          const struct pool *pool, json_t *list)
{
    char what[2 * CASS_NAME_MAX + 20];
    snprintf(what, sizeof what, "%s.%s", p->keyspace, p->table);
    uint64_t sent = 0;
    for (uint32_t i = 0; i < atomic_load(&p->hosts); i++)
        sent += sums->requests[i];
    bool wrote = sent && !pool_read_only(pool) &&
                 (pool_ops_include(pool, CASS_OP_INSERT) ||
                  pool_ops_include(pool, CASS_OP_UPDATE) || pool_ops_include(pool, CASS_OP_BATCH));
    if (p->made_table)
        put_left(list, "table", what, pool_run_id(pool));
    else if (wrote)
        put_left(list, "rows", what, NULL);
    if (p->made_counters) {
        snprintf(what, sizeof what, "%s.%s_counters", p->keyspace, p->table);
        put_left(list, "table", what, pool_run_id(pool));
    }
    if (p->made_keyspace)
        put_left(list, "keyspace", p->keyspace, pool_run_id(pool));
}

void cass_pool_stats(struct pool *pool, struct stats *s)
{
    struct cass_pool *p = pool_data(pool);
    unsigned nodes = 0, up = 0;

    tend_control(p, pool);
    if (p->has_control)
        s->other_clients = count_others(p);
    if (p->has_control)
        s->rtt_ns = net_round_trip_ns(p->control.link.stream.fd);
    struct cass_sums c;
    workers_sum(&p->workers, &c);
    json_object_set_new(s->json, "cluster", utf8_json(p->cluster));
    json_object_set_new(s->json, "datacenter", utf8_json(p->dc));
    json_object_set_new(s->json, "protocol", json_string("v4"));
    json_object_set_new(s->json, "keyspace", utf8_json(p->keyspace));
    json_object_set_new(s->json, "table", utf8_json(p->table));
    put_count(s->json, "replication", p->replication);
    put_count(s->json, "rows_read", c.read);
    put_count(s->json, "rows_missed", c.missed);
    put_count(s->json, "further_pages", c.pages);
    put_count(s->json, "warnings", c.warnings);
    put_count(s->json, "prepared_again", c.unprepared);
    put_count(s->json, "back_offs", c.rests);
    put_hosts(p, &c, s->json, &nodes, &up);
    put_leftovers(p, &c, pool, s->leftovers);
    if (p->version[0])
        snprintf(s->version, sizeof s->version, "Cassandra %.40s", p->version);
    copy_str(s->address, sizeof s->address, p->has_control ? p->control.host : "");
    size_t len = text_append(s->note, sizeof s->note, 0, "%u of %u nodes up, %u replica%s", up,
                             nodes, p->replication, p->replication == 1 ? "" : "s");
    if (s->other_clients > 0)
        len = text_append(s->note, sizeof s->note, len, ", %lld other clients",
                          (long long)s->other_clients);
    if (c.missed)
        text_append(s->note, sizeof s->note, len, ", %.0f %% of reads found no row",
                    100.0 * (double)c.missed / ((double)c.missed + (double)c.read));
}
