/* The loaded table: found or created, with its columns read from the schema and statements for
 * them.
 *
 * Tables created by loadtop are marked: the comment contains the run, and whether it also created
 * the keyspace, which cannot have a comment. A table without a mark belongs to others and is
 * written to only with --allow-destructive. The mark is always read back from the server, because
 * another table may have been created in between. Statements follow from the columns that the
 * server names, so that they work for any table. */
#include "backends/cassandra/schema.h"

#include "backends/cassandra/user_stmts.h"
#include "backends/cassandra/session.h"
#include "backends/cassandra/stmt.h"
#include "backends/cassandra/types.h"
#include "engine/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define AGREE_NS (3 * NS_PER_S)
#define COLUMNS_READ_MAX CASS_PARAMS_MAX

#define RUN_ID 8

bool cass_is_mark(struct cql_str comment, const char *run, bool *keyspace)
{
    const size_t head = sizeof CASS_MARK - 1, tail = sizeof CASS_MARK_KEYSPACE - 1;
    size_t n = comment.len;
    if (!comment.s || n < head + RUN_ID || memcmp(comment.s, CASS_MARK, head) != 0)
        return false;
    char id[RUN_ID + 1] = "";
    memcpy(id, comment.s + head, RUN_ID);
    if (strspn(id, "0123456789abcdef") != RUN_ID || (run && strcmp(id, run) != 0))
        return false;
    *keyspace = n == head + RUN_ID + tail &&
                memcmp(comment.s + head + RUN_ID, CASS_MARK_KEYSPACE, tail) == 0;
    return n == head + RUN_ID || *keyspace;
}

/* An identifier in double quotes, doubled inside; returns buf. A name below CASS_NAME_MAX fits
 * CASS_QUOTED_MAX. */
static char *cass_quote(char *buf, size_t size, const char *name)
{
    size_t n = 0;
    if (size < 3)
        return buf;
    buf[n++] = '"';
    for (; *name && n + 3 < size; name++) {
        if (*name == '"')
            buf[n++] = '"';
        buf[n++] = *name;
    }
    buf[n++] = '"';
    buf[n] = '\0';
    return buf;
}

int cass_names(const struct target *t, char *keyspace, char *table, struct err *err)
{
    const char *path = t->path[0] == '/' ? t->path + 1 : t->path, *dot = strchr(path, '.');
    size_t n = dot ? (size_t)(dot - path) : strlen(path);
    copy_str(keyspace, CASS_NAME_MAX, "loadtop");
    copy_str(table, CASS_NAME_MAX, "loadtop");
    /* Cassandra's limit for a name is 48 letters, digits and underscores. */
    if (n > 48 || (dot && strlen(dot + 1) > 48) || strchr(path, '/') || strpbrk(path, "'\""))
        return err_set(err, ERR_USAGE,
                       "%s: the path is /keyspace or /keyspace.table, each up to 48 letters",
                       t->shown);
    if (n) {
        memcpy(keyspace, path, n);
        keyspace[n] = '\0';
    }
    if (dot && dot[1])
        copy_str(table, CASS_NAME_MAX, dot + 1);
    return 0;
}

/* ---- Existing objects ---- */

struct found {
    bool there;
    bool marked, ours; /* of a table: whether any run, or this run, marked it */
    const char *run;
    unsigned replicas;
    const char *dc;
};

/* replication: map<text, text>. The replicas of a row: SimpleStrategy's factor, or that of the data
 * centre. */
static void on_keyspace(void *ctx, const struct cql_str *v, unsigned values)
{
    struct found *f = ctx;
    struct cql_in in = {.p = (const uint8_t *)v[0].s, .end = (const uint8_t *)v[0].s + v[0].len};
    f->there = values > 0;
    int32_t n = v[0].s ? cql_get_i32(&in) : 0;
    for (int32_t i = 0; i < n && !in.bad; i++) {
        struct cql_str name, value;
        char number[16];
        if (!cql_get_bytes(&in, &name) || !cql_get_bytes(&in, &value) || in.bad)
            return;
        bool ours = (name.len == 18 && !memcmp(name.s, "replication_factor", 18)) ||
                    (name.len == strlen(f->dc) && !memcmp(name.s, f->dc, name.len));
        snprintf(number, sizeof number, "%.*s", (int)(value.len < 15 ? value.len : 15), value.s);
        /* "3/1" means three replicas, one of which is transient */
        if (ours)
            f->replicas = (unsigned)strtoul(number, NULL, 10);
    }
}

static void on_comment(void *ctx, const struct cql_str *v, unsigned values)
{
    struct found *f = ctx;
    bool keyspace;
    if (!values)
        return;
    f->there = true;
    f->marked = cass_is_mark(v[0], NULL, &keyspace);
    f->ours = cass_is_mark(v[0], f->run, &keyspace);
}

static int find_table(struct cass_session *s, const char *keyspace, const char *table,
                      struct found *f, uint64_t deadline_ns, struct err *err)
{
    char cql[400];
    *f = (struct found){.run = f->run};
    snprintf(
        cql, sizeof cql,
        "SELECT comment FROM system_schema.tables WHERE keyspace_name = '%s' AND table_name = '%s'",
        keyspace, table);
    return cass_session_query(s, cql, on_comment, f, deadline_ns, err);
}

/* ---- Making it ---- */

static bool writes(const struct pool *pool)
{
    if (pool_read_only(pool))
        return false;
    return pool_ops_include(pool, CASS_OP_INSERT) || pool_ops_include(pool, CASS_OP_UPDATE) ||
           pool_ops_include(pool, CASS_OP_DELETE) || pool_ops_include(pool, CASS_OP_BATCH);
}

static void forbid_writes(struct pool *pool)
{
    static const unsigned writing[] = {CASS_OP_INSERT, CASS_OP_UPDATE, CASS_OP_DELETE,
                                       CASS_OP_BATCH};
    for (unsigned i = 0; i < sizeof writing / sizeof *writing; i++)
        pool_forbid(pool, writing[i],
                    "would write to a table that was not made by loadtop; --allow-destructive "
                    "writes to it all the same");
}

static int may_create(const struct cass_pool *p, const struct pool *pool, const char *what,
                      const char *name, struct err *err)
{
    if (pool_read_only(pool))
        return err_set(err, ERR_ABSENT, "%s: there is no %s %s, and --read-only makes none",
                       p->target->shown, what, name);
    if (!option_bool(pool_options(pool), CASS_CREATE))
        return err_set(err, ERR_FAILED, "%s: invalid: there is no %s %s (create=yes makes it)",
                       p->target->shown, what, name);
    /* creating it would change all nodes, also those that await consent: try again later */
    if (p->awaits_consent)
        return err_set(err, ERR_UNREACHED,
                       "%s: there is no %s %s, and nothing is made before a yes", p->target->shown,
                       what, name);
    return 0;
}

static int open_keyspace(struct cass_pool *p, struct pool *pool, struct cass_session *s,
                         uint64_t deadline_ns, struct err *err)
{
    const char *replication = option_str(pool_options(pool), CASS_REPLICATION);
    char quoted[CASS_QUOTED_MAX], where[300];
    struct found f = {.dc = p->dc};
    struct text cql = {0};

    snprintf(where, sizeof where,
             "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = '%s'",
             p->keyspace);
    int code = cass_session_query(s, where, on_keyspace, &f, deadline_ns, err);
    if (code < 0)
        return code;
    if (!f.there) {
        code = may_create(p, pool, "keyspace", p->keyspace, err);
        if (code < 0)
            return code;
        text_add(&cql, "CREATE KEYSPACE IF NOT EXISTS %s WITH replication = ",
                 cass_quote(quoted, sizeof quoted, p->keyspace));
        if (replication[0] == '{')
            text_add(&cql, "%s", replication);
        else
            text_add(&cql, "{'class': 'SimpleStrategy', 'replication_factor': %s}", replication);
        code = cass_session_query(s, text_str(&cql), NULL, NULL, deadline_ns, err);
        text_free(&cql);
        if (code == 0) {
            /* With IF NOT EXISTS, nothing changes if another client has created it in the
             * meantime. */
            p->made_keyspace = p->made_keyspace || s->changed;
            code = cass_session_query(s, where, on_keyspace, &f, deadline_ns, err);
        }
    }
    p->replication = f.replicas ? f.replicas : 1;
    return code;
}

static const char *compaction_class(uint64_t choice)
{
    static const char *const classes[] = {
        NULL, "SizeTieredCompactionStrategy", "LeveledCompactionStrategy",
        "TimeWindowCompactionStrategy", "UnifiedCompactionStrategy"};
    return choice < sizeof classes / sizeof *classes ? classes[choice] : NULL;
}

static int create_table(const struct cass_pool *p, struct pool *pool, struct cass_session *s,
                        bool counters, uint64_t deadline_ns, struct err *err)
{
    const struct options *o = pool_options(pool);
    const char *class = compaction_class(option_u64(o, CASS_COMPACTION));
    char ks[CASS_QUOTED_MAX], table[CASS_QUOTED_MAX], name[CASS_NAME_MAX + 16], type[32];
    struct text cql = {0};

    snprintf(name, sizeof name, "%s%s", p->table, counters ? "_counters" : "");
    text_add(&cql, "CREATE TABLE IF NOT EXISTS %s.%s (thekey text PRIMARY KEY",
             cass_quote(ks, sizeof ks, p->keyspace), cass_quote(table, sizeof table, name));
    options_text(o, CASS_TYPE, type, sizeof type);
    for (uint64_t i = 1; !counters && i <= option_u64(o, CASS_COLUMNS); i++)
        text_add(&cql, ", col%llu %s", (unsigned long long)i, type);
    text_add(&cql, "%s) WITH comment = '" CASS_MARK "%s%s'", counters ? ", n counter" : "",
             pool_run_id(pool), p->made_keyspace ? CASS_MARK_KEYSPACE : "");
    if (class)
        text_add(&cql, " AND compaction = {'class': '%s'}", class);
    int code = cass_session_query(s, text_str(&cql), NULL, NULL, deadline_ns, err);
    text_free(&cql);
    return code;
}

/* Finds or creates one of the two tables. *made: this run created it. */
static int open_table(struct cass_pool *p, struct pool *pool, struct cass_session *s, bool counters,
                      bool *made, uint64_t deadline_ns, struct err *err)
{
    char name[CASS_NAME_MAX + 16], full[2 * CASS_NAME_MAX + 20];
    struct found f = {.run = pool_run_id(pool)};

    snprintf(name, sizeof name, "%s%s", p->table, counters ? "_counters" : "");
    snprintf(full, sizeof full, "%s.%s", p->keyspace, name);
    int code = find_table(s, p->keyspace, name, &f, deadline_ns, err);
    if (code == 0 && !f.there) {
        code = may_create(p, pool, "table", full, err);
        if (code == 0)
            code = create_table(p, pool, s, counters, deadline_ns, err);
        if (code == 0)
            code = find_table(s, p->keyspace, name, &f, deadline_ns, err);
    }
    if (code < 0)
        return code;
    *made = f.ours;
    if (!f.marked && !pool_allow_destructive(pool))
        forbid_writes(pool);
    return 0;
}

/* schema_version of one node; a node that is not reached has none. */
struct versions {
    char first[16];
    unsigned n, others;
};

static void on_version(void *ctx, const struct cql_str *v, unsigned values)
{
    struct versions *seen = ctx;
    if (values < 1 || v[0].len != sizeof seen->first)
        return;
    if (!seen->n++)
        memcpy(seen->first, v[0].s, sizeof seen->first);
    else
        seen->others += memcmp(seen->first, v[0].s, sizeof seen->first) != 0;
}

/* Waits for schema agreement: other nodes learn of a created table a moment later, and until then
 * refuse to prepare statements for it. Waits at most AGREE_NS, because a node may be down. */
static int await_agreement(struct cass_session *s, uint64_t deadline_ns, struct err *err)
{
    uint64_t until = clock_ns() + AGREE_NS;
    for (;;) {
        struct versions seen = {0};
        int code = cass_session_query(s, "SELECT schema_version FROM system.local", on_version,
                                      &seen, deadline_ns, err);
        if (code == 0)
            code = cass_session_query(s, "SELECT schema_version FROM system.peers", on_version,
                                      &seen, deadline_ns, err);
        if (code == ERR_FAILED && s->refused) /* a user may have no right to see them */
            return 0;
        if (code < 0 || !seen.others || clock_ns() >= until ||
            (s->link.pool && pool_stopping(s->link.pool)))
            return code;
        nanosleep(&(struct timespec){.tv_nsec = 50 * (long)NS_PER_MS}, NULL);
    }
}

/* ---- Statements ---- */

struct columns {
    struct {
        char name[CASS_QUOTED_MAX];
        /* rank of a column: partition key from 0, clustering columns from 100, others 1000 */
        unsigned rank;
        bool counter;
    } column[COLUMNS_READ_MAX];
    unsigned n;
    bool too_many, long_name, counters;
};

/* column_name, kind, position, type */
static void on_column(void *ctx, const struct cql_str *v, unsigned values)
{
    struct columns *c = ctx;
    char name[CASS_NAME_MAX];
    if (values < 4 || v[2].len != 4)
        return;
    if (c->n == COLUMNS_READ_MAX) {
        c->too_many = true;
        return;
    }
    /* do not truncate: there may be a column with the shorter name */
    if (v[0].len >= sizeof name) {
        c->long_name = true;
        return;
    }
    snprintf(name, sizeof name, "%.*s", (int)v[0].len, v[0].len ? v[0].s : "");
    unsigned position = cql_be32((const uint8_t *)v[2].s), rank = 1000;
    if (v[1].len == 13 && !memcmp(v[1].s, "partition_key", 13))
        rank = position;
    else if (v[1].len == 10 && !memcmp(v[1].s, "clustering", 10))
        rank = 100 + position;
    bool counter = v[3].len == 7 && !memcmp(v[3].s, "counter", 7);
    cass_quote(c->column[c->n].name, sizeof c->column[c->n].name, name);
    c->column[c->n].rank = rank;
    c->column[c->n].counter = counter;
    c->counters = c->counters || counter;
    c->n++;
}

static void sort_columns(struct columns *c)
{
    for (unsigned i = 1; i < c->n; i++)
        for (unsigned j = i; j > 0 && c->column[j].rank < c->column[j - 1].rank; j--) {
            char name[CASS_QUOTED_MAX];
            unsigned rank = c->column[j].rank;
            bool counter = c->column[j].counter;
            memcpy(name, c->column[j].name, sizeof name);
            c->column[j] = c->column[j - 1];
            memcpy(c->column[j - 1].name, name, sizeof name);
            c->column[j - 1].rank = rank;
            c->column[j - 1].counter = counter;
        }
}

static unsigned key_columns(const struct columns *c)
{
    unsigned n = 0;
    while (n < c->n && c->column[n].rank < 1000)
        n++;
    return n;
}

static void add_where(struct text *t, const struct columns *c)
{
    for (unsigned i = 0; i < key_columns(c); i++)
        text_add(t, "%s%s = ?", i ? " AND " : " WHERE ", c->column[i].name);
}

static void set_statement(struct cass_statement_info *st, struct text *t)
{
    free(st->text);
    *st = (struct cass_statement_info){.text = strdup(text_str(t)), .len = t->len};
    text_clear(t);
}

static void no_statement(struct cass_statement_info *st, const char *why)
{
    free(st->text);
    *st = (struct cass_statement_info){.error_class = "invalid"};
    copy_str(st->why, sizeof st->why, why);
}

static void write_insert(struct cass_pool *p, const struct columns *c, struct text *t)
{
    struct cass_statement_info *st = &p->statement[ST_INSERT];
    if (c->counters) {
        no_statement(st, "a table of counters has no insert: update adds to them");
        return;
    }
    text_add(t, "INSERT INTO %s (", p->full);
    for (unsigned i = 0; i < c->n; i++)
        text_add(t, "%s%s", i ? ", " : "", c->column[i].name);
    text_add(t, ") VALUES (");
    for (unsigned i = 0; i < c->n; i++)
        text_add(t, i ? ", ?" : "?");
    text_add(t, ")");
    set_statement(st, t);
    for (unsigned i = 0; i < key_columns(c); i++)
        st->param[i].key = true;
}

static void write_update(struct cass_pool *p, const struct columns *c, struct text *t)
{
    struct cass_statement_info *st = &p->statement[ST_UPDATE];
    unsigned keys = key_columns(c), set = c->n - keys;
    if (!set) {
        no_statement(st, "the table has no column besides its key: nothing to update");
        return;
    }
    text_add(t, "UPDATE %s SET ", p->full);
    for (unsigned i = keys; i < c->n; i++) {
        text_add(t, "%s%s = ", i > keys ? ", " : "", c->column[i].name);
        if (c->column[i].counter)
            text_add(t, "%s + ", c->column[i].name);
        text_add(t, "?");
    }
    add_where(t, c);
    set_statement(st, t);
    for (unsigned i = 0; i < keys; i++)
        st->param[set + i].key = true;
}

static void write_statements(struct cass_pool *p, const struct columns *c)
{
    struct cass_statement_info *select = &p->statement[ST_SELECT],
                               *delete = &p->statement[ST_DELETE];
    struct text t = {0};

    write_insert(p, c, &t);
    write_update(p, c, &t);
    text_add(&t, "SELECT ");
    for (unsigned i = 0; i < c->n; i++)
        text_add(&t, "%s%s", i ? ", " : "", c->column[i].name);
    text_add(&t, " FROM %s", p->full);
    add_where(&t, c);
    set_statement(select, &t);
    select->verify = true;
    text_add(&t, "DELETE FROM %s", p->full);
    add_where(&t, c);
    set_statement(delete, &t);
    for (unsigned i = 0; i < key_columns(c); i++)
        select->param[i].key = delete->param[i].key = true;
    text_free(&t);
}

static int read_columns(struct cass_pool *p, struct cass_session *s, uint64_t deadline_ns,
                        struct err *err)
{
    char cql[400];
    struct columns *c = calloc(1, sizeof *c);
    if (!c)
        return err_set(err, ERR_FAILED, "%s: out of memory", p->target->shown);
    snprintf(cql, sizeof cql,
             "SELECT column_name, kind, position, type FROM system_schema.columns "
             "WHERE keyspace_name = '%s' AND table_name = '%s'",
             p->keyspace, p->table);
    int code = cass_session_query(s, cql, on_column, c, deadline_ns, err);
    if (code == 0 && c->long_name)
        code = err_set(err, ERR_FAILED,
                       "%s: table %s.%s has a column whose name is longer than %d bytes",
                       p->target->shown, p->keyspace, p->table, CASS_NAME_MAX - 1);
    else if (code == 0 && (c->too_many || !c->n))
        code = err_set(err, ERR_FAILED, "%s: table %s.%s has %s columns, 1 to %d are possible",
                       p->target->shown, p->keyspace, p->table, c->n ? "too many" : "no",
                       COLUMNS_READ_MAX);
    if (code == 0) {
        sort_columns(c);
        write_statements(p, c);
    }
    free(c);
    return code;
}

/* Under --read-only and for an inspection, only reads are prepared, because prepared statements
 * stay on the server (system.prepared_statements). */
static void keep_reads(struct cass_pool *p)
{
    for (unsigned i = 0; i < STATEMENTS; i++)
        if (i != ST_SELECT)
            no_statement(&p->statement[i], "it may write, and --read-only prepares only reads");
}

static bool statement_wanted(const struct pool *pool, unsigned st)
{
    static const unsigned op[] = {CASS_OP_INSERT, CASS_OP_SELECT, CASS_OP_UPDATE,
                                  CASS_OP_DELETE, CASS_OP_BATCH,  CASS_OP_STMT};
    bool counters = option_u64(pool_options(pool), CASS_BATCH) == CQL_COUNTERS;
    if (pool_read_only(pool) && st != ST_SELECT)
        return false;
    if (st == ST_INSERT && pool_ops_include(pool, CASS_OP_BATCH) && !counters)
        return true;
    if (st == ST_COUNTER && !counters)
        return false;
    return pool_ops_include(pool, op[st < ST_STMT ? st : (unsigned)ST_STMT]);
}

/* Prepares the statements to get their parameters. A refused statement is fatal only if the present
 * mix needs it. */
static int prepare_all(struct cass_pool *p, const struct pool *pool, struct cass_session *s,
                       uint64_t deadline_ns, struct err *err)
{
    for (unsigned i = 0; i < STATEMENTS; i++) {
        struct cass_statement_info *st = &p->statement[i];
        struct err why = {0};
        int code = 0;
        if (st->text)
            code = cass_session_prepare(s, st, deadline_ns, &why);
        else if (i <= ST_STMT && statement_wanted(pool, i))
            return err_set(err, ERR_FAILED, "%s: %s", p->target->shown,
                           st->why[0] ? st->why : "no statement");
        for (unsigned k = 0; code == 0 && k < st->params; k++)
            if (st->param[k].key && !cass_key_type(st->param[k].type))
                code =
                    err_set(&why, ERR_FAILED, "%s: a key column of type %s, which is not generated",
                            p->target->shown, cql_type_name(st->param[k].type));
        if (code == 0)
            continue;
        if (code == ERR_UNREACHED || statement_wanted(pool, i))
            return err_set(err, code, "%s", why.msg);
        copy_str(st->why, sizeof st->why, why.msg);
        st->error_class = cql_error_class(s->error_code);
    }
    return 0;
}

int cass_schema_open(struct cass_pool *p, struct pool *pool, struct cass_session *s,
                     uint64_t deadline_ns, struct err *err)
{
    bool counters = option_u64(pool_options(pool), CASS_BATCH) == CQL_COUNTERS, made = false;
    bool table = writes(pool) || pool_ops_include(pool, CASS_OP_SELECT);
    char ks[CASS_QUOTED_MAX], quoted[CASS_QUOTED_MAX], counters_of[CASS_NAME_MAX + 16];
    struct text t = {0};

    p->replication = 1;
    for (unsigned i = 0; i < STATEMENTS; i++)
        no_statement(&p->statement[i],
                     i < ST_STMT ? "there was no use for the table when the pool was opened"
                                 : "operation stmt needs stmt= or stmt-file=, what to execute");
    int code = cass_user_statements(p, pool, err);
    cass_quote(ks, sizeof ks, p->keyspace);
    snprintf(p->full, sizeof p->full, "%.100s.%.100s", ks,
             cass_quote(quoted, sizeof quoted, p->table));
    if (code == 0 && table)
        code = open_keyspace(p, pool, s, deadline_ns, err);
    if (code == 0 && table)
        code = open_table(p, pool, s, false, &made, deadline_ns, err);
    p->made_table = p->made_table || made;
    if (code == 0 && table)
        code = read_columns(p, s, deadline_ns, err);
    if (code == 0 && table && counters) {
        made = false;
        code = open_table(p, pool, s, true, &made, deadline_ns, err);
        p->made_counters = p->made_counters || made;
        snprintf(counters_of, sizeof counters_of, "%s_counters", p->table);
        text_add(&t, "UPDATE %s.%s SET n = n + ? WHERE thekey = ?", ks,
                 cass_quote(quoted, sizeof quoted, counters_of));
        set_statement(&p->statement[ST_COUNTER], &t);
        text_free(&t);
    }
    if (code == 0 && (p->made_keyspace || p->made_table || p->made_counters))
        code = await_agreement(s, deadline_ns, err);
    if (pool_read_only(pool))
        keep_reads(p);
    return code < 0 ? code : prepare_all(p, pool, s, deadline_ns, err);
}
