/* Golden screens: what is drawn from one fixed snapshot, as text that a person can read as a diff.
 *
 * One file a view, with a section for each size: the characters (braille), then for each other
 * glyph set the lines that differ, then the roles, one letter a cell, and the letters of the ground
 * where there is one. tests/golden/roles.txt says what each letter looks like in each of the four
 * tiers, so that every size in every tier and glyph set is held down by text. That a tier's bytes
 * really say so is checked by reading the ANSI text back, cell by cell.
 *
 * LOADTOP_GOLDEN=write writes the files again: read the difference before it is committed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>

#include "tests/unit/drawn_screen.h"
#include "ui/views/overview.h"
#include "ui/views/points.h"
#include "ui/export/picture.h"
#include "ui/widgets/form.h"
#include "ui/term/theme_files.h"

static const char letters[] = ".bcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+*&%$";
_Static_assert(sizeof letters - 1 >= ROLES, "a letter for each role");

/* ---- text to compare ---- */

static void add_text(struct text *t, const char *name, int rows, int cols, const char *glyphs)
{
    text_add(t, "== %s %dx%d %s\n", name, cols, rows, glyphs);
    cells_to_text(&grid, t);
}

/* The lines that another glyph set draws otherwise. */
static void add_changed(struct text *t, const char *name, int rows, int cols, const char *glyphs,
                        const char *was)
{
    struct text now = {0};
    const char *a = was, *b;

    cells_to_text(&grid, &now);
    text_add(t, "== %s %dx%d %s\n", name, cols, rows, glyphs);
    b = text_str(&now);
    for (int line = 1; *a || *b; line++) {
        size_t n = strcspn(a, "\n"), m = strcspn(b, "\n");

        if (n != m || memcmp(a, b, n) != 0)
            text_add(t, "%3d %.*s\n", line, (int)m, b);
        a += n + (a[n] == '\n');
        b += m + (b[m] == '\n');
    }
    text_free(&now);
}

static void add_letters(struct text *t, int y, bool back)
{
    char line[512];
    int end = 0;

    for (int x = 0; x < grid.cols && x < 511; x++) {
        const struct cell *c = cells_at(&grid, x, y);

        line[x] = letters[back ? c->back : c->role];
        if (line[x] != '.')
            end = x + 1;
    }
    line[end] = '\0';
    if (!back || end)
        text_add(t, "%s%s\n", back ? "^" : " ", line);
}

static void add_roles(struct text *t, const char *name)
{
    text_add(t, "== %s %dx%d roles\n", name, grid.cols, grid.rows);
    for (int y = 0; y < grid.rows; y++) {
        add_letters(t, y, false);
        add_letters(t, y, true);
    }
}

static void compare(const char *file, struct text *t)
{
    const char *mode = getenv("LOADTOP_GOLDEN");
    char path[200], section[128] = "", *want;
    size_t n, room = 1u << 20;
    FILE *f;

    snprintf(path, sizeof path, "tests/golden/%s.txt", file);
    f = fopen(path, mode && !strcmp(mode, "write") ? "w" : "r");
    if (!f)
        fail_msg("%s cannot be opened (LOADTOP_GOLDEN=write makes it)", path);
    if (mode && !strcmp(mode, "write")) {
        fwrite(text_str(t), 1, t->len, f);
        fclose(f);
        text_free(t);
        return;
    }
    want = calloc(1, room);
    assert_non_null(want);
    n = fread(want, 1, room - 1, f);
    fclose(f);
    if (n != t->len || memcmp(want, text_str(t), n) != 0) {
        const char *a = want, *b = text_str(t);

        for (size_t len; *a && *b; a += len, b += len) {
            len = strcspn(b, "\n") + 1;
            if (!strncmp(b, "== ", 3))
                snprintf(section, sizeof section, "%.*s", (int)len - 1, b);
            if (strncmp(a, b, len) != 0)
                break;
        }
        fail_msg("%s, %s:\n- %.*s\n+ %.*s", path, section, (int)strcspn(a, "\n"), a,
                 (int)strcspn(b, "\n"), b);
    }
    free(want);
    text_free(t);
}

/* ---- the ANSI text of a tier, read back ---- */

static int32_t sgr_value(const char **p)
{
    return (int32_t)strtol(*p, (char **)(uintptr_t)p, 10);
}

static int32_t sgr_rest(const char **p) /* after 38 or 48 */
{
    int32_t rgb = 0;

    (*p)++;
    if (sgr_value(p) == 5) {
        (*p)++;
        return sgr_value(p);
    }
    for (int i = 0; i < 3; i++) {
        (*p)++;
        rgb = rgb << 8 | sgr_value(p);
    }
    return rgb;
}

/* Takes one escape sequence that sets colours and attributes; returns what follows it. */
static const char *sgr_read(const char *p, struct style *s)
{
    assert_memory_equal(p, "\033[", 2);
    for (p += 2;; p++) {
        int32_t v = sgr_value(&p);

        if (v == 0)
            *s = (struct style){COLOR_UNSET, COLOR_UNSET, 0};
        else if (v == 1 || v == 2 || v == 3 || v == 4 || v == 7)
            s->attr |= v == 1   ? ATTR_BOLD
                       : v == 2 ? ATTR_DIM
                       : v == 3 ? ATTR_ITALIC
                       : v == 4 ? ATTR_UNDERLINE
                                : ATTR_REVERSE;
        else if (v == 38)
            s->fg = sgr_rest(&p);
        else if (v == 48)
            s->bg = sgr_rest(&p);
        else if (v >= 30 && v < 38)
            s->fg = v - 30;
        else if (v >= 90 && v < 98)
            s->fg = v - 90 + 8;
        else if (v >= 40 && v < 48)
            s->bg = v - 40;
        else if (v >= 100 && v < 108)
            s->bg = v - 100 + 8;
        else
            fail_msg("SGR %d", v);
        if (*p == 'm')
            return p + 1;
        assert_int_equal(*p, ';');
    }
}

static void check_ansi(const struct theme *theme, enum tier tier)
{
    struct text t = {0};
    const char *p;

    export_ansi(&grid, theme, tier, &t);
    p = text_str(&t);
    for (int y = 0; y < grid.rows; y++) {
        struct style now = {COLOR_UNSET, COLOR_UNSET, 0};

        for (int x = 0; x < grid.cols; x++) {
            const struct cell *c = cells_at(&grid, x, y);
            struct style want;
            uint32_t ch;

            if (!c->width)
                continue;
            while (*p == '\033')
                p = sgr_read(p, &now);
            p += utf8_decode(p, &ch);
            want = theme_style(theme, tier, c->role, c->back, c->attr);
            if (ch != c->ch || now.fg != want.fg || now.bg != want.bg || now.attr != want.attr)
                fail_msg("%s at %d,%d of %dx%d: U+%04X %d on %d attr %d, wanted "
                         "U+%04X %d on %d attr %d",
                         tier_name(tier), x, y, grid.cols, grid.rows, ch, now.fg, now.bg, now.attr,
                         c->ch, want.fg, want.bg, want.attr);
            if (tier == TIER_NONE && (now.fg != COLOR_UNSET || now.bg != COLOR_UNSET))
                fail_msg("a colour where there is to be none"); /* NO_COLOR */
        }
        while (*p == '\033')
            p = sgr_read(p, &now);
        assert_int_equal(*p++, '\n');
    }
    assert_int_equal(*p, '\0');
    text_free(&t);
}

/* ---- tests ---- */

static void test_views(void **state)
{
    static const int size[][2] = {{24, 80}, {40, 120}, {50, 200}};
    static const char *const sets[] = {"block", "acs", "ascii"};
    struct theme theme;

    (void)state;
    assert_int_equal(theme_parse(&theme, builtin_themes[0].name, builtin_themes[0].text, NULL), 0);
    for (int view = 0; views[view]; view++) {
        const char *name = views[view]->name;
        struct text t = {0};

        for (size_t i = 0; i < 3; i++) {
            int rows = size[i][0], cols = size[i][1];
            struct text braille = {0};

            fresh(views[view]);
            draw(fixture_snapshot(), rows, cols, "braille");
            cells_to_text(&grid, &braille);
            add_text(&t, name, rows, cols, "braille");
            add_roles(&t, name);
            for (int tier = 0; tier < TIERS; tier++)
                check_ansi(&theme, (enum tier)tier);
            for (int k = 0; k < 3; k++) {
                fresh(views[view]);
                draw(fixture_snapshot(), rows, cols, sets[k]);
                add_changed(&t, name, rows, cols, sets[k], text_str(&braille));
                for (int tier = 0; tier < TIERS; tier++)
                    check_ansi(&theme, (enum tier)tier);
            }
            text_free(&braille);
        }
        compare(name, &t);
    }
}

/* Threads by depth: measured and valid, not valid, never steady, being measured, and waiting. */
static void make_grid(struct sweep_snapshot *s, struct sweep_cell *cell)
{
    static const char *const threads[] = {"1", "2", "4"}, *const depths[] = {"1", "5", "10", "20"};
    static const double x[12] = {41e3,  150e3, 240e3, 310e3, 78e3, 281e3,
                                 430e3, 502e3, 140e3, 455e3, 512e3};

    memset(s, 0, sizeof *s);
    s->on = true;
    copy_str(s->pool, sizeof s->pool, "redis");
    copy_str(s->spec, sizeof s->spec, "threads=1,2,4 depth=1,5,10,20");
    copy_str(s->now, sizeof s->now, "threads 4, depth 10, held 2 s");
    s->step = 10;
    s->steps = s->cells = 12;
    s->steady = 9;
    s->unsteady = 1;
    s->left_s = 8;
    s->axes = 2;
    copy_str(s->axis[0].name, sizeof s->axis[0].name, "threads");
    copy_str(s->axis[1].name, sizeof s->axis[1].name, "depth");
    s->axis[0].values = 3;
    s->axis[1].values = 4;
    for (unsigned i = 0; i < 3; i++)
        copy_str(s->axis[0].value[i], sizeof s->axis[0].value[i], threads[i]);
    for (unsigned i = 0; i < 4; i++)
        copy_str(s->axis[1].value[i], sizeof s->axis[1].value[i], depths[i]);
    for (unsigned i = 0; i < 12; i++) {
        cell[i].state = i < 10 ? CELL_STEADY : i == 10 ? CELL_NOW : CELL_WAITING;
        cell[i].at = (struct plateau){.start_s = 5.0 * i,
                                      .end_s = 5.0 * i + 4,
                                      .throughput_per_s = x[i],
                                      .ci95 = x[i] * 0.01,
                                      .p99 = 2e5 + 1e5 * i,
                                      .cpu_share = 0.08 * i,
                                      .valid = i != 7};
    }
    cell[8].state = CELL_UNSTEADY;
    cell[8].at.valid = false;
    s->cell = cell;
}

static void test_grid(void **state)
{
    static const int size[][2] = {{24, 80}, {40, 120}, {50, 160}};
    static const char *const sets[] = {"braille", "ascii"};
    static struct sweep_cell cell[12];
    struct text t = {0};

    (void)state;
    for (size_t i = 0; i < sizeof size / sizeof *size; i++)
        for (int k = 0; k < 2; k++) {
            struct snapshot s = *fixture_snapshot();

            make_grid(&s.sweep, cell);
            fresh(&view_scaling);
            draw(&s, size[i][0], size[i][1], sets[k]);
            add_text(&t, "grid", size[i][0], size[i][1], sets[k]);
        }
    compare("grid", &t);
}

static void test_small(void **state)
{
    static const int size[][2] = {{16, 60}, {10, 40}, {5, 30}, {1, 80}, {1, 1}};
    struct text t = {0};

    (void)state;
    for (int view = 0; views[view]; view++)
        for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
            if (views[view] != &view_overview && size[i][0] < 10)
                continue;
            fresh(views[view]);
            draw(fixture_snapshot(), size[i][0], size[i][1], "braille");
            add_text(&t, views[view]->name, size[i][0], size[i][1], "braille");
        }
    compare("small", &t);
}

static void add_look(struct text *t, const struct style *s, bool hex)
{
    char fg[16] = "-", bg[16] = "-";

    if (s->fg >= 0)
        snprintf(fg, sizeof fg, hex ? "#%06x" : "%d", (unsigned)s->fg);
    if (s->bg >= 0)
        snprintf(bg, sizeof bg, hex ? "#%06x" : "%d", (unsigned)s->bg);
    text_add(t, " | %s on %s%s%s%s%s%s", fg, bg, s->attr & ATTR_BOLD ? " bold" : "",
             s->attr & ATTR_DIM ? " dim" : "", s->attr & ATTR_ITALIC ? " italic" : "",
             s->attr & ATTR_UNDERLINE ? " underline" : "",
             s->attr & ATTR_REVERSE ? " reverse" : "");
}

static void test_roles(void **state)
{
    struct theme theme;
    struct text t = {0};

    (void)state;
    assert_int_equal(theme_parse(&theme, builtin_themes[0].name, builtin_themes[0].text, NULL), 0);
    text_add(&t, "letter role | direct | 256 | 16 | none   (theme %s)\n", theme.name);
    for (int role = 0; role < ROLES; role++) {
        text_add(&t, "%c %s", letters[role], role_name((enum role)role));
        for (int tier = 0; tier < TIERS; tier++)
            add_look(&t, &theme.style[tier][role], tier == TIER_DIRECT);
        text_add(&t, "\n");
    }
    compare("roles", &t);
}

static void test_dialogs(void **state)
{
    struct text t = {0};

    (void)state;
    fresh(&view_overview);
    sc.mode = MODE_HELP;
    draw(fixture_snapshot(), 40, 120, "braille");
    add_text(&t, "help", 40, 120, "braille");
    fresh(&view_overview);
    sc.mode = MODE_ASK;
    sc.question = ASK_STOP;
    copy_str(sc.question_text, sizeof sc.question_text, "Stop pool 1, redis?");
    draw(fixture_snapshot(), 24, 80, "braille");
    add_text(&t, "question", 24, 80, "braille");
    fresh(&view_overview);
    sc.mode = MODE_FORM;
    form_open_add(&sc.form, fixture_backends);
    draw(fixture_snapshot(), 24, 80, "braille");
    add_text(&t, "form, choice", 24, 80, "braille");
    form_key(&sc.form, '\r');
    draw(fixture_snapshot(), 40, 120, "braille");
    add_text(&t, "form", 40, 120, "braille");
    form_close(&sc.form);
    fresh(&view_overview);
    sc.mode = MODE_FORM;
    form_open_edit(&sc.form, &fixture_snapshot()->pool[0]);
    draw(fixture_snapshot(), 24, 80, "braille");
    add_text(&t, "form, edit", 24, 80, "braille");
    form_close(&sc.form);
    fresh(&view_overview);
    sc.mode = MODE_COMMAND;
    field_set(&sc.input, "redis threds 4");
    copy_str(sc.input_error, sizeof sc.input_error, "'threds' is no command; nearest: threads");
    sc.input_error_at = 6;
    draw(fixture_snapshot(), 24, 80, "braille");
    add_text(&t, "command", 24, 80, "braille");
    fresh(&view_overview);
    sc.compare = true;
    draw(fixture_snapshot(), 40, 120, "braille");
    add_text(&t, "compare", 40, 120, "braille");
    add_roles(&t, "compare");
    draw(fixture_snapshot(), 40, 120, "ascii");
    add_text(&t, "compare", 40, 120, "ascii");
    compare("dialogs", &t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_views), cmocka_unit_test(test_grid),    cmocka_unit_test(test_small),
        cmocka_unit_test(test_roles), cmocka_unit_test(test_dialogs),
    };
    int rc;

    setlocale(LC_CTYPE, "C.UTF-8");
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    cells_free(&grid);
    return rc;
}
