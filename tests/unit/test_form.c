/* Forms: fields from the option tables, checks while typing, and the commands that come out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/config/command.h"
#include "engine/base/err.h"
#include "tests/unit/fixture_snapshot.h"
#include "ui/widgets/form.h"
#include "ui/term/term.h"
#include "ui/widgets/form_sweep.h"

static struct form form;

static void type(const char *s)
{
    while (*s)
        form_key(&form, (uint32_t)(unsigned char)*s++);
}

static struct form_field *go_to(const char *name)
{
    for (int i = 0; i < form.fields; i++)
        if (!strcmp(form.field[i].name, name)) {
            form.at = i;
            return &form.field[i];
        }
    fail_msg("no field '%s'", name);
    return NULL;
}

static void assert_command(int i, const char *want)
{
    char buf[1024];
    struct command c;
    struct err err = {0};

    if (!want) {
        assert_false(form_command(&form, i, buf, sizeof buf));
        return;
    }
    assert_true(form_command(&form, i, buf, sizeof buf));
    assert_string_equal(buf, want);
    if (command_parse(&c, buf, &err, NULL)) /* it is a command that the engine knows */
        fail_msg("%s", err.msg);
}

static void test_every_option_is_a_field(void **state)
{
    (void)state;
    form_open_add(&form, fixture_backends);
    assert_false(form_is_typing(&form));
    form_key(&form, KEYCODE_ENTER);
    assert_true(form_is_typing(&form));
    for (int i = 0; pool_option_table[i].name; i++)
        go_to(pool_option_table[i].name);
    for (int i = 0; fixture_redis_options[i].name; i++)
        assert_string_equal(go_to(fixture_redis_options[i].name)->help,
                            fixture_redis_options[i].help);
}

static void test_what_is_not_built_in_says_so(void **state)
{
    (void)state;
    form_open_add(&form, fixture_backends);
    type("jj");
    assert_int_equal(form_key(&form, KEYCODE_ENTER), FORM_STAYS);
    assert_null(form.backend);
    assert_non_null(strstr(form.error, "librdkafka-dev"));
    assert_int_equal(form_key(&form, KEYCODE_ESC), FORM_CANCELLED);
}

static void test_checks_while_typing(void **state)
{
    struct form_field *f;

    (void)state;
    form_open_add(&form, fixture_backends);
    form_key(&form, KEYCODE_ENTER);
    f = go_to("threads");
    type("x");
    assert_true(f->error[0] != '\0');
    assert_int_equal(form_key(&form, KEYCODE_ENTER), FORM_STAYS);
    form_key(&form, KEYCODE_BACKSPACE);
    type("4");
    assert_string_equal(f->error, "");
    f = go_to("rate");
    type("10k");
    assert_string_equal(f->error, "");
    f = go_to("rate");
    type("zz");
    assert_true(f->error[0] != '\0');
    form_key(&form, KEY_CTRL('u'));
    f = go_to("ops");
    type("gett:1");
    assert_non_null(strstr(f->error, "get"));
    form_key(&form, KEY_CTRL('u'));
    f = go_to("size");
    type("32-");
    assert_true(f->error[0] != '\0');
    type("64");
    assert_string_equal(f->error, "");
}

static void test_add(void **state)
{
    (void)state;
    form_open_add(&form, fixture_backends);
    form_key(&form, KEYCODE_ENTER);
    go_to("threads");
    type("4");
    go_to("dist");
    form_key(&form, KEYCODE_RIGHT); /* from the default to the next */
    go_to("prefix");
    type("a b&c:");
    assert_int_equal(form_key(&form, KEYCODE_ENTER), FORM_DONE);
    assert_command(0, "add redis://localhost:6379/0?threads=4&dist=zipf&prefix=a%20b%26c:");
    assert_command(1, NULL);
}

static void test_edit(void **state)
{
    struct snapshot *s = fixture_snapshot();

    (void)state;
    form_open_edit(&form, &s->pool[0]);
    assert_command(0, NULL); /* nothing changed */
    go_to("threads");
    form_key(&form, KEY_CTRL('u'));
    type("8");
    go_to("keys");
    form_key(&form, KEY_CTRL('u'));
    type("500");
    go_to("connections");
    assert_string_equal(form.field[form.at].text.s, "auto");
    go_to("rate");
    form_key(&form, KEY_CTRL('u'));
    type("5k/s");
    assert_int_equal(form_key(&form, KEYCODE_ENTER), FORM_DONE);
    assert_command(0, "1 threads 8");
    assert_command(1, "1 rate 5k/s");
    assert_command(2, "1 set keys 500");
    assert_command(3, NULL);
}

static void test_sweep(void **state)
{
    struct snapshot *s = fixture_snapshot();

    (void)state;
    form_open_sweep(&form, &s->pool[0]);
    form_key(&form, KEYCODE_RIGHT);
    form_key(&form, KEYCODE_DOWN);
    form_key(&form, KEY_CTRL('u'));
    assert_int_equal(form_key(&form, KEYCODE_ENTER), FORM_STAYS); /* values are needed */
    type("1,10,100");
    assert_int_equal(form_key(&form, KEYCODE_ENTER), FORM_DONE);
    assert_command(0, "sweep 1 clients=1,10,100");
    assert_command(1, NULL);
}

/* A second variable makes a grid; an option of the backend can vary as well; both are checked while
 * they are typed. */
static void test_sweep_over_two(void **state)
{
    struct snapshot *s = fixture_snapshot();
    struct form_field *second, *list;

    (void)state;
    form_open_sweep(&form, &s->pool[0]);
    assert_string_equal(go_to("values")->text.s, "1,2,4,8");
    list = go_to("its values");
    type("7"); /* nothing varies there yet */
    assert_string_equal(list->text.s, "");
    second = go_to("and");
    form_key(&form, KEYCODE_RIGHT);
    assert_string_equal(second->text.s, "threads");
    assert_non_null(strstr(second->error, "first one"));
    assert_int_equal(form_key(&form, KEYCODE_ENTER), FORM_STAYS);
    while (strcmp(second->text.s, "dist") != 0)
        form_key(&form, KEYCODE_RIGHT);
    assert_string_equal(second->error, "");
    assert_string_equal(list->text.s, "uniform,zipf,sequential"); /* a start */
    go_to("its values");
    form_key(&form, KEY_CTRL('u'));
    assert_non_null(strstr(list->error, "needed"));
    type("uniform,zipf");
    assert_string_equal(list->error, "");
    go_to("values");
    type(",x");
    assert_non_null(strstr(form.field[form.at].error, "threads x"));
    form_key(&form, KEYCODE_BACKSPACE);
    type("16");
    go_to("hold");
    type("3");
    assert_non_null(strstr(form.field[form.at].error, "unit"));
    type("s");
    go_to("order");
    form_key(&form, KEYCODE_RIGHT);
    assert_int_equal(form_key(&form, KEYCODE_ENTER), FORM_DONE);
    assert_command(0, "sweep 1 threads=1,2,4,8,16 dist=uniform,zipf hold=3s order=random");
}

/* Bounds are not rounded: what a field says is allowed, is. */
static void test_bounds_are_exact(void **state)
{
    (void)state;
    form_open_add(&form, fixture_backends);
    form_key(&form, KEYCODE_ENTER);
    assert_string_equal(go_to("threads")->type, "count, 1 to 4096");
    assert_string_equal(go_to("clients")->type, "count, 1 to 1M");
    assert_string_equal(go_to("timeout")->type, "time, 1ms to 1h");
    assert_string_equal(go_to("ops")->def, "get:80,set:20");
}

static void test_paste_is_one_line(void **state)
{
    (void)state;
    form_open_add(&form, fixture_backends);
    form_paste(&form, "x\r"); /* nothing to type into yet */
    assert_null(form.backend);
    form_key(&form, KEYCODE_ENTER);
    go_to("name");
    form_paste(&form, "q\r\n+++");
    assert_string_equal(form.field[form.at].text.s, "q+++");
}

static int close_form(void **state)
{
    (void)state;
    form_close(&form);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_every_option_is_a_field, close_form),
        cmocka_unit_test_teardown(test_what_is_not_built_in_says_so, close_form),
        cmocka_unit_test_teardown(test_checks_while_typing, close_form),
        cmocka_unit_test_teardown(test_add, close_form),
        cmocka_unit_test_teardown(test_edit, close_form),
        cmocka_unit_test_teardown(test_sweep, close_form),
        cmocka_unit_test_teardown(test_sweep_over_two, close_form),
        cmocka_unit_test_teardown(test_bounds_are_exact, close_form),
        cmocka_unit_test_teardown(test_paste_is_one_line, close_form),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
