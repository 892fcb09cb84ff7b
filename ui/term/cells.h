/* The off-screen grid: what the person sees, as cells, before any terminal is involved.
 *
 * Everything that is drawn is drawn into a grid of cells: a code point, the role that the theme
 * gives a colour to, the role whose background it stands on, and attributes. The terminal, the
 * screenshot in each of its formats and the golden tests all read the same grid, so none of them
 * can show something else.
 *
 * A grid has at most CELLS_ROWS_MAX rows and CELLS_COLS_MAX columns, whatever size a window or a
 * file says: what lies beyond is not drawn and stays blank.
 *
 * Coordinates are columns x and rows y from 0 at the top left. All drawing is cut at the clip
 * rectangle. Text from servers and people goes through cells_text; no cell holds what utf8.h does
 * not show. */
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
    const struct glyphs *glyphs; /* borrowed; how lines, marks and dots look */
};

/* Zero a struct cells to start. Resizing empties it and opens the clip; aborts without memory. A
 * size beyond the bounds is cut to them. */
void cells_resize(struct cells *, int rows, int cols);
void cells_free(struct cells *); /* frees and zeroes; takes NULL */
void cells_clear(struct cells *);
/* Narrows the clip; returns the one before, to be given back with cells_unclip. */
struct rect cells_clip(struct cells *, struct rect);
void cells_unclip(struct cells *, struct rect before);

/* NULL outside of the grid. */
const struct cell *cells_at(const struct cells *, int x, int y);
/* One code point. Its background stays what it was. */
void cells_put(struct cells *, int x, int y, uint32_t ch, enum role);
void cells_attr(struct cells *, struct rect, unsigned attr_bits);
/* Text without newlines; returns the column after it (as if there were no clip). */
int cells_text(struct cells *, int x, int y, enum role, const char *s);
int cells_textf(struct cells *, int x, int y, enum role, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
enum align { ALIGN_LEFT, ALIGN_RIGHT, ALIGN_CENTER };
/* Text in a field of w columns; what is too long ends in the glyph set's ellipsis. */
void cells_field(struct cells *, int x, int y, int w, enum align, enum role, const char *s);
void cells_fill(struct cells *, struct rect, uint32_t ch, enum role);
/* Gives the cells of the rectangle a background, and empty ones nothing else. */
void cells_back(struct cells *, struct rect, enum role back);
/* Empties a rectangle: text role, blank, no background. */
void cells_blank(struct cells *, struct rect);
void cells_hline(struct cells *, int x, int y, int w, enum role);

/* Columns that s takes. */
int text_width(const char *s);
/* Columns of one code point: 0 (also of code point 0), 1 or 2; what is not shown is one '?'. */
int char_width(uint32_t ch);

/* The grid as lines of text without trailing blanks: for golden tests and the .txt screenshot. */
void cells_to_text(const struct cells *, struct text *);

#endif
