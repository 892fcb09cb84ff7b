/* A blocking connection with deadlines, with or without TLS: to query a server, prepare it and
 * clean up, never for load. Every wait ends at its deadline, or earlier when the pool is
 * stopping. */
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
    const char *shown;       /* borrowed; prefix of every error */
    bool secured;            /* TLS: the handshake is complete on the client's side */
    bool heard;              /* the server has sent protocol data */
    bool closed;             /* the server has closed the connection, after it was open */
};
#define LINK_NONE                                                                                  \
    {                                                                                              \
        .stream = STREAM_NONE                                                                      \
    }

/* Connects to an address of host, with TLS if there is a context. shown must live as long as the
 * link. Deadlines are on the clock of clock_ns(). 0; ERR_UNREACHED; ERR_REFUSED when a protection
 * forbids the address; ERR_FAILED: the certificate, memory. */
int link_open(struct link *, const struct pool *, const char *host, const struct address *,
              const struct tls_context *, const char *shown, uint64_t deadline_ns, struct err *);
/* Sends all n bytes. 0, or ERR_UNREACHED: the link is broken. */
int link_send(struct link *, const void *bytes, size_t n, uint64_t deadline_ns, struct err *);
/* Waits for input and reads up to n bytes. Returns how many, at least one, or -1 and err
 * (ERR_UNREACHED). */
ssize_t link_receive(struct link *, void *buf, size_t n, uint64_t deadline_ns, struct err *);
/* Reads input that is already there, without waiting. Returns how many bytes, 0 for none, or -1 and
 * err: the link is lost. */
ssize_t link_poll(struct link *, void *buf, size_t n, struct err *);
void link_close(struct link *); /* idempotent */

#endif
