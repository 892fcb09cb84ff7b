/* The user's CQL is split into statements exactly where CQL ends them. */
#include "backends/cassandra/types.h"
#include "engine/base/text.h"
#include "backends/cassandra/user_stmts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* What is cut, and then what should come of it. */
static void cut_all(const char *const *list)
{
    struct text one = {0};
    const char *cql = list[0], *at = cql, *const *wanted = list + 1;
    for (; (at = cass_next_statement(at, &one)); wanted++) {
        if (!*wanted)
            fail_msg("%s: one more: %s", cql, text_str(&one));
        assert_string_equal(text_str(&one), *wanted);
    }
    if (*wanted)
        fail_msg("%s: missing: %s", cql, *wanted);
    text_free(&one);
}

#define CUT(...) cut_all((const char *const[]){__VA_ARGS__, NULL})

static void statements_end_at_semicolons(void **state)
{
    (void)state;
    CUT("");
    CUT(" ;; \n ; ");
    CUT("SELECT a FROM t", "SELECT a FROM t");
    CUT(" SELECT a\n FROM t ; ", "SELECT a FROM t ");
    CUT("SELECT a FROM t;SELECT b FROM t;", "SELECT a FROM t", "SELECT b FROM t");
}

static void quotes_and_comments_do_not(void **state)
{
    (void)state;
    CUT("INSERT INTO t (a) VALUES (';  it''s;'); SELECT \"a;b\" FROM t",
        "INSERT INTO t (a) VALUES (';  it''s;')", "SELECT \"a;b\" FROM t");
    CUT("-- first; not second\nSELECT a /* ; */ FROM t // ;\n", "SELECT a FROM t ");
    CUT("/* never ends ; SELECT a");
    CUT("SELECT 'never ends ; a", "SELECT 'never ends ; a");
    CUT("SELECT a-b FROM t", "SELECT a-b FROM t");
}

static void batches_are_whole(void **state)
{
    (void)state;
    CUT("BEGIN BATCH INSERT INTO t (a) VALUES (?); DELETE FROM t WHERE a = ?; APPLY "
        "BATCH; SELECT a FROM t",
        "BEGIN BATCH INSERT INTO t (a) VALUES (?); DELETE FROM t WHERE a = ?; APPLY BATCH",
        "SELECT a FROM t");
    CUT("begin unlogged batch x; apply  batch;", "begin unlogged batch x; apply batch");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_end_at_semicolons),
        cmocka_unit_test(quotes_and_comments_do_not),
        cmocka_unit_test(batches_are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
