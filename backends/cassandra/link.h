/* A connected socket, with TLS or without, that never blocks. */
#ifndef LOADTOP_BACKENDS_CASSANDRA_LINK_H
#define LOADTOP_BACKENDS_CASSANDRA_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct cass_link;
struct err;
struct options;

/* An SSL_CTX for the target's options, or NULL and err. */
void *cass_tls_context(const struct options *, struct err *);
void cass_tls_context_free(void *);
bool cass_tls_built(void);
/* Puts TLS on a connected socket. host is verified against the certificate. */
int cass_link_secure(struct cass_link *, void *context, const char *host, bool verify,
                     struct err *);
/* 1 done, 0 not yet (want_out says for what it waits), -1 and err. */
int cass_link_handshake(struct cass_link *, struct err *);
/* As read and write: bytes, 0 at the end (read), or -1 with errno (EAGAIN: later). */
ssize_t cass_link_read(struct cass_link *, void *buf, size_t n);
ssize_t cass_link_write(struct cass_link *, const void *buf, size_t n);
bool cass_link_pending(const struct cass_link *); /* decrypted bytes that epoll does not know of */
void cass_link_close(struct cass_link *);         /* idempotent once fd is -1 */

#endif
