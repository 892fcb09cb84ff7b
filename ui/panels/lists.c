/* What the views that are one table share; see lists.h. */
#include "ui/panels/lists.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/backend.h"
#include "engine/base/text.h"
#include "ui/draw/box.h"
#include "ui/draw/hits.h"
#include "ui/draw/table.h"
#include "ui/panels/screen_state.h"
#include "ui/panels/tabs.h"
#include "ui/term/glyphs.h"

bool list_begin(struct cells *c, struct screen *sc, const struct layout *l, const char *title,
                const char *note, const struct column *columns, struct table *t, struct rect *r)
{
    const struct view *view = screen_view(sc);
    bool border = l->border[PANEL_MAIN];
    struct rect p = l->panel[PANEL_MAIN];

    if (!box_panel(c, l, PANEL_MAIN, title, border ? NULL : note, r))
        return false;
    if (border && !view->plan.title)
        tabs_draw(c, sc, p.x + p.w - 2, p.y, p.w - 8 - text_width(title));
    table_fit(t, columns, r->x + 2, r->w - 3);
    table_head(c, t, r->y, sc->sort[sc->view], !sc->invert[sc->view]);
    if (!view->curve) /* in the scaling view, < and > choose the X axis instead of a column */
        for (int i = 0; i < t->n; i++)
            hits_add(&sc->hits, rect_of(t->x[i], r->y, t->w[i], 1), HIT_COLUMN, i);
    sc->columns[sc->view] = t->n;
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
    hits_add(&sc->hits, rect_of(r.x, y, r.w, 1), HIT_ROW, row);
}

int scroll_follow(struct screen *sc, int rows, int page)
{
    int *row = &sc->row[sc->view], *scroll = &sc->scroll[sc->view];

    sc->rows[sc->view] = rows;
    sc->page = page > 0 ? page : 1;
    if (*row >= rows)
        *row = rows - 1;
    if (*row < 0)
        *row = 0;
    if (*scroll > *row)
        *scroll = *row;
    if (*row >= *scroll + sc->page)
        *scroll = *row - sc->page + 1;
    if (*scroll > rows - sc->page)
        *scroll = rows - sc->page;
    if (*scroll < 0)
        *scroll = 0;
    return *scroll;
}
