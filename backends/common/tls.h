/* TLS for one connection, separate from its socket: encrypted and plain bytes are exchanged through
 * memory (OpenSSL memory BIOs), so that the socket's owner does the sending, waiting and deadlines.
 * Errors have the same wording in all backends.
 *
 * A context is made once a pool and read by all threads; a connection belongs to one thread. Without
 * OpenSSL tls_check refuses a target that needs it, no context is ever made, and the rest is not
 * called. */
#ifndef LOADTOP_BACKENDS_COMMON_TLS_H
#define LOADTOP_BACKENDS_COMMON_TLS_H

#include <stddef.h>
#include <sys/types.h>

struct err;
struct options;
struct tls;         /* of one connection */
struct tls_context; /* whom it trusts, its own certificate */

/* Is TLS built in? Else ERR_USAGE, with the target that needs it. */
int tls_check(const char *shown, struct err *);
/* From the options of tls_option.h, which begin at `first`. An encrypted key is an error: nobody is
 * asked for its passphrase. NULL and err (ERR_FAILED; ERR_USAGE when a file cannot be read or TLS is not built in). */
struct tls_context *tls_context_new(const struct options *, unsigned first, struct err *);
/* Takes NULL. Connections that were made from it keep what they need. */
void tls_context_free(struct tls_context *);

/* A connection to the server of that name, which its certificate must have. NULL: out of memory. */
struct tls *tls_new(const struct tls_context *, const char *host);
void tls_free(struct tls *); /* takes NULL */

/* What the socket brought. 0, or -1: out of memory. */
int tls_feed(struct tls *, const char *bytes, size_t n);
/* What the socket is to send now; `tls_sent` says how much of it has gone. The bytes stay valid until
 * the next call. */
size_t tls_out(struct tls *, const char **bytes);
void tls_sent(struct tls *, size_t n);

/* A step of the handshake: 1 it stands, 0 it needs more from the socket, or negative and err
 * (ERR_FAILED: the certificate; ERR_UNREACHED: what speaks there is not TLS, or gave up). */
int tls_greet(struct tls *, struct err *);
/* Then: plain bytes to be sent, all of them. 0, or -1: it is broken. */
int tls_put(struct tls *, const char *bytes, size_t n);
/* Plain bytes that have come: how many, 0 none now, -1 the server ended it, -2 and `why`: it is
 * broken. */
ssize_t tls_get(struct tls *, char *buf, size_t n, const char **why);
void tls_end(struct tls *); /* says goodbye, into what is to be sent */

#endif
