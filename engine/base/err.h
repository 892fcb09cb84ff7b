/* Errors with messages that the user can act on.
 *
 * A function that can fail takes a `struct err *` last and returns 0 or a negative code. The
 * message names the operation, the target, the cause and what to do. */
#ifndef LOADTOP_ENGINE_BASE_ERR_H
#define LOADTOP_ENGINE_BASE_ERR_H

#include <stdbool.h>

enum err_code {
    ERR_USAGE = -2,   /* wrong input by the user: exit 2 */
    ERR_REFUSED = -3, /* a protection refuses it: exit 2 */
    /* the table, topic or keyspace does not exist and may not be created: exit 2 */
    ERR_ABSENT = -5,
    ERR_UNREACHED = -4 /* the target did not answer: exit 3 if this happens at the start */,
    /* this machine has no port, descriptor or memory left for it, whatever the server does: exit 1 */
    ERR_OWN_LIMIT = -6,
    ERR_FAILED = -1 /* anything else: exit 1 */
};

#define ERR_OPTION_MAX 64

struct err {
    int code; /* 0: none; else an enum err_code */
    /* the option whose name or value was refused, as written (cut at the end); "": the error is not
     * about a single option */
    char option[ERR_OPTION_MAX];
    char msg[256];
};

/* Sets code, a formatted message (cut at the buffer's end) and no option, and returns code. `err`
 * may be NULL: then only the code is returned. */
int err_set(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Sets the option that an existing error is about. Returns the error's code; ERR_USAGE if err is
 * NULL. */
int err_of_option(struct err *err, const char *option);
/* Advice for an errno because of which no descriptor (socket, eventfd) could be created, or no
 * connection begun: " (...)", to be appended to a message; "": no advice. */
const char *err_descriptor_advice(int errnum);
/* Is this errno about a limit of this machine: descriptors, memory, local ports? (EADDRNOTAVAIL of
 * an IPv6 address may also mean that there is no IPv6.) */
bool err_is_own_limit(int errnum);

#endif
