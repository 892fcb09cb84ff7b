/* What the views that are one table share; see parts.h. */
#include "ui/views/parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/backend.h"
#include "engine/base/text.h"
#include "ui/box.h"
#include "ui/glyphs.h"
#include "ui/table.h"

bool list_begin(struct cells *c, struct screen *sc, const struct layout *l, const char *title,
                const char *note, const struct column *columns, struct table *t, struct rect *r)
{
    bool border = l->border[PANEL_MAIN];
    struct rect p = l->panel[PANEL_MAIN];

    if (!box_panel(c, l, PANEL_MAIN, title, border && sc->view != VIEW_SCALING ? NULL : note, r))
        return false;
    if (border && sc->view != VIEW_SCALING)
        tabs_draw(c, sc, p.x + p.w - 2, p.y, p.w - 8 - text_width(title));
    table_fit(t, columns, r->x + 2, r->w - 3);
    table_head(c, t, r->y, sc->sort[sc->view], !sc->invert[sc->view]);
    if (sc->view != VIEW_SCALING)
        for (int i = 0; i < t->n; i++)
            screen_hit(sc, rect_of(t->x[i], r->y, t->w[i], 1), HIT_COLUMN, i);
    sc->columns[sc->view] = sc->view == VIEW_SCALING ? 0 : t->n;
    r->y++;
    r->h--;
    return r->h > 0;
}

void list_row(struct cells *c, struct screen *sc, struct rect r, int y, int row)
{
    if (row == sc->row[sc->view]) {
        cells_back(c, rect_of(r.x, y, r.w, 1), ROLE_SELECTED);
        cells_text(c, r.x, y, ROLE_ACCENT, c->glyphs->select);
    }
    screen_hit(sc, rect_of(r.x, y, r.w, 1), HIT_ROW, row);
}

int text_wrap(struct cells *c, int x, int y, int w, int rows, enum role role, const char *s)
{
    int lines = 0;

    while (*s && w > 0) {
        char line[512];
        size_t len = 0, cut = 0;
        int cols = 0;

        while (s[len] && s[len] != '\n' && len < sizeof line - 5) {
            uint32_t ch;
            int n = utf8_decode(s + len, &ch);

            if (cols + char_width(ch) > w)
                break;
            cols += char_width(ch);
            len += (size_t)n;
            if (s[len] == ' ' || s[len] == '\0' || s[len] == '\n')
                cut = len;
        }
        if (cut > 0)
            len = cut;
        memcpy(line, s, len);
        line[len] = '\0';
        if (c && lines < rows)
            cells_text(c, x, y + lines, role, line);
        lines++;
        s += len;
        while (*s == ' ' || *s == '\n')
            s++;
        if (len == 0 && *s)
            break;
    }
    return lines;
}
