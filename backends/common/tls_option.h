/* The four options of TLS, the same in every backend, and what they say. Known even where no TLS is
 * built in: what a backend speaks it with (tls.h, libcurl, librdkafka) is its own. */
#ifndef LOADTOP_BACKENDS_COMMON_TLS_OPTION_H
#define LOADTOP_BACKENDS_COMMON_TLS_OPTION_H

#include "engine/config/option.h"

#include <stdbool.h>

/* Their places behind the first in a backend's table. */
enum tls_option { TLS_CA, TLS_CERT, TLS_KEY, TLS_VERIFY, TLS_OPTIONS };

/* The four rows of a backend's option table. `first` is where they begin, `where` (a literal) says
 * when they count, such as the scheme. The aliases of tls.ca and tls.verify may be NULL. */
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
        name, type, OPTION_OWN_ONLY, def, 0, 0, NULL, help, alias                                  \
    }

/* What they are set to. Texts are borrowed from the options; "": none. */
struct tls_files {
    const char *ca, *cert;
    const char *key; /* of the certificate: its own file where no other is named */
    bool verify;
};
struct tls_files tls_files(const struct options *, unsigned first);

/* What to look at, at the end of an error of TLS; one wording for all backends. */
#define TLS_HINT_AUTHORITY "(tls.ca names who signed it)"
#define TLS_HINT_PORT "does this port speak it?" /* until its handshake is over */
#define TLS_HINT_CLIENT "does it ask for a certificate of ours? tls.cert, tls.key" /* right after */

#endif
