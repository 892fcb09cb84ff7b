/* The views, drawn from one fixed snapshot: absent figures, every size from 1x1 up, what must never
 * be missing, and what each view must show. Their whole screens are in test_golden.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>

#include "tests/unit/drawn_screen.h"
#include "ui/views/overview.h"
#include "ui/views/points.h"
#include "ui/views/pool.h"
#include "ui/views/targets.h"
#include "ui/export/picture.h"
#include "ui/term/term.h"
#include "ui/export/png.h"
#include "ui/widgets/form.h"
#include "ui/term/theme_files.h"
#include "ui/views/errors.h"
#include "ui/views/events.h"
#include "ui/panels/show.h"

/* ---- truth ---- */

/* What is not known is '-', and nothing of it is 0. */
static void test_absent_is_no_zero(void **state)
{
    struct snapshot *s = fixture_snapshot();
    struct pool_snapshot *p = &s->pool[0];

    (void)state;
    s->pools = 1;
    s->events = s->thresholds = 0;
    s->goal_per_s = 0;
    p->now_per_s = NAN;
    p->now_response.q[Q_P50] = p->now_response.q[Q_P99] = NAN;
    p->now_service = p->now_response;
    p->seconds.n = p->tenths.n = 0;
    p->generate_share = p->client_share = p->wait_share = p->idle_share = NAN;
    p->plateaus = p->scalings = 0;
    p->checks = 0;
    fresh(&view_overview);
    draw(s, 24, 80, "ascii");
    assert_shows("-/s now");
    assert_shows("no operation completed yet");
    assert_false(shows("0ns"));
    assert_false(shows("0/s"));
    assert_false(shows("nan"));
    for (int view = 0; views[view]; view++) {
        fresh(views[view]);
        draw(s, 50, 200, "braille");
        assert_false(shows("nan"));
        assert_false(shows("NaN"));
    }
}

static void test_states_nobody_can_miss(void **state)
{
    struct snapshot *s = fixture_snapshot();
    static const int size[][2] = {{1, 40}, {5, 30}, {12, 50}, {24, 80}, {40, 120}};

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        s = fixture_snapshot();
        fresh(&view_overview);
        draw(s, size[i][0], size[i][1], "ascii");
        assert_shows("LOAD ON 4/4");
        s->limits.locked = true;
        draw(s, size[i][0], size[i][1], "ascii");
        assert_shows("LOCKED");
        s->pool[1].state = POOL_DOWN;
        copy_str(s->pool[1].state_why, 256, "connection refused; next try in 0.4 s");
        draw(s, size[i][0], size[i][1], "ascii");
        assert_shows("1 DOWN");
        for (int k = 0; k < 4; k++)
            s->pool[k].state = POOL_PAUSED;
        draw(s, size[i][0], size[i][1], "ascii");
        assert_shows("PAUSED 4/4");
        assert_false(shows("LOAD ON"));
        s->ended = true;
        s->ended_by = END_BY_COUNT;
        draw(s, size[i][0], size[i][1], "ascii");
        assert_shows("ENDED by count");
    }
    s = fixture_snapshot();
    fresh(&view_overview);
    sc.frozen = true;
    sc.frozen_s = FIXTURE_NOW - 12;
    draw(s, 24, 80, "ascii");
    assert_shows("DISPLAY FROZEN 12 s");
    assert_shows("LOAD ON 4/4"); /* frozen is not paused */
}

/* A frozen display shows old figures, and the state as it is now. */
static void test_frozen_shows_the_state_of_now(void **state)
{
    struct snapshot shown = *fixture_snapshot(), live = shown;
    struct pool_snapshot pools[4];

    (void)state;
    memcpy(pools, live.pool, sizeof pools);
    live.pool = pools;
    for (int k = 0; k < 4; k++)
        pools[k].state = POOL_PAUSED;
    fresh(&view_overview);
    sc.frozen = true;
    grid.glyphs = glyphs_find("ascii");
    cells_resize(&grid, 24, 80);
    screen_draw(&grid, &sc, &shown, &live);
    assert_shows("PAUSED 4/4");
}

static void test_changes_have_their_interval(void **state)
{
    struct snapshot *s = fixture_snapshot();

    (void)state;
    fresh(&view_events);
    draw(s, 24, 120, "ascii");
    /* before and after, the difference, its interval, the verdict, and the latency */
    assert_shows("381k    412k   +31.0k +24.0k .. +38.0k real");
    assert_shows("noise");
    assert_shows("Throughput 381k/s -> 412k/s: +31.0k/s, 95 % interval +24.0k .. +38.0k: real.");
    assert_shows("p99 2.80ms -> 3.90ms");
    draw(s, 24, 160, "ascii");
    assert_shows("real      2.80ms -> 3.90ms");
    draw(s, 24, 120, "ascii");
    s->event[4].settled = false;
    draw(s, 24, 120, "ascii");
    assert_shows("measuring");
}

static void test_every_size_and_mode_draws(void **state)
{
    static const char *const sets[] = {"braille", "block", "acs", "ascii"};
    struct snapshot *s = fixture_snapshot();

    (void)state;
    for (int rows = 1; rows <= 60; rows += rows < 32 ? 1 : 9)
        for (int cols = 1; cols <= 220; cols += cols < 90 ? 3 : 17)
            for (int view = 0; views[view]; view++) {
                fresh(views[view]);
                sc.mode = (rows + cols + view) % 3 == 0
                              ? (enum mode)((rows + cols) % (MODE_ASK + 1))
                              : MODE_VIEW;
                sc.question_text[0] = 'q';
                sc.compare = cols % 2;
                sc.cursor_s = FIXTURE_NOW - 20 - cols % 30;
                sc.full = cols % 4 ? -1 : (rows + cols) % PANELS;
                sc.span_s = rows % 2 ? 0 : 300;
                draw(s, rows, cols, sets[(rows + cols) % 4]);
                for (int i = 0; i < rows * cols; i++) {
                    const struct cell *c = &grid.cell[i];

                    assert_true(c->role < ROLES && c->back < ROLES && c->width <= 2);
                    assert_true(c->width == 0 || (c->ch >= 0x20 && c->ch != 0x7f));
                }
            }
}

/* A sweep turns the load by itself: its step and what is left are in the header at any size. */
static void test_sweep_cannot_be_missed(void **state)
{
    static const int size[][2] = {{1, 60}, {5, 30}, {12, 50}, {24, 80}, {40, 120}};
    struct snapshot *s = fixture_snapshot();

    (void)state;
    s->sweep.on = true;
    s->sweep.step = 2; /* two are over */
    s->sweep.steps = 8;
    s->sweep.left_s = 41.2;
    copy_str(s->sweep.now, sizeof s->sweep.now, "threads 4, held 2.1 s");
    for (int view = 0; views[view]; view++)
        for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
            fresh(views[view]);
            draw(s, size[i][0], size[i][1], "ascii");
            assert_shows("SWEEP 3/8");
            if (size[i][1] >= 80)
                assert_shows("42 s left");
        }
    s->sweep.steps = 0; /* a search: nobody knows how many */
    s->sweep.left_s = NAN;
    draw(s, 24, 80, "ascii");
    assert_shows("SWEEP 3");
    assert_false(shows("left "));
}

/* A figure that lost its end would be another figure: "7.88k" is never "7.8~". In no view of any
 * size does the ellipsis follow a digit or a dot, in the tables of four pools with large counts. */
static void test_figures_are_never_cut(void **state)
{
    static const int size[][2] = {{24, 80}, {24, 100}, {30, 120}, {40, 120}, {50, 160}, {50, 200}};
    struct snapshot *s = fixture_snapshot();

    (void)state;
    for (int i = 0; i < 4; i++) {
        s->pool[i].counts.errors = 78841 * (unsigned)(i + 1);
        s->pool[i].counts.dropped = 7876;
        s->pool[i].counts.in_flight = 12345;
        s->pool[i].load.rate_per_s = 12340;
        s->pool[i].lag = s->pool[i].now_service;
        s->pool[i].server.server_cpu_share = 0.0071;
        s->pool[i].server.other_clients = 12345;
        s->pool[i].server.data_items = 123456789;
    }
    for (int k = 0; k < 4; k++) {
        fixture_workers[k].cpu_share = 0.0071;
        fixture_workers[k].errors = 12345;
    }
    for (int view = 0; views[view]; view++)
        for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
            /* its panels have a test of their own */
            if (views[view] == &view_scaling)
                continue;
            fresh(views[view]);
            draw(s, size[i][0], size[i][1], "ascii");
            for (int y = 4; y < grid.rows - 2; y++)
                for (int x = 1; x < grid.cols; x++) {
                    uint32_t was = cells_at(&grid, x - 1, y)->ch;

                    if (cells_at(&grid, x, y)->ch != '~' ||
                        !((was >= '0' && was <= '9') || was == '.'))
                        continue;
                    /* words may be cut, and a number at the end of words with them */
                    if (cells_at(&grid, x, y)->role == ROLE_TEXT ||
                        cells_at(&grid, x, y)->role == ROLE_LABEL)
                        continue;
                    {
                        struct text t = {0};

                        cells_to_text(&grid, &t);
                        fail_msg("a figure is cut at %d,%d of %s %dx%d:\n%s", x, y,
                                 views[view]->name, size[i][1], size[i][0], text_str(&t));
                    }
                }
        }
}

static void test_counts_fit(void **state)
{
    static const struct {
        double n;
        const char *four, *six;
    } of[] = {{0, "0", "0"},
              {999, "999", "999"},
              {1234, "1.2k", "1.23k"},
              {9949, "9.9k", "9.95k"},
              {9960, "10k", "9.96k"},
              {12345, "12k", "12.3k"},
              {78841, "79k", "78.8k"},
              {999499, "999k", "999k"},
              {999600, "1.0M", "1.00M"},
              {1.5e9, "1.5G", "1.50G"},
              {NAN, "-", "-"}};
    char buf[32];

    (void)state;
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        assert_string_equal(show_count_in(buf, sizeof buf, of[i].n, 4), of[i].four);
        assert_string_equal(show_count_in(buf, sizeof buf, of[i].n, 6), of[i].six);
    }
}

/* What an open arrival asks, how late it starts and what it drops, in the pool view. */
static void test_open_arrival_in_the_pool_view(void **state)
{
    static const int size[][2] = {{24, 80}, {40, 120}, {50, 200}};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        fresh(&view_pool);
        sc.pool = 4;
        draw(fixture_snapshot(), size[i][0], size[i][1], "ascii");
        assert_true(shows("8.00k/s asked, ") || shows("asked 8.00k "));
        assert_shows("lag ");
        if (size[i][1] >= 120)
            assert_shows("dropped");
        assert_false(shows("not started"));
        struct snapshot *s = fixture_snapshot();
        for (unsigned k = 0; k < s->pools; k++)
            s->pool[k].counts.not_started = 7;
        draw(s, size[i][0], size[i][1], "ascii");
        if (size[i][1] >= 200)
            assert_shows("400 dropped, 7 not started");
        sc.pool = 1;
        draw(fixture_snapshot(), size[i][0], size[i][1], "ascii");
        assert_false(shows("asked "));
    }
}

/* Names in Chinese take two columns a sign, and nothing to their right is out of place. */
static void test_wide_names(void **state)
{
    struct snapshot *s = fixture_snapshot();
    static const int size[][2] = {{1, 30}, {12, 50}, {24, 80}, {40, 120}};

    (void)state;
    copy_str(s->pool[1].name, sizeof s->pool[1].name, "\u7f13\u5b58\u96c6\u7fa4");
    copy_str(s->pool[1].target, sizeof s->pool[1].target, "crate://\u670d\u52a1\u5668:4200/doc.t");
    for (int view = 0; views[view]; view++)
        for (size_t i = 0; i < 4; i++) {
            fresh(views[view]);
            sc.pool = 2;
            draw(s, size[i][0], size[i][1], "braille");
            for (int y = 0; y < grid.rows; y++) {
                int w = 0;

                for (int x = 0; x < grid.cols; x++) {
                    const struct cell *c = cells_at(&grid, x, y);

                    w += c->width;
                    if (c->width == 2) { /* its right half is its own */
                        assert_true(x + 1 < grid.cols);
                        assert_int_equal(cells_at(&grid, x + 1, y)->width, 0);
                    }
                }
                assert_int_equal(w, grid.cols);
            }
        }
    fresh(&view_targets);
    sc.pool = 2;
    draw(s, 40, 120, "braille");
    assert_shows("\u7f13\u5b58\u96c6\u7fa4");
}

/* Who else is on it, and what stays behind, in every view of the standard size. */
static void test_others_and_what_is_left(void **state)
{
    struct snapshot *s = fixture_snapshot();

    (void)state;
    s->pool[0].server.other_clients = 41;
    for (int view = 0; views[view]; view++) {
        fresh(views[view]);
        draw(s, 24, 80, "ascii");
        assert_shows("41 others on redis");
        assert_shows("LEFT BEHIND 10,000 keys");
        assert_shows("GOAL 250k/s held");
        assert_shows("1 of 3 FAILED");
    }
    for (unsigned i = 0; i < s->pools; i++)
        s->pool[i].server.other_clients = 0;
    draw(s, 40, 140, "ascii");
    assert_shows("nobody else on it");
    s->pool[2].server.other_clients = -1; /* one that cannot say */
    draw(s, 40, 140, "ascii");
    assert_false(shows("nobody else on it"));
}

/* What a backend knows is shown in words; nodes are bars, with what the check found. */
static void test_targets_nodes(void **state)
{
    struct snapshot *s = fixture_snapshot();
    json_t *stats =
        json_pack("{s:i, s:f, s:b, s:n, s:{s:s, s:i, s:[{s:s,s:i},{s:s,s:i},{s:s,s:i}]}}",
                  "used_memory_bytes", 2500000, "hit_ratio", 0.992, "cluster_enabled", 0, "role",
                  "balance", "verdict", "uneven over 3 nodes (chi-square 19.2, p 6.8e-05)",
                  "connections", 30, "nodes", "node", "crate-1", "connections", 20, "node",
                  "crate-2", "connections", 10, "node", "crate-3", "connections", 0);

    (void)state;
    assert_non_null(stats);
    s->pool[1].server.json = stats;
    fresh(&view_targets);
    sc.pool = 2;
    draw(s, 40, 120, "ascii");
    assert_shows("balance: 30 fresh connections  uneven over 3 nodes (chi-square 19.2");
    assert_shows("20  67 %");
    assert_shows("0  0 %");
    assert_shows("used memory");
    assert_shows("2.38MB");
    assert_shows("99 %");
    assert_false(shows("{\""));
    assert_false(shows("null"));
    json_decref(stats);
}

/* The errors view sorts, and says what to do. */
static void test_errors_sort_and_advise(void **state)
{
    struct error_row row[4];
    struct snapshot *s = fixture_snapshot();

    (void)state;
    fresh(&view_errors);
    draw(s, 24, 80, "ascii");
    assert_shows("to do");
    assert_shows("replicas did not answer in time");
    assert_int_equal(errors_rows(s, &sc, row, 4), 3);
    assert_int_equal(row[0].error->count, 309);
    sc.sort[sc.view] = 1; /* by class: closed before refused and write_timeout */
    assert_int_equal(errors_rows(s, &sc, row, 4), 3);
    assert_int_equal(row[0].error->count, 2);
    sc.invert[sc.view] = true;
    errors_rows(s, &sc, row, 4);
    assert_int_equal(row[0].error->count, 309);
}

/* Connections that were refused are errors, too, although no operation failed with them. */
static void test_refused_connections_are_errors(void **state)
{
    struct snapshot *s = fixture_snapshot();

    (void)state;
    s->pool[3].errors = 0;
    s->pool[3].counts.errors = 0;
    fresh(&view_errors);
    draw(s, 24, 80, "ascii");
    assert_shows("conn refused");
    assert_shows("cass refused: 17 connections refused or lost, 12:31:10 to 12:31:14; none now");
    assert_shows("nothing listens there");
    assert_false(shows("no errors"));
    s->pool[3].conn_errors = 0;
    draw(s, 24, 80, "ascii");
    assert_shows("no errors");
}

/* What is missing stands beside what is wanted, with the reason. */
static void test_missing_connections_are_shown(void **state)
{
    static const char why[] = "1 of 12 connections up: maxclients: ERR max number of clients";
    struct snapshot *s = fixture_snapshot();

    (void)state;
    s->pool[0].connections_up = 1;
    s->pool[0].connections_wanted = 12;
    copy_str(s->pool[0].state_why, sizeof s->pool[0].state_why, why);
    fresh(&view_overview);
    draw(s, 50, 180, "ascii");
    assert_shows(why);
    fresh(&view_targets);
    draw(s, 40, 120, "ascii");
    assert_shows("1/12");
    assert_shows(why);
}

static void test_events_sort(void **state)
{
    struct snapshot *s = fixture_snapshot();
    unsigned index[8];

    (void)state;
    fresh(&view_events);
    assert_int_equal(events_rows(s, &sc, index, 8), 5);
    assert_int_equal(index[0], 4); /* the newest first */
    sc.sort[sc.view] = 6;          /* by change: the largest, and last those that are none */
    events_rows(s, &sc, index, 8);
    assert_int_equal(index[0], 3);
    assert_int_equal(index[1], 4);
    assert_int_equal(index[2], 0);
    sc.sort[sc.view] = -1;
    sc.invert[sc.view] = true;
    events_rows(s, &sc, index, 8);
    assert_int_equal(index[0], 0);
}

static const struct hit *hit_of(enum hit_kind kind, int arg)
{
    for (int i = 0; i < sc.hits.n; i++)
        if (sc.hits.hit[i].kind == kind && (arg < 0 || sc.hits.hit[i].arg == arg))
            return &sc.hits.hit[i];
    return NULL;
}

static bool shows_between(const char *what, int from, int to)
{
    for (int i = from; i <= to; i++) {
        char text[64];

        snprintf(text, sizeof text,
                 strstr(what, "op/s")  ? " %dk op/s"
                 : strstr(what, "p99") ? "p99 2.%02dms"
                                       : "p50 %dus",
                 i);
        if (shows(text))
            return true;
    }
    return false;
}

/* The cursor reads what the series hold at that moment: the fixture has 262k/s until 720 s, 381k/s
 * until 742 s (give or take its wave of 1.2 %), and p50 and p99 in proportion. */
static void test_cursor_reads_values_back(void **state)
{
    static const int size[][2] = {{24, 80}, {40, 120}, {50, 200}};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        fresh(&view_overview);
        sc.cursor_s = 715.5;
        draw(fixture_snapshot(), size[i][0], size[i][1], "ascii");
        assert_shows("12:35:55");
        assert_true(shows_between("op/s", 258, 266));
        assert_shows("errors 0/s");
        assert_true(shows_between("p99", 38, 58));
        assert_shows("p50 8");
        sc.cursor_s = 100; /* out of the last 60 s: it is not drawn at some edge */
        draw(fixture_snapshot(), size[i][0], size[i][1], "ascii");
        assert_false(shows("errors 0/s"));
        sc.span_s = 0; /* the whole run: there it is again */
        draw(fixture_snapshot(), size[i][0], size[i][1], "ascii");
        assert_shows("errors 0/s");
        assert_shows(", over ");
    }
}

/* The cursor of what is typed stands within the window, or nowhere when its field has no room. */
static void test_cursor_of_text_is_on_screen(void **state)
{
    const struct snapshot *s = fixture_snapshot();

    (void)state;
    for (int form = 0; form < 2; form++)
        for (int rows = 1; rows <= 24; rows++)
            for (int cols = 1; cols <= 80; cols += 3) {
                fresh(&view_overview);
                sc.mode = form ? MODE_FORM : MODE_COMMAND;
                if (form) {
                    form_open_add(&sc.form, fixture_backends);
                    form_key(&sc.form, KEYCODE_ENTER);
                }
                draw(s, rows, cols, "braille");
                if (sc.cursor_x >= 0 && (sc.cursor_x >= cols || sc.cursor_y >= rows))
                    fail_msg("form %d, %d x %d: the cursor is at %d, %d", form, cols, rows,
                             sc.cursor_x, sc.cursor_y);
            }
    fresh(&view_overview);
}

/* A line is clicked away in its legend; what it would show is still read by the cursor. */
static void test_legend_hides_a_line(void **state)
{
    int before = 0, after = 0;

    (void)state;
    fresh(&view_overview);
    draw(fixture_snapshot(), 40, 120, "braille");
    for (int i = 0; i < 40 * 120; i++)
        before += grid.cell[i].role == ROLE_P50;
    assert_non_null(hit_of(HIT_LEGEND, LINE_P50));
    sc.hidden = 1u << LINE_P50;
    draw(fixture_snapshot(), 40, 120, "braille");
    for (int i = 0; i < 40 * 120; i++)
        after += grid.cell[i].role == ROLE_P50;
    assert_true(before - after > 30);
    assert_shows("p50 1.40ms x");
    assert_non_null(hit_of(HIT_LEGEND, LINE_P50)); /* and can be clicked back */
}

/* All pools in one plot: each its own line, digit and legend, which selects the pool. */
static void test_compare_tells_pools_apart(void **state)
{
    (void)state;
    fresh(&view_overview);
    sc.compare = true;
    sc.full = PANEL_THROUGHPUT;
    for (int glyphs = 0; glyphs < 2; glyphs++) {
        int digits[10] = {0};

        draw(fixture_snapshot(), 40, 120, glyphs ? "ascii" : "braille");
        for (int y = 5; y < 36; y++)
            for (int x = 8; x < 118; x++) {
                const struct cell *c = cells_at(&grid, x, y);

                if (c->ch >= '1' && c->ch <= '4' && c->role == ROLE_SERIES1 + (c->ch - '1'))
                    digits[c->ch - '0']++;
            }
        for (int i = 1; i <= 4; i++)
            if (digits[i] < 4)
                fail_msg("pool %d has %d marks on its line", i, digits[i]);
        for (int i = 1; i <= 4; i++)
            assert_non_null(hit_of(HIT_POOL, i));
    }
    assert_shows("all pools, a second, log"); /* 412k and 7.6k on one axis */
    struct snapshot first = *fixture_snapshot();
    first.pools = 1; /* the slow ones are gone */
    draw(&first, 40, 120, "ascii");
    assert_shows("all pools, a second");
    assert_false(shows("a second, log"));
}

/* A pool that stands still has no say in the scale, from the start or after it was slow. */
static void test_compare_with_an_idle_pool(void **state)
{
    (void)state;
    static struct point idle[4][SERIES_BLOCK], slow[4][SERIES_BLOCK];
    const struct point *idle_blocks[4], *slow_blocks[4];
    struct snapshot s = *fixture_snapshot();
    struct pool_snapshot pools[3] = {s.pool[0], s.pool[0], s.pool[0]};
    for (unsigned i = 0; i < FIXTURE_SECONDS; i++) {
        struct point *at = &idle[i / SERIES_BLOCK][i % SERIES_BLOCK];
        *at = (struct point){.t_s = i + 1, .span_s = 1};
        slow[i / SERIES_BLOCK][i % SERIES_BLOCK] = *at;
        slow[i / SERIES_BLOCK][i % SERIES_BLOCK].completed = 3;
    }
    for (unsigned b = 0; b < 4; b++) {
        idle_blocks[b] = idle[b];
        slow_blocks[b] = slow[b];
    }
    s.pool = pools;
    s.pools = 3;
    fresh(&view_overview);
    sc.compare = true;
    sc.full = PANEL_THROUGHPUT;
    pools[2].seconds.block = idle_blocks;
    draw(&s, 40, 120, "ascii");
    assert_shows("all pools, a second");
    assert_false(shows("a second, log"));
    pools[2].seconds.block = slow_blocks;
    draw(&s, 40, 120, "ascii");
    assert_shows("all pools, a second, log");
    pools[2].seconds.block = idle_blocks;
    draw(&s, 40, 120, "ascii");
    assert_false(shows("a second, log"));
    s.pool = pools + 2; /* nothing at all is loaded */
    s.pools = 1;
    draw(&s, 40, 120, "ascii");
    assert_false(shows("a second, log"));
}

/* One panel alone, also one that a small window has no room for. */
static void test_panel_alone(void **state)
{
    (void)state;
    fresh(&view_pool);
    draw(fixture_snapshot(), 24, 80, "ascii");
    assert_null(hit_of(HIT_PANEL, PANEL_HEATMAP));
    sc.full = PANEL_HEATMAP;
    draw(fixture_snapshot(), 24, 80, "ascii");
    assert_shows("service time of every operation");
    assert_non_null(hit_of(HIT_PANEL, PANEL_HEATMAP));
    assert_null(hit_of(HIT_PANEL, PANEL_LADDER));
    assert_shows("LOAD ON 4/4");
}

/* The names or numbers of the views can be clicked in every view of the standard size and up. */
static void test_tabs_are_everywhere(void **state)
{
    static const int size[][2] = {{24, 80}, {40, 120}, {50, 200}};

    (void)state;
    for (int view = 0; views[view]; view++)
        for (size_t i = 0; i < 3; i++) {
            char on[32];

            fresh(views[view]);
            draw(fixture_snapshot(), size[i][0], size[i][1], "ascii");
            for (int k = 0; views[k]; k++)
                if (!hit_of(HIT_TAB, k))
                    fail_msg("%s at %dx%d: view %d cannot be clicked", views[view]->name,
                             size[i][1], size[i][0], k + 1);
            snprintf(on, sizeof on, size[i][1] < 100 ? "[%d]" : "[%d %s]", view + 1,
                     views[view]->name);
            assert_shows(on);
        }
}

static void test_no_pools(void **state)
{
    struct snapshot *s = fixture_snapshot();

    (void)state;
    s->pools = 0;
    s->events = s->thresholds = 0;
    for (int view = 0; views[view]; view++) {
        fresh(views[view]);
        draw(s, 24, 80, "braille");
        assert_shows("NO POOLS");
        draw(s, 40, 120, "braille");
        draw(s, 6, 30, "braille");
    }
    fresh(&view_overview);
    draw(s, 24, 80, "braille");
    assert_shows("press a to add one");
}

static void test_help_is_found(void **state)
{
    (void)state;
    fresh(&view_overview);
    sc.mode = MODE_HELP;
    copy_str(sc.find, sizeof sc.find, "PLATEAU");
    draw(fixture_snapshot(), 40, 120, "ascii");
    assert_shows("one point of the scaling curve");
    assert_false(shows("F5"));
}

static void test_exports(void **state)
{
    struct theme theme;
    struct text svg = {0};
    struct err err = {0};
    unsigned char *png = NULL;
    unsigned long len = 0;

    (void)state;
    assert_int_equal(theme_parse(&theme, "dusk", builtin_themes[0].text, NULL), 0);
    fresh(&view_overview);
    draw(fixture_snapshot(), 24, 80, "braille");
    cells_text(&grid, 0, 12, ROLE_TEXT, "<&>");
    export_svg(&grid, &theme, &svg);
    assert_non_null(strstr(text_str(&svg), "&lt;&amp;>"));
    assert_non_null(strstr(text_str(&svg), "LOAD ON 4/4"));
    assert_non_null(strstr(text_str(&svg), "</svg>"));
    text_free(&svg);
    if (export_png_check(&err)) {
        assert_int_equal(export_png(&grid, &theme, &png, &len, &err), ERR_FAILED);
        return;
    }
    assert_int_equal(export_png(&grid, &theme, &png, &len, &err), 0);
    assert_memory_equal(png, "\x89PNG", 4);
    assert_int_equal(png[18] << 8 | png[19], 820); /* width: 80 columns of 10, and a margin */
    assert_int_equal(png[22] << 8 | png[23], 500);
    free(png);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_absent_is_no_zero),
        cmocka_unit_test(test_states_nobody_can_miss),
        cmocka_unit_test(test_frozen_shows_the_state_of_now),
        cmocka_unit_test(test_changes_have_their_interval),
        cmocka_unit_test(test_every_size_and_mode_draws),
        cmocka_unit_test(test_sweep_cannot_be_missed),
        cmocka_unit_test(test_others_and_what_is_left),
        cmocka_unit_test(test_figures_are_never_cut),
        cmocka_unit_test(test_counts_fit),
        cmocka_unit_test(test_open_arrival_in_the_pool_view),
        cmocka_unit_test(test_wide_names),
        cmocka_unit_test(test_targets_nodes),
        cmocka_unit_test(test_errors_sort_and_advise),
        cmocka_unit_test(test_refused_connections_are_errors),
        cmocka_unit_test(test_missing_connections_are_shown),
        cmocka_unit_test(test_events_sort),
        cmocka_unit_test(test_cursor_reads_values_back),
        cmocka_unit_test(test_cursor_of_text_is_on_screen),
        cmocka_unit_test(test_legend_hides_a_line),
        cmocka_unit_test(test_compare_tells_pools_apart),
        cmocka_unit_test(test_compare_with_an_idle_pool),
        cmocka_unit_test(test_panel_alone),
        cmocka_unit_test(test_tabs_are_everywhere),
        cmocka_unit_test(test_no_pools),
        cmocka_unit_test(test_help_is_found),
        cmocka_unit_test(test_exports),
    };
    int rc;

    setlocale(LC_CTYPE, "C.UTF-8");
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    cells_free(&grid);
    return rc;
}
