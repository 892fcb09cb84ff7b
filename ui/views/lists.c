/* The views that are one table: scaling's points, errors, events, targets; see parts.h. */
#include "ui/views/parts.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/backend.h"
#include "engine/text.h"
#include "ui/box.h"
#include "ui/glyphs.h"
#include "ui/table.h"

/* The frame, the tabs and the head of a table; the rows begin below. False when there is no room.
 */
static bool list_begin(struct cells *c, struct screen *sc, const struct layout *l,
                       const char *title, const char *note, const struct column *columns,
                       struct table *t, struct rect *r)
{
    bool border = l->border[PANEL_MAIN];
    struct rect p = l->panel[PANEL_MAIN];

    if (!box_panel(c, l, PANEL_MAIN, title, border && sc->view != VIEW_SCALING ? NULL : note, r))
        return false;
    if (border && sc->view != VIEW_SCALING)
        tabs_draw(c, sc, p.x + p.w - 2, p.y, p.w - 8 - text_width(title));
    table_fit(t, columns, r->x + 2, r->w - 3);
    table_head(c, t, r->y, sc->sort[sc->view], !sc->invert[sc->view]);
    screen_hit(sc, rect_of(r->x, r->y, r->w, 1), HIT_COLUMN, 0);
    sc->columns[sc->view] = t->n;
    r->y++;
    r->h--;
    return r->h > 0;
}

static void list_row(struct cells *c, struct screen *sc, struct rect r, int y, int row)
{
    if (row == sc->row[sc->view]) {
        cells_back(c, rect_of(r.x, y, r.w, 1), ROLE_SELECTED);
        cells_text(c, r.x, y, ROLE_ACCENT, c->glyphs->select);
    }
    screen_hit(sc, rect_of(r.x, y, r.w, 1), HIT_ROW, row);
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

/* ---- errors ---- */

static const struct column error_columns[] = {
    {"POOL", 7, 12, ALIGN_LEFT, 0},           {"CLASS", 12, 24, ALIGN_LEFT, 0},
    {"COUNT", 7, 12, ALIGN_RIGHT, 0},         {"NOW/s", 6, 8, ALIGN_RIGHT, 1},
    {"FIRST", 8, 8, ALIGN_LEFT, 3},           {"LAST", 8, 8, ALIGN_LEFT, 2},
    {"LAST MESSAGE", 16, 190, ALIGN_LEFT, 0}, {NULL, 0, 0, ALIGN_LEFT, 0},
};

void errors_draw(struct cells *c, const struct snapshot *s, struct screen *sc,
                 const struct layout *l)
{
    char note[64];
    struct table t;
    struct rect r;
    int n = 0, row = 0, first, detail;

    for (unsigned i = 0; i < s->pools; i++)
        n += (int)s->pool[i].errors;
    snprintf(note, sizeof note, "%d class%s", n, n == 1 ? "" : "es");
    if (!list_begin(c, sc, l, "errors by class", note, error_columns, &t, &r))
        return;
    detail = r.h > 8 ? 3 : 0;
    first = scroll_follow(sc, n, r.h - detail);
    for (unsigned i = 0; i < s->pools; i++)
        for (unsigned j = 0; j < s->pool[i].errors; j++, row++) {
            const struct error_class *e = &s->pool[i].error[j];
            int y = r.y + row - first;
            char text[64];

            if (row < first || y >= r.y + r.h - detail)
                continue;
            list_row(c, sc, r, y, row);
            table_put(c, &t, y, 0, ROLE_ACCENT, s->pool[i].name);
            table_put(c, &t, y, 1, e->recent ? ROLE_BAD : ROLE_STRONG, e->name);
            table_put(c, &t, y, 2, ROLE_TEXT, format_count(text, sizeof text, e->count));
            table_put(c, &t, y, 3, e->recent ? ROLE_BAD : ROLE_DIM,
                      show_count(text, sizeof text, (double)e->recent));
            table_put(c, &t, y, 4, ROLE_LABEL, show_clock(text, sizeof text, s, e->first_s, true));
            table_put(c, &t, y, 5, ROLE_LABEL, show_clock(text, sizeof text, s, e->last_s, true));
            table_put(c, &t, y, 6, ROLE_TEXT, e->last);
            if (row == sc->row[VIEW_ERRORS] && detail) {
                int at = r.y + r.h - detail;

                cells_hline(c, r.x, at, r.w, ROLE_BORDER);
                cells_text(c, r.x + 2, at + 1, ROLE_LABEL, "first  ");
                cells_field(c, r.x + 9, at + 1, r.w - 10, ALIGN_LEFT, ROLE_TEXT, e->first);
                cells_text(c, r.x + 2, at + 2, ROLE_LABEL, "last   ");
                cells_field(c, r.x + 9, at + 2, r.w - 10, ALIGN_LEFT, ROLE_TEXT, e->last);
            }
        }
    if (n == 0)
        cells_field(c, r.x + 2, r.y, r.w - 3, ALIGN_LEFT, ROLE_GOOD, "no errors");
}

/* ---- events ---- */

static const struct column event_columns[] = {
    {"WHEN  BY, POOL, WHAT, AND WHAT IT DID TO THROUGHPUT (95 % INTERVAL) AND p99", 40, 300,
     ALIGN_LEFT, 0},
    {NULL, 0, 0, ALIGN_LEFT, 0}};

static bool event_found(const struct event *e, const char *find)
{
    return text_has(e->what, find) || text_has(e->pool, find) || text_has(e->to, find);
}

void events_draw(struct cells *c, const struct snapshot *s, struct screen *sc,
                 const struct layout *l)
{
    char note[64];
    struct table t;
    struct rect r;
    int first;

    snprintf(note, sizeof note, "%llu", (unsigned long long)s->events_total);
    if (!list_begin(c, sc, l, "events", note, event_columns, &t, &r))
        return;
    first = scroll_follow(sc, (int)s->events, r.h);
    for (int i = first; i < (int)s->events && i - first < r.h; i++) {
        const struct event *e = &s->event[s->events - 1 - (unsigned)i];
        int y = r.y + i - first;

        list_row(c, sc, r, y, i);
        change_draw(c, r.x + 2, y, r.w - 3, s, e, true);
        if (sc->find[0] && event_found(e, sc->find))
            cells_attr(c, rect_of(r.x + 2, y, r.w - 3, 1), ATTR_UNDERLINE);
    }
    if (s->events == 0)
        cells_field(c, r.x + 2, r.y, r.w - 3, ALIGN_LEFT, ROLE_DIM, "nothing happened yet");
}

/* ---- targets ---- */

static const struct column target_columns[] = {
    {"POOL", 7, 12, ALIGN_LEFT, 0},     {"STATE", 8, 9, ALIGN_LEFT, 0},
    {"TARGET", 16, 44, ALIGN_LEFT, 0},  {"REACHED", 15, 24, ALIGN_LEFT, 4},
    {"VERSION", 10, 20, ALIGN_LEFT, 1}, {"CONNS", 7, 11, ALIGN_RIGHT, 2},
    {"OTHERS", 6, 6, ALIGN_RIGHT, 3},   {"CPU", 5, 5, ALIGN_RIGHT, 3},
    {"ITEMS", 6, 12, ALIGN_RIGHT, 5},   {NULL, 0, 0, ALIGN_LEFT, 0},
};

static char *show_known(char *buf, size_t size, int64_t n)
{
    return n < 0 ? copy_str(buf, size, "-") : format_count(buf, size, (uint64_t)n);
}

static void target_row(struct cells *c, const struct table *t, int y, const struct pool_snapshot *p)
{
    char text[64];

    table_put(c, t, y, 0, ROLE_STRONG, p->name);
    table_put(c, t, y, 1, state_role(p->state), pool_state_name(p->state));
    table_put(c, t, y, 2, ROLE_TEXT, p->target);
    table_put(c, t, y, 3, ROLE_LABEL, p->address[0] ? p->address : "-");
    table_put(c, t, y, 4, ROLE_TEXT, p->version[0] ? p->version : "-");
    snprintf(text, sizeof text, "%u/%u", p->connections_up, p->connections_wanted);
    table_put(c, t, y, 5, p->connections_up < p->connections_wanted ? ROLE_WARN : ROLE_TEXT, text);
    table_put(c, t, y, 6, p->other_clients > 0 ? ROLE_WARN : ROLE_TEXT,
              show_known(text, sizeof text, p->other_clients));
    table_put(c, t, y, 7, ROLE_TEXT, show_percent(text, sizeof text, p->server_cpu_share));
    table_put(c, t, y, 8, ROLE_TEXT, show_known(text, sizeof text, p->data_items));
}

/* What the server says of itself, as name and value. */
static int stats_lines(struct cells *c, struct rect r, int y, const struct pool_snapshot *p)
{
    const char *name;
    json_t *v;

    if (p->state_why[0] && y < r.y + r.h)
        cells_field(c, r.x + 2, y++, r.w - 3, ALIGN_LEFT,
                    p->state == POOL_DOWN ? ROLE_BAD : ROLE_LABEL, p->state_why);
    if (p->note[0] && y < r.y + r.h)
        cells_field(c, r.x + 2, y++, r.w - 3, ALIGN_LEFT, ROLE_TEXT, p->note);
    json_object_foreach((json_t *)(uintptr_t)p->backend_stats, name, v)
    {
        char *text = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));

        if (y >= r.y + r.h) {
            free(text);
            break;
        }
        cells_field(c, r.x + 2, y, 28, ALIGN_LEFT, ROLE_LABEL, name);
        cells_field(c, r.x + 31, y++, r.w - 32, ALIGN_LEFT, ROLE_TEXT,
                    json_is_string(v) ? json_string_value(v)
                    : text            ? text
                                      : "");
        free(text);
    }
    return y;
}

void targets_draw(struct cells *c, const struct snapshot *s, struct screen *sc,
                  const struct layout *l)
{
    const struct pool_snapshot *p = screen_pool(sc, s);
    struct table t;
    struct rect r;
    int rows, first, y;

    if (!list_begin(c, sc, l, "targets", NULL, target_columns, &t, &r))
        return;
    rows = r.h > 6 && (int)s->pools > r.h / 2 ? r.h / 2 : r.h;
    sc->row[VIEW_TARGETS] = screen_pool_index(sc, s);
    first = scroll_follow(sc, (int)s->pools, rows);
    y = r.y;
    for (int i = first; i < (int)s->pools && i - first < rows; i++, y++) {
        list_row(c, sc, r, y, i);
        screen_hit(sc, rect_of(r.x, y, r.w, 1), HIT_POOL, (int)s->pool[i].number);
        target_row(c, &t, y, &s->pool[i]);
    }
    if (p && y + 2 < r.y + r.h) {
        box_rule(c, r.x, y, r.w, p->name, "what the server says");
        if (stats_lines(c, r, y + 1, p) == y + 1)
            cells_field(c, r.x + 2, y + 1, r.w - 3, ALIGN_LEFT, ROLE_DIM, "nothing");
    }
}
