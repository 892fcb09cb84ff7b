/* The overview: all pools in a table, the selected one drawn; see overview.h and ui/draw/layout.h. */
#include "ui/views/overview.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/backend.h"
#include "engine/base/text.h"
#include "ui/draw/bins.h"
#include "ui/draw/box.h"
#include "ui/draw/hits.h"
#include "ui/draw/table.h"
#include "ui/panels/changes.h"
#include "ui/panels/judge.h"
#include "ui/panels/ladder.h"
#include "ui/panels/lists.h"
#include "ui/panels/plots.h"
#include "ui/panels/scaling.h"
#include "ui/panels/screen_state.h"
#include "ui/panels/show.h"
#include "ui/panels/tabs.h"
#include "ui/run/baseline.h"
#include "ui/term/glyphs.h"
#include "ui/views/pool.h"

enum {
    COL_SELECT,
    COL_NUMBER,
    COL_POOL,
    COL_TARGET,
    COL_LOAD,
    COL_PATTERN,
    COL_INFLIGHT,
    COL_ASKED,
    COL_DONE,
    COL_UNIT,
    COL_TREND,
    COL_P50,
    COL_P99,
    COL_CHANGE,
    COL_ERRORS,
    COL_DROPPED,
    COL_BOTTLENECK
};

static const struct column pool_columns[] = {
    {"", 1, 1, ALIGN_LEFT, 0},         {"#", 2, 2, ALIGN_RIGHT, 5},
    {"POOL", 7, 12, ALIGN_LEFT, 0},    {"TARGET", 11, 60, ALIGN_LEFT, 4},
    {"LOAD", 7, 12, ALIGN_LEFT, 1},    {"PATTERN", 7, 11, ALIGN_LEFT, 9},
    {"INFL", 4, 6, ALIGN_RIGHT, 6},    {"ASKED", 6, 8, ALIGN_RIGHT, 8},
    {"DONE/s", 6, 7, ALIGN_RIGHT, 0},  {"", 3, 3, ALIGN_LEFT, 7},
    {"TREND", 10, 64, ALIGN_LEFT, 10}, {"p50", 6, 7, ALIGN_RIGHT, 3},
    {"p99", 6, 7, ALIGN_RIGHT, 0},     {"", 0, 0, ALIGN_LEFT, 11},
    {"ERR", 4, 6, ALIGN_RIGHT, 2},     {"DROP", 4, 6, ALIGN_RIGHT, 7},
    {"LIMIT", 7, 9, ALIGN_RIGHT, 2},   {NULL, 0, 0, ALIGN_LEFT, 0},
};
/* The target without its scheme, followed by the version in brackets if there is room. */
static void target_text(const struct pool_snapshot *p, int w, char *buf, size_t size)
{
    const char *bare = strstr(p->target, "://");
    const char *version = p->server.version;

    bare = bare && bare[3] ? bare + 3 : p->target;
    if (version[0] && text_width(bare) + text_width(version) + 3 <= w)
        snprintf(buf, size, "%s (%s)", bare, version);
    else
        copy_str(buf, size, bare);
}

static void trend(struct cells *c, const struct table *t, int y, const struct snapshot *s,
                  const struct pool_snapshot *p)
{
    const struct glyphs *g = c->glyphs;
    int w = t->w[COL_TREND], n = w * g->area_x;
    double v[128], lo, hi;
    struct bins b;

    if (w <= 0 || w > 64)
        return;
    b = bins_over(s->now_s, n, n);
    bins_fill(&b, &p->seconds, BIN_RATE, v);
    if (!bins_range(v, n, &lo, &hi) || !(hi > 0))
        return;
    for (int i = 0; i < w; i++) {
        int h[2];

        for (int k = 0; k < 2; k++) {
            double x = v[g->area_x == 2 ? i * 2 + k : i];

            h[k] = isnan(x) ? 0 : x > 0 ? 1 + (int)(x / hi * (g->area_y - 1) + 0.5) : 0;
        }
        if (h[0] || h[1])
            cells_put(c, t->x[COL_TREND] + i, y, g->area_char(h[0], h[1], true), ROLE_SPARK);
    }
}

static void pool_figures(struct cells *c, const struct table *t, int y,
                         const struct pool_snapshot *p)
{
    char text[64];

    table_put(c, t, y, COL_INFLIGHT, ROLE_TEXT,
              show_count_in(text, sizeof text, (double)p->counts.in_flight, t->w[COL_INFLIGHT]));
    table_put(c, t, y, COL_ASKED, p->load.rate_per_s > 0 ? ROLE_TEXT : ROLE_DIM,
              p->load.rate_per_s > 0 ? show_number(text, sizeof text, p->load.rate_per_s)
                                     : "closed");
    table_put(c, t, y, COL_DONE, ROLE_STRONG, show_number(text, sizeof text, p->now_per_s));
    table_put(c, t, y, COL_UNIT, ROLE_DIM, pool_noun(p));
    table_put(c, t, y, COL_P50, ROLE_P50, show_ns(text, sizeof text, p->now_response.q[Q_P50]));
    table_put(c, t, y, COL_P99, ROLE_P99, show_ns(text, sizeof text, p->now_response.q[Q_P99]));
    table_put(c, t, y, COL_ERRORS, p->now_errors_per_s > 0 ? ROLE_BAD : ROLE_TEXT,
              show_count_in(text, sizeof text, (double)(p->counts.errors + p->counts.timeouts),
                            t->w[COL_ERRORS]));
    if (p->counts.dropped == 0 && !(p->load.rate_per_s > 0))
        table_put(c, t, y, COL_DROPPED, ROLE_DIM, "-");
    else
        table_put(c, t, y, COL_DROPPED, p->counts.dropped > 0 ? ROLE_BAD : ROLE_TEXT,
                  show_count_in(text, sizeof text, (double)p->counts.dropped, t->w[COL_DROPPED]));
}

/* Throughput and p99 compared with the baseline; empty if it has no period at this load. */
static void pool_change(struct cells *c, const struct table *t, int y, const struct screen *sc,
                        const struct pool_snapshot *p)
{
    const struct baseline *base = baseline_of(&sc->baselines, p->number);
    const struct base_period *at;
    char text[64], per_s[24], p99[24];
    const char *why;

    if (!base || t->w[COL_CHANGE] == 0)
        return;
    at = baseline_at(base, p, &why);
    if (at) {
        baseline_change(per_s, sizeof per_s, p->now_per_s, at->per_s, why);
        baseline_change(p99, sizeof p99, p->now_response.q[Q_P99], at->response_p99, why);
        snprintf(text, sizeof text, "%s %s", per_s[0] ? per_s + 1 : "-", p99[0] ? p99 + 1 : "-");
    } else {
        copy_str(text, sizeof text, "other load");
    }
    table_put(c, t, y, COL_CHANGE, at ? ROLE_BASELINE : ROLE_DIM, text);
}

static void pool_limit(struct cells *c, const struct table *t, int y, const struct pool_snapshot *p)
{
    char text[32];

    /* a state is more important than the bottleneck, and is never shown by colour alone */
    if (p->state != POOL_LOADING) {
        snprintf(text, sizeof text, "%s", pool_state_name(p->state));
        table_put(c, t, y, COL_BOTTLENECK, state_role(p->state), text);
    } else if (p->warming) {
        table_put(c, t, y, COL_BOTTLENECK, ROLE_ACCENT, "warm-up");
    } else if (p->bottleneck == BOTTLENECK_NONE) {
        table_put(c, t, y, COL_BOTTLENECK, ROLE_DIM, "-");
    } else if (p->bottleneck == BOTTLENECK_CLIENT && !p->valid) {
        table_put(c, t, y, COL_BOTTLENECK, ROLE_BAD, "CLIENT!");
    } else {
        table_put(c, t, y, COL_BOTTLENECK,
                  p->bottleneck == BOTTLENECK_CLIENT ? ROLE_WARN : ROLE_TEXT,
                  bottleneck_name(p->bottleneck));
    }
}

/* The second line of a pool: the server's note, connections, waiting operations. */
static void pool_note(struct cells *c, int x, int y, int w, const struct pool_snapshot *p)
{
    bool down = p->state == POOL_DOWN, missing = p->connections_up < p->connections_wanted;
    struct text t = {.limit = 512};
    char a[32], b[32];

    if (down || p->state == POOL_OPENING) {
        text_add(&t, "%s", p->state_why);
    } else {
        if (p->state == POOL_LOADING && p->state_why[0])
            text_add(&t, "%s", p->state_why);
        else
            text_add(&t, "conns %u/%u", p->connections_up, p->connections_wanted);
        if (p->threads_draining > 0)
            text_add(&t, "   %u draining", p->threads_draining);
        if (p->threads_stuck > 0)
            text_add(&t, "   %u STUCK", p->threads_stuck);
        if (p->load.rate_per_s > 0)
            text_add(&t, "   open, %s, lag p99 %s, service p99 %s",
                     p->load.arrival == ARRIVAL_POISSON ? "poisson" : "constant",
                     show_ns(a, sizeof a, p->lag.q[Q_P99]),
                     show_ns(b, sizeof b, p->now_service.q[Q_P99]));
        if (p->has_lease_wait)
            text_add(&t, "   lease wait p99 %s", show_ns(a, sizeof a, p->lease_wait.q[Q_P99]));
        if (p->has_batches)
            text_add(&t, "   %s batches/s", show_number(a, sizeof a, p->now_batches_per_s));
        if (p->server.note[0])
            text_add(&t, "   server: %s", p->server.note);
        if (p->bottleneck_why[0])
            text_add(&t, "   %s", p->bottleneck_why);
    }
    cells_field(c, x, y, w, ALIGN_LEFT,
                down      ? ROLE_BAD
                : missing ? ROLE_WARN
                          : ROLE_LABEL,
                text_str(&t));
    text_free(&t);
}

static double sort_value(const struct pool_snapshot *p, int column)
{
    switch (column) {
    case COL_INFLIGHT:
        return (double)p->counts.in_flight;
    case COL_ASKED:
        return p->load.rate_per_s;
    case COL_DONE:
        return p->now_per_s;
    case COL_P50:
        return p->now_response.q[Q_P50];
    case COL_P99:
        return p->now_response.q[Q_P99];
    case COL_ERRORS:
        return (double)(p->counts.errors + p->counts.timeouts);
    case COL_DROPPED:
        return (double)p->counts.dropped;
    case COL_LOAD:
        return (double)p->load.threads * p->load.clients;
    default:
        return p->number;
    }
}

static bool before(const struct pool_snapshot *a, const struct pool_snapshot *b, int column,
                   bool invert)
{
    double x, y;

    if (column == COL_POOL || column == COL_TARGET) {
        int order = column == COL_POOL ? strcmp(a->name, b->name) : strcmp(a->target, b->target);

        return invert ? order > 0 : order < 0;
    }
    x = sort_value(a, column);
    y = sort_value(b, column);
    if (isnan(x) || isnan(y))
        return !isnan(x);
    /* Numeric columns sort descending, pool numbers ascending. */
    return (column <= COL_NUMBER) != invert ? x < y : x > y;
}

void overview_order(const struct snapshot *s, const struct screen *sc, unsigned order[POOLS_MAX])
{
    int of = screen_view_place(sc, &view_overview), column = sc->sort[of];

    for (unsigned i = 0; i < s->pools && i < POOLS_MAX; i++) {
        unsigned at = i;

        while (at > 0 && column >= 0 &&
               before(&s->pool[i], &s->pool[order[at - 1]], column, sc->invert[of])) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = i;
    }
}

static void pool_row(struct cells *c, const struct snapshot *s, struct screen *sc,
                     const struct table *t, struct rect r, const struct pool_snapshot *p,
                     bool selected, bool noted)
{
    struct rect lines = rect_of(r.x, r.y, r.w, noted ? 2 : 1);
    char text[600];

    if (selected)
        cells_back(c, rect_of(r.x, r.y, r.w, 1), ROLE_SELECTED);
    table_put(c, t, r.y, COL_SELECT, ROLE_ACCENT, selected ? c->glyphs->select : " ");
    snprintf(text, sizeof text, "%u", p->number);
    table_put(c, t, r.y, COL_NUMBER, ROLE_LABEL, text);
    table_put(c, t, r.y, COL_POOL, selected ? ROLE_STRONG : ROLE_TEXT,
              show_name(c, text, sizeof text, p->name, t->w[COL_POOL]));
    target_text(p, t->w[COL_TARGET], text, sizeof text);
    table_put(c, t, r.y, COL_TARGET, ROLE_TEXT, text);
    table_put(c, t, r.y, COL_LOAD, ROLE_TEXT, show_load(text, sizeof text, p, c->glyphs->times));
    table_put(c, t, r.y, COL_PATTERN, ROLE_LABEL, pattern_name(p->load.pattern));
    pool_figures(c, t, r.y, p);
    pool_change(c, t, r.y, sc, p);
    trend(c, t, r.y, s, p);
    pool_limit(c, t, r.y, p);
    if (noted)
        pool_note(c, t->x[COL_POOL] + 1, r.y + 1, r.x + r.w - t->x[COL_POOL] - 1, p);
    hits_add(&sc->hits, lines, HIT_POOL, (int)p->number);
}

static int widest_target(const struct snapshot *s)
{
    int most = 20;

    for (unsigned i = 0; i < s->pools; i++) {
        char text[600];
        int w;

        target_text(&s->pool[i], 60, text, sizeof text);
        w = text_width(text);
        most = w > most ? w : most;
    }
    return most < 60 ? most : 60;
}

static void pools_panel(struct cells *c, const struct snapshot *s, struct screen *sc,
                        const struct layout *l)
{
    int lines = l->pool_lines, selected = screen_pool_index(sc, s), page, first;
    unsigned order[POOLS_MAX] = {0};
    struct column columns[sizeof pool_columns / sizeof *pool_columns];
    struct table t;
    struct rect r;

    if (!box_panel(c, l, PANEL_POOLS, "pools", NULL, &r))
        return;
    if (l->border[PANEL_POOLS])
        tabs_draw(c, sc, r.x + r.w - 1, l->panel[PANEL_POOLS].y, r.w - 12);
    memcpy(columns, pool_columns, sizeof columns);
    if (sc->baselines.n)
        columns[COL_CHANGE] = (struct column){"VS BASE /s p99", 16, 20, ALIGN_LEFT, 1};
    if (s->pools > 0 && s->pool[s->pools - 1].number > 99)
        columns[COL_NUMBER].width = columns[COL_NUMBER].most = 3;
    columns[COL_POOL].most = show_names_width(s, 12, 32);
    /* The name is more important than the end of the target's path: on a narrow screen it gets that
     * room. */
    columns[COL_POOL].width = show_names_width(s, 7, r.w >= 100 ? 16 : r.w >= 80 ? 12 : 7);
    if (r.w < 100)
        columns[COL_TARGET].width -= columns[COL_POOL].width - 7;
    if (r.w <= 220) /* no wider than the content: the trend gets the rest */
        columns[COL_TARGET].most = widest_target(s);
    columns[COL_TREND].most = r.w / 4 < 64 ? r.w / 4 : 64;
    table_fit(&t, columns, r.x, r.w);
    table_head(c, &t, r.y, sc->sort[sc->view], !sc->invert[sc->view]);
    for (int i = 0; i < t.n; i++)
        hits_add(&sc->hits, rect_of(t.x[i], r.y, t.w[i], 1), HIT_COLUMN, i);
    sc->columns[sc->view] = COL_BOTTLENECK + 1;
    if (s->pools == 0)
        cells_field(c, r.x + 1, r.y + 1, r.w - 2, ALIGN_LEFT, ROLE_DIM,
                    "no pools: press a to add one, or :add redis://localhost");
    overview_order(s, sc, order);
    for (unsigned i = 0; i < s->pools; i++)
        if ((int)order[i] == selected) {
            sc->row[sc->view] = (int)i;
            break;
        }
    page = (r.h - 1) / lines;
    first = scroll_follow(sc, (int)s->pools, page);
    for (int i = first; i < (int)s->pools && i - first < page; i++) {
        struct rect row = rect_of(r.x, r.y + 1 + (i - first) * lines, r.w, 1);

        pool_row(c, s, sc, &t, row, &s->pool[order[i]], (int)order[i] == selected, lines == 2);
    }
    if ((int)s->pools > page && page > 0) {
        char text[32];

        snprintf(text, sizeof text, t.w[COL_POOL] >= 9 ? "POOL %d/%u" : "%d/%u",
                 sc->row[sc->view] + 1, s->pools);
        cells_field(c, t.x[COL_POOL], r.y, t.w[COL_POOL], ALIGN_LEFT, ROLE_ACCENT, text);
    }
}

/* Two figures in large digits. */
static void numbers_panel(struct cells *c, const struct snapshot *s, struct screen *sc,
                          const struct layout *l)
{
    const struct pool_snapshot *p = screen_pool(sc, s);
    struct rect r = l->panel[PANEL_NUMBERS], clip;
    char per_s[32], p99[32], load[64];
    int half = r.w / 2, wide, right;

    if (r.h < 3 || !p)
        return;
    clip = cells_clip(c, r);
    show_number(per_s, sizeof per_s, p->now_per_s);
    show_ns(p99, sizeof p99, p->now_response.q[Q_P99]);
    cells_textf(c, r.x + 1, r.y, ROLE_LABEL, "%s %s/s", p->name, pool_noun(p));
    wide = box_big_width(per_s);
    if (wide >= half && wide + box_big_width(p99) + 3 <= r.w)
        half = wide + 1;
    right = r.x + half + 1;
    cells_text(c, right, r.y, ROLE_LABEL, "p99 response");
    if (r.h >= 5 && wide < half) {
        box_big(c, r.x + 1, r.y + 1, ROLE_THROUGHPUT, per_s);
        if (right + box_big_width(p99) <= r.x + r.w)
            box_big(c, right, r.y + 1, ROLE_P99, p99);
        else
            cells_text(c, right, r.y + 2, ROLE_P99, p99);
    } else {
        cells_text(c, r.x + 1, r.y + 1, ROLE_THROUGHPUT, per_s);
        cells_text(c, right, r.y + 1, ROLE_P99, p99);
    }
    cells_textf(c, r.x + 1, r.y + (r.h >= 5 ? 5 : 2), ROLE_TEXT, "%s  %s  err %" PRIu64 "  %s",
                show_load(load, sizeof load, p, c->glyphs->times), pattern_name(p->load.pattern),
                p->counts.errors + p->counts.timeouts,
                p->state == POOL_LOADING ? "" : pool_state_name(p->state));
    cells_unclip(c, clip);
}

static void overview_draw(struct cells *c, const struct snapshot *s, struct screen *sc,
                          const struct layout *l)
{
    if (l->panel[PANEL_POOLS].h > 0)
        pools_panel(c, s, sc, l);
    numbers_panel(c, s, sc, l);
    throughput_panel(c, s, sc, l);
    latency_panel(c, s, sc, l);
    heatmap_panel(c, s, sc, l);
    if (screen_pool(sc, s))
        ladder_panel(c, sc, screen_pool(sc, s), l);
    scaling_panel(c, s, sc, l);
    valid_panel(c, s, sc, l);
    if (l->panel[PANEL_BUDGET].h > 0)
        budget_panel(c, s, sc, l);
    if (l->panel[PANEL_CHANGES].h > 0)
        changes_panel(c, s, sc, l);
    goal_panel(c, s, sc, l);
}

/* ---- placing the panels ---- */

static void overview_side(struct layout *l, struct rect side, int pools)
{
    int valid_rows = (l->size == LAYOUT_FULL ? 3 : 2) + int_max(pools, 1);
    int budget_rows = l->size == LAYOUT_FULL ? 4 : 0;

    if (l->size == LAYOUT_FULL && side.h - valid_rows - budget_rows >= 6)
        layout_box(l, PANEL_BUDGET, rect_take_rows(&side, -budget_rows));
    if (side.h - valid_rows < 5)
        valid_rows = side.h - 5;
    if (valid_rows >= (l->size == LAYOUT_FULL ? 3 : 2))
        layout_box(l, PANEL_VALID, rect_take_rows(&side, -valid_rows));
    layout_box(l, PANEL_SCALING, side);
}

/* In a wide window the changes are beside the plots, so the plots also get the rows that the
 * changes would take. */
static void overview_wide(struct layout *l, struct rect *middle, int pools)
{
    int side_w = middle->w * 45 / 100;
    struct rect side, column;

    side = rect_of(middle->x + middle->w - side_w, middle->y, side_w, middle->h);
    middle->w -= side_w;
    column = rect_take_left(&side, side_w / 2);
    if (column.h >= 30)
        layout_box(l, PANEL_BUDGET, rect_take_rows(&column, -5));
    if (column.h >= 24) {
        layout_box(l, PANEL_LADDER, rect_take_rows(&column, -11));
        layout_box(l, PANEL_SCALING, column);
    } else {
        layout_stack(l, column, PANEL_SCALING, PANEL_BUDGET, column.h - 5);
    }
    layout_stack(l, side, PANEL_VALID, PANEL_CHANGES, int_min(3 + int_max(pools, 1), side.h / 2));
}

static void overview_full(struct layout *l, struct rect r, const struct layout_want *want)
{
    int budget = r.h / 3;
    int pool_rows = 3 + int_max(want->pools, 1) * 2;
    bool wide = r.w >= 170;
    int changes;

    l->pool_lines = pool_rows <= budget + 2 ? 2 : 1;
    if (l->pool_lines == 1)
        pool_rows = int_min(3 + int_max(want->pools, 1), int_max(budget, 4));
    layout_box(l, PANEL_POOLS, rect_take_rows(&r, pool_rows));
    if (want->thresholds)
        l->panel[PANEL_GOAL] = rect_take_rows(&r, -1);
    changes = wide ? 0 : r.h >= 20 ? int_min(r.h / 4, 8) : 0;
    if (changes >= 3)
        layout_box(l, PANEL_CHANGES, rect_take_rows(&r, -changes));
    if (wide) {
        overview_wide(l, &r, want->pools);
    } else {
        int side_w = int_max(r.w * 2 / 5, 44);

        overview_side(l, rect_of(r.x + r.w - side_w, r.y, side_w, r.h), want->pools);
        r.w -= side_w;
    }
    if (wide && r.h >= 27)
        layout_box(l, PANEL_HEATMAP, rect_take_rows(&r, -(r.h / 3)));
    layout_stack(l, r, PANEL_THROUGHPUT, PANEL_LATENCY, (r.h + 1) / 2);
}

static void overview_standard(struct layout *l, struct rect r, const struct layout_want *want)
{
    int pool_rows = int_min(1 + int_max(want->pools, 1), int_max((r.h + 1) / 3, 2));
    int side_w = 30;

    l->pool_lines = 1;
    l->panel[PANEL_POOLS] = rect_take_rows(&r, pool_rows);
    l->panel[PANEL_CHANGES] = rect_take_rows(&r, -1);
    overview_side(l, rect_of(r.x + r.w - side_w, r.y, side_w, r.h), want->pools);
    r.w -= side_w + 1;
    layout_stack(l, r, PANEL_THROUGHPUT, PANEL_LATENCY, (r.h + 1) / 2);
}

static void overview_big(struct layout *l, struct rect r, const struct layout_want *want)
{
    int pool_rows = int_min(1 + int_max(want->pools, 1), r.h / 3);

    l->pool_lines = 1;
    l->panel[PANEL_NUMBERS] = rect_take_rows(&r, int_min(7, r.h));
    if (want->pools > 1 && pool_rows >= 2)
        l->panel[PANEL_POOLS] = rect_take_rows(&r, pool_rows);
    if (r.h >= 5)
        layout_stack(l, r, PANEL_THROUGHPUT, PANEL_LATENCY, r.h >= 10 ? (r.h + 1) / 2 : r.h);
}

static void overview_place(struct layout *l, struct rect r, const struct layout_want *want)
{
    if (l->size == LAYOUT_FULL)
        overview_full(l, r, want);
    else if (l->size == LAYOUT_STANDARD)
        overview_standard(l, r, want);
    else if (l->size == LAYOUT_BIG)
        overview_big(l, r, want);
    else if (r.h >= 2)
        l->panel[PANEL_POOLS] = r;
}

static const signed char overview_alone[] = {
    PANEL_THROUGHPUT, PANEL_LATENCY, PANEL_SCALING, PANEL_VALID,
    PANEL_BUDGET,     PANEL_CHANGES, PANEL_POOLS,   -1};

const struct view view_overview = {
    .name = "overview",
    .help = "overview: all pools, the selected one drawn",
    .plan = {.place = overview_place, .alone = overview_alone},
    .draw = overview_draw,
    .unsorted = "in the order in which the pools were added",
    .into = &view_pool,
};
