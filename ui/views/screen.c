/* The drawing of a whole frame; see screen.h. */
#include "ui/views/screen.h"

#include <math.h>
#include <string.h>

#include "engine/state/snapshot.h"
#include "ui/draw/box.h"
#include "ui/draw/hits.h"
#include "ui/draw/swatches.h"
#include "ui/draw/wrap.h"
#include "ui/panels/changes.h"
#include "ui/panels/screen_state.h"
#include "ui/views/alerts.h"
#include "ui/views/bottom.h"
#include "ui/views/header.h"
#include "ui/views/help.h"
#include "ui/widgets/field.h"
#include "ui/widgets/form_draw.h"

/* The line in which a protected host's name is typed, in place of the buttons. */
static void name_draw(struct cells *c, struct screen *sc, int x, int y, int w)
{
    if (sc->input_error[0])
        cells_field(c, x, y - 1, w, ALIGN_LEFT, ROLE_BAD, sc->input_error);
    field_draw(c, x, y, w > 40 ? w - 24 : w, &sc->input, ROLE_FIELD, &sc->cursor_x);
    sc->cursor_y = y;
    if (w > 40)
        cells_text(c, x + w - 22, y, ROLE_LABEL, "Enter, or Esc: leave");
}

static void ask_draw(struct cells *c, struct screen *sc)
{
    int w = c->cols < 68 ? c->cols : 68, lines, h;
    struct rect r;
    int x, y;

    lines = text_wrap(NULL, 0, 0, w - 4, 0, ROLE_TEXT, sc->question_text);
    h = lines + 4;
    /* no room for a box: the question takes one line, with the same default answer */
    if (w < 24 || h > c->rows) {
        y = c->rows - 1;
        cells_fill(c, rect_of(0, y, c->cols, 1), ' ', ROLE_CAUTION);
        if (sc->question == ASK_PROTECTED) {
            x = cells_text(c, 0, y, ROLE_CAUTION, "its name? ");
            field_draw(c, x, y, c->cols - x, &sc->input, ROLE_FIELD, &sc->cursor_x);
            sc->cursor_y = y;
            return;
        }
        x = cells_text(c, 0, y, ROLE_CAUTION, "y/N? ");
        cells_field(c, x, y, c->cols - x, ALIGN_LEFT, ROLE_CAUTION, sc->question_text);
        return;
    }
    r = rect_of((c->cols - w) / 2, (c->rows - h) / 2, w, h);
    box_dialog(c, r,
               sc->question == ASK_STOP || sc->question == ASK_REMOVE ? "stop?"
               : sc->question == ASK_FIRST_LOAD                       ? "start load?"
               : sc->question == ASK_PROTECTED                        ? "protected"
                                                                      : "quit?");
    text_wrap(c, r.x + 2, r.y + 1, w - 4, lines, ROLE_TEXT, sc->question_text);
    y = r.y + h - 2;
    if (sc->question == ASK_PROTECTED) {
        cells_back(c, rect_of(r.x + 1, r.y + 1, r.w - 2, lines + 1), ROLE_DIALOG);
        name_draw(c, sc, r.x + 2, y, w - 4);
        return;
    }
    x = cells_text(c, r.x + 2, y, ROLE_DIAL, "[ N  no ]");
    hits_add(&sc->hits, rect_of(r.x + 2, y, x - r.x - 2, 1), HIT_NO, 0);
    x += 3;
    hits_add(&sc->hits, rect_of(x, y, 9, 1), HIT_YES, 0);
    cells_text(c, x, y, ROLE_KEY, "  y  yes  ");
    cells_text(c, x + 13, y, ROLE_LABEL, "Enter and Esc mean no");
    cells_back(c, rect_of(r.x + 1, r.y + 1, r.w - 2, lines + 1), ROLE_DIALOG);
}

/* Clickable panel titles; areas within a title are registered later and take precedence. */
static void panel_hits(struct screen *sc, const struct layout *l)
{
    for (int p = 0; p < PANELS; p++)
        if (l->border[p] || l->titled[p])
            hits_add(&sc->hits, rect_of(l->panel[p].x, l->panel[p].y, l->panel[p].w, 1), HIT_PANEL,
                     p);
}

void screen_draw(struct cells *c, struct screen *sc, const struct snapshot *s,
                 const struct snapshot *live)
{
    static struct alert alert[ALERTS_MAX];
    const struct view *view = screen_view(sc);
    struct layout_want want = {.plan = &view->plan,
                               .pools = (int)s->pools,
                               .thresholds = s->thresholds > 0 || s->goal_per_s > 0,
                               .full = sc->full};
    struct layout l;

    cells_clear(c);
    sc->hits.n = 0;
    /* State and alerts are always live: a frozen display must not hide that load is on, or off. */
    want.alerts = alerts_collect(live, alert, ALERTS_MAX);
    if (view->measure)
        view->measure(sc, s, &want);
    layout_make(&l, c->rows, c->cols, &want);
    header_draw(c, live, sc, &l);
    alerts_draw(c, live, &l);
    panel_hits(sc, &l);
    title_draw(c, s, sc, &l);
    view->draw(c, s, sc, &l);
    left_panel(c, s, sc, &l);
    bottom_draw(c, s, sc, &l);
    if (sc->mode == MODE_HELP || (sc->mode == MODE_FIND && sc->finding_help))
        help_draw(c, sc);
    else if (sc->mode == MODE_FORM)
        form_draw(c, &sc->form, &sc->hits, &sc->cursor_x, &sc->cursor_y);
    else if (sc->mode == MODE_ASK)
        ask_draw(c, sc);
    else if (sc->clock < sc->swatches_until)
        swatches_box(c, sc->theme);
    /* Hide the cursor if the window is too small for the field. */
    if (sc->cursor_x >= c->cols || sc->cursor_y < 0 || sc->cursor_y >= c->rows)
        sc->cursor_x = -1;
}
