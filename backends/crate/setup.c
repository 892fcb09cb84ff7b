/* A pool's start: reachable hosts, the table and its shards, existing keys, and how a load balancer
 * distributes connections.
 *
 * Everything here blocks, on the pool's own thread, and is bounded: each request by its timeout,
 * the wait for shards by SHARDS_S. On failure everything is released, because the engine calls
 * again after a back-off. Protection: a table that loadtop did not create is written to only with
 * --allow-destructive; with --read-only nothing is created. */
#if LOADTOP_HAVE_CURL && LOADTOP_HAVE_ZLIB
#include "backends/crate/setup.h"

#include "backends/crate/conn.h"
#include "backends/crate/guard.h"
#include "backends/crate/inspect.h"
#include "backends/crate/site.h"
#include "backends/crate/table.h"
#include "backends/crate/types.h"
#include "backends/crate_sql/error.h"
#include "engine/base/err.h"
#include "engine/config/scenario.h"
#include "engine/os/plain_file.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS 5000L
#define BALANCE_MS 1000L
#define BALANCE_S 5
#define USER_SQL_MAX (1u << 20)

_Static_assert(POOLS_RUN_MAX <= CRATE_POOLS_MAX, "each pool of a run has keys of its own");

static void json_stmt(struct crate_stmt *st, struct text *sql)
{
    struct err err = {0};
    /* cannot fail: tests check that our own statements can be parsed */
    if (crate_stmt_parse(st, text_str(sql), sql->len, &err) < 0)
        abort();
    text_clear(sql);
}

static void prepare_user_statements(struct crate_pool *p, const struct options *o)
{
    struct text sql = {0};
    text_clear(&p->insert_head);
    crate_sql_insert(&p->insert_head, &p->table, p->records.objects,
                     option_u64(o, OPT_CONFLICT) == CONFLICT_NOTHING);
    crate_sql_select(&sql, &p->table);
    json_stmt(&p->select, &sql);
    crate_sql_update(&sql, &p->table);
    json_stmt(&p->update, &sql);
    crate_sql_delete(&sql, &p->table);
    json_stmt(&p->remove, &sql);
    for (unsigned i = 0; i < CRATE_AGGREGATES; i++) {
        crate_sql_aggregate(&sql, &p->table, i);
        json_stmt(&p->aggregate[i], &sql);
    }
    text_free(&sql);
}

/* ---- hosts ---- */

int crate_identify(struct pool *pool, struct crate_pool *p, unsigned host, struct err *err)
{
    struct crate_host *h = &p->site.host[host];
    int result = crate_site_identify(&p->site, host, err);
    if (result == 0)
        result = pool_identity_allowed(pool, p->site.cluster, err);
    /* the wait for the user to type a name may have ended because the pool stops */
    if (result == 0 && pool_stopping(pool))
        result = err_set(err, ERR_UNREACHED, "stopped");
    if (result == 0)
        atomic_store(&h->known, true);
    return result;
}

static int identify_all(struct pool *pool, struct crate_pool *p, struct err *err)
{
    unsigned alive = 0;
    bool hidden = false;
    struct err first = {0};
    for (unsigned i = 0; i < p->site.hosts && !pool_stopping(pool); i++) {
        struct err each = {0};
        int result = crate_identify(pool, p, i, &each);
        atomic_store(&p->site.host[i].alive, result == 0);
        alive += result == 0;
        hidden = hidden || crate_status_hides(p->site.status);
        if (result == 0)
            continue;
        if (!first.code || each.code != ERR_UNREACHED)
            first = each;
        if (result == ERR_REFUSED)
            break;
        if (p->site.hosts > 1)
            pool_event(pool, "host %s is set aside: %s", p->site.host[i].shown, each.msg);
    }
    if (hidden && !pool_inspects_only(pool))
        pool_event(pool,
                   "GET / is not answered (a proxy?): the server's version and the name of its "
                   "cluster are not known");
    if (alive && first.code != ERR_REFUSED) {
        while (!atomic_load(&p->site.host[p->site.at].alive))
            p->site.at = (p->site.at + 1) % p->site.hosts;
        return 0;
    }
    return err_set(err, first.code ? first.code : ERR_UNREACHED, "%s",
                   first.code ? first.msg : "stopped");
}

/* ---- the user's statements ---- */

int crate_user_statements(const struct options *o, struct crate_stmt **stmt, unsigned *n,
                          struct err *err)
{
    const char *sql = option_str(o, OPT_STMT), *path = option_str(o, OPT_STMT_FILE);
    struct text file = {0};
    int result = 0;
    *stmt = NULL;
    *n = 0;
    if (sql[0] && path[0])
        return err_set(err, ERR_USAGE, "stmt and stmt-file: give one of them");
    if (path[0]) {
        char what[160];
        snprintf(what, sizeof what, "stmt-file=%.140s", path);
        result = plain_file_read(path, false, USER_SQL_MAX, what, &file, err);
        sql = text_str(&file);
    }
    if (result == 0 && (sql[0] || path[0])) {
        *stmt = calloc(CRATE_STMTS_MAX, sizeof **stmt);
        result = *stmt ? crate_stmts_parse(*stmt, n, sql, err)
                       : err_set(err, ERR_FAILED, "out of memory");
    }
    text_free(&file);
    if (result < 0)
        crate_user_statements_free(stmt, n);
    return result;
}

void crate_user_statements_free(struct crate_stmt **stmt, unsigned *n)
{
    for (unsigned i = 0; i < *n; i++)
        crate_stmt_fini(&(*stmt)[i]);
    free(*stmt);
    *stmt = NULL;
    *n = 0;
}

/* ---- the balancer ---- */

static void known_nodes(struct crate_pool *p, struct crate_spread *spread)
{
    struct err err = {0};
    json_t *reply = NULL, *row;
    size_t i;
    p->spread_known = 0;
    if (crate_site_sql(&p->site, "SELECT name FROM sys.nodes ORDER BY name", NULL, &reply, LOOK_MS,
                       &err) < 0)
        return;
    json_array_foreach(json_object_get(reply, "rows"), i, row)
    {
        const char *name = json_string_value(json_array_get(row, 0));
        if (name && crate_spread_node(spread, name) >= 0) {
            p->spread_known++;
            crate_node_find(p, name); /* add it now, so that it is listed even if it gets no load */
        }
    }
    json_decref(reply);
}

void crate_balance(struct pool *pool, struct crate_pool *p)
{
    unsigned wanted = (unsigned)option_u64(pool_options(pool), OPT_BALANCE);
    p->spread_done = wanted;
    if (!wanted)
        return;
    struct crate_spread *spread = &p->spread;
    struct err err = {0};
    memset(spread, 0, sizeof *spread);
    known_nodes(p, spread);
    time_t until = time(NULL) + BALANCE_S;
    for (unsigned i = 0; i < wanted && !pool_stopping(pool) && time(NULL) <= until; i++) {
        json_t *root = NULL;
        if (crate_site_get(&p->site, i % p->site.hosts, true, BALANCE_MS, &err) == 0)
            root = json_loads(text_str(&p->site.reply), 0, NULL);
        const char *name = json_string_value(json_object_get(root, "name"));
        int at = name ? crate_spread_node(spread, name) : -1;
        if (at >= 0)
            spread->count[at]++;
        else
            spread->failed++;
        json_decref(root);
    }
    crate_spread_judge(spread->count, spread->nodes, &p->spread_verdict);
    pool_event(pool, "%u fresh connections: %s", wanted, p->spread_verdict.words);
}

/* ---- opening ---- */

void crate_pool_reset(struct crate_pool *p)
{
    crate_site_close(&p->site);
    text_free(&p->insert_head);
    crate_stmt_fini(&p->select);
    crate_stmt_fini(&p->update);
    crate_stmt_fini(&p->remove);
    for (unsigned i = 0; i < CRATE_AGGREGATES; i++)
        crate_stmt_fini(&p->aggregate[i]);
    crate_user_statements_free(&p->stmt, &p->stmts);
    free(p->sample);
    p->sample = NULL;
    p->samples = 0;
    p->strain = (struct crate_strain){0};
    p->open = false;
}

static int open_all(struct pool *pool, struct crate_pool *p, struct err *err)
{
    const struct target *t = pool_target(pool);
    const struct options *o = pool_options(pool);
    int64_t first_ms = option_u64(o, OPT_TIMES) == TIMES_SEED ? INT64_C(1735689600000) : -1;
    int result = crate_table_parse(&p->table, t->path, option_str(o, OPT_SCHEMA), err);
    if (result == 0)
        result = crate_user_statements(o, &p->stmt, &p->stmts, err);
    if (result == 0 && !p->stmts && pool_ops_include(pool, CRATE_STMT))
        result = err_set(err, ERR_USAGE, "ops has stmt: say which with stmt= or stmt-file=");
    if (result == 0)
        result = crate_site_open(&p->site, pool, t, o, pool_sender(pool), err);
    if (result < 0)
        return result;
    pool_nodes(pool, p->site.hosts); /* a thread opens connections to each */
    crate_records_init(&p->records, pool_run_id(pool), pool_number(pool), pool_seed(pool),
                       (unsigned)option_u64(o, OPT_OBJECTS), first_ms);
    p->record_bytes = crate_record_bytes(&p->records);
    prepare_user_statements(p, o);
    if (p->insert_head.cut || !p->insert_head.s)
        return err_set(err, ERR_FAILED, "out of memory");
    result = identify_all(pool, p, err);
    if (result == 0)
        pool_answered(pool);
    if (result == 0)
        result = crate_ensure_table(pool, p, err);
    if (result == 0)
        result = crate_wait_for_shards(pool, p, err);
    if (result < 0)
        return result;
    crate_sample_keys(p);
    crate_inspect_first(pool, p);
    crate_balance(pool, p);
    return 0;
}

int crate_pool_open(struct pool *pool, struct err *err)
{
    struct crate_pool *p = pool_data(pool);
    crate_pool_reset(p);
    pthread_mutex_init(&p->mutex, NULL);
    p->rows_in_table = -1;
    p->answer_share = NAN;
    int result = open_all(pool, p, err);
    if (result < 0) {
        crate_pool_reset(p);
        return result;
    }
    p->open = true;
    return 0;
}

#else
extern int crate_not_built; /* ISO C wants a declaration */
#endif
