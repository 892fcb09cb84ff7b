/* The terminal below curses, for ui/term/term.c alone: its modes, and the signals that must not leave it
 * in disorder. One terminal, on stdin and stdout; one thread. */
#ifndef LOADTOP_UI_TERM_TTY_H
#define LOADTOP_UI_TERM_TTY_H

#include "ui/term/input.h"

#include <stdbool.h>
#include <stddef.h>

struct err;

/* Remembers the modes of stdin: 0, or ERR_FAILED. */
int tty_keep_modes(struct err *);
/* No echo, no lines, no signal keys, no flow control, no processing of output. Never waits for the
 * output to drain, as curses would. */
void tty_raw_modes(void);
void tty_give_modes_back(void);
/* What a crash writes: a prepared text, collected from terminfo's strings without their padding.
 * NULL and (char *)-1 add nothing. */
void tty_restore_begin(void);
void tty_restore_add(const char *s);
/* Writes that text from the calling thread: tries for 100 ms. */
void tty_restore_now(void);
/* While it is open, a crash writes that text and gives the modes back. */
void tty_set_open(bool open);
/* Installs the handlers: 0, or ERR_FAILED; and takes them away again. */
int tty_catch_signals(struct err *);
void tty_release_signals(void);
/* Those that came since the last call; empties the descriptor. */
struct term_signals tty_take_signals(void);
/* Readable after a signal, or after tty_wake. */
int tty_signal_fd(void);
void tty_wake(void);
/* Has one come that ends or stops the program, and that nobody has taken yet? */
bool tty_signal_waits(void);

#endif
