/* The crate backend: bulk inserts of generated records into CrateDB, and the reads of a dashboard.
 *
 * This file holds its tables (options, operations, hooks) and what is decided before a run begins;
 * types.h says which file does what. Without libcurl or zlib it stays in the list and says
 * what to install. */
#include "backends/registry.h"
#include "engine/backend.h"

#if LOADTOP_HAVE_CURL && LOADTOP_HAVE_ZLIB
#include "backends/crate/clean.h"
#include "backends/crate/conn.h"
#include "backends/crate/guard.h"
#include "backends/crate/pool.h"
#include "backends/crate/request.h"
#include "backends/crate/setup.h"
#include "backends/crate/types.h"
#include "backends/crate/worker.h"
#include "engine/base/err.h"

#include <string.h>

static const struct option_spec crate_options[] = {
    [OPT_ROWS] = {"rows", OPTION_COUNT, OPTION_LIVE, "100", 1, 100000, NULL,
                  "records in one insert request"},
    [OPT_OBJECTS] = {"objects", OPTION_COUNT, 0, "0", 0, CRATE_OBJECTS_MAX, NULL,
                     "extra text columns obj_0.. of few values each, for wide tables"},
    [OPT_CREATE] = {"create", OPTION_BOOL, 0, "yes", 0, 0, NULL,
                    "create the table if it does not exist"},
    [OPT_DROP] = {"drop", OPTION_BOOL, 0, "no", 0, 0, NULL,
                  "drop the table at the end, if this pool created it"},
    [OPT_SHARDS] = {"shards", OPTION_COUNT, 0, "4", 0, 1024, NULL,
                    "shards of a table that is created; 0: the server's default"},
    [OPT_REPLICAS] = {"replicas", OPTION_TEXT, 0, "0", 0, 0, NULL,
                      "replicas of a table that is created: 1, 0-1, 1-all"},
    [OPT_REFRESH] = {"refresh", OPTION_DURATION, 0, "1s", 0, 3.6e12, NULL,
                     "refresh interval of a table that is created; 0: never by itself"},
    [OPT_PARTITION] = {"partition", OPTION_CHOICE, 0, "none", 0, 0, CRATE_PARTITION_CHOICES,
                       "partition a table that is created by region, day or month"},
    [OPT_CONFLICT] = {"conflict", OPTION_CHOICE, 0, "error", 0, 0, "error|nothing",
                      "a key that exists: an error, or skipped (ON CONFLICT DO NOTHING)"},
    [OPT_DUPLICATES] = {"duplicates", OPTION_REAL, OPTION_LIVE, "0", 0, 1, NULL,
                        "share of records that repeat a key that was inserted before"},
    [OPT_TIMES] = {"times", OPTION_CHOICE, 0, "now", 0, 0, "now|seed",
                   "timestamps are the clock's, or follow from the record's number: 10 ms apart "
                   "from 2025-01-01"},
    [OPT_SCHEMA] = {"schema", OPTION_TEXT, 0, NULL, 0, 0, NULL,
                    "default schema of all statements (the Default-Schema header)"},
    [OPT_GZIP] = {"gzip", OPTION_BOOL, 0, "no", 0, 0, NULL, "compress requests"},
    [OPT_TOKEN] = {"token", OPTION_SECRET, 0, NULL, 0, 0, NULL,
                   "JWT for bearer authentication, in place of user and password"},
    TLS_OPTION_ROWS(OPT_TLS, "crates", "ca", "tls-verify"),
    [OPT_STMT] =
        {"stmt", OPTION_TEXT, 0, NULL, 0, 0, NULL,
         "your own SQL for the operation stmt, with placeholders such as {key} {new} {now} "
         "{ago:1h} {region} {user_id} {amount} {int:1-100} {text:20} {choice:a|b}; several "
         "are separated by ;"},
    [OPT_STMT_FILE] = {"stmt-file", OPTION_TEXT, OPTION_TRUSTED_ONLY, NULL, 0, 0, NULL,
                       "a file with such statements"},
    [OPT_BALANCE] = {"balance", OPTION_COUNT, OPTION_LIVE, "30", 0, 1000, NULL,
                     "fresh connections at the start that show how a load balancer spreads them; "
                     "another number while it runs checks again"},
    {.name = NULL},
};

static const struct op_type crate_ops[] = {
    [CRATE_INSERT] = {.name = "insert",
                      .help = "insert generated records, `rows` in one request",
                      .weight = 1,
                      .bulk = "rows",
                      .noun = "row"},
    [CRATE_SELECT] = {.name = "select",
                      .help = "one row by its key, of those inserted by this pool, else any",
                      .reads = true,
                      .noun = "op"},
    [CRATE_AGGREGATE] = {.name = "aggregate",
                         .help = "one of six aggregations that a dashboard would run",
                         .reads = true,
                         .noun = "op"},
    [CRATE_UPDATE] = {.name = "update",
                      .help = "amount and quantity of a row that this pool inserted",
                      .noun = "op"},
    [CRATE_DELETE] = {.name = "delete",
                      .help = "the oldest row of this pool that is left",
                      .noun = "op"},
    [CRATE_STMT] = {.name = "stmt", .help = "your own SQL: stmt= or stmt-file=", .noun = "op"},
    {.name = NULL},
};

static int crate_check(const struct target *t, const struct options *o, struct err *err)
{
    struct crate_table table;
    struct crate_stmt *stmt;
    unsigned n;
    if (t->hosts == 0)
        return err_set(err, ERR_USAGE, "%s: a host is missing: crate://localhost:4200/doc.loadtop",
                       t->shown);
    if (crate_table_parse(&table, t->path, option_str(o, OPT_SCHEMA), err) < 0)
        return ERR_USAGE;
    if (!crate_replicas_ok(option_str(o, OPT_REPLICAS)))
        return err_set(err, ERR_USAGE, "replicas=%s: allowed are 1, 0-1, 1-all",
                       option_str(o, OPT_REPLICAS));
    if (strpbrk(option_str(o, OPT_SCHEMA), "\r\n") || strpbrk(option_str(o, OPT_TOKEN), "\r\n"))
        return err_set(err, ERR_USAGE, "schema, token: a line break is not allowed");
    if (crate_user_statements(o, &stmt, &n, err) < 0)
        return ERR_USAGE;
    crate_user_statements_free(&stmt, &n);
    return 0;
}

/* HTTP/1.1 without pipelining: one request on a connection at a time. */
static uint32_t crate_depth(const struct options *o, const double *weight, uint32_t client_depth)
{
    (void)o;
    (void)weight;
    (void)client_depth;
    return 1;
}

#else

static const struct option_spec crate_options[] = {{.name = NULL}};
static const struct op_type crate_ops[] = {{.name = "insert", .weight = 1, .noun = "row"},
                                           {.name = NULL}};

#endif

const struct backend backend_crate = {
    .name = "crate",
    .summary = "CrateDB over HTTP: bulk inserts of generated records, queries",
    .schemes = "crate crates",
    .url_forms = "crate://[USER[:PASS]@]HOST[:4200][,HOST...]/[SCHEMA.]TABLE, crates:// with TLS",
    .connections = "one for each request in flight, to each host",
    .example = "crate://localhost:4200/doc.loadtop?threads=4&rows=200",
    .default_port = 4200,
    .options = crate_options,
    .ops = crate_ops,
#if !(LOADTOP_HAVE_CURL && LOADTOP_HAVE_ZLIB)
    .unavailable = "built without libcurl or zlib: install libcurl4-openssl-dev and "
                   "zlib1g-dev, and build again",
#else
    .pool_size = sizeof(struct crate_pool),
    .worker_size = sizeof(struct crate_worker),
    .conn_size = sizeof(struct crate_conn),
    .op_size = sizeof(struct crate_request),
    .check = crate_check,
    .pool_open = crate_pool_open,
    .pool_stats = crate_pool_stats,
    .pool_close = crate_pool_close,
    .clean = crate_clean,
    .depth = crate_depth,
    .to_come = crate_to_come,
    .worker_open = crate_worker_open,
    .worker_close = crate_worker_close,
    .fill = crate_fill,
    .data_bytes = crate_data_bytes,
    .route = crate_route,
    .open = crate_open,
    .submit = crate_submit,
    .flush = crate_flush,
    .close = crate_close,
#endif
};
