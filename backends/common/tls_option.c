/* Values of the TLS options; see the header. */
#include "backends/common/tls_option.h"

#include "engine/base/err.h"
#include "engine/os/plain_file.h"

#include <stdio.h>
#include <unistd.h>

struct tls_files tls_files(const struct options *o, unsigned first)
{
    const char *key = option_str(o, first + TLS_KEY), *cert = option_str(o, first + TLS_CERT);
    return (struct tls_files){.ca = option_str(o, first + TLS_CA),
                              .cert = cert,
                              .key = *key ? key : cert,
                              .verify = option_bool(o, first + TLS_VERIFY)};
}

int tls_files_check(const struct options *o, unsigned first, struct err *err)
{
    struct tls_files files = tls_files(o, first);
    const char *const path[] = {files.ca, files.cert, files.key};
    static const char *const name[] = {"tls.ca", "tls.cert", "tls.key"};
    for (unsigned i = 0; i < 3; i++) {
        if (!*path[i] || (i == 2 && path[i] == files.cert))
            continue;
        char what[128];
        snprintf(what, sizeof what, "%s=%s", name[i], path[i]);
        int fd = plain_file_open(path[i], false, what, err);
        if (fd < 0)
            return ERR_USAGE;
        close(fd);
    }
    return 0;
}
