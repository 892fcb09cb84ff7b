/* Mouse reports: clicks and the wheel are recognised with their position, and everything else is
 * ignored. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ui/term/mouse.h"
#include "ui/term/term.h"

static void test_sgr(void **state)
{
    struct input in;

    (void)state;
    assert_true(mouse_sgr("<0;10;5", 'M', &in));
    assert_int_equal(in.kind, INPUT_CLICK);
    assert_int_equal(in.x, 9);
    assert_int_equal(in.y, 4);
    assert_true(mouse_sgr("<0;300;120", 'M', &in)); /* beyond what X10 can say */
    assert_int_equal(in.x, 299);
    assert_true(mouse_sgr("<64;1;1", 'M', &in));
    assert_int_equal(in.kind, INPUT_WHEEL_UP);
    assert_true(mouse_sgr("<65;1;1", 'M', &in));
    assert_int_equal(in.kind, INPUT_WHEEL_DOWN);
}

static void test_what_is_nothing(void **state)
{
    static const char *const params[] = {"<2;1;1",
                                         "<1;1;1",
                                         "<66;1;1",
                                         "<67;1;1",
                                         "<32;4;4",
                                         "<16;1;1",
                                         "<4;1;1",
                                         "<0;0;1",
                                         "<0;1;0",
                                         "<0;1",
                                         "<0;1;1;1",
                                         "<;1;1",
                                         "<0;;1",
                                         "<-1;1;1",
                                         "<0;99999999;1",
                                         "<0;1;99999999999999999999",
                                         "0;1;1",
                                         "",
                                         "<",
                                         "<0;1;1 ",
                                         "<0x0;1;1"};
    struct input in;

    (void)state;
    for (size_t i = 0; i < sizeof params / sizeof *params; i++)
        if (mouse_sgr(params[i], 'M', &in))
            fail_msg("'%s' was a click", params[i]);
    assert_false(mouse_sgr("<0;1;1", 'm', &in)); /* a release */
    assert_false(mouse_sgr("<0;1;1", 'u', &in));
}

static void test_x10(void **state)
{
    const uint32_t click[3] = {32, 33 + 9, 33 + 4}, release[3] = {35, 40, 40},
                   wheel[3] = {96, 33, 33}, torn[3] = {32, 5, 40}, far[3] = {32, 0x1f600, 40};
    struct input in;

    (void)state;
    assert_true(mouse_is_x10("", 'M'));
    assert_false(mouse_is_x10("<0;1;1", 'M'));
    assert_false(mouse_is_x10("", 'm'));
    assert_true(mouse_x10(click, &in));
    assert_int_equal(in.kind, INPUT_CLICK);
    assert_int_equal(in.x, 9);
    assert_int_equal(in.y, 4);
    assert_true(mouse_x10(wheel, &in));
    assert_int_equal(in.kind, INPUT_WHEEL_UP);
    assert_false(mouse_x10(release, &in));
    assert_false(mouse_x10(torn, &in));
    assert_false(mouse_x10(far, &in));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sgr),
                                       cmocka_unit_test(test_what_is_nothing),
                                       cmocka_unit_test(test_x10)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
