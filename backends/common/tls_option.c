/* What the options of TLS are set to; see the header. Called wherever TLS is set up. */
#include "backends/common/tls_option.h"

struct tls_files tls_files(const struct options *o, unsigned first)
{
    const char *key = option_str(o, first + TLS_KEY), *cert = option_str(o, first + TLS_CERT);
    return (struct tls_files){.ca = option_str(o, first + TLS_CA),
                              .cert = cert,
                              .key = *key ? key : cert,
                              .verify = option_bool(o, first + TLS_VERIFY)};
}
