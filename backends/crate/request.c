/* A request on a connection of the crate backend, and its outcome.
 *
 * A complete answer tells for each row whether it was stored. Otherwise (no answer, a torn or wrong
 * one, a 5xx) the state of an insert's rows is unknown, and they are counted as unknown: the number
 * of rows in the table is between the acknowledged ones and these plus the unknown ones. submit()
 * only accepts the request, flush() (conn.c) sends it, so that libcurl writes after the engine has
 * stamped it. */
#if LOADTOP_HAVE_CURL && LOADTOP_HAVE_ZLIB
#include "backends/crate/request.h"

#include "backends/crate/guard.h"
#include "backends/crate/scheme.h"
#include "backends/crate/types.h"
#include "backends/crate_sql/error.h"
#include "engine/base/secret.h"
#include "engine/base/utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

const char *crate_network_class(CURLcode result, long os_errno)
{
    switch (result) {
    case CURLE_COULDNT_CONNECT:
        return os_errno == ECONNREFUSED          ? "refused"
               : err_is_own_limit((int)os_errno) ? "own_limit"
                                                 : "connect";
    case CURLE_OPERATION_TIMEDOUT:
        return "timeout";
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
        return "tls";
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_CONTENT_ENCODING:
        return "bad reply";
    default:
        return "closed";
    }
}

enum submit crate_submit(struct conn *conn, struct op *op)
{
    struct crate_conn *c = conn_data(conn);
    struct crate_request *r = op_data(op);
    if (c->phase != PHASE_IDLE)
        return SUBMIT_BUSY;
    if (!r->body || !r->body->len) {
        static const char msg[] = "out of memory for a request -> fewer rows";
        op_error(op, "memory", op->n, msg, sizeof msg - 1);
        return SUBMIT_FAILED;
    }
    c->op = op;
    c->n = op->n;
    c->type = op->type;
    c->key = op->key;
    c->plain_len = 0;
    c->why[0] = '\0';
    c->phase = PHASE_SUBMITTED;
    return SUBMIT_QUEUED;
}

static void count_bytes(struct crate_conn *c)
{
    curl_off_t up = 0, down = 0;
    long request = 0, header = 0;
    curl_easy_getinfo(c->easy, CURLINFO_SIZE_UPLOAD_T, &up);
    curl_easy_getinfo(c->easy, CURLINFO_SIZE_DOWNLOAD_T, &down);
    curl_easy_getinfo(c->easy, CURLINFO_REQUEST_SIZE, &request);
    curl_easy_getinfo(c->easy, CURLINFO_HEADER_SIZE, &header);
    /* REQUEST_SIZE includes bytes sent with the headers, which may include a small body. */
    uint64_t sent = request >= up ? (uint64_t)request : (uint64_t)request + (uint64_t)up;
    conn_bytes(c->conn, sent, (uint64_t)header + (uint64_t)down);
}

static void fail(struct crate_conn *c, const char *error_class, const char *msg, size_t len,
                 bool unknown)
{
    struct op *op = c->op;
    struct crate_counts *counts = &crate_worker_of(c)->pool->counts;
    if (c->type == CRATE_INSERT)
        crate_add(unknown ? &counts->unknown : &counts->refused, c->n);
    c->op = NULL;
    c->phase = PHASE_IDLE;
    op_fail(op, error_class, msg, len);
}

/* Fails a request whose answer is torn, not JSON, or does not match it. */
static void fail_reply(struct crate_conn *c, enum crate_verdict verdict)
{
    char msg[192];
    size_t len = text_append(msg, sizeof msg, 0, "%.120s: ", crate_host_of(c)->shown);
    if (verdict == CRATE_TORN)
        len = text_append(msg, sizeof msg, len, "the answer ends too early");
    else if (verdict == CRATE_WRONG)
        len = text_append(msg, sizeof msg, len, "the answer is not JSON, is this CrateDB?");
    else
        len = text_append(msg, sizeof msg, len, "%u rows were sent and %" PRIu64 " answered", c->n,
                          c->reply.results);
    len = text_append(msg, sizeof msg, len, " (outcome unknown)");
    fail(c, verdict == CRATE_TORN ? "torn" : "bad reply", msg, len, true);
}

/* The server refused the request as a whole. */
static void fail_status(struct crate_conn *c, long status, enum crate_verdict verdict)
{
    char name[CRATE_CLASS_MAX], msg[192];
    const struct crate_fault *f = &c->reply.error;
    bool told = verdict == CRATE_WHOLE && c->reply.has_error;
    unsigned plain = told ? f->len : (unsigned)clean_line(c->plain, c->plain_len);
    const char *said = told ? f->msg : c->plain;
    size_t len;
    if (told && f->code) {
        crate_code_class(name, sizeof name, f->code);
        len = crate_message(msg, sizeof msg, f->msg, f->len, crate_code_advice(f->code));
    } else {
        crate_status_class(name, sizeof name, status);
        len = crate_redirected(c->easy, crate_host_of(c), status, msg, sizeof msg)
                  ? strlen(msg)
                  : crate_message(msg, sizeof msg, said, plain, crate_status_advice(status));
    }
    crate_strain_error(worker_pool(c->conn->worker), told ? f->code : 0, status, said, plain);
    bool unknown = told && f->code ? f->code >= 5000 && f->code < 6000 : status >= 500;
    fail(c, name, msg, len, unknown);
}

static void note_faults(const struct crate_conn *c, const struct op *op)
{
    char name[CRATE_CLASS_MAX], msg[192];
    for (unsigned i = 0; i < c->reply.faults; i++) {
        const struct crate_fault *f = &c->reply.fault[i];
        size_t len = crate_message(msg, sizeof msg, f->msg, f->len, crate_code_advice(f->code));
        op_error(op, crate_code_class(name, sizeof name, f->code), f->rows, msg, len);
        crate_strain_error(worker_pool(c->conn->worker), f->code, 200, f->msg, f->len);
    }
}

static void insert_done(struct crate_conn *c)
{
    struct crate_pool *p = crate_worker_of(c)->pool;
    struct op *op = c->op;
    uint64_t failed = c->reply.failed, skipped = c->reply.skipped;
    uint64_t stored = c->n - failed - skipped, end = c->key + c->n;
    crate_add(&p->counts.acknowledged, stored);
    crate_add(&p->counts.failed, failed);
    crate_add(&p->counts.skipped, skipped);
    if (c->node >= 0)
        crate_add(&p->node[c->node].rows, stored);
    uint64_t seen = atomic_load_explicit(&p->confirmed, memory_order_relaxed);
    while (stored && seen < end && !atomic_compare_exchange_weak(&p->confirmed, &seen, end))
        ;
    c->op = NULL;
    c->phase = PHASE_IDLE;
    if (failed) {
        note_faults(c, op);
        op_partial(op, (uint32_t)failed);
    } else {
        op_done(op);
    }
}

static void statement_done(struct crate_conn *c)
{
    struct crate_pool *p = crate_worker_of(c)->pool;
    struct op *op = c->op;
    if (c->reply.rowcount == 0 && c->type != CRATE_AGGREGATE && c->type != CRATE_STMT)
        crate_add(&p->counts.missed, 1);
    if (c->type == CRATE_DELETE && c->reply.rowcount > 0)
        crate_add(&p->counts.deleted_rows, (uint64_t)c->reply.rowcount);
    c->op = NULL;
    c->phase = PHASE_IDLE;
    op_done(op);
}

/* Records the server's processing time, which distinguishes a slow server from a slow network. It
 * starts when the server has read the request. */
static void note_time(struct crate_conn *c)
{
    struct crate_counts *n = &crate_worker_of(c)->pool->counts;
    curl_off_t took_us = 0;
    if (!(c->reply.duration_ms >= 0) ||
        curl_easy_getinfo(c->easy, CURLINFO_TOTAL_TIME_T, &took_us) != CURLE_OK || took_us <= 0)
        return;
    double took_ns = (double)took_us * 1e3;
    crate_add(&n->took_ns, (uint64_t)took_ns);
    crate_add(&n->worked_ns, (uint64_t)fmin(c->reply.duration_ms * 1e6, took_ns));
}

static void answered(struct crate_conn *c)
{
    struct crate_pool *p = crate_worker_of(c)->pool;
    long status = 0;
    curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
    enum crate_verdict verdict = crate_reply_end(&c->reply);
    crate_add(&p->counts.requests, 1);
    if (verdict == CRATE_WHOLE)
        note_time(c);
    if (c->node >= 0)
        crate_add(&p->node[c->node].requests, 1);
    if (status != 200 || (verdict == CRATE_WHOLE && c->reply.has_error))
        fail_status(c, status, verdict);
    else if (verdict != CRATE_WHOLE)
        fail_reply(c, verdict);
    else if (c->type == CRATE_INSERT && (!c->reply.has_results || c->reply.results != c->n))
        fail_reply(c, verdict);
    else if (c->type == CRATE_INSERT)
        insert_done(c);
    else
        statement_done(c);
}

/* The connection broke with a request in flight, which conn_down ends. */
static void broken(struct crate_conn *c, CURLcode result)
{
    long header = 0, os_errno = 0;
    curl_easy_getinfo(c->easy, CURLINFO_HEADER_SIZE, &header);
    curl_easy_getinfo(c->easy, CURLINFO_OS_ERRNO, &os_errno);
    const char *name = crate_network_class(result, os_errno);
    /* the connection was lost, and libcurl was not allowed to send the request again */
    if (result == CURLE_COULDNT_CONNECT)
        name = "closed";
    const char *why = c->why[0] && result != CURLE_COULDNT_CONNECT ? c->why : "connection lost";
    if (header > 0 && strcmp(name, "closed") == 0)
        name = "torn";
    const struct crate_host *h = crate_host_of(c);
    char said[CURL_ERROR_SIZE], at[PLACE_TEXT_MAX + 8];
    conn_down(c->conn, name, "%s: %s%s (outcome unknown)", h->shown,
              address_prefix(&h->at, c->at, at, sizeof at),
              secret_said(said, sizeof said, why, strlen(why)));
}

void crate_request_done(struct crate_conn *c, CURLcode result)
{
    count_bytes(c);
    if (result == CURLE_OK)
        answered(c);
    else
        broken(c, result);
}

#else
extern int crate_not_built; /* ISO C wants a declaration */
#endif
