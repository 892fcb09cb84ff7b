/* The table that the crate backend writes to and reads from, and the SQL to create, fill and query
 * it.
 *
 * The columns are those of the reference generator: id, timestamp, region, product_category,
 * event_type, user_id, user_segment, amount, quantity, metadata, and obj_0.. for wide tables. A
 * table that loadtop made carries a CHECK constraint whose name holds the run's id, "loadtop_run_"
 * and 8 hex digits: a table that any run created can be loaded without --allow-destructive, but
 * only the run that created it drops it. A record's key begins with the run's id.
 *
 * CrateDB has had named CHECKs since 4.2. Such a name is unique within its table, and
 * information_schema.table_constraints lists it (docs/sql/statements/create-table.rst; a table has
 * no comment there). It costs one comparison per row. CREATE TABLE ... LIKE copies it, so a table
 * is dropped only if it contains no records of others. */
#ifndef LOADTOP_BACKENDS_CRATE_SQL_SQL_H
#define LOADTOP_BACKENDS_CRATE_SQL_SQL_H

#include "engine/base/text.h"

#include <stdbool.h>
#include <stdint.h>

struct err;

#define CRATE_MARK "loadtop_run_"        /* and the run's id */
#define CRATE_OLD_MARK "made_by_loadtop" /* mark of older versions, without a run id */
#define CRATE_RUN_LEN 8
#define CRATE_NAME_MAX 128
#define CRATE_AGGREGATES 6

struct crate_table {
    char schema[CRATE_NAME_MAX]; /* schema for queries on system tables: never "" */
    char name[CRATE_NAME_MAX];
    char shown[2 * CRATE_NAME_MAX]; /* doc.loadtop */
    char quoted[2 * CRATE_NAME_MAX +
                8]; /* the name for SQL, without the schema if the URL has none */
};

enum crate_partition {
    CRATE_PARTITION_NONE,
    CRATE_PARTITION_REGION,
    CRATE_PARTITION_DAY,
    CRATE_PARTITION_MONTH
};
#define CRATE_PARTITION_CHOICES "none|region|day|month"

struct crate_layout {
    const char *run;      /* id of the run that creates the table, CRATE_RUN_LEN hex digits */
    unsigned shards;      /* 0: the server's default */
    const char *replicas; /* "0", "1", "0-1" */
    uint64_t refresh_ms;  /* 0: never by itself */
    enum crate_partition partition;
    unsigned objects;
};

/* Reads "/[schema.]table" (empty: loadtop). default_schema: what the Default-Schema header will
 * say, or "" (doc). ERR_USAGE for names that CrateDB refuses. */
int crate_table_parse(struct crate_table *, const char *path, const char *default_schema,
                      struct err *);
/* Is this the name of a constraint that marks a table as created by loadtop? *of_run: by this
 * run. */
bool crate_is_mark(const char *constraint, const char *run, bool *of_run);
/* The LIKE pattern for the keys of a run, with special characters escaped. buf: CRATE_LIKE_MAX. */
#define CRATE_LIKE_MAX 40
char *crate_run_like(char *buf, const char *run);
/* 8 hex digits, as every run's id is. */
bool crate_run_ok(const char *run);
/* How many copies of each record exist on that many nodes with number_of_replicas = `replicas`
 * ("1", "0-1", "1-all"). */
unsigned crate_copies(const char *replicas, unsigned nodes);
/* CREATE TABLE. */
void crate_sql_create(struct text *, const struct crate_table *, const struct crate_layout *);
/* The insert's request up to its first record: {"stmt":"INSERT ...","bulk_args":[ */
void crate_sql_insert(struct text *, const struct crate_table *, unsigned objects,
                      bool skip_duplicates);
/* Write the statements of the operations, for crate_stmt_parse. aggregate:
 * 0..CRATE_AGGREGATES-1. */
void crate_sql_select(struct text *, const struct crate_table *);
void crate_sql_update(struct text *, const struct crate_table *);
void crate_sql_delete(struct text *, const struct crate_table *);
void crate_sql_aggregate(struct text *, const struct crate_table *, unsigned aggregate);
/* The i-th column's name into buf, or NULL past the last. */
const char *crate_column(unsigned i, unsigned objects, char *buf, size_t size);
/* replicas is "N", "N-M" or "N-all". */
bool crate_replicas_ok(const char *replicas);

#endif
