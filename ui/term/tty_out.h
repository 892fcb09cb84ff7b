/* Writes terminal output on a separate thread.
 *
 * A terminal may stop accepting output: Ctrl-S, a hanging ssh, a stopped multiplexer. Then only
 * this thread waits. The drawing thread collects a frame in memory, which never blocks, and passes
 * it on as a whole; it does not begin the next frame while one is still being written
 * (tty_out_ready). For ui/term/term.c only; one terminal, on stdout. */
#ifndef LOADTOP_UI_TERM_TTY_OUT_H
#define LOADTOP_UI_TERM_TTY_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct err;

/* Starts the thread: 0, or ERR_FAILED. Call tty_catch_signals first, because the thread wakes its
 * loop. */
int tty_out_open(struct err *);
/* The memory stream in which curses collects a frame. */
FILE *tty_out_stream(void);
/* Appends to the frame. */
void tty_out_add(const char *s, size_t len);
/* Has all sent output been written? If not, tty_wake is called when it has. */
bool tty_out_ready(void);
/* Passes the collected output to the thread, after any output still being written. For output that
 * must not be dropped, such as terminal modes. */
void tty_out_send(void);
/* Sends the collected output (the sequences that restore the terminal) and waits until all is
 * written. If earlier output is not written in time it is discarded, here and in the kernel, to
 * make room; each step has the same timeout. True: the collected output was written. */
bool tty_out_flush(int timeout_ms);
/* Ends the thread; call tty_out_flush first. Idempotent. */
void tty_out_close(void);

#endif
