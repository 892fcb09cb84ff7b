/* Key sequences character by character, as they arrive in parts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ui/term/sequence.h"

#define MS UINT64_C(1000000)

/* Gives all characters but the last, which ends the sequence so. */
static void take_all(struct sequence *s, const char *text, enum sequence_result end)
{
    for (; text[1]; text++)
        assert_int_equal(sequence_take(s, (uint8_t)*text), SEQUENCE_MORE);
    assert_int_equal(sequence_take(s, (uint8_t)*text), end);
    assert_false(s->open);
}

static void test_it_ends_with_its_letter(void **state)
{
    (void)state;
    struct sequence s = {.open = false};
    sequence_open(&s, '[', false);
    take_all(&s, "<0;10;5M", SEQUENCE_DONE);
    assert_string_equal(s.params, "<0;10;5");
    sequence_open(&s, 'O', false);
    take_all(&s, "P", SEQUENCE_DONE);
    sequence_open(&s, '[', false);
    take_all(&s, "[A", SEQUENCE_MORE); /* the console's: one letter more */
    sequence_open(&s, '[', false);
    take_all(&s, "1;\x1b", SEQUENCE_CUT);
    sequence_open(&s, '[', false);
    take_all(&s, "\x03", SEQUENCE_CUT);
    sequence_skip(&s, 3);
    take_all(&s, "P\x1b+", SEQUENCE_MORE);
}

static void test_params_are_bounded(void **state)
{
    (void)state;
    struct sequence s = {.open = false};
    sequence_open(&s, '[', false);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(sequence_take(&s, i & 1 ? ';' : 0x20ac), SEQUENCE_MORE);
    assert_int_equal(strlen(s.params), SEQUENCE_PARAMS_MAX - 1);
    assert_int_equal(sequence_take(&s, '~'), SEQUENCE_DONE);
}

static void test_pauses(void **state)
{
    (void)state;
    struct sequence s = {.open = false};
    sequence_open(&s, '[', false);
    sequence_empty(&s, 1000 * MS);
    sequence_empty(&s, 1400 * MS);
    assert_true(s.open);
    assert_int_equal(sequence_take(&s, '1'), SEQUENCE_MORE);
    sequence_empty(&s, 9000 * MS); /* the program did not run in between */
    assert_true(s.open);
    sequence_empty(&s, 9500 * MS);
    assert_false(s.open);
    sequence_open(&s, '[', true);
    sequence_empty(&s, 1000 * MS);
    sequence_empty(&s, 1100 * MS);
    assert_false(s.open);
    sequence_escape(&s);
    sequence_empty(&s, 1000 * MS);
    sequence_empty(&s, 1200 * MS);
    assert_true(s.escape);
    sequence_empty(&s, 1250 * MS);
    assert_false(s.escape);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_ends_with_its_letter),
        cmocka_unit_test(test_params_are_bounded),
        cmocka_unit_test(test_pauses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
