/* A blocking connection; see the header. Called on the pool's thread, and by clean on a thread of
 * the front end. */
#include "backends/common/link.h"

#include "backends/common/tls_option.h"
#include "backends/common/tls_scheme.h"
#include "engine/backend.h"
#include "engine/base/err.h"
#include "engine/base/text.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define LOOK_MS 100 /* interval of checks whether the pool is stopping */
/* how long a server may be silent in the handshake of TLS before it is asked what it speaks, and
 * how long that waits for an answer */
#define PATIENCE_NS (500 * NS_PER_MS)

#define CLOSED 0 /* in place of an errno value: an orderly end */

/* ---- What went wrong ---- */

/* Writes what to do, or "". */
static const char *hint(const struct link *l, int error, char *buf, size_t size)
{
    buf[0] = '\0';
    /* Servers often close the socket on a failed TLS handshake. */
    if (l->stream.tls && !l->heard && l->secured)
        return " (TLS: " TLS_HINT_CLIENT ")";
    if (l->stream.tls && !l->heard)
        snprintf(buf, size, " (TLS: " TLS_HINT_PORT("%s") ")", l->scheme->plain);
    else if (error == ECONNREFUSED || error == ENOENT)
        return " (is the server running?)";
    return buf;
}

static int wrong_scheme(const struct link *l, struct err *err)
{
    char text[TLS_SCHEME_TEXT];
    return err_set(err, ERR_FAILED, "%s: %s", l->shown,
                   tls_wrong_scheme(l->scheme, l->stream.tls != NULL, text, sizeof text));
}

/* Asks the server, which has sent nothing that could be understood. */
static bool is_wrong_scheme(const struct link *l)
{
    return l->scheme && !l->heard && !l->secured &&
           link_scheme_is_wrong(l->pool, l->host, &l->address, l->scheme, l->stream.tls != NULL,
                                UINT64_MAX);
}

static int lost(struct link *l, int error, struct err *err)
{
    char text[96];
    l->closed = l->closed || error == CLOSED || error == ECONNRESET || error == EPIPE;
    const char *why = error == CLOSED         ? "the server closed the connection"
                      : error == ECONNREFUSED ? "connection refused"
                      : error == ETIMEDOUT    ? "no answer in time"
                      : error == ECANCELED    ? "given up, as the pool stops"
                                              : strerror(error);
    if (l->stream.why)
        return err_set(err, ERR_UNREACHED, "%s: TLS: %s%s", l->shown, l->stream.why,
                       hint(l, CLOSED, text, sizeof text));
    if ((error == CLOSED || error == ECONNRESET || error == EPIPE) && is_wrong_scheme(l))
        return wrong_scheme(l, err);
    return err_set(err, ERR_UNREACHED, "%s: %s%s", l->shown, why,
                   hint(l, error, text, sizeof text));
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

static int secure(struct link *l, const struct tls_context *tls, uint64_t deadline_ns,
                  struct err *err)
{
    struct err why = {0};
    uint64_t patience_ns = clock_ns() + PATIENCE_NS;
    int done = stream_secure(&l->stream, tls, l->host, &why);
    while (done == 0 && (done = stream_handshake(&l->stream, &why)) == 0) {
        bool asks = patience_ns < deadline_ns;
        int error = await_input(l, asks ? patience_ns : deadline_ns);
        if (error == ETIMEDOUT && asks) {
            /* A plain server may wait for the end of what it takes for a request. */
            if (is_wrong_scheme(l))
                return wrong_scheme(l, err);
            patience_ns = deadline_ns;
        } else if (error) {
            return lost(l, error, err);
        }
    }
    l->secured = done > 0;
    if (done == ERR_UNREACHED && is_wrong_scheme(l))
        return wrong_scheme(l, err);
    return l->secured ? 0 : err_set(err, why.code, "%s: %s", l->shown, why.msg);
}

int link_open(struct link *l, const struct link_setup *setup, const struct address *a,
              uint64_t deadline_ns, struct err *err)
{
    struct err why = {0};
    assert(setup->scheme || !setup->tls);
    *l = (struct link){.stream = STREAM_NONE,
                       .pool = setup->pool,
                       .shown = setup->shown,
                       .scheme = setup->scheme,
                       .address = *a};
    copy_str(l->host, sizeof l->host, setup->host);
    l->stream.fd = net_connect(l->pool, l->host, (const struct sockaddr *)&a->addr, a->len, &why);
    if (l->stream.fd < 0)
        return err_set(err, why.code, "%s", why.msg);
    int error = await(l, POLLOUT, deadline_ns), code = 0;
    if (!error)
        error = net_connected(l->stream.fd);
    if (error)
        code = lost(l, error, err);
    else if (setup->tls)
        code = secure(l, setup->tls, deadline_ns, err);
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
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (got <= 0) {
        lost(l, got == 0 ? CLOSED : errno, err);
        return -1;
    }
    if (l->scheme && !l->heard && !l->stream.tls && tls_record_begins(buf, (size_t)got)) {
        wrong_scheme(l, err);
        return -1;
    }
    l->heard = true;
    return got;
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

/* ---- What a server speaks ---- */

enum spoken { SPOKEN_UNKNOWN, SPOKEN_PLAIN, SPOKEN_TLS };

/* How the server's answer to these bytes begins. */
static enum spoken ask(const struct link_setup *setup, const struct address *a, const char *bytes,
                       size_t n, uint64_t deadline_ns)
{
    struct link l;
    unsigned char in[64];
    ssize_t got = -1;
    uint64_t end_ns = clock_ns() + PATIENCE_NS;
    if (end_ns > deadline_ns)
        end_ns = deadline_ns;
    if (link_open(&l, setup, a, end_ns, NULL) < 0)
        return SPOKEN_UNKNOWN;
    if (link_send(&l, bytes, n, end_ns, NULL) == 0)
        got = link_receive(&l, in, sizeof in, end_ns, NULL);
    link_close(&l);
    if (got > 0 && tls_record_begins(in, (size_t)got))
        return SPOKEN_TLS;
    return got > 0 && tls_record_excluded(in, (size_t)got) ? SPOKEN_PLAIN : SPOKEN_UNKNOWN;
}

bool link_scheme_is_wrong(const struct pool *pool, const char *host, const struct address *a,
                          const struct tls_scheme *scheme, bool tls, uint64_t deadline_ns)
{
    const struct link_setup plain = {.pool = pool, .host = host, .shown = host};
    enum spoken spoken = ask(&plain, a, tls_hello, TLS_HELLO_BYTES, deadline_ns);
    if (tls && spoken == SPOKEN_UNKNOWN)
        spoken = ask(&plain, a, scheme->question, scheme->question_len, deadline_ns);
    return spoken == (tls ? SPOKEN_PLAIN : SPOKEN_TLS);
}
