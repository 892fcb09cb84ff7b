/* A non-blocking connected socket, with or without TLS, that is read and written like with recv and
 * send. */
#ifndef LOADTOP_BACKENDS_COMMON_STREAM_H
#define LOADTOP_BACKENDS_COMMON_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct err;
struct tls;
struct tls_context;

struct stream {
    int fd;          /* -1: none; owned */
    struct tls *tls; /* NULL: plain */
    const char *why; /* the TLS error; NULL: none */
};
#define STREAM_NONE                                                                                \
    {                                                                                              \
        .fd = -1                                                                                   \
    }

/* Starts TLS; the certificate must match host. 0, or ERR_FAILED: out of memory. */
int stream_secure(struct stream *, const struct tls_context *, const char *host, struct err *);
/* Continues the TLS handshake. 1: complete; 0: call again when the socket is readable, or writable
 * if stream_unsent; negative: failed, with err. */
int stream_handshake(struct stream *, struct err *);
/* Returns the bytes read, 0 at the end, or -1 and errno (EAGAIN: later). With TLS only after the
 * handshake. */
ssize_t stream_read(struct stream *, void *buf, size_t n);
/* Like stream_read, but returns only data that has already been taken from the socket. Call it
 * after stream_read until EAGAIN, because epoll does not know about this data. What is still in the
 * socket stays there, so that other connections get their turn. */
ssize_t stream_rest(struct stream *, void *buf, size_t n);
/* Returns the bytes accepted, part of which may still be unsent (stream_unsent), or -1 and errno
 * (EAGAIN: when writable). */
ssize_t stream_write(struct stream *, const void *buf, size_t n);
/* Are there accepted bytes that the socket had no room for? stream_push sends them when it is
 * writable: 0, or -1 and errno. Always false without TLS. */
bool stream_unsent(const struct stream *);
int stream_push(struct stream *);
/* The reason of the last failed read, write or push. Valid until the next call. */
const char *stream_error(const struct stream *);
void stream_close(struct stream *); /* with TLS's close_notify; idempotent */

#endif
