/* A server addressed with the wrong scheme: in plain although it speaks TLS, or with TLS although it
 * does not. It is recognised by its first bytes, with the same wording in all backends. Pure, and
 * the same without OpenSSL. */
#ifndef LOADTOP_BACKENDS_COMMON_TLS_SCHEME_H
#define LOADTOP_BACKENDS_COMMON_TLS_SCHEME_H

#include <stdbool.h>
#include <stddef.h>

/* The two schemes of a backend's targets; a constant of the backend. */
struct tls_scheme {
    const char *plain, *tls; /* "redis", "rediss" */
    /* Bytes without credentials that a server of the protocol answers in plain at once. */
    const char *question;
    size_t question_len;
};

/* Do these first bytes of a server begin a TLS record? False for fewer than three: too few to
 * tell. */
bool tls_record_begins(const void *bytes, size_t n);
/* The other way round: are they certainly none? */
bool tls_record_excluded(const void *bytes, size_t n);
#define TLS_SCHEME_TEXT 96 /* buffer size for tls_wrong_scheme */
/* Writes "the server answers with TLS: use rediss://", or the opposite if `tls` was spoken to it.
 * Returns buf. */
char *tls_wrong_scheme(const struct tls_scheme *, bool tls, char *buf, size_t size);

/* A ClientHello without a name, which a server that speaks TLS answers with a record: its own hello
 * or an alert. */
#define TLS_HELLO_BYTES 82
extern const char tls_hello[TLS_HELLO_BYTES + 1];

#endif
