/* Error messages.
 *
 * A message ends up on one line of a terminal, in a status line or in a log, and may quote what a
 * server or a person sent; so it is made one line that may be shown here, without secrets, once,
 * for everybody. */
#include "engine/base/err.h"

#include <stdarg.h>
#include <stdio.h>

#include "engine/base/secret.h"
#include "engine/base/utf8.h"

int err_set(struct err *err, int code, const char *fmt, ...)
{
    if (!err)
        return code;
    err->code = code;
    va_list args;
    va_start(args, fmt);
    vsnprintf(err->msg, sizeof err->msg, fmt, args);
    va_end(args);
    secret_hide_places(err->msg);
    clean_str(err->msg);
    return code;
}
