/* The off-screen grid of cells; see cells.h. Drawing never fails and never writes outside of the
 * clip.
 *
 * Invariant: a wide code point is one cell of width 2 followed by one of width 0. Overwriting one
 * half blanks the other, so the grid never contains half a character. */
#include "ui/term/cells.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "engine/base/text.h"
#include "ui/term/glyphs.h"

static const struct cell blank = {.ch = ' ', .role = ROLE_TEXT, .back = ROLE_TEXT, .width = 1};

bool rect_has(struct rect r, int x, int y)
{
    return x >= r.x && y >= r.y && x < r.x + r.w && y < r.y + r.h;
}

/* The intersection of both; w and h are never negative. */
static struct rect rect_cut(struct rect a, struct rect b)
{
    int x1 = a.x > b.x ? a.x : b.x;
    int y1 = a.y > b.y ? a.y : b.y;
    int x2 = a.x + a.w < b.x + b.w ? a.x + a.w : b.x + b.w;
    int y2 = a.y + a.h < b.y + b.h ? a.y + a.h : b.y + b.h;

    return rect_of(x1, y1, x2 > x1 ? x2 - x1 : 0, y2 > y1 ? y2 - y1 : 0);
}

static int within(int n, int most)
{
    return n < 0 ? 0 : n > most ? most : n;
}

void cells_resize(struct cells *c, int rows, int cols)
{
    rows = within(rows, CELLS_ROWS_MAX);
    cols = within(cols, CELLS_COLS_MAX);
    size_t need = (size_t)rows * (size_t)cols;
    if (need > 0 && need > (size_t)c->room) {
        free(c->cell);
        c->cell = calloc(need, sizeof *c->cell);
        if (!c->cell)
            abort();
        c->room = (int)need;
    }
    c->rows = rows;
    c->cols = cols;
    cells_clear(c);
}

void cells_free(struct cells *c)
{
    if (!c)
        return;
    free(c->cell);
    memset(c, 0, sizeof *c);
}

void cells_clear(struct cells *c)
{
    c->clip = rect_of(0, 0, c->cols, c->rows);
    for (int i = 0; i < c->rows * c->cols; i++)
        c->cell[i] = blank;
}

struct rect cells_clip(struct cells *c, struct rect r)
{
    struct rect before = c->clip;

    c->clip = rect_cut(before, r);
    return before;
}

void cells_unclip(struct cells *c, struct rect before)
{
    c->clip = before;
}

const struct cell *cells_at(const struct cells *c, int x, int y)
{
    if (x < 0 || y < 0 || x >= c->cols || y >= c->rows)
        return NULL;
    return &c->cell[y * c->cols + x];
}

static struct cell *cell_in_clip(struct cells *c, int x, int y)
{
    return rect_has(c->clip, x, y) ? &c->cell[y * c->cols + x] : NULL;
}

/* Blanks the other half of a wide character if the cell at x, which is about to be overwritten, is
 * one of its halves. */
static void part_wide(struct cells *c, int x, int y)
{
    struct cell *row = &c->cell[y * c->cols];

    if (row[x].width == 0 && x > 0) {
        row[x - 1].ch = ' ';
        row[x - 1].width = 1;
    } else if (row[x].width == 2 && x + 1 < c->cols) {
        row[x + 1].ch = ' ';
        row[x + 1].width = 1;
    }
}

void cells_put(struct cells *c, int x, int y, uint32_t ch, enum role role)
{
    struct cell *cell = cell_in_clip(c, x, y);
    int width = char_width(ch);

    if (!cell || width == 0)
        return;
    if (!utf8_is_shown(ch))
        ch = '?';
    if (width == 2 && !cell_in_clip(c, x + 1, y)) { /* no room for its right half */
        ch = ' ';
        width = 1;
    }
    part_wide(c, x, y);
    cell->ch = ch;
    cell->role = (uint8_t)role;
    cell->attr = 0;
    cell->width = (uint8_t)width;
    if (width == 2) {
        part_wide(c, x + 1, y);
        cell[1] = *cell;
        cell[1].ch = 0;
        cell[1].width = 0;
    }
}

void cells_attr(struct cells *c, struct rect r, unsigned attr_bits)
{
    r = rect_cut(r, c->clip);
    for (int y = r.y; y < r.y + r.h; y++)
        for (int x = r.x; x < r.x + r.w; x++)
            c->cell[y * c->cols + x].attr |= (uint8_t)attr_bits;
}

int cells_text(struct cells *c, int x, int y, enum role role, const char *s)
{
    uint32_t ch = 0;

    while (*s) {
        s += utf8_next_shown(s, &ch);
        cells_put(c, x, y, ch, role);
        x += char_width(ch);
    }
    return x;
}

int cells_textf(struct cells *c, int x, int y, enum role role, const char *fmt, ...)
{
    char buf[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(buf, sizeof buf, fmt, ap);
    va_end(ap);
    return cells_text(c, x, y, role, buf);
}

void cells_field(struct cells *c, int x, int y, int w, enum align align, enum role role,
                 const char *s)
{
    int width = text_width(s);
    const char *more = c->glyphs ? c->glyphs->ellipsis : "~";
    struct rect before;

    if (w <= 0)
        return;
    before = cells_clip(c, rect_of(x, y, w, 1));
    if (width <= w) {
        int pad = w - width;

        x += align == ALIGN_RIGHT ? pad : align == ALIGN_CENTER ? pad / 2 : 0;
        cells_text(c, x, y, role, s);
    } else {
        int end = x + w - text_width(more);
        uint32_t ch = 0;

        while (*s) {
            int bytes = utf8_next_shown(s, &ch);

            if (x + char_width(ch) > end)
                break;
            cells_put(c, x, y, ch, role);
            x += char_width(ch);
            s += bytes;
        }
        cells_text(c, x, y, role, more);
    }
    cells_unclip(c, before);
}

void cells_fill(struct cells *c, struct rect r, uint32_t ch, enum role role)
{
    r = rect_cut(r, c->clip);
    for (int y = r.y; y < r.y + r.h; y++)
        for (int x = r.x; x < r.x + r.w; x++)
            cells_put(c, x, y, ch, role);
}

void cells_back(struct cells *c, struct rect r, enum role back)
{
    r = rect_cut(r, c->clip);
    for (int y = r.y; y < r.y + r.h; y++)
        for (int x = r.x; x < r.x + r.w; x++)
            c->cell[y * c->cols + x].back = (uint8_t)back;
}

void cells_blank(struct cells *c, struct rect r)
{
    r = rect_cut(r, c->clip);
    for (int y = r.y; y < r.y + r.h; y++)
        for (int x = r.x; x < r.x + r.w; x++) {
            part_wide(c, x, y);
            c->cell[y * c->cols + x] = blank;
        }
}

void cells_hline(struct cells *c, int x, int y, int w, enum role role)
{
    cells_fill(c, rect_of(x, y, w, 1), c->glyphs->line[GLYPH_H], role);
}

int char_width(uint32_t ch)
{
    int w;

    if (ch == 0 || utf8_joins(ch))
        return 0;
    /* a character that must not be shown is drawn as one '?' */
    if (ch < 0x300 || !utf8_is_shown(ch))
        return 1;
    if ((ch >= 0x2500 && ch <= 0x259f) || (ch >= 0x2800 && ch <= 0x28ff))
        return 1;
    w = wcwidth((wchar_t)ch);
    return w < 0 ? 1 : w > 2 ? 2 : w;
}

int text_width(const char *s)
{
    uint32_t ch = 0;
    int w = 0;

    while (*s) {
        s += utf8_next_shown(s, &ch);
        w += char_width(ch);
    }
    return w;
}

void cells_to_text(const struct cells *c, struct text *out)
{
    for (int y = 0; y < c->rows; y++) {
        const struct cell *row = &c->cell[y * c->cols];
        int end = c->cols;

        while (end > 0 && row[end - 1].ch == ' ')
            end--;
        for (int x = 0; x < end; x++) {
            char u[4];

            if (row[x].width)
                text_put(out, u, (size_t)utf8_encode(row[x].ch, u));
        }
        text_put(out, "\n", 1);
    }
}
