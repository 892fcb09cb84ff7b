/* What goes to the terminal, written by a thread of its own.
 *
 * A terminal may stop taking output: Ctrl-S, an ssh that hangs, a multiplexer that was stopped.
 * Then only this thread waits. Whoever draws collects a frame in memory, which never blocks, and
 * hands it over whole; while one is still being written, the next is not begun (tty_out_ready). For
 * ui/term/term.c alone, which is the one caller; one terminal, on stdout. */
#ifndef LOADTOP_UI_TERM_TTY_OUT_H
#define LOADTOP_UI_TERM_TTY_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct err;

/* Starts the thread: 0, or ERR_FAILED. tty_catch_signals comes first: the thread wakes its loop. */
int tty_out_open(struct err *);
/* Where curses collects a frame: a file in memory. */
FILE *tty_out_stream(void);
/* Adds to what is collected. */
void tty_out_add(const char *s, size_t len);
/* Has all that was sent been written? If not, the loop is woken (tty_wake) when it has. */
bool tty_out_ready(void);
/* Hands over what was collected. If the thread still writes, the two are written one after the
 * other: for what must not be left out, such as the modes of the terminal. */
void tty_out_send(void);
/* Sends what is collected (how the terminal is given back), and waits until all is written. What is
 * not written in that time is thrown away, here and in the kernel, so that what is collected finds
 * room; for each step the same time is given. True: what was collected is written. */
bool tty_out_flush(int timeout_ms);
/* Ends the thread; call tty_out_flush first. Idempotent. */
void tty_out_close(void);

#endif
