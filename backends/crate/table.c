/* Creates or checks the table of a crate pool, then waits for its shards.
 *
 * Protection: a table that loadtop did not make (it has no mark) is written to only with
 * --allow-destructive; with --read-only nothing is made. Called by setup.c on the pool's thread;
 * every request is bounded by its timeout and the wait for shards by SHARDS_S. */
#if LOADTOP_HAVE_CURL && LOADTOP_HAVE_ZLIB
#include "backends/crate/table.h"

#include "backends/crate/guard.h"
#include "backends/crate/site.h"
#include "backends/crate/types.h"
#include "engine/base/err.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SHARDS_S 30
#define SQL_MS 15000L

static void read_constraints(const json_t *reply, const char *run, struct crate_made *made)
{
    json_t *row;
    size_t i;
    json_array_foreach(json_object_get(reply, "rows"), i, row)
    {
        const char *name = json_string_value(json_array_get(row, 0));
        bool of_run = false;
        if (name && crate_is_mark(name, run, &of_run))
            made->ours = true;
        made->marked |= of_run;
    }
}

int crate_table_inspect(struct crate_site *s, const struct crate_table *t, const char *run,
                        struct crate_made *made, struct err *err)
{
    json_t *reply = NULL;
    *made = (struct crate_made){0};
    int result = crate_site_sql(s,
                                "SELECT number_of_replicas FROM information_schema.tables "
                                "WHERE table_schema = ? AND table_name = ?",
                                json_pack("[ss]", t->schema, t->name), &reply, SQL_MS, err);
    if (result < 0)
        return result;
    made->exists = json_array_size(json_object_get(reply, "rows")) > 0;
    const char *replicas = crate_cell_text(reply, 0, 0);
    copy_str(made->replicas, sizeof made->replicas, replicas ? replicas : "");
    json_decref(reply);
    if (!made->exists)
        return 0;
    result = crate_site_sql(s,
                            "SELECT constraint_name FROM information_schema.table_constraints "
                            "WHERE table_schema = ? AND table_name = ?",
                            json_pack("[ss]", t->schema, t->name), &reply, SQL_MS, err);
    if (result < 0)
        return result;
    read_constraints(reply, run, made);
    json_decref(reply);
    return 0;
}

/* Forbids operations that would write to data of others: in a table not created by loadtop, and
 * with user statements anywhere. */
static void forbid_writes(struct pool *pool, const struct crate_pool *p)
{
    static const unsigned writing[] = {CRATE_INSERT, CRATE_UPDATE, CRATE_DELETE};
    if (pool_allow_destructive(pool))
        return;
    for (unsigned i = 0; i < p->stmts; i++)
        if (!p->stmt[i].reads)
            pool_forbid(pool, CRATE_STMT,
                        "would run your own SQL that may write: that needs --allow-destructive");
    for (unsigned i = 0; i < sizeof writing / sizeof *writing && !p->made.ours; i++)
        pool_forbid(pool, writing[i],
                    "would write to a table that was not made by loadtop: that needs "
                    "--allow-destructive (or name a table that does not exist)");
}

static int create_table(struct pool *pool, struct crate_pool *p, struct err *err)
{
    const struct options *o = pool_options(pool);
    struct text sql = {0};
    struct crate_layout layout = {.run = pool_run_id(pool),
                                  .shards = (unsigned)option_u64(o, OPT_SHARDS),
                                  .replicas = option_str(o, OPT_REPLICAS),
                                  .refresh_ms = option_u64(o, OPT_REFRESH) / NS_PER_MS,
                                  .partition = (enum crate_partition)option_u64(o, OPT_PARTITION),
                                  .objects = p->records.objects};
    crate_sql_create(&sql, &p->table, &layout);
    int result = crate_site_sql(&p->site, text_str(&sql), NULL, NULL, SQL_MS, err);
    text_free(&sql);
    /* another pool was faster */
    if (result == ERR_FAILED && p->site.code == 4093)
        return 1;
    if (result == 0) {
        p->created = p->made.ours = p->made.marked = true;
        pool_event(pool, "table %s created", p->table.shown);
    }
    return result;
}

/* Does it have the columns used by inserts? */
static int check_columns(struct pool *pool, struct crate_pool *p, struct err *err)
{
    json_t *reply = NULL, *row;
    int result =
        crate_site_sql(&p->site,
                       "SELECT column_name FROM information_schema.columns "
                       "WHERE table_schema = ? AND table_name = ?",
                       json_pack("[ss]", p->table.schema, p->table.name), &reply, SQL_MS, err);
    if (result < 0)
        return result;
    json_t *have = json_object();
    size_t k;
    json_array_foreach(json_object_get(reply, "rows"), k, row)
    {
        const char *column = json_string_value(json_array_get(row, 0));
        if (column)
            json_object_set_new(have, column, json_true());
    }
    char name[32];
    for (unsigned i = 0; crate_column(i, p->records.objects, name, sizeof name) && result == 0; i++)
        if (!json_object_get(have, name) && pool_ops_include(pool, CRATE_INSERT))
            result =
                err_set(err, ERR_FAILED, "table %s has no column \"%s\": use another table, or %s",
                        p->table.shown, name,
                        strncmp(name, "obj_", 4) == 0 ? "fewer objects" : "ops without insert");
    json_decref(have);
    json_decref(reply);
    return result;
}

static int make_table(struct pool *pool, struct crate_pool *p, struct err *err)
{
    const struct options *o = pool_options(pool);
    if (pool_read_only(pool))
        return err_set(err, ERR_ABSENT, "table %s does not exist (--read-only makes none)",
                       p->table.shown);
    if (!option_bool(o, OPT_CREATE))
        return err_set(err, ERR_FAILED, "table %s does not exist: use create=yes", p->table.shown);
    int result = create_table(pool, p, err);
    if (result == 1) {
        p->existed = true;
        result = crate_table_inspect(&p->site, &p->table, pool_run_id(pool), &p->made, err);
    }
    return result;
}

int crate_ensure_table(struct pool *pool, struct crate_pool *p, struct err *err)
{
    const struct options *o = pool_options(pool);
    int result = crate_table_inspect(&p->site, &p->table, pool_run_id(pool), &p->made, err);
    p->existed = p->made.exists;
    if (result == 0)
        result =
            crate_room(pool, p, p->existed ? p->made.replicas : option_str(o, OPT_REPLICAS), err);
    if (result == 0 && !p->existed)
        result = make_table(pool, p, err);
    if (result < 0)
        return result;
    forbid_writes(pool, p);
    return p->created ? 0 : check_columns(pool, p, err);
}

/* A user may have no right to see sys.shards: the load does not need to know. */
static int go_on_without_shards(struct pool *pool, const struct crate_pool *p, struct err *err)
{
    if (!pool_inspects_only(pool))
        pool_event(pool, "whether the shards of %.40s have started is not known: %.110s",
                   p->table.shown, err->msg);
    err->code = 0;
    return 0;
}

int crate_wait_for_shards(struct pool *pool, struct crate_pool *p, struct err *err)
{
    struct timespec nap = {.tv_nsec = 100 * 1000 * 1000};
    time_t until = time(NULL) + SHARDS_S;
    double wanted = 0, started = 0;
    while (!pool_stopping(pool)) {
        json_t *reply = NULL;
        int result = crate_site_sql(
            &p->site,
            "SELECT count(*), sum(CASE WHEN state = 'STARTED' THEN 1 ELSE 0 END) FROM sys.shards "
            "WHERE schema_name = ? AND table_name = ? AND \"primary\" = true",
            json_pack("[ss]", p->table.schema, p->table.name), &reply, SQL_MS, err);
        if (result == 0) {
            wanted = crate_cell(reply, 0, 0, 0);
            started = crate_cell(reply, 0, 1, 0);
            json_decref(reply);
            bool none_yet = wanted < 1 && p->created &&
                            option_u64(pool_options(pool), OPT_PARTITION) == CRATE_PARTITION_NONE;
            if (started >= wanted && !none_yet)
                return 0;
        } else if (p->site.code != 4041 && p->site.code != 5000 && p->site.code != 5002) {
            /* with those three codes continue: sys.shards itself is not up to date for a moment */
            return result == ERR_FAILED ? go_on_without_shards(pool, p, err) : result;
        }
        if (time(NULL) > until)
            return err_set(err, ERR_UNREACHED,
                           "table %s: %.0f of %.0f shards have started after %d s (see sys.shards)",
                           p->table.shown, started, wanted, SHARDS_S);
        nanosleep(&nap, NULL);
    }
    return err_set(err, ERR_UNREACHED, "stopped");
}

/* Reads existing keys, for select, update and delete of a pool that has not inserted any. Only for
 * tables with a text key named id. Without existing keys, {key} finds nothing until rows are
 * inserted. */
void crate_sample_keys(struct crate_pool *p)
{
    char sql[512];
    struct err err = {0};
    json_t *reply = NULL, *row;
    if (!p->existed)
        return;
    snprintf(sql, sizeof sql, "SELECT \"id\" FROM %s LIMIT %d", p->table.quoted, CRATE_SAMPLE_MAX);
    if (crate_site_sql(&p->site, sql, NULL, &reply, SQL_MS, &err) < 0)
        return;
    p->sample = calloc(CRATE_SAMPLE_MAX, CRATE_KEY_JSON_MAX);
    size_t i;
    json_array_foreach(json_object_get(reply, "rows"), i, row)
    {
        struct text json = {0};
        const char *key = json_string_value(json_array_get(row, 0));
        if (!key || !p->sample || p->samples == CRATE_SAMPLE_MAX)
            continue;
        crate_json_string(&json, key, strlen(key));
        if (json.len < CRATE_KEY_JSON_MAX)
            memcpy(p->sample + (size_t)p->samples++ * CRATE_KEY_JSON_MAX, json.s, json.len + 1);
        text_free(&json);
    }
    json_decref(reply);
}

#else
extern int crate_not_built; /* ISO C wants a declaration */
#endif
