/* Writing to a descriptor whose reader may be slow or not read at all.
 *
 * If it is not a file, writes wait for the reader up to the caller's timeout; after a signal to end
 * the program, all writes together wait at most OUT_BLINK_MS. */
#ifndef LOADTOP_UI_BASE_FD_WRITE_H
#define LOADTOP_UI_BASE_FD_WRITE_H

#include <stddef.h>

struct err;

#define OUT_BLINK_MS 150 /* within the guaranteed 500 ms after a signal */

/* Writes all bytes to a descriptor. ERR_FAILED names `what` ("stdout") and the cause. If it is not
 * a file, waits while the reader takes nothing for up to timeout_ms (-1: forever). A timeout of at
 * most OUT_BLINK_MS applies to the whole write, as does OUT_BLINK_MS after a signal to end the
 * program. */
int fd_write_all(int fd, const char *what, const void *data, size_t len, int timeout_ms,
                 struct err *err);

/* To be called when a signal ends the program: from now on all writes together wait OUT_BLINK_MS
 * for their readers. Any thread. */
void out_end_soon(void);

#endif
