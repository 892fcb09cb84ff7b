/* Keys and text fields: the promised keys exist, no key has two meanings, and a key that is held
 * down turns a dial slowly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "ui/widgets/field.h"
#include "ui/widgets/keys.h"
#include "ui/term/term.h"

static void test_no_key_means_two_things(void **state)
{
    (void)state;
    for (const struct key_binding *a = key_table; a->action != ACT_NONE; a++) {
        assert_true(a->key[0] != 0);
        assert_non_null(a->help);
        assert_non_null(a->group);
        for (const struct key_binding *b = a + 1; b->action != ACT_NONE; b++)
            for (int i = 0; i < KEYS_EACH; i++)
                for (int j = 0; j < KEYS_EACH; j++)
                    if (a->key[i] && a->key[i] == b->key[j] && (a->where & b->where))
                        fail_msg("'%s' and '%s' share a key", a->shown, b->shown);
    }
}

static void test_the_promised_keys(void **state)
{
    static const struct {
        uint32_t key;
        enum action action;
    } promised[] = {{KEYCODE_UP, ACT_UP},
                    {'k', ACT_UP},
                    {KEYCODE_DOWN, ACT_DOWN},
                    {'j', ACT_DOWN},
                    {KEYCODE_PGUP, ACT_PGUP},
                    {KEYCODE_PGDN, ACT_PGDN},
                    {KEYCODE_HOME, ACT_HOME},
                    {KEYCODE_END, ACT_END},
                    {KEYCODE_LEFT, ACT_DIAL_LEFT},
                    {KEYCODE_RIGHT, ACT_DIAL_RIGHT},
                    {'+', ACT_TURN_UP},
                    {'-', ACT_TURN_DOWN},
                    {'=', ACT_EXACT},
                    {'u', ACT_UNDO},
                    {'p', ACT_PAUSE},
                    {' ', ACT_PAUSE},
                    {'P', ACT_PAUSE_ALL},
                    {'L', ACT_LOCK},
                    {'a', ACT_ADD},
                    {'e', ACT_EDIT},
                    {'x', ACT_STOP},
                    {'S', ACT_SWEEP},
                    {KEYCODE_TAB, ACT_NEXT_VIEW},
                    {'1', ACT_VIEW},
                    {'6', ACT_VIEW},
                    {KEYCODE_ENTER, ACT_INTO},
                    {KEYCODE_ESC, ACT_BACK},
                    {'/', ACT_FIND},
                    {'n', ACT_FIND_NEXT},
                    {'N', ACT_FIND_PREVIOUS},
                    {'<', ACT_SORT_LEFT},
                    {'>', ACT_SORT_RIGHT},
                    {'I', ACT_SORT_INVERT},
                    {'c', ACT_CAPTURE},
                    {'r', ACT_REPORT},
                    {'m', ACT_MARK},
                    {'b', ACT_BASELINE},
                    {'Z', ACT_FREEZE},
                    {'T', ACT_THEME},
                    {'G', ACT_GLYPHS},
                    {':', ACT_COMMAND},
                    {'?', ACT_HELP},
                    {'h', ACT_HELP},
                    {KEYCODE_F1, ACT_HELP},
                    {12, ACT_REDRAW},
                    {KEYCODE_F5, ACT_REDRAW},
                    {'q', ACT_QUIT},
                    {3, ACT_INTERRUPT},
                    {26, ACT_SUSPEND}};

    (void)state;
    for (size_t i = 0; i < sizeof promised / sizeof *promised; i++)
        assert_int_equal(keys_find(promised[i].key, KEY_IN_VIEW), promised[i].action);
}

/* Letters are text where text is typed; what stops everything works everywhere. */
static void test_places(void **state)
{
    (void)state;
    assert_int_equal(keys_find('P', KEY_IN_DIALOG), ACT_PAUSE_ALL);
    assert_int_equal(keys_find('P', KEY_IN_TEXT), ACT_NONE);
    for (uint32_t key = 0x20; key < 0x7f; key++)
        assert_int_equal(keys_find(key, KEY_IN_TEXT), ACT_NONE);
    assert_int_equal(keys_find(3, KEY_IN_TEXT), ACT_INTERRUPT);
    assert_int_equal(keys_find('p', KEY_IN_DIALOG), ACT_NONE);
    assert_int_equal(keys_find('+', KEY_IN_DIALOG), ACT_NONE);
}

static void test_a_held_key_turns_four_times_a_second(void **state)
{
    struct turns t = {.any = false};
    double at[512];
    int turns = 0;

    (void)state;
    for (int i = 0; i < 3000; i++) /* 30 repeats a second, 100 s */
        if (keys_turn_allowed(&t, 1000 + i / 30.0))
            at[turns++] = 1000 + i / 30.0;
    assert_in_range(turns, 300, 402);
    for (int i = 4; i < turns; i++) /* in no second more than four */
        assert_true(at[i] - at[i - 4] >= 1.0);
    memset(&t, 0, sizeof t);
    assert_true(keys_turn_allowed(&t, 0)); /* two taps are two turns */
    assert_true(keys_turn_allowed(&t, 0.02));
    assert_false(keys_turn_allowed(&t, 0.04));
    assert_false(keys_turn_allowed(&t, 0.28));
    assert_true(keys_turn_allowed(&t, 0.5));
}

/* Half of what was pasted would be another command: all of it goes in, or nothing. */
static void test_field_takes_all_or_nothing(void **state)
{
    struct field f = {0};
    char most[FIELD_MAX], more[FIELD_MAX + 1];

    (void)state;
    memset(most, 'x', sizeof most);
    most[FIELD_MAX - 1] = '\0';
    memset(more, 'y', sizeof more);
    more[FIELD_MAX] = '\0';
    field_set(&f, "add ");
    assert_false(field_insert(&f, more));
    assert_string_equal(f.s, "add ");
    assert_int_equal(f.at, 4);
    assert_false(field_insert(&f, most));
    assert_true(field_insert(&f, most + 4));
    assert_int_equal(f.len, FIELD_MAX - 1);
}

static void test_field(void **state)
{
    struct field f = {0};

    (void)state;
    field_insert(&f, "threads 4\n\033");
    assert_string_equal(f.s, "threads 4");
    field_key(&f, KEYCODE_HOME);
    field_insert(&f, "\u00e9");
    assert_string_equal(f.s, "\u00e9threads 4");
    field_key(&f, KEYCODE_RIGHT);
    field_key(&f, KEYCODE_LEFT);
    field_key(&f, KEYCODE_BACKSPACE); /* a whole character, not a byte */
    assert_string_equal(f.s, "threads 4");
    field_key(&f, KEYCODE_END);
    field_key(&f, KEY_CTRL('w'));
    assert_string_equal(f.s, "threads ");
    field_key(&f, KEY_CTRL('u'));
    assert_string_equal(f.s, "");
    field_key(&f, KEYCODE_BACKSPACE);
    field_key(&f, KEYCODE_DELETE);
    assert_int_equal(f.len, 0);
    for (int i = 0; i < 2 * FIELD_MAX; i++)
        field_key(&f, 'x');
    assert_int_equal(f.len, FIELD_MAX - 1);
    assert_int_equal(strlen(f.s), f.len);
    assert_false(field_key(&f, KEYCODE_F5));
}

static void test_history(void **state)
{
    struct history h = {0};
    struct field f = {0};

    (void)state;
    assert_false(history_move(&h, &f, true));
    history_add(&h, "one");
    history_add(&h, "two");
    history_add(&h, "two");
    history_add(&h, "");
    assert_int_equal(h.n, 2);
    field_set(&f, "typing");
    assert_true(history_move(&h, &f, true));
    assert_string_equal(f.s, "two");
    assert_true(history_move(&h, &f, true));
    assert_string_equal(f.s, "one");
    assert_false(history_move(&h, &f, true));
    history_move(&h, &f, false);
    history_move(&h, &f, false);
    assert_string_equal(f.s, "typing");
    for (int i = 0; i < 3 * HISTORY_MAX; i++)
        history_add(&h, i % 2 ? "a" : "b");
    assert_int_equal(h.n, HISTORY_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_key_means_two_things),
        cmocka_unit_test(test_the_promised_keys),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_a_held_key_turns_four_times_a_second),
        cmocka_unit_test(test_field),
        cmocka_unit_test(test_field_takes_all_or_nothing),
        cmocka_unit_test(test_history),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
