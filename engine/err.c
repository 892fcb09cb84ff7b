/* Error messages.
 *
 * A message ends up on one line of a terminal, in a status line or in a log, and may quote what a
 * server or a person sent; so control characters are replaced and secrets are taken out here, once,
 * for everybody. */
#include "engine/err.h"

#include <stdarg.h>
#include <stdio.h>

#include "engine/secret.h"

int err_set(struct err *err, int code, const char *fmt, ...)
{
    if (!err)
        return code;
    err->code = code;
    va_list args;
    va_start(args, fmt);
    vsnprintf(err->msg, sizeof err->msg, fmt, args);
    va_end(args);
    for (char *c = err->msg; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = ' ';
    secret_hide(err->msg);
    return code;
}
