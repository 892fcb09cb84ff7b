/* The off-screen grid of cells, independent of any terminal.
 *
 * All drawing goes to a grid of cells. A cell is a code point, a role whose colour the theme
 * defines, the role of its background, and attributes. The terminal, all screenshot formats and the
 * golden tests read the same grid and therefore show the same.
 *
 * A grid has at most CELLS_ROWS_MAX rows and CELLS_COLS_MAX columns, even for larger windows or
 * files: the rest is not drawn and stays blank.
 *
 * Coordinates are columns x and rows y from 0 at the top left. All drawing is cut at the clip
 * rectangle. External text must be drawn with cells_text, so that no cell contains a character that
 * utf8.h does not show. */
#ifndef LOADTOP_UI_TERM_CELLS_H
#define LOADTOP_UI_TERM_CELLS_H

#include "engine/base/utf8.h"
#include "ui/term/theme.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct glyphs;
struct text;

#define CELLS_ROWS_MAX 500
#define CELLS_COLS_MAX 1000

struct rect {
    int x, y, w, h;
};
static inline struct rect rect_of(int x, int y, int w, int h)
{
    return (struct rect){x, y, w, h};
}
bool rect_has(struct rect, int x, int y);

struct cell {
    uint32_t ch;   /* code point; ' ' when empty, 0 for the right half of a wide one */
    uint8_t role;  /* enum role: its colour and attributes */
    uint8_t back;  /* enum role whose background is used; ROLE_TEXT: the role's own */
    uint8_t attr;  /* enum attr, besides what the theme gives the role */
    uint8_t width; /* columns: 1, 2, or 0 for the right half of a wide one */
};

struct cells {
    int rows, cols;
    struct rect clip;
    struct cell *cell;           /* rows * cols, owned */
    int room;                    /* cells allocated */
    const struct glyphs *glyphs; /* borrowed; characters for lines, marks and dots */
};

/* Zero a struct cells to start. Resizing empties it and opens the clip; aborts without memory. A
 * size beyond the bounds is cut to them. */
void cells_resize(struct cells *, int rows, int cols);
void cells_free(struct cells *); /* frees and zeroes; takes NULL */
void cells_clear(struct cells *);
/* Narrows the clip rectangle; returns the previous one for cells_unclip. */
struct rect cells_clip(struct cells *, struct rect);
void cells_unclip(struct cells *, struct rect before);

/* NULL outside of the grid. */
const struct cell *cells_at(const struct cells *, int x, int y);
/* Draws one code point and keeps the cell's background. */
void cells_put(struct cells *, int x, int y, uint32_t ch, enum role);
void cells_attr(struct cells *, struct rect, unsigned attr_bits);
/* Text without newlines; returns the column after it (as if there were no clip). */
int cells_text(struct cells *, int x, int y, enum role, const char *s);
int cells_textf(struct cells *, int x, int y, enum role, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
enum align { ALIGN_LEFT, ALIGN_RIGHT, ALIGN_CENTER };
/* Text in a field of w columns; text that is too long is cut with the glyph set's ellipsis. */
void cells_field(struct cells *, int x, int y, int w, enum align, enum role, const char *s);
void cells_fill(struct cells *, struct rect, uint32_t ch, enum role);
/* Sets the background of the rectangle's cells. */
void cells_back(struct cells *, struct rect, enum role back);
/* Empties a rectangle: text role, blank, no background. */
void cells_blank(struct cells *, struct rect);
void cells_hline(struct cells *, int x, int y, int w, enum role);

/* Columns that s takes. */
int text_width(const char *s);
/* Columns of one code point: 0 (also for code point 0), 1 or 2; a character that is not shown
 * counts as one '?'. */
int char_width(uint32_t ch);

/* The grid as lines of text without trailing blanks: for golden tests and the .txt screenshot. */
void cells_to_text(const struct cells *, struct text *);

#endif
