/* TLS for one connection, apart from its socket: bytes of the socket go in and come out, and so do
 * those of the protocol. OpenSSL on memory, so that sending, waiting and deadlines stay with who
 * owns the socket (conn.c, link.c), and no version of hiredis matters. */
#ifndef LOADTOP_BACKENDS_REDIS_TLS_H
#define LOADTOP_BACKENDS_REDIS_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct err;
struct options;
struct redis_tls;         /* of one connection */
struct redis_tls_context; /* of one pool, for all threads: whom it trusts, its own certificate */

bool redis_tls_built(void);
/* From the options tls.ca, tls.cert, tls.key and tls.verify. NULL and err (ERR_FAILED). */
struct redis_tls_context *redis_tls_context_new(const struct options *, struct err *);
void redis_tls_context_free(struct redis_tls_context *); /* takes NULL */

/* A connection to the server of that name, which its certificate must have. NULL: out of memory. */
struct redis_tls *redis_tls_new(const struct redis_tls_context *, const char *host);
void redis_tls_free(struct redis_tls *); /* takes NULL */

/* What the socket brought. 0, or -1: out of memory. */
int redis_tls_feed(struct redis_tls *, const char *bytes, size_t n);
/* What the socket is to send now; `redis_tls_sent` says how much of it has gone. The bytes stay
 * valid until the next call. */
size_t redis_tls_out(struct redis_tls *, const char **bytes);
void redis_tls_sent(struct redis_tls *, size_t n);

/* A step of the handshake: 1 it stands, 0 it needs more from the socket, or negative and err
 * (ERR_FAILED: the certificate; ERR_UNREACHED: what speaks there is not TLS, or gave up). */
int redis_tls_greet(struct redis_tls *, struct err *);
/* Then: plain bytes to be sent, all of them. 0, or -1: it is broken. */
int redis_tls_put(struct redis_tls *, const char *bytes, size_t n);
/* Plain bytes that have come: how many, 0 none now, -1 the server ended it, -2 and `why`: it is
 * broken. */
ssize_t redis_tls_get(struct redis_tls *, char *buf, size_t n, const char **why);
void redis_tls_end(struct redis_tls *); /* says goodbye, into what is to be sent */

#endif
