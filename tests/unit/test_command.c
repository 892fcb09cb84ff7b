/* The command language: its grammar, refusals with their columns, and thousands of random commands
 * that are written as text and parsed back. */
#include "engine/config/command.h"
#include "engine/base/err.h"
#include "engine/stats/generate.h"
#include "engine/config/scenario.h"
#include "engine/base/text.h"
#include "engine/config/command_text.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static struct command parsed(const char *text)
{
    struct command c;
    struct err err = {0};
    if (command_parse(&c, text, &err, NULL))
        fail_msg("'%s' was refused: %s", text, err.msg);
    return c;
}

static void amounts_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text, *pool;
        enum verb verb;
        enum amount_kind kind;
        double amount;
        uint64_t over_ns;
    } cases[] = {
        {"threads 4", "", VERB_THREADS, AMOUNT_SET, 4, 0},
        {"redis threads +1", "redis", VERB_THREADS, AMOUNT_ADD, 1, 0},
        {"2 threads -1", "2", VERB_THREADS, AMOUNT_SUB, 1, 0},
        {"threads *2", "", VERB_THREADS, AMOUNT_MUL, 2, 0},
        {"threads /2", "", VERB_THREADS, AMOUNT_DIV, 2, 0},
        {"threads *1.5", "", VERB_THREADS, AMOUNT_MUL, 1.5, 0},
        {"clients 10k", "", VERB_CLIENTS, AMOUNT_SET, 10000, 0},
        {"clients +10 over 60s", "", VERB_CLIENTS, AMOUNT_ADD, 10, UINT64_C(60000000000)},
        {"connections 8", "", VERB_CONNECTIONS, AMOUNT_SET, 8, 0},
        {"connections auto", "", VERB_CONNECTIONS, AMOUNT_AUTO, 0, 0},
        {"connections 0", "", VERB_CONNECTIONS, AMOUNT_AUTO, 0, 0},
        {"depth 65536", "", VERB_DEPTH, AMOUNT_SET, 65536, 0},
        {"rate 5000/s", "", VERB_RATE, AMOUNT_SET, 5000, 0},
        {"rate 100k/s over 60s", "", VERB_RATE, AMOUNT_SET, 100000, UINT64_C(60000000000)},
        {"kafka-2 rate +1.5M/s", "kafka-2", VERB_RATE, AMOUNT_ADD, 1500000, 0},
        {"rate /2 over 500ms", "", VERB_RATE, AMOUNT_DIV, 2, 500000000},
        {"rate 600/m", "", VERB_RATE, AMOUNT_SET, 10, 0},
        {"rate off", "", VERB_RATE, AMOUNT_OFF, 0, 0},
        {"  redis   rate\toff  ", "redis", VERB_RATE, AMOUNT_OFF, 0, 0},
        {"3 rate off", "3", VERB_RATE, AMOUNT_OFF, 0, 0},
    };
    for (unsigned i = 0; i < COUNT(cases); i++) {
        struct command c = parsed(cases[i].text);
        if (c.verb != cases[i].verb || c.kind != cases[i].kind || c.amount != cases[i].amount ||
            c.over_ns != cases[i].over_ns || strcmp(c.pool, cases[i].pool) != 0)
            fail_msg("'%s': verb %d kind %d amount %g over %llu pool '%s'", cases[i].text, c.verb,
                     c.kind, c.amount, (unsigned long long)c.over_ns, c.pool);
    }
}

static void other_commands_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text, *pool;
        enum verb verb;
        const char *rest;
    } cases[] = {
        {"pause", "", VERB_PAUSE, ""},
        {"redis pause", "redis", VERB_PAUSE, ""},
        {"pause all", "", VERB_PAUSE_ALL, ""},
        {"resume all", "", VERB_RESUME_ALL, ""},
        {"1 resume", "1", VERB_RESUME, ""},
        {"stop", "", VERB_STOP, ""},
        {"x start", "x", VERB_START, ""},
        {"add redis://u:p@h?threads=2", "", VERB_ADD, "redis://u:p@h?threads=2"},
        {"remove kafka", "kafka", VERB_REMOVE, ""},
        {"remove stop", "stop", VERB_REMOVE, ""},
        {"undo", "", VERB_UNDO, ""},
        {"lock", "", VERB_LOCK, ""},
        {"unlock", "", VERB_UNLOCK, ""},
        {"ops get:80,set:20", "", VERB_OPS, "get:80,set:20"},
        {"redis ops get:80, set:20", "redis", VERB_OPS, "get:80,set:20"},
        {"set rows 10k", "", VERB_SET, "10k"},
        {"crate set stmt select 1  from t", "crate", VERB_SET, "select 1  from t"},
        {"sweep threads=1,2,4,8", "", VERB_SWEEP, "threads=1,2,4,8"},
        {"sweep redis threads=1,2 depth=1,16 hold=5s order=random", "redis", VERB_SWEEP,
         "threads=1,2 depth=1,16 hold=5s order=random"},
        {"sweep capacity", "", VERB_SWEEP, "capacity"},
        {"sweep 2 capacity from=1k/s to=100k/s", "2", VERB_SWEEP, "capacity from=1k/s to=100k/s"},
        {"sweep rows=1,10,100", "", VERB_SWEEP, "rows=1,10,100"},
        {"sweep pattern=sync,chain", "", VERB_SWEEP, "pattern=sync,chain"},
        {"sweep stop", "", VERB_SWEEP_STOP, ""},
        /* pools that are called like a word of sweep */
        {"sweep stop threads=1,2", "stop", VERB_SWEEP, "threads=1,2"},
        {"sweep stop capacity to=1k/s", "stop", VERB_SWEEP, "capacity to=1k/s"},
        {"sweep stop resume", "stop", VERB_SWEEP, "resume"},
        {"sweep resume threads=1,2 fresh", "resume", VERB_SWEEP, "threads=1,2 fresh"},
        {"sweep resume resume", "resume", VERB_SWEEP, "resume"},
        {"sweep resume", "", VERB_SWEEP, "resume"},
        {"sweep capacity hold=5s threads=1,2", "capacity", VERB_SWEEP, "hold=5s threads=1,2"},
        {"sweep capacity capacity", "capacity", VERB_SWEEP, "capacity"},
        {"sweep capacity from=1k/s hold=5s", "", VERB_SWEEP, "capacity from=1k/s hold=5s"},
        {"mark", "", VERB_MARK, ""},
        {"mark half time:  it's *hot*", "", VERB_MARK, "half time:  it's *hot*"},
        {"mark pause all", "", VERB_MARK, "pause all"},
        {"screenshot", "", VERB_SCREENSHOT, ""},
        {"screenshot my file.svg", "", VERB_SCREENSHOT, "my file.svg"},
        {"report r.html", "", VERB_REPORT, "r.html"},
        {"baseline", "", VERB_BASELINE, ""},
        {"theme dark", "", VERB_THEME, "dark"},
        {"quit", "", VERB_QUIT, ""},
    };
    for (unsigned i = 0; i < COUNT(cases); i++) {
        struct command c = parsed(cases[i].text);
        if (c.verb != cases[i].verb || strcmp(c.pool, cases[i].pool) != 0 ||
            strcmp(c.text, cases[i].rest) != 0)
            fail_msg("'%s': verb %d pool '%s' text '%s'", cases[i].text, c.verb, c.pool, c.text);
    }
    assert_string_equal(parsed("set rows 10k").option, "rows");
    assert_int_equal(parsed("redis pattern chain").pattern, PATTERN_CHAIN);
}

static void a_verb_wins_over_a_pool_of_its_name(void **state)
{
    (void)state;
    struct command c;
    assert_int_equal(command_parse(&c, "threads threads 4", NULL, NULL), ERR_USAGE);
    assert_string_equal(parsed("4 threads 8").pool, "4");
    assert_string_equal(parsed("remove pause").pool, "pause");
    assert_string_equal(parsed("thread stop").pool, "thread");
}

static void wrong_commands_are_refused_where_they_are_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned column;
        const char *says;
    } cases[] = {
        {"", 0, "empty command"},
        {"   ", 0, "empty command"},
        {"thread 4", 0, "unknown command 'thread' (did you mean 'threads'?)"},
        {"redis thread 4", 6, "unknown command 'thread' (did you mean 'threads'?)"},
        {"pasue all", 0, "(did you mean 'pause'?)"},
        {"xyzzy", 0, "unknown command 'xyzzy', allowed: threads clients"},
        {"threads", 7, "threads '': not a whole number"},
        {"threads x", 8, "threads x: not a whole number (64, +10, -1, *2, /2)"},
        {"threads 0", 8, "threads 0: out of range, allowed 1 to 4096"},
        {"redis threads 4097", 14, "out of range, allowed 1 to 4096"},
        {"threads +9999", 8, "out of range, allowed 0 to 4096"},
        {"threads 1.5", 8, "not a whole number"},
        {"threads *0", 8, "a factor is a number above 0"},
        {"threads /x", 8, "a factor is a number above 0"},
        {"threads 4 5", 10, "'5' is not expected here; the form is: [POOL] threads"},
        {"threads 4 over", 14, "after 'over' a duration"},
        {"threads 4 over 5", 15, "after 'over' a duration with its unit"},
        {"threads 4 over 5s now", 18, "'now' is not expected here"},
        {"threads auto", 8, "not a whole number"},
        {"connections auto over 5s", 17, "'over' is not expected here"},
        {"connections 0 over 5s", 14, "'over' is not expected here"},
        {"depth 0", 6, "out of range, allowed 1 to 65536"},
        {"rate 0", 5, "out of range, allowed 0.001/s to 1G/s, or off for a closed"},
        {"rate 1e-4/s", 5, "out of range"},
        {"rate 2G", 5, "out of range"},
        {"rate fast", 5, "not a rate"},
        {"rate off over 5s", 9, "'over' is not expected"},
        {"pattern chian", 8, "(did you mean 'chain'?)"},
        {"pattern", 7, "pattern '': not one of sync|batch|queue|chain|unthrottled"},
        {"ops", 3, "something is missing"},
        {"set", 3, "something is missing; the form is: [POOL] set OPTION VALUE"},
        {"set rows", 8, "something is missing"},
        {"add", 3, "something is missing; the form is: add TARGET"},
        {"remove", 6, "remove: which pool?"},
        {"remove a b", 9, "'b' is not expected here"},
        {"pause redis", 6, "'redis' is not expected here; the form is: [POOL] pause"},
        {"redis pause all", 12, "'all' is not expected here"},
        {"pause all now", 10, "'now' is not expected here"},
        {"redis mark x", 0, "'redis' is not expected before mark"},
        {"undo all", 5, "'all' is not expected here"},
        {"theme", 5, "something is missing"},
        {"sweep", 5, "something is missing; the form is: sweep"},
        {"sweep redis", 11, "something is missing"},
        {"sweep redis redis", 12, "a sweep wants VAR=LIST"},
        {"sweep threads=", 6, "'threads=': a value is missing"},
        {"sweep threads=1,,2", 6, "a value is missing"},
        {"sweep threads=1,x", 6,
         "threads x: not a whole number (10k is 10,000), allowed 1 to 4096"},
        {"sweep rate=1k/s,0", 6, "rate 0: out of range, allowed 0.001/s to 1G/s"},
        {"sweep pattern=sync,zync", 6, "pattern zync: not one of sync|batch|queue"},
        {"sweep a=1 b=2 c=3", 14, "at most two variables"},
        {"sweep threads=1 hold=5", 16, "hold wants a duration"},
        {"sweep threads=1 order=up", 16, "order=random"},
        {"sweep hold=5s", 13, "nothing to vary"},
        {"sweep 2 capacity threads=1", 17, "sweep capacity takes from=R"},
        {"sweep capacity from=x", 15, "not a rate"},
        {"sweep capacity to=1e-9/s", 15, "not a rate from 0.001/s"},
        {"sweep rate=1e-9", 6, "rate 1e-9: out of range, allowed 0.001/s"},
        {"sweep threads=1 hold=500ms", 16, "of at least 1s"},
        {"sweep threads=1024..8192*2", 6, "threads 8192: out of range, allowed 1 to 4096"},
        {"sweep threads=1 threads=2", 16, "it is varied already"},
        {"sweep threads=auto depth=1", 19, "auto works for one variable alone"},
        {"sweep pattern=auto", 6, "auto doubles a number"},
        {"sweep rate=1k,off", 6, "rate off: a sweep wants rates"},
        {"sweep clients=1..100", 6, "64 values at most"},
        {"sweep think=5", 6, "think 5: a duration needs a unit"},
        {"sweep resume now", 13, "nothing follows"},
        {"sweep capacity whole", 15, "a sweep wants VAR=LIST"},
        {"sweep stop it", 11, "'it' is not expected here"},
    };
    for (unsigned i = 0; i < COUNT(cases); i++) {
        struct command c;
        struct err err = {0};
        unsigned column = 9999;
        if (command_parse(&c, cases[i].text, &err, &column) != ERR_USAGE)
            fail_msg("'%s' was accepted", cases[i].text);
        if (!strstr(err.msg, cases[i].says))
            fail_msg("'%s': says '%s'", cases[i].text, err.msg);
        if (column != cases[i].column)
            fail_msg("'%s': points at %u, not %u", cases[i].text, column, cases[i].column);
    }
    char text[900];
    struct command c;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(command_parse(&c, text, NULL, NULL), ERR_USAGE);
    memcpy(text, "mark ", 5);
    text[300] = '\0';
    assert_int_equal(command_parse(&c, text, NULL, NULL), ERR_USAGE); /* never cut in silence */
    text[5 + 255] = '\0';
    assert_int_equal(command_parse(&c, text, NULL, NULL), 0);
    assert_int_equal(strlen(c.text), 255);
    memset(text, '1', 200);
    memcpy(text, "threads 4", 9);
    memset(text + 8, '0', 70);
    memcpy(text + 78, "4x", 3); /* a word that is cut must not become another number */
    assert_int_equal(command_parse(&c, text, NULL, NULL), ERR_USAGE);
    memset(text, 'v', 200);
    memcpy(text, "sweep ", 6);
    memcpy(text + 150, "=1", 3);
    assert_int_equal(command_parse(&c, text, NULL, NULL), ERR_USAGE);
    memset(text, 'x', 200);
    memcpy(text, "remove ", 7);
    text[7 + 32] = '\0';
    assert_int_equal(command_parse(&c, text, NULL, NULL), ERR_USAGE);
    text[7 + 31] = '\0';
    assert_int_equal(command_parse(&c, text, NULL, NULL), 0);
}

static const char *pick(struct rng *r, const char *const *list, unsigned n)
{
    return list[rng_below(rng_next(r), n)];
}

static void random_amount(struct rng *r, struct command *c)
{
    static const double most[] = {4096, 1000000, 1000000, 65536, 1e9};
    c->kind = (enum amount_kind)rng_below(rng_next(r), AMOUNT_AUTO + 1);
    if (c->kind == AMOUNT_OFF || c->kind == AMOUNT_AUTO) {
        c->kind = c->verb == VERB_RATE          ? AMOUNT_OFF
                  : c->verb == VERB_CONNECTIONS ? AMOUNT_AUTO
                                                : AMOUNT_SET;
    }
    if (c->kind == AMOUNT_OFF || c->kind == AMOUNT_AUTO)
        return;
    if (c->kind == AMOUNT_MUL || c->kind == AMOUNT_DIV)
        c->amount = rng_unit(rng_next(r)) * 100 + 1e-6;
    else
        c->amount = 1 + floor(rng_unit(rng_next(r)) * (most[c->verb] - 1));
    if (rng_next(r) % 2 && c->amount > 10)
        c->amount = floor(c->amount / 10) * 10;
    if (c->verb == VERB_RATE && rng_next(r) % 2)
        c->amount = c->amount / 7;
    if (rng_next(r) % 2)
        c->over_ns = rng_below(rng_next(r), UINT64_C(1) << (1 + rng_below(rng_next(r), 50)));
}

static struct command random_command(struct rng *r)
{
    static const char *const pools[] = {"redis", "redis-2", "7", "caf\xc3\xa9", "a.b_c", "thread"};
    static const char *const texts[] = {"x",       "a b  c",  "half time: 50%",
                                        "= + * /", "over 5s", "all"};
    static const char *const targets[] = {"null:", "redis://u:p@h:1/0?ops=get:1,set:2&rate=5/s"};
    static const char *const sweeps[] = {"threads=1,2,4", "capacity", "capacity from=1/s to=2k/s",
                                         "depth=1,2 rows=3 hold=5s order=random"};
    struct command c = {.verb = (enum verb)rng_below(rng_next(r), VERBS)};
    bool prefix = c.verb <= VERB_START, after = c.verb == VERB_SWEEP;
    if (c.verb == VERB_REMOVE || ((prefix || after) && rng_next(r) % 2))
        copy_str(c.pool, sizeof c.pool, pick(r, pools, COUNT(pools)));
    if (c.verb <= VERB_RATE)
        random_amount(r, &c);
    if (c.verb == VERB_PATTERN)
        c.pattern = (enum pattern)rng_below(rng_next(r), PATTERN_UNTHROTTLED + 1);
    if (c.verb == VERB_SET)
        copy_str(c.option, sizeof c.option, "kafka.linger.ms");
    if (c.verb == VERB_OPS)
        copy_str(c.text, sizeof c.text, "get:80,set:0.5");
    else if (c.verb == VERB_ADD)
        copy_str(c.text, sizeof c.text, pick(r, targets, COUNT(targets)));
    else if (c.verb == VERB_SWEEP)
        copy_str(c.text, sizeof c.text, pick(r, sweeps, COUNT(sweeps)));
    else if (c.verb == VERB_SET || c.verb == VERB_THEME ||
             (c.verb >= VERB_MARK && c.verb <= VERB_BASELINE && rng_next(r) % 2))
        copy_str(c.text, sizeof c.text, pick(r, texts, COUNT(texts)));
    return c;
}

static void writing_is_the_inverse_of_reading(void **state)
{
    (void)state;
    struct rng r;
    bool seen[VERBS] = {false};
    rng_seed(&r, 99, 0);
    for (int i = 0; i < 20000; i++) {
        struct command c = random_command(&r), back;
        struct err err = {0};
        char text[600], again[600];
        seen[c.verb] = true;
        command_text(&c, text, sizeof text);
        if (command_parse(&back, text, &err, NULL))
            fail_msg("'%s' does not read back: %s", text, err.msg);
        command_text(&back, again, sizeof again);
        if (back.verb != c.verb || back.kind != c.kind || back.amount != c.amount ||
            back.over_ns != c.over_ns || back.pattern != c.pattern ||
            strcmp(back.pool, c.pool) != 0 || strcmp(back.option, c.option) != 0 ||
            strcmp(back.text, c.text) != 0 || strcmp(again, text) != 0)
            fail_msg("'%s' reads back as '%s' (%.17g, %.17g)", text, again, c.amount, back.amount);
    }
    for (int v = 0; v < VERBS; v++)
        assert_true(seen[v]);
}

static void written_commands_are_readable(void **state)
{
    (void)state;
    static const char *const same[] = {"rate 250k/s",  "redis rate +5M/s over 1m",
                                       "threads *2",   "connections auto",
                                       "pause all",    "sweep 2 capacity",
                                       "remove redis", "mark",
                                       "set rows 5",   "rate 1500/s"};
    char buf[300];
    for (unsigned i = 0; i < COUNT(same); i++) {
        struct command c = parsed(same[i]);
        const char *expected = strcmp(same[i], "rate 1500/s") == 0 ? "rate 1500/s" : same[i];
        assert_string_equal(command_text(&c, buf, sizeof buf), expected);
    }
    struct command c = parsed("add redis://u:SECRET@h:1/0?password=SECRET");
    assert_string_equal(command_shown(&c, buf, sizeof buf), "add redis://***@h:1/0");
    c = parsed("set kafka.sasl.password SECRET");
    assert_string_equal(command_shown(&c, buf, sizeof buf), "set kafka.sasl.password ***");
    c = parsed("set token SECRET");
    assert_string_equal(command_shown(&c, buf, sizeof buf), "set token ***");
    c = parsed("mark redis://u:SECRET@h");
    assert_string_equal(command_shown(&c, buf, sizeof buf), "mark redis://u:***@h");
    c = parsed("threads 4");
    assert_string_equal(command_shown(&c, buf, sizeof buf), "threads 4");
    assert_string_equal(command_text(&c, buf, 5), "thre");
}

static void amounts_are_applied(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double now, then;
    } cases[] = {
        {"threads 8", 3, 8},        {"threads +2", 3, 5},   {"threads -2", 3, 1},
        {"threads -5", 3, 0},       {"threads *2", 3, 6},   {"threads /2", 3, 2},
        {"threads /2", 1, 1},       {"threads *1.5", 4, 6}, {"rate *1.5", 1.5, 2.25},
        {"rate +1k/s", 0, 1000},    {"rate off", 500, 0},   {"rate /4", 10, 2.5},
        {"connections auto", 5, 0}, {"rate -1k/s", 10, 0},
    };
    for (unsigned i = 0; i < COUNT(cases); i++) {
        struct command c = parsed(cases[i].text);
        double then = command_amount(&c, cases[i].now);
        if (then != cases[i].then)
            fail_msg("'%s' makes %g of %g", cases[i].text, then, cases[i].now);
    }
}

static void what_a_lock_refuses(void **state)
{
    (void)state;
    static const char *const load[] = {"threads 2",      "clients 2",    "connections 2", "depth 2",
                                       "rate off",       "pattern sync", "ops x",         "set a b",
                                       "resume",         "start",        "add null:",     "undo",
                                       "sweep capacity", "resume all"};
    static const char *const harmless[] = {
        "pause",      "stop",       "pause all", "remove x", "mark",    "lock", "unlock",
        "sweep stop", "screenshot", "report",    "baseline", "theme x", "quit"};
    unsigned screens = 0;
    for (unsigned i = 0; i < COUNT(load); i++) {
        struct command c = parsed(load[i]);
        if (!command_changes_load(&c) || command_is_for_screen(&c))
            fail_msg("'%s' changes load", load[i]);
    }
    for (unsigned i = 0; i < COUNT(harmless); i++) {
        struct command c = parsed(harmless[i]);
        if (command_changes_load(&c))
            fail_msg("'%s' changes no load", harmless[i]);
        screens += command_is_for_screen(&c);
    }
    assert_int_equal(screens, 5);
    assert_int_equal(COUNT(load) + COUNT(harmless), VERBS);
}

static void the_table_has_every_verb_once(void **state)
{
    (void)state;
    unsigned count[VERBS] = {0};
    for (const struct verb_help *v = verb_table; v->name; v++) {
        count[v->verb]++;
        assert_true(strlen(v->help) > 10 && v->help[strlen(v->help) - 1] == '.');
        assert_non_null(strstr(v->form, strcmp(v->name, "pause all") ? v->name : "pause all"));
    }
    for (int v = 0; v < VERBS; v++)
        assert_int_equal(count[v], 1);
    assert_string_equal(origin_name(BY_KEY), "key");
    assert_string_equal(origin_name(BY_RULE), "rule");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(amounts_are_read),
        cmocka_unit_test(other_commands_are_read),
        cmocka_unit_test(a_verb_wins_over_a_pool_of_its_name),
        cmocka_unit_test(wrong_commands_are_refused_where_they_are_wrong),
        cmocka_unit_test(writing_is_the_inverse_of_reading),
        cmocka_unit_test(written_commands_are_readable),
        cmocka_unit_test(amounts_are_applied),
        cmocka_unit_test(what_a_lock_refuses),
        cmocka_unit_test(the_table_has_every_verb_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
