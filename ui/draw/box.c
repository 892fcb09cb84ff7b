/* Boxes, chips, bars and big digits; see box.h. */
#include "ui/draw/box.h"

#include <math.h>
#include <string.h>

#include "ui/term/glyphs.h"

static void titles(struct cells *c, int x, int y, int w, const char *title, const char *note)
{
    int room = w - 4;
    int tw = text_width(title);

    if (room < 3)
        return;
    if (tw > room)
        tw = room;
    cells_text(c, x + 1, y, ROLE_TITLE, " ");
    cells_field(c, x + 2, y, tw, ALIGN_LEFT, ROLE_TITLE, title);
    cells_text(c, x + 2 + tw, y, ROLE_TITLE, " ");
    if (note && *note && text_width(note) + tw + 7 <= w) {
        int nx = x + w - text_width(note) - 3;

        cells_text(c, nx, y, ROLE_LABEL, " ");
        nx = cells_text(c, nx + 1, y, ROLE_LABEL, note);
        cells_text(c, nx, y, ROLE_LABEL, " ");
    }
}

/* A frame with a title on the left of its upper edge and a note (may be NULL) on the right. */
static void box_draw(struct cells *c, struct rect r, const char *title, const char *note)
{
    const uint32_t *g = c->glyphs->line;

    if (r.w < 2 || r.h < 2)
        return;
    cells_hline(c, r.x + 1, r.y, r.w - 2, ROLE_BORDER);
    cells_hline(c, r.x + 1, r.y + r.h - 1, r.w - 2, ROLE_BORDER);
    cells_fill(c, rect_of(r.x, r.y + 1, 1, r.h - 2), g[GLYPH_V], ROLE_BORDER);
    cells_fill(c, rect_of(r.x + r.w - 1, r.y + 1, 1, r.h - 2), g[GLYPH_V], ROLE_BORDER);
    cells_put(c, r.x, r.y, g[GLYPH_TL], ROLE_BORDER);
    cells_put(c, r.x + r.w - 1, r.y, g[GLYPH_TR], ROLE_BORDER);
    cells_put(c, r.x, r.y + r.h - 1, g[GLYPH_BL], ROLE_BORDER);
    cells_put(c, r.x + r.w - 1, r.y + r.h - 1, g[GLYPH_BR], ROLE_BORDER);
    titles(c, r.x, r.y, r.w, title, note);
}

void box_rule(struct cells *c, int x, int y, int w, const char *title, const char *note)
{
    cells_hline(c, x, y, w, ROLE_BORDER);
    titles(c, x, y, w, title, note);
}

bool box_panel(struct cells *c, const struct layout *l, enum panel p, const char *title,
               const char *note, struct rect *inside)
{
    struct rect r = l->panel[p];

    if (r.w <= 0 || r.h <= 0)
        return false;
    if (l->border[p])
        box_draw(c, r, title, note);
    else if (l->titled[p])
        box_rule(c, r.x, r.y, r.w, title, note);
    *inside = layout_inside(l, p);
    return inside->w > 0 && inside->h > 0;
}

int box_chip(struct cells *c, int x, int y, enum role role, const char *word)
{
    x = cells_text(c, x, y, role, " ");
    x = cells_text(c, x, y, role, word);
    return cells_text(c, x, y, role, " ");
}

void box_dialog(struct cells *c, struct rect r, const char *title)
{
    cells_blank(c, r);
    cells_back(c, r, ROLE_DIALOG);
    box_draw(c, r, title, NULL);
}

void box_shares(struct cells *c, int x, int y, int w, const struct share *s, int n)
{
    double sum = 0, sofar = 0;
    int from = 0;

    for (int i = 0; i < n; i++)
        sum += isnan(s[i].share) ? 0 : s[i].share;
    if (!(sum > 0)) {
        for (int i = 0; i < w; i++)
            cells_text(c, x + i, y, ROLE_GRID, c->glyphs->bar_empty);
        return;
    }
    for (int i = 0; i < n; i++) {
        int to;

        sofar += isnan(s[i].share) ? 0 : s[i].share;
        to = (int)(sofar / sum * w + 0.5);
        for (int j = from; j < to; j++)
            cells_text(c, x + j, y, s[i].role,
                       s[i].letter && *c->glyphs->bar_full == '#' ? s[i].letter
                                                                  : c->glyphs->bar_full);
        from = to > from ? to : from;
    }
}

/* Three rows a sign, three columns; drawn with half blocks, or with '#' where there are none. */
static const char *const big_signs = "0123456789.kMGmnus-/% ";
static const char *const big_rows[][3] = {
    {"#^#", "# #", "#_#"}, {"^# ", " # ", "_#_"}, {"^^#", "#^^", "#__"}, {"^^#", " ^#", "__#"},
    {"# #", "#_#", "  #"}, {"#^^", "^^#", "__#"}, {"#^^", "#^#", "#_#"}, {"^^#", "  #", "  #"},
    {"#^#", "#^#", "#_#"}, {"#^#", "^^#", "__#"}, {"   ", "   ", " _ "}, {"#  ", "#_^", "#^_"},
    {"#_#", "#^#", "# #"}, {"#^^", "# #", "#_#"}, {"   ", "###", "# #"}, {"   ", "#^#", "# #"},
    {"   ", "# #", "#_#"}, {" __", "^_ ", "__^"}, {"   ", "^^^", "   "}, {"  #", " # ", "#  "},
    {"# #", " # ", "# #"}, {"   ", "   ", "   "},
};

int box_big_width(const char *text)
{
    return 4 * text_width(text);
}

int box_big(struct cells *c, int x, int y, enum role role, const char *text)
{
    bool blocks = c->glyphs->area_y > 1 && c->glyphs->heat[4] == 0x2588;

    for (; *text; text++) {
        const char *at = strchr(big_signs, *text);
        const char *const *rows = big_rows[at ? at - big_signs : 18];

        for (int row = 0; row < 3; row++)
            for (int col = 0; col < 3; col++) {
                char dot = rows[row][col];
                uint32_t ch = dot == '#' ? 0x2588 : dot == '^' ? 0x2580 : dot == '_' ? 0x2584 : ' ';

                if (!blocks)
                    ch = dot == ' ' ? ' ' : '#';
                cells_put(c, x + col, y + row, ch, role);
            }
        x += 4;
    }
    return x;
}
