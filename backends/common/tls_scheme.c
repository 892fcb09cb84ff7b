/* Recognising a server addressed with the wrong scheme; see the header. Called by link.c, tls.c and
 * the connections of backends. */
#include "backends/common/tls_scheme.h"

#include <stdio.h>

enum { RECORD_FIRST = 0x14, RECORD_LAST = 0x17 }; /* change_cipher_spec to application_data */

/* RFC 8446, 5.1: type, then the version, 3.0 to 3.4. */
static bool may_begin(const unsigned char *p)
{
    return p[0] >= RECORD_FIRST && p[0] <= RECORD_LAST && p[1] == 3 && p[2] <= 4;
}

bool tls_record_begins(const void *bytes, size_t n)
{
    return n >= 3 && may_begin(bytes);
}

bool tls_record_excluded(const void *bytes, size_t n)
{
    return n >= 3 && !may_begin(bytes);
}

char *tls_wrong_scheme(const struct tls_scheme *s, bool tls, char *buf, size_t size)
{
    snprintf(buf, size, "the server answers %s TLS: use %s://", tls ? "without" : "with",
             tls ? s->plain : s->tls);
    return buf;
}

/* RFC 5246, 7.4.1.2. */
const char tls_hello[TLS_HELLO_BYTES + 1] =
    "\x16\x03\x01\x00\x4d"                                      /* a handshake record */
    "\x01\x00\x00\x49"                                          /* ClientHello */
    "\x03\x03"                                                  /* TLS 1.2 */
    "loadtop: is TLS spoken on this?!"                          /* its random, 32 bytes */
    "\x00"                                                      /* no session to resume */
    "\x00\x08\xc0\x2b\xc0\x2f\x00\x9c\x00\x2f"                  /* cipher suites */
    "\x01\x00"                                                  /* no compression */
    "\x00\x18"                                                  /* extensions: */
    "\x00\x0a\x00\x06\x00\x04\x00\x1d\x00\x17"                  /* supported_groups */
    "\x00\x0d\x00\x0a\x00\x08\x04\x03\x08\x04\x04\x01\x02\x01"; /* signature_algorithms */

_Static_assert(sizeof tls_hello == TLS_HELLO_BYTES + 1, "its lengths say 82");
