/* Answers of a terminal: how much of what is read belongs to one, and when it is over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ui/term/control_string.h"

#define MS 1000000u
#define NOW (5000u * MS)

static struct control_string string;

/* Reads the characters into an open string. Returns how many are left when it is over; -1: it is
 * still open. */
static int left(const char *chars, enum control_string_result *how)
{
    control_string_open(&string);
    for (size_t i = 0; chars[i]; i++) {
        *how = control_string_take(&string, (unsigned char)chars[i]);
        if (!string.open)
            return (int)strlen(chars + i + 1);
        assert_int_equal(*how, STRING_TAKEN);
    }
    return -1;
}

static void test_what_begins_one(void **state)
{
    (void)state;
    for (uint32_t ch = 0; ch < 0x200; ch++)
        assert_int_equal(control_string_begins(ch), ch && ch < 0x80 && strchr("]P_^X", (int)ch));
}

static void test_ends(void **state)
{
    enum control_string_result how;
    (void)state;
    assert_int_equal(left("11;rgb:1e1e/pppp/rrrr\007p", &how), 1);
    assert_int_equal(how, STRING_TAKEN);
    assert_int_equal(left(">|XTerm(p)\033\\p", &how), 1);
    assert_int_equal(how, STRING_TAKEN);
    assert_int_equal(left("\033\\", &how), 0);
    assert_int_equal(left("p\x9cp", &how), 1);
    assert_int_equal(left("p\030p", &how), 1);
    assert_int_equal(left("p\032p", &how), 1);
    assert_int_equal(left("a line\r\n and a tab\t\033", &how), -1);
}

static void test_what_cuts_it_is_none_of_it(void **state)
{
    enum control_string_result how;
    (void)state;
    assert_int_equal(left("11;rgb\033[C", &how), 1);
    assert_int_equal(how, STRING_CUT_BY_ESC);
    assert_int_equal(left("11;rgb\033\033[C", &how), 1);
    assert_int_equal(how, STRING_CUT_BY_ESC);
    assert_int_equal(left("11;rgb\003", &how), 0); /* Ctrl-C */
    assert_int_equal(how, STRING_CUT);
}

static void test_a_pause_ends_it(void **state)
{
    (void)state;
    control_string_open(&string);
    control_string_take(&string, '1');
    control_string_empty(&string, NOW);
    control_string_empty(&string, NOW + 999 * MS);
    assert_true(string.open);
    control_string_take(&string, '2'); /* its second part */
    control_string_empty(&string, NOW + 1500 * MS);
    control_string_empty(&string, NOW + 2499 * MS);
    assert_true(string.open);
    control_string_empty(&string, NOW + 2500 * MS);
    assert_false(string.open);
}

/* Alt-] is over as soon as a string that is cut behind its introducer would be. */
static void test_an_introducer_alone(void **state)
{
    (void)state;
    control_string_open(&string);
    control_string_empty(&string, NOW);
    control_string_empty(&string, NOW + 999 * MS);
    assert_true(string.open);
    control_string_empty(&string, NOW + 1000 * MS);
    assert_false(string.open);
}

/* The process stood still between two looks, and the rest came meanwhile. */
static void test_time_without_a_look_does_not_count(void **state)
{
    (void)state;
    control_string_open(&string);
    control_string_take(&string, '1');
    control_string_empty(&string, NOW);
    control_string_take(&string, '2');
    assert_true(string.open);
    control_string_empty(&string, NOW + 60000 * MS);
    assert_true(string.open);
}

static void test_controls_that_no_sequence_contains(void **state)
{
    (void)state;
    for (uint32_t ch = 0; ch < 0x200; ch++)
        assert_int_equal(control_cuts(ch), ch < 0x20 && !(ch >= 8 && ch <= 13));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_begins_one),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_what_cuts_it_is_none_of_it),
        cmocka_unit_test(test_a_pause_ends_it),
        cmocka_unit_test(test_an_introducer_alone),
        cmocka_unit_test(test_time_without_a_look_does_not_count),
        cmocka_unit_test(test_controls_that_no_sequence_contains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
