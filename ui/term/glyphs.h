/* Glyph sets: the characters for lines, marks, bars and dots.
 *
 * One is chosen when the program starts (or with a key) and set in the grid; drawing code takes its
 * characters from there, whatever the set. Braille gives 2x4 dots a cell, blocks 2x2 for lines and
 * eighths for areas, ACS the five scan lines of a VT100, ASCII one character. */
#ifndef LOADTOP_UI_TERM_GLYPHS_H
#define LOADTOP_UI_TERM_GLYPHS_H

#include <stdbool.h>
#include <stdint.h>

enum glyph_line {
    GLYPH_H,
    GLYPH_V,
    GLYPH_TL,
    GLYPH_TR,
    GLYPH_BL,
    GLYPH_BR,
    GLYPH_TICK,   /* of the left axis */
    GLYPH_MARK,   /* a vertical mark in a plot */
    GLYPH_DOTTED, /* a horizontal dotted line: thresholds */
    GLYPH_GRID,   /* faint lines at the ticks; blank if the set has nothing fainter than data */
    GLYPH_LINES
};

struct glyphs {
    const char *name;
    bool needs_utf8; /* a terminal shows its characters in a UTF-8 locale only */
    uint32_t line[GLYPH_LINES];
    const char *arrow, *ellipsis, *times, *on, *off, *up, *down, *select, *ok, *bad, *alert, *dot,
        *plus_minus, *bar_full, *bar_empty, *pause, *left, *right;
    int dots_x, dots_y; /* dots in a cell for line plots */
    int area_x, area_y; /* columns and steps in a cell for area plots */
    /* The character for a mask of dots (bit y * dots_x + x, from the top left). `series` from 0. */
    uint32_t (*dot_char)(unsigned mask, unsigned series);
    /* The character for area heights (of area_y) at the left and right column of a cell; `top`: the
     * area ends in this cell. */
    uint32_t (*area_char)(int left, int right, bool top);
    uint32_t heat[5]; /* from empty to full */
};

/* NULL-terminated: braille, block, acs, ascii. */
extern const struct glyphs *const glyph_sets[];
/* Finds a set by name; NULL: none. */
const struct glyphs *glyphs_find(const char *name);
/* The next set, cyclically; utf8 false: of those that need no UTF-8. */
const struct glyphs *glyphs_next(const struct glyphs *, bool utf8);
/* Is the character set of the locale UTF-8? Call it after setlocale(). */
bool locale_is_utf8(void);
/* The VT100 line-drawing letter of a code point, or 0. */
char glyphs_acs_letter(uint32_t ch);

#endif
