/* A socket with or without TLS; see the header.
 *
 * Without TLS these are recv and send. With it, received bytes are fed to TLS and its output is
 * sent at once; output that the socket does not accept stays in TLS, and no more is put in until it
 * has been sent, so it is bounded. A stream belongs to one thread. */
#include "backends/common/stream.h"

#include "backends/common/tls.h"
#include "engine/base/err.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PUT_MAX ((size_t)64 << 10) /* a few records */

int stream_secure(struct stream *s, const struct tls_context *context, const char *host,
                  struct err *err)
{
    s->tls = tls_new(context, host);
    return s->tls ? 0 : err_set(err, ERR_FAILED, "out of memory for TLS");
}

bool stream_unsent(const struct stream *s)
{
    const char *bytes;
    return s->tls && tls_out(s->tls, &bytes) > 0;
}

int stream_push(struct stream *s)
{
    const char *bytes;
    size_t n;
    while (s->tls && (n = tls_out(s->tls, &bytes))) {
        ssize_t sent = send(s->fd, bytes, n, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return errno == EAGAIN ? 0 : -1;
        tls_sent(s->tls, (size_t)sent);
    }
    return 0;
}

/* Receives into `in` and feeds TLS. Returns like recv. */
static ssize_t feed(struct stream *s, char *in, size_t room)
{
    ssize_t got;
    do
        got = recv(s->fd, in, room, 0);
    while (got < 0 && errno == EINTR);
    if (got > 0 && tls_feed(s->tls, in, (size_t)got) < 0) {
        errno = ENOMEM;
        return -1;
    }
    return got;
}

int stream_handshake(struct stream *s, struct err *err)
{
    char in[4096];
    for (;;) {
        int done = tls_handshake(s->tls, err);
        /* Also after a failure, to send the server the TLS alert. */
        if (stream_push(s) < 0 && done == 0)
            return tls_unreached(s->tls, strerror(errno), err);
        if (done)
            return done;
        ssize_t got = feed(s, in, sizeof in);
        if (got == 0)
            return tls_unreached(s->tls, "the server closed the connection", err);
        if (got < 0 && errno == EAGAIN)
            return 0;
        if (got < 0)
            return tls_unreached(s->tls, strerror(errno), err);
    }
}

static ssize_t broken(struct stream *s, const char *why)
{
    s->why = why;
    errno = ECONNRESET;
    return -1;
}

static ssize_t read_secured(struct stream *s, void *buf, size_t n, bool socket_too)
{
    for (;;) {
        const char *why = NULL;
        ssize_t got = tls_get(s->tls, buf, n, &why);
        if (got == -1)
            return 0;
        if (got < 0)
            return broken(s, why);
        if (stream_push(s) < 0) /* reading may have produced TLS output */
            return -1;
        if (got > 0)
            return got;
        if (!socket_too) {
            errno = EAGAIN;
            return -1;
        }
        got = feed(s, buf, n);
        if (got <= 0)
            return got;
    }
}

ssize_t stream_read(struct stream *s, void *buf, size_t n)
{
    return s->tls ? read_secured(s, buf, n, true) : recv(s->fd, buf, n, 0);
}

ssize_t stream_rest(struct stream *s, void *buf, size_t n)
{
    if (s->tls)
        return read_secured(s, buf, n, false);
    errno = EAGAIN;
    return -1;
}

ssize_t stream_write(struct stream *s, const void *buf, size_t n)
{
    if (!s->tls)
        return send(s->fd, buf, n, MSG_NOSIGNAL);
    if (stream_push(s) < 0)
        return -1;
    if (stream_unsent(s)) {
        errno = EAGAIN;
        return -1;
    }
    if (n > PUT_MAX)
        n = PUT_MAX;
    if (tls_put(s->tls, buf, n) < 0)
        return broken(s, "the connection is broken");
    return stream_push(s) < 0 ? -1 : (ssize_t)n;
}

const char *stream_error(const struct stream *s)
{
    return s->why ? s->why : strerror(errno);
}

void stream_close(struct stream *s)
{
    if (s->fd < 0)
        return;
    if (s->tls) {
        tls_end(s->tls);
        stream_push(s);
    }
    tls_free(s->tls);
    close(s->fd);
    *s = (struct stream)STREAM_NONE;
}
