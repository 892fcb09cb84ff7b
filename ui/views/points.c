/* The scaling view: the curve or the grid of a sweep, other figures against N, the table of points,
 * and the checks of the selected one; see points.h and curve.h. */
#include "ui/views/points.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/backend.h"
#include "engine/base/text.h"
#include "engine/figures/plateau.h"
#include "ui/draw/box.h"
#include "ui/draw/table.h"
#include "ui/draw/wrap.h"
#include "ui/panels/curve.h"
#include "ui/panels/curve_plot.h"
#include "ui/panels/grid.h"
#include "ui/panels/lists.h"
#include "ui/panels/scaling.h"
#include "ui/panels/screen_state.h"
#include "ui/panels/show.h"
#include "ui/term/glyphs.h"

/* ---- the table ---- */

enum {
    COL_WHEN,
    COL_THREADS,
    COL_CLIENTS,
    COL_DEPTH,
    COL_ROWS,
    COL_N,
    COL_X,
    COL_CI,
    COL_P50,
    COL_P99,
    COL_CPU,
    COL_MEMORY,
    COL_OWN
};

static const struct column point_columns[] = {
    {"WHEN", 8, 8, ALIGN_LEFT, 9},    {"THR", 3, 5, ALIGN_RIGHT, 0},  {"CLI", 3, 5, ALIGN_RIGHT, 1},
    {"DEPTH", 5, 6, ALIGN_RIGHT, 3},  {"ROWS", 4, 6, ALIGN_RIGHT, 6}, {"N", 5, 7, ALIGN_RIGHT, 2},
    {"DONE/s", 8, 9, ALIGN_RIGHT, 0}, {"95 %", 6, 8, ALIGN_RIGHT, 4}, {"p50", 6, 8, ALIGN_RIGHT, 7},
    {"p99", 6, 8, ALIGN_RIGHT, 1},    {"CPU", 5, 5, ALIGN_RIGHT, 5},  {"MEM", 6, 7, ALIGN_RIGHT, 8},
};

/* The backend's own columns come before the last one. */
static void make_columns(struct column *column, const struct pool_snapshot *p)
{
    int n = (int)(sizeof point_columns / sizeof *point_columns);

    memcpy(column, point_columns, sizeof point_columns);
    for (unsigned i = 0; p && i < p->server.columns && n < COLUMNS_MAX - 2; i++)
        column[n++] = (struct column){
            p->server.column[i].name,
            text_width(p->server.column[i].name) < 6 ? 6 : text_width(p->server.column[i].name), 12,
            ALIGN_RIGHT, 10 + (int)i};
    column[n++] = (struct column){"VALID", 5, 40, ALIGN_LEFT, 0};
    column[n] = (struct column){NULL, 0, 0, ALIGN_LEFT, 0};
}

static char *own_text(char *buf, size_t size, enum column_kind kind, double v)
{
    return kind == COLUMN_SHARE || kind == COLUMN_HITS ? show_percent(buf, size, v)
           : kind == COLUMN_BYTES                      ? show_bytes(buf, size, v)
           : kind == COLUMN_PER_S                      ? show_signed(buf, size, v)
                                                       : show_count(buf, size, v);
}

static void put_count(struct cells *c, const struct table *t, int y, int column, enum role role,
                      unsigned n)
{
    char text[16];

    snprintf(text, sizeof text, "%u", n);
    table_put(c, t, y, column, role, text);
}

static void put_own(struct cells *c, const struct table *t, int y, const struct pool_snapshot *p,
                    const struct plateau *k, enum role role)
{
    char text[32];

    for (unsigned i = 0; i < p->server.columns && COL_OWN + (int)i < t->n - 1; i++)
        table_put(c, t, y, COL_OWN + (int)i, role,
                  own_text(text, sizeof text, p->server.column[i].kind, k->column[i]));
}

static void point_row(struct cells *c, const struct table *t, int y, const struct snapshot *s,
                      const struct pool_snapshot *p, const struct plateau *k)
{
    char text[128], number[32];
    enum role role = k->valid ? ROLE_TEXT : ROLE_DIM;

    table_put(c, t, y, COL_WHEN, ROLE_LABEL, show_clock(text, sizeof text, s, k->start_s, true));
    put_count(c, t, y, COL_THREADS, role, k->vars.threads);
    put_count(c, t, y, COL_CLIENTS, role, k->vars.clients);
    put_count(c, t, y, COL_DEPTH, role, pattern_depth(k->vars.pattern, k->vars.depth));
    put_count(c, t, y, COL_ROWS, role, k->bulk);
    table_put(c, t, y, COL_N, role, show_mean(text, sizeof text, k->in_flight));
    table_put(c, t, y, COL_X, k->valid ? ROLE_STRONG : ROLE_DIM,
              show_number(text, sizeof text, k->throughput_per_s));
    snprintf(text, sizeof text, "%s%s", c->glyphs->plus_minus,
             show_number(number, sizeof number, k->ci95));
    table_put(c, t, y, COL_CI, role, isnan(k->ci95) ? "-" : text);
    table_put(c, t, y, COL_P50, role, show_ns(text, sizeof text, k->p50));
    table_put(c, t, y, COL_P99, role, show_ns(text, sizeof text, k->p99));
    table_put(c, t, y, COL_CPU, role, show_percent(text, sizeof text, k->cpu_share));
    table_put(c, t, y, COL_MEMORY, role, show_bytes(text, sizeof text, k->anon_bytes));
    put_own(c, t, y, p, k, role);
    snprintf(text, sizeof text, "%s %s", c->glyphs->off, k->why_not);
    table_put(c, t, y, t->n - 1, k->valid ? ROLE_GOOD : ROLE_WARN,
              !k->valid       ? text
              : k->caution[0] ? (snprintf(text, sizeof text, "%s !", c->glyphs->ok), text)
                              : c->glyphs->ok);
}

static void points_table(struct cells *c, const struct snapshot *s, struct screen *sc,
                         const struct layout *l)
{
    const struct pool_snapshot *p = screen_pool(sc, s);
    struct column column[COLUMNS_MAX];
    char title[96] = "points";
    struct table t;
    struct rect r;

    make_columns(column, p);
    if (p)
        snprintf(title, sizeof title, "%s: a point for each plateau", p->name);
    if (!list_begin(c, sc, l, title, NULL, column, &t, &r))
        return;
    bool why = r.h > 4 && l->panel[PANEL_LIGHTS].h == 0;
    int rows = p ? (int)p->plateaus : 0, first = scroll_follow(sc, rows, why ? r.h - 1 : r.h);

    for (int i = first; p && i < rows && i - first < (why ? r.h - 1 : r.h); i++) {
        list_row(c, sc, r, r.y + i - first, i);
        point_row(c, &t, r.y + i - first, s, p, &p->plateau[rows - 1 - i]);
    }
    if (rows == 0) {
        cells_field(c, r.x + 2, r.y, r.w - 3, ALIGN_LEFT, ROLE_DIM,
                    "none yet: leave the load alone for a while");
        return;
    }
    const struct plateau *k = curve_like(sc, p);

    if (why && (!k->valid || k->caution[0]))
        cells_field(c, r.x + 2, r.y + r.h - 1, r.w - 3, ALIGN_LEFT, ROLE_WARN,
                    k->valid ? k->caution : k->why_not);
}

/* ---- the lights of the selected point ---- */

static void light_value(char *buf, size_t size, enum light_id id, const struct light *light)
{
    double v = (double)light->value;

    if (isnan(v))
        copy_str(buf, size, "-");
    else if (id == LIGHT_LAG)
        show_ns(buf, size, v * 1e3);
    else if (id == LIGHT_DROPS)
        show_count(buf, size, v);
    else if (id == LIGHT_CLOCK)
        snprintf(buf, size, "%.3fs", v);
    else if (id == LIGHT_STEADY || id == LIGHT_LITTLE)
        snprintf(buf, size, id == LIGHT_STEADY ? "%+.*f %%" : "%.*f %%", fabs(v) < 0.1, 100 * v);
    else
        show_percent(buf, size, v);
}

static void lights_panel(struct cells *c, const struct snapshot *s, struct screen *sc,
                         const struct layout *l)
{
    static const char *const names[LIGHTS] = {
        "N = X R", "client CPU", "waits for CPU", "lateness p99", "dropped",       "errors",
        "drift",   "clock set",  "memory waits",  "hit ratio",    "CPU of others", "not connected"};
    const struct pool_snapshot *p = screen_pool(sc, s);
    const struct plateau *k = p ? curve_like(sc, p) : NULL;
    char note[64] = "", limit[sizeof k->bottleneck_why + 8];
    struct rect r;
    int w, y = 0;

    if (k)
        snprintf(note, sizeof note, "%s",
                 !k->valid       ? "LEFT OUT"
                 : k->caution[0] ? "valid, but"
                                 : "valid");
    if (!box_panel(c, l, PANEL_LIGHTS, "can this point be trusted?", k ? note : NULL, &r) || !k)
        return;
    w = (r.w - 2) / 2;
    for (int i = 0; i < LIGHTS && y < r.h; i++) {
        const struct light *light = &k->light[i];
        enum role role = light->state == LIGHT_BAD       ? ROLE_BAD
                         : light->state == LIGHT_CAUTION ? ROLE_WARN
                         : light->state == LIGHT_OK      ? ROLE_GOOD
                                                         : ROLE_DIM;
        const char *sign = light->state == LIGHT_BAD       ? "NO"
                           : light->state == LIGHT_CAUTION ? "!"
                           : light->state == LIGHT_OK      ? c->glyphs->ok
                                                           : "-";
        int x = r.x + 1 + i % 2 * w;
        char value[24];

        light_value(value, sizeof value, (enum light_id)i, light);
        cells_field(c, x, r.y + y, 2, ALIGN_LEFT, role, sign);
        cells_field(c, x + 3, r.y + y, w - 11, ALIGN_LEFT, ROLE_LABEL, names[i]);
        cells_field(c, x + w - 8, r.y + y, 7, ALIGN_RIGHT, role == ROLE_DIM ? ROLE_DIM : ROLE_TEXT,
                    value);
        y += i % 2 == 1;
    }
    y += LIGHTS % 2;
    if (y < r.h && (!k->valid || k->caution[0]))
        y += text_wrap(c, r.x + 1, r.y + y, r.w - 2, r.h - y, ROLE_WARN,
                       k->valid ? k->caution : k->why_not);
    if (y < r.h && k->bottleneck != BOTTLENECK_NONE) { /* the bottleneck of this point */
        snprintf(limit, sizeof limit, "limit: %s", k->bottleneck_why);
        text_wrap(c, r.x + 1, r.y + y, r.w - 2, r.h - y, ROLE_LABEL, limit);
    }
}

/* ---- other figures against N ---- */

static void needs_two(struct cells *c, struct rect r)
{
    cells_field(c, r.x + 1, r.y + r.h / 2, r.w - 2, ALIGN_CENTER, ROLE_DIM,
                "drawn from two points on");
}

static void latency_n_panel(struct cells *c, struct screen *sc, const struct layout *l,
                            const struct curve *k)
{
    struct rect r;

    if (!box_panel(c, l, PANEL_LATENCY_N, "latency against N", "p50, p99", &r))
        return;
    if (k->points < 2) {
        needs_two(c, r);
        return;
    }
    curve_plot_latency(c, sc, k, r);
}

/* CPU above, memory below, each with its own axis. */
static void cost_panel(struct cells *c, struct screen *sc, const struct layout *l,
                       const struct curve *k)
{
    const struct scaling *g = &k->scaling;
    char note[96] = "client, server CPU %";
    struct rect r;

    if (!box_panel(c, l, PANEL_COST, "cost against N", note, &r))
        return;
    if (k->points < 2) {
        needs_two(c, r);
        return;
    }
    int upper = r.h >= 9 ? (r.h - 1) / 2 : r.h - 1;

    if (isnan(g->memory_exponent))
        snprintf(note, sizeof note, "memory: no growth with %s to be seen yet", k->name);
    else
        snprintf(note, sizeof note, "memory ~ %s^%.2f (%.2f..%.2f): %s", k->name,
                 g->memory_exponent, g->memory_low, g->memory_high,
                 g->memory_low > 1.05    ? "worse than linear"
                 : g->memory_high < 0.95 ? "less than linear"
                                         : "linear");
    if (upper >= 3)
        curve_plot_cpu(c, sc, k, rect_of(r.x, r.y, r.w, upper));
    cells_field(c, r.x + 1, r.y + upper, r.w - 2, ALIGN_LEFT, ROLE_LABEL, note);
    if (r.h - upper - 1 >= 3)
        curve_plot_memory(c, sc, k, rect_of(r.x, r.y + upper + 1, r.w, r.h - upper - 1));
}

static void scaling_draw(struct cells *c, const struct snapshot *s, struct screen *sc,
                         const struct layout *l)
{
    const struct pool_snapshot *p = screen_pool(sc, s);
    static struct curve k;

    scaling_panel(c, s, sc, l);
    grid_panel(c, s, sc, l);
    if (p) {
        curve_collect(&k, p, curve_like(sc, p), curve_choice(sc));
        latency_n_panel(c, sc, l, &k);
        cost_panel(c, sc, l, &k);
    }
    points_table(c, s, sc, l);
    lights_panel(c, s, sc, l);
    sc->columns[sc->view] = SCALINGS_MAX;
}

/* ---- placing the panels ---- */

static void scaling_left(struct layout *l, struct rect r, int grid_rows)
{
    int least_curve = 10;

    if (grid_rows > 0) {
        int lines = (r.h - least_curve - 4) / grid_rows;

        lines = lines > 4 ? 4 : int_max(lines, 1);
        layout_box(
            l, PANEL_GRID,
            rect_take_rows(&r, int_min(grid_rows * lines + 4, int_max(r.h - least_curve, 8))));
    }
    if (r.h >= 24) {
        struct rect below = rect_take_rows(&r, -(r.h * 2 / 5));

        layout_box(l, PANEL_LATENCY_N, rect_take_left(&below, below.w / 2));
        layout_box(l, PANEL_COST, below);
    }
    layout_box(l, PANEL_SCALING, r);
}

static void scaling_place(struct layout *l, struct rect r, const struct layout_want *want)
{
    int table = l->size == LAYOUT_FULL ? int_max(r.w * 2 / 5, 58) : 0;
    int grid_rows = want->grid_rows;

    if (l->size == LAYOUT_LINE) {
        layout_box(l, PANEL_SCALING, r);
    } else if (table) {
        struct rect right = rect_of(r.x + r.w - table, r.y, table, r.h);

        if (right.h >= 18)
            layout_box(l, PANEL_LIGHTS, rect_take_rows(&right, -10));
        layout_box(l, PANEL_MAIN, right);
        r.w -= table;
        scaling_left(l, r, grid_rows);
    } else if (grid_rows > 0) {
        layout_stack(l, r, PANEL_GRID, PANEL_MAIN,
                     int_max(int_min(grid_rows + 3, r.h * 3 / 4), r.h * 3 / 5));
    } else {
        layout_stack(l, r, PANEL_SCALING, PANEL_MAIN, r.h * 3 / 5);
    }
}

static void scaling_measure(const struct screen *sc, const struct snapshot *s,
                            struct layout_want *want)
{
    const struct sweep_snapshot *grid = curve_grid(sc, s);

    want->grid_rows = grid ? (int)grid->axis[0].values : 0;
}

static const signed char scaling_alone[] = {
    PANEL_SCALING, PANEL_MAIN, PANEL_LATENCY_N, PANEL_COST, PANEL_LIGHTS, PANEL_GRID, -1};

const struct view view_scaling = {
    .name = "scaling",
    .help = "scaling: throughput over load, point by point",
    .plan = {.place = scaling_place, .alone = scaling_alone, .title = true},
    .draw = scaling_draw,
    .measure = scaling_measure,
    .own_rows = true,
    .unsorted = "X axis: what was moved most, and grids of sweeps",
    .curve = true,
};
