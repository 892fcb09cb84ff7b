/* TLS for one connection, separate from its socket: encrypted and plain bytes are exchanged through
 * memory (OpenSSL memory BIOs), so that the socket's owner does the sending, waiting and deadlines.
 * Errors have the same wording in all backends.
 *
 * A context is created once per pool and read by all threads; a connection belongs to one
 * thread. Without OpenSSL, tls_check refuses targets that need it and the other functions are
 * not called. */
#ifndef LOADTOP_BACKENDS_COMMON_TLS_H
#define LOADTOP_BACKENDS_COMMON_TLS_H

#include <stddef.h>
#include <sys/types.h>

struct err;
struct options;
struct tls;         /* of one connection */
struct tls_context; /* CA, certificate and key */
struct tls_scheme;

/* 0 if TLS is built in; else ERR_USAGE, with the target that needs it. */
int tls_check(const char *shown, struct err *);
/* Creates a context from the options of tls_option.h, which begin at `first`. The scheme is a
 * constant of the backend, for messages. An encrypted key is an error: no passphrase is asked for.
 * NULL and err (ERR_FAILED; ERR_USAGE when a file cannot be read or TLS is not built in). */
struct tls_context *tls_context_new(const struct options *, unsigned first,
                                    const struct tls_scheme *, struct err *);
/* Takes NULL. Connections created from it stay valid. */
void tls_context_free(struct tls_context *);

/* A connection to a server whose certificate must match host. NULL: out of memory. */
struct tls *tls_new(const struct tls_context *, const char *host);
void tls_free(struct tls *); /* takes NULL */

/* Passes bytes received from the socket. 0, or -1: out of memory. */
int tls_feed(struct tls *, const char *bytes, size_t n);
/* The bytes to send on the socket; report with `tls_sent` how many were sent. Valid until the next
 * call. */
size_t tls_out(struct tls *, const char **bytes);
void tls_sent(struct tls *, size_t n);

/* Continues the handshake: 1 complete, 0 needs more input, or negative and err (ERR_FAILED: the
 * certificate, or the server answers without TLS; ERR_UNREACHED: anything else). */
int tls_handshake(struct tls *, struct err *);
/* Sets err to ERR_UNREACHED with this reason for the end of the handshake, and asks whether the port
 * speaks TLS if the server has sent nothing. Returns the code. */
int tls_unreached(const struct tls *, const char *why, struct err *);
/* After the handshake: encrypts all n plain bytes. 0, or -1: the connection is broken. */
int tls_put(struct tls *, const char *bytes, size_t n);
/* Reads received plain bytes: how many, 0 none now, -1 closed by the server, -2 and `why`:
 * broken. */
ssize_t tls_get(struct tls *, char *buf, size_t n, const char **why);
void tls_end(struct tls *); /* adds a close_notify to the output */

#endif
