/* The layout; see layout.h. Rows are assigned from the top and the bottom towards the middle, where
 * the plots get the rest. */
#include "ui/draw/layout.h"

#include <string.h>

#define PLOT_ROWS_MIN 4

struct rect rect_take_rows(struct rect *r, int h)
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

struct rect rect_take_left(struct rect *r, int w)
{
    struct rect got = rect_of(r->x, r->y, w, r->h);

    r->x += w;
    r->w -= w;
    return got;
}

void layout_box(struct layout *l, enum panel p, struct rect r)
{
    bool border = l->size == LAYOUT_FULL;

    if (r.w < (border ? 8 : 6) || r.h < (border ? 3 : 2))
        return;
    l->panel[p] = r;
    l->border[p] = border;
    l->titled[p] = !border;
}

void layout_stack(struct layout *l, struct rect r, enum panel upper, enum panel lower,
                  int upper_rows)
{
    int least_rows = PLOT_ROWS_MIN + (l->size == LAYOUT_FULL ? 1 : 0);
    struct rect top;

    if (r.h - upper_rows < least_rows) {
        layout_box(l, upper, r);
        return;
    }
    top = rect_take_rows(&r, upper_rows);
    layout_box(l, upper, top);
    layout_box(l, lower, r);
}

static enum layout_size size_of(int rows, int cols)
{
    if (rows >= 30 && cols >= 120)
        return LAYOUT_FULL;
    if (rows >= 24 && cols >= 80)
        return LAYOUT_STANDARD;
    return rows >= 10 && cols >= 40 ? LAYOUT_BIG : LAYOUT_LINE;
}

int layout_next_full(const struct layout_plan *plan, int now)
{
    const signed char *p = plan->alone;

    if (!p || now < 0)
        return p ? p[0] : -1;
    while (*p >= 0 && *p != now)
        p++;
    return *p >= 0 ? p[1] : -1;
}

static bool can_be_full(const struct layout_plan *plan, int panel)
{
    for (int p = layout_next_full(plan, -1); p >= 0; p = layout_next_full(plan, p))
        if (p == panel)
            return true;
    return false;
}

/* A window that is only low, or only narrow, has one status line and below it the most important
 * table. */
static void layout_small(struct layout *l, struct rect r, const struct layout_want *want)
{
    if (r.w < 17)
        return;
    if (r.h >= 5 && r.w >= 24) {
        l->panel[PANEL_KEYS] = rect_take_rows(&r, -1);
        l->panel[PANEL_DIAL] = rect_take_rows(&r, -1);
    }
    if (r.h >= 3)
        l->panel[PANEL_ALERTS] = rect_take_rows(&r, int_min(want->alerts, r.h >= 12 ? 3 : 1));
    want->plan->place(l, r, want);
}

void layout_make(struct layout *l, int rows, int cols, const struct layout_want *want)
{
    struct rect r = rect_of(0, 0, cols, rows);
    int alerts_max;

    memset(l, 0, sizeof *l);
    l->pool_lines = 1;
    l->size = size_of(rows, cols);
    l->panel[PANEL_HEADER] = rect_take_rows(&r, 1);
    if (l->size == LAYOUT_LINE) {
        layout_small(l, r, want);
        return;
    }
    l->panel[PANEL_KEYS] = rect_take_rows(&r, -1);
    l->panel[PANEL_DIAL] = rect_take_rows(&r, -1);
    if (l->size >= LAYOUT_STANDARD)
        l->panel[PANEL_LEFT] = rect_take_rows(&r, -1);
    alerts_max = l->size == LAYOUT_FULL ? 4 : l->size == LAYOUT_STANDARD ? 3 : 1;
    l->panel[PANEL_ALERTS] = rect_take_rows(&r, int_min(want->alerts, alerts_max));
    if (l->size == LAYOUT_FULL && want->plan->title)
        l->panel[PANEL_TITLE] = rect_take_rows(&r, 1);
    if (want->full >= 0 && can_be_full(want->plan, want->full))
        layout_box(l, (enum panel)want->full, r);
    else
        want->plan->place(l, r, want);
}

void layout_one_table(struct layout *l, struct rect r, const struct layout_want *want)
{
    (void)want;
    layout_box(l, PANEL_MAIN, r);
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
