/* What went wrong, in words that a person can act on.
 *
 * A function that can fail takes a `struct err *` last and returns 0 or a negative code. The
 * message names the operation, the target, the cause and what to do. */
#ifndef LOADTOP_ENGINE_BASE_ERR_H
#define LOADTOP_ENGINE_BASE_ERR_H

enum err_code {
    ERR_USAGE = -2,   /* the person's input: exit 2 */
    ERR_REFUSED = -3, /* a protection refuses it: exit 2 */
    ERR_ABSENT = -5,  /* what is to be loaded is not there, and nothing may be made: exit 2 */
    ERR_UNREACHED = -4 /* the target did not answer: exit 3 when it was the start */,
    ERR_FAILED = -1 /* anything else: exit 1 */
};

struct err {
    int code; /* 0: none; else an enum err_code */
    char msg[256];
};

/* Writes code and a formatted message (cut at the buffer's end) and returns code. `err` may be
 * NULL: then only the code is returned. */
int err_set(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
