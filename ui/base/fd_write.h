/* Writing to a descriptor whose reader may be slow, or read nothing at all.
 *
 * Where it is no file, a reader is waited for as long as the caller says; once a signal is to end
 * the program, all writes together wait a blink. */
#ifndef LOADTOP_UI_BASE_FD_WRITE_H
#define LOADTOP_UI_BASE_FD_WRITE_H

#include <stddef.h>

struct err;

#define OUT_BLINK_MS 150 /* what the promise of 500 ms after a signal leaves */

/* Writes all of it to a descriptor. ERR_FAILED names `what` ("stdout") and the cause. Where it is
 * no file, a reader is waited for: up to timeout_ms that it takes nothing (-1: without end). A
 * timeout of at most OUT_BLINK_MS is for the whole, and so is a blink from when a signal wants to
 * end the program. */
int fd_write_all(int fd, const char *what, const void *data, size_t len, int timeout_ms,
                 struct err *err);

/* A signal ends the program: from now on all writes together wait OUT_BLINK_MS for their readers.
 * Any thread. */
void out_end_soon(void);

#endif
