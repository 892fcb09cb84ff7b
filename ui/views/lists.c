/* What the views that are one table share, and the table of scaling's points; see parts.h. */
#include "ui/views/parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/backend.h"
#include "engine/text.h"
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

/* ---- scaling: its points ---- */

static const struct column point_columns[] = {
    {"WHEN", 8, 8, ALIGN_LEFT, 4},   {"THR", 3, 5, ALIGN_RIGHT, 0},
    {"CLI", 3, 5, ALIGN_RIGHT, 1},   {"DEPTH", 5, 6, ALIGN_RIGHT, 3},
    {"N", 5, 7, ALIGN_RIGHT, 2},     {"A SECOND", 8, 9, ALIGN_RIGHT, 0},
    {"95 %", 6, 8, ALIGN_RIGHT, 3},  {"p50", 6, 8, ALIGN_RIGHT, 5},
    {"p99", 6, 8, ALIGN_RIGHT, 1},   {"CPU", 5, 5, ALIGN_RIGHT, 5},
    {"VALID", 5, 40, ALIGN_LEFT, 0}, {NULL, 0, 0, ALIGN_LEFT, 0},
};

static void point_row(struct cells *c, const struct table *t, int y, const struct snapshot *s,
                      const struct plateau *k)
{
    char text[64], number[32];
    enum role role = k->valid ? ROLE_TEXT : ROLE_DIM;

    table_put(c, t, y, 0, ROLE_LABEL, show_clock(text, sizeof text, s, k->start_s, true));
    snprintf(text, sizeof text, "%u", k->vars.threads);
    table_put(c, t, y, 1, role, text);
    snprintf(text, sizeof text, "%u", k->vars.clients);
    table_put(c, t, y, 2, role, text);
    snprintf(text, sizeof text, "%u", pattern_depth(k->vars.pattern, k->vars.depth));
    table_put(c, t, y, 3, role, text);
    table_put(c, t, y, 4, role, show_count(text, sizeof text, k->in_flight));
    table_put(c, t, y, 5, k->valid ? ROLE_STRONG : ROLE_DIM,
              show_number(text, sizeof text, k->throughput_per_s));
    snprintf(text, sizeof text, "%s%s", c->glyphs->plus_minus,
             show_number(number, sizeof number, k->ci95));
    table_put(c, t, y, 6, role, isnan(k->ci95) ? "-" : text);
    table_put(c, t, y, 7, role, show_ns(text, sizeof text, k->p50));
    table_put(c, t, y, 8, role, show_ns(text, sizeof text, k->p99));
    table_put(c, t, y, 9, role, show_percent(text, sizeof text, k->cpu_share));
    table_put(c, t, y, 10, k->valid ? ROLE_GOOD : ROLE_WARN, k->valid ? c->glyphs->ok : k->why_not);
}

void scaling_draw(struct cells *c, const struct snapshot *s, struct screen *sc,
                  const struct layout *l)
{
    const struct pool_snapshot *p = screen_pool(sc, s);
    char title[96] = "points";
    struct table t;
    struct rect r;
    int first;

    scaling_panel(c, s, sc, l);
    if (p)
        snprintf(title, sizeof title, "%s: a point for each plateau", p->name);
    if (!list_begin(c, sc, l, title, NULL, point_columns, &t, &r))
        return;
    first = scroll_follow(sc, p ? (int)p->plateaus : 0, r.h > 4 ? r.h - 1 : r.h);
    for (int i = first; p && i < (int)p->plateaus && i - first < (r.h > 4 ? r.h - 1 : r.h); i++) {
        list_row(c, sc, r, r.y + i - first, i);
        point_row(c, &t, r.y + i - first, s, &p->plateau[p->plateaus - 1 - (unsigned)i]);
    }
    if (p && p->plateaus > 0 && r.h > 4) {
        const struct plateau *k = &p->plateau[p->plateaus - 1 - (unsigned)sc->row[VIEW_SCALING]];

        if (!k->valid)
            cells_field(c, r.x + 2, r.y + r.h - 1, r.w - 3, ALIGN_LEFT, ROLE_WARN, k->why_not);
    }
    if (!p || p->plateaus == 0)
        cells_field(c, r.x + 2, r.y, r.w - 3, ALIGN_LEFT, ROLE_DIM,
                    "none yet: leave the load alone for a while");
}
