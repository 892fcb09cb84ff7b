/* The layout; see layout.h. Rows are dealt out from both ends of the window towards the middle,
 * where the plots take what is left. */
#include "ui/draw/layout.h"

#include <string.h>

#define PLOT_ROWS_MIN 4

const char *view_name(enum view view)
{
    static const char *const names[] = {"overview", "pool",   "scaling",
                                        "errors",   "events", "targets"};

    return (unsigned)view < VIEWS ? names[view] : "?";
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

static int most(int a, int b)
{
    return a > b ? a : b;
}

/* Takes h rows from the top of *r (or the bottom, with h < 0); nothing when there are not that
 * many. */
static struct rect take_rows(struct rect *r, int h)
{
    struct rect got = {0};
    int n = h < 0 ? -h : h;

    if (n == 0 || n > r->h)
        return got;
    got = rect_of(r->x, h < 0 ? r->y + r->h - n : r->y, r->w, n);
    if (h > 0)
        r->y += n;
    r->h -= n;
    return got;
}

static struct rect take_left(struct rect *r, int w)
{
    struct rect got = rect_of(r->x, r->y, w, r->h);

    r->x += w;
    r->w -= w;
    return got;
}

static void box(struct layout *l, enum panel p, struct rect r)
{
    bool border = l->size == LAYOUT_FULL;

    if (r.w < (border ? 8 : 6) || r.h < (border ? 3 : 2))
        return;
    l->panel[p] = r;
    l->border[p] = border;
    l->titled[p] = !border;
}

/* Two boxes above each other; the lower is dropped when there is no room for both. */
static void stack(struct layout *l, struct rect r, enum panel upper, enum panel lower,
                  int upper_rows)
{
    int least_rows = PLOT_ROWS_MIN + (l->size == LAYOUT_FULL ? 1 : 0);
    struct rect top;

    if (r.h - upper_rows < least_rows) {
        box(l, upper, r);
        return;
    }
    top = take_rows(&r, upper_rows);
    box(l, upper, top);
    box(l, lower, r);
}

static void overview_side(struct layout *l, struct rect side, int pools)
{
    int valid_rows = (l->size == LAYOUT_FULL ? 3 : 2) + most(pools, 1);
    int budget_rows = l->size == LAYOUT_FULL ? 4 : 0;

    if (l->size == LAYOUT_FULL && side.h - valid_rows - budget_rows >= 6)
        box(l, PANEL_BUDGET, take_rows(&side, -budget_rows));
    if (side.h - valid_rows < 5)
        valid_rows = side.h - 5;
    if (valid_rows >= (l->size == LAYOUT_FULL ? 3 : 2))
        box(l, PANEL_VALID, take_rows(&side, -valid_rows));
    box(l, PANEL_SCALING, side);
}

/* On a wide window the changes stand beside the plots, and the plots get their rows. */
static void overview_wide(struct layout *l, struct rect *middle, int pools)
{
    int side_w = middle->w * 45 / 100;
    struct rect side, column;

    side = rect_of(middle->x + middle->w - side_w, middle->y, side_w, middle->h);
    middle->w -= side_w;
    column = take_left(&side, side_w / 2);
    if (column.h >= 30)
        box(l, PANEL_BUDGET, take_rows(&column, -5));
    if (column.h >= 24) {
        box(l, PANEL_LADDER, take_rows(&column, -11));
        box(l, PANEL_SCALING, column);
    } else {
        stack(l, column, PANEL_SCALING, PANEL_BUDGET, column.h - 5);
    }
    stack(l, side, PANEL_VALID, PANEL_CHANGES, least(3 + most(pools, 1), side.h / 2));
}

static void overview_full(struct layout *l, struct rect r, const struct layout_want *want)
{
    int budget = r.h / 3;
    int pool_rows = 3 + most(want->pools, 1) * 2;
    bool wide = r.w >= 170;
    int changes;

    l->pool_lines = pool_rows <= budget + 2 ? 2 : 1;
    if (l->pool_lines == 1)
        pool_rows = least(3 + most(want->pools, 1), most(budget, 4));
    box(l, PANEL_POOLS, take_rows(&r, pool_rows));
    if (want->thresholds)
        l->panel[PANEL_GOAL] = take_rows(&r, -1);
    changes = wide ? 0 : r.h >= 20 ? least(r.h / 4, 8) : 0;
    if (changes >= 3)
        box(l, PANEL_CHANGES, take_rows(&r, -changes));
    if (wide) {
        overview_wide(l, &r, want->pools);
    } else {
        int side_w = most(r.w * 2 / 5, 44);

        overview_side(l, rect_of(r.x + r.w - side_w, r.y, side_w, r.h), want->pools);
        r.w -= side_w;
    }
    if (wide && r.h >= 27)
        box(l, PANEL_HEATMAP, take_rows(&r, -(r.h / 3)));
    stack(l, r, PANEL_THROUGHPUT, PANEL_LATENCY, (r.h + 1) / 2);
}

static void overview_standard(struct layout *l, struct rect r, const struct layout_want *want)
{
    int pool_rows = least(1 + most(want->pools, 1), most((r.h + 1) / 3, 2));
    int side_w = 30;

    l->pool_lines = 1;
    l->panel[PANEL_POOLS] = take_rows(&r, pool_rows);
    l->panel[PANEL_CHANGES] = take_rows(&r, -1);
    overview_side(l, rect_of(r.x + r.w - side_w, r.y, side_w, r.h), want->pools);
    r.w -= side_w + 1;
    stack(l, r, PANEL_THROUGHPUT, PANEL_LATENCY, (r.h + 1) / 2);
}

static void overview_big(struct layout *l, struct rect r, const struct layout_want *want)
{
    int pool_rows = least(1 + most(want->pools, 1), r.h / 3);

    l->pool_lines = 1;
    l->panel[PANEL_NUMBERS] = take_rows(&r, least(7, r.h));
    if (want->pools > 1 && pool_rows >= 2)
        l->panel[PANEL_POOLS] = take_rows(&r, pool_rows);
    if (r.h >= 5)
        stack(l, r, PANEL_THROUGHPUT, PANEL_LATENCY, r.h >= 10 ? (r.h + 1) / 2 : r.h);
}

static void pool_view(struct layout *l, struct rect r)
{
    int side_w = l->size == LAYOUT_FULL ? most(r.w / 2 - 4, 52) : 40;
    struct rect side = rect_of(r.x + r.w - side_w, r.y, side_w, r.h);

    if (l->size == LAYOUT_BIG) {
        stack(l, r, PANEL_LADDER, PANEL_OPS, r.h >= 14 ? 11 : r.h);
        return;
    }
    r.w -= side_w + (l->size == LAYOUT_FULL ? 0 : 1);
    if (r.h >= 24)
        box(l, PANEL_HEATMAP, take_rows(&r, -(r.h / 3)));
    stack(l, r, PANEL_THROUGHPUT, PANEL_LATENCY, (r.h + 1) / 2);
    box(l, PANEL_LADDER, take_rows(&side, l->size == LAYOUT_FULL ? 12 : 10));
    if (side.h >= (l->size == LAYOUT_FULL ? 9 : 6))
        box(l, PANEL_BUDGET, take_rows(&side, l->size == LAYOUT_FULL ? 5 : 3));
    stack(l, side, PANEL_OPS, PANEL_THREADS, most(side.h / 2, 4));
}

static void scaling_left(struct layout *l, struct rect r, int grid_rows)
{
    int least_curve = 10;

    if (grid_rows > 0) {
        int lines = (r.h - least_curve - 4) / grid_rows;

        lines = lines > 4 ? 4 : most(lines, 1);
        box(l, PANEL_GRID, take_rows(&r, least(grid_rows * lines + 4, most(r.h - least_curve, 8))));
    }
    if (r.h >= 24) {
        struct rect below = take_rows(&r, -(r.h * 2 / 5));

        box(l, PANEL_LATENCY_N, take_left(&below, below.w / 2));
        box(l, PANEL_COST, below);
    }
    box(l, PANEL_SCALING, r);
}

static void scaling_view(struct layout *l, struct rect r, int grid_rows)
{
    int table = l->size == LAYOUT_FULL ? most(r.w * 2 / 5, 58) : 0;

    if (table) {
        struct rect right = rect_of(r.x + r.w - table, r.y, table, r.h);

        if (right.h >= 18)
            box(l, PANEL_LIGHTS, take_rows(&right, -10));
        box(l, PANEL_MAIN, right);
        r.w -= table;
        scaling_left(l, r, grid_rows);
    } else if (grid_rows > 0) {
        stack(l, r, PANEL_GRID, PANEL_MAIN, most(least(grid_rows + 3, r.h * 3 / 4), r.h * 3 / 5));
    } else {
        stack(l, r, PANEL_SCALING, PANEL_MAIN, r.h * 3 / 5);
    }
}

static enum layout_size size_of(int rows, int cols)
{
    if (rows >= 30 && cols >= 120)
        return LAYOUT_FULL;
    if (rows >= 24 && cols >= 80)
        return LAYOUT_STANDARD;
    return rows >= 10 && cols >= 40 ? LAYOUT_BIG : LAYOUT_LINE;
}

/* What each view can show alone: also what the window has no room for among the others. */
static const signed char full_panels[VIEWS][8] = {
    [VIEW_OVERVIEW] = {PANEL_THROUGHPUT, PANEL_LATENCY, PANEL_SCALING, PANEL_VALID, PANEL_BUDGET,
                       PANEL_CHANGES, PANEL_POOLS, -1},
    [VIEW_POOL] = {PANEL_THROUGHPUT, PANEL_LATENCY, PANEL_HEATMAP, PANEL_LADDER, PANEL_OPS,
                   PANEL_THREADS, PANEL_BUDGET, -1},
    [VIEW_SCALING] = {PANEL_SCALING, PANEL_MAIN, PANEL_LATENCY_N, PANEL_COST, PANEL_LIGHTS,
                      PANEL_GRID, -1},
    [VIEW_ERRORS] = {-1},
    [VIEW_EVENTS] = {-1},
    [VIEW_TARGETS] = {-1},
};

int layout_next_full(enum view view, int now)
{
    const signed char *p = full_panels[view];

    if (now < 0)
        return p[0];
    while (*p >= 0 && *p != now)
        p++;
    return *p >= 0 ? p[1] : -1;
}

static bool can_be_full(enum view view, int panel)
{
    for (int p = layout_next_full(view, -1); p >= 0; p = layout_next_full(view, p))
        if (p == panel)
            return true;
    return false;
}

/* A window that is only low, or only narrow, has one status line and below it the one table that
 * matters most. */
static void layout_small(struct layout *l, struct rect r, const struct layout_want *want)
{
    static const enum panel one[VIEWS] = {[VIEW_POOL] = PANEL_LADDER,
                                          [VIEW_SCALING] = PANEL_SCALING,
                                          [VIEW_ERRORS] = PANEL_MAIN,
                                          [VIEW_EVENTS] = PANEL_MAIN,
                                          [VIEW_TARGETS] = PANEL_MAIN};

    if (r.w < 17)
        return;
    if (r.h >= 5 && r.w >= 24) {
        l->panel[PANEL_KEYS] = take_rows(&r, -1);
        l->panel[PANEL_DIAL] = take_rows(&r, -1);
    }
    if (r.h >= 3)
        l->panel[PANEL_ALERTS] = take_rows(&r, least(want->alerts, r.h >= 12 ? 3 : 1));
    if (want->view != VIEW_OVERVIEW)
        box(l, one[want->view], r);
    else if (r.h >= 2)
        l->panel[PANEL_POOLS] = r;
}

void layout_make(struct layout *l, int rows, int cols, const struct layout_want *want)
{
    struct rect r = rect_of(0, 0, cols, rows);
    int alerts_max;

    memset(l, 0, sizeof *l);
    l->pool_lines = 1;
    l->size = size_of(rows, cols);
    l->panel[PANEL_HEADER] = take_rows(&r, 1);
    if (l->size == LAYOUT_LINE) {
        layout_small(l, r, want);
        return;
    }
    l->panel[PANEL_KEYS] = take_rows(&r, -1);
    l->panel[PANEL_DIAL] = take_rows(&r, -1);
    if (l->size >= LAYOUT_STANDARD)
        l->panel[PANEL_LEFT] = take_rows(&r, -1);
    alerts_max = l->size == LAYOUT_FULL ? 4 : l->size == LAYOUT_STANDARD ? 3 : 1;
    l->panel[PANEL_ALERTS] = take_rows(&r, least(want->alerts, alerts_max));
    if (l->size == LAYOUT_FULL && (want->view == VIEW_POOL || want->view == VIEW_SCALING))
        l->panel[PANEL_TITLE] = take_rows(&r, 1);
    if (want->full >= 0 && can_be_full(want->view, want->full))
        box(l, (enum panel)want->full, r);
    else if (want->view == VIEW_OVERVIEW && l->size == LAYOUT_FULL)
        overview_full(l, r, want);
    else if (want->view == VIEW_OVERVIEW && l->size == LAYOUT_STANDARD)
        overview_standard(l, r, want);
    else if (want->view == VIEW_OVERVIEW)
        overview_big(l, r, want);
    else if (want->view == VIEW_POOL)
        pool_view(l, r);
    else if (want->view == VIEW_SCALING)
        scaling_view(l, r, want->grid_rows);
    else
        box(l, PANEL_MAIN, r);
}

struct rect layout_inside(const struct layout *l, enum panel p)
{
    struct rect r = l->panel[p];

    if (l->border[p])
        return rect_of(r.x + 1, r.y + 1, r.w - 2, r.h - 2);
    if (l->titled[p])
        return rect_of(r.x, r.y + 1, r.w, r.h - 1);
    return r;
}
