/* The command line: what is accepted, what is refused and with which message, and the line that
 * repeats a run. Every refusal must be ERR_USAGE (or ERR_REFUSED for a ceiling) and one line that
 * names what was wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "backends/registry.h"
#include "engine/backend.h"
#include "engine/config/command.h"
#include "engine/base/err.h"
#include "engine/base/text.h"
#include "ui/cli/cli.h"
#include "ui/base/quote.h"
#include "ui/cli/cli_scenario.h"

#define ARGS_MAX 32

static struct cli cli;
static struct scenario scenario;
static char *argv_made[ARGS_MAX];
static int argc_made;

/* Words end with NULL. Parses and makes the scenario; 0 or the error's code. */
static int understand(struct err *err, const char *const *words)
{
    *err = (struct err){0};
    argc_made = 0;
    argv_made[argc_made++] = strdup("loadtop");
    for (; *words; words++)
        argv_made[argc_made++] = strdup(*words);
    scenario_init(&scenario);
    int code = cli_parse(&cli, argc_made, argv_made, backends, err);
    if (!code && (cli.verb == CLI_RUN || cli.verb == CLI_DEMO))
        code = cli_scenario(&cli, &scenario, backends, err);
    return code;
}

static void forget(void)
{
    cli_fini(&cli);
    scenario_fini(&scenario);
    while (argc_made)
        free(argv_made[--argc_made]);
}

#define GOOD(...)                                                                                  \
    do {                                                                                           \
        struct err err_;                                                                           \
        if (understand(&err_, (const char *const[]){__VA_ARGS__, NULL}) != 0)                      \
            fail_msg("%s", err_.msg);                                                              \
    } while (0)

/* Refused, with all of `parts` (separated by '|') in one line. */
static void bad(int line, const char *parts, const char *const *words)
{
    struct err err;
    char copy[256], *rest = copy;
    int code = understand(&err, words);
    if (code != ERR_USAGE && code != ERR_REFUSED)
        fail_msg("line %d: code %d (%s)", line, code, err.msg);
    if (strchr(err.msg, '\n'))
        fail_msg("line %d: more than one line: %s", line, err.msg);
    copy_str(copy, sizeof copy, parts);
    for (char *part; (part = strsep(&rest, "|"));)
        if (!strstr(err.msg, part))
            fail_msg("line %d: '%s' is not in: %s", line, part, err.msg);
    forget();
}
#define BAD(parts, ...) bad(__LINE__, parts, (const char *const[]){__VA_ARGS__, NULL})

static void test_forms(void **state)
{
    (void)state;
    const char *const forms[][6] = {{"-t", "4", "-d", "5s", "null:", NULL},
                                    {"-t4", "-d5s", "null:", NULL},
                                    {"--threads=4", "--duration=5s", "null:", NULL},
                                    {"null:", "--threads", "4", "--duration", "5s", NULL},
                                    {"--threads", "4", "null:", "-d", "5000ms", NULL},
                                    {"-t", "4", "-d5s", "--", "null:", NULL},
                                    {"-qt4", "-d", "5s", "null:", NULL},
                                    {"-t1", "-t4", "-d5s", "null:", NULL}};
    for (unsigned i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct err err;
        if (understand(&err, forms[i]) != 0)
            fail_msg("form %u: %s", i, err.msg);
        assert_int_equal(cli.verb, CLI_RUN);
        assert_int_equal(scenario.pools, 1);
        assert_int_equal(scenario.pool[0]->load.threads, 4);
        assert_int_equal(scenario.pool[0]->duration_ns, UINT64_C(5000000000));
        forget();
    }
}

static void test_precedence(void **state)
{
    (void)state;
    GOOD("-t", "4", "--clients", "3", "null:?threads=2", "null:");
    assert_int_equal(scenario.pool[0]->load.threads, 2); /* the URL wins over the flag */
    assert_int_equal(scenario.pool[0]->load.clients, 3);
    assert_int_equal(scenario.pool[1]->load.threads, 4);
    assert_string_equal(scenario.pool[1]->name, "null-2");
    forget();
    GOOD("--servers=7", "--service", "3ms", "null:?service=1ms");
    int servers = options_find(backend_null.options, "servers");
    int service = options_find(backend_null.options, "service");
    assert_int_equal(option_u64(&scenario.pool[0]->options, (unsigned)servers), 7);
    assert_int_equal(option_u64(&scenario.pool[0]->options, (unsigned)service), 1000000);
    forget();
}

static void test_run_options(void **state)
{
    (void)state;
    GOOD("--headless", "-q", "--json", "-", "--at", "1s unlock", "--at=2s pause", "--threshold",
         "p99<5ms", "--threshold=errors<1%", "--goal", "250k/s", "--repeat", "3", "--max-threads",
         "8", "--max-rate", "1M/s", "--max-time", "1h", "--locked", "--yes", "--confirm", "db",
         "null:");
    assert_true(cli_flag(&cli, OWN_HEADLESS));
    assert_true(cli_flag(&cli, OWN_QUIET));
    assert_string_equal(cli_text(&cli, OWN_JSON), "-");
    assert_int_equal(scenario.ats, 2);
    assert_string_equal(scenario.at[1].text, "pause");
    assert_int_equal(scenario.thresholds, 2);
    assert_true(scenario.goal_per_s == 250000);
    assert_int_equal(option_u64(&cli.own, OWN_REPEAT), 3);
    assert_true(scenario.limits.max_threads_given);
    assert_int_equal(scenario.limits.max_threads, 8);
    assert_false(scenario.limits.max_clients_given);
    assert_true(scenario.limits.max_rate == 1e6);
    assert_int_equal(scenario.limits.max_time_ns, UINT64_C(3600000000000));
    assert_true(scenario.limits.locked && scenario.limits.yes && !scenario.limits.read_only);
    assert_string_equal(scenario.limits.confirm, "db");
    forget();
    GOOD("--colors", "none", "--theme=plain");
    assert_string_equal(cli_text(&cli, OWN_COLORS), "none");
    assert_string_equal(cli_text(&cli, OWN_GLYPHS), "");
    assert_string_equal(cli_text(&cli, OWN_THEME), "plain");
    assert_string_equal(cli_text(&cli, OWN_OUT), ".");
    forget();
}

static void test_verbs(void **state)
{
    (void)state;
    GOOD("backends", "null", "--json");
    assert_int_equal(cli.verb, CLI_BACKENDS);
    assert_int_equal(cli.rest, 2);
    forget();
    GOOD("report", "RUN.json", "-o", "FILE"); /* its own options, which are not ours to read */
    assert_int_equal(cli.verb, CLI_REPORT);
    assert_int_equal(cli.rest, 2);
    forget();
    GOOD("--headless", "demo", "-d", "5s");
    assert_int_equal(cli.verb, CLI_DEMO);
    assert_true(cli_flag(&cli, OWN_HEADLESS));
    assert_int_equal(option_u64(&cli.pool, POOL_DURATION), UINT64_C(5000000000));
    forget();
    GOOD("clean", "RUN.json", "--password-file", "F");
    assert_int_equal(cli.verb, CLI_CLEAN);
    assert_string_equal(cli.word[0], "RUN.json");
    forget();
    GOOD("help", "counting");
    assert_int_equal(cli.verb, CLI_HELP);
    assert_string_equal(cli.word[0], "counting");
    forget();
    GOOD("null:", "-h", "--nonsense"); /* who asks for help gets it */
    assert_int_equal(cli.verb, CLI_HELP);
    assert_int_equal(cli.words, 0);
    forget();
    GOOD("-V", "null:");
    assert_int_equal(cli.verb, CLI_VERSION);
    forget();
}

static void test_refused(void **state)
{
    (void)state;
    BAD("--thread|did you mean --threads", "--thread", "4", "null:");
    BAD("--hedless|--headless", "--hedless", "null:");
    BAD("--servrs|--servers", "--servrs=3", "null:");
    BAD("--xyzzyplugh", "--xyzzyplugh", "null:");
    BAD("-x|allowed|-t", "-x", "null:");
    BAD("--threads 0|1 to 4096", "-t", "0", "null:");
    BAD("--threads 5000|1 to 4096", "-t", "5000", "null:");
    BAD("--threads abc|whole number", "--threads=abc", "null:");
    BAD("--threads needs a value", "null:", "-t");
    BAD("--json needs a value", "--json", "--headless", "null:");
    BAD("--duration 5|unit", "-d", "5", "null:");
    BAD("--pattern quene|queue", "--pattern", "quene", "null:");
    BAD("--arrival fast|constant|poisson", "--arrival", "fast", "null:");
    BAD("--rate fast|5000/s", "--rate", "fast", "null:");
    BAD("--goal 0|rate", "--goal", "0", "null:");
    BAD("--max-rate x|rate", "--max-rate", "x", "null:");
    BAD("--repeat 0|1 to 1000", "--repeat", "0", "null:");
    BAD("--colors 12|direct|256|16|none", "--colors", "12", "null:");
    BAD("--at pause|unit", "--at", "pause", "null:");
    BAD("--at 1s|puase|pause", "--at", "1s puase", "null:");
    BAD("--threshold|p98x", "--threshold", "p98x<5ms", "null:");
    BAD("--threshold|unit", "--threshold", "p99<5", "null:");
    BAD("no pool 'redsi'", "--threshold", "redsi:p99<5ms", "null:");
    BAD("--sweep|VAR=LIST", "--sweep", "threads", "null:");
    BAD("--json ''|not empty", "--json=", "null:");
    BAD("--servers 5|none of the targets", "--servers", "5");
    BAD("--service 3|unit", "--service", "3", "null:");
    BAD("dmeo|demo", "dmeo");
    BAD("localhost|URL", "localhost");
    BAD("kind of target 'nul'|null", "nul:");
    BAD("unknown option 'servce'|service", "null:?servce=1ms");
    BAD("null-host", "null://null-host");
    BAD("--name a|already", "--name", "a", "null:", "null:");
    BAD("--ops nope|no operation", "--ops", "nope", "null:");
    BAD("--ops nope|no operation", "--ops", "nope", "null:?seed=1");
    BAD("--name 9|letter", "--name", "9", "null:");
    /* what the URL says is not called a flag, and what only looks like it is not the URL's */
    struct err err;
    assert_int_equal(understand(&err, (const char *const[]){"--ops", "op", "null:?ops=nope", NULL}),
                     ERR_USAGE);
    assert_memory_equal(err.msg, "ops nope", 8);
    forget();
    BAD("--name x y|letter", "--name", "x y", "null:?ops=op:1");
    BAD("threads 9|ceiling of 8", "-t9", "--max-threads", "8", "null:");
}

/* One of 64 targets too many; one threshold too many. */
static void test_too_many(void **state)
{
    (void)state;
    const char *words[POOLS_MAX + 2] = {0};
    for (unsigned i = 0; i < POOLS_MAX + 1; i++)
        words[i] = "null:";
    static struct cli many;
    struct err err = {0};
    char *argv[POOLS_MAX + 3] = {(char *)(uintptr_t) "loadtop"};
    for (unsigned i = 0; words[i]; i++)
        argv[i + 1] = (char *)(uintptr_t)words[i];
    assert_int_equal(cli_parse(&many, POOLS_MAX + 2, argv, backends, &err), ERR_USAGE);
    assert_non_null(strstr(err.msg, "64"));
    cli_fini(&many);
}

/* The line that repeats the run means the same when it is read again. */
static void test_command(void **state)
{
    (void)state;
    GOOD("--headless", "-t", "4", "--clients=3", "-n", "10k", "--at", "1500ms mark it's time",
         "--threshold", "p99<5ms", "--goal=250k/s", "--max-threads", "8", "--json", "a b.json",
         "null:?threads=1&service=2ms&name=x");
    struct text t = {0};
    cli_command(&cli, &scenario, &t);
    assert_string_equal(text_str(&t),
                        "loadtop --headless --json 'a b.json' --max-threads 8"
                        " --at '1500ms mark it'\\''s time' --threshold 'p99<5ms' --goal 250000/s"
                        " 'null:?clients=3&count=10000&name=x&service=2ms'");
    text_free(&t);
    forget();
    GOOD("--headless", "null:?clients=3&count=10000&name=x&service=2ms");
    assert_int_equal(scenario.pool[0]->load.threads, 1);
    assert_int_equal(scenario.pool[0]->load.clients, 3);
    assert_int_equal(scenario.pool[0]->count, 10000);
    forget();
}

static void test_no_password(void **state)
{
    (void)state;
    bool redis = false;
    for (unsigned i = 0; backends[i]; i++)
        redis = redis || (strcmp(backends[i]->name, "redis") == 0 && !backends[i]->unavailable);
    if (!redis)
        skip();
    GOOD("redis://someone:hunter2@localhost:6379/0", "--at", "1s add redis://:hunter3@localhost");
    assert_string_equal(scenario.pool[0]->target.password, "hunter2");
    struct text t = {0};
    cli_command(&cli, &scenario, &t);
    assert_null(strstr(text_str(&t), "hunter"));
    assert_non_null(strstr(text_str(&t), "redis://someone@localhost:6379/0"));
    text_free(&t);
    forget();
    struct err err;
    assert_int_not_equal(
        understand(&err, (const char *const[]){"redis://:hunter2@localhost?keyz=1", NULL}), 0);
    assert_null(strstr(err.msg, "hunter"));
    forget();
}

static void test_quoting(void **state)
{
    (void)state;
    static const char *const words[][2] = {{"plain-1.0:/x", "plain-1.0:/x"},
                                           {"", "''"},
                                           {"a b", "'a b'"},
                                           {"it's", "'it'\\''s'"},
                                           {"$x `y` \"z\" \\ \n", "'$x `y` \"z\" \\ \n'"}};
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
        struct text t = {0};
        text_add_quoted(&t, words[i][0]);
        assert_string_equal(text_str(&t), words[i][1]);
        text_free(&t);
    }
}

/* Every option is in the help, with what is said of it. */
static void test_usage(void **state)
{
    (void)state;
    struct text t = {0};
    cli_usage(&t);
    GOOD("null:");
    const struct option_spec *const tables[] = {cli.own.table, cli.pool.table};
    for (unsigned k = 0; k < 2; k++)
        for (const struct option_spec *o = tables[k]; o->name; o++) {
            char name[64];
            snprintf(name, sizeof name, "--%s", o->name);
            if (!strstr(text_str(&t), name))
                fail_msg("%s is not in the help", name);
        }
    for (const char *line = text_str(&t); *line; line += strcspn(line, "\n") + 1)
        if (strcspn(line, "\n") > 100)
            fail_msg("too long: %.*s", (int)strcspn(line, "\n"), line);
    forget();
    text_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),       cmocka_unit_test(test_precedence),
        cmocka_unit_test(test_run_options), cmocka_unit_test(test_verbs),
        cmocka_unit_test(test_refused),     cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_command),     cmocka_unit_test(test_no_password),
        cmocka_unit_test(test_quoting),     cmocka_unit_test(test_usage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
