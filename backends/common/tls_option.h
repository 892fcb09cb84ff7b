/* The four TLS options, the same in every backend. They exist even without TLS built in, because
 * backends use different libraries (tls.h, libcurl, librdkafka). */
#ifndef LOADTOP_BACKENDS_COMMON_TLS_OPTION_H
#define LOADTOP_BACKENDS_COMMON_TLS_OPTION_H

#include "engine/config/option.h"

#include <stdbool.h>

struct err;

/* Offsets of the TLS options from the first of them in a backend's table. */
enum tls_option { TLS_CA, TLS_CERT, TLS_KEY, TLS_VERIFY, TLS_OPTIONS };

/* Expands to the four rows for a backend's option table. `first` is the index of the first one.
 * `where` (a string literal) begins each help text and says when the options apply, such as the
 * URL's scheme. ca_alias and verify_alias may be NULL. */
#define TLS_OPTION_ROWS(first, where, ca_alias, verify_alias)                                      \
    [(first) + TLS_CA] =                                                                           \
        TLS_ROW("tls.ca", OPTION_TEXT, "", ca_alias,                                               \
                where ": file of the authorities that are trusted; empty: the system's"),          \
               [(first) + TLS_CERT] = TLS_ROW("tls.cert", OPTION_TEXT, "", NULL,                   \
                                              where ": file of our own certificate"),              \
               [(first) + TLS_KEY] =                                                               \
                   TLS_ROW("tls.key", OPTION_TEXT, "", NULL, where ": file of its key"),           \
               [(first) + TLS_VERIFY] = TLS_ROW("tls.verify", OPTION_BOOL, "yes", verify_alias,    \
                                                where ": check the server's certificate and name")
#define TLS_ROW(name, type, def, alias, help)                                                      \
    {                                                                                              \
        name, type, OPTION_TRUSTED_ONLY, def, 0, 0, NULL, help, alias                              \
    }

/* The values of the TLS options. Texts are borrowed from the options; "": not set. */
struct tls_files {
    const char *ca, *cert;
    const char *key; /* the key's file; the certificate's if not set */
    bool verify;
};
struct tls_files tls_files(const struct options *, unsigned first);
/* Can the files be read? Call it in pool_open and clean before passing them to a library, which
 * would block forever on a pipe without a writer, and whose errors are vague. 0, or ERR_USAGE
 * naming the option. */
int tls_files_check(const struct options *, unsigned first, struct err *);

/* Hints at the end of TLS errors, with the same wording in all backends. */
#define TLS_HINT_AUTHORITY "(tls.ca names who signed it)"
/* before the handshake is complete; with the scheme without TLS, or "%s" for it */
#define TLS_HINT_PORT(scheme) "does this port speak it? without TLS: " scheme "://"
/* right after the handshake */
#define TLS_HINT_CLIENT "does it ask for a certificate of ours? tls.cert, tls.key"

#endif
