/* The bottom lines: the dials of the selected pool and the keys, or the input line; see
 * bottom.h. */
#include "ui/views/bottom.h"

#include <stdio.h>
#include <string.h>

#include "engine/base/text.h"
#include "engine/state/snapshot.h"
#include "ui/draw/hits.h"
#include "ui/draw/layout.h"
#include "ui/panels/screen_state.h"
#include "ui/term/cells.h"
#include "ui/term/glyphs.h"
#include "ui/term/theme.h"
#include "ui/widgets/dial.h"
#include "ui/widgets/field.h"
#include "ui/widgets/keys.h"

static int dial_label(const struct pool_snapshot *p, int dial, bool on, char *buf, size_t size)
{
    char value[64];

    snprintf(buf, size, on ? "[%s %s]" : " %s %s ", dial_name(p, dial),
             dial_value(p, dial, value, sizeof value));
    return text_width(buf);
}

/* Draws the dials, scrolled so that the selected one is visible. */
static void dials(struct cells *c, struct screen *sc, const struct pool_snapshot *p, struct rect r)
{
    int n = dial_count(p), first = 0;
    int x = cells_text(c, r.x, r.y, ROLE_LABEL, r.w >= 60 ? " DIAL " : " ");
    char text[128];

    x = cells_textf(c, x, r.y, ROLE_STRONG, "%s ", p->name);
    if (sc->dial >= n)
        sc->dial = n - 1;
    for (;;) {
        int w = x;

        for (int i = first; i <= sc->dial; i++)
            w += dial_label(p, i, i == sc->dial, text, sizeof text);
        if (w <= r.x + r.w - 2 || first >= sc->dial)
            break;
        first++;
    }
    if (first > 0)
        cells_text(c, x - 1, r.y, ROLE_ACCENT, c->glyphs->left);
    for (int i = first; i < n; i++) {
        bool on = i == sc->dial;
        int w = dial_label(p, i, on, text, sizeof text);

        if (x + w > r.x + r.w - 1) {
            cells_text(c, r.x + r.w - 1, r.y, ROLE_ACCENT, c->glyphs->right);
            break;
        }
        cells_text(c, x, r.y, on ? ROLE_DIAL : ROLE_TEXT, text);
        hits_add(&sc->hits, rect_of(x, r.y, w, 1), HIT_DIAL, i);
        x += w;
    }
}

/* The first name of a list such as "p, space". */
static void first_name(const char *shown, char *buf, size_t size)
{
    copy_str(buf, size, shown);
    buf[strcspn(buf, ",")] = '\0';
}

static int bar_width(const struct key_binding *b)
{
    char key[16];

    first_name(b->shown, key, sizeof key);
    return text_width(key) + text_width(b->bar) + 2;
}

/* Draws the numbers of the views at the right end of the bar, if no panel shows the views'
 * names. */
static void tabs_short(struct cells *c, struct screen *sc, const struct layout *l, struct rect *r)
{
    const char *name = r->w >= 100 ? screen_view(sc)->name : "";
    int w = 1 + (*name ? text_width(name) + 1 : 0), x;

    for (int i = 0; sc->views[i]; i++)
        w += 2;
    if ((l->border[PANEL_POOLS] && l->panel[PANEL_POOLS].h > 0) ||
        (l->border[PANEL_MAIN] && !screen_view(sc)->plan.title) || l->panel[PANEL_TITLE].h > 0 ||
        r->w < w + 40)
        return;
    r->w -= w + 1;
    x = r->x + r->w + 1;
    for (int i = 0; sc->views[i]; i++) {
        bool on = sc->view == i;
        int from = x;

        if (on)
            x = cells_textf(c, x, r->y, ROLE_DIAL, "[%d%s%s]", i + 1, *name ? " " : "", name);
        else
            x = cells_textf(c, x, r->y, ROLE_LABEL, sc->view == i - 1 ? "%d" : " %d", i + 1);
        hits_add(&sc->hits, rect_of(from, r->y, x - from, 1), HIT_TAB, i);
    }
}

static void key_bar(struct cells *c, struct rect r, const struct pool_snapshot *p)
{
    int limit = 99, x = r.x;

    for (;;) {
        int w = 0, worst = -1;

        for (const struct key_binding *b = key_table; b->action != ACT_NONE; b++)
            if (b->bar && b->rank <= limit) {
                w += bar_width(b);
                worst = b->rank > worst ? b->rank : worst;
            }
        if (w <= r.w || worst <= 0)
            break;
        limit = worst - 1;
    }
    for (const struct key_binding *b = key_table; b->action != ACT_NONE; b++) {
        char key[16];
        const char *word = b->bar;

        if (!b->bar || b->rank > limit)
            continue;
        if (b->action == ACT_PAUSE && p && p->state == POOL_PAUSED)
            word = "resume";
        if (b->action == ACT_STOP && p && p->state == POOL_STOPPED)
            word = "start";
        first_name(b->shown, key, sizeof key);
        x = cells_textf(c, x, r.y, ROLE_KEY, " %s", key);
        x = cells_textf(c, x, r.y, ROLE_BAR, " %s", word);
    }
}

static const char *prompt(const struct screen *sc)
{
    switch (sc->mode) {
    case MODE_COMMAND:
        return ":";
    case MODE_EXACT:
        return "= ";
    case MODE_MARK:
        return "mark: ";
    case MODE_FIND:
        return "/";
    default:
        return "";
    }
}

/* Draws the input line, and below it the hint, or the error at the position of the wrong word. */
static void typed(struct cells *c, const struct snapshot *s, struct screen *sc, struct rect keys,
                  struct rect dial)
{
    const struct pool_snapshot *p = screen_pool(sc, s);
    int x = cells_text(c, keys.x, keys.y, ROLE_ACCENT, prompt(sc));
    char hint[256] = "";

    field_draw(c, x, keys.y, keys.x + keys.w - x, &sc->input, ROLE_FIELD, &sc->cursor_x);
    sc->cursor_y = keys.y;
    if (dial.h == 0)
        return;
    cells_blank(c, dial);
    if (sc->input_error[0]) {
        int at = x + (sc->input_error_at > 0 ? sc->input_error_at : 0);
        int room = dial.x + dial.w - at - 2;

        if (sc->input_error_at >= 0 && room >= text_width(sc->input_error)) {
            cells_text(c, at, dial.y, ROLE_BAD, c->glyphs->down);
            cells_text(c, at + 2, dial.y, ROLE_BAD, sc->input_error);
        } else {
            cells_field(c, dial.x, dial.y, dial.w, ALIGN_LEFT, ROLE_BAD, sc->input_error);
            if (sc->input_error_at >= 0 && at < keys.x + keys.w)
                cells_attr(c, rect_of(at, keys.y, 1, 1), ATTR_UNDERLINE);
        }
        return;
    }
    if (sc->mode == MODE_EXACT && p)
        dial_hint(p, sc->dial, hint, sizeof hint);
    else if (sc->mode == MODE_COMMAND)
        copy_str(hint, sizeof hint,
                 sc->completions[0] ? sc->completions
                                    : "Tab completes, up and down recall, Esc leaves");
    else if (sc->mode == MODE_MARK)
        copy_str(hint, sizeof hint, "a note for this moment, in the plots and the report");
    else if (sc->mode == MODE_FIND)
        copy_str(hint, sizeof hint, "text to find; n and N go on");
    cells_field(c, dial.x, dial.y, dial.w, ALIGN_LEFT, ROLE_LABEL, hint);
}

void bottom_draw(struct cells *c, const struct snapshot *s, struct screen *sc,
                 const struct layout *l)
{
    const struct pool_snapshot *p = screen_pool(sc, s);
    struct rect dial = l->panel[PANEL_DIAL], keys = l->panel[PANEL_KEYS];
    bool typing = sc->mode == MODE_COMMAND || sc->mode == MODE_EXACT || sc->mode == MODE_MARK ||
                  sc->mode == MODE_FIND;

    sc->cursor_x = -1;
    if (keys.h == 0) { /* the window has one status line, which the input covers */
        if (typing)
            typed(c, s, sc, l->panel[PANEL_HEADER], dial);
        return;
    }
    if (typing) {
        typed(c, s, sc, keys, dial);
        return;
    }
    if (p)
        dials(c, sc, p, dial);
    else
        cells_text(c, dial.x, dial.y, ROLE_LABEL, " no pool yet: `a` adds one, `:add URL` too");
    if (sc->notice[0] && sc->clock < sc->notice_until) {
        cells_fill(c, keys, ' ', sc->notice_role);
        cells_field(c, keys.x + 1, keys.y, keys.w - 2, ALIGN_LEFT, sc->notice_role, sc->notice);
        return;
    }
    cells_back(c, keys, ROLE_BAR);
    tabs_short(c, sc, l, &keys);
    key_bar(c, keys, p);
}
