/* The terminal: the only module that knows curses.
 *
 * It opens the terminal, shows a grid of cells, hands over what was typed, pasted or clicked, and
 * gives the terminal back whatever happens: on return, on suspension, and on every signal that ends
 * the program. One thread only, the one that called term_open. */
#ifndef LOADTOP_UI_TERM_TERM_H
#define LOADTOP_UI_TERM_TERM_H

#include "ui/term/input.h"
#include "ui/term/theme.h"

#include <stdbool.h>
#include <stdint.h>

struct cells;
struct err;

/* Could term_open work? The same refusals. `colors` is what --colors says, NULL or "" to choose; to
 * be called before there are threads, for it may prepare a description of the terminal with 24-bit
 * colours, which curses takes from the environment. */
int term_check(const char *colors, struct err *);
/* Opens the terminal on stdin and stdout. ERR_FAILED when they are none, or TERM is unknown, in
 * words. */
int term_open(const char *colors, struct err *);
void term_close(void); /* idempotent */
bool term_utf8(void);  /* is the locale UTF-8; after term_open */
/* The tier in use, which is no better than what the terminal can; after term_open. */
enum tier term_tier(void);
/* The window's size, or what of it is drawn: at most CELLS_ROWS_MAX x CELLS_COLS_MAX, see cells.h.
 * What lies beyond, to the right and below, stays blank. */
void term_size(int *rows, int *cols);
/* Shows the grid (of the terminal's size) in one synchronised update. While the terminal has not
 * taken the one before, nothing is shown; term_signal_fd gets readable when the next can be. */
void term_show(const struct cells *, const struct theme *, enum tier);
/* The next show draws everything anew. */
void term_redraw(void);
/* The next input; false when there is none now. Never blocks. */
bool term_read(struct input *);
/* What poll() should wait for: the keyboard, and a descriptor that signals make readable. */
int term_key_fd(void);
int term_signal_fd(void);
/* Signals since the last call; empties the descriptor. */
struct term_signals term_take_signals(void);
/* Gives the terminal back, stops the process (the shell's `fg` continues it), takes it again. */
void term_suspend(void);
/* Where the cursor is to be seen (a text field); x < 0: nowhere. */
void term_cursor(int x, int y);

#endif
