/* Parses the command line: see cli.h. cli_scenario.c makes a scenario from it.
 *
 * cli_table describes the options that belong neither to pools nor to limits; letter_table has the
 * short names of all options, and the words that stand for their values in the help. A value is
 * checked by the table's type at once; the values of --at, --threshold, --goal and --max-rate have
 * a grammar of their own and are checked when the scenario is made, before anything starts. */
#include "ui/cli/cli.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "engine/backend.h"
#include "engine/base/err.h"
#include "ui/base/help_files.h"
#include "ui/base/subcommand.h"

#define NAMES_MAX 256

/* Looking up and reading one line. */
struct reader {
    struct cli *cli;
    const struct backend *const *backends;
    int argc, at;
    char *const *argv;
    struct err *err;
};

static const struct option_spec cli_table[] = {
    [OWN_HEADLESS] = {"headless", OPTION_BOOL, 0, "no", 0, 0, NULL,
                      "no screen: progress on stderr, a summary on stdout"},
    [OWN_QUIET] = {"quiet", OPTION_BOOL, 0, "no", 0, 0, NULL,
                   "no progress; with --json - no summary either"},
    [OWN_FILE] = {"file", OPTION_TEXT, 0, NULL, 0, 0, NULL,
                  "a scenario: pools, targets and options as YAML"},
    [OWN_AT] = {"at", OPTION_TEXT, 0, NULL, 0, 0, NULL,
                "at T after the start do COMMAND; may be given many times"},
    [OWN_SWEEP] = {"sweep", OPTION_TEXT, 0, NULL, 0, 0, NULL,
                   "do what the command `sweep SPEC` does, then end"},
    [OWN_THRESHOLD] = {"threshold", OPTION_TEXT, 0, NULL, 0, 0, NULL,
                       "a limit such as p99<5ms, errors<0.1% or POOL:throughput>50k/s: failing it "
                       "fails the run (exit 99); may be given many times"},
    [OWN_GOAL] = {"goal", OPTION_TEXT, 0, NULL, 0, 0, NULL,
                  "what is needed (250k/s): the headroom is shown and reported"},
    [OWN_REPEAT] = {"repeat", OPTION_COUNT, 0, "1", 1, 1000, NULL,
                    "headless: the run N times, with the spread between runs"},
    [OWN_JSON] = {"json", OPTION_TEXT, 0, NULL, 0, 0, NULL,
                  "write the run at its end; - is stdout, and then the only thing on it"},
    [OWN_OUT] = {"out", OPTION_TEXT, 0, ".", 0, 0, NULL, "where screenshots and reports go"},
    [OWN_THEME] = {"theme", OPTION_TEXT, 0, NULL, 0, 0, NULL, "colours of the screen, by name"},
    [OWN_COLORS] = {"colors", OPTION_CHOICE, 0, NULL, 0, 0, "direct|256|16|none",
                    "how many colours the terminal has"},
    [OWN_GLYPHS] = {"glyphs", OPTION_CHOICE, 0, NULL, 0, 0, "braille|block|acs|ascii",
                    "what plots and lines are drawn with"},
    [OWN_YES] = {"yes", OPTION_BOOL, 0, "no", 0, 0, NULL,
                 "do not ask before the first load on a target that is not on this machine"},
    [OWN_CONFIRM] = {"confirm", OPTION_TEXT, 0, NULL, 0, 0, NULL,
                     "the name of a host or a server that targets.conf protects, to load it all "
                     "the same; may be given many times"},
    [OWN_ALLOW_DESTRUCTIVE] = {"allow-destructive", OPTION_BOOL, 0, "no", 0, 0, NULL,
                               "may touch data that loadtop did not make"},
    [OWN_NO_HISTORY] = {"no-history", OPTION_BOOL, 0, "no", 0, 0, NULL,
                        "do not keep this run in the history"},
    [OWN_PASSWORD_FILE] = {"password-file", OPTION_TEXT, 0, NULL, 0, 0, NULL,
                           "its first line is the password of targets whose URL has none (so is "
                           "LOADTOP_PASSWORD in the environment)"},
    [OWN_ASK_PASSWORD] = {"ask-password", OPTION_BOOL, 0, "no", 0, 0, NULL,
                          "ask for that password on the terminal"},
    [OWN_HELP] = {"help", OPTION_BOOL, 0, "no", 0, 0, NULL, "this text"},
    [OWN_VERSION] = {"version", OPTION_BOOL, 0, "no", 0, 0, NULL, "the version"},
    {.name = NULL},
};

/* Short names and placeholders, in the order of the help. value NULL: a flag. */
static const struct letter {
    const char *name, *value;
    char letter;
} letter_table[] = {
    {"threads", "N", 't'},
    {"clients", "N", 0},
    {"connections", "N", 0},
    {"pattern", "P", 0},
    {"depth", "N", 0},
    {"rate", "R", 0},
    {"arrival", "A", 0},
    {"think", "T", 0},
    {"count", "N", 'n'},
    {"duration", "T", 'd'},
    {"ops", "MIX", 0},
    {"timeout", "T", 0},
    {"seed", "N", 0},
    {"name", "S", 0},
    {"warmup", "T", 0},
    {"headless", NULL, 0},
    {"at", "'T COMMAND'", 0},
    {"sweep", "SPEC", 0},
    {"threshold", "EXPR", 0},
    {"goal", "R", 0},
    {"repeat", "N", 0},
    {"json", "FILE", 0},
    {"out", "DIR", 0},
    {"theme", "NAME", 0},
    {"colors", "C", 0},
    {"glyphs", "G", 0},
    {"file", "FILE", 'f'},
    {"quiet", NULL, 'q'},
    {"max-threads", "N", 0},
    {"max-clients", "N", 0},
    {"max-rate", "R", 0},
    {"max-time", "T", 0},
    {"max-connections", "N", 0},
    {"max-bytes", "N", 0},
    {"read-only", NULL, 0},
    {"locked", NULL, 0},
    {"yes", NULL, 0},
    {"confirm", "HOST", 0},
    {"allow-destructive", NULL, 0},
    {"no-history", NULL, 0},
    {"password-file", "FILE", 0},
    {"ask-password", NULL, 0},
    {"help", NULL, 'h'},
    {"version", NULL, 'V'},
};
#define LETTERS (sizeof letter_table / sizeof *letter_table)

static const char *const verb_names[] = {
    [CLI_DEMO] = "demo",     [CLI_BACKENDS] = "backends", [CLI_FIT] = "fit",
    [CLI_REPORT] = "report", [CLI_COMPARE] = "compare",   [CLI_HISTORY] = "history",
    [CLI_CLEAN] = "clean",   [CLI_HELP] = "help",         [CLI_THEMES] = "themes",
};
#define VERB_NAMES (sizeof verb_names / sizeof *verb_names)

/* Does the verb parse the rest of the line itself? */
static bool verb_reads_rest(enum cli_verb verb)
{
    return verb == CLI_BACKENDS || verb == CLI_FIT || verb == CLI_REPORT || verb == CLI_COMPARE ||
           verb == CLI_HISTORY || verb == CLI_THEMES;
}

/* ---- Options ---- */

/* Finds an option in all tables except those of backends; NULL: none has this name. */
static const struct option_spec *find_option(const char *name)
{
    static const struct option_spec *const tables[] = {cli_table, limit_table, pool_option_table};
    for (unsigned i = 0; i < sizeof tables / sizeof *tables; i++) {
        int found = options_find(tables[i], name);
        if (found >= 0)
            return &tables[i][found];
    }
    return NULL;
}

/* The backend option `name` of any backend; NULL when none has it. */
static const struct option_spec *backend_option(const struct reader *r, const char *name)
{
    for (unsigned i = 0; r->backends[i]; i++) {
        int found = options_find(r->backends[i]->options, name);
        if (found >= 0)
            return &r->backends[i]->options[found];
    }
    return NULL;
}

/* Adds the table's names, without duplicates. */
static unsigned add_names(const char **names, unsigned n, const struct option_spec *table)
{
    for (; table->name; table++) {
        bool known = n + 1 >= NAMES_MAX;
        for (unsigned i = 0; i < n; i++)
            known = known || strcmp(names[i], table->name) == 0;
        if (!known)
            names[n++] = table->name;
    }
    names[n] = NULL;
    return n;
}

static int unknown_option(const struct reader *r, const char *name)
{
    const char *names[NAMES_MAX];
    unsigned n = add_names(names, 0, cli_table);
    n = add_names(names, n, limit_table);
    n = add_names(names, n, pool_option_table);
    for (unsigned i = 0; r->backends[i]; i++)
        n = add_names(names, n, r->backends[i]->options);
    const char *near = nearest_name(name, names);
    if (near)
        return err_set(r->err, ERR_USAGE, "unknown option --%.60s (did you mean --%s?)", name,
                       near);
    return err_set(r->err, ERR_USAGE, "unknown option --%.60s ('loadtop help' lists them)", name);
}

/* Prepends the dashes to a message that begins with an option's name. */
static int dashed(struct err *err)
{
    char msg[sizeof err->msg];
    if (!err)
        return ERR_USAGE;
    copy_str(msg, sizeof msg, err->msg);
    return err_set(err, ERR_USAGE, "--%s", msg);
}

static int keep(struct reader *r, const char **list, unsigned *n, unsigned max, const char *name,
                const char *value)
{
    if (*n >= max)
        return err_set(r->err, ERR_USAGE, "--%s %.60s: given more than %u times", name, value, max);
    list[(*n)++] = value;
    return 0;
}

/* Adds a line to the list. -1: there is no room, or it contains a newline. */
static int add_confirm(struct cli *c, const char *name)
{
    size_t len = strlen(c->confirm);
    if (strpbrk(name, "\r\n") || len + strlen(name) + 2 > sizeof c->confirm)
        return -1;
    text_append(c->confirm, sizeof c->confirm, len, "%s%s", len ? "\n" : "", name);
    return 0;
}

static int set_cli_option(struct reader *r, int i, const char *name, const char *value)
{
    struct cli *c = r->cli;
    if (i == OWN_CONFIRM && add_confirm(c, value) < 0)
        return err_set(r->err, ERR_USAGE, "--confirm %.60s: too many names, or a line break in one",
                       value);
    if (i == OWN_AT)
        return keep(r, c->at, &c->ats, AT_MAX, name, value);
    if (i == OWN_THRESHOLD)
        return keep(r, c->threshold, &c->thresholds, THRESHOLDS_MAX, name, value);
    if (cli_table[i].type == OPTION_TEXT && !*value)
        return err_set(r->err, ERR_USAGE, "--%s '': needs a value that is not empty", name);
    if (options_set(&c->own, name, value, ORIGIN_ARGV, false, r->err) < 0)
        return dashed(r->err);
    if (i == OWN_COLORS)
        copy_str(c->colors, sizeof c->colors, value);
    else if (i == OWN_GLYPHS)
        copy_str(c->glyphs, sizeof c->glyphs, value);
    return 0;
}

/* Sets option `name` in the table that has it. */
static int set_option(struct reader *r, const char *name, const char *value)
{
    struct cli *c = r->cli;
    int i = options_find(cli_table, name);
    if (i >= 0)
        return set_cli_option(r, i, name, value);
    if (find_option(name)) {
        struct options *o = options_find(limit_table, name) >= 0 ? &c->limits : &c->pool;
        return options_set(o, name, value, ORIGIN_ARGV, false, r->err) < 0 ? dashed(r->err) : 0;
    }
    if (!backend_option(r, name))
        return unknown_option(r, name);
    if (c->settings >= CLI_SETTINGS_MAX)
        return err_set(r->err, ERR_USAGE, "--%s: more than %d options of backends", name,
                       CLI_SETTINGS_MAX);
    copy_str(c->setting[c->settings].name, sizeof c->setting->name, name);
    c->setting[c->settings++].value = value;
    return 0;
}

/* May the option be given without a value? (A flag of the program, or a backend's yes|no.) */
static bool is_flag(const struct reader *r, const char *name)
{
    const struct option_spec *spec = find_option(name);
    if (!spec)
        spec = backend_option(r, name);
    return spec && spec->type == OPTION_BOOL;
}

static const char *value_name(const char *name)
{
    for (unsigned i = 0; i < LETTERS; i++)
        if (strcmp(letter_table[i].name, name) == 0 && letter_table[i].value)
            return letter_table[i].value;
    return "VALUE";
}

/* The value that follows an option in the next word. */
static int next_value(struct reader *r, const char *name, const char **value)
{
    const char *next = r->at + 1 < r->argc ? r->argv[r->at + 1] : NULL;
    if (!next || (next[0] == '-' && next[1] == '-' && next[2]))
        return err_set(r->err, ERR_USAGE, "--%s needs a value: --%s %s", name, name,
                       value_name(name));
    *value = next;
    r->at++;
    return 0;
}

static int read_long(struct reader *r, const char *word)
{
    char name[96];
    const char *equals = strchr(word, '='), *value = "yes";
    size_t len = equals ? (size_t)(equals - word) : strlen(word);
    copy_str(name, len + 1 < sizeof name ? len + 1 : sizeof name, word);
    bool known = find_option(name) || backend_option(r, name);
    if (!known || len >= sizeof name)
        return unknown_option(r, name);
    if (equals)
        value = equals + 1;
    else if (!is_flag(r, name) && next_value(r, name, &value) < 0)
        return ERR_USAGE;
    return set_option(r, name, value);
}

static int unknown_letter(const struct reader *r, char letter)
{
    struct text list = {.limit = 100};
    for (unsigned i = 0; i < LETTERS; i++)
        if (letter_table[i].letter)
            text_add(&list, "%s-%c", list.len ? " " : "", letter_table[i].letter);
    err_set(r->err, ERR_USAGE, "unknown option -%c, allowed: %s",
            isprint((unsigned char)letter) ? letter : '?', text_str(&list));
    text_free(&list);
    return ERR_USAGE;
}

/* -t4, -t 4, -qd5s */
static int read_short(struct reader *r, const char *letters)
{
    for (; *letters; letters++) {
        const struct letter *l = NULL;
        for (unsigned i = 0; i < LETTERS && !l; i++)
            if (letter_table[i].letter == *letters)
                l = &letter_table[i];
        if (!l)
            return unknown_letter(r, *letters);
        const char *value = "yes";
        if (!l->value) {
            if (set_option(r, l->name, value) < 0)
                return ERR_USAGE;
            continue;
        }
        value = letters + 1;
        if (!*value && next_value(r, l->name, &value) < 0)
            return ERR_USAGE;
        return set_option(r, l->name, value);
    }
    return 0;
}

/* ---- Words ---- */

static int not_a_target(const struct reader *r, const char *word)
{
    const char *names[VERB_NAMES + 1];
    unsigned n = 0;
    for (unsigned i = 0; i < VERB_NAMES; i++)
        if (verb_names[i])
            names[n++] = verb_names[i];
    names[n] = NULL;
    const char *near = nearest_name(word, names);
    if (near)
        return err_set(r->err, ERR_USAGE,
                       "'%.60s' is neither a target nor a command (did you mean '%s'?)", word,
                       near);
    return err_set(r->err, ERR_USAGE,
                   "'%.60s' is not a target: a URL such as redis://localhost:6379 or null:", word);
}

/* A target, or the verb. Returns 1 when a verb takes the rest of the line. */
static int read_word(struct reader *r, const char *word)
{
    struct cli *c = r->cli;
    if (c->verb == CLI_RUN && !c->words) {
        for (unsigned i = 0; i < VERB_NAMES; i++) {
            if (!verb_names[i] || strcmp(verb_names[i], word) != 0)
                continue;
            c->verb = (enum cli_verb)i;
            c->rest = r->at + 1;
            return verb_reads_rest(c->verb) ? 1 : 0;
        }
    }
    if (c->verb == CLI_RUN && !strchr(word, ':'))
        return not_a_target(r, word);
    if (c->words == POOLS_MAX)
        return err_set(r->err, ERR_USAGE, "at most %d targets are allowed", POOLS_MAX);
    c->word[c->words++] = word;
    return 0;
}

/* Is --help among the words that a verb reads itself? */
static bool asks_for_help(int argc, char *const *argv)
{
    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

/* Turns the line into `loadtop help`, of its verb if it has one. */
static void help_of_verb(struct cli *c)
{
    const char *verb = c->verb == CLI_RUN || c->verb == CLI_HELP ? NULL : verb_names[c->verb];
    c->verb = CLI_HELP;
    c->words = verb != NULL;
    c->word[0] = verb;
}

int cli_parse(struct cli *c, int argc, char *const *argv, const struct backend *const *backends,
              struct err *err)
{
    struct reader r = {.cli = c, .backends = backends, .argc = argc, .argv = argv, .err = err};
    bool words_only = false;
    memset(c, 0, sizeof *c);
    options_init(&c->own, cli_table);
    options_init(&c->limits, limit_table);
    options_init(&c->pool, pool_option_table);
    for (r.at = 1; r.at < argc; r.at++) {
        const char *word = argv[r.at];
        int got;
        if (!words_only && strcmp(word, "--") == 0) {
            words_only = true;
            continue;
        }
        bool man = c->verb == CLI_HELP && strcmp(word, "--man") == 0; /* its own option */
        if (words_only || word[0] != '-' || !word[1] || man)
            got = read_word(&r, word);
        else if (word[1] == '-')
            got = read_long(&r, word + 2);
        else
            got = read_short(&r, word + 1);
        if (got < 0)
            return got;
        if (cli_flag(c, OWN_HELP) || (got > 0 && asks_for_help(argc - c->rest, argv + c->rest))) {
            help_of_verb(c);
            return 0;
        }
        if (cli_flag(c, OWN_VERSION)) {
            c->verb = CLI_VERSION;
            return 0;
        }
        if (got > 0)
            return 0;
    }
    return 0;
}

void cli_fini(struct cli *c)
{
    options_fini(&c->own);
    options_fini(&c->limits);
    options_fini(&c->pool);
}

bool cli_flag(const struct cli *c, enum cli_option i)
{
    return option_bool(&c->own, i);
}

const char *cli_text(const struct cli *c, enum cli_option i)
{
    return i == OWN_COLORS ? c->colors : i == OWN_GLYPHS ? c->glyphs : option_str(&c->own, i);
}

/* ---- Help ---- */

/* Wraps help into columns 30..99. */
static void add_wrapped(struct text *t, const char *help, int at)
{
    const int left = 30, right = 99;
    text_add(t, "%*s", at < left ? left - at : 1, "");
    int col = at < left ? left : at + 1;
    for (const char *p = help; *p;) {
        int len = (int)strcspn(p, " ");
        if (col > left && col + 1 + len > right) {
            text_add(t, "\n%*s", left, "");
            col = left;
        } else if (col > left) {
            text_add(t, " ");
            col++;
        }
        text_add(t, "%.*s", len, p);
        col += len;
        p += len + (p[len] == ' ');
    }
    text_add(t, "\n");
}

/* The group that begins with this option. */
static const char *group_of(const char *name)
{
    static const char *const first[][2] = {{"threads", "Options of every pool (the default)"},
                                           {"headless", "The run"},
                                           {"max-threads", "Protection"},
                                           {"no-history", "Other"}};
    for (unsigned i = 0; i < sizeof first / sizeof *first; i++)
        if (strcmp(first[i][0], name) == 0)
            return first[i][1];
    return NULL;
}

bool cli_option_at(unsigned i, struct cli_option_help *o, struct text *help)
{
    if (i >= LETTERS)
        return false;
    const struct letter *l = &letter_table[i];
    const struct option_spec *spec = find_option(l->name);
    *o = (struct cli_option_help){l->name, l->value, group_of(l->name), l->letter};
    /* a backend's or pool's help is a sentence with its full stop */
    size_t len = strlen(spec->help);
    text_add(help, "%c%.*s", toupper((unsigned char)spec->help[0]),
             (int)len - 1 - (spec->help[len - 1] == '.'), spec->help + 1);
    if (spec->type == OPTION_CHOICE)
        text_add(help, ": %s", spec->choices);
    if (spec->def && l->value)
        text_add(help, " (%s)", spec->def);
    return true;
}

void cli_add_item(struct text *t, const char *left, const char *help)
{
    text_add(t, "%s", left);
    add_wrapped(t, help, (int)strlen(left));
}

void cli_add_sub_option_help(struct text *t, const struct sub_option *sub)
{
    struct text help = {.limit = 1000};
    struct cli_option_help o;
    if (sub->help)
        text_add(&help, "%c%s", toupper((unsigned char)sub->help[0]), sub->help + 1);
    for (unsigned i = 0; !help.len && cli_option_at(i, &o, &help); i++)
        if (strcmp(o.name, sub->name + 2) != 0)
            text_clear(&help);
    text_add(t, "%s", text_str(&help));
    text_free(&help);
}

static void add_option(struct text *t, const struct cli_option_help *o, const char *help)
{
    char short_name[8] = "    ", left[64];
    if (o->letter)
        snprintf(short_name, sizeof short_name, "-%c, ", o->letter);
    text_append(left, sizeof left, 0, "  %s--%s%s%s", short_name, o->name, o->value ? " " : "",
                o->value ? o->value : "");
    cli_add_item(t, left, help);
}

void cli_usage(struct text *t)
{
    struct cli_option_help o;
    struct text help = {.limit = 1000};
    text_add(t, "%s\n", help_usage);
    for (unsigned i = 0; cli_option_at(i, &o, &help); i++) {
        if (o.group)
            text_add(t, "%s%s:\n", i ? "\n" : "", o.group);
        add_option(t, &o, text_str(&help));
        text_clear(&help);
    }
    text_free(&help);
}
