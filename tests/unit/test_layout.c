/* The layout by brute force: every view at every size from 1x1 to 300x120, with few and many pools
 * and alerts: rectangles inside of the window, never overlapping, and a panel with a border has
 * room inside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ui/draw/layout.h"
#include "ui/views/overview.h"
#include "ui/views/views.h"

static bool apart(struct rect a, struct rect b)
{
    return a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
}

static void check(const char *name, int rows, int cols, const struct layout_want *want)
{
    struct layout l;
    struct rect there[PANELS];
    int n = 0;

    layout_make(&l, rows, cols, want);
    for (int i = 0; i < PANELS; i++) {
        struct rect r = l.panel[i], in = layout_inside(&l, (enum panel)i);

        if (r.w == 0 && r.h == 0)
            continue;
        if (r.w <= 0 || r.h <= 0 || r.x < 0 || r.y < 0 || r.x + r.w > cols || r.y + r.h > rows)
            fail_msg("%s at %dx%d: panel %d is %d,%d %dx%d", name, cols, rows, i, r.x, r.y, r.w,
                     r.h);
        if (in.w <= 0 || in.h <= 0)
            fail_msg("%s at %dx%d: panel %d is empty", name, cols, rows, i);
        for (int j = 0; j < n; j++)
            if (!apart(r, there[j]))
                fail_msg("%s at %dx%d: panel %d overlaps another", name, cols, rows, i);
        there[n++] = r;
    }
    if (l.panel[PANEL_HEADER].h != 1) /* whatever the size: is load on? */
        fail_msg("%s at %dx%d: no header", name, cols, rows);
}

static void test_every_size(void **state)
{
    static const int pools[] = {0, 1, 4, 30}, alerts[] = {0, 2, 16};

    (void)state;
    for (int view = 0; views[view]; view++)
        for (int rows = 1; rows <= 120; rows++)
            for (int cols = 1; cols <= 300; cols++)
                for (int k = 0; k < 4; k++) {
                    struct layout_want want = {
                        .plan = &views[view]->plan,
                        .pools = pools[k],
                        .alerts = alerts[(rows + cols + k) % 3],
                        .thresholds = (rows + cols) % 2,
                        .full = (rows * 7 + cols) % 3 ? -1 : (rows + cols) % PANELS};

                    check(views[view]->name, rows, cols, &want);
                }
}

static void test_breakpoints(void **state)
{
    struct layout_want want = {
        .plan = &view_overview.plan, .pools = 4, .alerts = 2, .thresholds = true, .full = -1};
    static const struct {
        int rows, cols;
        enum layout_size size;
    } at[] = {{30, 120, LAYOUT_FULL},    {29, 120, LAYOUT_STANDARD}, {30, 119, LAYOUT_STANDARD},
              {24, 80, LAYOUT_STANDARD}, {23, 80, LAYOUT_BIG},       {24, 79, LAYOUT_BIG},
              {10, 40, LAYOUT_BIG},      {9, 40, LAYOUT_LINE},       {10, 39, LAYOUT_LINE},
              {1, 1, LAYOUT_LINE}};

    (void)state;
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        struct layout l;

        layout_make(&l, at[i].rows, at[i].cols, &want);
        assert_int_equal(l.size, at[i].size);
    }
}

/* What the standard size promises is there, and a larger window shows no panel less. */
static void test_panels_of_the_overview(void **state)
{
    struct layout_want want = {
        .plan = &view_overview.plan, .pools = 4, .alerts = 2, .thresholds = true, .full = -1};
    static const enum panel wanted[] = {PANEL_HEADER,  PANEL_ALERTS,  PANEL_POOLS, PANEL_THROUGHPUT,
                                        PANEL_LATENCY, PANEL_SCALING, PANEL_VALID, PANEL_CHANGES,
                                        PANEL_LEFT,    PANEL_DIAL,    PANEL_KEYS};
    static const int size[][2] = {{24, 80}, {40, 120}, {50, 200}, {120, 300}};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct layout l;

        layout_make(&l, size[i][0], size[i][1], &want);
        for (size_t j = 0; j < sizeof wanted / sizeof *wanted; j++)
            if (l.panel[wanted[j]].h <= 0)
                fail_msg("%dx%d: panel %d is missing", size[i][1], size[i][0], wanted[j]);
    }
}

/* One panel alone has the whole middle of the window, at the size of a terminal that has no room
 * for it among the others too; every panel of a view comes once, then all are back. */
static void test_one_panel_alone(void **state)
{
    (void)state;
    for (int view = 0; views[view]; view++) {
        int n = 0;

        for (int p = layout_next_full(&views[view]->plan, -1); p >= 0;
             p = layout_next_full(&views[view]->plan, p), n++) {
            struct layout_want want = {.plan = &views[view]->plan, .pools = 4, .full = p};
            struct layout l;

            layout_make(&l, 24, 80, &want);
            assert_int_equal(l.panel[p].w, 80);
            assert_true(l.panel[p].h >= 20);
            assert_true(n < PANELS);
        }
        assert_true((n > 0) == (views[view]->plan.alone != NULL));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_size), cmocka_unit_test(test_breakpoints),
        cmocka_unit_test(test_one_panel_alone), cmocka_unit_test(test_panels_of_the_overview)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
