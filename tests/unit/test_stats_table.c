/* A backend's own statistics as lines: columns are as wide as their widest cell, numbers are
 * right-aligned, columns that do not fit are omitted as a whole, and nothing is written if there
 * are no statistics. */
#include "engine/base/text.h"
#include "ui/draw/stats_table.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static json_t *stats;

static int load(void **state)
{
    static const char text[] =
        "{\"topic\": \"t\", \"consumer\": {\"findings\": [\"own: keeps up to 40\"], \"table\": {"
        "\"head\": [\"clients\", \"consumers\", \"lag/s\"], \"note\": \"what it means\","
        "\"rows\": [[\"20\", \"own\", \"-\"], [\"160\", \"4 shared\", \"+3.10k\"]]}}}";
    (void)state;
    stats = json_loads(text, 0, NULL);
    return stats ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    json_decref(stats);
    return 0;
}

static void lines(void **state)
{
    const json_t *t = stats_table(stats);
    char buf[64];
    (void)state;
    assert_string_equal(stats_table_line(t, -1, 60, buf, sizeof buf), "clients  consumers   lag/s");
    assert_string_equal(stats_table_line(t, 0, 60, buf, sizeof buf), "     20  own             -");
    assert_string_equal(stats_table_line(t, 1, 60, buf, sizeof buf), "    160  4 shared   +3.10k");
    assert_string_equal(stats_table_line(t, 1, 25, buf, sizeof buf), "    160  4 shared ");
    assert_string_equal(stats_table_line(t, 1, 6, buf, sizeof buf), "");
    assert_string_equal(stats_table_line(t, 1, 60, buf, 9), "    160"); /* whole cells only */
    assert_string_equal(stats_table_line(t, 7, 60, buf, sizeof buf), "                          ");
}

static void text_of_all(void **state)
{
    struct text t = {0};
    (void)state;
    stats_table_text(stats, "  ", 60, &t);
    assert_string_equal(text_str(&t), "  own: keeps up to 40\n"
                                      "  clients  consumers   lag/s\n"
                                      "       20  own             -\n"
                                      "      160  4 shared   +3.10k\n");
    text_free(&t);
}

static void nothing(void **state)
{
    struct text t = {0};
    json_t *plain = json_pack("{s:s, s:{s:[], s:{s:[], s:[]}}}", "topic", "t", "consumer",
                              "findings", "table", "head", "rows");
    (void)state;
    assert_null(stats_table(NULL));
    assert_null(stats_findings(NULL));
    assert_null(stats_table(plain));
    assert_null(stats_findings(plain));
    stats_table_text(plain, "", 60, &t);
    assert_int_equal(t.len, 0);
    text_free(&t);
    json_decref(plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),
        cmocka_unit_test(text_of_all),
        cmocka_unit_test(nothing),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
