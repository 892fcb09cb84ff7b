/* Error messages.
 *
 * A message ends up on one line of a terminal, in a status line or in a log, and may quote input
 * from a server or the user; so err_set() makes it one displayable line without secrets; callers
 * need not repeat that. */
#include "engine/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "engine/base/secret.h"
#include "engine/base/text.h"
#include "engine/base/utf8.h"

int err_set(struct err *err, int code, const char *fmt, ...)
{
    if (!err)
        return code;
    err->code = code;
    err->option[0] = '\0';
    va_list args;
    va_start(args, fmt);
    vsnprintf(err->msg, sizeof err->msg, fmt, args);
    va_end(args);
    secret_hide_places(err->msg);
    clean_str(err->msg);
    return code;
}

int err_of_option(struct err *err, const char *option)
{
    if (!err)
        return ERR_USAGE;
    copy_str(err->option, sizeof err->option, option);
    return err->code;
}

bool err_is_own_limit(int errnum)
{
    return errnum == EMFILE || errnum == ENFILE || errnum == ENOBUFS || errnum == ENOMEM ||
           errnum == EADDRNOTAVAIL;
}

const char *err_descriptor_advice(int errnum)
{
    switch (errnum) {
    case EMFILE:
        return " (too many threads or connections? raise `ulimit -n`)";
    case ENFILE:
        return " (this machine has too many files open; raise fs.file-max)";
    case EAFNOSUPPORT:
        return " (this machine speaks no IP of that version; name an address of the other)";
    case ENOBUFS:
    case ENOMEM:
        return " (this machine is short of memory)";
    case EADDRNOTAVAIL:
        return " (this machine has no local port left: net.ipv4.ip_local_port_range, or fewer "
               "connections)";
    default:
        return "";
    }
}
