/* Option tables: every type is read, range-checked, written and copied; every refusal is one line
 * that names the option, the value, what is allowed and the nearest name, and contains no
 * secret. */
#include "engine/base/err.h"
#include "engine/config/option.h"
#include "engine/config/scenario.h"
#include "engine/base/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum {
    CREATE,
    ROWS,
    SHARE,
    WAIT,
    LIMIT,
    SIZE,
    DIST,
    PREFIX,
    PASSWORD,
    KAFKA,
    FREE,
    RENAMED,
    TABLE_SIZE
};
static const struct option_spec table[] = {
    [CREATE] = {"create", OPTION_BOOL, 0, "yes", 0, 0, NULL, "help"},
    [ROWS] = {"rows", OPTION_COUNT, OPTION_LIVE, "100", 1, 100000, NULL, "help"},
    [SHARE] = {"share", OPTION_REAL, OPTION_LIVE, "0.25", 0, 1, NULL, "help"},
    [WAIT] = {"wait", OPTION_DURATION, OPTION_LIVE, "5s", 1e6, 3600e9, NULL, "help"},
    [LIMIT] = {"limit", OPTION_SIZE, OPTION_LIVE, "64k", 1, 0, NULL, "help"},
    [SIZE] = {"size", OPTION_SPAN, OPTION_LIVE, "32", 1, 1048576, NULL, "help"},
    [DIST] = {"dist", OPTION_CHOICE, OPTION_LIVE, "uniform", 0, 0, "uniform|zipf|sequential",
              "help"},
    [PREFIX] = {"prefix", OPTION_TEXT, 0, "loadtop:", 0, 0, NULL, "help"},
    [PASSWORD] = {"password", OPTION_SECRET, 0, NULL, 0, 0, NULL, "help"},
    [KAFKA] = {"kafka.", OPTION_TEXT, OPTION_PREFIX, NULL, 0, 0, NULL, "help"},
    [FREE] = {"free", OPTION_COUNT, OPTION_LIVE, NULL, 0, 0, NULL, "help"},
    [RENAMED] = {"tls.ca", OPTION_TEXT, OPTION_TRUSTED_ONLY, "", 0, 0, NULL, "help", "ca"},
    [TABLE_SIZE] = {NULL, OPTION_TEXT, 0, NULL, 0, 0, NULL, NULL},
};

static struct options options;

static int setup(void **state)
{
    (void)state;
    options_init(&options, table);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    options_fini(&options);
    return 0;
}

static const char *text_of(unsigned i)
{
    static char buf[256];
    return options_text(&options, i, buf, sizeof buf);
}

static void accept(const char *name, const char *value)
{
    struct err err = {0};
    if (options_set(&options, name, value, ORIGIN_ARGV, false, &err))
        fail_msg("%s=%s was refused: %s", name, value, err.msg);
}

static void defaults_are_set(void **state)
{
    (void)state;
    assert_int_equal(options.n, TABLE_SIZE);
    assert_true(option_bool(&options, CREATE));
    assert_int_equal(option_u64(&options, ROWS), 100);
    assert_true(option_real(&options, SHARE) == 0.25);
    assert_int_equal(option_u64(&options, WAIT), UINT64_C(5000000000));
    assert_int_equal(option_u64(&options, LIMIT), 65536);
    assert_int_equal(option_low(&options, SIZE), 32);
    assert_int_equal(option_high(&options, SIZE), 32);
    assert_int_equal(option_u64(&options, DIST), 0);
    assert_string_equal(option_str(&options, PREFIX), "loadtop:");
    assert_string_equal(option_str(&options, PASSWORD), "");
    assert_int_equal(option_u64(&options, FREE), 0);
    for (unsigned i = 0; i < TABLE_SIZE; i++)
        assert_false(option_given(&options, i));
}

static void values_are_read_and_written(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value, *text;
        unsigned index;
    } cases[] = {
        {"create", "no", "no", CREATE},
        {"create", "on", "yes", CREATE},
        {"create", "false", "no", CREATE},
        {"create", "1", "yes", CREATE},
        {"rows", "10k", "10000", ROWS},
        {"rows", "1", "1", ROWS},
        {"rows", "100000", "100000", ROWS},
        {"share", "0.1", "0.1", SHARE},
        {"share", "1e-3", "0.001", SHARE},
        {"share", "0.30000000000000004", "0.30000000000000004", SHARE},
        {"wait", "1ms", "1ms", WAIT},
        {"wait", "1.5s", "1500ms", WAIT},
        {"limit", "1MiB", "1048576", LIMIT},
        {"size", "32-4096", "32-4096", SIZE},
        {"size", "1k-4k", "1024-4096", SIZE},
        {"size", "7", "7", SIZE},
        {"dist", "zipf", "zipf", DIST},
        {"prefix", "", "", PREFIX},
        {"prefix", "a b%=&", "a b%=&", PREFIX},
        {"password", "hush", "***", PASSWORD},
        {"free", "18446744073709551615", "18446744073709551615", FREE},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        accept(cases[i].name, cases[i].value);
        assert_string_equal(text_of(cases[i].index), cases[i].text);
        assert_true(option_given(&options, cases[i].index));
        if (cases[i].index != PASSWORD) { /* what is written reads back */
            uint64_t before = option_u64(&options, cases[i].index);
            accept(cases[i].name, cases[i].text);
            assert_true(option_u64(&options, cases[i].index) == before);
        }
    }
    assert_string_equal(option_str(&options, PASSWORD), "hush");
}

static void wrong_values_are_refused_in_one_line(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value, *says;
    } cases[] = {
        {"rows", "0", "rows 0: out of range, allowed 1 to 100000"},
        {"rows", "100001", "allowed 1 to 100000"},
        {"rows", "ten", "rows ten: not a whole number"},
        {"rows", "", "rows '': not a whole number"},
        {"rows", "-1", "not a whole number"},
        {"rows", "1.5", "not a whole number"},
        {"share", "1.01", "share 1.01: out of range, allowed 0 to 1"},
        {"share", "nan", "not a number"},
        {"wait", "5", "wait 5: a duration needs a unit (500ms, 30s, 5m, 1h), allowed 1ms to 1h"},
        {"wait", "soon", "not a duration"},
        {"wait", "2h", "out of range, allowed 1ms to 1h"},
        {"wait", "0", "out of range, allowed 1ms to 1h"},
        {"limit", "0", "limit 0: out of range, allowed 1 and more"},
        {"limit", "1T", "not a size"},
        {"size", "4096-32", "its low end is above its high end"},
        {"size", "0-4", "out of range, allowed 1 to 1048576"},
        {"size", "4-2M", "out of range"},
        {"size", "4-", "not a size"},
        {"size", "-4", "not a size"},
        {"dist", "zpif", "dist zpif: not one of uniform|zipf|sequential (did you mean 'zipf'?)"},
        {"dist", "gauss", "not one of uniform|zipf|sequential"},
        {"create", "maybe", "create maybe: not one of yes|no"},
        {"prefix", "a\nb", "a line break"},
        {"row", "5", "unknown option 'row' (did you mean 'rows'?)"},
        {"colour", "5", "unknown option 'colour', allowed: create rows share"},
        {"kafka.", "5", "unknown option 'kafka.'"},
        {"kafka.a=b", "5", "not the name of a property"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err err = {0};
        struct options before;
        options_copy(&before, &options);
        assert_int_equal(
            options_set(&options, cases[i].name, cases[i].value, ORIGIN_ARGV, false, &err),
            ERR_USAGE);
        if (!strstr(err.msg, cases[i].says))
            fail_msg("%s=%s: says '%s', not '%s'", cases[i].name, cases[i].value, err.msg,
                     cases[i].says);
        assert_null(strchr(err.msg, '\n'));
        for (unsigned k = 0; k < TABLE_SIZE; k++) {
            assert_true(option_u64(&options, k) == option_u64(&before, k));
            assert_string_equal(option_str(&options, k), option_str(&before, k));
            assert_int_equal(option_given(&options, k), option_given(&before, k));
        }
        options_fini(&before);
    }
}

static void only_live_options_change_while_it_runs(void **state)
{
    (void)state;
    struct err err = {0};
    assert_int_equal(options_set(&options, "rows", "7", ORIGIN_ARGV, true, &err), 0);
    assert_int_equal(option_u64(&options, ROWS), 7);
    assert_int_equal(options_set(&options, "create", "no", ORIGIN_ARGV, true, &err), ERR_USAGE);
    assert_non_null(strstr(err.msg, "create cannot change while the load runs"));
    assert_int_equal(options_set(&options, "prefix", "x", ORIGIN_ARGV, true, &err), ERR_USAGE);
    assert_string_equal(option_str(&options, PREFIX), "loadtop:");
    assert_int_equal(options_set(&options, "rosw", "7", ORIGIN_ARGV, true, &err), ERR_USAGE);
    assert_non_null(strstr(err.msg, "'rows'"));
    /* A text stays fixed even where a table calls it live: workers hold its pointer. */
    struct options pool;
    options_init(&pool, pool_option_table);
    assert_int_equal(options_set(&pool, "rate", "5/s", ORIGIN_ARGV, true, &err), ERR_USAGE);
    assert_int_equal(options_set(&pool, "think", "5ms", ORIGIN_ARGV, true, &err), 0);
    options_fini(&pool);
}

static void properties_are_collected(void **state)
{
    (void)state;
    accept("kafka.linger.ms", "5");
    accept("kafka.acks", "all");
    accept("kafka.linger.ms.x", "1");
    accept("kafka.linger.ms", "7");
    accept("kafka.sasl.password", "hush");
    assert_string_equal(option_str(&options, KAFKA),
                        "acks=all\nlinger.ms.x=1\nlinger.ms=7\nsasl.password=hush\n");
    assert_string_equal(text_of(KAFKA), "acks=all linger.ms.x=1 linger.ms=7 sasl.password=***");
    assert_true(is_secret_name("ssl.key.PASSWORD", 16));
    assert_true(is_secret_name("sasl.oauthbearer.client.secret", 30));
    assert_false(is_secret_name("linger.ms=password", 9));
    assert_int_equal(options_find(table, "kafka.x"), KAFKA);
    assert_int_equal(options_find(table, "kafka"), -1);
    assert_int_equal(options_find(table, "rows"), ROWS);
    assert_int_equal(options_find(table, "Rows"), -1);
}

static void an_old_name_sets_the_same_option(void **state)
{
    (void)state;
    struct err err = {0};
    assert_int_equal(options_find(table, "ca"), RENAMED);
    assert_int_equal(options_find(table, "tls.ca"), RENAMED);
    accept("ca", "/old");
    assert_string_equal(option_str(&options, RENAMED), "/old");
    assert_true(option_given(&options, RENAMED));
    accept("tls.ca", "/new");
    assert_string_equal(option_str(&options, RENAMED), "/new");
    /* What the new name may not, the old one may not either, and is told by the word that stood
     * there. */
    assert_int_equal(options_set(&options, "ca", "/f", ORIGIN_SCENARIO, false, &err), ERR_USAGE);
    assert_memory_equal(err.msg, "ca: it reads a file", 19);
    assert_int_equal(options_set(&options, "ca", "/f", ORIGIN_ARGV, true, &err), ERR_USAGE);
    assert_string_equal(option_str(&options, RENAMED), "/new");
    /* Only the new name is offered. */
    assert_int_equal(options_set(&options, "caa", "/f", ORIGIN_ARGV, false, &err), ERR_USAGE);
    assert_null(strstr(err.msg, " ca "));
}

static void copies_are_their_own(void **state)
{
    (void)state;
    accept("prefix", "mine:");
    accept("rows", "9");
    struct options copy;
    options_copy(&copy, &options);
    accept("prefix", "other:");
    accept("rows", "10");
    assert_string_equal(option_str(&copy, PREFIX), "mine:");
    assert_int_equal(option_u64(&copy, ROWS), 9);
    assert_true(option_given(&copy, ROWS));
    assert_false(option_given(&copy, DIST));
    options_fini(&copy);
    options_fini(&copy); /* a second time does nothing */
    options_fini(NULL);
}

static void texts_end_within_their_buffer(void **state)
{
    (void)state;
    char buf[4] = "???";
    accept("rows", "12345");
    assert_string_equal(options_text(&options, ROWS, buf, sizeof buf), "123");
    assert_string_equal(options_text(&options, 99, buf, sizeof buf), "");
}

static void the_pool_table_is_whole(void **state)
{
    (void)state;
    static const char *const names[] = {"threads", "clients", "connections", "pattern", "depth",
                                        "rate",    "arrival", "think",       "count",   "duration",
                                        "ops",     "timeout", "seed",        "name",    "warmup"};
    assert_int_equal(sizeof names / sizeof *names, POOL_OPTIONS);
    for (unsigned i = 0; i < POOL_OPTIONS; i++) {
        assert_string_equal(pool_option_table[i].name, names[i]);
        assert_true(strlen(pool_option_table[i].help) > 10);
    }
    assert_null(pool_option_table[POOL_OPTIONS].name);
}

/* ---- what may be set by whom ---- */

static const struct option_spec files[] = {
    {"ca", OPTION_TEXT, OPTION_TRUSTED_ONLY, "", 0, 0, NULL, "help"},
    {"lib.", OPTION_TEXT, OPTION_PREFIX, NULL, 0, 0, NULL, "help"},
    {NULL, OPTION_TEXT, 0, NULL, 0, 0, NULL, NULL},
};
static const struct option_property allowed[] = {
    {"linger.ms", 0}, {"ca.location", OPTION_TRUSTED_ONLY}, {NULL, 0}};

static const char *refusal(const char *name)
{
    return strcmp(name, "run.cmd") == 0 ? "it runs a command" : NULL;
}

static void what_reads_files_is_taken_from_ones_own_hand(void **state)
{
    (void)state;
    static const struct option_properties properties = {.allowed = allowed, .refusal = refusal};
    static const struct {
        const char *name, *value;
        enum option_origin origin;
        const char *says; /* NULL: taken */
    } cases[] = {
        {"ca", "/f", ORIGIN_ARGV, NULL},
        {"ca", "/f", ORIGIN_CONFIG, NULL},
        {"ca", "/f", ORIGIN_SCENARIO, "ca: it reads a file"},
        {"ca", "/f", ORIGIN_SCENARIO, "never from a scenario file"},
        {"ca", "/f", ORIGIN_RUN, "never from a saved run"},
        {"ca", "/f", ORIGIN_ENVIRONMENT, "never from the environment"},
        {"ca", "", ORIGIN_SCENARIO, NULL}, /* nothing is read */
        {"lib.linger.ms", "5", ORIGIN_SCENARIO, NULL},
        {"lib.ca.location", "/f", ORIGIN_ARGV, NULL},
        {"lib.ca.location", "/f", ORIGIN_SCENARIO, "lib.ca.location: it reads a file"},
        {"lib.run.cmd", "touch x", ORIGIN_ARGV, "lib.run.cmd: refused: it runs a command"},
        {"lib.run.cmd", "", ORIGIN_ARGV, "it runs a command"},
        {"lib.RUN.CMD", "x", ORIGIN_ARGV, "no such property"},
        {"lib.linger.m", "5", ORIGIN_ARGV, "(did you mean 'lib.linger.ms'?)"},
        {"lib.plugin", "x", ORIGIN_SCENARIO, "no such property"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct options o;
        struct err err = {0};
        options_init(&o, files);
        o.properties = &properties;
        int code = options_set(&o, cases[i].name, cases[i].value, cases[i].origin, false, &err);
        if (code != (cases[i].says ? ERR_USAGE : 0))
            fail_msg("%s from %s: %d, %s", cases[i].name, origin_words(cases[i].origin), code,
                     err.msg);
        if (cases[i].says && !strstr(err.msg, cases[i].says))
            fail_msg("%s: says '%s'", cases[i].name, err.msg);
        if (cases[i].says)
            assert_string_equal(option_str(&o, 0), "");
        options_fini(&o);
    }
}

static void a_value_keeps_its_origin(void **state)
{
    (void)state;
    struct options copy;
    struct err err = {0};
    assert_int_equal(options.origin[ROWS], ORIGIN_DEFAULT);
    assert_int_equal(options_set(&options, "rows", "7", ORIGIN_SCENARIO, false, &err), 0);
    assert_int_equal(options_set(&options, "rows", "x", ORIGIN_ARGV, false, &err), ERR_USAGE);
    options_copy(&copy, &options);
    assert_int_equal(copy.origin[ROWS], ORIGIN_SCENARIO);
    assert_true(option_given(&copy, ROWS));
    options_fini(&copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(defaults_are_set, setup, teardown),
        cmocka_unit_test_setup_teardown(values_are_read_and_written, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_values_are_refused_in_one_line, setup, teardown),
        cmocka_unit_test_setup_teardown(only_live_options_change_while_it_runs, setup, teardown),
        cmocka_unit_test_setup_teardown(properties_are_collected, setup, teardown),
        cmocka_unit_test_setup_teardown(an_old_name_sets_the_same_option, setup, teardown),
        cmocka_unit_test_setup_teardown(copies_are_their_own, setup, teardown),
        cmocka_unit_test_setup_teardown(texts_end_within_their_buffer, setup, teardown),
        cmocka_unit_test(the_pool_table_is_whole),
        cmocka_unit_test_setup_teardown(what_reads_files_is_taken_from_ones_own_hand, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_value_keeps_its_origin, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
