/* See json_screen.h. Made by capture.c; drawn by the reports. */
#include "ui/export/json_screen.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/text.h"
#include "ui/export/picture.h"
#include "ui/export/xml.h"
#include "ui/json/part.h"
#include "ui/term/cells.h"

#define CELL_W 9
#define CELL_H 18
#define GAP 4 /* a gap of this many blanks begins a new piece */

struct appearance {
    unsigned ink, paper;
    bool bold;
};

static struct appearance appearance_of(const struct cells *c, const struct theme *t, int x, int y)
{
    const struct cell *cell = cells_at(c, x, y);
    struct appearance l;
    bool underline;
    export_cell_rgb(t, cell->role, cell->back, cell->attr, &l.ink, &l.paper, &l.bold, &underline);
    return l;
}

static bool is_blank(const struct cells *c, int x, int y)
{
    return cells_at(c, x, y)->ch == ' ';
}

/* The number of cells from x that look alike; a gap of blanks ends them. */
static int piece_of(const struct cells *c, const struct theme *t, int x, int y, unsigned ground)
{
    struct appearance first = appearance_of(c, t, x, y);
    int n = 1, blanks = 0;
    for (; x + n < c->cols; n++) {
        struct appearance l = appearance_of(c, t, x + n, y);
        bool bare = is_blank(c, x + n, y) && l.paper == first.paper;
        if (!bare && (l.ink != first.ink || l.paper != first.paper || l.bold != first.bold))
            break;
        blanks = bare ? blanks + 1 : 0;
        if (blanks == GAP && first.paper == ground)
            break;
    }
    return first.paper == ground ? n - (blanks < n ? blanks : 0) : n;
}

static json_t *line_of(const struct cells *c, const struct theme *t, int y, unsigned ground)
{
    json_t *line = json_array();
    for (int x = 0, n; x < c->cols; x += n) {
        struct appearance l = appearance_of(c, t, x, y);
        n = 1;
        if (is_blank(c, x, y) && l.paper == ground)
            continue;
        n = piece_of(c, t, x, y, ground);
        struct text s = {0};
        for (int i = 0; i < n; i++) {
            char u[4];
            if (cells_at(c, x + i, y)->width)
                text_put(&s, u, (size_t)utf8_encode(cells_at(c, x + i, y)->ch, u));
        }
        json_push(line,
                  json_pack("[i,o,i,o,b]", x, json_words(text_str(&s)), (int)l.ink,
                            l.paper == ground ? json_null() : json_integer(l.paper), (int)l.bold));
        text_free(&s);
    }
    return line;
}

json_t *json_screen(const struct cells *c, const struct theme *t, double t_s, const char *view)
{
    unsigned ground, ink;
    json_t *o = json_object(), *lines = json_array();
    export_ground(t, &ground, &ink);
    for (int y = 0; y < c->rows; y++)
        json_push(lines, line_of(c, t, y, ground));
    json_put(o, "t_s", json_number(t_s));
    json_put(o, "view", json_words(view));
    json_put(o, "cols", json_u64((uint64_t)c->cols));
    json_put(o, "rows", json_u64((uint64_t)c->rows));
    json_put(o, "ground", json_u64(ground));
    json_put(o, "lines", lines);
    return o;
}

/* ---- drawn ---- */

/* v as a whole number from 0 to most; -1: it is not one. */
static int whole(const json_t *v, int most)
{
    json_int_t n = json_is_integer(v) ? json_integer_value(v) : -1;
    return n >= 0 && n <= most ? (int)n : -1;
}

static const char *words_of(const json_t *piece)
{
    const char *s = json_string_value(json_array_get(piece, 1));
    return s ? s : "";
}

static void draw_piece(const json_t *p, int y, int cols, struct text *paper, struct text *ink)
{
    const char *s = words_of(p);
    int x = whole(json_array_get(p, 0), cols - 1), color = whole(json_array_get(p, 2), 0xffffff),
        ground = whole(json_array_get(p, 3), 0xffffff), width = text_width(s);
    if (x < 0 || color < 0 || width < 1 || x + width > cols)
        return;
    if (ground >= 0)
        text_add(paper, "<path d=\"M%d %dh%dv%dh-%dz\" fill=\"#%06x\"/>", x * CELL_W, y * CELL_H,
                 width * CELL_W, CELL_H, width * CELL_W, (unsigned)ground);
    /* textLength keeps the columns aligned with any font. */
    text_add(ink, "<tspan x=\"%d\" textLength=\"%d\" fill=\"#%06x\"%s>", x * CELL_W, width * CELL_W,
             (unsigned)color, json_is_true(json_array_get(p, 4)) ? " font-weight=\"700\"" : "");
    xml_escape(ink, s);
    text_add(ink, "</tspan>");
}

void json_screen_svg(const json_t *screen, struct text *t)
{
    int cols = whole(json_object_get(screen, "cols"), CELLS_COLS_MAX),
        rows = whole(json_object_get(screen, "rows"), CELLS_ROWS_MAX),
        ground = whole(json_object_get(screen, "ground"), 0xffffff);
    if (cols < 1 || rows < 1 || ground < 0)
        return;
    text_add(t,
             "<svg class=\"cells\" viewBox=\"-8 -8 %d %d\" role=\"img\" aria-label=\"screen\">"
             "<rect x=\"-8\" y=\"-8\" width=\"%d\" height=\"%d\" fill=\"#%06x\"/>\n",
             cols * CELL_W + 16, rows * CELL_H + 16, cols * CELL_W + 16, rows * CELL_H + 16,
             (unsigned)ground);
    for (int y = 0; y < rows; y++) {
        const json_t *line = json_array_get(json_object_get(screen, "lines"), (size_t)y);
        struct text paper = {0}, ink = {0};
        for (size_t i = 0; i < json_array_size(line); i++)
            draw_piece(json_array_get(line, i), y, cols, &paper, &ink);
        text_put(t, text_str(&paper), paper.len);
        if (ink.len)
            text_add(t, "<text y=\"%d\">%s</text>\n", y * CELL_H + 14, text_str(&ink));
        text_free(&paper);
        text_free(&ink);
    }
    text_add(t, "</svg>\n");
}

void json_screen_text(const json_t *screen, struct text *t)
{
    int cols = whole(json_object_get(screen, "cols"), CELLS_COLS_MAX),
        rows = whole(json_object_get(screen, "rows"), CELLS_ROWS_MAX);
    for (int y = 0; y < rows; y++) {
        const json_t *line = json_array_get(json_object_get(screen, "lines"), (size_t)y);
        int at = 0;
        for (size_t i = 0; i < json_array_size(line); i++) {
            const json_t *p = json_array_get(line, i);
            const char *s = words_of(p);
            int x = whole(json_array_get(p, 0), cols - 1);
            if (x < at)
                continue;
            text_add(t, "%*s", x - at, "");
            text_put_shown(t, s);
            at = x + text_width(s);
        }
        text_add(t, "\n");
    }
}
