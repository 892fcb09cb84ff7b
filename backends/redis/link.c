/* The blocking connection; see the header. Called by hello.c, on the pool's thread or a
 * front end's. */
#include "backends/redis/link.h"

#include "backends/common/tls.h"
#include "backends/redis/types.h"
#include "engine/base/text.h"

#ifdef LOADTOP_HAVE_HIREDIS

#include <errno.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of one reply, its nested arrays included. */
#define REPLY_BYTES_MAX ((size_t)1 << 20) /* INFO takes some 10 KB, 500 marks 100 KB */
#define REPLY_ELEMENTS_MAX 20000
#define REPLY_DEPTH_MAX 4

struct redis_link {
    int fd;
    struct tls *tls; /* or NULL */
    bool secured;    /* its handshake is over */
    bool heard;      /* the server has said something in its protocol */
    bool broken;     /* what it says is none of it, or too much: of no further use */
    size_t elements; /* of the arrays of the reply that it is in */
    bool too_many;   /* there are more, or deeper ones, than are taken */
    redisReader *reader;
    redisReplyObjectFunctions *functions, bounded;
    char shown[256];
};

/* hiredis makes room for as many elements as an array's head says, whatever follows. */
#if HIREDIS_MAJOR >= 1
static void *make_array(const redisReadTask *task, size_t n)
#else
static void *make_array(const redisReadTask *task, int n)
#endif
{
    struct redis_link *l = task->privdata;
    unsigned depth = 1;
    for (const redisReadTask *t = task; t->parent; t = t->parent)
        depth++;
    l->too_many = depth > REPLY_DEPTH_MAX || n > REPLY_ELEMENTS_MAX ||
                  (l->elements += (size_t)n) > REPLY_ELEMENTS_MAX;
    return l->too_many ? NULL : l->functions->createArray(task, n);
}

static redisReader *make_reader(struct redis_link *l)
{
    redisReader *r = redisReaderCreate();
    if (!r)
        return NULL;
    l->functions = r->fn;
    l->bounded = *r->fn;
    l->bounded.createArray = make_array;
    r->fn = &l->bounded;
    r->privdata = l;
    return r;
}

/* A server that does not like how TLS begins often just leaves. */
static const char *tls_hint(const struct redis_link *l)
{
    return l->secured ? " (TLS: " TLS_HINT_CLIENT ")" : " (TLS: " TLS_HINT_PORT ")";
}

static int fail(const struct redis_link *l, int error, struct err *err)
{
    const char *hint = error == ECONNREFUSED || error == ENOENT ? " (is the server running?)" : "";
    const char *why = error == ECONNREFUSED ? "connection refused" : strerror(error);
    if (error == ETIMEDOUT)
        why = "no answer in time";
    if (l->tls && !l->heard)
        hint = tls_hint(l);
    return err_set(err, ERR_UNREACHED, "%s: %s%s", l->shown, why, hint);
}

/* Waits for `events`. 0, or -1 and errno. */
static int wait_until(int fd, short events, uint64_t deadline_ns)
{
    for (;;) {
        uint64_t now = clock_ns();
        if (now >= deadline_ns) {
            errno = ETIMEDOUT;
            return -1;
        }
        struct pollfd p = {.fd = fd, .events = events};
        uint64_t wait_ms = (deadline_ns - now + NS_PER_MS - 1) / NS_PER_MS;
        int n = poll(&p, 1, wait_ms < 60000 ? (int)wait_ms : 60000);
        if (n > 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return -1;
    }
}

static int connected(int fd, uint64_t deadline_ns)
{
    int error = 0;
    socklen_t len = sizeof error;
    if (wait_until(fd, POLLOUT, deadline_ns) < 0 ||
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
        return errno;
    return error;
}

static int send_all(struct redis_link *l, const char *bytes, size_t n, uint64_t deadline_ns,
                    struct err *err)
{
    while (n) {
        ssize_t sent = send(l->fd, bytes, n, MSG_NOSIGNAL);
        if (sent > 0) {
            bytes += sent;
            n -= (size_t)sent;
        } else if (errno != EAGAIN && errno != EINTR) {
            return fail(l, errno, err);
        } else if (wait_until(l->fd, POLLOUT, deadline_ns) < 0) {
            return fail(l, errno, err);
        }
    }
    return 0;
}

static int send_secured(struct redis_link *l, uint64_t deadline_ns, struct err *err)
{
    const char *bytes;
    size_t n = tls_out(l->tls, &bytes);
    if (n && send_all(l, bytes, n, deadline_ns, err) < 0)
        return err->code;
    tls_sent(l->tls, n);
    return 0;
}

/* What the socket brings, once there is something. How many bytes; -1 and err. */
static ssize_t receive(struct redis_link *l, char *in, size_t room, uint64_t deadline_ns,
                       struct err *err)
{
    for (;;) {
        ssize_t got = recv(l->fd, in, room, 0);
        if (got > 0)
            return got;
        if (got == 0) {
            err_set(err, ERR_UNREACHED, "%s: the server closed the connection%s", l->shown,
                    l->tls && !l->heard ? tls_hint(l) : "");
            return -1;
        }
        if ((errno != EAGAIN && errno != EINTR) || wait_until(l->fd, POLLIN, deadline_ns) < 0) {
            fail(l, errno, err);
            return -1;
        }
    }
}

static int secure(struct redis_link *l, const struct tls_context *context, const char *host,
                  uint64_t deadline_ns, struct err *err)
{
    char in[16384];
    struct err why = {0}, unread = {0};
    l->tls = tls_new(context, host);
    if (!l->tls)
        return err_set(err, ERR_FAILED, "%s: out of memory", l->shown);
    for (;;) {
        int rc = tls_greet(l->tls, &why);
        if (send_secured(l, deadline_ns, rc < 0 ? &unread : err) < 0 && rc >= 0)
            return err->code;
        if (rc < 0)
            return err_set(err, why.code, "%s: %s", l->shown, why.msg);
        if (rc > 0) {
            l->secured = true;
            return 0;
        }
        ssize_t got = receive(l, in, sizeof in, deadline_ns, err);
        if (got < 0)
            return err->code;
        if (tls_feed(l->tls, in, (size_t)got) < 0)
            return err_set(err, ERR_FAILED, "%s: out of memory", l->shown);
    }
}

struct redis_link *redis_link_open(const struct redis_address *a, struct pool *pool,
                                   const struct tls_context *context, const char *shown,
                                   uint64_t deadline_ns, struct err *err)
{
    struct redis_link *l = calloc(1, sizeof *l);
    if (!l) {
        err_set(err, ERR_FAILED, "%s: out of memory", shown);
        return NULL;
    }
    copy_str(l->shown, sizeof l->shown, shown);
    l->fd = -1;
    l->reader = make_reader(l);
    if (!l->reader) {
        err_set(err, ERR_FAILED, "%s: out of memory", shown);
        goto out;
    }
    l->fd = net_connect(pool, a->host, (const struct sockaddr *)&a->addr, a->len, err);
    if (l->fd < 0)
        goto out;
    int error = connected(l->fd, deadline_ns);
    if (error)
        fail(l, error, err);
    else if (!context || secure(l, context, a->host, deadline_ns, err) == 0)
        return l;
out:
    redis_link_free(l);
    return NULL;
}

void redis_link_free(struct redis_link *l)
{
    if (!l)
        return;
    tls_free(l->tls);
    if (l->fd >= 0)
        close(l->fd);
    if (l->reader)
        redisReaderFree(l->reader);
    free(l);
}

int redis_link_send(struct redis_link *l, const char *bytes, size_t n, uint64_t deadline_ns,
                    struct err *err)
{
    if (!l->tls)
        return send_all(l, bytes, n, deadline_ns, err);
    if (tls_put(l->tls, bytes, n) < 0)
        return err_set(err, ERR_UNREACHED, "%s: TLS: the connection is broken", l->shown);
    return send_secured(l, deadline_ns, err);
}

/* Plain bytes, however they came. How many; -1 and err. */
static ssize_t take(struct redis_link *l, char *in, size_t room, uint64_t deadline_ns,
                    struct err *err)
{
    while (l->tls) {
        const char *why = "the server ended it";
        ssize_t got = tls_get(l->tls, in, room, &why);
        if (got > 0)
            return got;
        if (got < 0) {
            err_set(err, ERR_UNREACHED, "%s: TLS: %s%s", l->shown, why,
                    l->heard ? "" : tls_hint(l));
            return -1;
        }
        got = receive(l, in, room, deadline_ns, err);
        if (got < 0)
            return -1;
        if (tls_feed(l->tls, in, (size_t)got) < 0) {
            err_set(err, ERR_FAILED, "%s: out of memory", l->shown);
            return -1;
        }
    }
    return receive(l, in, room, deadline_ns, err);
}

/* Is what is there of a reply, and what its head says is to come, more than is taken? */
static bool too_large(const struct redis_link *l, size_t bytes, struct err *err)
{
    uint64_t says = resp_reader_awaits(l->reader);
    if (says <= REPLY_BYTES_MAX && bytes <= REPLY_BYTES_MAX)
        return false;
    err_set(err, ERR_FAILED, "%s: a reply of %s%llu bytes, and at most %zu are taken", l->shown,
            says > bytes ? "" : "more than ", (unsigned long long)(says > bytes ? says : bytes),
            REPLY_BYTES_MAX);
    return true;
}

/* What is complete. NULL: nothing; or, with l->broken, it is no reply that is taken, and err. */
static redisReply *next_reply(struct redis_link *l, struct err *err)
{
    void *reply = NULL;
    if (redisReaderGetReply(l->reader, &reply) == REDIS_OK)
        return reply;
    l->broken = true;
    if (l->too_many)
        err_set(err, ERR_FAILED, "%s: a reply of more than %d elements, or more than %d deep",
                l->shown, REPLY_ELEMENTS_MAX, REPLY_DEPTH_MAX);
    else
        err_set(err, ERR_FAILED, "%s: not a Redis server: %s", l->shown, l->reader->errstr);
    return NULL;
}

redisReply *redis_link_reply(struct redis_link *l, uint64_t deadline_ns, struct err *err)
{
    char in[16384];
    l->elements = 0;
    for (size_t bytes = 0;;) {
        redisReply *reply = next_reply(l, err);
        if (reply || l->broken || too_large(l, bytes, err))
            return reply;
        ssize_t got = take(l, in, sizeof in, deadline_ns, err);
        if (got < 0)
            return NULL;
        l->heard = true;
        bytes += (size_t)got;
        redisReaderFeed(l->reader, in, (size_t)got);
    }
}

redisReply *redis_link_ask(struct redis_link *l, unsigned n, const char *const *words,
                           uint64_t deadline_ns, struct err *err)
{
    struct text command = {0};
    redisReply *reply = NULL;
    redis_words(&command, n, words);
    if (redis_link_send(l, text_str(&command), command.len, deadline_ns, err) == 0)
        reply = redis_link_reply(l, deadline_ns, err);
    text_free(&command);
    return reply;
}

int64_t redis_link_round_trip_ns(const struct redis_link *l)
{
    return net_round_trip_ns(l->fd);
}

#endif
