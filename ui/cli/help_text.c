/* The help's topics: see help_text.h. Each is a text of ui/help/, and what a table adds to it.
 * Called by main. */
#include "ui/cli/help_text.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "engine/base/err.h"
#include "engine/config/command.h"
#include "engine/config/command_text.h"
#include "engine/stats/csv_columns.h"
#include "ui/base/help_files.h"
#include "ui/base/subcommand.h"
#include "ui/cli/backends_list.h"
#include "ui/cli/cli.h"
#include "ui/cli/man_page.h"
#include "ui/page/doc.h"
#include "ui/report/compare_page.h"
#include "ui/views/views.h"
#include "ui/widgets/keys.h"

static void add_commands(struct text *t, const struct backend *const *backends)
{
    (void)backends;
    for (const struct verb_help *v = verb_table; v->name; v++)
        text_add(t, "  %s\n      %s\n", v->form, v->help);
}

static void add_keys(struct text *t, const struct backend *const *backends)
{
    (void)backends;
    const char *group = "";
    for (const struct key_binding *k = key_table; k->action != ACT_NONE; k++) {
        if (strcmp(group, k->group) != 0)
            text_add(t, "%s%s\n", *group ? "\n" : "", k->group);
        group = k->group;
        if (k->action == ACT_VIEW)
            for (int i = 0; views[i]; i++)
                text_add(t, "  %-14d %s\n", i + 1, views[i]->help);
        else
            text_add(t, "  %-14s %s\n", k->shown, k->help);
    }
}

static void add_compare(struct text *t, const struct backend *const *backends)
{
    (void)backends;
    struct doc d = {.format = DOC_PLAIN, .t = t};
    compare_add_method(&d);
}

static void add_fit_columns(struct text *t, const struct backend *const *backends)
{
    (void)backends;
    struct doc d = {.format = DOC_PLAIN, .t = t};
    struct text n = {.limit = 4096}, x = {.limit = 4096};
    csv_add_names(&n, CSV_N, UINT_MAX);
    csv_add_names(&x, CSV_THROUGHPUT, UINT_MAX);
    doc_para(&d, "Names of N: %s", text_str(&n));
    doc_para(&d, "Names of throughput: %s", text_str(&x));
    text_free(&n);
    text_free(&x);
}

static const struct topic {
    const char *name, *text;
    void (*add)(struct text *, const struct backend *const *backends); /* what follows; or NULL */
} topics[] = {
    {"commands", help_commands, add_commands},
    {"keys", help_keys, add_keys},
    {"patterns", help_patterns, NULL},
    {"scenario", help_scenario, NULL},
    {"backends", help_backends, backends_overview},
    {"counting", help_counting, NULL},
    {"compare", help_compare, add_compare},
    {"fit", help_fit, add_fit_columns},
    {"protection", help_protection, NULL},
    {"exit-codes", help_exit_codes, NULL},
};
#define TOPICS (sizeof topics / sizeof *topics)

/* Adds the help of a subcommand's row: its form, what it does, its options. */
static void add_subcommand(struct text *t, const struct subcommand *s)
{
    text_add(t, "  loadtop ");
    subcommand_add_form(t, s);
    text_add(t, "\n");
    cli_add_item(t, "", s->help);
    for (const struct sub_option *o = s->option; o->name; o++) {
        struct text left = {.limit = 100}, help = {.limit = 1000};
        text_add(&left, "      ");
        subcommand_add_option(&left, o);
        cli_add_sub_option_help(&help, o);
        cli_add_item(t, text_str(&left), text_str(&help));
        text_free(&left);
        text_free(&help);
    }
}

/* Adds the help of the subcommand `verb`, or of all for NULL. False: there is none. */
static bool add_subcommands(struct text *t, const char *verb)
{
    bool any = false;
    for (const struct subcommand *s = subcommand_table; s->name; s++) {
        if (verb && !subcommand_is_of(s, verb))
            continue;
        add_subcommand(t, s);
        any = true;
    }
    return any;
}

/* Adds what follows the options: the subcommands, and the topics there are. */
static void add_rest_of_usage(struct text *t)
{
    struct text names = {.limit = 400};
    text_add(t, "\nSubcommands (loadtop NAME --help shows one):\n");
    add_subcommands(t, NULL);
    for (size_t i = 0; i < TOPICS; i++)
        text_add(&names, "%s%s", i ? " " : "", topics[i].name);
    text_add(t, "\nTopics (loadtop help TOPIC):\n");
    cli_add_item(t, "", text_str(&names));
    text_free(&names);
}

/* Sets ERR_USAGE with the list of topics and the most similar one. */
static int no_topic(const char *topic, struct err *err)
{
    const char *names[TOPICS + 1] = {NULL};
    char allowed[160] = "";
    size_t len = 0;
    for (size_t i = 0; i < TOPICS; i++) {
        names[i] = topics[i].name;
        len = text_append(allowed, sizeof allowed, len, " %s", topics[i].name);
    }
    const char *near = nearest_name(topic, names);
    return err_set(err, ERR_USAGE, "help %.60s: no such topic%s%s%s, allowed:%s", topic,
                   near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "", allowed);
}

int help_text(struct text *t, const char *topic, const struct backend *const *backends,
              struct err *err)
{
    if (!topic) {
        cli_usage(t);
        add_rest_of_usage(t);
        return 0;
    }
    if (strcmp(topic, "--man") == 0) {
        man_page(t, backends);
        return 0;
    }
    bool subcommand = add_subcommands(t, topic);
    for (size_t i = 0; i < TOPICS; i++) {
        if (strcmp(topic, topics[i].name) != 0)
            continue;
        text_add(t, "%s%s", subcommand ? "\n" : "", topics[i].text);
        if (topics[i].add) {
            text_add(t, "\n");
            topics[i].add(t, backends);
        }
        return 0;
    }
    return subcommand ? 0 : no_topic(topic, err);
}
