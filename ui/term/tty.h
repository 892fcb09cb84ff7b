/* The terminal below curses, for ui/term/term.c only: its modes, and signals, after which it must
 * be restored. One terminal, on stdin and stdout; one thread. */
#ifndef LOADTOP_UI_TERM_TTY_H
#define LOADTOP_UI_TERM_TTY_H

#include "ui/term/input.h"

#include <stdbool.h>
#include <stddef.h>

struct err;

/* Saves the modes of stdin: 0, or ERR_FAILED. */
int tty_keep_modes(struct err *);
/* Sets raw mode: no echo, line editing, signal keys, flow control or output processing. Unlike
 * curses it never waits for the output to drain. */
void tty_raw_modes(void);
void tty_give_modes_back(void);
/* The text that restores the terminal after a crash, collected from terminfo's strings without
 * padding. NULL and (char *)-1 add nothing. */
void tty_restore_begin(void);
void tty_restore_add(const char *s);
/* Writes that text, trying for 100 ms. */
void tty_restore_now(void);
/* While set, a crash writes that text and restores the modes. */
void tty_set_open(bool open);
/* Installs the signal handlers: 0, or ERR_FAILED; and removes them. */
int tty_catch_signals(struct err *);
void tty_release_signals(void);
/* Signals since the last call; empties the descriptor. */
struct term_signals tty_take_signals(void);
/* Readable after a signal, or after tty_wake. */
int tty_signal_fd(void);
void tty_wake(void);
/* Is a signal pending that ends or stops the program? */
bool tty_signal_waits(void);

#endif
