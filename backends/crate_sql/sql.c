/* Builds the SQL of the crate backend. Names are checked against what CrateDB allows before they
 * get here, so that quoting needs no escapes. Called at check() and pool_open; nothing here is on
 * the path of an operation. */
#include "backends/crate_sql/sql.h"

#include "backends/crate_sql/stmt.h"
#include "engine/base/err.h"
#include "engine/base/quantity.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *type;
} columns[] = {
    {"id", "TEXT NOT NULL"},  {"timestamp", "TIMESTAMP WITH TIME ZONE"},
    {"region", "TEXT"},       {"product_category", "TEXT"},
    {"event_type", "TEXT"},   {"user_id", "INTEGER"},
    {"user_segment", "TEXT"}, {"amount", "DOUBLE PRECISION"},
    {"quantity", "INTEGER"},  {"metadata", "OBJECT(DYNAMIC)"},
};
#define COLUMNS (sizeof columns / sizeof *columns)

static const char *const aggregates[CRATE_AGGREGATES] = {
    "SELECT \"region\", count(*), avg(\"amount\") FROM %s GROUP BY \"region\" ORDER BY \"region\"",
    "SELECT \"product_category\", sum(\"amount\") AS \"revenue\" FROM %s "
    "GROUP BY \"product_category\" ORDER BY \"revenue\" DESC",
    "SELECT date_trunc('minute', \"timestamp\") AS \"minute\", count(*) FROM %s "
    "WHERE \"timestamp\" >= {ago:1h} GROUP BY 1 ORDER BY 1 DESC LIMIT 60",
    "SELECT \"event_type\", count(*) FROM %s WHERE \"region\" = {region} "
    "GROUP BY \"event_type\" ORDER BY 2 DESC",
    "SELECT count(DISTINCT \"user_id\") FROM %s WHERE \"timestamp\" >= {ago:15m}",
    "SELECT \"user_id\", sum(\"amount\") AS \"spent\" FROM %s WHERE \"event_type\" = 'purchase' "
    "GROUP BY \"user_id\" ORDER BY \"spent\" DESC LIMIT 10",
};

/* Is this a name that CrateDB accepts: not empty, no leading '_', and none of \ / * ? " < > | , #
 * or white space? */
static bool name_ok(const char *s, size_t len)
{
    if (len == 0 || len >= CRATE_NAME_MAX || s[0] == '_')
        return false;
    for (size_t i = 0; i < len; i++)
        if (strchr("\\/*?\"<>|,#'.", s[i]) || isspace((unsigned char)s[i]) ||
            iscntrl((unsigned char)s[i]))
            return false;
    return true;
}

int crate_table_parse(struct crate_table *t, const char *path, const char *default_schema,
                      struct err *err)
{
    memset(t, 0, sizeof *t);
    if (*path == '/')
        path++;
    const char *name = *path ? path : "loadtop", *dot = strchr(name, '.');
    const char *schema = dot ? name : default_schema;
    size_t schema_len = dot ? (size_t)(dot - name) : strlen(schema);
    if (dot)
        name = dot + 1;
    if (schema_len == 0 && !dot) {
        schema = "doc";
        schema_len = 3;
    }
    if (!name_ok(name, strlen(name)) || !name_ok(schema, schema_len))
        return err_set(err, ERR_USAGE,
                       "crate: `%s` is not a table: write /table or /schema.table, of letters, "
                       "digits and '_' (not first)",
                       path);
    memcpy(t->schema, schema, schema_len);
    copy_str(t->name, sizeof t->name, name);
    snprintf(t->shown, sizeof t->shown, "%s.%s", t->schema, t->name);
    if (dot)
        snprintf(t->quoted, sizeof t->quoted, "\"%s\".\"%s\"", t->schema, t->name);
    else
        snprintf(t->quoted, sizeof t->quoted, "\"%s\"", t->name);
    return 0;
}

bool crate_replicas_ok(const char *s)
{
    size_t n = strspn(s, "0123456789");
    if (n == 0 || n > 4)
        return false;
    if (s[n] == '\0')
        return true;
    const char *to = s + n + 1;
    size_t m = strspn(to, "0123456789");
    return s[n] == '-' && (strcmp(to, "all") == 0 || (m > 0 && m < 5 && to[m] == '\0'));
}

bool crate_run_ok(const char *run)
{
    return strlen(run) == CRATE_RUN_LEN && strspn(run, "0123456789abcdef") == CRATE_RUN_LEN;
}

bool crate_is_mark(const char *constraint, const char *run, bool *of_run)
{
    size_t head = strlen(CRATE_MARK);
    bool marks = strncmp(constraint, CRATE_MARK, head) == 0 && crate_run_ok(constraint + head);
    *of_run = marks && crate_run_ok(run) && strcmp(constraint + head, run) == 0;
    return marks || strcmp(constraint, CRATE_OLD_MARK) == 0;
}

/* The pattern matches the keys that crate_key_put writes for any pool of the run (numbers below
 * 2^8) and record numbers below 2^40. Of the random UUIDs that begin with the run's id, one in 2^18
 * matches too: two digits of the pool, two of the record, and the variant (8, 9, a or b) must
 * agree. */
char *crate_run_like(char *buf, const char *run)
{
    snprintf(buf, CRATE_LIKE_MAX, "%.8s-00__-4___-8___-00__________", run);
    return buf;
}

unsigned crate_copies(const char *replicas, unsigned nodes)
{
    const char *dash = strchr(replicas, '-');
    uint64_t most = 0;
    if (dash && strcmp(dash + 1, "all") == 0)
        most = UINT64_MAX;
    /* CrateDB's default is "0-1" */
    else if (parse_count(dash ? dash + 1 : replicas, &most))
        most = 1;
    /* with a range CrateDB creates as many replicas as the number of nodes allows */
    if (dash && most > (nodes ? nodes - 1 : 0))
        most = nodes ? nodes - 1 : 0;
    return most < 1000 ? (unsigned)most + 1 : 1000;
}

const char *crate_column(unsigned i, unsigned objects, char *buf, size_t size)
{
    if (i >= COLUMNS + objects)
        return NULL;
    if (i < COLUMNS)
        copy_str(buf, size, columns[i].name);
    else
        snprintf(buf, size, "obj_%u", i - (unsigned)COLUMNS);
    return buf;
}

void crate_sql_create(struct text *t, const struct crate_table *table, const struct crate_layout *l)
{
    const char *by = l->partition == CRATE_PARTITION_REGION  ? "region"
                     : l->partition == CRATE_PARTITION_DAY   ? "day"
                     : l->partition == CRATE_PARTITION_MONTH ? "month"
                                                             : NULL;
    text_add(t, "CREATE TABLE %s (", table->quoted);
    for (unsigned i = 0; i < COLUMNS; i++)
        text_add(t, "\"%s\" %s, ", columns[i].name, columns[i].type);
    for (unsigned i = 0; i < l->objects; i++)
        text_add(t, "\"obj_%u\" TEXT, ", i);
    if (by && l->partition != CRATE_PARTITION_REGION)
        text_add(t,
                 "\"%s\" TIMESTAMP WITH TIME ZONE GENERATED ALWAYS AS "
                 "(date_trunc('%s', \"timestamp\")), ",
                 by, by);
    /* CrateDB requires that a partition column is part of the primary key. */
    text_add(t, "PRIMARY KEY (\"id\"%s%s%s), ", by ? ", \"" : "", by ? by : "", by ? "\"" : "");
    text_add(t, "CONSTRAINT \"" CRATE_MARK "%s\" CHECK (\"quantity\" >= 0))", l->run);
    if (l->shards)
        text_add(t, " CLUSTERED INTO %u SHARDS", l->shards);
    if (by)
        text_add(t, " PARTITIONED BY (\"%s\")", by);
    text_add(t, " WITH (number_of_replicas = '%s', refresh_interval = %" PRIu64 ")", l->replicas,
             l->refresh_ms);
}

void crate_sql_insert(struct text *t, const struct crate_table *table, unsigned objects,
                      bool skip_duplicates)
{
    struct text sql = {0};
    char name[32];
    text_add(&sql, "INSERT INTO %s (", table->quoted);
    for (unsigned i = 0; crate_column(i, objects, name, sizeof name); i++)
        text_add(&sql, "%s\"%s\"", i ? ", " : "", name);
    text_add(&sql, ") VALUES (");
    for (unsigned i = 0; i < COLUMNS + objects; i++)
        text_add(&sql, i ? ",?" : "?");
    text_add(&sql, ")%s", skip_duplicates ? " ON CONFLICT DO NOTHING" : "");
    text_add(t, "{\"stmt\":");
    crate_json_string(t, text_str(&sql), sql.len);
    text_add(t, ",\"bulk_args\":[");
    t->cut |= sql.cut;
    text_free(&sql);
}

void crate_sql_select(struct text *t, const struct crate_table *table)
{
    text_add(t, "SELECT * FROM %s WHERE \"id\" = {key}", table->quoted);
}

void crate_sql_update(struct text *t, const struct crate_table *table)
{
    text_add(t,
             "UPDATE %s SET \"amount\" = {amount}, \"quantity\" = {quantity} WHERE \"id\" = {key}",
             table->quoted);
}

void crate_sql_delete(struct text *t, const struct crate_table *table)
{
    text_add(t, "DELETE FROM %s WHERE \"id\" = {oldest}", table->quoted);
}

void crate_sql_aggregate(struct text *t, const struct crate_table *table, unsigned aggregate)
{
    const char *s = aggregates[aggregate], *at = strstr(s, "%s");
    text_put(t, s, (size_t)(at - s));
    text_add(t, "%s%s", table->quoted, at + 2);
}
