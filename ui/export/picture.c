/* The grid as ANSI text and as SVG; see picture.h. */
#include "ui/export/picture.h"

#include <string.h>

#include "engine/base/text.h"
#include "ui/term/cells.h"

void export_ground(const struct theme *t, unsigned *ground_rgb, unsigned *ink_rgb)
{
    int fg = t->style[TIER_DIRECT][ROLE_TEXT].fg;
    unsigned ground = t->ground >= 0 ? (unsigned)t->ground : 0x11151b;
    bool light = (ground >> 8 & 255) > 128;

    *ground_rgb = ground;
    *ink_rgb = fg >= 0 ? (unsigned)fg : light ? 0x24292f : 0xc9d1dc;
}

void export_cell_rgb(const struct theme *t, unsigned role, unsigned back, unsigned attr_bits,
                     unsigned *fg, unsigned *bg, bool *bold, bool *underline)
{
    struct style s = theme_style(t, TIER_DIRECT, role, back, attr_bits);
    unsigned ground, ink;

    export_ground(t, &ground, &ink);
    *fg = s.fg >= 0 ? (unsigned)s.fg : ink;
    *bg = s.bg >= 0 ? (unsigned)s.bg : ground;
    if (s.attr & ATTR_REVERSE) {
        unsigned swap = *fg;

        *fg = *bg;
        *bg = swap;
    }
    *bold = s.attr & ATTR_BOLD;
    *underline = s.attr & ATTR_UNDERLINE;
}

static void add_char(struct text *out, uint32_t ch)
{
    char u[4];

    text_put(out, u, (size_t)utf8_encode(ch, u));
}

/* ---- ANSI ---- */

static void sgr_color(struct text *out, enum tier tier, int32_t color, bool ground)
{
    unsigned base = ground ? 40 : 30;

    if (color < 0 || tier == TIER_NONE)
        return;
    if (tier == TIER_DIRECT)
        text_add(out, ";%u;2;%u;%u;%u", base + 8, (unsigned)color >> 16 & 255,
                 (unsigned)color >> 8 & 255, (unsigned)color & 255);
    else if (tier == TIER_256)
        text_add(out, ";%u;5;%d", base + 8, color);
    else
        text_add(out, ";%u", color < 8 ? base + (unsigned)color : base + 60 + (unsigned)color - 8);
}

void export_ansi(const struct cells *c, const struct theme *t, enum tier tier, struct text *out)
{
    for (int y = 0; y < c->rows; y++) {
        struct style now = {COLOR_UNSET, COLOR_UNSET, 0};

        for (int x = 0; x < c->cols; x++) {
            const struct cell *cell = cells_at(c, x, y);
            struct style s;

            if (!cell->width)
                continue;
            s = theme_style(t, tier, cell->role, cell->back, cell->attr);
            if (s.fg != now.fg || s.bg != now.bg || s.attr != now.attr) {
                text_add(out, "\033[0%s%s%s%s%s", s.attr & ATTR_BOLD ? ";1" : "",
                         s.attr & ATTR_DIM ? ";2" : "", s.attr & ATTR_ITALIC ? ";3" : "",
                         s.attr & ATTR_UNDERLINE ? ";4" : "", s.attr & ATTR_REVERSE ? ";7" : "");
                sgr_color(out, tier, s.fg, false);
                sgr_color(out, tier, s.bg, true);
                text_put(out, "m", 1);
                now = s;
            }
            add_char(out, cell->ch);
        }
        text_add(out, "\033[0m\n");
    }
}

/* ---- SVG ---- */

#define SVG_W 9
#define SVG_H 18

static void add_xml(struct text *out, uint32_t ch)
{
    if (ch == '<')
        text_add(out, "&lt;");
    else if (ch == '&')
        text_add(out, "&amp;");
    else
        add_char(out, ch);
}

/* The number of cells from x on that look alike. */
static int run_of(const struct cells *c, int x, int y)
{
    const struct cell *first = cells_at(c, x, y);
    int n = 1;

    while (x + n < c->cols) {
        const struct cell *next = cells_at(c, x + n, y);

        if (next->role != first->role || next->back != first->back || next->attr != first->attr)
            break;
        n++;
    }
    return n;
}

static bool blank_run(const struct cells *c, int x, int y, int n)
{
    for (int i = 0; i < n; i++)
        if (cells_at(c, x + i, y)->ch != ' ')
            return false;
    return true;
}

/* Characters missing in many monospaced fonts: a fallback font draws them with another width. */
static bool is_borrowed(uint32_t ch)
{
    return ch >= 0x2000 && !(ch >= 0x2500 && ch < 0x25a0);
}

/* How many cells from x on can be placed as one piece. */
static int piece_of(const struct cells *c, int x, int y, int most)
{
    int n = 1;

    if (is_borrowed(cells_at(c, x, y)->ch))
        return 1;
    while (n < most && !is_borrowed(cells_at(c, x + n, y)->ch))
        n++;
    return n;
}

/* textLength keeps the columns aligned with any font; for viewers without it (librsvg), each
 * fallback character is placed separately in its cell. */
static void svg_piece(const struct cells *c, int x, int y, int n, bool underline, struct text *out)
{
    if (blank_run(c, x, y, n) && !underline)
        return;
    text_add(out, "<tspan x=\"%d\"", x * SVG_W);
    if (n > 1)
        text_add(out, " textLength=\"%d\"", n * SVG_W);
    text_put(out, ">", 1);
    for (int i = 0; i < n; i++)
        if (cells_at(c, x + i, y)->width)
            add_xml(out, cells_at(c, x + i, y)->ch);
    text_add(out, "</tspan>");
}

static void svg_run(const struct cells *c, const struct theme *t, int x, int y, int n,
                    unsigned ground, struct text *out)
{
    const struct cell *cell = cells_at(c, x, y);
    unsigned fg, bg;
    bool bold, underline;

    export_cell_rgb(t, cell->role, cell->back, cell->attr, &fg, &bg, &bold, &underline);
    if (bg != ground)
        text_add(out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"#%06x\"/>\n",
                 x * SVG_W, y * SVG_H, n * SVG_W, SVG_H, bg);
    if (blank_run(c, x, y, n) && !underline)
        return;
    text_add(out, "<text y=\"%d\" fill=\"#%06x\"%s%s>", y * SVG_H + 14, fg,
             bold ? " font-weight=\"bold\"" : "",
             underline ? " text-decoration=\"underline\"" : "");
    for (int i = 0, len; i < n; i += len) {
        len = piece_of(c, x + i, y, n - i);
        svg_piece(c, x + i, y, len, underline, out);
    }
    text_add(out, "</text>\n");
}

void export_svg(const struct cells *c, const struct theme *t, struct text *out)
{
    unsigned ground, ink;

    export_ground(t, &ground, &ink);
    text_add(out,
             "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
             "viewBox=\"-8 -8 %d %d\" font-family=\"'DejaVu Sans Mono',Menlo,Consolas,monospace\" "
             "font-size=\"14.95\" "
             /* browsers no longer read xml:space, and other viewers do not read the style, so write
              * both */
             "class=\"cells\" xml:space=\"preserve\">\n"
             "<style>.cells text,.cells tspan{white-space:pre}</style>\n"
             "<rect x=\"-8\" y=\"-8\" width=\"100%%\" height=\"100%%\" fill=\"#%06x\"/>\n",
             c->cols * SVG_W + 16, c->rows * SVG_H + 16, c->cols * SVG_W + 16, c->rows * SVG_H + 16,
             ground);
    for (int y = 0; y < c->rows; y++)
        for (int x = 0, n; x < c->cols; x += n) {
            n = run_of(c, x, y);
            svg_run(c, t, x, y, n, ground, out);
        }
    text_add(out, "</svg>\n");
}
