/* Derives a terminal description from the present one: with 24-bit colours, and without
 * capabilities that not all emulators support.
 *
 * Most terminals speak 24-bit colour and say so by COLORTERM, while TERM names a description with
 * 256 colours; descriptions that end in -direct are in no base installation. So the description
 * that TERM names is taken, its colours are replaced by the sequence that these terminals share
 * (38;2;R;G;B, ISO 8613-6 as xterm writes it), and the result is given to curses as text in the
 * form that its TERMINFO variable takes (ncurses 6.1 and newer: "hex:..."). No file is written, and
 * the palette stays as it is. Repeating a character (rep) and scrolling by several lines (indn,
 * rin) are removed: some emulators and terminal recorders do not support them and would show a
 * wrong screen.
 *
 * Format of a compiled description: term(5), the form with 32-bit numbers and the extended part. */
#ifndef LOADTOP_UI_TERM_TERMINFO_H
#define LOADTOP_UI_TERM_TERMINFO_H

#include <stdbool.h>

struct text;

/* Access to capabilities: curses' tables of short names, and lookup functions. An absent number is
 * -1, an absent string NULL or (char *)-1. */
struct terminfo_source {
    const char *name;                                              /* value of TERM */
    const char *const *booleans, *const *numbers, *const *strings; /* NULL-terminated */
    bool (*boolean)(const char *);
    int (*number)(const char *);
    const char *(*string)(const char *);
};

/* Adds "hex:..." to the text. False when 24-bit colours are requested for a terminal that is not
 * ANSI-compatible or has no colours, or when the result is too large; the text is invalid then. */
bool terminfo_make(const struct terminfo_source *, bool direct, struct text *);

#endif
