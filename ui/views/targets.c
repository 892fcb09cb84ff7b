/* The targets: each pool's target with the server's own figures; see targets.h.
 *
 * Backend statistics are JSON and are shown without knowledge of the backend: names as words,
 * values with the unit from the name's suffix, and lists of nodes as bars with the even share
 * marked, so that an overloaded node is visible. */
#include "ui/views/targets.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/backend.h"
#include "engine/base/quantity.h"
#include "engine/base/text.h"
#include "engine/config/scenario.h"
#include "engine/state/snapshot.h"
#include "ui/draw/box.h"
#include "ui/draw/hits.h"
#include "ui/draw/stats_table.h"
#include "ui/draw/table.h"
#include "ui/draw/wrap.h"
#include "ui/panels/lists.h"
#include "ui/panels/screen_state.h"
#include "ui/panels/show.h"
#include "ui/term/glyphs.h"
#include "ui/views/overview.h"
#include "ui/views/pool.h"

static const struct column target_columns[] = {
    {"POOL", 7, 12, ALIGN_LEFT, 0},     {"STATE", 8, 9, ALIGN_LEFT, 0},
    {"TARGET", 16, 44, ALIGN_LEFT, 0},  {"REACHED", 15, 24, ALIGN_LEFT, 4},
    {"VERSION", 10, 20, ALIGN_LEFT, 1}, {"CONNS", 7, 11, ALIGN_RIGHT, 2},
    {"OTHERS", 6, 6, ALIGN_RIGHT, 3},   {"CPU", 6, 6, ALIGN_RIGHT, 3},
    {"ITEMS", 6, 12, ALIGN_RIGHT, 5},   {NULL, 0, 0, ALIGN_LEFT, 0},
};

static void target_row(struct cells *c, const struct table *t, int y, const struct pool_snapshot *p)
{
    char text[64];

    table_put(c, t, y, 0, ROLE_STRONG, show_name(c, text, sizeof text, p->name, t->w[0]));
    table_put(c, t, y, 1, state_role(p->state), pool_state_name(p->state));
    table_put(c, t, y, 2, ROLE_TEXT, p->target);
    table_put(c, t, y, 3, ROLE_LABEL, p->server.address[0] ? p->server.address : "-");
    table_put(c, t, y, 4, ROLE_TEXT, p->server.version[0] ? p->server.version : "-");
    snprintf(text, sizeof text, "%u/%u", p->connections_up, p->connections_wanted);
    table_put(c, t, y, 5, p->connections_up < p->connections_wanted ? ROLE_WARN : ROLE_TEXT, text);
    table_put(c, t, y, 6, p->server.other_clients > 0 ? ROLE_WARN : ROLE_TEXT,
              show_count_in(text, sizeof text, (double)p->server.other_clients, t->w[6]));
    table_put(c, t, y, 7, ROLE_TEXT, show_percent(text, sizeof text, p->server.server_cpu_share));
    table_put(c, t, y, 8, ROLE_TEXT,
              p->server.data_items < 0
                  ? "-"
                  : show_items(text, sizeof text, (uint64_t)p->server.data_items, t->w[8]));
}

/* ---- values in words ---- */

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);

    return n >= m && !strcmp(s + n - m, end);
}

/* Writes the words for a JSON name: "used_memory_bytes" becomes "used memory", because the value
 * shows the unit. */
static void name_words(const char *name, char *buf, size_t size)
{
    static const char *const units[] = {"_bytes", "_share", "_ratio_x", "_us", "_ms", NULL};

    copy_str(buf, size, name);
    for (int i = 0; units[i]; i++)
        if (ends_with(buf, units[i]))
            buf[strlen(buf) - strlen(units[i])] = '\0';
    if (ends_with(buf, "_per_s"))
        memcpy(buf + strlen(buf) - 6, "/s", 3);
    for (char *p = buf; *p; p++)
        *p = *p == '_' ? ' ' : *p;
}

static void value_number(const char *name, const json_t *v, char *buf, size_t size)
{
    double x = json_number_value(v);

    if (ends_with(name, "_bytes"))
        show_bytes(buf, size, x);
    else if (ends_with(name, "_share") || ends_with(name, "_ratio"))
        show_percent(buf, size, x);
    else if (ends_with(name, "_us"))
        show_ns(buf, size, x * 1e3);
    else if (ends_with(name, "_ms"))
        show_ns(buf, size, x * 1e6);
    else if (json_is_integer(v) && json_integer_value(v) >= 0)
        format_count(buf, size, (uint64_t)json_integer_value(v));
    else if (json_is_integer(v))
        snprintf(buf, size, "%lld", (long long)json_integer_value(v));
    else
        snprintf(buf, size, fabs(x) >= 1000 ? "%.0f" : "%.4g", x);
}

/* An object as "stored 12, failed 0"; a list as its members. */
static void value_text(struct text *t, const char *name, json_t *v)
{
    char text[128], words[64];
    const char *key;
    json_t *member;
    size_t i;
    bool any = false;

    if (json_is_object(v)) {
        json_object_foreach(v, key, member)
        {
            name_words(key, words, sizeof words);
            text_add(t, "%s%s ", any ? ", " : "", words);
            value_text(t, key, member);
            any = true;
        }
    } else if (json_is_array(v)) {
        json_array_foreach(v, i, member)
        {
            text_add(t, "%s", i ? "; " : "");
            value_text(t, name, member);
        }
        if (json_array_size(v) == 0)
            text_add(t, "none");
    } else if (json_is_string(v)) {
        text_add(t, "%s", json_string_value(v));
    } else if (json_is_boolean(v)) {
        text_add(t, "%s", json_is_true(v) ? "yes" : "no");
    } else if (json_is_number(v)) {
        value_number(name, v, text, sizeof text);
        text_add(t, "%s", text);
    } else {
        text_add(t, "-");
    }
}

/* ---- nodes as bars ---- */

/* The list of nodes in a value: the value itself, or its member "nodes". NULL: it has none. */
static json_t *nodes_of(json_t *v)
{
    json_t *list = json_is_array(v) ? v : json_object_get(v, "nodes");
    json_t *first = json_array_get(list, 0);

    return json_is_object(first) &&
                   (json_object_get(first, "node") || json_object_get(first, "address"))
               ? list
               : NULL;
}

/* The measure shown by the bars: the first of these that the nodes have. */
static const char *measure_of(const json_t *nodes)
{
    static const char *const measures[] = {"requests_per_s", "requests", "connections", NULL};

    for (int i = 0; measures[i]; i++)
        if (json_is_number(json_object_get(json_array_get(nodes, 0), measures[i])))
            return measures[i];
    return NULL;
}

static void node_bar(struct cells *c, struct rect r, int y, json_t *node, const char *measure,
                     double most, double total, unsigned n)
{
    const char *name = json_string_value(json_object_get(node, "node"));
    double v = measure ? json_number_value(json_object_get(node, measure)) : 0;
    const json_t *up = json_object_get(node, "up");
    int bar_x = r.x + 26, bar_w = r.w - 26 - 20, even;
    char text[32];

    if (!name)
        name = json_string_value(json_object_get(node, "address"));
    cells_field(c, r.x + 4, y, 20, ALIGN_LEFT, json_is_false(up) ? ROLE_BAD : ROLE_TEXT,
                name ? name : "?");
    if (bar_w > 60)
        bar_w = 60;
    if (bar_w < 4 || !measure)
        return;
    even = most > 0 ? (int)(total / n / most * (bar_w - 1) + 0.5) : -1;
    for (int i = 0; i < bar_w; i++) {
        bool on = most > 0 && i < (int)(v / most * bar_w + 0.5);

        cells_text(c, bar_x + i, y, on ? ROLE_SPARK : ROLE_GRID,
                   on ? c->glyphs->bar_full : c->glyphs->bar_empty);
    }
    if (even >= 0 && n > 1)
        cells_put(c, bar_x + even, y, c->glyphs->line[GLYPH_V], ROLE_MARK);
    if (json_is_false(up))
        cells_text(c, bar_x + bar_w + 1, y, ROLE_BAD, "DOWN");
    else
        cells_textf(c, bar_x + bar_w + 1, y, ROLE_STRONG, "%s  %.0f %%",
                    show_count(text, sizeof text, v), total > 0 ? 100 * v / total : 0.0);
}

/* A heading with the summary, then a bar for each node. Returns the row after it. */
static int nodes_draw(struct cells *c, struct rect r, int y, const char *name, json_t *v,
                      json_t *nodes)
{
    const char *verdict = json_string_value(json_object_get(v, "verdict"));
    const json_t *made = json_object_get(v, "connections");
    const char *measure = measure_of(nodes);
    double most = 0, total = 0;
    char words[64], unit[64];
    json_t *node;
    size_t i;
    int x;

    json_array_foreach(nodes, i, node)
    {
        double n = measure ? json_number_value(json_object_get(node, measure)) : 0;

        most = fmax(most, n);
        total += n;
    }
    name_words(name, words, sizeof words);
    name_words(measure ? measure : "", unit, sizeof unit);
    x = cells_textf(c, r.x + 2, y, ROLE_TITLE, "%s", words);
    if (json_is_integer(made))
        x = cells_textf(c, x, y, ROLE_LABEL, ": %lld fresh connections",
                        (long long)json_integer_value(made));
    else if (measure)
        x = cells_textf(c, x, y, ROLE_LABEL, ": %s of each node", unit);
    if (verdict)
        cells_field(c, x + 2, y, r.x + r.w - x - 3, ALIGN_LEFT,
                    json_is_true(json_object_get(v, "even")) ? ROLE_GOOD : ROLE_WARN, verdict);
    else if (json_array_size(nodes) > 1 && measure)
        cells_textf(c, x + 2, y, ROLE_DIM, "(%s the even share)",
                    c->glyphs->bar_full[0] == '#' ? "|" : "\u2502");
    y++;
    json_array_foreach(nodes, i, node)
    {
        if (y >= r.y + r.h)
            break;
        node_bar(c, r, y++, node, measure, most, total, (unsigned)json_array_size(nodes));
    }
    return y;
}

/* The backend's findings and its table. */
static int found_draw(struct cells *c, struct rect r, int y, const struct json_t *stats)
{
    const json_t *findings = stats_findings(stats), *table = stats_table(stats);
    int rows = table ? (int)json_array_size(json_object_get(table, "rows")) : -1;
    char line[512];

    for (size_t i = 0; i < json_array_size(findings) && y < r.y + r.h; i++)
        y += text_wrap(c, r.x + 2, y, r.w - 3, r.y + r.h - y, ROLE_STRONG,
                       json_string_value(json_array_get(findings, i)));
    for (int i = -1; i < rows && y < r.y + r.h; i++)
        cells_field(c, r.x + 2, y++, r.w - 3, ALIGN_LEFT, i < 0 ? ROLE_LABEL : ROLE_TEXT,
                    stats_table_line(table, i, r.w - 3, line, sizeof line));
    const char *note = table ? json_string_value(json_object_get(table, "note")) : NULL;
    if (note && y < r.y + r.h)
        y += text_wrap(c, r.x + 2, y, r.w - 3, r.y + r.h - y, ROLE_DIM, note);
    return y;
}

/* Targets and versions in full, which the table above may have truncated. */
static int whole_names(struct cells *c, struct rect r, int y, const struct pool_snapshot *p)
{
    struct text t = {.limit = 700};

    text_add(&t, "%s", p->target);
    if (p->server.address[0] && !strstr(p->target, p->server.address))
        text_add(&t, " at %s", p->server.address);
    if (p->server.version[0])
        text_add(&t, ": %s", p->server.version);
    if (y < r.y + r.h)
        cells_field(c, r.x + 2, y++, r.w - 3, ALIGN_LEFT, ROLE_LABEL, text_str(&t));
    text_free(&t);
    return y;
}

/* Is it shown as name and value? (Not tables, bars, or the time span of rates.) */
static bool is_value(const char *name, json_t *v)
{
    return !nodes_of(v) && !json_object_get(v, "table") && strcmp(name, "span_s") != 0;
}

/* The server's figures: first the distribution over its nodes, then others as name and value, in
 * two columns if there is room. */
static int stats_lines(struct cells *c, struct rect r, int y, const struct pool_snapshot *p)
{
    json_t *stats = p->server.json, *v;
    int columns = r.w >= 150 ? 3 : r.w >= 70 ? 2 : 1, w = (r.w - 2) / columns, i = 0, name_w = 0;
    const char *name;

    y = whole_names(c, r, y, p);
    if (p->state_why[0] && y < r.y + r.h)
        cells_field(c, r.x + 2, y++, r.w - 3, ALIGN_LEFT,
                    p->state == POOL_DOWN      ? ROLE_BAD
                    : p->state == POOL_LOADING ? ROLE_WARN
                                               : ROLE_LABEL,
                    p->state_why);
    if (p->server.note[0] && y < r.y + r.h)
        cells_field(c, r.x + 2, y++, r.w - 3, ALIGN_LEFT, ROLE_STRONG, p->server.note);
    y = found_draw(c, r, y, stats);
    json_object_foreach(stats, name, v)
    {
        json_t *nodes = nodes_of(v);

        if (nodes && y < r.y + r.h)
            y = nodes_draw(c, r, y, name, v, nodes);
    }
    json_object_foreach(stats, name, v)
    {
        char words[64];

        if (!is_value(name, v))
            continue;
        name_words(name, words, sizeof words);
        name_w = text_width(words) > name_w ? text_width(words) : name_w;
    }
    name_w = name_w > 28 ? 28 : name_w + 1;
    json_object_foreach(stats, name, v)
    {
        struct text t = {.limit = 512};
        char words[64];
        int room = w - name_w - 3, at = i % columns;

        if (!is_value(name, v))
            continue;
        name_words(name, words, sizeof words);
        value_text(&t, name, v);
        if (text_width(text_str(&t)) > room && at > 0) { /* it has a line of its own */
            y++;
            i += columns - at;
            at = 0;
        }
        if (y >= r.y + r.h) {
            text_free(&t);
            break;
        }
        cells_field(c, r.x + 2 + at * w, y, name_w, ALIGN_LEFT, ROLE_LABEL, words);
        if (text_width(text_str(&t)) > room) {
            cells_field(c, r.x + 3 + name_w, y++, r.w - name_w - 4, ALIGN_LEFT, ROLE_TEXT,
                        text_str(&t));
            i += columns;
        } else {
            cells_field(c, r.x + 3 + at * w + name_w, y, room, ALIGN_LEFT, ROLE_TEXT, text_str(&t));
            y += at == columns - 1;
            i++;
        }
        text_free(&t);
    }
    if (i % columns)
        y++;
    return y;
}

static void targets_draw(struct cells *c, const struct snapshot *s, struct screen *sc,
                         const struct layout *l)
{
    const struct pool_snapshot *p = screen_pool(sc, s);
    unsigned order[POOLS_MAX] = {0};
    int rows, first, y;
    struct column columns[sizeof target_columns / sizeof *target_columns];
    struct table t;
    struct rect r;

    memcpy(columns, target_columns, sizeof columns);
    columns[0].width = show_names_width(s, 7, c->cols >= 100 ? 16 : 9);
    columns[0].most = show_names_width(s, 7, 32);
    if (!list_begin(c, sc, l, "targets", NULL, columns, &t, &r))
        return;
    overview_order(s, sc, order); /* the same order in both views */
    rows = r.h > 6 && (int)s->pools > r.h / 2 ? r.h / 2 : r.h;
    sc->row[sc->view] = 0;
    for (int i = 0; i < (int)s->pools; i++)
        if ((int)order[i] == screen_pool_index(sc, s))
            sc->row[sc->view] = i;
    first = scroll_follow(sc, (int)s->pools, rows);
    y = r.y;
    for (int i = first; i < (int)s->pools && i - first < rows; i++, y++) {
        list_row(c, sc, r, y, i);
        hits_add(&sc->hits, rect_of(r.x, y, r.w, 1), HIT_POOL, (int)s->pool[order[i]].number);
        target_row(c, &t, y, &s->pool[order[i]]);
    }
    if (p && y + 2 < r.y + r.h) {
        struct rect before = cells_clip(c, r);

        box_rule(c, r.x, y, r.w, p->name, "what the server says");
        stats_lines(c, r, y + 1, p);
        cells_unclip(c, before);
    }
}

const struct view view_targets = {
    .name = "targets",
    .help = "targets: what the servers say of themselves",
    .plan = {.place = layout_one_table},
    .draw = targets_draw,
    .into = &view_pool,
};
