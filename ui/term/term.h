/* The terminal: the only module that knows curses.
 *
 * It opens the terminal, shows a grid of cells, returns input, and always restores the terminal: on
 * return, on suspension, and on every signal that ends the program. One thread only, the one that
 * called term_open. */
#ifndef LOADTOP_UI_TERM_TERM_H
#define LOADTOP_UI_TERM_TERM_H

#include "ui/term/input.h"
#include "ui/term/theme.h"

#include <stdbool.h>
#include <stdint.h>

struct cells;
struct err;

/* Checks whether term_open would work, with the same errors. `colors` is the value of --colors,
 * NULL or "" to choose. Call it before there are threads, because it may set a terminal description
 * with 24-bit colours in the environment, for curses. */
int term_check(const char *colors, struct err *);
/* Opens the terminal on stdin and stdout. ERR_FAILED when they are not a terminal, or TERM is
 * unknown. */
int term_open(const char *colors, struct err *);
void term_close(void); /* idempotent */
bool term_utf8(void);  /* is the locale UTF-8; after term_open */
/* The colour tier in use, limited by the terminal's capabilities; after term_open. */
enum tier term_tier(void);
/* The drawn size of the window: at most CELLS_ROWS_MAX x CELLS_COLS_MAX, see cells.h. The rest, to
 * the right and below, stays blank. */
void term_size(int *rows, int *cols);
/* Shows the grid (of the terminal's size) in one synchronised update. Does nothing while the
 * previous frame is not completely written; term_signal_fd becomes readable when the next can be
 * shown. */
void term_show(const struct cells *, const struct theme *, enum tier);
/* Makes the next term_show redraw everything. */
void term_redraw(void);
/* Reads the next input event; false: none. Never blocks. */
bool term_read(struct input *);
/* Descriptors for poll(): the keyboard, and one that signals make readable. */
int term_key_fd(void);
int term_signal_fd(void);
/* Signals since the last call; empties the descriptor. */
struct term_signals term_take_signals(void);
/* Restores the terminal, stops the process until the shell's `fg`, then reopens it. `group`: stops
 * all of the terminal's foreground process group, as its own Ctrl-Z does, because a shell waits for
 * all of its job. False: the caller of the program ignores SIGTSTP (there is no job control), so
 * nothing was done. */
bool term_suspend(bool group);
/* Sets the visible cursor (in a text field); x < 0: hidden. */
void term_cursor(int x, int y);

#endif
