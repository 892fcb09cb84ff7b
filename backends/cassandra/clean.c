/* Removes the leftovers of a saved run: only objects marked by that run on the server.
 *
 * The file is not trusted: of each entry only the kind and a name of letters, digits and
 * underscores are used. A table belongs to the run if its comment is exactly the run's mark. A
 * keyspace has no comment: it belongs to the run if it contains only tables of the run, and one of
 * their marks says that the run also created the keyspace; so it is checked before its tables are
 * removed, and dropped together with them. An empty keyspace therefore carries no mark and is kept.
 * The same code lists and removes, and checks again right before each drop. Called by
 * ui/cli/clean.c. */
#include "backends/cassandra/clean.h"

#include "backends/common/tls.h"
#include "backends/cassandra/ring.h"
#include "backends/cassandra/schema.h"
#include "backends/cassandra/session.h"
#include "backends/cassandra/types.h"
#include "engine/base/text.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define CONNECT_NS (10 * NS_PER_S)
#define LOOK_NS (10 * NS_PER_S)
#define DROP_NS (30 * NS_PER_S)
#define SNAPSHOTS                                                                                  \
    "each node keeps its data on disk as a snapshot (auto_snapshot): nodetool listsnapshots, "     \
    "clearsnapshot"
#define ENTRIES_MAX 64 /* most entries read from a file; loadtop writes at most three per pool */

enum kind { KIND_TABLE, KIND_KEYSPACE, KIND_ROWS };

struct entry {
    enum kind kind;
    char keyspace[CASS_NAME_MAX], table[CASS_NAME_MAX];
    char what[2 * CASS_NAME_MAX + 20];
    unsigned tables; /* number of tables of a keyspace, all of them the run's */
    bool judged;
    enum clean_fate fate;
    char why[600];
};

struct cleaning {
    struct clean *c;
    struct cass_session *s;
    bool snapshots; /* dropped tables stay on the nodes' disks as snapshots */
    struct entry entry[ENTRIES_MAX];
    unsigned entries;
};

/* ---- The file ---- */

/* Copies a Cassandra name of n bytes if it contains only letters, digits and underscores. */
static bool take_name(char *to, const char *s, size_t n)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    if (n == 0 || n >= CASS_NAME_MAX || strspn(s, letters) < n)
        return false;
    memcpy(to, s, n);
    to[n] = '\0';
    return true;
}

static bool read_entry(struct entry *e, const char *kind, const char *what)
{
    static const char *const kinds[] = {"table", "keyspace", "rows"};
    const char *dot = strchr(what, '.');
    *e = (struct entry){0};
    for (e->kind = KIND_TABLE; strcmp(kind, kinds[e->kind]) != 0; e->kind++)
        if (e->kind == KIND_ROWS)
            return false;
    snprintf(e->what, sizeof e->what, "%s %.*s", e->kind == KIND_ROWS ? "rows in" : kind,
             2 * CASS_NAME_MAX, what);
    if (e->kind == KIND_KEYSPACE)
        return take_name(e->keyspace, what, strlen(what));
    return dot && take_name(e->keyspace, what, (size_t)(dot - what)) &&
           take_name(e->table, dot + 1, strlen(dot + 1));
}

/* Entries that cannot be ours are reported at once without a query. */
static void read_entries(struct cleaning *w, const json_t *list)
{
    size_t i;
    const json_t *o;
    json_array_foreach(list, i, o)
    {
        const char *kind = json_string_value(json_object_get(o, "kind"));
        const char *what = json_string_value(json_object_get(o, "what"));
        if (!kind || !what) {
            w->c->say(w->c, CLEAN_STAYS, "an entry of the file", -1, "it has no kind or no name");
        } else if (w->entries == ENTRIES_MAX) {
            w->c->say(w->c, CLEAN_STAYS, "the rest of the file's list", -1,
                      "it has more entries than a run of loadtop leaves");
            return;
        } else if (read_entry(&w->entry[w->entries], kind, what)) {
            w->entries++;
        } else {
            char shown[300];
            snprintf(shown, sizeof shown, "%.30s %.250s", kind, what);
            w->c->say(w->c, CLEAN_STAYS, shown, -1,
                      "loadtop makes no such thing in Cassandra, so it is not looked for");
        }
    }
}

/* ---- Inspecting ---- */

static void settle(struct entry *e, enum clean_fate fate, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void settle(struct entry *e, enum clean_fate fate, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(e->why, sizeof e->why, fmt, args);
    va_end(args);
    e->judged = true;
    e->fate = fate;
}

/* State of a keyspace or a table on the server. */
struct seen {
    const char *run;
    unsigned rows, ours; /* tables in it, and how many of them have this run's mark */
    bool keyspace;       /* one of our tables is marked as created together with the keyspace */
    bool marked;         /* marked by some run, this one or another */
    char other[80];      /* name of a table without this run's mark */
};

/* comment, name */
static void on_table(void *ctx, const struct cql_str *v, unsigned values)
{
    struct seen *seen = ctx;
    bool with_keyspace = false;
    if (values < 2)
        return;
    seen->rows++;
    seen->marked = cass_is_mark(v[0], NULL, &with_keyspace);
    if (seen->run[0] && cass_is_mark(v[0], seen->run, &with_keyspace)) {
        seen->ours++;
        seen->keyspace = seen->keyspace || with_keyspace;
    } else {
        snprintf(seen->other, sizeof seen->other, "%.*s", (int)(v[1].len < 70 ? v[1].len : 70),
                 v[1].len ? v[1].s : "");
    }
}

static int inspect(struct cleaning *w, const struct entry *e, struct seen *seen, struct err *err)
{
    char cql[400];
    *seen = (struct seen){.run = w->c->run};
    size_t len = text_append(
        cql, sizeof cql, 0,
        "SELECT comment, table_name FROM system_schema.tables WHERE keyspace_name = '%s'",
        e->keyspace);
    if (e->kind != KIND_KEYSPACE)
        text_append(cql, sizeof cql, len, " AND table_name = '%s'", e->table);
    return cass_session_query(w->s, cql, on_table, seen, clock_ns() + LOOK_NS, err);
}

static int judge_table(struct cleaning *w, struct entry *e, struct err *err)
{
    struct seen seen = {0};
    int code = inspect(w, e, &seen, err);
    if (code < 0)
        return code;
    if (!seen.rows)
        settle(e, CLEAN_ABSENT, "%s", "");
    else if (seen.ours)
        settle(e, CLEAN_OURS, "%s", "");
    else
        settle(e, CLEAN_STAYS, "%s; by hand: DROP TABLE \"%s\".\"%s\"",
               seen.marked ? "another run of loadtop made it"
                           : "it does not bear this run's mark as its comment",
               e->keyspace, e->table);
    return 0;
}

static int judge_rows(struct cleaning *w, struct entry *e, struct err *err)
{
    struct seen seen = {0};
    int code = inspect(w, e, &seen, err);
    if (code < 0)
        return code;
    if (!seen.rows)
        settle(e, CLEAN_ABSENT, "%s", "");
    else
        settle(e, CLEAN_STAYS,
               "the table was there before this run, and which rows are the run's own is not "
               "known; by hand: DELETE FROM \"%s\".\"%s\" WHERE ...",
               e->keyspace, e->table);
    return 0;
}

static void on_object(void *ctx, const struct cql_str *v, unsigned values)
{
    char *name = ctx;
    if (values)
        snprintf(name, 80, "%.*s", (int)(v[0].len < 70 ? v[0].len : 70), v[0].len ? v[0].s : "");
}

/* Finds an object other than a table in a keyspace: text is "" or its kind and name. */
static int find_object(struct cleaning *w, const char *keyspace, char *text, size_t size,
                       struct err *err)
{
    static const struct {
        const char *table, *column, *word;
    } kinds[] = {{"views", "view_name", "view"},
                 {"types", "type_name", "type"},
                 {"functions", "function_name", "function"},
                 {"aggregates", "aggregate_name", "aggregate"}};
    text[0] = '\0';
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        char cql[300], name[80] = "";
        snprintf(cql, sizeof cql, "SELECT %s FROM system_schema.%s WHERE keyspace_name = '%s'",
                 kinds[i].column, kinds[i].table, keyspace);
        int code = cass_session_query(w->s, cql, on_object, name, clock_ns() + LOOK_NS, err);
        if (code < 0)
            return code;
        if (name[0])
            snprintf(text, size, "%s %s", kinds[i].word, name);
    }
    return 0;
}

static void on_there(void *ctx, const struct cql_str *v, unsigned values)
{
    bool *there = ctx;
    (void)v;
    *there = *there || values > 0;
}

static int keyspace_there(struct cleaning *w, const struct entry *e, bool *there, struct err *err)
{
    char cql[300];
    *there = false;
    snprintf(cql, sizeof cql,
             "SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = '%s'",
             e->keyspace);
    return cass_session_query(w->s, cql, on_there, there, clock_ns() + LOOK_NS, err);
}

static int judge_keyspace(struct cleaning *w, struct entry *e, struct err *err)
{
    bool there;
    struct seen seen = {0};
    char object[120] = "";
    int code = keyspace_there(w, e, &there, err);
    if (code == 0 && !there) {
        settle(e, CLEAN_ABSENT, "%s", "");
        return 0;
    }
    if (code == 0)
        code = inspect(w, e, &seen, err);
    if (code == 0)
        code = find_object(w, e->keyspace, object, sizeof object, err);
    if (code < 0)
        return code;
    if (seen.rows != seen.ours)
        snprintf(object, sizeof object, "table %s", seen.other);
    if (object[0])
        settle(e, CLEAN_STAYS,
               "it holds %s, which this run did not make; once nobody needs that, by hand: DROP "
               "KEYSPACE \"%s\"",
               object, e->keyspace);
    else if (!seen.rows)
        settle(e, CLEAN_STAYS,
               "it is empty, so nothing in it says whose it is; by hand: DROP KEYSPACE \"%s\"",
               e->keyspace);
    else if (!seen.keyspace)
        settle(e, CLEAN_STAYS,
               "it was there before the run, as its tables say; by hand: DROP KEYSPACE \"%s\"",
               e->keyspace);
    else
        settle(e, CLEAN_OURS, "with the tables that it holds, all of them this run's: %u",
               seen.rows);
    e->tables = seen.rows;
    return 0;
}

/* ---- Removing ---- */

static void on_setting(void *ctx, const struct cql_str *v, unsigned values)
{
    bool *on = ctx;
    *on = values && v[0].len == 4 && memcmp(v[0].s, "true", 4) == 0;
}

/* Servers before 4.0 have no such table: then snapshots are not mentioned. */
static void ask_snapshots(struct cleaning *w)
{
    struct err err = {0};
    cass_session_query(w->s, "SELECT value FROM system_views.settings WHERE name = 'auto_snapshot'",
                       on_setting, &w->snapshots, clock_ns() + LOOK_NS, &err);
}

static void settle_gone(const struct cleaning *w, struct entry *e)
{
    if (e->kind == KIND_KEYSPACE)
        settle(e, CLEAN_GONE, "with the tables that it held: %u", e->tables);
    else
        settle(e, CLEAN_GONE, "%s", w->snapshots ? SNAPSHOTS : "");
}

/* Drops an object just checked to be ours, and verifies that it is gone. If the server refuses, its
 * message is the reported reason. */
static int drop(struct cleaning *w, struct entry *e, struct err *err)
{
    char cql[300];
    struct seen seen = {0};
    bool there = false;
    struct err refusal = {0};
    if (e->kind == KIND_KEYSPACE)
        snprintf(cql, sizeof cql, "DROP KEYSPACE \"%s\"", e->keyspace);
    else
        snprintf(cql, sizeof cql, "DROP TABLE \"%s\".\"%s\"", e->keyspace, e->table);
    int code = cass_session_query(w->s, cql, NULL, NULL, clock_ns() + DROP_NS, &refusal);
    if (code == ERR_FAILED) {
        settle(e, CLEAN_STAYS, "%s; by hand: %s", refusal.msg, cql);
        return 0;
    }
    if (code < 0) {
        settle(e, CLEAN_STAYS, "whether it went is not known: %s", refusal.msg);
        *err = refusal;
        return code;
    }
    if (e->kind == KIND_KEYSPACE)
        code = keyspace_there(w, e, &there, err);
    else
        code = inspect(w, e, &seen, err);
    if (code == 0 && (there || seen.rows))
        settle(e, CLEAN_STAYS, "the server dropped it, and it is there again; by hand: %s", cql);
    else if (code == 0)
        settle_gone(w, e);
    return code;
}

/* Marks the keyspace's tables as removed with it. */
static void take_tables(const struct cleaning *w, struct entry *e, const char *keyspace)
{
    if (e->kind == KIND_TABLE && e->judged && e->fate == CLEAN_OURS &&
        strcmp(e->keyspace, keyspace) == 0)
        settle_gone(w, e);
}

static int do_keyspaces(struct cleaning *w, struct err *err)
{
    int code = 0;
    for (unsigned i = 0; i < w->entries && code == 0; i++) {
        struct entry *e = &w->entry[i];
        if (e->kind != KIND_KEYSPACE)
            continue;
        code = judge_keyspace(w, e, err);
        if (code == 0 && w->c->remove && e->fate == CLEAN_OURS)
            code = drop(w, e, err);
        for (unsigned k = 0; e->judged && e->fate == CLEAN_GONE && k < w->entries; k++)
            take_tables(w, &w->entry[k], e->keyspace);
    }
    return code;
}

static int do_tables(struct cleaning *w, struct err *err)
{
    int code = 0;
    for (unsigned i = 0; i < w->entries && code == 0; i++) {
        struct entry *e = &w->entry[i];
        if (e->kind != KIND_TABLE || (e->judged && e->fate != CLEAN_OURS))
            continue;
        code = judge_table(w, e, err);
        if (code == 0 && w->c->remove && e->fate == CLEAN_OURS)
            code = drop(w, e, err);
    }
    return code;
}

/* Inspects everything first, then removes keyspaces while their tables still exist, then tables. */
static int clean_entries(struct cleaning *w, struct err *err)
{
    int code = 0;
    for (unsigned i = 0; i < w->entries && code == 0; i++) {
        struct entry *e = &w->entry[i];
        if (e->kind != KIND_KEYSPACE)
            code = e->kind == KIND_ROWS ? judge_rows(w, e, err) : judge_table(w, e, err);
    }
    if (code == 0)
        code = do_keyspaces(w, err);
    if (code == 0 && w->c->remove)
        code = do_tables(w, err);
    for (unsigned i = 0; i < w->entries; i++)
        if (w->entry[i].judged && (code == 0 || w->entry[i].fate != CLEAN_OURS))
            w->c->say(w->c, w->entry[i].fate, w->entry[i].what, -1, w->entry[i].why);
    return code;
}

static int connect_any(struct cass_pool *p, struct cass_session *s, struct err *err)
{
    int code = cass_contacts(p, NULL, err);
    if (code < 0)
        return code;
    code = ERR_UNREACHED;
    for (uint32_t i = 0; i < atomic_load(&p->hosts) && code == ERR_UNREACHED; i++)
        code = cass_session_open(s, p, NULL, &p->host[i], clock_ns() + CONNECT_NS, err);
    return code;
}

int cass_clean(struct clean *c, struct err *err)
{
    char cluster[CASS_PLACE_MAX];
    struct cass_pool *p = calloc(1, sizeof *p);
    struct cleaning *w = calloc(1, sizeof *w);
    struct cass_session s = {.link = LINK_NONE};
    int code = 0;
    if (!p || !w) {
        code = err_set(err, ERR_FAILED, "%s: out of memory", c->target->shown);
        goto out;
    }
    p->target = c->target;
    p->options = c->options;
    p->sender = c->sender;
    w->c = c;
    w->s = &s;
    if (strcmp(c->target->scheme, "cassandras") == 0 &&
        !(p->tls = tls_context_new(c->options, CASS_TLS, &cass_scheme, err)))
        code = ERR_FAILED;
    if (code == 0)
        code = connect_any(p, &s, err);
    if (code == 0)
        code = cass_session_cluster(&s, cluster, sizeof cluster, clock_ns() + LOOK_NS, err);
    if (code == 0)
        code = clean_identity_allowed(c, "cassandra", cluster, err);
    if (code == 0) {
        if (c->remove)
            ask_snapshots(w);
        read_entries(w, (const json_t *)c->leftovers);
        code = clean_entries(w, err);
    }
out:
    cass_session_close(&s);
    if (p)
        tls_context_free(p->tls);
    free(p);
    free(w);
    return code;
}
