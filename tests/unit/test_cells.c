/* The grid of cells: UTF-8, widths, halves of wide characters, clipping, and harmful characters in
 * a server's text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <string.h>

#include "engine/base/text.h"
#include "ui/term/cells.h"
#include "ui/term/glyphs.h"

static struct cells grid;

static void fresh(int rows, int cols)
{
    grid.glyphs = glyphs_find("braille");
    cells_resize(&grid, rows, cols);
}

static void assert_text(const char *want)
{
    struct text t = {0};

    cells_to_text(&grid, &t);
    assert_string_equal(text_str(&t), want);
    text_free(&t);
}

static void test_utf8_round_trip(void **state)
{
    (void)state;
    for (uint32_t ch = 1; ch <= 0x10ffff; ch += ch < 0x900 ? 1 : 211) {
        char u[5] = {0};
        uint32_t back;
        int n;

        if (ch >= 0xd800 && ch <= 0xdfff)
            continue;
        n = utf8_encode(ch, u);
        u[n] = '\0';
        assert_int_equal(utf8_decode(u, &back), n);
        assert_int_equal(back, ch);
    }
}

/* Overlong forms, surrogates, lone and missing continuations: never more than U+FFFD, and never
 * past the end. */
static void test_utf8_wrong(void **state)
{
    static const char *const wrong[] = {"\x80",         "\xc0\xaf",     "\xe0\x80\xaf",
                                        "\xed\xa0\x80", "\xf8\x88",     "\xf4\x90\x80\x80",
                                        "\xe2\x82",     "\xf0\x9f\x98", "\xff"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        uint32_t ch;
        int n = utf8_decode(wrong[i], &ch);

        assert_int_equal(ch, 0xfffd);
        assert_in_range(n, 1, strlen(wrong[i]));
    }
}

static void test_control_characters_do_not_pass(void **state)
{
    (void)state;
    fresh(1, 12);
    cells_text(&grid, 0, 0, ROLE_TEXT, "a\033[2Jb\a\tc\x7f");
    for (int x = 0; x < grid.cols; x++)
        assert_true(cells_at(&grid, x, 0)->ch >= 0x20 && cells_at(&grid, x, 0)->ch != 0x7f);
    assert_text("a?[2Jb? c?\n");
}

/* Nothing that turns, hides or takes another width than it says gets into a cell: the columns of
 * what follows are told by text_width, before and after. */
static void test_hostile_text_moves_nothing(void **state)
{
    static const struct {
        const char *from, *to;
    } cases[] = {
        {"\u202eab\u2066c", "?ab?c"},
        {"\xc2\x9b"
         "1m\xc2\x85",
         "?1m?"},
        {"\x9b"
         "1m\xff",
         "?1m?"},
        {"a\u200bb\ufeff", "a?b?"},
        {"\u0301e\u0301\u0301x", "ex"},
        {"p\u200dq", "p?q"},
        {"\u6f22\u200d\u5b57", "\u6f22\u5b57"},
        {"cut\xe2\x82", "cut"},
        {"\xe2\x82|", "?|"},
        {"\xed\xa0\x80|\U000e0041", "?|?"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text want = {0};

        fresh(1, 12);
        text_add(&want, "%s\n", cases[i].to);
        assert_int_equal(cells_text(&grid, 0, 0, ROLE_TEXT, cases[i].from),
                         text_width(cases[i].from));
        assert_int_equal(text_width(cases[i].from), text_width(cases[i].to));
        assert_text(text_str(&want));
        text_free(&want);
    }
    fresh(1, 4);
    for (uint32_t ch = 0x80; ch <= 0x10ffff; ch += ch < 0x10000 ? 1 : 251) {
        cells_put(&grid, 1, 0, ch, ROLE_TEXT);
        assert_true(utf8_is_shown(cells_at(&grid, 1, 0)->ch));
        assert_int_equal(cells_at(&grid, 3, 0)->ch, ' ');
    }
}

static void test_wide_characters_stay_whole(void **state)
{
    (void)state;
    fresh(1, 6);
    assert_int_equal(text_width("\u6f22\u5b57"), 4);
    cells_text(&grid, 0, 0, ROLE_TEXT, "\u6f22\u5b57x");
    assert_text("\u6f22\u5b57x\n");
    cells_put(&grid, 1, 0, 'y', ROLE_TEXT); /* over the right half of the first */
    assert_text(" y\u5b57x\n");
    cells_put(&grid, 2, 0, 'z', ROLE_TEXT); /* over the left half of the second */
    assert_text(" yz x\n");
    cells_put(&grid, 5, 0, 0x6f22, ROLE_TEXT); /* no room for its right half */
    assert_text(" yz x\n");
}

static void test_clip(void **state)
{
    struct rect before;

    (void)state;
    fresh(3, 10);
    before = cells_clip(&grid, rect_of(2, 1, 4, 1));
    for (int y = -1; y < 5; y++)
        cells_text(&grid, -3, y, ROLE_TEXT, "0123456789abcdef");
    cells_fill(&grid, rect_of(-5, -5, 50, 2), '#', ROLE_TEXT);
    assert_text("\n  5678\n\n");
    cells_unclip(&grid, before);
    cells_put(&grid, 9, 2, '.', ROLE_TEXT);
    assert_text("\n  5678\n         .\n");
}

static void test_field(void **state)
{
    (void)state;
    fresh(4, 8);
    cells_field(&grid, 0, 0, 8, ALIGN_RIGHT, ROLE_TEXT, "12");
    cells_field(&grid, 0, 1, 8, ALIGN_CENTER, ROLE_TEXT, "1234");
    cells_field(&grid, 0, 2, 5, ALIGN_LEFT, ROLE_TEXT, "123456789");
    cells_field(&grid, 0, 3, 4, ALIGN_LEFT, ROLE_TEXT, "\u6f22\u5b57\u6f22");
    assert_text("      12\n  1234\n1234\u2026\n\u6f22\u2026\n");
}

static void test_background_survives_text(void **state)
{
    (void)state;
    fresh(1, 4);
    cells_back(&grid, rect_of(0, 0, 4, 1), ROLE_SELECTED);
    cells_text(&grid, 0, 0, ROLE_BAD, "x");
    assert_int_equal(cells_at(&grid, 0, 0)->back, ROLE_SELECTED);
    assert_int_equal(cells_at(&grid, 0, 0)->role, ROLE_BAD);
    cells_blank(&grid, rect_of(0, 0, 4, 1));
    assert_int_equal(cells_at(&grid, 0, 0)->back, ROLE_TEXT);
}

/* A window may say any size up to 65,535 each way, and a file any number at all. */
static void test_size_is_bounded(void **state)
{
    struct cells c = {0};

    (void)state;
    cells_resize(&c, 65535, 65535);
    assert_int_equal(c.rows, CELLS_ROWS_MAX);
    assert_int_equal(c.cols, CELLS_COLS_MAX);
    cells_put(&c, CELLS_COLS_MAX - 1, CELLS_ROWS_MAX - 1, 'x', ROLE_TEXT);
    cells_put(&c, CELLS_COLS_MAX, CELLS_ROWS_MAX, 'x', ROLE_TEXT);
    assert_int_equal(cells_at(&c, CELLS_COLS_MAX - 1, CELLS_ROWS_MAX - 1)->ch, 'x');
    assert_null(cells_at(&c, CELLS_COLS_MAX, 0));
    cells_resize(&c, 2147483647, 1);
    assert_int_equal(c.rows, CELLS_ROWS_MAX);
    cells_resize(&c, -1, 2147483647);
    assert_int_equal(c.rows, 0);
    cells_free(&c);
}

static void test_the_next_glyphs(void **state)
{
    static const char *const all[] = {"block", "acs", "ascii", "braille"}, *const plain[] = {
                                                                               "acs", "ascii",
                                                                               "acs", "ascii"};
    const struct glyphs *g = glyphs_find("braille"), *without = g;
    (void)state;
    for (int i = 0; i < 4; i++) {
        g = glyphs_next(g, true);
        without = glyphs_next(without, false);
        assert_string_equal(g->name, all[i]);
        assert_string_equal(without->name, plain[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_next_glyphs),
        cmocka_unit_test(test_utf8_round_trip),
        cmocka_unit_test(test_utf8_wrong),
        cmocka_unit_test(test_control_characters_do_not_pass),
        cmocka_unit_test(test_hostile_text_moves_nothing),
        cmocka_unit_test(test_wide_characters_stay_whole),
        cmocka_unit_test(test_clip),
        cmocka_unit_test(test_field),
        cmocka_unit_test(test_background_survives_text),
        cmocka_unit_test(test_size_is_bounded),
    };
    int rc;

    setlocale(LC_CTYPE, "C.UTF-8");
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    cells_free(&grid);
    return rc;
}
