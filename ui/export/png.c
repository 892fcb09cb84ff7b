/* The grid as a PNG, drawn with cairo; see png.h. Braille and blocks are drawn by hand, so that
 * they join as in a terminal and no font is needed for them. */
#include "ui/export/png.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/err.h"
#include "ui/term/cells.h"
#include "ui/export/picture.h"

#ifndef LOADTOP_HAVE_CAIRO
int export_png_check(struct err *err)
{
    return err_set(err, ERR_FAILED, "PNG: not built in (install libcairo2-dev and build again)");
}

int export_png(const struct cells *c, const struct theme *t, unsigned char **data,
               unsigned long *len, struct err *err)
{
    (void)c;
    (void)t;
    *data = NULL;
    *len = 0;
    return export_png_check(err);
}
#else
#include <cairo.h>

#define CELL_W 10.0
#define CELL_H 20.0
#define FONT_PX 16.0
#define PICTURE_MAX (64u << 20)
#define CELLS_MOST 80000 /* drawing more would block for seconds */

struct sink {
    unsigned char *data;
    size_t len, room;
};

static cairo_status_t sink_write(void *closure, const unsigned char *data, unsigned len)
{
    struct sink *s = closure;

    if (s->len + len > PICTURE_MAX)
        return CAIRO_STATUS_WRITE_ERROR;
    if (s->len + len > s->room) {
        size_t room = (s->len + len) * 2;
        unsigned char *bigger = realloc(s->data, room);

        if (!bigger)
            return CAIRO_STATUS_NO_MEMORY;
        s->data = bigger;
        s->room = room;
    }
    memcpy(s->data + s->len, data, len);
    s->len += len;
    return CAIRO_STATUS_SUCCESS;
}

static void color(cairo_t *cr, unsigned rgb)
{
    cairo_set_source_rgb(cr, (rgb >> 16 & 255) / 255.0, (rgb >> 8 & 255) / 255.0,
                         (rgb & 255) / 255.0);
}

static void box(cairo_t *cr, double x, double y, double w, double h)
{
    cairo_rectangle(cr, x, y, w, h);
    cairo_fill(cr);
}

static void braille(cairo_t *cr, double x, double y, uint32_t ch)
{
    static const int column[8] = {0, 0, 0, 1, 1, 1, 0, 1}, row[8] = {0, 1, 2, 0, 1, 2, 3, 3};

    for (int i = 0; i < 8; i++)
        if ((ch - 0x2800) & (1u << i)) {
            cairo_arc(cr, x + CELL_W * (0.25 + 0.5 * column[i]),
                      y + CELL_H * (0.125 + 0.25 * row[i]), 1.6, 0, 6.2832);
            cairo_fill(cr);
        }
}

/* Draws lines, blocks and shades; false for any other character. */
static bool drawn(cairo_t *cr, double x, double y, uint32_t ch)
{
    static const uint8_t quadrants[] = {4, 8,  1, 13, 9,
                                        7, 11, 2, 6,  14}; /* U+2596..: UL UR LL LR bits */

    if (ch >= 0x2800 && ch <= 0x28ff) {
        braille(cr, x, y, ch);
    } else if (ch >= 0x2581 && ch <= 0x2588) {
        double h = CELL_H * (ch - 0x2580) / 8.0;

        box(cr, x, y + CELL_H - h, CELL_W, h);
    } else if (ch == 0x2580) {
        box(cr, x, y, CELL_W, CELL_H / 2);
    } else if (ch == 0x258c) {
        box(cr, x, y, CELL_W / 2, CELL_H);
    } else if (ch == 0x2590) {
        box(cr, x + CELL_W / 2, y, CELL_W / 2, CELL_H);
    } else if (ch >= 0x2596 && ch <= 0x259f) {
        unsigned bits = quadrants[ch - 0x2596];

        for (int i = 0; i < 4; i++) {
            int right = i % 2, lower = i / 2;

            if (bits & 1u << i)
                box(cr, x + right * CELL_W / 2, y + lower * CELL_H / 2, CELL_W / 2, CELL_H / 2);
        }
    } else if (ch >= 0x2591 && ch <= 0x2593) {
        cairo_save(cr);
        cairo_rectangle(cr, x, y, CELL_W, CELL_H);
        cairo_clip(cr);
        cairo_paint_with_alpha(cr, 0.25 * (ch - 0x2590));
        cairo_restore(cr);
    } else {
        return false;
    }
    return true;
}

/* Box-drawing lines meet at the middle of the cell's edges, whatever the font's own metrics are. */
static bool line(cairo_t *cr, double x, double y, uint32_t ch)
{
    double mx = x + CELL_W / 2, my = y + CELL_H / 2;
    bool left = ch == 0x2500 || ch == 0x256e || ch == 0x256f || ch == 0x2510 || ch == 0x2518 ||
                ch == 0x2524;
    bool right = ch == 0x2500 || ch == 0x256d || ch == 0x2570 || ch == 0x250c || ch == 0x2514 ||
                 ch == 0x251c;
    bool up = ch == 0x2502 || ch == 0x2570 || ch == 0x256f || ch == 0x2514 || ch == 0x2518 ||
              ch == 0x2524 || ch == 0x251c;
    bool down = ch == 0x2502 || ch == 0x256d || ch == 0x256e || ch == 0x250c || ch == 0x2510 ||
                ch == 0x2524 || ch == 0x251c;

    if (!left && !right && !up && !down)
        return false;
    cairo_set_line_width(cr, 1.4);
    cairo_move_to(cr,
                  left    ? x
                  : up    ? mx
                  : right ? x + CELL_W
                          : mx,
                  left || right ? my
                  : up          ? y
                                : y + CELL_H);
    if (ch >= 0x256d && ch <= 0x2570) {
        cairo_move_to(cr, left ? x : x + CELL_W, my);
        cairo_curve_to(cr, mx, my, mx, my, mx, up ? y : y + CELL_H);
    } else {
        cairo_move_to(cr, left ? x : mx, my);
        cairo_line_to(cr, right ? x + CELL_W : mx, my);
        cairo_move_to(cr, mx, up ? y : my);
        cairo_line_to(cr, mx, down ? y + CELL_H : my);
    }
    cairo_stroke(cr);
    return true;
}

static void draw_cell(cairo_t *cr, const struct theme *t, const struct cell *cell, double x,
                      double y, unsigned ground)
{
    unsigned fg, bg;
    bool bold, underline;
    char u[5];

    export_cell_rgb(t, cell->role, cell->back, cell->attr, &fg, &bg, &bold, &underline);
    if (bg != ground) {
        color(cr, bg);
        box(cr, x, y, CELL_W * cell->width, CELL_H);
    }
    color(cr, fg);
    if (underline)
        box(cr, x, y + CELL_H - 2, CELL_W * cell->width, 1);
    if (cell->ch == ' ' || drawn(cr, x, y, cell->ch))
        return;
    color(cr, fg);
    if (line(cr, x, y, cell->ch))
        return;
    u[utf8_encode(cell->ch, u)] = '\0';
    cairo_select_font_face(cr, "DejaVu Sans Mono", CAIRO_FONT_SLANT_NORMAL,
                           bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cr, FONT_PX);
    cairo_move_to(cr, x, y + CELL_H - 5);
    cairo_show_text(cr, u);
}

int export_png_check(struct err *err)
{
    (void)err;
    return 0;
}

int export_png(const struct cells *c, const struct theme *t, unsigned char **data,
               unsigned long *len, struct err *err)
{
    int w = (int)(c->cols * CELL_W) + 20, h = (int)(c->rows * CELL_H) + 20;

    *data = NULL;
    *len = 0;
    if (c->rows * c->cols > CELLS_MOST)
        return err_set(err, ERR_FAILED,
                       "PNG: a screen of %d x %d is too large for it, at most %d cells are drawn "
                       "(.svg and .txt have all of it)",
                       c->cols, c->rows, CELLS_MOST);
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, w, h);
    cairo_t *cr = cairo_create(surface);
    struct sink sink = {0};
    unsigned ground, ink;
    int rc = 0;

    export_ground(t, &ground, &ink);
    color(cr, ground);
    cairo_paint(cr);
    for (int y = 0; y < c->rows; y++)
        for (int x = 0; x < c->cols; x++)
            if (cells_at(c, x, y)->width)
                draw_cell(cr, t, cells_at(c, x, y), 10 + x * CELL_W, 10 + y * CELL_H, ground);
    if (cairo_status(cr) != CAIRO_STATUS_SUCCESS ||
        cairo_surface_write_to_png_stream(surface, sink_write, &sink) != CAIRO_STATUS_SUCCESS) {
        rc = err_set(err, ERR_FAILED, "PNG: %s", cairo_status_to_string(cairo_status(cr)));
        free(sink.data);
        sink = (struct sink){0};
    }
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
    *data = sink.data;
    *len = sink.len;
    return rc;
}
#endif
