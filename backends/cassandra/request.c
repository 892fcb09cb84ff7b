/* The request of an operation: its statement and its frame.
 *
 * On the path of an operation there is no allocation, no lock and no clock: an EXECUTE, or a batch,
 * is written into the bytes that the next flush sends. */
#include "backends/cassandra/request.h"

#include "backends/cassandra/stmt.h"
#include "backends/cassandra/types.h"

unsigned cass_statement_of(const struct cass_worker *w, const struct op *op)
{
    static const uint8_t of[] = {ST_INSERT, ST_SELECT, ST_UPDATE, ST_DELETE, ST_INSERT, ST_STMT};
    if (op->type == CASS_OP_BATCH && w->batch == CQL_COUNTERS)
        return ST_COUNTER;
    if (op->type != CASS_OP_STMT)
        return of[op->type];
    /* Derived from the operation's random bits, so that it is the same when sent again. */
    const struct cass_pool *p = pool_data(worker_pool(w->worker));
    return ST_STMT + (p->user_stmts > 1 ? (unsigned)rng_below(mix64(~op->rnd), p->user_stmts) : 0);
}

/* The key of the i-th row of a request. */
static uint64_t row_key(const struct cass_worker *w, const struct op *op, uint32_t i)
{
    return i == 0 ? op->key : keys_next(&w->keys, op->key, i, mix64(op->rnd + i));
}

static void put_row(const struct cass_worker *w, struct cql_writer *out,
                    const struct cass_statement_info *st, const struct op *op, uint32_t i)
{
    struct cass_row row = {
        .key = row_key(w, op, i), .rnd = op->rnd + ((uint64_t)i << 32), .size = op->size};
    for (unsigned k = 0; k < st->params; k++)
        cass_put_value(out, &st->param[k], k, &row);
}

int cass_write_request(const struct cass_worker *w, struct cass_conn *c, const struct op *op,
                       unsigned statement, unsigned stream, struct cql_str page)
{
    const struct cass_pool *p = pool_data(worker_pool(w->worker));
    const struct cass_statement_info *st = &p->statement[statement];
    struct cql_params q = {.consistency = w->consistency,
                           .skip_metadata = true,
                           .page_size = op->type == CASS_OP_STMT ? (int32_t)w->page : 0,
                           .paging_state = page};
    struct cql_writer *out = &c->out;

    if (op->type == CASS_OP_BATCH) {
        cql_begin_batch(out, stream, w->batch, op->n);
        for (uint32_t i = 0; i < op->n; i++) {
            cql_batch_add(out, c->stmt[statement].id, c->stmt[statement].id_len, st->params);
            put_row(w, out, st, op, i);
        }
        cql_batch_tail(out, &q);
        return cql_end(out);
    }
    cql_begin_execute(out, stream, c->stmt[statement].id, c->stmt[statement].id_len);
    cql_params_head(out, &q, st->params);
    put_row(w, out, st, op, 0);
    cql_params_tail(out, &q);
    return cql_end(out);
}

int cass_next_page(struct cass_conn *c, struct op *op, struct cql_str state)
{
    struct cass_worker *w = worker_data(c->conn->worker);
    unsigned st = cass_statement_of(w, op);
    int stream = c->stmt[st].state == PREPARED_READY ? cql_stream_take(&c->streams, op) : -1;
    if (stream < 0)
        return -1;
    if (cass_write_request(w, c, op, st, (unsigned)stream, state) == 0)
        return 0;
    void *owner;
    cql_stream_release(&c->streams, (unsigned)stream, &owner);
    return -1;
}
