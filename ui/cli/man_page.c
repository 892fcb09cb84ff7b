/* The manual page in roff: see man_page.h. Called by help_text.c.
 *
 * The texts of ui/help/ are prose with indented tables: prose is filled, and indented lines are
 * kept as they are. Everything is escaped, so a line that begins with a full stop is not taken for
 * a macro. */
#include "ui/cli/man_page.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "engine/backend.h"
#include "engine/base/text.h"
#include "engine/config/command.h"
#include "engine/config/command_text.h"
#include "ui/base/help_files.h"
#include "ui/base/subcommand.h"
#include "ui/cli/cli.h"
#include "ui/views/views.h"
#include "ui/widgets/keys.h"

/* The escape for a character that roff would interpret or typeset as another one. */
static const char *escape_of(char c)
{
    switch (c) {
    case '\\':
        return "\\e";
    case '-':
        return "\\-";
    case '\'':
        return "\\(aq";
    case '`':
        return "\\(ga";
    case '^':
        return "\\(ha";
    case '~':
        return "\\(ti";
    default:
        return NULL;
    }
}

static void put(struct text *t, const char *s, size_t len)
{
    if (len && s[0] == '.')
        text_add(t, "\\&");
    for (size_t i = 0; i < len; i++) {
        const char *escape = escape_of(s[i]);
        if (escape)
            text_add(t, "%s", escape);
        else
            text_put(t, s + i, 1);
    }
}

static void put_words(struct text *t, const char *s)
{
    put(t, s, strlen(s));
}

/* Adds a paragraph with `head` in bold beside it. */
static void put_item(struct text *t, const char *head, const char *body)
{
    text_add(t, ".TP\n\\fB");
    put_words(t, head);
    text_add(t, "\\fR\n");
    put_words(t, body);
    text_add(t, "\n");
}

/* Adds a help text. `after`: from its second line on, because its first line is a title, which the
 * page has as a heading. */
static void put_help(struct text *t, const char *s, bool after)
{
    bool as_is = false, gap = false, any = false;
    if (after && strchr(s, '\n'))
        s = strchr(s, '\n') + 1;
    for (size_t len; *s; s += len + (s[len] == '\n')) {
        len = strcspn(s, "\n");
        if (!len) {
            gap = true;
            continue;
        }
        bool indented = s[0] == ' ';
        if (as_is && !indented)
            text_add(t, ".fi\n");
        if ((gap && any) || (as_is && !indented))
            text_add(t, ".PP\n");
        if (!as_is && indented)
            text_add(t, ".nf\n");
        as_is = indented;
        gap = false;
        any = true;
        put(t, s, len);
        text_add(t, "\n");
    }
    text_add(t, "%s", as_is ? ".fi\n" : "");
}

static void put_options(struct text *t)
{
    struct cli_option_help o;
    struct text help = {.limit = 1000};
    char head[80];
    for (unsigned i = 0; cli_option_at(i, &o, &help); i++) {
        if (o.group) {
            text_add(t, ".SS ");
            put_words(t, o.group);
            text_add(t, "\n");
        }
        size_t n = o.letter ? text_append(head, sizeof head, 0, "-%c, ", o.letter) : 0;
        text_append(head, sizeof head, n, "--%s%s%s", o.name, o.value ? " " : "",
                    o.value ? o.value : "");
        put_item(t, head, text_str(&help));
        text_clear(&help);
    }
    text_free(&help);
}

/* The options of a subcommand, indented below it. */
static void put_sub_options(struct text *t, const struct subcommand *s)
{
    struct text help = {.limit = 1000};
    char head[80];
    text_add(t, ".RS\n");
    for (const struct sub_option *o = s->option; o->name; o++) {
        if (o->help)
            text_add(&help, "%c%s", toupper((unsigned char)o->help[0]), o->help + 1);
        else
            cli_option_find(o->name + 2, &help);
        text_append(head, sizeof head, 0, "%s%s%s", o->name, o->value ? " " : "",
                    o->value ? o->value : "");
        put_item(t, head, text_str(&help));
        text_clear(&help);
    }
    text_add(t, ".RE\n");
    text_free(&help);
}

static void put_subcommands(struct text *t)
{
    for (const struct subcommand *s = subcommand_table; s->name; s++) {
        struct text form = {.limit = 1000};
        subcommand_add_form(&form, s);
        put_item(t, text_str(&form), s->help);
        text_free(&form);
        if (s->option[0].name)
            put_sub_options(t, s);
    }
}

static void put_backends(struct text *t, const struct backend *const *backends)
{
    struct text body = {.limit = 1000};
    for (unsigned i = 0; backends[i]; i++) {
        text_add(&body, "%s. URLs begin with: %s", backends[i]->summary, backends[i]->schemes);
        put_item(t, backends[i]->name, text_str(&body));
        text_clear(&body);
    }
    text_free(&body);
}

/* The key of each view is its number in the table. */
static void put_views(struct text *t)
{
    for (int i = 0; views[i]; i++) {
        char number[16];
        snprintf(number, sizeof number, "%d", i + 1);
        put_item(t, number, views[i]->help);
    }
}

static void put_keys(struct text *t)
{
    const char *group = "";
    for (const struct key_binding *k = key_table; k->action != ACT_NONE; k++) {
        if (strcmp(group, k->group) != 0)
            text_add(t, ".SS %s\n", k->group);
        group = k->group;
        if (k->action == ACT_VIEW)
            put_views(t);
        else
            put_item(t, k->shown, k->help);
    }
}

static void put_places(struct text *t)
{
    static const struct {
        const char *section, *head, *body;
    } place[] = {
        {"ENVIRONMENT", "LOADTOP_PASSWORD", "The password of targets whose URL has none."},
        {NULL, "LOADTOP_TARGETS_CONF", "A file to read in place of the user's targets.conf."},
        {NULL, "NO_COLOR", "Set and not empty: no colours."},
        {"FILES", "~/.config/loadtop/targets.conf", "Which hosts may be loaded: the user's rules."},
        {NULL, "/etc/loadtop/targets.conf", "The system's rules, always read."},
        {NULL, "~/.config/loadtop/themes/", "The user's own colours."},
        {NULL, "~/.local/state/loadtop/", "The history of runs."},
    };
    for (unsigned i = 0; i < sizeof place / sizeof *place; i++) {
        if (place[i].section)
            text_add(t, ".SH %s\n", place[i].section);
        put_item(t, place[i].head, place[i].body);
    }
}

void man_page(struct text *t, const struct backend *const *backends)
{
    text_add(t, ".\\\" Made by `loadtop help --man`: change the program's tables, not this.\n"
                ".TH LOADTOP 1 \"\" \"loadtop " LOADTOP_VERSION "\" \"User Commands\"\n"
                ".nh\n.ad l\n"
                ".SH NAME\n"
                "loadtop \\- live load tests of databases and message brokers\n"
                ".SH SYNOPSIS\n"
                ".B loadtop\n"
                "[OPTION...] [TARGET...]\n"
                ".SH DESCRIPTION\n");
    put_help(t, help_usage, true);
    text_add(t, ".SH TARGETS\n");
    put_backends(t, backends);
    text_add(t, ".SH OPTIONS\n");
    put_options(t);
    text_add(t, ".SH SUBCOMMANDS\n");
    put_subcommands(t);
    text_add(t, ".SH KEYS\n");
    put_keys(t);
    text_add(t, ".SH COMMANDS\n");
    put_help(t, help_commands, true);
    for (const struct verb_help *v = verb_table; v->name; v++)
        put_item(t, v->form, v->help);
    text_add(t, ".SH PATTERNS\n");
    put_help(t, help_patterns, false);
    text_add(t, ".SH SCENARIO FILES\n");
    put_help(t, help_scenario, true);
    text_add(t, ".SH FIGURES\n");
    put_help(t, help_counting, true);
    text_add(t, ".SH COMPARING RUNS\n");
    put_help(t, help_compare, true);
    text_add(t, ".PP\n");
    put_help(t, help_compare_method, false);
    text_add(t, ".SH PROTECTION\n");
    put_help(t, help_protection, true);
    text_add(t, ".SH EXIT STATUS\n");
    put_help(t, help_exit_codes, true);
    put_places(t);
}
