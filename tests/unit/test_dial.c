/* Dials and sweeps, set in every way: by a URL, a scenario, a command, a step of a command, a
 * sweep.
 *
 * What is true here is written out by hand: the ranges that the help promises. Each door must take
 * the two ends of a range and refuse what is just beyond them, in the same words; and each must
 * read a sweep to the same values. */
#include "virtual_run.h"

#include "engine/base/text.h"
#include "engine/config/command.h"
#include "engine/config/command_text.h"
#include "engine/config/dial.h"
#include "engine/config/scenario_check.h"
#include "engine/config/scenario_yaml.h"
#include "engine/config/sweep_spec.h"
#include "ui/cli/cli.h"
#include "ui/cli/cli_scenario.h"
#include "ui/widgets/form.h"
#include "ui/widgets/form_sweep.h"

#include <stdio.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* What each door takes (as it reads back) and refuses, and in which words. */
static const struct {
    const char *name, *low, *high, *below, *above, *refused_below, *refused_above;
} truth[] = {
    {"threads", "1", "4096", "0", "4097", "threads 0: out of range, allowed 1 to 4096",
     "threads 4097: out of range, allowed 1 to 4096"},
    {"clients", "1", "1000000", "0", "1000001", "clients 0: out of range, allowed 1 to 1000000",
     "clients 1000001: out of range, allowed 1 to 1000000"},
    {"connections", "1", "1000000", NULL, "1000001", NULL,
     "connections 1000001: out of range, allowed 0 to 1000000"},
    {"depth", "1", "65536", "0", "65537", "depth 0: out of range, allowed 1 to 65536",
     "depth 65537: out of range, allowed 1 to 65536"},
    {"rate", "0.001/s", "1000000000/s", "0.0009/s", "1000000001/s",
     "rate 0.0009/s: out of range, allowed 0.001/s to 1G/s, or off for a closed pool",
     "rate 1000000001/s: out of range, allowed 0.001/s to 1G/s, or off for a closed pool"},
    {"pattern", "sync", "unthrottled", "syn", "chian",
     "pattern syn: not one of sync|batch|queue|chain|unthrottled (did you mean 'sync'?)",
     "pattern chian: not one of sync|batch|queue|chain|unthrottled (did you mean 'chain'?)"},
    {"ops", "op:1", "op:1", "op:-1", "op:2000000000",
     "ops op:-1: a weight is a number from 0 to 1000000000",
     "ops op:2000000000: a weight is a number from 0 to 1000000000"},
    {"think", "0s", "1h", NULL, "3601s", NULL, "think 3601s: out of range, allowed 0s to 1h"},
    {"arrival", "constant", "poisson", "const", "posson",
     "arrival const: not one of constant|poisson",
     "arrival posson: not one of constant|poisson (did you mean 'poisson'?)"},
};

/* ---- the doors: each reads the value, and says why not ---- */

static int by_url(const char *name, const char *value, struct load *load, struct err *err)
{
    char url[128];
    struct pool_spec spec;
    snprintf(url, sizeof url, "null:?%s=%s", name, value);
    int bad = pool_spec_parse(&spec, url, ORIGIN_ARGV, NULL, backends, err);
    if (!bad) {
        *load = spec.load;
        pool_spec_fini(&spec);
    }
    return bad;
}

static int load_yaml(struct scenario *s, const char *yaml, struct err *err)
{
    char path[] = "/tmp/loadtop_dial_XXXXXX";
    struct options defaults;
    int fd = mkstemp(path);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
    if (!f || fputs(yaml, f) < 0 || fclose(f) != 0)
        fail_msg("cannot write %s", path);
    scenario_init(s);
    options_init(&defaults, pool_option_table);
    int bad = scenario_load(s, path, &defaults, backends, err);
    options_fini(&defaults);
    remove(path);
    return bad;
}

static int by_yaml(const char *name, const char *value, struct load *load, struct err *err)
{
    char yaml[160];
    struct scenario s;
    snprintf(yaml, sizeof yaml, "pools:\n  - target: 'null:'\n    %s: '%s'\n", name, value);
    int bad = load_yaml(&s, yaml, err);
    if (!bad)
        *load = s.pool[0]->load;
    scenario_fini(&s);
    return bad;
}

static int by_flag(const char *name, const char *value, struct load *load, struct err *err)
{
    char flag[64], text[64], program[] = "loadtop", target[] = "null:";
    char *argv[] = {program, flag, text, target, NULL};
    struct cli cli;
    struct scenario s;
    snprintf(flag, sizeof flag, "--%s", name);
    snprintf(text, sizeof text, "%s", value);
    int bad = cli_parse(&cli, 4, argv, backends, err);
    scenario_init(&s);
    if (!bad)
        bad = cli_scenario(&cli, &s, backends, err);
    if (!bad)
        *load = s.pool[0]->load;
    scenario_fini(&s);
    cli_fini(&cli);
    return bad;
}

/* The engine carries it out, and its snapshot says what the load is then. */
static int send(const char *text, struct load *load, struct err *err)
{
    static const char *const urls[] = {"null:?service=1h", NULL};
    struct scenario s;
    virtual_scenario(&s, urls);
    struct engine *e = virtual_begin(&s);
    engine_step(e, 100000000);
    engine_send_text(e, "stop", BY_COMMAND, err); /* 4096 workers would be made */
    engine_step(e, 200000000);
    int64_t ticket = engine_send_text(e, text, BY_COMMAND, err);
    engine_step(e, 300000000);
    const struct snapshot *n = engine_snapshot(e);
    *load = n->pool[0].load;
    snapshot_release(n);
    bool refused = ticket < 0 || engine_ticket_result(e, ticket, err) == COMMAND_REFUSED;
    virtual_end(e, &s);
    return refused ? ERR_USAGE : 0;
}

static int by_command(const char *name, const char *value, struct load *load, struct err *err)
{
    char text[128];
    int d = dial_find(name);
    snprintf(text, sizeof text, "%s%s %s", d >= 0 && dial_table[d].verb == VERB_SET ? "set " : "",
             name, value);
    return send(text, load, err);
}

static int by_sweep(const char *name, const char *value, struct load *load, struct err *err)
{
    char text[128];
    (void)load;
    snprintf(text, sizeof text, "sweep %s=%s", name, value);
    return send(text, load, err);
}

typedef int door(const char *name, const char *value, struct load *, struct err *);
static const struct {
    const char *name;
    door *set;
    bool reads; /* the load is the value afterwards */
} doors[] = {{"URL", by_url, true},
             {"YAML", by_yaml, true},
             {"flag", by_flag, true},
             {"command", by_command, true},
             {"sweep", by_sweep, false}};

/* ---- dials ---- */

static void accepted(unsigned at, unsigned i, const char *value)
{
    struct load load = {0};
    struct err err = {0};
    char text[64];
    int d = dial_find(truth[i].name);
    if (doors[at].set(truth[i].name, value, &load, &err))
        fail_msg("%s: %s %s is refused: %s", doors[at].name, truth[i].name, value, err.msg);
    if (d == DIAL_OPS || !doors[at].reads)
        return;
    dial_text(&load, (enum dial)d, text, sizeof text);
    if (d == DIAL_RATE) {
        double meant = strtod(value, NULL);
        if (load.rate_per_s < meant || load.rate_per_s > meant)
            fail_msg("%s: rate %s became %g", doors[at].name, value, load.rate_per_s);
    } else if (strcmp(text, value) != 0) {
        fail_msg("%s: %s %s became %s", doors[at].name, truth[i].name, value, text);
    }
}

static void refused(unsigned at, unsigned i, const char *value, const char *words)
{
    struct load load;
    struct err err = {0};
    if (!value)
        return;
    if (!doors[at].set(truth[i].name, value, &load, &err))
        fail_msg("%s: %s %s is accepted", doors[at].name, truth[i].name, value);
    if (!strstr(err.msg, words))
        fail_msg("%s: %s %s: says '%s', not '%s'", doors[at].name, truth[i].name, value, err.msg,
                 words);
}

static void every_door_has_the_same_range(void **state)
{
    (void)state;
    assert_int_equal(COUNT(truth), DIALS);
    for (unsigned at = 0; at < COUNT(doors); at++)
        for (unsigned i = 0; i < COUNT(truth); i++) {
            accepted(at, i, truth[i].low);
            accepted(at, i, truth[i].high);
            refused(at, i, truth[i].below, truth[i].refused_below);
            refused(at, i, truth[i].above, truth[i].refused_above);
        }
}

/* What a step comes to is refused as if it had been typed. */
static void a_step_beyond_the_range_is_refused_alike(void **state)
{
    (void)state;
    static const struct {
        const char *command, *says;
    } cases[] = {
        {"threads *5000", "null: threads 5000: out of range, allowed 1 to 4096"},
        {"threads -1", "null: threads 0: out of range, allowed 1 to 4096"},
        {"clients *1000000 over 60s", NULL}, /* the upper end itself */
        {"clients +1000000", "null: clients 1000001: out of range, allowed 1 to 1000000"},
        {"connections +1000000", "connections 1000001: out of range, allowed 0 to 1000000"},
        {"connections -1", "null: connections 0: at least 1 stays"},
        {"depth *65537", "null: depth 65537: out of range, allowed 1 to 65536"},
        {"rate *2", "null: rate 0: out of range, allowed 0.001/s to 1G/s, or off"},
        {"set think 2h", "think 2h: out of range, allowed 0s to 1h"},
    };
    for (unsigned i = 0; i < COUNT(cases); i++) {
        struct load load;
        struct err err = {0};
        int bad = send(cases[i].command, &load, &err);
        if (!cases[i].says != !bad || (bad && !strstr(err.msg, cases[i].says)))
            fail_msg("'%s': says '%s'", cases[i].command, err.msg);
    }
}

static void ceilings_have_the_range_of_their_dial(void **state)
{
    (void)state;
    static const char *const names[] = {"max-threads", "max-clients"};
    for (unsigned i = 0; i < COUNT(names); i++) {
        const struct option_spec *dial = dial_option(i ? DIAL_CLIENTS : DIAL_THREADS);
        char yaml[80], value[32], above[32];
        struct scenario s;
        struct load load;
        struct err err = {0};
        snprintf(value, sizeof value, "%.0f", dial->max);
        snprintf(above, sizeof above, "%.0f", dial->max + 1);
        assert_int_equal(by_flag(names[i], value, &load, &err), 0);
        assert_int_equal(by_flag(names[i], above, &load, &err), ERR_USAGE);
        snprintf(yaml, sizeof yaml, "limits: { %s: %s }\n", names[i], value);
        assert_int_equal(load_yaml(&s, yaml, &err), 0);
        scenario_fini(&s);
        snprintf(yaml, sizeof yaml, "limits: { %s: %s }\n", names[i], above);
        assert_int_equal(load_yaml(&s, yaml, &err), ERR_USAGE);
        scenario_fini(&s);
    }
}

static void the_tables_agree(void **state)
{
    (void)state;
    for (int d = 0; d < DIALS; d++) {
        const struct option_spec *o = dial_option((enum dial)d);
        assert_true(o->flags & OPTION_LIVE);
        assert_int_equal(dial_find(o->name), d);
        for (const struct verb_help *v = verb_table; v->name; v++)
            if (v->verb == dial_table[d].verb && v->verb != VERB_SET)
                assert_string_equal(v->name, o->name);
    }
    for (unsigned i = 0; pool_option_table[i].name; i++) /* live is what a dial can change */
        assert_int_equal(!!(pool_option_table[i].flags & OPTION_LIVE),
                         dial_find(pool_option_table[i].name) >= 0);
}

/* ---- sweeps ---- */

static int sweep_by_command(const char *spec, char *text, struct err *err)
{
    char line[400];
    struct command c;
    snprintf(line, sizeof line, "sweep %s", spec);
    int bad = command_parse(&c, line, err, NULL);
    copy_str(text, 256, bad ? "" : c.text);
    return bad;
}

static int sweep_of(struct scenario *s, char *text, struct err *err)
{
    int bad = scenario_check(s, backends, err);
    return bad ? bad : sweep_by_command(s->sweep, text, err);
}

static int sweep_by_yaml(const char *spec, char *text, struct err *err)
{
    char yaml[400];
    struct scenario s;
    snprintf(yaml, sizeof yaml, "pools: ['null:']\nsweep: '%s'\n", spec);
    int bad = load_yaml(&s, yaml, err);
    bad = bad ? bad : sweep_of(&s, text, err);
    scenario_fini(&s);
    return bad;
}

static int sweep_by_flag(const char *spec, char *text, struct err *err)
{
    char program[] = "loadtop", flag[] = "--sweep", value[400], target[] = "null:";
    char *argv[] = {program, flag, value, target, NULL};
    struct cli cli;
    struct scenario s;
    snprintf(value, sizeof value, "%s", spec);
    int bad = cli_parse(&cli, 4, argv, backends, err);
    scenario_init(&s);
    bad = bad ? bad : cli_scenario(&cli, &s, backends, err);
    bad = bad ? bad : sweep_of(&s, text, err);
    scenario_fini(&s);
    cli_fini(&cli);
    return bad;
}

static int sweep_by_at(const char *spec, char *text, struct err *err)
{
    char line[400];
    struct options defaults;
    struct scenario s;
    scenario_init(&s);
    options_init(&defaults, pool_option_table);
    int bad = scenario_add(&s, "null:", ORIGIN_ARGV, &defaults, backends, err);
    options_fini(&defaults);
    snprintf(line, sizeof line, "1h sweep %s", spec);
    bad = bad ? bad : scenario_at(&s, line, ORIGIN_ARGV, err);
    bad = bad ? bad : scenario_check(&s, backends, err);
    bad = bad ? bad : sweep_by_command(s.at[0].text + strlen("sweep "), text, err);
    scenario_fini(&s);
    return bad;
}

/* The engine's own reading, from its snapshot. */
static int sweep_by_engine(const char *spec, char *text, struct err *err)
{
    char line[400];
    struct load load;
    snprintf(line, sizeof line, "sweep %s", spec);
    int bad = send(line, &load, err);
    copy_str(text, 256, bad ? "" : spec);
    return bad;
}

/* VAR and LIST are typed into their fields. */
static int sweep_by_form(const char *spec, char *text, struct err *err)
{
    struct form form = {0};
    struct pool_snapshot p = {.number = 1, .backend = backends[0]};
    int code = 0;
    char command[400], words[400], *save = NULL;
    unsigned variables = 0;
    for (unsigned i = 0; backends[i]; i++)
        if (strcmp(backends[i]->name, "null") == 0)
            p.backend = backends[i];
    form_open_sweep(&form, &p);
    snprintf(words, sizeof words, "%s", spec);
    for (char *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
        char *is = strchr(w, '=');
        *is++ = '\0';
        if (strcmp(w, "hold") == 0) {
            field_set(&form.field[4].text, is);
        } else {
            field_set(&form.field[2 * variables].text, w);
            field_set(&form.field[2 * variables++ + 1].text, is);
        }
    }
    form_sweep_check(&form);
    for (int i = 0; i < form.fields && !code; i++)
        if (form.field[i].error[0])
            code = err_set(err, ERR_USAGE, "%s", form.field[i].error);
    if (!code) {
        form_sweep_command(&form, command, sizeof command);
        copy_str(text, 256, command + strlen("sweep 1 "));
    }
    form_close(&form);
    return code;
}

static const struct {
    const char *name;
    int (*read)(const char *spec, char *text, struct err *);
} sweep_doors[] = {{"command", sweep_by_command}, {"engine", sweep_by_engine},
                   {"--sweep", sweep_by_flag},    {"YAML", sweep_by_yaml},
                   {"--at", sweep_by_at},         {"form", sweep_by_form}};

static void a_sweep_means_the_same_through_every_door(void **state)
{
    (void)state;
    static const struct {
        const char *spec, *values;
    } cases[] = {
        {"threads=1,2,4", "threads 1 2 4"},
        {"threads=1..4", "threads 1 2 3 4"},
        {"clients=1..16*2,100", "clients 1 2 4 8 16 100"},
        {"connections=10..30+10", "connections 10 20 30"},
        {"depth=auto", "depth 1"},
        {"depth=auto,2", "depth auto 2"},
        {"connections=auto,1", "connections auto 1"},
        {"rate=1k,2k/s", "rate 1k 2k/s"},
        {"pattern=sync,chain depth=1,16 hold=1s", "pattern sync chain depth 1 16"},
        {"service=1ms,2ms", "service 1ms 2ms"},
    };
    for (unsigned at = 0; at < COUNT(sweep_doors); at++)
        for (unsigned i = 0; i < COUNT(cases); i++) {
            char text[256] = "", values[256] = "";
            struct sweep_spec spec = {0};
            struct err err = {0};
            if (sweep_doors[at].read(cases[i].spec, text, &err) ||
                sweep_spec_read(&spec, text, &err, NULL))
                fail_msg("%s: '%s' is refused: %s", sweep_doors[at].name, cases[i].spec, err.msg);
            for (unsigned a = 0; a < spec.axes; a++) {
                text_append(values, sizeof values, strlen(values), "%s%s", a ? " " : "",
                            spec.axis[a].name);
                for (unsigned v = 0; v < spec.axis[a].values; v++)
                    text_append(values, sizeof values, strlen(values), " %s",
                                spec.axis[a].value[v]);
            }
            if (strcmp(values, cases[i].values) != 0)
                fail_msg("%s: '%s' is '%s'", sweep_doors[at].name, cases[i].spec, values);
        }
}

static void a_sweep_is_refused_alike_through_every_door(void **state)
{
    (void)state;
    static const struct {
        const char *spec, *says;
        bool needs_pool; /* which options there are is the pool's */
    } cases[] = {
        {"threads=0,1", "threads 0: out of range, allowed 1 to 4096", false},
        {"threads=4095..4097", "threads 4097: out of range, allowed 1 to 4096", false},
        {"threads=1,,2", "a value is missing in its list", false},
        {"threads=4..1", "no list: 1,2,4 or 1..8", false},
        {"threads=1,2 hold=500ms", "hold wants a duration with its unit, of at least 1s", false},
        {"rate=1k,0", "rate 0: out of range, allowed 0.001/s to 1G/s", false},
        {"threads=auto depth=1,2", "auto works for one variable alone", false},
        {"pattern=sync,zync", "pattern zync: not one of sync|batch|queue|chain", false},
        {"service=1,2", "service 1: a duration needs a unit", true},
    };
    for (unsigned at = 0; at < COUNT(sweep_doors); at++)
        for (unsigned i = 0; i < COUNT(cases); i++) {
            bool blind =
                sweep_doors[at].read == sweep_by_command || sweep_doors[at].read == sweep_by_form;
            char text[256];
            struct err err = {0};
            if (cases[i].needs_pool && blind)
                continue;
            if (!sweep_doors[at].read(cases[i].spec, text, &err))
                fail_msg("%s: '%s' is accepted", sweep_doors[at].name, cases[i].spec);
            if (!strstr(err.msg, cases[i].says))
                fail_msg("%s: '%s': says '%s'", sweep_doors[at].name, cases[i].spec, err.msg);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tables_agree),
        cmocka_unit_test(every_door_has_the_same_range),
        cmocka_unit_test(a_step_beyond_the_range_is_refused_alike),
        cmocka_unit_test(ceilings_have_the_range_of_their_dial),
        cmocka_unit_test(a_sweep_means_the_same_through_every_door),
        cmocka_unit_test(a_sweep_is_refused_alike_through_every_door),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
