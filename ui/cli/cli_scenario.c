/* From the command line to a scenario, and back to a line that repeats it: see cli_scenario.h.
 *
 * A pool's value comes from the URL's query, else from the flag, else from the table's default. A
 * backend option given as a flag applies to each pool whose backend has it; if there is none it is
 * an error, because a setting without effect would be misleading. */
#include "ui/cli/cli_scenario.h"

#include <stdio.h>
#include <string.h>

#include "engine/backend.h"
#include "engine/base/err.h"
#include "engine/base/quantity.h"
#include "engine/base/secret.h"
#include "engine/config/command.h"
#include "engine/config/command_text.h"
#include "engine/config/pool_url.h"
#include "engine/config/scenario_check.h"
#include "engine/config/scenario_yaml.h"
#include "ui/base/quote.h"
#include "ui/cli/cli.h"
#include "ui/live/capture.h"
#include "ui/report/report.h"
#include "ui/term/theme.h"
#include "ui/term/theme_files.h"

/* Puts `--` before a message that begins with an option's name. */
static int dashed(int code, const struct err *why, struct err *err)
{
    return err_set(err, code, "--%s", why->msg);
}

/* Does the query of a target set this option, by its name or its alias? Each name of a PREFIX
 * option counts as a separate option. */
struct wanted {
    const struct option_spec *table;
    int option; /* in the table */
    const char *name;
    bool found;
};

static int look(const char *name, const char *value, void *ctx)
{
    struct wanted *w = ctx;
    (void)value;
    bool prefix = w->table[w->option].flags & OPTION_PREFIX;
    w->found = w->found ||
               (prefix ? strcmp(w->name, name) == 0 : options_find(w->table, name) == w->option);
    return 0;
}

static bool target_sets(const struct target *t, const struct option_spec *table, int option,
                        const char *name)
{
    struct wanted w = {.table = table, .option = option, .name = name};
    target_query(t, look, &w, NULL);
    return w.found;
}

static int apply_setting(const struct cli_setting *set, struct scenario *s, struct err *err)
{
    bool used = false;
    for (unsigned p = 0; p < s->pools; p++) {
        struct pool_spec *spec = s->pool[p];
        int i = options_find(spec->backend->options, set->name);
        if (i < 0)
            continue;
        bool prefix = spec->backend->options[i].flags & OPTION_PREFIX;
        used = true;
        if (target_sets(&spec->target, spec->backend->options, i, set->name) ||
            (!prefix && option_given(&spec->options, (unsigned)i)))
            continue;
        struct err why = {0};
        if (options_set(&spec->options, set->name, set->value, ORIGIN_ARGV, false, &why) < 0)
            return dashed(ERR_USAGE, &why, err);
    }
    if (used)
        return 0;
    bool secret = is_secret_name(set->name, strlen(set->name));
    return err_set(err, ERR_USAGE, "--%s %.60s: none of the targets has this option", set->name,
                   secret ? "***" : set->value);
}

/* Applies all settings, then checks their combination. */
static int apply_settings(const struct cli *c, struct scenario *s, struct err *err)
{
    int bad = 0;
    for (unsigned i = 0; i < c->settings && !bad; i++)
        bad = apply_setting(&c->setting[i], s, err);
    for (unsigned p = 0; p < s->pools && c->settings && !bad; p++) {
        const struct pool_spec *spec = s->pool[p];
        if (spec->backend->check)
            bad = spec->backend->check(&spec->target, &spec->options, err);
    }
    return bad;
}

/* Does a flag, and not the URL, set this option of every pool? */
static bool is_flag_of_pool(const struct cli *c, const char *option, const char *url)
{
    struct target t;
    int i = options_find(c->pool.table, option);
    if (i < 0 || !option_given(&c->pool, (unsigned)i) || target_parse(&t, url, NULL) < 0)
        return false;
    bool url_does = target_sets(&t, c->pool.table, i, option);
    target_fini(&t);
    return !url_does;
}

/* A flag that can only be checked with a target (ops, name) was refused: prepend its dashes, unless
 * the URL contains it. */
static int add_target(const struct cli *c, const char *url, struct scenario *s,
                      const struct backend *const *backends, struct err *err)
{
    struct err why = {0};
    int bad = scenario_add(s, url, ORIGIN_ARGV, &c->pool, backends, &why);
    if (!bad)
        return 0;
    if (is_flag_of_pool(c, why.option, url))
        return dashed(bad, &why, err);
    return err_set(err, bad, "%s", why.msg);
}

static int apply_goal(const struct cli *c, double *per_s, struct err *err)
{
    const char *text = cli_text(c, OWN_GOAL);
    if (!option_given(&c->own, OWN_GOAL) || (parse_rate(text, per_s) == 0 && rate_in_range(*per_s)))
        return 0;
    return err_set(err, ERR_USAGE,
                   "--goal %.60s: not a rate from " RATE_RANGE " (5000/s, 10k/s, 1.5M/s)", text);
}

static int apply_limits(const struct cli *c, struct limits *l, struct err *err)
{
    struct err why = {0};
    l->allow_destructive = l->allow_destructive || cli_flag(c, OWN_ALLOW_DESTRUCTIVE);
    l->yes = l->yes || cli_flag(c, OWN_YES);
    if (option_given(&c->own, OWN_CONFIRM))
        copy_str(l->confirm, sizeof l->confirm, c->confirm);
    return limits_take(l, &c->limits, true, &why) < 0 ? dashed(why.code, &why, err) : 0;
}

static int apply_lists(const struct cli *c, struct scenario *s, struct err *err)
{
    struct err why = {0};
    for (unsigned i = 0; i < c->ats; i++)
        if (scenario_at(s, c->at[i], ORIGIN_ARGV, &why) < 0)
            return dashed(why.code, &why, err);
    for (unsigned i = 0; i < c->thresholds; i++) {
        if (s->thresholds >= THRESHOLDS_MAX)
            return err_set(err, ERR_USAGE, "--threshold %.60s: more than %d of them",
                           c->threshold[i], THRESHOLDS_MAX);
        if (threshold_parse(&s->threshold[s->thresholds], c->threshold[i], &why) < 0)
            return dashed(why.code, &why, err);
        s->thresholds++;
    }
    return 0;
}

static int apply_sweep(const struct cli *c, struct scenario *s, struct err *err)
{
    char line[sizeof s->sweep + 8];
    struct command command;
    struct err why = {0};
    if (!option_given(&c->own, OWN_SWEEP))
        return 0;
    const char *spec = cli_text(c, OWN_SWEEP);
    if (strlen(spec) >= sizeof s->sweep)
        return err_set(err, ERR_USAGE, "--sweep %.60s...: too long", spec);
    snprintf(line, sizeof line, "sweep %s", spec);
    if (command_parse(&command, line, &why, NULL) < 0)
        return err_set(err, ERR_USAGE, "--sweep %.60s: %s", spec, why.msg);
    copy_str(s->sweep, sizeof s->sweep, spec);
    return 0;
}

/* Would the front end know what to do with this command when it is due? Without a screen there are
 * reports and the end of the run. */
static int try_on_screen(const struct command *c, unsigned pools, bool headless, struct err *err)
{
    struct theme theme;
    if (headless && command_is_for_screen(c) && c->verb != VERB_REPORT && c->verb != VERB_QUIT)
        return err_set(err, ERR_USAGE, "there is no screen with --headless");
    if (!c->text[0])
        return 0;
    if (c->verb == VERB_REPORT)
        return report_check_name(c->text, pools, err);
    if (c->verb == VERB_SCREENSHOT)
        return capture_check_name(c->text, err);
    return c->verb == VERB_THEME ? theme_load(&theme, c->text, err) : 0;
}

/* Checks the timed commands that scenario_check does not know about. Those that may name no file
 * are refused when they are due; until then their file is not looked at. */
static int check_screen_commands(const struct scenario *s, bool headless, struct err *err)
{
    struct command c;
    char shown[COMMAND_TEXT_MAX + 96];
    struct err why = {0};
    for (unsigned i = 0; i < s->ats; i++) {
        if (command_parse(&c, s->at[i].text, NULL, NULL) < 0 ||
            (command_names_file(&c) && !origin_is_trusted(s->at[i].origin)))
            continue;
        if (try_on_screen(&c, s->pools, headless, &why) < 0)
            return err_set(err, ERR_USAGE, "--at '%.100s': %s",
                           command_shown(&c, shown, sizeof shown), why.msg);
    }
    return 0;
}

int cli_scenario(const struct cli *c, struct scenario *s, const struct backend *const *backends,
                 struct err *err)
{
    struct err why = {0};
    int bad = 0;
    if (pool_options_check(&c->pool, &why) < 0)
        return dashed(why.code, &why, err);
    if (option_given(&c->own, OWN_FILE))
        bad = scenario_load(s, cli_text(c, OWN_FILE), &c->pool, backends, err);
    for (unsigned i = 0; i < c->words && !bad; i++)
        bad = add_target(c, c->word[i], s, backends, err);
    if (!bad)
        bad = apply_settings(c, s, err);
    if (!bad)
        bad = apply_limits(c, &s->limits, err);
    if (!bad)
        bad = apply_lists(c, s, err);
    if (!bad)
        bad = apply_sweep(c, s, err);
    if (!bad)
        bad = apply_goal(c, &s->goal_per_s, err);
    if (!bad)
        bad = scenario_check(s, backends, err);
    return bad ? bad : check_screen_commands(s, cli_flag(c, OWN_HEADLESS), err);
}

/* ---- The line that repeats a run ---- */

static void add_valued(struct text *t, const char *name, const char *value)
{
    char shown[COMMAND_TEXT_MAX];
    text_add(t, " --%s ", name);
    text_add_quoted(t, secret_masked_command(value, shown, sizeof shown));
}

/* Is this option part of the scenario, or irrelevant for repeating the run? */
static bool is_in_scenario(unsigned i)
{
    switch (i) {
    case OWN_FILE:
    case OWN_AT:
    case OWN_SWEEP:
    case OWN_THRESHOLD:
    case OWN_GOAL:
    case OWN_ALLOW_DESTRUCTIVE:
    case OWN_YES:
    case OWN_CONFIRM:
    case OWN_HELP:
    case OWN_VERSION:
        return true;
    default:
        return false;
    }
}

static void add_given(struct text *t, const struct options *o, bool all)
{
    char value[1024];
    for (unsigned i = 0; i < o->n; i++) {
        if (!option_given(o, i) || (!all && is_in_scenario(i)))
            continue;
        if (o->table[i].type == OPTION_BOOL && option_bool(o, i))
            text_add(t, " --%s", o->table[i].name);
        else
            add_valued(t, o->table[i].name, options_text(o, i, value, sizeof value));
    }
}

/* For a demo, adds the options as typed. */
static void add_demo(struct text *t, const struct cli *c, const struct scenario *s)
{
    text_add(t, " demo");
    add_given(t, &c->pool, true);
    for (unsigned i = 0; i < c->settings; i++) {
        const struct cli_setting *set = &c->setting[i];
        for (unsigned p = 0; p < s->pools; p++) {
            const struct option_spec *table = s->pool[p]->backend->options;
            int found = options_find(table, set->name);
            if (found < 0 || table[found].type == OPTION_SECRET ||
                is_secret_name(set->name, strlen(set->name)))
                continue;
            add_valued(t, set->name, set->value);
            break;
        }
    }
}

static void add_limits(struct text *t, const struct limits *l)
{
    char text[48];
    if (l->max_threads_given)
        text_add(t, " --max-threads %u", l->max_threads);
    if (l->max_clients_given)
        text_add(t, " --max-clients %u", l->max_clients);
    if (l->max_rate > 0)
        text_add(t, " --max-rate %.15g/s", l->max_rate);
    if (l->max_time_ns)
        text_add(t, " --max-time %s", format_exact_duration(text, sizeof text, l->max_time_ns));
    if (l->max_connections != MAX_CONNECTIONS_DEFAULT)
        text_add(t, " --max-connections %u", l->max_connections);
    if (l->max_bytes)
        text_add(t, " --max-bytes %llu", (unsigned long long)l->max_bytes);
    if (l->read_only)
        text_add(t, " --read-only");
    if (l->locked)
        text_add(t, " --locked");
    if (l->allow_destructive)
        text_add(t, " --allow-destructive");
    if (l->yes)
        text_add(t, " --yes");
    for (const char *at = l->confirm; *at;) {
        char name[CONFIRM_MAX];
        size_t len = strcspn(at, "\n");
        copy_part(name, sizeof name, at, len);
        add_valued(t, "confirm", name);
        at += len + (at[len] == '\n');
    }
}

/* Adds a timed command such as "30s mark half time"; the target of an `add` is written without its
 * password. */
static void add_at(struct text *t, const struct at *at)
{
    char when[48], shown[COMMAND_LINE_MAX];
    struct command c;
    struct text line = {0};
    secret_masked_command(at->text, shown, sizeof shown);
    if (command_parse(&c, at->text, NULL, NULL) == 0 && c.verb == VERB_ADD)
        command_shown(&c, shown, sizeof shown);
    text_add(&line, "%s %s", format_exact_duration(when, sizeof when, at->at_ns), shown);
    add_valued(t, "at", text_str(&line));
    text_free(&line);
}

void cli_command(const struct cli *c, const struct scenario *s, struct text *t)
{
    char url[2048];
    text_add(t, "loadtop");
    if (c->verb == CLI_DEMO)
        add_demo(t, c, s);
    add_given(t, &c->own, false);
    add_limits(t, &s->limits);
    for (unsigned i = 0; i < s->ats; i++)
        add_at(t, &s->at[i]);
    for (unsigned i = 0; i < s->thresholds; i++)
        add_valued(t, "threshold", s->threshold[i].expr);
    if (s->sweep[0])
        add_valued(t, "sweep", s->sweep);
    if (s->goal_per_s > 0)
        text_add(t, " --goal %.15g/s", s->goal_per_s);
    for (unsigned i = 0; i < s->pools && c->verb != CLI_DEMO; i++) {
        text_add(t, " ");
        text_add_quoted(t, pool_spec_url(s->pool[i], url, sizeof url));
    }
}
