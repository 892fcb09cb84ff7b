/* The Cassandra backend: its descriptor and options, and what a worker does for each operation.
 *
 * On the path of an operation there is no allocation, no lock and no clock: a key is drawn, its
 * token finds a node, and an EXECUTE is written into the bytes that the next flush sends. The five
 * patterns are the engine's; a connection carries as many requests as there are stream ids. Called
 * by the engine only. */
#include "backends/cassandra/clean.h"
#include "backends/cassandra/conn.h"
#include "backends/common/tls.h"
#include "backends/cassandra/pool.h"
#include "backends/cassandra/request.h"
#include "backends/cassandra/ring.h"
#include "backends/cassandra/schema.h"
#include "backends/cassandra/stmt.h"
#include "backends/cassandra/types.h"
#include "backends/registry.h"

#include <stdio.h>
#include <stdlib.h>

#define SERIAL_REST_NS (50 * NS_PER_MS) /* pause of a connection after a request was refused */
/* unsent bytes at which a connection accepts no more requests */
#define OUT_MAX ((size_t)1 << 20)
#define CASS_CONSISTENCY_CHOICES                                                                   \
    "any|one|two|three|quorum|all|local_quorum|each_quorum|serial|local_serial|local_one"

/* ---- For a worker ---- */

static void cass_tune(struct worker *worker)
{
    struct cass_worker *w = worker_data(worker);
    const struct options *o = pool_options(worker_pool(worker));
    keys_set(&w->keys, option_u64(o, CASS_KEYS), (enum distribution)option_u64(o, CASS_DIST));
    w->size_low = option_low(o, CASS_SIZE);
    w->size_high = option_high(o, CASS_SIZE);
    w->page = (uint32_t)option_u64(o, CASS_PAGE);
    w->consistency = (uint16_t)option_u64(o, CASS_CONSISTENCY);
    w->no_reads = pool_read_only(worker_pool(worker)) &&
                  (w->consistency == CQL_SERIAL || w->consistency == CQL_LOCAL_SERIAL);
    w->token_aware = option_u64(o, CASS_ROUTE) == 0;
    w->batch = (enum cql_batch)option_u64(o, CASS_BATCH);
}

static int cass_worker_open(struct worker *worker, struct err *err)
{
    struct cass_worker *w = worker_data(worker);
    struct cass_pool *p = pool_data(worker_pool(worker));
    memset(w, 0, sizeof *w);
    w->worker = worker;
    w->in = malloc(CASS_IN);
    w->node = calloc(CASS_HOSTS_MAX, sizeof *w->node);
    if (!w->in || !w->node) {
        free(w->in);
        free(w->node);
        return err_set(err, ERR_FAILED, "cassandra: out of memory for a thread");
    }
    workers_join(&p->workers, &w->entry);
    cass_tune(worker);
    return 0;
}

static void cass_worker_close(struct worker *worker)
{
    struct cass_worker *w = worker_data(worker);
    struct cass_pool *p = pool_data(worker_pool(worker));
    workers_leave(&p->workers, &w->entry);
    free(w->in);
    free(w->node);
    w->in = NULL;
    w->node = NULL;
}

static void cass_fill(struct worker *worker, struct op *op)
{
    struct cass_worker *w = worker_data(worker);
    bool follows = op->type == CASS_OP_SELECT || op->type == CASS_OP_DELETE;
    op->key = follows ? keys_follow(&w->keys, worker_pool(worker), op->rnd, op->n)
                      : keys_choose(&w->keys, worker_pool(worker), op->rnd, op->n);
    if (!follows)
        op->size = span_pick(w->size_low, w->size_high, mix64(op->rnd));
}

/* The bytes of a request's values. A row counts all its values including the key. A user's
 * statement counts one row plus its own text, because the text may contain further values. A batch
 * counts its rows, which all have the same size because they use one statement. */
static uint64_t cass_data_bytes(const struct worker *worker, const struct op *op)
{
    const struct cass_worker *w = worker_data(worker);
    const struct cass_pool *p = pool_data(worker_pool(worker));
    const struct cass_statement_info *st = &p->statement[cass_statement_of(w, op)];
    uint64_t row = cass_row_bytes(st, w->keys.n - 1, op->size);
    if (op->type == CASS_OP_STMT)
        return st->reads ? 0 : st->len + row;
    return op->n * row;
}

/* ---- Routes ---- */

enum fitness { FIT_DOWN, FIT_RESTING, FIT_UNTRIED, FIT_UP };

/* A node's suitability for the next request, in this worker's view. */
static enum fitness fitness(const struct cass_worker *w, const struct cass_host *h,
                            const struct cass_node *n)
{
    if (atomic_load_explicit(&h->gone, memory_order_relaxed))
        return FIT_DOWN;
    if (!n->up)
        return n->failed || atomic_load_explicit(&h->down, memory_order_relaxed) ? FIT_DOWN
                                                                                 : FIT_UNTRIED;
    return n->rests && n->backoff_until_ns > loop_now(worker_loop(w->worker)) ? FIT_RESTING
                                                                              : FIT_UP;
}

static uint32_t cass_route(struct worker *worker, const struct op *op)
{
    struct cass_worker *w = worker_data(worker);
    struct cass_pool *p = pool_data(worker_pool(worker));
    uint32_t hosts = atomic_load_explicit(&p->hosts, memory_order_acquire), best = 0;
    if (hosts <= 1)
        return 0;
    const struct cass_statement_info *st = &p->statement[cass_statement_of(w, op)];
    enum fitness best_fit = FIT_DOWN;
    if (w->token_aware && st->keys) {
        const struct cass_token *t = cass_replicas(
            atomic_load_explicit(&p->ring, memory_order_acquire), cass_row_token(st, op->key));
        for (uint32_t i = 0, first = (uint32_t)(op->rnd & 0xFFFF); t && i < t->replicas; i++) {
            uint32_t at = t->replica[(first + i) % t->replicas];
            enum fitness fit = fitness(w, &p->host[at], &w->node[at]);
            if (fit > best_fit) {
                best_fit = fit;
                best = at;
            }
        }
        if (best_fit >= FIT_UNTRIED)
            return best;
    }
    for (uint32_t i = 0, first = w->turn++; i < hosts && best_fit < FIT_UP; i++) {
        uint32_t at = (first + i) % hosts;
        enum fitness fit = fitness(w, &p->host[at], &w->node[at]);
        if (fit > best_fit) {
            best_fit = fit;
            best = at;
        }
        if (best_fit == FIT_UNTRIED && !w->token_aware)
            break;
    }
    /* no node is up: wait for each in turn */
    return best_fit == FIT_DOWN ? w->turn % hosts : best;
}

static enum submit busy(struct cass_conn *c)
{
    c->busy = true;
    return SUBMIT_BUSY;
}

static enum submit refuse(const struct op *op, const char *error_class, const char *why)
{
    op_error(op, error_class, op->n, why, strlen(why));
    return SUBMIT_FAILED;
}

static enum submit cass_submit(struct conn *conn, struct op *op)
{
    struct cass_worker *w = worker_data(conn->worker);
    struct cass_conn *c = conn_data(conn);
    unsigned st = cass_statement_of(w, op);

    if (c->out.len - c->out.sent > OUT_MAX ||
        (c->backoff_until_ns && loop_now(worker_loop(conn->worker)) < c->backoff_until_ns))
        return busy(c);
    if (w->no_reads) {
        cass_rest(c, SERIAL_REST_NS);
        return refuse(op, "read_only",
                      "a read at a serial consistency takes part in Paxos, which writes: "
                      "not under --read-only");
    }
    if (c->stmt[st].state != PREPARED_READY) {
        if (c->stmt[st].state == PREPARED_FAILED) {
            /* Report it once; the next request prepares the statement again, so that failures come
             * at the server's pace. */
            c->stmt[st].state = PREPARED_NOT;
            return refuse(op, c->stmt[st].error_class, c->stmt[st].why);
        }
        if (c->stmt[st].state == PREPARED_NOT && !cass_prepare(c, st))
            return refuse(op, "memory", "no room to prepare the statement");
        return busy(c);
    }
    int stream = cql_stream_take(&c->streams, op);
    if (stream < 0)
        return busy(c);
    if (cass_write_request(w, c, op, st, (unsigned)stream, (struct cql_str){0}) == 0) {
        _Atomic uint64_t *sent = &w->node[conn->group].requests;
        atomic_store_explicit(sent, atomic_load_explicit(sent, memory_order_relaxed) + 1,
                              memory_order_relaxed);
        return SUBMIT_QUEUED;
    }
    void *owner;
    cql_stream_release(&c->streams, (unsigned)stream, &owner);
    return refuse(op, "too_large", "a request larger than 64 MiB");
}

static uint32_t cass_depth(const struct options *o, const double *weight, uint32_t client_depth)
{
    uint64_t streams = option_u64(o, CASS_STREAMS);
    (void)weight;
    (void)client_depth;
    return streams < CQL_STREAMS_MAX ? (uint32_t)streams : CQL_STREAMS_MAX;
}

/* ---- Targets and options ---- */

static int cass_check(const struct target *t, const struct options *o, struct err *err)
{
    char keyspace[CASS_NAME_MAX], table[CASS_NAME_MAX];
    const char *replication = option_str(o, CASS_REPLICATION);
    if (!t->hosts)
        return err_set(err, ERR_USAGE,
                       "%s: a host is needed, such as cassandra://localhost/keyspace", t->shown);
    if (strcmp(t->scheme, "cassandras") == 0 && tls_check(t->shown, err) < 0)
        return ERR_USAGE;
    if (option_u64(o, CASS_COMPRESSION) && !cql_lz4_built())
        return err_set(err, ERR_USAGE,
                       "%s: compression lz4 is not built in (liblz4-dev was not there)", t->shown);
    if (replication[0] != '{' && strspn(replication, "0123456789") != strlen(replication))
        return err_set(err, ERR_USAGE,
                       "replication: '%s' is not allowed: a number, or {'class': "
                       "'NetworkTopologyStrategy', 'dc1': 3}",
                       replication);
    if (strlen(option_str(o, CASS_DC)) >= CASS_PLACE_MAX)
        return err_set(err, ERR_USAGE, "dc: longer than %d bytes", CASS_PLACE_MAX - 1);
    return cass_names(t, keyspace, table, err);
}

static const struct option_spec cass_options[] = {
    [CASS_CREATE] = {"create", OPTION_BOOL, 0, "yes", 0, 0, NULL,
                     "make the keyspace and the table if they are not there"},
    [CASS_KEYS] = {"keys", OPTION_COUNT, OPTION_LIVE, "1M", 1, 1e15, NULL,
                   "how many different keys are used"},
    [CASS_DIST] = {"dist", OPTION_CHOICE, OPTION_LIVE, "uniform", 0, 0, DIST_CHOICES,
                   "how keys are drawn: all alike, a few of them most of the time, or one by one"},
    [CASS_SIZE] = {"size", OPTION_SPAN, OPTION_LIVE, "1", 0, 16 << 20, NULL,
                   "bytes of each text or blob column that is not a key: one number, or low-high"},
    [CASS_COLUMNS] = {"columns", OPTION_COUNT, 0, "2", 0, 60, NULL,
                      "columns besides the key, of a table that is made"},
    [CASS_TYPE] =
        {"type", OPTION_CHOICE, 0, "text", 0, 0,
         "text|blob|int|bigint|float|double|boolean|uuid|timestamp|decimal|varint|inet|date|time",
         "type of these columns"},
    [CASS_CONSISTENCY] = {"consistency", OPTION_CHOICE, OPTION_LIVE, "one", 0, 0,
                          CASS_CONSISTENCY_CHOICES,
                          "how many replicas answer before an operation is done"},
    [CASS_ROWS] = {"rows", OPTION_COUNT, OPTION_LIVE, "10", 1, 65535, NULL, "rows of a batch"},
    [CASS_BATCH] =
        {"batch", OPTION_CHOICE, 0, "logged", 0, 0, "logged|unlogged|counter",
         "kind of batch: logged and unlogged insert rows, counter adds to TABLE_counters"},
    [CASS_REPLICATION] =
        {"replication", OPTION_TEXT, 0, "1", 0, 0, NULL,
         "of a keyspace that is made: a number for SimpleStrategy, or the whole map in braces"},
    [CASS_COMPACTION] = {"compaction", OPTION_CHOICE, 0, "default", 0, 0,
                         "default|size_tiered|leveled|time_window|unified",
                         "compaction of a table that is made"},
    [CASS_COMPRESSION] = {"compression", OPTION_CHOICE, 0, "none", 0, 0, "none|lz4",
                          "compression of the frames on the wire"},
    [CASS_STREAMS] = {"streams", OPTION_COUNT, 0, "32768", 1, 32768, NULL,
                      "requests that one connection carries at once"},
    [CASS_ROUTE] = {"route", OPTION_CHOICE, OPTION_LIVE, "token", 0, 0, "token|round_robin",
                    "which node gets a request: one that holds the row, or one after the other"},
    [CASS_DISCOVER] = {"discover", OPTION_BOOL, 0, "yes", 0, 0, NULL,
                       "use all nodes of the data centre, not only those of the URL"},
    [CASS_DC] = {"dc", OPTION_TEXT, 0, "", 0, 0, NULL,
                 "data centre whose nodes are used; empty: that of the first node reached"},
    [CASS_STMT] = {"stmt", OPTION_TEXT, 0, "", 0, 0, NULL,
                   "statements of operation stmt, with ; between them, one is drawn each time; "
                   "each ? is generated by its column's type"},
    [CASS_STMT_FILE] = {"stmt-file", OPTION_TEXT, OPTION_TRUSTED_ONLY, "", 0, 0, NULL,
                        "file of such statements, instead of stmt"},
    [CASS_PAGE] = {"page", OPTION_COUNT, OPTION_LIVE, "5000", 0, 1e9, NULL,
                   "rows of one answer to stmt; the pages after it belong to the "
                   "operation. 0: all in one"},
    TLS_OPTION_ROWS(CASS_TLS, "cassandras", NULL, NULL),
    {.name = NULL},
};

static const struct op_type cass_ops[] = {
    [CASS_OP_INSERT] = {.name = "insert",
                        .help = "writes a row of `columns` small columns",
                        .weight = 1,
                        .noun = "row"},
    [CASS_OP_SELECT] = {.name = "select",
                        .help = "reads a row by its key, and checks that it is that row",
                        .reads = true,
                        .noun = "row"},
    [CASS_OP_UPDATE] = {.name = "update",
                        .help = "writes all columns of a row but its key",
                        .noun = "row"},
    [CASS_OP_DELETE] = {.name = "delete", .help = "removes a row by its key", .noun = "row"},
    [CASS_OP_BATCH] = {.name = "batch",
                       .help = "writes `rows` rows in one BATCH of kind `batch`",
                       .bulk = "rows",
                       .noun = "row"},
    [CASS_OP_STMT] = {.name = "stmt",
                      .help = "executes a statement of option `stmt` or `stmt-file`",
                      .noun = "op"},
    [CASS_OPS] = {.name = NULL},
};

const struct backend backend_cassandra = {
    .name = "cassandra",
    .summary = "Cassandra by its native protocol v4; the driver's five ways of keeping requests "
               "in flight are the patterns sync, batch, queue, unthrottled and chain",
    .schemes = "cassandra cassandras",
    .url_forms =
        "cassandra://[USER:PASS@]HOST[:9042][,HOST...]/KEYSPACE[.TABLE], cassandras:// with TLS",
    .connections = "one for each client, to each node",
    .example = "cassandra://localhost/loadtop?pattern=chain&depth=120&ops=insert:1,select:1",
    .default_port = 9042,
    .options = cass_options,
    .ops = cass_ops,
    .flags = BACKEND_STREAMS,
    .pool_size = sizeof(struct cass_pool),
    .worker_size = sizeof(struct cass_worker),
    .conn_size = sizeof(struct cass_conn),
    .op_size = sizeof(struct cass_op),
    .check = cass_check,
    .pool_open = cass_pool_open,
    .pool_stats = cass_pool_stats,
    .pool_close = cass_pool_close,
    .clean = cass_clean,
    .depth = cass_depth,
    .worker_open = cass_worker_open,
    .worker_close = cass_worker_close,
    .tune = cass_tune,
    .fill = cass_fill,
    .data_bytes = cass_data_bytes,
    .route = cass_route,
    .open = cass_open,
    .submit = cass_submit,
    .flush = cass_flush,
    .close = cass_close,
};
