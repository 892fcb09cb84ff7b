/* The skeleton of a backend: copy it to backends/NAME/NAME.c to begin one.
 *
 * It speaks a small protocol over TCP. A request is a line, "KEY\n". The server answers the lines
 * of a connection in their order, each with the same line, or with "!MESSAGE\n" when it fails. So
 * requests can be pipelined, and the oldest in flight is the one that is answered.
 *
 * It is complete, and compiled into a program of the tests only (loadtop_skeleton), so no user sees
 * it. Each hook below says on which thread it runs, whether it is required, and what it must end
 * with; engine/backend.h has the whole contract. To add your copy to the program: one line each in
 * backends/registry.h and backends/registry.c.
 *
 * Anything that ends a request or a connection may call skeleton_close before it returns. After
 * such a call look at watch.fd, which is -1 then, and touch nothing else. The memory stays: the
 * engine frees no connection while one of these functions runs. */
#include "backends/common/link.h"
#include "backends/common/resolve.h"
#include "backends/registry.h"
#include "engine/backend.h"
#include "engine/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { KEYS }; /* options, as indices of skeleton_options */

#define PORT 7007
#define REACH_NS (5 * NS_PER_S) /* how long pool_open waits for the server */
#define REQUEST_MOST 24
#define OUT_ROOM 16384
#define IN_ROOM 4096 /* also the longest line that is accepted */

/* Written by pool_open, then read by all workers without a lock. */
struct skeleton_pool {
    struct addresses at; /* addresses of the only host; its atomics tell which one answers */
};

struct skeleton_conn {
    struct conn *conn;
    struct watch watch; /* fd -1: closed */
    unsigned at;        /* index of its address */
    bool connecting;
    bool full; /* SUBMIT_BUSY was returned: conn_room is owed */
    size_t in_len, out_len;
    char in[IN_ROOM], out[OUT_ROOM];
};

static const char *shown(const struct skeleton_conn *c)
{
    return pool_target(worker_pool(c->conn->worker))->shown;
}

static struct skeleton_pool *pool_of(const struct skeleton_conn *c)
{
    return pool_data(worker_pool(c->conn->worker));
}

static struct loop *loop_of(const struct skeleton_conn *c)
{
    return worker_loop(c->conn->worker);
}

/* The message of conn_down names the target and the cause. error 0: an orderly end. */
static void lost(struct skeleton_conn *c, int error)
{
    char at[PLACE_TEXT_MAX + 8];
    conn_down(c->conn, error == ECONNREFUSED ? "refused" : "closed", "%s: %s%s", shown(c),
              address_prefix(&pool_of(c)->at, c->at, at, sizeof at),
              error ? strerror(error) : "the server closed the connection");
}

/* ---- The pool: on its own thread, which may block for some seconds ---- */

/* Is there a server at this address? With backends/common/link.h this could also exchange messages
 * with it, with a deadline for each wait, and with TLS (`tls` and `scheme` of struct link_setup). */
static int reach(void *ctx, const struct address *a, uint64_t deadline_ns, struct err *err)
{
    struct pool *pool = ctx;
    const struct target *t = pool_target(pool);
    struct link_setup setup = {.pool = pool, .host = t->host[0].name, .shown = t->shown};
    struct link l;
    int code = link_open(&l, &setup, a, deadline_ns, err);
    link_close(&l);
    return code;
}

/* Optional; any thread. Refuses invalid settings before anything starts: ERR_USAGE. */
static int skeleton_check(const struct target *t, const struct options *o, struct err *err)
{
    (void)o;
    if (t->hosts != 1)
        return err_set(err, ERR_USAGE, "%s: one host is needed, such as skeleton://localhost:7007",
                       t->shown);
    if (*t->user || t->has_password || strlen(t->path) > 1)
        return err_set(err, ERR_USAGE, "%s: there is no user, password or path in this protocol",
                       t->shown);
    return 0;
}

/* Optional; the pool's thread. 0, or an error: after ERR_UNREACHED it is called again. */
static int skeleton_pool_open(struct pool *pool, struct err *err)
{
    struct skeleton_pool *p = pool_data(pool);
    const struct target *t = pool_target(pool);
    int code = resolve(&p->at, pool, t->host[0].name, t->host[0].port ? t->host[0].port : PORT,
                       t->shown, clock_ns() + RESOLVE_NS, err);
    return code ? code
                : addresses_try(&p->at, pool, t->shown, clock_ns() + REACH_NS, reach, pool, err);
}

/* Optional; the pool's thread, once a second, also after pool_open failed. Fill in the known
 * values; the others are already set to unknown. */
static void skeleton_pool_stats(struct pool *pool, struct stats *s)
{
    const struct skeleton_pool *p = pool_data(pool);
    copy_str(s->version, sizeof s->version, "line echo");
    if (p->at.n)
        address_text(addresses_current(&p->at), s->address, sizeof s->address);
}

/* Required; any thread. How many requests one connection carries at once: here each client has a
 * connection, and pipelines as many as its depth says. */
static uint32_t skeleton_depth(const struct options *o, const double *weight, uint32_t client_depth)
{
    (void)o;
    (void)weight;
    return client_depth;
}

/* ---- Requests: on a worker's thread, which never blocks ---- */

static size_t request(const struct op *op, char *line)
{
    return (size_t)snprintf(line, REQUEST_MOST, "key:%llu\n", (unsigned long long)op->key);
}

/* Optional. Chooses what a request is about, from op->rnd only, so that the same seed gives the
 * same run. The request may be submitted much later. */
static void skeleton_fill(struct worker *worker, struct op *op)
{
    op->key = rng_below(op->rnd, option_u64(pool_options(worker_pool(worker)), KEYS));
}

/* Required. Encodes one request, which flush sends. SUBMIT_QUEUED: its end will be reported exactly
 * once. SUBMIT_BUSY: it was not accepted, and conn_room will be called. Where a request may be larger
 * than the buffer (a value), accept it when its head fits, note where the rest is (generate_blob()
 * keeps it), copy it in as the socket accepts more, and be busy until it is all in. */
static enum submit skeleton_submit(struct conn *conn, struct op *op)
{
    struct skeleton_conn *c = conn_data(conn);
    if (c->out_len + REQUEST_MOST > sizeof c->out) {
        c->full = true;
        return SUBMIT_BUSY;
    }
    c->out_len += request(op, c->out + c->out_len);
    return SUBMIT_QUEUED;
}

/* Sends what the socket accepts; epoll reports when it accepts the rest. */
static void write_out(struct skeleton_conn *c)
{
    ssize_t sent = send(c->watch.fd, c->out, c->out_len, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        lost(c, errno);
        return;
    }
    size_t n = sent > 0 ? (size_t)sent : 0;
    conn_bytes(c->conn, n, 0);
    c->out_len -= n;
    memmove(c->out, c->out + n, c->out_len);
    if (loop_watch(loop_of(c), &c->watch, c->watch.fd, c->out_len ? EPOLLIN | EPOLLOUT : EPOLLIN) <
        0) {
        lost(c, errno);
        return;
    }
    if (c->full && !c->out_len) {
        c->full = false;
        conn_room(c->conn);
    }
}

/* Optional. Called after a burst of submits, once for each connection that got some of them: sends
 * them with one system call. */
static void skeleton_flush(struct conn *conn)
{
    struct skeleton_conn *c = conn_data(conn);
    if (c->out_len)
        write_out(c);
}

/* Handles one line, without its newline: the answer to the oldest request. Ends that request with
 * op_done or op_fail, or calls conn_down if the following bytes can no longer be interpreted. */
static void answer(struct skeleton_conn *c, const char *line, size_t len)
{
    struct op *op = c->conn->in_flight;
    char asked[REQUEST_MOST];
    if (!op)
        conn_down(c->conn, "protocol", "%s: an answer that nothing asked for", shown(c));
    else if (len && line[0] == '!')
        op_fail(op, "server", line + 1, len - 1);
    else if (request(op, asked) != len + 1 || memcmp(asked, line, len) != 0)
        conn_down(c->conn, "protocol", "%s: the answer is not the line that was sent", shown(c));
    else
        op_done(op);
}

static void read_in(struct skeleton_conn *c)
{
    ssize_t got = recv(c->watch.fd, c->in + c->in_len, sizeof c->in - c->in_len, 0);
    if (got <= 0) {
        if (got == 0 || (errno != EAGAIN && errno != EINTR))
            lost(c, got == 0 ? 0 : errno);
        return;
    }
    loop_refresh(loop_of(c)); /* the time at which everything in this read has completed */
    conn_bytes(c->conn, 0, (uint64_t)got);
    size_t left = c->in_len + (size_t)got;
    const char *line = c->in;
    for (const char *end; (end = memchr(line, '\n', left)); line = end + 1) {
        answer(c, line, (size_t)(end - line));
        if (c->watch.fd < 0)
            return;
        left -= (size_t)(end + 1 - line);
    }
    memmove(c->in, line, left); /* keep an incomplete line until its rest arrives */
    c->in_len = left;
    if (left == sizeof c->in)
        conn_down(c->conn, "too_large", "%s: an answer without an end: %zu bytes so far", shown(c),
                  left);
}

/* ---- Connections: on a worker's thread ---- */

static void connected(struct skeleton_conn *c)
{
    int error = net_connected(c->watch.fd);
    if (!error && loop_watch(loop_of(c), &c->watch, c->watch.fd, EPOLLIN) < 0)
        error = errno;
    if (error) {
        lost(c, error);
        return;
    }
    addresses_answered(&pool_of(c)->at, c->at);
    c->connecting = false;
    conn_up(c->conn); /* this protocol has no first question that the server would answer */
}

static void skeleton_ready(struct watch *watch, uint32_t events)
{
    struct skeleton_conn *c =
        (struct skeleton_conn *)(void *)((char *)watch - offsetof(struct skeleton_conn, watch));
    if (c->connecting) {
        connected(c);
        return;
    }
    if (events & (EPOLLIN | EPOLLERR | EPOLLHUP))
        read_in(c);
    if (events & EPOLLOUT && c->watch.fd >= 0)
        write_out(c);
}

/* Required. Starts opening; conn_up or conn_down follows, now or later. Returning an error is the
 * same as conn_down. The memory may still have the contents of an earlier opening. The engine ends
 * an opening that takes too long. */
static int skeleton_open(struct conn *conn, struct err *err)
{
    struct skeleton_conn *c = conn_data(conn);
    struct pool *pool = worker_pool(conn->worker);
    *c = (struct skeleton_conn){
        .conn = conn, .connecting = true, .watch = {.fd = -1, .ready = skeleton_ready}};
    int fd = addresses_connect(&pool_of(c)->at, pool, &c->at, err);
    if (fd < 0)
        return err->code;
    if (loop_watch(loop_of(c), &c->watch, fd, EPOLLIN | EPOLLOUT) < 0) {
        close(fd);
        return err_set(err, ERR_FAILED, "%s: epoll: %s", shown(c), strerror(errno));
    }
    return 0;
}

/* Required. Called after conn_down, after a failed open, and when the engine no longer needs the
 * connection. Frees what open created, and ends with conn_closed, now or later. */
static void skeleton_close(struct conn *conn)
{
    struct skeleton_conn *c = conn_data(conn);
    if (c->watch.fd >= 0) {
        int fd = c->watch.fd;
        /* the opening was refused, or given up by the engine: the next one tries another address */
        if (c->connecting)
            addresses_failed(&pool_of(c)->at, c->at);
        loop_unwatch(loop_of(c), &c->watch); /* before the descriptor is closed; sets fd to -1 */
        close(fd);
    }
    conn_closed(conn);
}

/* ---- What it is ---- */

static const struct option_spec skeleton_options[] = {
    [KEYS] = {"keys", OPTION_COUNT, OPTION_LIVE, "1000", 1, 1e12, NULL,
              "how many different lines are sent"},
    {.name = NULL},
};

/* `reads`: the operation writes nothing, so --read-only allows it and --max-bytes does not count
 * it. */
static const struct op_type skeleton_ops[] = {
    {.name = "echo", .help = "sends a line", .weight = 1, .reads = true, .noun = "line"},
    {.name = NULL},
};

const struct backend backend_skeleton = {
    .name = "skeleton",
    .summary = "a server that echoes lines",
    .schemes = "skeleton",
    .example = "skeleton://localhost:7007?keys=1000",
    .default_port = PORT,
    .connections = "one for each client",
    .options = skeleton_options,
    .ops = skeleton_ops,
    .pool_size = sizeof(struct skeleton_pool),
    .conn_size = sizeof(struct skeleton_conn),
    .check = skeleton_check,
    .pool_open = skeleton_pool_open,
    .pool_stats = skeleton_pool_stats,
    .depth = skeleton_depth,
    .fill = skeleton_fill,
    .open = skeleton_open,
    .submit = skeleton_submit,
    .flush = skeleton_flush,
    .close = skeleton_close,
};
