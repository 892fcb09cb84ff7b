/* A connection under load: handshake, answers, and errors from a node.
 *
 * Handshake: connect, TLS if asked for, STARTUP, PLAIN authentication, the cluster's name, then
 * every statement is prepared before the first operation. Requests are written into one buffer that
 * a flush sends; frames are parsed in the receive buffer.
 *
 * Invariant: each stream id in use belongs to one operation or to one internal request (an odd
 * owner) until it is answered. An operation that timed out keeps its stream id (the engine keeps it
 * as abandoned), so its late answer ends only itself. conn_down and the functions it calls may free
 * everything here: callers must return after it. */
#include "backends/cassandra/conn.h"

#include "backends/cassandra/request.h"
#include "backends/cassandra/session.h"
#include "backends/cassandra/stmt.h"
#include "backends/cassandra/types.h"
#include "backends/common/tls_scheme.h"
#include "engine/base/secret.h"
#include "engine/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define REST_MIN_NS (50 * NS_PER_MS)
#define REST_MAX_NS (500 * NS_PER_MS)
#define OUT_KEEP ((size_t)1 << 20)
#define COMPRESS_FROM 128 /* compression does not pay off for smaller bodies */

#define INTERNAL_STARTUP 1u                   /* STARTUP, AUTH_RESPONSE */
#define INTERNAL_CLUSTER 3u                   /* the cluster's name */
#define INTERNAL_PREPARE(st) (5u + 2u * (st)) /* PREPARE of a statement */

static struct cass_conn *conn_of_watch(struct watch *w)
{
    return (struct cass_conn *)(void *)((char *)w - offsetof(struct cass_conn, watch));
}

static struct cass_conn *conn_of_alarm(struct alarm *a)
{
    return (struct cass_conn *)(void *)((char *)a - offsetof(struct cass_conn, alarm));
}

static struct cass_worker *worker_of(const struct cass_conn *c)
{
    return worker_data(c->conn->worker);
}

static struct cass_pool *pool_of(const struct cass_conn *c)
{
    return pool_data(worker_pool(c->conn->worker));
}

static struct cass_host *host_of(const struct cass_conn *c)
{
    return &pool_of(c)->host[c->conn->group];
}

static struct loop *loop_of(const struct cass_conn *c)
{
    return worker_loop(c->conn->worker);
}

static void *own(uint32_t what)
{
    return (void *)(uintptr_t)what;
}

/* Closes the connection from our side. Callers must not use c afterwards. */
static void lost(struct cass_conn *c, const char *error_class, const char *why)
{
    const struct cass_host *h = host_of(c);
    char at[PLACE_TEXT_MAX + 8];
    conn_down(c->conn, error_class, "%s: %s%s", h->shown,
              address_prefix(&h->at, c->at, at, sizeof at), why);
}

/* ---- Writing ---- */

static void watch_for(struct cass_conn *c, bool out)
{
    if (out == c->waiting_out)
        return;
    c->waiting_out = out;
    loop_watch(loop_of(c), &c->watch, c->socket.fd, EPOLLIN | (out ? EPOLLOUT : 0u));
}

/* Sends the buffered output. -1: the connection was lost. */
static int write_out(struct cass_conn *c)
{
    struct cql_writer *w = &c->out;
    uint64_t sent = 0;
    if (stream_push(&c->socket) < 0) {
        lost(c, "closed", stream_error(&c->socket));
        return -1;
    }
    while (w->sent < w->len) {
        ssize_t n = stream_write(&c->socket, w->p + w->sent, w->len - w->sent);
        if (n > 0) {
            w->sent += (size_t)n;
            sent += (uint64_t)n;
            continue;
        }
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN) {
            lost(c, "closed", stream_error(&c->socket));
            return -1;
        }
        break;
    }
    if (sent)
        conn_bytes(c->conn, sent, 0);
    bool left = w->sent < w->len;
    if (!left) {
        w->len = w->sent = 0;
        if (w->room > OUT_KEEP) {
            free(w->p);
            w->p = NULL;
            w->room = 0;
        }
    } else if (w->sent > OUT_KEEP) {
        memmove(w->p, w->p + w->sent, w->len - w->sent);
        w->len -= w->sent;
        w->sent = 0;
    }
    watch_for(c, left || stream_unsent(&c->socket));
    return 0;
}

void cass_flush(struct conn *conn)
{
    struct cass_conn *c = conn_data(conn);
    if (c->stage == CASS_UP && !c->waiting_out)
        write_out(c);
}

/* ---- Statements ---- */

static void say_failed(struct cass_conn *c, unsigned st, const char *error_class, const char *why)
{
    c->stmt[st].state = PREPARED_FAILED;
    c->stmt[st].error_class = error_class;
    copy_str(c->stmt[st].why, sizeof c->stmt[st].why, why);
}

void cass_rest(struct cass_conn *c, uint64_t ns)
{
    c->backoff_until_ns = loop_now(loop_of(c)) + ns;
    loop_alarm(loop_of(c), &c->alarm, c->backoff_until_ns);
}

bool cass_prepare(struct cass_conn *c, unsigned st)
{
    const struct cass_statement_info *info = &pool_of(c)->statement[st];
    if (!info->text) {
        /* wait before the next attempt: there is no answer from the server that would slow us
         * down */
        say_failed(c, st, info->error_class ? info->error_class : "invalid", info->why);
        cass_rest(c, REST_MIN_NS);
        return true;
    }
    int id = cql_stream_take(&c->streams, own(INTERNAL_PREPARE(st)));
    if (id < 0)
        return false;
    if (cql_write_prepare(&c->out, (unsigned)id, info->text, info->len) < 0) {
        void *owner;
        cql_stream_release(&c->streams, (unsigned)id, &owner);
        return false;
    }
    c->stmt[st].state = PREPARED_ASKED;
    c->preparing++;
    /* do not write here: a failure inside submit would end the operation being submitted */
    if (c->stage == CASS_UP)
        watch_for(c, true);
    return true;
}

/* Handles the operations that were waiting for this statement: sends them if it is prepared now,
 * fails them if it could not be prepared. */
static void unpark(struct cass_conn *c, unsigned st)
{
    while (c->stmt[st].parked) {
        struct op *op = c->stmt[st].parked;
        struct cass_op *own_part = op_data(op);
        c->stmt[st].parked = own_part->next;
        if (c->stmt[st].state == PREPARED_READY)
            op_again(op, c->conn->group);
        else
            op_fail(op, c->stmt[st].error_class, c->stmt[st].why, strlen(c->stmt[st].why));
    }
}

static void come_up(struct cass_conn *c)
{
    struct cass_node *n = &worker_of(c)->node[c->conn->group];
    c->stage = CASS_UP;
    n->up++;
    n->failed = 0;
    atomic_fetch_add_explicit(&host_of(c)->connections, 1, memory_order_relaxed);
    loop_alarm(loop_of(c), &c->alarm, loop_now(loop_of(c)) + NS_PER_S);
    conn_up(c->conn);
}

static int on_prepared(struct cass_conn *c, unsigned st, struct cql_in *in)
{
    struct cql_result r;
    if (cql_read_result(in, &r) < 0 || r.kind != CQL_PREPARED || r.id.len > sizeof c->stmt[st].id) {
        lost(c, "protocol", "an answer to PREPARE that cannot be read");
        return 1;
    }
    if (r.bind.count != pool_of(c)->statement[st].params) {
        say_failed(c, st, "invalid", "the table's columns were changed since the pool was opened");
    } else {
        memcpy(c->stmt[st].id, r.id.s, r.id.len);
        c->stmt[st].id_len = (uint8_t)r.id.len;
        c->stmt[st].state = PREPARED_READY;
    }
    unpark(c, st);
    return 0;
}

static int begin_prepare(struct cass_conn *c)
{
    c->stage = CASS_PREPARING;
    for (unsigned st = 0; st < STATEMENTS; st++)
        if (pool_of(c)->statement[st].text && !pool_of(c)->statement[st].why[0] &&
            !cass_prepare(c, st)) {
            lost(c, "memory", "no memory for a request");
            return 1;
        }
    if (!c->preparing)
        come_up(c);
    return 0;
}

/* Queries the cluster's name on each connection, because a contact point, a tunnel or a name may
 * lead to a cluster other than the permitted one. */
static int ask_cluster(struct cass_conn *c)
{
    static const char cql[] = "SELECT cluster_name FROM system.local";
    struct cql_params q = {.consistency = CQL_ONE};
    if (!pool_of(c)->cluster[0]) /* it does not say */
        return begin_prepare(c);
    int id = cql_stream_take(&c->streams, own(INTERNAL_CLUSTER));
    c->stage = CASS_NAMING;
    if (id < 0 || cql_write_query(&c->out, (unsigned)id, cql, sizeof cql - 1, &q) < 0) {
        lost(c, "memory", "no memory for a request");
        return 1;
    }
    return 0;
}

static int on_cluster(struct cass_conn *c, struct cql_in *in)
{
    const char *expected = pool_of(c)->cluster;
    struct cql_result r;
    struct cql_str v = {0};
    char text[200], said[81];
    bool read = cql_read_result(in, &r) == 0 && r.kind == CQL_ROWS && r.rows > 0 &&
                cql_get_bytes(&r.content, &v);
    if (read && v.len == strlen(expected) && memcmp(v.s, expected, v.len) == 0)
        return begin_prepare(c);
    snprintf(text, sizeof text, "cluster '%s' answers there, and the pool was opened on '%.80s'",
             secret_said(said, sizeof said, v.len ? v.s : "", v.len), expected);
    lost(c, "other_cluster", text);
    return 1;
}

/* ---- Handshake ---- */

static int start(struct cass_conn *c)
{
    const struct pool *pool = worker_pool(c->conn->worker);
    bool lz4 = option_u64(pool_options(pool), CASS_COMPRESSION) != 0;
    const char *pairs[CASS_STARTUP_MAX];
    int id = cql_stream_take(&c->streams, own(INTERNAL_STARTUP));
    c->stage = CASS_STARTING;
    cass_startup(pairs, pool_of(c)->sender, lz4);
    c->in.compression = lz4; /* the answer to STARTUP may be compressed already */
    if (id < 0 || cql_write_startup(&c->out, (unsigned)id, pairs) < 0) {
        lost(c, "memory", "no memory for a request");
        return 1;
    }
    return write_out(c) < 0;
}

static int authenticate(struct cass_conn *c)
{
    const struct target *t = pool_of(c)->target;
    int id = cql_stream_take(&c->streams, own(INTERNAL_STARTUP));
    if (!t->user[0]) {
        lost(c, "auth", "the server wants a user and a password (user:password@host)");
        return 1;
    }
    if (id < 0 || cql_write_auth_plain(&c->out, (unsigned)id, t->user, t->password) < 0) {
        lost(c, "memory", "no memory for a request");
        return 1;
    }
    uint8_t *from = c->out.p;
    size_t n = c->out.len;
    if (write_out(c) < 0)
        return 1;
    if (c->out.len == 0 && c->out.p == from)
        explicit_bzero(from, n);
    return 0;
}

/* Continues the handshake after READY, AUTHENTICATE or AUTH_SUCCESS. */
static int on_started(struct cass_conn *c, const struct cql_frame *f)
{
    char text[80];
    c->out.compress_from = c->in.compression ? COMPRESS_FROM : 0;
    switch (f->opcode) {
    case CQL_AUTHENTICATE:
        return authenticate(c);
    case CQL_READY:
    case CQL_AUTH_SUCCESS:
        return ask_cluster(c);
    default:
        snprintf(text, sizeof text, "%s where READY was expected", cql_opcode_name(f->opcode));
        lost(c, "protocol", text);
        return 1;
    }
}

/* ---- Answers ---- */

/* An overloaded or unready node gets no operations for a while; the time doubles on each
 * repetition. */
static void back_off(struct cass_conn *c, const struct cql_error *e)
{
    struct cass_worker *w = worker_of(c);
    struct cass_node *n = &w->node[c->conn->group];
    uint64_t now = loop_now(loop_of(c));
    if (now < n->backoff_until_ns) {
        if (c->backoff_until_ns < n->backoff_until_ns)
            cass_rest(c, n->backoff_until_ns - now);
        return;
    }
    /* it was healthy for a while: reset */
    if (now > n->backoff_until_ns + 5 * NS_PER_S)
        n->rests = 0;
    uint64_t ns = REST_MIN_NS << (n->rests < 4 ? n->rests : 4);
    ns = ns > REST_MAX_NS ? REST_MAX_NS : ns;
    ns = ns / 2 + rng_below(rng_next(worker_rng(c->conn->worker)), ns / 2 + 1);
    n->rests++;
    n->backoff_until_ns = now + ns;
    atomic_fetch_add_explicit(&w->count.rests, 1, memory_order_relaxed);
    /* Add events only at powers of two, so that a permanently overloaded node does not fill
     * them. */
    uint32_t k = atomic_fetch_add(&pool_of(c)->rested, 1) + 1;
    if ((k & (k - 1)) == 0)
        pool_event(worker_pool(c->conn->worker), "node %s %s: backs off %llu ms (%u times so far)",
                   host_of(c)->shown, cql_error_class(e->code),
                   (unsigned long long)(ns / NS_PER_MS), k);
    cass_rest(c, ns);
}

static void park(struct cass_conn *c, struct op *op, unsigned st)
{
    struct cass_op *own_part = op_data(op);
    own_part->next = c->stmt[st].parked;
    c->stmt[st].parked = op;
    atomic_fetch_add_explicit(&worker_of(c)->count.unprepared, 1, memory_order_relaxed);
    if (c->stmt[st].state == PREPARED_READY)
        c->stmt[st].state = PREPARED_NOT;
    if (c->stmt[st].state != PREPARED_ASKED && !cass_prepare(c, st)) {
        say_failed(c, st, "unprepared", "no room to prepare it again");
        unpark(c, st);
    }
}

/* Reports a strain if the error indicates overload. */
static void note_strain(const struct cass_conn *c, const struct cql_error *e, const char *text)
{
    struct pool *pool = worker_pool(c->conn->worker);
    size_t len = strlen(text);
    if (e->code == CQL_E_OVERLOADED)
        pool_strain_said(pool, STRAIN_THREADS, text, len,
                         "node %s is overloaded: ", host_of(c)->shown);
    else if (e->code == CQL_E_UNAVAILABLE)
        pool_strain_said(pool, STRAIN_REPLICAS, text, len, "replicas are missing: ");
    else if (e->code == CQL_E_INVALID && strstr(text, "disk_usage violated"))
        pool_strain_said(pool, STRAIN_READ_ONLY, text, len, "disks are full: "); /* a guardrail */
}

static int on_op_error(struct cass_conn *c, struct op *op, struct cql_in *in)
{
    struct cql_error e;
    char text[256];
    if (cql_read_error(in, &e) < 0) {
        lost(c, "protocol", "an ERROR that cannot be read");
        return 1;
    }
    if (e.code == CQL_E_UNPREPARED) {
        park(c, op, cass_statement_of(worker_of(c), op));
        return 0;
    }
    if (e.code == CQL_E_OVERLOADED || e.code == CQL_E_BOOTSTRAPPING)
        back_off(c, &e);
    cql_error_text(&e, text, sizeof text);
    note_strain(c, &e, text);
    op_fail(op, cql_error_class(e.code), text, strlen(text));
    return 0;
}

/* Does the first column of the row contain the key that was requested? If not, the answer belongs
 * to another request. */
static bool row_is_right(const struct cass_conn *c, const struct op *op, struct cql_result *r,
                         char *why, size_t size)
{
    const struct cass_statement_info *st = &pool_of(c)->statement[ST_SELECT];
    uint8_t key[CASS_KEY_BYTES];
    struct cql_str v;
    size_t n = cass_key_value(key, st->param[0].type, op->key);
    if (cql_get_bytes(&r->content, &v) && v.len == n && memcmp(v.s, key, n) == 0)
        return true;
    snprintf(why, size, "asked for key %llu, the row is another's", (unsigned long long)op->key);
    return false;
}

/* Requests the next page of a read, unless the operation has timed out. False: no page was
 * requested. */
static bool go_on_reading(struct cass_conn *c, struct op *op, const struct cql_result *r)
{
    uint64_t timeout = pool_timeout_ns(worker_pool(c->conn->worker));
    if (!r->columns.more || op->type != CASS_OP_STMT ||
        loop_now(loop_of(c)) > op->sent_ns + timeout ||
        cass_next_page(c, op, r->columns.paging_state) < 0)
        return false;
    atomic_fetch_add_explicit(&worker_of(c)->count.pages, 1, memory_order_relaxed);
    watch_for(c, true); /* written in the next turn */
    return true;
}

static int on_op_result(struct cass_conn *c, struct op *op, struct cql_in *in)
{
    struct cass_counters *count = &worker_of(c)->count;
    struct cql_result r;
    char why[96];
    if (cql_read_result(in, &r) < 0) {
        lost(c, "protocol", "a RESULT that cannot be read");
        return 1;
    }
    if (r.kind == CQL_ROWS) {
        atomic_fetch_add_explicit(r.rows ? &count->read : &count->missed,
                                  r.rows ? (uint64_t)r.rows : 1, memory_order_relaxed);
        if (r.rows && op->type == CASS_OP_SELECT && !row_is_right(c, op, &r, why, sizeof why)) {
            op_fail(op, "wrong_answer", why, strlen(why));
            return 0;
        }
        if (go_on_reading(c, op, &r))
            return 0;
    }
    op_done(op);
    return 0;
}

static int on_internal_error(struct cass_conn *c, uint32_t what, struct cql_in *in)
{
    struct cql_error e;
    char text[256];
    if (cql_read_error(in, &e) < 0) {
        lost(c, "protocol", "an ERROR that cannot be read");
        return 1;
    }
    cql_error_text(&e, text, sizeof text);
    secret_hide_values(text);
    if (what == INTERNAL_STARTUP || what == INTERNAL_CLUSTER || e.code == CQL_E_OVERLOADED ||
        e.code == CQL_E_BOOTSTRAPPING) {
        lost(c, cql_error_class(e.code), text);
        return 1;
    }
    unsigned st = (what - INTERNAL_PREPARE(0)) / 2;
    say_failed(c, st, cql_error_class(e.code), text);
    unpark(c, st);
    return 0;
}

/* Handles the answer to an internal request. */
static int on_internal(struct cass_conn *c, uint32_t what, const struct cql_frame *f,
                       struct cql_in *in)
{
    int stop;
    if (what >= INTERNAL_PREPARE(0))
        c->preparing--;
    if (f->opcode == CQL_ERROR)
        stop = on_internal_error(c, what, in);
    else if (what == INTERNAL_STARTUP)
        return on_started(c, f);
    else if (what == INTERNAL_CLUSTER)
        return on_cluster(c, in);
    else
        stop = on_prepared(c, (what - INTERNAL_PREPARE(0)) / 2, in);
    if (!stop && c->stage == CASS_PREPARING && !c->preparing)
        come_up(c);
    return stop;
}

static void note_warnings(struct cass_conn *c, struct cql_body *b)
{
    char said[192];
    struct cql_str text = cql_get_string(&b->warning);
    atomic_fetch_add_explicit(&worker_of(c)->count.warnings, b->warnings, memory_order_relaxed);
    uint32_t k = atomic_fetch_add(&pool_of(c)->warned, 1) + 1;
    if ((k & (k - 1)) == 0)
        pool_event(worker_pool(c->conn->worker), "warning of the server (%u so far): %s", k,
                   secret_said(said, sizeof said, text.s, text.len));
}

static int on_frame(void *ctx, const struct cql_frame *f)
{
    struct cass_conn *c = ctx;
    struct cql_body b;
    void *owner;
    char text[256];

    if (f->version != 4 || (c->stage == CASS_STARTING && f->opcode == CQL_ERROR && f->stream < 0)) {
        lost(c, "version", cql_version_refusal(f, text, sizeof text));
        return 1;
    }
    if (f->opcode == CQL_EVENT)
        return 0;
    enum cql_slot_state was =
        f->stream < 0 ? CQL_FREE : cql_stream_release(&c->streams, (unsigned)f->stream, &owner);
    if (was == CQL_FREE) {
        snprintf(text, sizeof text, "%s on stream %d, on which nothing was asked",
                 cql_opcode_name(f->opcode), f->stream);
        lost(c, "protocol", text);
        return 1;
    }
    /* Fast path for the most frequent answer: RESULT void. */
    if (f->opcode == CQL_RESULT && !(f->flags & ~(unsigned)CQL_COMPRESSED) && f->length == 4 &&
        cql_be32(f->body) == CQL_VOID && !((uintptr_t)owner & 1)) {
        op_done(owner);
        return 0;
    }
    if (cql_open_body(f, &b) < 0) {
        lost(c, "protocol", "an answer that is cut off");
        return 1;
    }
    if (b.warnings)
        note_warnings(c, &b);
    if ((uintptr_t)owner & 1)
        return on_internal(c, (uint32_t)(uintptr_t)owner, f, &b.in);
    if (f->opcode == CQL_RESULT)
        return on_op_result(c, owner, &b.in);
    if (f->opcode == CQL_ERROR)
        return on_op_error(c, owner, &b.in);
    snprintf(text, sizeof text, "%s where a RESULT was expected", cql_opcode_name(f->opcode));
    lost(c, "protocol", text);
    return 1;
}

/* ---- The descriptor ---- */

static bool may_take(const struct cass_conn *c)
{
    return c->stage == CASS_UP && loop_now(loop_of(c)) >= c->backoff_until_ns &&
           c->out.len - c->out.sent < OUT_KEEP / 2;
}

static void give_room(struct cass_conn *c)
{
    if (c->busy && may_take(c)) {
        c->busy = false;
        conn_room(c->conn);
    }
}

/* Accounts for the buffered part of a large frame in the total of all connections (net_hold). -1:
 * too much; the connection was closed. */
static int hold_part(struct cass_conn *c)
{
    char text[120];
    size_t asked = CASS_IN + 4 * (size_t)worker_of(c)->size_high;
    if (net_hold(&c->buffered, c->in.used > asked ? c->in.used - asked : 0))
        return 0;
    snprintf(text, sizeof text,
             "answers that are not whole hold %zu MiB of all connections, the most that is held",
             NET_BUFFERED_MAX >> 20);
    lost(c, "too_much", text);
    return -1;
}

/* Is this the beginning of TLS, on a connection in plain to a node that has sent nothing yet? */
static bool wants_tls(const struct cass_conn *c, const uint8_t *bytes, size_t n)
{
    return c->stage == CASS_STARTING && !c->in.settled && !c->in.used && !pool_of(c)->tls &&
           tls_record_begins(bytes, n);
}

/* Reads what has arrived and handles the frames in it. -1: the connection was lost. */
static int read_in(struct cass_conn *c)
{
    struct cass_worker *w = worker_of(c);
    char text[TLS_SCHEME_TEXT];
    for (ssize_t n = stream_read(&c->socket, w->in, CASS_IN);;
         n = stream_rest(&c->socket, w->in, CASS_IN)) {
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return 0;
        if (n <= 0) {
            lost(c, "closed",
                 n == 0 ? "the server closed the connection" : stream_error(&c->socket));
            return -1;
        }
        c->heard_ns = loop_refresh(loop_of(c));
        conn_bytes(c->conn, 0, (uint64_t)n);
        if (wants_tls(c, w->in, (size_t)n)) {
            lost(c, "tls", tls_wrong_scheme(&cass_scheme, false, text, sizeof text));
            return -1;
        }
        enum cql_feed fed = cql_feed(&c->in, w->in, (size_t)n, on_frame, c);
        if (fed == CQL_BAD)
            lost(c, "protocol", c->in.why);
        if (fed != CQL_FED)
            return -1;
        if ((c->in.used || c->buffered) && hold_part(c) < 0)
            return -1;
    }
}

static int secure(struct cass_conn *c)
{
    struct err err = {0};
    int n = stream_handshake(&c->socket, &err);
    if (n < 0) {
        lost(c, "tls", err.msg);
        return -1;
    }
    watch_for(c, stream_unsent(&c->socket));
    return n == 0 ? 0 : start(c) ? -1 : 0;
}

static int connected(struct cass_conn *c)
{
    const struct cass_pool *p = pool_of(c);
    struct cass_host *h = host_of(c);
    struct err err = {0};
    int error = net_connected(c->socket.fd);
    if (error) {
        lost(c, error == ECONNREFUSED ? "refused" : "connect", strerror(error));
        return -1;
    }
    addresses_answered(&h->at, c->at);
    watch_for(c, false);
    if (!p->tls)
        return start(c) ? -1 : 0;
    if (stream_secure(&c->socket, p->tls, h->at.host, &err) < 0) {
        lost(c, "tls", err.msg);
        return -1;
    }
    c->stage = CASS_SECURING;
    return secure(c);
}

static void ready(struct watch *w, uint32_t events)
{
    struct cass_conn *c = conn_of_watch(w);
    if (c->stage == CASS_CONNECTING) {
        connected(c);
        return;
    }
    if (c->stage == CASS_SECURING) {
        secure(c);
        return;
    }
    if ((events & EPOLLOUT) && write_out(c) < 0)
        return;
    if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) && read_in(c) < 0)
        return;
    /* Write internal requests at once: the engine only flushes after operations. */
    if ((c->stage != CASS_UP || c->preparing) && !c->waiting_out && c->out.len && write_out(c) < 0)
        return;
    give_room(c);
}

/* Timeout of the handshake; end of a back-off; and, under load, timeout of a silent server. */
static void alarm_fire(struct alarm *a)
{
    struct cass_conn *c = conn_of_alarm(a);
    struct worker *worker = c->conn->worker;
    uint64_t now = loop_now(loop_of(c)), timeout = pool_timeout_ns(worker_pool(worker));
    if (c->stage != CASS_UP) {
        lost(c, "timeout", "no answer to the handshake in time");
        return;
    }
    give_room(c);
    /* Timed-out requests keep their streams. If the oldest has waited three timeouts and nothing
     * was received, the connection is dead without having been closed. */
    const struct op *oldest = c->conn->in_flight;
    uint64_t limit = 3 * timeout + NS_PER_S;
    if (oldest && oldest->sent_ns && now > oldest->sent_ns + limit && now > c->heard_ns + limit) {
        lost(c, "timeout", "the server has been silent for three timeouts");
        return;
    }
    loop_alarm(loop_of(c), a, now < c->backoff_until_ns ? c->backoff_until_ns : now + NS_PER_S);
}

/* Its node has left the ring, so nothing is opened there until requests are routed to it again:
 * then it is untried, whatever failed before it left. */
static void leave(struct conn *conn)
{
    struct pool *pool = worker_pool(conn->worker);
    struct cass_pool *p = pool_data(pool);
    struct cass_worker *w = worker_data(conn->worker);
    w->node[conn->group].failed = 0;
    worker_leave(conn->worker, conn->group);
    conn_down(conn, "left", "%s: the node has left the ring", p->host[conn->group].shown);
}

int cass_open(struct conn *conn, struct err *err)
{
    struct cass_conn *c = conn_data(conn);
    struct pool *pool = worker_pool(conn->worker);
    const struct cass_pool *p = pool_data(pool);
    memset(c, 0, sizeof *c);
    if (atomic_load_explicit(&p->host[conn->group].gone, memory_order_relaxed)) {
        leave(conn);
        return 0;
    }
    c->conn = conn;
    c->watch = (struct watch){.fd = -1, .ready = ready};
    c->alarm = (struct alarm){.due_ns = NS_NEVER, .fire = alarm_fire};
    c->socket = (struct stream)STREAM_NONE;
    struct cass_host *h = host_of(c);
    c->stage = CASS_CONNECTING;
    c->heard_ns = loop_now(loop_of(c));
    int fd = addresses_connect(&h->at, pool, &c->at, err);
    if (fd < 0)
        return -1;
    c->socket.fd = fd;
    c->waiting_out = true;
    if (loop_watch(loop_of(c), &c->watch, fd, EPOLLIN | EPOLLOUT) < 0)
        return err_set(err, ERR_FAILED, "%s: cannot be watched: %s", h->shown, strerror(errno));
    uint64_t timeout = pool_timeout_ns(pool);
    loop_alarm(loop_of(c), &c->alarm,
               c->heard_ns + (timeout > 10 * NS_PER_S ? 10 * NS_PER_S : timeout));
    return 0;
}

void cass_close(struct conn *conn)
{
    struct cass_conn *c = conn_data(conn);
    if (c->conn) {
        struct cass_node *n = &worker_of(c)->node[conn->group];
        if (c->stage == CASS_UP) {
            n->up--;
            atomic_fetch_sub_explicit(&host_of(c)->connections, 1, memory_order_relaxed);
        }
        /* also when the engine gave up the opening */
        if (c->stage == CASS_CONNECTING && c->socket.fd >= 0)
            addresses_failed(&host_of(c)->at, c->at);
        n->failed += !n->up; /* routing avoids it until a connection is up again */
        loop_alarm(loop_of(c), &c->alarm, NS_NEVER);
        loop_unwatch(loop_of(c), &c->watch);
        stream_close(&c->socket);
        cql_reader_free(&c->in);
        net_hold(&c->buffered, 0);
        cql_writer_free(&c->out);
        cql_streams_free(&c->streams);
        c->stage = CASS_CLOSED;
        c->busy = false;
    }
    conn_closed(conn);
}
