/* The sockets of a worker: connecting, the handshake, reading and writing. Nothing here blocks.
 *
 * Writing: requests of all connections are collected in one buffer of the worker (`out`), each
 * connection's in one piece, until the flush after a burst writes each piece with one system call.
 * Bytes that a socket does not accept move to the connection's own memory (`kept`) and are sent
 * when epoll reports room; with more than 256 KiB the connection is busy. So an idle connection
 * owns no buffer.
 *
 * Reading: one buffer of the worker. Complete simple replies are skipped in place; others go
 * through a reader, which a connection has only while a reply is incomplete.
 *
 * Any call into the engine that ends an operation may also close the connection (redis_close):
 * check `state` afterwards. The engine frees no connection while one of these functions is on the
 * stack. */
#include "backends/redis/conn.h"

#include "backends/common/resolve.h"
#include "backends/redis/guard.h"
#include "backends/redis/mark.h"
#include "backends/redis/target.h"
#include "backends/common/tls.h"
#include "backends/common/tls_scheme.h"
#include "backends/redis/types.h"
#include "engine/base/secret.h"

#ifdef LOADTOP_HAVE_HIREDIS

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define OUT_ROOM_FIRST ((size_t)4 << 10)
/* size at which the buffer is sent; only a single larger request exceeds it */
#define OUT_ROOM_MAX ((size_t)256 << 10)
#define OUT_MOVE_MAX ((size_t)4 << 10)
#define REDIS_UNSENT_MAX (128 << 10)
#define HELLO_NS (5 * NS_PER_S)
#define HELLO_REPLY_MAX ((size_t)64 << 10) /* sections of INFO take some 2 KB */

static struct redis_worker *worker_of(const struct redis_conn *c)
{
    return worker_data(c->conn->worker);
}

static struct redis_pool *pool_of(const struct redis_conn *c)
{
    return pool_data(worker_pool(c->conn->worker));
}

static const char *shown(const struct redis_conn *c)
{
    return pool_target(worker_pool(c->conn->worker))->shown;
}

static void lost(struct redis_conn *c, int error)
{
    char at[PLACE_TEXT_MAX + 8];
    address_prefix(&pool_of(c)->at, c->at, at, sizeof at);
    if (error == 0)
        conn_down(c->conn, "closed", "%s: %sthe server closed the connection", shown(c), at);
    else if (error == ECONNRESET || error == EPIPE)
        conn_down(c->conn, "closed", "%s: %sconnection lost: %s", shown(c), at, strerror(error));
    else if (error == ECONNREFUSED)
        conn_down(c->conn, "refused", "%s: %sconnection refused (is the server running?)", shown(c),
                  at);
    else
        conn_down(c->conn, "connect", "%s: %s%s", shown(c), at, strerror(error));
}

/* Calls send directly, without glibc's cancellation point, which costs two locked instructions in a
 * threaded program. Our threads are never cancelled. */
static ssize_t send_now(int fd, const char *bytes, size_t n)
{
    return syscall(SYS_sendto, fd, bytes, n, MSG_NOSIGNAL, NULL, 0);
}

static ssize_t receive_now(int fd, char *bytes, size_t n)
{
    return syscall(SYS_recvfrom, fd, bytes, n, 0, NULL, NULL);
}

/* ---- Writing ---- */

static void dirty_remove(struct redis_worker *w, struct redis_conn *c)
{
    if (c->prev)
        c->prev->next = c->next;
    else
        w->dirty = c->next;
    if (c->next)
        c->next->prev = c->prev;
    c->next = c->prev = NULL;
    c->out_len = 0;
    if (!w->dirty)
        w->out_len = 0;
}

/* Reserves `more` bytes at the end of the connection's kept bytes. */
static char *kept_reserve(struct redis_conn *c, size_t more)
{
    if (c->kept_at > c->kept_len / 2) {
        memmove(c->kept, c->kept + c->kept_at, c->kept_len - c->kept_at);
        c->kept_len -= c->kept_at;
        c->kept_at = 0;
    }
    if (c->kept_len + more > c->kept_room) {
        size_t room = c->kept_room ? c->kept_room * 2 : 1024;
        while (room < c->kept_len + more)
            room *= 2;
        char *kept = realloc(c->kept, room);
        if (!kept)
            return NULL;
        c->kept = kept;
        c->kept_room = room;
    }
    return c->kept + c->kept_len;
}

static void kept_free(struct redis_conn *c)
{
    free(c->kept);
    c->kept = NULL;
    c->kept_at = c->kept_len = c->kept_room = 0;
}

/* TLS: sends as much of the encrypted output as the socket accepts; epoll reports when it accepts
 * more. */
static void send_secured(struct redis_conn *c)
{
    struct loop *loop = worker_loop(c->conn->worker);
    const char *bytes;
    size_t n;
    while ((n = tls_out(c->tls, &bytes))) {
        ssize_t sent = send_now(c->watch.fd, bytes, n);
        if (sent < 0 && errno != EAGAIN && errno != EINTR) {
            lost(c, errno);
            return;
        }
        if (sent <= 0)
            break;
        conn_bytes(c->conn, (uint64_t)sent, 0);
        tls_sent(c->tls, (size_t)sent);
    }
    if (loop_watch(loop, &c->watch, c->watch.fd, n ? EPOLLIN | EPOLLOUT : EPOLLIN) < 0) {
        lost(c, errno);
        return;
    }
    if (!n && c->full) {
        c->full = false;
        conn_room(c->conn);
    }
}

/* Writes n bytes and keeps those that the socket does not accept. Reports a lost connection. */
static void write_out(struct redis_conn *c, const char *bytes, size_t n)
{
    if (c->tls) {
        if (tls_put(c->tls, bytes, n) < 0)
            conn_down(c->conn, "tls", "%s: TLS: the connection is broken", shown(c));
        else
            send_secured(c);
        return;
    }
    ssize_t sent = send_now(c->watch.fd, bytes, n);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        lost(c, errno);
        return;
    }
    size_t done = sent > 0 ? (size_t)sent : 0;
    conn_bytes(c->conn, done, 0);
    if (done == n)
        return;
    char *kept = kept_reserve(c, n - done);
    if (!kept ||
        loop_watch(worker_loop(c->conn->worker), &c->watch, c->watch.fd, EPOLLIN | EPOLLOUT) < 0) {
        conn_down(c->conn, "memory", "%s: out of memory for what is unsent", shown(c));
        return;
    }
    memcpy(kept, bytes + done, n - done);
    c->kept_len += n - done;
}

static void write_piece(struct redis_conn *c)
{
    struct redis_worker *w = worker_of(c);
    const char *bytes = w->out + c->out_at;
    size_t n = c->out_len;
    /* write_out may use these bytes: they stay valid until the next request is encoded, and
     * write_out encodes none. */
    dirty_remove(w, c);
    write_out(c, bytes, n);
}

void redis_flush(struct conn *conn)
{
    struct redis_conn *c = conn_data(conn);
    if (c->out_len)
        write_piece(c);
}

/* The socket accepts more bytes. */
static void write_kept(struct redis_conn *c)
{
    ssize_t sent = send_now(c->watch.fd, c->kept + c->kept_at, c->kept_len - c->kept_at);
    if (sent < 0) {
        if (errno != EAGAIN && errno != EINTR)
            lost(c, errno);
        return;
    }
    conn_bytes(c->conn, (uint64_t)sent, 0);
    c->kept_at += (size_t)sent;
    if (c->kept_at < c->kept_len)
        return;
    kept_free(c);
    if (loop_watch(worker_loop(c->conn->worker), &c->watch, c->watch.fd, EPOLLIN) < 0) {
        lost(c, errno);
        return;
    }
    if (c->full) {
        c->full = false;
        conn_room(c->conn);
    }
}

/* Makes room for n bytes in the worker's buffer, by growing it or by writing all of it. */
static bool out_room(struct redis_worker *w, size_t n)
{
    if (w->out_len + n <= w->out_room)
        return true;
    if (w->out_len + n > OUT_ROOM_MAX)
        while (w->dirty)
            write_piece(w->dirty);
    if (w->out_len + n <= w->out_room)
        return true;
    size_t room = w->out_room ? w->out_room : OUT_ROOM_FIRST;
    while (room < w->out_len + n)
        room *= 2;
    char *out = realloc(w->out, room);
    if (!out)
        return false;
    w->out = out;
    w->out_room = room;
    return true;
}

/* Makes room after the connection's piece of the worker's buffer. Only the last piece can grow, so
 * moves this one to the end, or sends it if it is long. */
static bool out_move(struct redis_worker *w, struct redis_conn *c, size_t max)
{
    if (c->out_len > OUT_MOVE_MAX) {
        write_piece(c);
        return c->state == REDIS_UP;
    }
    if (!out_room(w, c->out_len + max))
        return false;
    if (c->out_len) { /* out_room may have sent the piece */
        memmove(w->out + w->out_len, w->out + c->out_at, c->out_len);
        c->out_at = w->out_len;
        w->out_len += c->out_len;
    }
    return true;
}

char *redis_out_reserve(struct redis_conn *c, size_t max)
{
    struct redis_worker *w = worker_of(c);
    const char *unsent;
    if (c->tls && tls_out(c->tls, &unsent) >= REDIS_KEPT_MAX) {
        c->full = true;
        return NULL;
    }
    if (c->kept) {
        char *kept = c->kept_len - c->kept_at < REDIS_KEPT_MAX ? kept_reserve(c, max) : NULL;
        c->full = !kept;
        return kept;
    }
    bool room = true;
    if (c->out_len && c->out_at + c->out_len != w->out_len)
        room = out_move(w, c, max);
    room = room && out_room(w, max);
    if (!room && c->state == REDIS_UP)
        conn_down(c->conn, "memory", "%s: out of memory for requests", shown(c));
    if (c->state != REDIS_UP)
        return NULL;
    if (c->kept) /* out_room sent the piece, and the socket did not accept all of it */
        return redis_out_reserve(c, max);
    if (!c->out_len) {
        c->out_at = w->out_len;
        c->next = w->dirty;
        c->prev = NULL;
        if (w->dirty)
            w->dirty->prev = c;
        w->dirty = c;
    }
    return w->out + w->out_len;
}

/* ---- Replies ---- */

/* Closes the connection because the server is in a state that passes by itself: the next one may
 * find it gone. */
static void lose_to_passing(struct redis_conn *c, const char *name, const struct resp_error *e,
                            const char *command)
{
    char said[sizeof e->text];
    bool full = redis_error_is_full(e->text, e->len);
    conn_down(c->conn, full ? "maxclients" : name, "%s: %s%s", shown(c), full ? "" : command,
              secret_said(said, sizeof said, e->text, e->len));
}

static void refuse_hello(struct redis_conn *c, const struct resp_error *e)
{
    const struct redis_pool *p = pool_of(c);
    char name[RESP_CLASS_MAX], said[sizeof e->text];
    resp_error_class(name, e->text, e->len);
    secret_said(said, sizeof said, e->text, e->len);
    redis_trouble_reply(worker_pool(c->conn->worker), name, e->text);
    if (redis_error_passes(e->text, e->len))
        lose_to_passing(c, name, e, "");
    else if (c->step == p->hello.auth)
        conn_down(c->conn, "auth", "%s: AUTH: %s", shown(c), said);
    else if (c->step == p->hello.select)
        conn_down(c->conn, strcmp(name, "NOAUTH") == 0 ? "auth" : "select", "%s: SELECT %u: %s",
                  shown(c), p->db, said);
    else if (strcmp(name, "NOAUTH") == 0 || strcmp(name, "DENIED") == 0)
        conn_down(c->conn, "auth", "%s: %s", shown(c), said);
    /* Other errors are ignored: CLIENT SETNAME, or PING in its place, may be unknown or not
     * permitted, and neither is needed. */
}

/* Is this a reply with the server's identity (REDIS_WHO)? */
static bool tells_who(const struct redis_conn *c)
{
    return c->step > pool_of(c)->hello.steps;
}

/* The server cannot report its identity at present: close, and ask again on the next connection. */
static void refuse_who(struct redis_conn *c, const struct resp_error *e)
{
    char name[RESP_CLASS_MAX];
    if (redis_error_passes(e->text, e->len))
        lose_to_passing(c, resp_error_class(name, e->text, e->len), e, "INFO: ");
}

/* Checks an identity reply. If the server has no identity, the last of these replies decides. */
static void judge_who(struct redis_conn *c, enum resp_kind kind)
{
    struct redis_worker *w = worker_of(c);
    struct pool *pool = worker_pool(c->conn->worker);
    bool last = c->step == pool_of(c)->hello.steps + REDIS_WHO_STEPS, allowed = true;
    if (kind == RESP_ERROR)
        refuse_who(c, &w->error);
    else
        allowed = redis_part_allowed(pool, text_str(&w->said), &c->named);
    text_clear(&w->said);
    if (c->state != REDIS_HELLO)
        return;
    if (allowed && last && !c->named)
        allowed = pool_identity_still_allowed(pool, NULL);
    if (!allowed)
        conn_down(c->conn, "other_server",
                  "%s: another server answers, and targets.conf forbids it", shown(c));
}

static void answer_hello(struct redis_conn *c, enum resp_kind kind)
{
    const struct redis_pool *p = pool_of(c);
    c->step++;
    if (tells_who(c))
        judge_who(c, kind);
    else if (kind == RESP_ERROR)
        refuse_hello(c, &worker_of(c)->error);
    unsigned steps = p->hello.steps + (p->asks_who ? REDIS_WHO_STEPS : 0U);
    if (c->state != REDIS_HELLO || c->step < steps)
        return;
    c->state = REDIS_UP;
    loop_alarm(worker_loop(c->conn->worker), &c->limit, NS_NEVER);
    atomic_fetch_add_explicit(&worker_of(c)->counts.connected, 1, memory_order_relaxed);
    conn_up(c->conn);
}

static void count_one(_Atomic uint64_t *n)
{
    atomic_store_explicit(n, atomic_load_explicit(n, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

/* The reply to a claim (mark.c), which is not a request of the engine. */
static void answer_claim(struct redis_conn *c, struct redis_worker *w, enum resp_kind kind)
{
    c->claiming = false;
    redis_mark_answered(w, kind == RESP_ERROR ? &w->error : NULL);
    if (c->full) {
        c->full = false;
        conn_room(c->conn);
    }
}

/* Handles the reply to the oldest request. `most`: how many replies this read may contain. */
static void answer(struct redis_conn *c, struct redis_worker *w, enum resp_kind kind,
                   uint32_t *most)
{
    if (c->state == REDIS_HELLO) {
        answer_hello(c, kind);
        return;
    }
    if (c->claiming && c->claim_after-- == 0) {
        answer_claim(c, w, kind);
        return;
    }
    struct op *op = c->conn->in_flight;
    if (!op || !*most) {
        conn_down(c->conn, "protocol", "%s: a reply that nothing asked for", shown(c));
        return;
    }
    --*most;
    if (kind == RESP_ERROR) {
        char name[RESP_CLASS_MAX];
        resp_error_class(name, w->error.text, w->error.len);
        redis_trouble_reply(worker_pool(c->conn->worker), name, w->error.text);
        op_fail(op, name, w->error.text, w->error.len);
        return;
    }
    if (op->type == REDIS_GET)
        count_one(kind == RESP_NIL ? &w->counts.misses : &w->counts.hits);
    op_done(op);
}

static bool is_open(const struct redis_conn *c)
{
    return c->state == REDIS_UP || c->state == REDIS_HELLO;
}

static void reader_give_back(struct redis_worker *w, struct redis_conn *c)
{
    if (w->spare)
        resp_reader_free(c->reader);
    else
        w->spare = c->reader;
    c->reader = NULL;
    c->reply = 0;
    net_hold(&c->buffered, 0);
}

/* Checks an incomplete reply in the reader: its announced size, its received size, and the total of
 * all connections must be plausible. */
static void judge_part(struct redis_worker *w, struct redis_conn *c)
{
    size_t most = c->state == REDIS_HELLO ? HELLO_REPLY_MAX : w->asked_for + REDIS_REPLY_SLACK;
    size_t buffered = resp_reader_buffered(c->reader);
    uint64_t says = resp_reader_awaits(c->reader);
    if (says > most)
        conn_down(c->conn, "too_large",
                  "%s: a reply of %llu bytes, and at most %zu can have been asked for%s", shown(c),
                  (unsigned long long)says, most,
                  c->state == REDIS_HELLO ? "" : " (larger values? size= says how large)");
    else if (c->reply > most)
        conn_down(c->conn, "too_large",
                  "%s: a reply without an end: %zu bytes so far, and at most %zu "
                  "can have been asked for",
                  shown(c), c->reply, most);
    else if (!net_hold(&c->buffered, buffered > w->asked_for ? buffered - w->asked_for : 0))
        conn_down(c->conn, "too_much",
                  "%s: replies that were not asked for hold %zu MiB of all connections, the most "
                  "that is held",
                  shown(c), NET_BUFFERED_MAX >> 20);
}

/* Passes n bytes to the connection's reader and handles completed replies. */
static void read_through_reader(struct redis_worker *w, struct redis_conn *c, const char *p,
                                size_t n, uint32_t *most)
{
    if (!c->reader) {
        c->reader = w->spare ? w->spare : resp_reader_new(&w->error);
        w->spare = NULL;
    }
    while (n) {
        size_t part = n < RESP_FEED ? n : RESP_FEED;
        enum resp_kind kind;
        int rc;
        if (!c->reader || resp_reader_feed(c->reader, p, part) < 0) {
            conn_down(c->conn, "memory", "%s: out of memory for a reply", shown(c));
            return;
        }
        p += part;
        n -= part;
        c->reply += part;
        while ((rc = resp_reader_next(c->reader, &kind)) > 0) {
            c->reply = resp_reader_buffered(c->reader);
            answer(c, w, kind, most);
            if (!is_open(c))
                return;
        }
        if (rc < 0) {
            conn_down(c->conn, "protocol", "%s: not a Redis reply: %s", shown(c),
                      resp_reader_error(c->reader));
            return;
        }
    }
    if (resp_reader_empty(c->reader))
        reader_give_back(w, c);
    else
        judge_part(w, c);
}

/* Handles the replies in n bytes. */
static void take(struct redis_conn *c, const char *p, size_t n, uint32_t *most)
{
    struct redis_worker *w = worker_of(c);
    enum resp_kind kind;
    size_t len;
    bool stepped = !c->reader && (c->state != REDIS_HELLO || !pool_of(c)->asks_who);
    w->error.string = stepped || c->state != REDIS_HELLO ? NULL : &w->said;
    if (stepped)
        for (; n && (len = resp_skip(p, n, &kind)); p += len, n -= len) {
            answer(c, w, kind, most);
            if (!is_open(c))
                return;
        }
    if (n)
        read_through_reader(w, c, p, n, most);
}

static void begin_hello(struct redis_conn *c);

/* TLS: continues the handshake; then starts hello. */
static void continue_handshake(struct redis_conn *c)
{
    struct err err = {0};
    int rc = tls_handshake(c->tls, &err);
    if (rc < 0) {
        conn_down(c->conn, "tls", "%s: %s", shown(c), err.msg);
        return;
    }
    send_secured(c);
    if (rc > 0 && c->state == REDIS_SECURING)
        begin_hello(c);
}

/* Is this the beginning of TLS, on a connection in plain to a server that has sent nothing yet? */
static bool wants_tls(const struct redis_conn *c, const char *bytes, size_t n)
{
    return c->state == REDIS_HELLO && c->step == 0 && !c->reader &&
           redis_scheme(pool_target(worker_pool(c->conn->worker))) && tls_record_begins(bytes, n);
}

static void refuse_plain(struct redis_conn *c)
{
    char at[PLACE_TEXT_MAX + 8], text[TLS_SCHEME_TEXT];
    conn_down(c->conn, "tls", "%s: %s%s", shown(c),
              address_prefix(&pool_of(c)->at, c->at, at, sizeof at),
              tls_wrong_scheme(redis_scheme(pool_target(worker_pool(c->conn->worker))), false, text,
                               sizeof text));
}

/* The worker's buffer contains TLS data; the decrypted bytes are put there too. */
static void take_secured(struct redis_conn *c, size_t n, uint32_t *most)
{
    struct redis_worker *w = worker_of(c);
    const char *why = "";
    ssize_t got;
    if (tls_feed(c->tls, w->in, n) < 0) {
        conn_down(c->conn, "memory", "%s: out of memory for a reply", shown(c));
        return;
    }
    if (c->state == REDIS_SECURING)
        continue_handshake(c);
    while (is_open(c) && (got = tls_get(c->tls, w->in, REDIS_IN, &why)) != 0) {
        if (got == -1)
            lost(c, 0);
        else if (got < 0)
            conn_down(c->conn, "tls", "%s: TLS: %s", shown(c), why);
        else
            take(c, w->in, (size_t)got, most);
    }
    /* reading may have produced TLS output */
    if (is_open(c))
        send_secured(c);
}

static void read_in(struct redis_conn *c)
{
    struct redis_worker *w = worker_of(c);
    struct conn *conn = c->conn;
    ssize_t got = receive_now(c->watch.fd, w->in, REDIS_IN);
    if (got <= 0) {
        if (got == 0 || (errno != EAGAIN && errno != EINTR))
            lost(c, got == 0 ? 0 : errno);
        return;
    }
    loop_refresh(worker_loop(conn->worker));
    conn_bytes(conn, 0, (uint64_t)got);
    uint32_t most = conn->requests;
    if (c->tls)
        take_secured(c, (size_t)got, &most);
    else if (wants_tls(c, w->in, (size_t)got))
        refuse_plain(c);
    else
        take(c, w->in, (size_t)got, &most);
}

/* ---- Opening and closing ---- */

/* TLS: the socket is connected. */
static void begin_tls(struct redis_conn *c)
{
    const struct redis_pool *p = pool_of(c);
    c->state = REDIS_SECURING;
    c->tls = tls_new(p->tls, p->at.host);
    if (!c->tls)
        conn_down(c->conn, "memory", "%s: out of memory for TLS", shown(c));
    else
        continue_handshake(c);
}

/* Sends hello on the established connection. */
static void begin_hello(struct redis_conn *c)
{
    const struct redis_pool *p = pool_of(c);
    c->state = REDIS_HELLO;
    c->step = 0;
    if (loop_watch(worker_loop(c->conn->worker), &c->watch, c->watch.fd, EPOLLIN) < 0)
        lost(c, errno);
    else
        write_out(c, p->hello.bytes, p->hello.len + (p->asks_who ? sizeof REDIS_WHO - 1 : 0));
}

static void redis_ready(struct watch *watch, uint32_t events)
{
    struct redis_conn *c =
        (struct redis_conn *)(void *)((char *)watch - offsetof(struct redis_conn, watch));
    if (c->state == REDIS_CONNECTING) {
        int error = net_connected(watch->fd);
        if (error || !(events & EPOLLOUT)) {
            lost(c, error ? error : ECONNRESET);
            return;
        }
        addresses_answered(&pool_of(c)->at, c->at);
        if (pool_of(c)->tls)
            begin_tls(c);
        else
            begin_hello(c);
        return;
    }
    if (events & (EPOLLIN | EPOLLERR | EPOLLHUP))
        read_in(c);
    if (events & EPOLLOUT && c->tls && (is_open(c) || c->state == REDIS_SECURING))
        send_secured(c);
    else if (events & EPOLLOUT && is_open(c) && c->kept)
        write_kept(c);
}

static void limit_fire(struct alarm *a)
{
    struct redis_conn *c =
        (struct redis_conn *)(void *)((char *)a - offsetof(struct redis_conn, limit));
    char at[PLACE_TEXT_MAX + 8];
    conn_down(
        c->conn, "timeout", "%s: %sno connection within %u s (%s)", shown(c),
        address_prefix(&pool_of(c)->at, c->at, at, sizeof at), (unsigned)(HELLO_NS / NS_PER_S),
        c->state == REDIS_CONNECTING ? "nothing answers" : "connected, but the server is silent");
}

int redis_open(struct conn *conn, struct err *err)
{
    struct redis_conn *c = conn_data(conn);
    struct pool *pool = worker_pool(conn->worker);
    const struct redis_pool *p = pool_data(pool);
    struct loop *loop = worker_loop(conn->worker);
    memset(c, 0, sizeof *c);
    c->conn = conn;
    c->watch = (struct watch){.fd = -1, .ready = redis_ready};
    c->limit = (struct alarm){.due_ns = NS_NEVER, .fire = limit_fire};
    c->state = REDIS_CONNECTING;
    int fd = addresses_connect(&p->at, pool, &c->at, err);
    if (fd < 0)
        return err && err->code < 0 ? err->code : ERR_UNREACHED;
    /* Without this limit megabytes count as sent while they wait in the kernel, filled by pattern
     * unthrottled. */
    int unsent = REDIS_UNSENT_MAX;
    if (p->at.address[c->at].addr.ss_family != AF_UNIX)
        setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
    if (loop_watch(loop, &c->watch, fd, EPOLLIN | EPOLLOUT) < 0) {
        int error = errno;
        close(fd);
        return err_set(err, ERR_FAILED, "%s: epoll: %s", pool_target(pool)->shown, strerror(error));
    }
    loop_alarm(loop, &c->limit, loop_now(loop) + HELLO_NS);
    return 0;
}

void redis_close(struct conn *conn)
{
    struct redis_conn *c = conn_data(conn);
    struct redis_worker *w = worker_data(conn->worker);
    struct loop *loop = worker_loop(conn->worker);
    if (c->state == REDIS_UP)
        atomic_fetch_sub_explicit(&w->counts.connected, 1, memory_order_relaxed);
    /* also when the engine gave up the opening */
    if (c->state == REDIS_CONNECTING && c->watch.fd >= 0)
        addresses_failed(&pool_of(c)->at, c->at);
    c->state = REDIS_CLOSED;
    if (c->out_len)
        dirty_remove(w, c);
    kept_free(c);
    if (c->tls && c->watch.fd >= 0) {
        const char *bytes;
        tls_end(c->tls);
        size_t n = tls_out(c->tls, &bytes);
        if (n && send_now(c->watch.fd, bytes, n) < 0) {
            /* best-effort close_notify */
        }
    }
    tls_free(c->tls);
    c->tls = NULL;
    resp_reader_free(c->reader);
    c->reader = NULL;
    net_hold(&c->buffered, 0);
    loop_alarm(loop, &c->limit, NS_NEVER);
    if (c->watch.fd >= 0) {
        int fd = c->watch.fd;
        loop_unwatch(loop, &c->watch);
        close(fd);
    }
    conn_closed(conn);
}

#endif
