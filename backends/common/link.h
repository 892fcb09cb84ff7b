/* A blocking connection with a deadline for everything, with TLS or without: for looking at a server,
 * preparing it and cleaning up, never for load. Every wait ends by its deadline, and early when the
 * pool is stopping. */
#ifndef LOADTOP_BACKENDS_COMMON_LINK_H
#define LOADTOP_BACKENDS_COMMON_LINK_H

#include "backends/common/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct address;
struct err;
struct pool;
struct tls_context;

struct link {
    struct stream stream;
    const struct pool *pool; /* borrowed; NULL: for clean */
    const char *shown;       /* borrowed; stands before every error */
    bool secured;            /* TLS: the handshake is over, on our side */
    bool heard;              /* the server has said something in its protocol */
};
#define LINK_NONE                                                                                  \
    {                                                                                              \
        .stream = STREAM_NONE                                                                      \
    }

/* Connects to an address of host, and agrees on TLS where there is a context. shown must live as long
 * as the link. Deadlines are on the clock of clock_ns(). 0; ERR_UNREACHED; ERR_REFUSED when a
 * protection forbids the address; ERR_FAILED: the certificate, memory. */
int link_open(struct link *, const struct pool *, const char *host, const struct address *,
              const struct tls_context *, const char *shown, uint64_t deadline_ns, struct err *);
/* Sends all of it. 0, or ERR_UNREACHED: the link is of no use any more. */
int link_send(struct link *, const void *bytes, size_t n, uint64_t deadline_ns, struct err *);
/* What comes next, at most n bytes: how many, at least one. -1 and err (ERR_UNREACHED). */
ssize_t link_receive(struct link *, void *buf, size_t n, uint64_t deadline_ns, struct err *);
/* What is there already: 0 nothing, -1 and err: the link is lost. */
ssize_t link_poll(struct link *, void *buf, size_t n, struct err *);
void link_close(struct link *); /* a closed one stays closed */

#endif
