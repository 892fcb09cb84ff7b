/* A blocking connection; see the header. Called on the pool's thread, and by clean on a thread of
 * the front end. */
#include "backends/common/link.h"

#include "backends/common/resolve.h"
#include "backends/common/tls_option.h"
#include "engine/backend.h"
#include "engine/base/err.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#define LOOK_MS 100 /* interval of checks whether the pool is stopping */

/* ---- What went wrong ---- */

/* Servers often close the socket on a failed TLS handshake. */
static const char *hint(const struct link *l, int error)
{
    if (l->stream.tls && !l->heard)
        return l->secured ? " (TLS: " TLS_HINT_CLIENT ")" : " (TLS: " TLS_HINT_PORT ")";
    return error == ECONNREFUSED || error == ENOENT ? " (is the server running?)" : "";
}

static int lost(struct link *l, int error, struct err *err)
{
    l->closed = l->closed || error == ECONNRESET || error == EPIPE;
    const char *why = error == ECONNREFUSED ? "connection refused"
                      : error == ETIMEDOUT  ? "no answer in time"
                      : error == ECANCELED  ? "given up, as the pool stops"
                                            : strerror(error);
    if (l->stream.why)
        return err_set(err, ERR_UNREACHED, "%s: TLS: %s%s", l->shown, l->stream.why, hint(l, 0));
    return err_set(err, ERR_UNREACHED, "%s: %s%s", l->shown, why, hint(l, error));
}

static int closed(struct link *l, struct err *err)
{
    l->closed = true;
    return err_set(err, ERR_UNREACHED, "%s: the server closed the connection%s", l->shown,
                   hint(l, 0));
}

/* ---- Waiting ---- */

/* Has the deadline passed, or is the pool stopping? 0, or an errno value. */
static int time_is_up(const struct link *l, uint64_t now_ns, uint64_t deadline_ns)
{
    if (now_ns >= deadline_ns)
        return ETIMEDOUT;
    return l->pool && pool_stopping(l->pool) ? ECANCELED : 0;
}

/* Waits for the socket. 0, or an errno value. */
static int await(const struct link *l, short events, uint64_t deadline_ns)
{
    for (;;) {
        struct pollfd p = {.fd = l->stream.fd, .events = events};
        uint64_t now = clock_ns();
        int up = time_is_up(l, now, deadline_ns);
        if (up)
            return up;
        uint64_t ms = (deadline_ns - now + NS_PER_MS - 1) / NS_PER_MS;
        int n = poll(&p, 1, ms < LOOK_MS ? (int)ms : LOOK_MS);
        if (n > 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return errno;
    }
}

/* Waits until there is something to read; sends pending TLS output meanwhile. */
static int await_input(struct link *l, uint64_t deadline_ns)
{
    short events = stream_unsent(&l->stream) ? POLLIN | POLLOUT : POLLIN;
    int error = await(l, events, deadline_ns);
    return error ? error : stream_push(&l->stream) < 0 ? errno : 0;
}

/* ---- Opening ---- */

static int secure(struct link *l, const struct tls_context *tls, const char *host,
                  uint64_t deadline_ns, struct err *err)
{
    struct err why = {0};
    int done = stream_secure(&l->stream, tls, host, &why);
    while (done == 0 && (done = stream_handshake(&l->stream, &why)) == 0) {
        int error = await_input(l, deadline_ns);
        if (error)
            return lost(l, error, err);
    }
    l->secured = done > 0;
    return l->secured ? 0 : err_set(err, why.code, "%s: %s", l->shown, why.msg);
}

int link_open(struct link *l, const struct pool *pool, const char *host, const struct address *a,
              const struct tls_context *tls, const char *shown, uint64_t deadline_ns,
              struct err *err)
{
    struct err why = {0};
    *l = (struct link){.stream = STREAM_NONE, .pool = pool, .shown = shown};
    l->stream.fd = net_connect(pool, host, (const struct sockaddr *)&a->addr, a->len, &why);
    if (l->stream.fd < 0)
        return err_set(err, why.code, "%s", why.msg);
    int error = await(l, POLLOUT, deadline_ns), code = 0;
    if (!error)
        error = net_connected(l->stream.fd);
    if (error)
        code = lost(l, error, err);
    else if (tls)
        code = secure(l, tls, host, deadline_ns, err);
    if (code < 0)
        link_close(l);
    return code;
}

void link_close(struct link *l)
{
    stream_close(&l->stream);
}

/* ---- Talking ---- */

int link_send(struct link *l, const void *bytes, size_t n, uint64_t deadline_ns, struct err *err)
{
    const char *at = bytes;
    while (n || stream_unsent(&l->stream)) {
        ssize_t sent = n ? stream_write(&l->stream, at, n) : stream_push(&l->stream);
        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            return lost(l, errno, err);
        if (sent > 0) {
            at += sent;
            n -= (size_t)sent;
        }
        int error = sent < 0 || stream_unsent(&l->stream) ? await(l, POLLOUT, deadline_ns) : 0;
        if (error)
            return lost(l, error, err);
    }
    return 0;
}

ssize_t link_poll(struct link *l, void *buf, size_t n, struct err *err)
{
    ssize_t got = stream_read(&l->stream, buf, n);
    if (got > 0) {
        l->heard = true;
        return got;
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (got == 0)
        closed(l, err);
    else
        lost(l, errno, err);
    return -1;
}

ssize_t link_receive(struct link *l, void *buf, size_t n, uint64_t deadline_ns, struct err *err)
{
    /* Check this even if more input is always ready: a server that never stops sending must not
     * keep us here. */
    int error = time_is_up(l, clock_ns(), deadline_ns);
    ssize_t got = 0;
    while (!error && (got = link_poll(l, buf, n, err)) == 0)
        error = await_input(l, deadline_ns);
    if (!error)
        return got;
    lost(l, error, err);
    return -1;
}
