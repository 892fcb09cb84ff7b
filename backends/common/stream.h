/* A connected socket that never blocks, with TLS or without: read and write as recv and send do, and
 * one who has TLS need not know. */
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
    const char *why; /* why TLS is broken; NULL: it is not */
};
#define STREAM_NONE                                                                                \
    {                                                                                              \
        .fd = -1                                                                                   \
    }

/* Puts TLS on it; host is the name that the certificate must have. 0, or ERR_FAILED: no memory. */
int stream_secure(struct stream *, const struct tls_context *, const char *host, struct err *);
/* Goes on with the handshake as far as what has come allows. 1: it stands; 0: later, when there is
 * something to read, or room where stream_unsent says so; negative and err. */
int stream_greet(struct stream *, struct err *);
/* Bytes; 0 at the end; -1 with errno (EAGAIN: later). Once greeted, if there is TLS. */
ssize_t stream_read(struct stream *, void *buf, size_t n);
/* The same, of what was read from the socket already: after a stream_read, until EAGAIN, for epoll
 * does not know of it. What the socket has more is left there, so that others have their turn. */
ssize_t stream_rest(struct stream *, void *buf, size_t n);
/* Bytes that were taken, of which stream_unsent may still hold a part; -1 with errno (EAGAIN: when
 * there is room). */
ssize_t stream_write(struct stream *, const void *buf, size_t n);
/* Does it hold bytes that the socket had no room for? Then stream_push sends them, once there is:
 * 0, or -1 and errno. Always false without TLS. */
bool stream_unsent(const struct stream *);
int stream_push(struct stream *);
/* After a read, write or push that failed: why, in words. Valid until the next. */
const char *stream_error(const struct stream *);
void stream_close(struct stream *); /* with TLS's goodbye; a closed one stays closed */

#endif
