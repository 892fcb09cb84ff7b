/* A blocking connection with deadlines, with or without TLS: to query a server, prepare it and
 * clean up, never for load. Every wait ends at its deadline, or earlier when the pool is
 * stopping. */
#ifndef LOADTOP_BACKENDS_COMMON_LINK_H
#define LOADTOP_BACKENDS_COMMON_LINK_H

#include "backends/common/resolve.h"
#include "backends/common/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct pool;
struct tls_context;
struct tls_scheme;

/* How links to a host are opened. All is borrowed until link_open returns; pool, scheme and shown
 * until the link is closed. */
struct link_setup {
    const struct pool *pool;         /* NULL: for clean */
    const char *host;                /* as typed, which a certificate must match */
    const struct tls_context *tls;   /* NULL: plain */
    const struct tls_scheme *scheme; /* NULL, without TLS only: the protocol knows no TLS */
    const char *shown;               /* prefix of every error */
};

struct link {
    struct stream stream;
    const struct pool *pool;
    const char *shown;
    bool secured; /* TLS: the handshake is complete on the client's side */
    bool heard;   /* the server has sent protocol data */
    bool closed;  /* the server has closed the connection, after it was open */
    /* where it leads to, for asking there whether the scheme is wrong */
    const struct tls_scheme *scheme;
    char host[256];
    struct address address;
};
#define LINK_NONE                                                                                  \
    {                                                                                              \
        .stream = STREAM_NONE                                                                      \
    }

/* A server that speaks TLS, addressed in plain, and the other way round, makes any of the functions
 * below fail with ERR_FAILED and the scheme to use: as soon as its first bytes say so, or when it
 * closed the link or kept silent, and an answer on another link says so. */

/* Connects to an address, with TLS if there is a context. Deadlines are on the clock of clock_ns().
 * 0; ERR_UNREACHED; ERR_REFUSED when a protection forbids the address; ERR_FAILED: the certificate,
 * memory. */
int link_open(struct link *, const struct link_setup *, const struct address *,
              uint64_t deadline_ns, struct err *);
/* Sends all n bytes. 0, or ERR_UNREACHED: the link is broken. */
int link_send(struct link *, const void *bytes, size_t n, uint64_t deadline_ns, struct err *);
/* Waits for input and reads up to n bytes. Returns how many, at least one, or -1 and err. */
ssize_t link_receive(struct link *, void *buf, size_t n, uint64_t deadline_ns, struct err *);
/* Reads input that is already there, without waiting. Returns how many bytes, 0 for none, or -1 and
 * err: the link is lost. */
ssize_t link_poll(struct link *, void *buf, size_t n, struct err *);
void link_close(struct link *); /* idempotent */

/* Does the server at this address speak TLS and was addressed in plain, or the other way round
 * (`tls`)? It is asked with a ClientHello and, in plain, with the scheme's question, on a link of
 * its own for each. Neither contains credentials. Takes at most a second. */
bool link_scheme_is_wrong(const struct pool *, const char *host, const struct address *,
                          const struct tls_scheme *, bool tls, uint64_t deadline_ns);

#endif
