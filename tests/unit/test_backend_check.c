/* backend_check reports each missing required field and each invalid table by name; it accepts
 * every backend, and the smallest complete one. */
#include "backends/registry.h"
#include "engine/backend.h"
#include "engine/base/err.h"
#include "engine/config/option.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static struct option_spec options[3];
static struct op_type ops[18];
static struct backend whole;

static uint32_t depth(const struct options *o, const double *weight, uint32_t client_depth)
{
    (void)o;
    (void)weight;
    return client_depth;
}

static int open_none(struct conn *c, struct err *err)
{
    (void)c;
    (void)err;
    return 0;
}

static enum submit submit(struct conn *c, struct op *op)
{
    (void)c;
    (void)op;
    return SUBMIT_BUSY;
}

static void close_none(struct conn *c)
{
    (void)c;
}

static int prepare(void **state)
{
    (void)state;
    memset(options, 0, sizeof options);
    memset(ops, 0, sizeof ops);
    options[0] = (struct option_spec){"rows", OPTION_COUNT, 0, "10", 1, 100, NULL, "rows of one"};
    options[1] = (struct option_spec){"kind", OPTION_CHOICE, 0, "a", 0, 0, "a|b", "which kind"};
    ops[0] = (struct op_type){.name = "put", .help = "puts one", .weight = 1, .noun = "row"};
    ops[1] = (struct op_type){.name = "bulk", .help = "puts some", .bulk = "rows", .noun = "row"};
    whole = (struct backend){.name = "small",
                             .summary = "the smallest that is whole",
                             .schemes = "small smalls",
                             .example = "smalls://localhost",
                             .options = options,
                             .ops = ops,
                             .depth = depth,
                             .open = open_none,
                             .submit = submit,
                             .close = close_none};
    return 0;
}

static void refused(const char *words)
{
    struct err err = {0};
    assert_int_equal(backend_check(&whole, &err), ERR_FAILED);
    assert_non_null(strstr(err.msg, "backend "));
    if (!strstr(err.msg, words))
        fail_msg("'%s' does not say '%s'", err.msg, words);
    prepare(NULL);
}

static void test_each_backend_is_whole(void **state)
{
    struct err err = {0};
    (void)state;
    assert_int_equal(backend_check(&whole, &err), 0);
    for (const struct backend *const *b = backends; *b; b++)
        if (backend_check(*b, &err))
            fail_msg("%s", err.msg);
}

static void test_what_is_required(void **state)
{
    (void)state;
    whole.name = NULL;
    refused("a name");
    whole.name = "Small one";
    refused("a name");
    whole.summary = NULL;
    refused("summary");
    whole.schemes = "";
    refused("scheme");
    whole.example = NULL;
    refused("example");
    whole.example = "small2://localhost";
    refused("example");
    whole.options = NULL;
    refused("table of options");
    whole.ops = NULL;
    refused("an operation");
    ops[0].name = NULL;
    refused("an operation");
    whole.depth = NULL;
    refused("depth");
    whole.open = NULL;
    refused("open");
    whole.submit = NULL;
    refused("submit");
    whole.close = NULL;
    refused("close");
    whole.flags = 1u << 20;
    refused("flag");
}

static void test_tables(void **state)
{
    (void)state;
    options[0].help = NULL;
    refused("rows: an option needs");
    options[1].choices = NULL;
    refused("kind: an option that is a choice");
    options[0].min = 1000;
    refused("rows: an option's least");
    options[0].name = "rows.";
    refused("rows.: an option's name");
    options[0].flags = OPTION_PREFIX;
    refused("rows: an option's name");
    options[1].name = "rows";
    refused("rows: two options");
    options[0].alias = "kind";
    refused("kind: two options");
    options[1].alias = "rows";
    refused("kind: two options");
    options[0].alias = options[1].alias = "former";
    refused("kind: two options");
    options[0].alias = "";
    refused("rows: a prefix has no alias");
    options[1].name = "threads";
    refused("threads: every pool");
    options[1].alias = "depth";
    refused("kind: every pool");
    ops[0].name = "p:t";
    refused("p:t: an operation's name");
    ops[0].help = "";
    refused("put: an operation needs a sentence");
    ops[1].noun = NULL;
    refused("bulk: an operation needs a noun");
    ops[0].weight = -1;
    refused("put: an operation's weight");
    ops[0].weight = NAN;
    refused("put: an operation's weight");
    ops[0].weight = 0;
    refused("no operation has weight");
    ops[1].bulk = "row";
    refused("bulk: `bulk`");
    ops[1].bulk = "kind";
    refused("bulk: `bulk`");
    ops[1].name = "put";
    refused("put: two operations");
    static char name[17][4];
    for (unsigned i = 0; i < 17; i++) {
        name[i][0] = (char)('a' + i);
        ops[i] = ops[0];
        ops[i].name = name[i];
    }
    refused("more than 16");
}

/* One that was not built has its tables, and no code. */
static void test_not_built(void **state)
{
    struct err err = {0};
    (void)state;
    whole.unavailable = "built without anything";
    whole.depth = NULL;
    whole.open = NULL;
    whole.submit = NULL;
    whole.close = NULL;
    assert_int_equal(backend_check(&whole, &err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_each_backend_is_whole, prepare),
        cmocka_unit_test_setup(test_what_is_required, prepare),
        cmocka_unit_test_setup(test_tables, prepare),
        cmocka_unit_test_setup(test_not_built, prepare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
