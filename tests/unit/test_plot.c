/* Axes, bins and plots: 1-2-5 ticks, axes that grow at once and shrink late, columns that are exact
 * sums or worst percentiles, and gaps where there is no data. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <math.h>
#include <string.h>

#include "engine/state/snapshot.h"
#include "engine/base/text.h"
#include "ui/draw/axis.h"
#include "ui/draw/bins.h"
#include "ui/term/glyphs.h"
#include "ui/draw/plot.h"

static bool is_125(double v)
{
    double m = v / pow(10, floor(log10(v) + 1e-9));

    return fabs(m - 1) < 1e-6 || fabs(m - 2) < 1e-6 || fabs(m - 5) < 1e-6;
}

static void test_ticks(void **state)
{
    (void)state;
    for (int rows = 1; rows <= 40; rows++)
        for (double top = 0.37; top < 1e9; top *= 2.3) {
            struct axis a = {.less_since = -1};
            double tick[32];
            int n;

            axis_follow(&a, 0, top, 0);
            assert_true(a.hi >= top * (1 - 1e-9) && a.hi <= top * 1.25);
            n = axis_ticks(&a, rows, tick, 32);
            assert_in_range(n, 2, rows + 2);
            for (int i = 1; i < n; i++) {
                assert_true(is_125(tick[1] - tick[0]));
                assert_true(fabs(tick[i] - tick[i - 1] - (tick[1] - tick[0])) < 1e-6 * top);
                assert_true(tick[i] <= a.hi * (1 + 1e-9));
            }
        }
}

static void test_log_ticks(void **state)
{
    (void)state;
    for (int rows = 2; rows <= 40; rows++)
        for (double ratio = 1; ratio < 1e7; ratio *= 3.1) {
            struct axis a = {.log = true, .less_since = -1};
            double tick[32];
            int n;

            axis_follow(&a, 1.3e5, 1.3e5 * ratio, 0);
            n = axis_ticks(&a, rows, tick, 32);
            assert_true(n <= rows + 1);
            for (int i = 0; i < n; i++) {
                assert_true(is_125(tick[i]));
                assert_true(axis_place(&a, tick[i]) > -1e-6 && axis_place(&a, tick[i]) < 1 + 1e-6);
            }
        }
}

static void test_axis_grows_at_once_and_shrinks_late(void **state)
{
    struct axis a = {.less_since = -1};

    (void)state;
    axis_follow(&a, 0, 100, 0);
    axis_follow(&a, 0, 900, 1);
    assert_true(a.hi >= 900);
    for (double t = 2; t < 11.9; t += 0.1)
        axis_follow(&a, 0, 100, t);
    assert_true(a.hi >= 900);
    axis_follow(&a, 0, 100, 12.1);
    assert_true(a.hi >= 100 && a.hi < 130);
    /* A peak meanwhile starts the ten seconds again. */
    axis_follow(&a, 0, 900, 20);
    axis_follow(&a, 0, 100, 21);
    axis_follow(&a, 0, 900, 29);
    axis_follow(&a, 0, 100, 32);
    assert_true(a.hi >= 900);
    axis_follow(&a, NAN, NAN, 60); /* no data changes nothing */
    assert_true(a.hi >= 900);
}

static void test_labels(void **state)
{
    static const struct {
        double v;
        bool ns;
        const char *want;
    } at[] = {{0, false, "0"},    {500e3, false, "500k"}, {1e6, false, "1M"},
              {20, false, "20"},  {200, true, "200ns"},   {5e3, true, "5us"},
              {2e6, true, "2ms"}, {1e9, true, "1s"},      {0.5, false, "0.5"}};
    char buf[16];

    (void)state;
    for (size_t i = 0; i < sizeof at / sizeof *at; i++)
        assert_string_equal(axis_label(buf, sizeof buf, at[i].v, at[i].ns), at[i].want);
}

/* ---- bins ---- */

static struct point points[512];
static const struct point *blocks[2] = {points, points + SERIES_BLOCK};

static struct series seconds(unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        points[i] = (struct point){.t_s = i + 1,
                                   .span_s = 1,
                                   .completed = 1000 + (i * 37) % 211,
                                   .p50 = (float)(1e6 + i),
                                   .p99 = (float)(5e6 + (i * 13) % 17),
                                   .response_p99 = (float)6e6,
                                   .max = (float)9e6};
    return (struct series){blocks, 0, n};
}

/* Whatever the widths, the columns add up to what was completed. */
static void test_rates_are_conserved(void **state)
{
    struct series s = seconds(300);
    double total = 0;

    (void)state;
    for (unsigned i = 240; i < 300; i++)
        total += (double)points[i].completed;
    for (int n = 1; n <= 240; n++) {
        struct bins b = bins_over(300, 60, n);
        double v[240], sum = 0;

        bins_fill(&b, &s, BIN_RATE, v);
        assert_true(fabs(b.from_s - 240) < 1e-6);
        for (int i = 0; i < n; i++)
            sum += v[i] * b.width_s;
        assert_true(fabs(sum - total) < 1e-6 * total);
    }
}

static void test_latency_columns_are_the_worst_never_a_mean(void **state)
{
    struct series s = seconds(300);

    (void)state;
    for (int n = 3; n <= 240; n++) {
        struct bins b = bins_over(300, 60, n);
        double v[240];
        bool several = bins_fill(&b, &s, BIN_P99, v);

        assert_int_equal(several, n < 60);
        for (int i = 0; i < n; i++) {
            bool found = false;
            double worst = 0;

            for (unsigned j = 240; j < 300; j++) {
                found = found || fabs((double)points[j].p99 - v[i]) < 1e-9;
                if (j >= b.from_s + i * b.width_s - 1e-9 &&
                    j + 1 <= b.from_s + (i + 1) * b.width_s + 1e-9)
                    worst = fmax(worst, (double)points[j].p99);
            }
            assert_true(found);         /* it is one of the intervals' own */
            assert_true(v[i] >= worst); /* and no interval within is worse */
        }
    }
}

static void test_no_data_is_a_gap(void **state)
{
    struct series s = seconds(100);
    struct bins b = bins_over(100, 60, 60);
    double v[60], lo, hi;

    (void)state;
    points[70].paused = true;
    points[80].p99 = NAN;
    bins_fill(&b, &s, BIN_RATE, v);
    assert_true(isnan(v[30]));
    assert_true(!isnan(v[31]));
    bins_fill(&b, &s, BIN_P99, v);
    assert_true(isnan(v[40]));
    b = bins_over(130, 60, 60); /* the series ended 30 s ago */
    bins_fill(&b, &s, BIN_RATE, v);
    assert_true(isnan(v[59]) && !isnan(v[5]));
    for (int i = 0; i < 60; i++)
        v[i] = NAN;
    assert_false(bins_range(v, 60, &lo, &hi));
}

static void test_edges_stay_while_time_passes(void **state)
{
    (void)state;
    for (double now = 100; now < 103; now += 0.1) {
        struct bins b = bins_over(now, 60, 86);
        double k = b.from_s / b.width_s;

        assert_true(fabs(k - floor(k + 0.5)) < 1e-6);
        assert_true(b.from_s + b.n * b.width_s <= now + 1e-6);
    }
}

/* ---- the plot itself ---- */

static void draw(struct cells *c, const char *glyphs, const double *v, enum plot_kind kind,
                 struct axis *a)
{
    struct plot_series series = {v, kind, ROLE_THROUGHPUT};
    struct plot p = {.axis = a,
                     .cursor = -1,
                     .series = &series,
                     .series_count = 1,
                     .left = "-10 s",
                     .right = "now"};

    c->glyphs = glyphs_find(glyphs);
    cells_resize(c, 6, 26);
    assert_true(plot_begin(&p, c, rect_of(0, 0, 26, 6)));
    plot_draw(c, &p);
}

static void test_values_are_at_their_place(void **state)
{
    struct cells c = {0};
    struct axis a = {.less_since = -1};
    double v[20];
    struct text t = {0};

    (void)state;
    for (int i = 0; i < 20; i++)
        v[i] = i < 5 ? 0 : i < 10 ? 40 : i < 12 ? NAN : 100;
    axis_follow(&a, 0, 100, 0);
    draw(&c, "ascii", v, PLOT_LINE, &a);
    cells_to_text(&c, &t);
    assert_string_equal(text_str(&t), "  100|            oooooooo\n"
                                      "     |\n"
                                      "   50|\n"
                                      "     |     ooooo\n"
                                      "     |ooooo\n"
                                      "    0+-10 s------------now\n");
    text_free(&t);
    cells_free(&c);
}

static void test_area_shows_something_that_is_not_nothing(void **state)
{
    static const char *const sets[] = {"braille", "block", "acs", "ascii"};
    struct axis a = {.less_since = -1};
    double v[40];

    (void)state;
    axis_follow(&a, 0, 1e6, 0);
    for (int s = 0; s < 4; s++) {
        struct cells c = {0};

        /* a millionth of the axis; then no data */
        for (int i = 0; i < 40; i++)
            v[i] = i < 10 ? 1 : NAN;
        draw(&c, sets[s], v, PLOT_AREA, &a);
        assert_true(cells_at(&c, 6, 4)->ch != ' ');
        assert_true(cells_at(&c, 25, 4)->role != ROLE_THROUGHPUT);
        cells_free(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ticks),
        cmocka_unit_test(test_log_ticks),
        cmocka_unit_test(test_axis_grows_at_once_and_shrinks_late),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_rates_are_conserved),
        cmocka_unit_test(test_latency_columns_are_the_worst_never_a_mean),
        cmocka_unit_test(test_no_data_is_a_gap),
        cmocka_unit_test(test_edges_stay_while_time_passes),
        cmocka_unit_test(test_values_are_at_their_place),
        cmocka_unit_test(test_area_shows_something_that_is_not_nothing),
    };

    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
