/* The command line: one table of options defines parsing, help and errors.
 *
 * The options of a pool, of the backends and the limits are not described here again: their own
 * tables are read (engine/config/pool_spec.h, limits.h, engine/backend.h), so a flag, a URL's query
 * and a scenario file mean the same. Options may stand before and after targets, as `--name=value`,
 * `--name value`, `-x value` or `-xvalue`; `--` ends them. An error is ERR_USAGE with one line that
 * names the option, the value, what is allowed and the nearest name. Nothing is executed here, and
 * no file is read. */
#ifndef LOADTOP_UI_CLI_CLI_H
#define LOADTOP_UI_CLI_CLI_H

#include "engine/base/text.h"
#include "engine/config/option.h"
#include "engine/config/scenario.h"

#include <stdbool.h>
#include <stdint.h>

struct backend;
struct err;
struct sub_option;

enum cli_verb {
    CLI_RUN, /* the dashboard, or with --headless none */
    CLI_DEMO,
    CLI_BACKENDS,
    CLI_FIT,
    CLI_REPORT,
    CLI_COMPARE,
    CLI_HISTORY,
    CLI_THEMES,
    CLI_CLEAN,
    CLI_HELP,
    CLI_VERSION
};

/* Options that belong neither to pools nor to limits: indices into cli.own. */
enum cli_option {
    OWN_HEADLESS,
    OWN_QUIET,
    OWN_FILE,
    OWN_AT,
    OWN_SWEEP,
    OWN_THRESHOLD,
    OWN_GOAL,
    OWN_REPEAT,
    OWN_JSON,
    OWN_OUT,
    OWN_THEME,
    OWN_COLORS,
    OWN_GLYPHS,
    OWN_YES,
    OWN_CONFIRM,
    OWN_ALLOW_DESTRUCTIVE,
    OWN_NO_HISTORY,
    OWN_PASSWORD_FILE,
    OWN_ASK_PASSWORD,
    OWN_HELP,
    OWN_VERSION,
    OWN_OPTIONS
};

#define CLI_SETTINGS_MAX 64
struct cli_setting { /* a backend's option given as a flag */
    char name[96];
    const char *value; /* borrowed from argv */
};

struct cli {
    enum cli_verb verb;
    struct options own;    /* by enum cli_option */
    struct options limits; /* by enum limit */
    struct options pool;   /* [enum pool_option]: defaults for every pool */
    struct cli_setting setting[CLI_SETTINGS_MAX];
    unsigned settings;
    const char *at[AT_MAX]; /* borrowed from argv, like all following members */
    unsigned ats;
    const char *threshold[THRESHOLDS_MAX];
    unsigned thresholds;
    char confirm[CONFIRM_MAX];   /* as in limits */
    const char *word[POOLS_MAX]; /* targets, or the words after a verb */
    unsigned words;
    char colors[16], glyphs[16]; /* as chosen, or "" */
    int rest;                    /* argv[rest...] is parsed by the verb itself; 0: none */
};

/* Parses argv. Call cli_fini afterwards, also after ERR_USAGE. */
int cli_parse(struct cli *, int argc, char *const *argv, const struct backend *const *backends,
              struct err *);
void cli_fini(struct cli *);

/* Values of options that are flags, texts or choices. cli_text: "" when not given. */
bool cli_flag(const struct cli *, enum cli_option);
const char *cli_text(const struct cli *, enum cli_option);

/* An option as the help shows it. */
struct cli_option_help {
    const char *name, *value; /* value: the word for its value in the help; NULL: a flag */
    /* heading of the group that begins with this option; NULL: no group begins here */
    const char *group;
    char letter; /* 0: it has none */
};
/* Describes option i in the order of the help, and adds its help text to `help`. False: there is
 * none. */
bool cli_option_at(unsigned i, struct cli_option_help *, struct text *help);

/* Adds the help of a subcommand's option: its own, or that of the run's option of this name. */
void cli_add_sub_option_help(struct text *, const struct sub_option *);
/* Adds a line of a list: `left`, and beside it `help`, wrapped into columns 30 to 99. */
void cli_add_item(struct text *, const char *left, const char *help);

/* `loadtop help`: usage, and every option with its help. */
void cli_usage(struct text *);

#endif
