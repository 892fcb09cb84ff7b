/* Pastes character by character, as they arrive in parts: where one ends, and when one is over whose
 * end never comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ui/term/paste.h"

#define MS UINT64_C(1000000)
#define NOW (5000 * MS)

static struct paste paste;

/* Gives the characters. Returns how many of them are left when the paste has ended; -1: it goes on. */
static int give(const char *chars)
{
    for (size_t i = 0; chars[i]; i++)
        if (paste_take(&paste, (unsigned char)chars[i]))
            return (int)strlen(chars + i + 1);
    return -1;
}

static void begin(void)
{
    paste_begin(&paste);
    assert_true(paste.open);
}

static void test_ends(void **state)
{
    (void)state;
    static const struct {
        const char *chars, *text;
    } cases[] = {
        {"threads 3\033[201~p", "threads 3"},
        {"\033[201~p", ""},
        {"a\nb\003\033[201~p", "a b "},
        {"a\033[20\033[201~p", "a [20"}, /* a beginning of the end */
        {"\033\033[201~p", " "},
        {"\033[200~\033[2011~\033[201~p", " [200~ [2011~"},
        {"a\x9b"
         "201~p",
         "a"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin();
        assert_int_equal(give(cases[i].chars), 1);
        assert_false(paste.open);
        assert_string_equal(paste_text(&paste), cases[i].text);
    }
}

static void test_parts_with_pauses(void **state)
{
    (void)state;
    static const char end[] = "\033[201~";
    begin();
    for (size_t i = 0; end[i]; i++) {
        paste_empty(&paste, NOW + 450 * i * MS);
        paste_empty(&paste, NOW + (450 * i + 400) * MS);
        assert_int_equal(paste_take(&paste, (unsigned char)end[i]), !end[i + 1]);
    }
}

static void test_its_text_is_bounded(void **state)
{
    (void)state;
    begin();
    for (unsigned i = 0; i < PASTE_MAX + 1000; i++)
        assert_false(paste_take(&paste, 0x20ac));
    assert_int_equal(give("\033[201~"), 0);
    assert_int_equal(strlen(paste_text(&paste)), PASTE_MAX - PASTE_MAX % 3);
}

/* Looks at the empty input as the program does, ten times a second. */
static void look(uint64_t from_ms, uint64_t to_ms)
{
    for (uint64_t ms = from_ms; ms <= to_ms; ms += 100)
        paste_empty(&paste, NOW + ms * MS);
}

static void test_a_pause_ends_it(void **state)
{
    (void)state;
    begin();
    look(0, 2900);
    assert_true(paste.open);
    look(3000, 3000);
    assert_false(paste.open);
}

/* A second part over a slow link renews the time, and a key that somebody presses does not. */
static void test_what_renews_the_time(void **state)
{
    (void)state;
    begin();
    look(0, 2000);
    assert_int_equal(give("ab"), -1);
    look(2100, 5000);
    assert_true(paste.open);
    look(5100, 5100);
    assert_false(paste.open);

    begin();
    look(0, 1000);
    assert_int_equal(give("P"), -1);
    look(1200, 2200);
    assert_int_equal(give("P"), -1);
    look(2400, 2900);
    assert_true(paste.open);
    look(3000, 3000);
    assert_false(paste.open);

    begin();
    for (uint64_t ms = 0; ms < 10000; ms += 50) { /* a serial line: each character by itself */
        paste_empty(&paste, NOW + ms * MS);
        assert_int_equal(give("P"), -1);
    }
    assert_true(paste.open);
}

/* The process stood still between two looks, and the rest came meanwhile. */
static void test_time_without_a_look_does_not_count(void **state)
{
    (void)state;
    begin();
    look(0, 0);
    assert_int_equal(give("P"), -1);
    look(60000, 60000);
    assert_true(paste.open);
}

static void test_ctrl_c_by_itself_is_known(void **state)
{
    (void)state;
    begin();
    give("ab");
    assert_false(paste_waits(&paste));
    paste_empty(&paste, NOW);
    assert_true(paste_waits(&paste));
    give("c");
    assert_false(paste_waits(&paste));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_parts_with_pauses),
        cmocka_unit_test(test_its_text_is_bounded),
        cmocka_unit_test(test_a_pause_ends_it),
        cmocka_unit_test(test_what_renews_the_time),
        cmocka_unit_test(test_time_without_a_look_does_not_count),
        cmocka_unit_test(test_ctrl_c_by_itself_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
