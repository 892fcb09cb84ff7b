/* Every view from one fixed snapshot, as golden text at three sizes and in each glyph set; absent
 * figures; every size from 1x1 up; and what nobody may miss.
 *
 * LOADTOP_GOLDEN=write writes the golden files anew: read the difference before it is committed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>

#include "tests/unit/fixture_snapshot.h"
#include "ui/cells.h"
#include "ui/export/picture.h"
#include "ui/glyphs.h"
#include "ui/screen.h"

static struct cells grid;
static struct screen sc;

static void draw(const struct snapshot *s, int rows, int cols, const char *glyphs)
{
    grid.glyphs = glyphs_find(glyphs);
    cells_resize(&grid, rows, cols);
    screen_draw(&grid, &sc, s, s);
}

static void fresh(enum view view)
{
    screen_init(&sc);
    sc.view = view;
    sc.real_s = FIXTURE_NOW;
    sc.cost_share = 0.006;
}

static bool shows(const char *text)
{
    struct text t = {0};
    bool found;

    cells_to_text(&grid, &t);
    found = strstr(text_str(&t), text) != NULL;
    text_free(&t);
    return found;
}

static void assert_shows(const char *text)
{
    struct text t = {0};

    cells_to_text(&grid, &t);
    if (!strstr(text_str(&t), text))
        fail_msg("'%s' is not on the screen:\n%s", text, text_str(&t));
    text_free(&t);
}

/* ---- golden screens ---- */

static void golden(const char *name)
{
    const char *mode = getenv("LOADTOP_GOLDEN");
    char path[200], *want;
    struct text t = {0};
    size_t n;
    FILE *f;

    snprintf(path, sizeof path, "tests/golden/%s.txt", name);
    cells_to_text(&grid, &t);
    if (mode && !strcmp(mode, "write")) {
        f = fopen(path, "w");
        assert_non_null(f);
        fwrite(text_str(&t), 1, t.len, f);
        fclose(f);
        text_free(&t);
        return;
    }
    f = fopen(path, "r");
    if (!f)
        fail_msg("%s is missing (LOADTOP_GOLDEN=write makes it)", path);
    want = calloc(1, 262144);
    assert_non_null(want);
    n = fread(want, 1, 262143, f);
    fclose(f);
    if (n != t.len || memcmp(want, text_str(&t), n) != 0) {
        const char *a = want, *b = text_str(&t);
        int line = 1;

        for (; *a && *a == *b; a++, b++)
            line += *a == '\n';
        while (a > want && a[-1] != '\n')
            a--, b--;
        fail_msg("%s differs in line %d:\n- %.*s\n+ %.*s", path, line, (int)strcspn(a, "\n"), a,
                 (int)strcspn(b, "\n"), b);
    }
    free(want);
    text_free(&t);
}

static void test_golden_sizes(void **state)
{
    static const int size[][2] = {{24, 80}, {40, 120}, {50, 200}};

    (void)state;
    for (int view = 0; view < VIEWS; view++)
        for (size_t i = 0; i < 3; i++) {
            char name[64];

            fresh((enum view)view);
            draw(fixture_snapshot(), size[i][0], size[i][1], "braille");
            snprintf(name, sizeof name, "%s-%dx%d", view_name((enum view)view), size[i][1],
                     size[i][0]);
            golden(name);
        }
}

static void test_golden_glyphs(void **state)
{
    static const char *const sets[] = {"block", "acs", "ascii"};

    (void)state;
    for (int i = 0; i < 3; i++) {
        char name[64];

        fresh(VIEW_OVERVIEW);
        draw(fixture_snapshot(), 40, 120, sets[i]);
        snprintf(name, sizeof name, "overview-120x40-%s", sets[i]);
        golden(name);
    }
}

static void test_golden_small(void **state)
{
    static const int size[][2] = {{10, 40}, {16, 60}, {5, 30}, {1, 80}};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        char name[64];

        fresh(VIEW_OVERVIEW);
        draw(fixture_snapshot(), size[i][0], size[i][1], "braille");
        snprintf(name, sizeof name, "overview-%dx%d", size[i][1], size[i][0]);
        golden(name);
    }
}

/* Colours too: as ANSI text in each tier, small enough to be read. */
static void test_golden_tiers(void **state)
{
    struct theme theme;

    (void)state;
    assert_int_equal(theme_parse(&theme, "dusk", builtin_themes[0].text, NULL), 0);
    for (int tier = 0; tier < TIERS; tier++) {
        const char *mode = getenv("LOADTOP_GOLDEN");
        struct text t = {0};
        char path[200], want[65536];
        size_t n;
        FILE *f;

        fresh(VIEW_OVERVIEW);
        draw(fixture_snapshot(), 16, 60, "braille");
        export_ansi(&grid, &theme, (enum tier)tier, &t);
        snprintf(path, sizeof path, "tests/golden/overview-60x16-%s.ans",
                 tier_name((enum tier)tier));
        f = fopen(path, mode ? "w+" : "r");
        assert_non_null(f);
        if (mode)
            fwrite(text_str(&t), 1, t.len, f);
        rewind(f);
        n = fread(want, 1, sizeof want, f);
        fclose(f);
        assert_int_equal(n, t.len);
        assert_memory_equal(want, text_str(&t), n);
        if (tier == TIER_NONE) /* no colour means none: NO_COLOR */
            assert_null(strstr(text_str(&t), ";38;"));
        text_free(&t);
    }
}

static void test_golden_dialogs(void **state)
{
    (void)state;
    fresh(VIEW_OVERVIEW);
    sc.mode = MODE_HELP;
    draw(fixture_snapshot(), 40, 120, "braille");
    golden("help-120x40");
    fresh(VIEW_OVERVIEW);
    sc.mode = MODE_ASK;
    sc.question = ASK_STOP;
    copy_str(sc.question_text, sizeof sc.question_text, "Stop pool 1, redis?");
    draw(fixture_snapshot(), 24, 80, "braille");
    golden("question-80x24");
    fresh(VIEW_OVERVIEW);
    sc.mode = MODE_FORM;
    form_open_add(&sc.form, fixture_backends);
    draw(fixture_snapshot(), 24, 80, "braille");
    golden("form-choice-80x24");
    form_key(&sc.form, '\r');
    draw(fixture_snapshot(), 40, 120, "braille");
    golden("form-120x40");
    form_close(&sc.form);
    fresh(VIEW_OVERVIEW);
    sc.mode = MODE_COMMAND;
    field_set(&sc.input, "redis threds 4");
    copy_str(sc.input_error, sizeof sc.input_error, "'threds' is no command; nearest: threads");
    sc.input_error_at = 6;
    draw(fixture_snapshot(), 24, 80, "braille");
    golden("command-80x24");
}

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
    fresh(VIEW_OVERVIEW);
    draw(s, 24, 80, "ascii");
    assert_shows("-/s now");
    assert_shows("no operation completed yet");
    assert_false(shows("0ns"));
    assert_false(shows("0/s"));
    assert_false(shows("nan"));
    for (int view = 0; view < VIEWS; view++) {
        fresh((enum view)view);
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
        fresh(VIEW_OVERVIEW);
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
        copy_str(s->ended_by, sizeof s->ended_by, "count");
        draw(s, size[i][0], size[i][1], "ascii");
        assert_shows("ENDED by count");
    }
    s = fixture_snapshot();
    fresh(VIEW_OVERVIEW);
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
    fresh(VIEW_OVERVIEW);
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
    fresh(VIEW_EVENTS);
    draw(s, 24, 120, "ascii");
    assert_shows("redis threads 3 -> 4  +31.0k/s (+24.0k .. +38.0k) real");
    assert_shows("noise");
    s->event[4].settled = false;
    draw(s, 24, 120, "ascii");
    assert_shows("so far");
}

static void test_every_size_and_mode_draws(void **state)
{
    static const char *const sets[] = {"braille", "block", "acs", "ascii"};
    struct snapshot *s = fixture_snapshot();

    (void)state;
    for (int rows = 1; rows <= 60; rows += rows < 32 ? 1 : 9)
        for (int cols = 1; cols <= 220; cols += cols < 90 ? 3 : 17)
            for (int view = 0; view < VIEWS; view++) {
                fresh((enum view)view);
                sc.mode = (rows + cols + view) % 3 == 0
                              ? (enum mode)((rows + cols) % (MODE_ASK + 1))
                              : MODE_VIEW;
                sc.question_text[0] = 'q';
                sc.compare = cols % 2;
                sc.cursor = 0.4;
                sc.span_s = rows % 2 ? 0 : 300;
                draw(s, rows, cols, sets[(rows + cols) % 4]);
                for (int i = 0; i < rows * cols; i++) {
                    const struct cell *c = &grid.cell[i];

                    assert_true(c->role < ROLES && c->back < ROLES && c->width <= 2);
                    assert_true(c->width == 0 || (c->ch >= 0x20 && c->ch != 0x7f));
                }
            }
}

static void test_no_pools(void **state)
{
    struct snapshot *s = fixture_snapshot();

    (void)state;
    s->pools = 0;
    s->events = s->thresholds = 0;
    for (int view = 0; view < VIEWS; view++) {
        fresh((enum view)view);
        draw(s, 24, 80, "braille");
        assert_shows("NO POOLS");
        draw(s, 40, 120, "braille");
        draw(s, 6, 30, "braille");
    }
    fresh(VIEW_OVERVIEW);
    draw(s, 24, 80, "braille");
    assert_shows("press a to add one");
}

static void test_help_is_found(void **state)
{
    (void)state;
    fresh(VIEW_OVERVIEW);
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
    fresh(VIEW_OVERVIEW);
    draw(fixture_snapshot(), 24, 80, "braille");
    cells_text(&grid, 0, 12, ROLE_TEXT, "<&>");
    export_svg(&grid, &theme, &svg);
    assert_non_null(strstr(text_str(&svg), "&lt;&amp;>"));
    assert_non_null(strstr(text_str(&svg), "LOAD ON 4/4"));
    assert_non_null(strstr(text_str(&svg), "</svg>"));
    text_free(&svg);
    if (!export_png_available()) {
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
        cmocka_unit_test(test_golden_sizes),
        cmocka_unit_test(test_golden_glyphs),
        cmocka_unit_test(test_golden_small),
        cmocka_unit_test(test_golden_tiers),
        cmocka_unit_test(test_golden_dialogs),
        cmocka_unit_test(test_absent_is_no_zero),
        cmocka_unit_test(test_states_nobody_can_miss),
        cmocka_unit_test(test_frozen_shows_the_state_of_now),
        cmocka_unit_test(test_changes_have_their_interval),
        cmocka_unit_test(test_every_size_and_mode_draws),
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
