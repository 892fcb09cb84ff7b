/* Themes: the parser and its messages, tiers derived from each other, and the choice of a tier. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/err.h"
#include "ui/term/theme.h"
#include "ui/term/theme_files.h"

static struct theme theme;

static void good(const char *text)
{
    struct err err = {0};

    if (theme_parse(&theme, "t", text, &err))
        fail_msg("%s", err.msg);
}

static void bad(const char *text, const char *says)
{
    struct err err = {0};

    assert_int_equal(theme_parse(&theme, "t", text, &err), ERR_USAGE);
    if (!strstr(err.msg, says))
        fail_msg("'%s' does not say '%s'", err.msg, says);
}

static void test_tiers(void **state)
{
    (void)state;
    good("# a comment\n"
         "about = it is\n\n"
         "bad = #ff0000 on #0000ff bold | 196 on 21 | red on blue | reverse\n");
    assert_string_equal(theme.about, "it is");
    assert_int_equal(theme.style[TIER_DIRECT][ROLE_BAD].fg, 0xff0000);
    assert_int_equal(theme.style[TIER_DIRECT][ROLE_BAD].bg, 0x0000ff);
    assert_int_equal(theme.style[TIER_DIRECT][ROLE_BAD].attr, ATTR_BOLD);
    assert_int_equal(theme.style[TIER_256][ROLE_BAD].fg, 196);
    assert_int_equal(theme.style[TIER_16][ROLE_BAD].bg, 4);
    assert_int_equal(theme.style[TIER_NONE][ROLE_BAD].attr, ATTR_REVERSE);
    assert_int_equal(theme.style[TIER_NONE][ROLE_BAD].fg, COLOR_UNSET);
}

static void test_tiers_are_made_from_each_other(void **state)
{
    (void)state;
    good("bad = #ff0000 bold");
    assert_int_equal(theme.style[TIER_256][ROLE_BAD].fg, 196);
    assert_int_equal(theme.style[TIER_16][ROLE_BAD].fg, 9);
    assert_int_equal(theme.style[TIER_NONE][ROLE_BAD].attr, ATTR_BOLD);
    for (int i = 16; i < 256; i++) /* each colour is its own nearest, but for twins */
        assert_int_equal(color_256_rgb(color_nearest_256(color_256_rgb(i))), color_256_rgb(i));
}

static void test_what_is_wrong_is_said(void **state)
{
    (void)state;
    bad("text = #fff", "line 1");
    bad("text = default\nbda = #ffffff", "nearest: bad");
    bad("text = #12345g", "#12345g");
    bad("text = #ffffff | 256", "'256'");
    bad("text = #ffffff | 1 | mauve", "'mauve'");
    bad("text = #ffffff on", "(");
    bad("text #ffffff", "is not");
    bad("text = | | |", "(nothing)");
    bad("text = #ffffff | 1 | red | bold | bold", "fifth");
    bad("text = #ffffff #ffffff", "#ffffff");
}

static void check_complete(const struct theme *t)
{
    for (int role = 0; role < ROLES; role++)
        for (int tier = 0; tier < TIERS; tier++) {
            const struct style *s = &t->style[tier][role];
            int most = tier == TIER_DIRECT ? 0xffffff
                       : tier == TIER_256  ? 255
                       : tier == TIER_16   ? 15
                                           : -1;

            assert_true(s->fg >= -1 && s->fg <= most && s->bg >= -1 && s->bg <= most);
        }
    /* Where there is no colour, what must not be missed is marked otherwise. */
    assert_true(t->style[TIER_NONE][ROLE_ALERT].attr && t->style[TIER_NONE][ROLE_STATE_ON].attr &&
                t->style[TIER_NONE][ROLE_LOCKED].attr && t->style[TIER_NONE][ROLE_DIAL].attr);
    /* Nobody can read ink on its own ground. */
    for (int tier = 0; tier < TIER_NONE; tier++)
        for (int role = 0; role < ROLES; role++)
            if (t->style[tier][role].bg >= 0)
                assert_int_not_equal(t->style[tier][role].fg, t->style[tier][role].bg);
}

static void test_every_theme_there_is(void **state)
{
    struct err err = {0};
    DIR *d = opendir("themes");
    struct dirent *e;

    (void)state;
    for (int i = 0; builtin_themes[i].name; i++) {
        good(builtin_themes[i].text);
        check_complete(&theme);
    }
    while (d && (e = readdir(d))) {
        char path[300], text[65536];
        size_t n;
        FILE *f;

        if (!strstr(e->d_name, ".theme"))
            continue;
        snprintf(path, sizeof path, "themes/%s", e->d_name);
        f = fopen(path, "r");
        assert_non_null(f);
        n = fread(text, 1, sizeof text - 1, f);
        text[n] = '\0';
        fclose(f);
        if (theme_parse(&theme, e->d_name, text, &err))
            fail_msg("%s", err.msg);
        check_complete(&theme);
    }
    if (d)
        closedir(d);
}

static void test_load_and_next(void **state)
{
    struct err err = {0};
    char now[64] = "dusk", next[64];
    int n = 0;

    (void)state;
    assert_int_equal(theme_load(&theme, "dusk", &err), 0);
    assert_int_equal(theme_load(&theme, "dsuk", &err), ERR_USAGE);
    assert_non_null(strstr(err.msg, "nearest: dusk"));
    assert_int_equal(theme_load(&theme, "../../etc/passwd", &err), ERR_USAGE);
    do { /* round, and each can be loaded */
        theme_next(now, next, sizeof next);
        assert_int_equal(theme_load(&theme, next, &err), 0);
        memcpy(now, next, sizeof now);
    } while (strcmp(now, "dusk") && ++n < 100);
    assert_in_range(n, 1, 99);
}

static void test_grounds(void **state)
{
    struct style s;

    (void)state;
    good("text = default\nselected = #ffffff on #222222 | 255 on 236 | white on blue | bold\n"
         "bad = #ff0000\nstate_on = #000000 on #00ff00 | 16 on 46 | black on green | reverse\n");
    s = theme_style(&theme, TIER_DIRECT, ROLE_BAD, ROLE_SELECTED, ATTR_UNDERLINE);
    assert_int_equal(s.fg, 0xff0000);
    assert_int_equal(s.bg, 0x222222);
    assert_int_equal(s.attr, ATTR_UNDERLINE);
    /* a chip keeps its own */
    s = theme_style(&theme, TIER_DIRECT, ROLE_STATE_ON, ROLE_SELECTED, 0);
    assert_int_equal(s.bg, 0x00ff00);
    s = theme_style(&theme, TIER_NONE, ROLE_BAD, ROLE_SELECTED, 0);
    assert_int_equal(s.attr, ATTR_BOLD);
}

static void test_choice_of_the_tier(void **state)
{
    (void)state;
    unsetenv("NO_COLOR");
    unsetenv("COLORTERM");
    assert_int_equal(tier_choose(NULL, 256), TIER_256);
    assert_int_equal(tier_choose(NULL, 88), TIER_16);
    assert_int_equal(tier_choose(NULL, 8), TIER_16);
    assert_int_equal(tier_choose(NULL, -1), TIER_NONE);
    assert_int_equal(tier_choose(NULL, 0x1000000), TIER_DIRECT);
    setenv("COLORTERM", "truecolor", 1);
    assert_int_equal(tier_choose(NULL, 256), TIER_DIRECT);
    setenv("NO_COLOR", "1", 1);
    assert_int_equal(tier_choose(NULL, 256), TIER_NONE);
    assert_int_equal(tier_choose("16", 256), TIER_16);
    setenv("NO_COLOR", "", 1); /* empty does not count: no-color.org */
    assert_int_equal(tier_choose(NULL, 256), TIER_DIRECT);
    unsetenv("NO_COLOR");
    unsetenv("COLORTERM");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tiers),
        cmocka_unit_test(test_tiers_are_made_from_each_other),
        cmocka_unit_test(test_what_is_wrong_is_said),
        cmocka_unit_test(test_every_theme_there_is),
        cmocka_unit_test(test_load_and_next),
        cmocka_unit_test(test_grounds),
        cmocka_unit_test(test_choice_of_the_tier),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
