/* The manual page in roff: see man_page.h. Called by help_text.c. */
#include "ui/cli/man_page.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "engine/backend.h"
#include "engine/base/text.h"
#include "engine/config/command.h"
#include "engine/config/command_text.h"
#include "engine/stats/csv_columns.h"
#include "ui/base/help_files.h"
#include "ui/base/subcommand.h"
#include "ui/cli/cli.h"
#include "ui/cli/roff.h"
#include "ui/views/views.h"
#include "ui/widgets/keys.h"

/* The text after its first line, which is a title: the page has its own headings. */
static const char *untitled(const char *s)
{
    return s + strcspn(s, "\n");
}

/* The text after its n first paragraphs. */
static const char *after_paragraphs(const char *s, unsigned n)
{
    for (; n && (s = strstr(s, "\n\n")); n--)
        s += 2;
    return s ? s : "";
}

static void put_options(struct text *t)
{
    struct cli_option_help o;
    struct text help = {.limit = 1000};
    char head[80];
    for (unsigned i = 0; cli_option_at(i, &o, &help); i++) {
        if (o.group)
            roff_heading(t, ".SS", o.group);
        size_t n = o.letter ? text_append(head, sizeof head, 0, "-%c, ", o.letter) : 0;
        text_append(head, sizeof head, n, "--%s%s%s", o.name, o.value ? " " : "",
                    o.value ? o.value : "");
        roff_item(t, head, text_str(&help));
        text_clear(&help);
    }
    text_free(&help);
}

/* The options of a subcommand, indented below it. */
static void put_sub_options(struct text *t, const struct subcommand *s)
{
    struct text head = {.limit = 100}, help = {.limit = 1000};
    text_add(t, ".RS\n");
    for (const struct sub_option *o = s->option; o->name; o++) {
        subcommand_add_option(&head, o);
        cli_add_sub_option_help(&help, o);
        roff_item(t, text_str(&head), text_str(&help));
        text_clear(&head);
        text_clear(&help);
    }
    text_add(t, ".RE\n");
    text_free(&head);
    text_free(&help);
}

static void put_subcommands(struct text *t)
{
    for (const struct subcommand *s = subcommand_table; s->name; s++) {
        struct text form = {.limit = 1000};
        subcommand_add_form(&form, s);
        roff_item(t, text_str(&form), s->help);
        text_free(&form);
        if (s->option[0].name)
            put_sub_options(t, s);
    }
}

static void put_backends(struct text *t, const struct backend *const *backends)
{
    for (unsigned i = 0; backends[i]; i++) {
        const struct backend *b = backends[i];
        roff_item(t, b->name, b->summary);
        text_add(t, ".br\n");
        roff_words(t, b->url_forms ? b->url_forms : b->schemes);
        text_add(t, "\n");
    }
}

/* The key of each view is its number in the table. */
static void put_views(struct text *t)
{
    for (int i = 0; views[i]; i++) {
        char number[16];
        snprintf(number, sizeof number, "%d", i + 1);
        roff_item(t, number, views[i]->help);
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
            roff_item(t, k->shown, k->help);
    }
}

struct entry {
    const char *section, *head, *body; /* section: the heading that begins here, or NULL */
};

static void put_entries(struct text *t, const struct entry *list, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (list[i].section)
            roff_heading(t, ".SH", list[i].section);
        roff_item(t, list[i].head, list[i].body);
    }
}

static void put_column_names(struct text *t, const char *what, enum csv_column column)
{
    struct text names = {.limit = 4096};
    csv_add_names(&names, column, UINT_MAX);
    text_add(t, ".PP\nNames of %s: ", what);
    roff_words(t, text_str(&names));
    text_add(t, "\n");
    text_free(&names);
}

static void put_places(struct text *t)
{
    static const struct entry place[] = {
        {"ENVIRONMENT", "LOADTOP_PASSWORD",
         "The password of targets whose URL has none. It is taken out of the environment at once."},
        {NULL, "LOADTOP_TARGETS_CONF", "A file to read in place of the user's targets.conf."},
        {NULL, "XDG_CONFIG_HOME",
         "Where the folder loadtop/ with targets.conf and the user's themes is. Without it: "
         "~/.config."},
        {NULL, "XDG_STATE_HOME",
         "Where the folder loadtop/ with the history of runs is. Without it: ~/.local/state."},
        {NULL, "HOME", "Where both are without the two above."},
        {NULL, "XDG_RUNTIME_DIR",
         "Where `loadtop demo` makes the folder for the socket of its Redis; without it in TMPDIR, "
         "then in /tmp."},
        {NULL, "TMPDIR", "See XDG_RUNTIME_DIR."},
        {NULL, "PATH", "Where `loadtop demo` looks for redis-server."},
        {NULL, "TERM", "The terminal's type. The dashboard needs one that terminfo describes."},
        {NULL, "TERMINFO",
         "Where curses looks for the terminal's description first; see terminfo(5)."},
        {NULL, "COLORTERM", "truecolor or 24bit: the terminal shows all colours."},
        {NULL, "COLORFGBG",
         "The terminal's colours. When they end in ;7 or ;15 its background is light, and the theme "
         "is `paper` unless --theme says otherwise."},
        {NULL, "NO_COLOR", "Set and not empty: no colours."},
        {NULL, "ESCDELAY",
         "Milliseconds that the Esc key waits for the rest of a sequence; 25 without it."},
        {NULL, "LC_ALL, LC_CTYPE, LANG",
         "The locale. Plots and lines are drawn in ASCII where it is not UTF-8."},
        {"FILES", "~/.config/loadtop/targets.conf",
         "Which hosts may be loaded: the user's rules. See PROTECTION."},
        {NULL, "/etc/loadtop/targets.conf", "The system's rules, always read."},
        {NULL, "~/.config/loadtop/themes/", "The user's own themes, NAME.theme."},
        {NULL, "PREFIX/share/loadtop/themes/", "The themes that were installed."},
        {NULL, "~/.local/state/loadtop/history.db", "The runs that are kept, in SQLite."},
        {NULL, "~/.local/state/loadtop/running/",
         "The runs that are not over; one whose program was killed is taken into the history from "
         "here."},
    };
    put_entries(t, place, sizeof place / sizeof *place);
}

static void put_examples(struct text *t)
{
    static const struct entry example[] = {
        {"EXAMPLES", "loadtop demo", "To look around: nothing needs to be installed or running."},
        {NULL, "loadtop -t 4 --clients 25 redis://localhost",
         "The dashboard on a Redis of this machine, with 4 threads of 25 clients."},
        {NULL, "loadtop 'redis://localhost?ops=get:80,set:20' 'null:?service=1ms&rate=1k/s'",
         "Two pools at once, each with options of its own."},
        {NULL, "loadtop --headless -d 60s --threshold 'p99<5ms' --json run.json redis://localhost",
         "A minute without a screen. The exit status is 99 when the 99th percentile of the response "
         "time is above 5 ms."},
        {NULL, "loadtop --headless --sweep 'threads=1,2,4,8 hold=5s' redis://localhost",
         "Throughput over threads, with the scaling law fitted to it."},
        {NULL, "loadtop report run.json -o run.html", "A report of a saved run as one page."},
        {NULL, "loadtop compare before.json after.json --threshold 5%",
         "What changed, and whether it is more than noise."},
    };
    put_entries(t, example, sizeof example / sizeof *example);
}

/* A form of the command line: `command` in bold, what follows it filled. */
static void put_form(struct text *t, const char *form)
{
    text_add(t, ".SY loadtop\n");
    roff_words(t, form);
    text_add(t, "\n.YS\n");
}

static void put_synopsis(struct text *t)
{
    text_add(t, ".SH SYNOPSIS\n");
    put_form(t, "[OPTION...] [TARGET...]");
    put_form(t, "--headless [OPTION...] TARGET...");
    for (const struct subcommand *s = subcommand_table; s->name; s++) {
        struct text form = {.limit = 1000};
        subcommand_add_form(&form, s);
        put_form(t, text_str(&form));
        text_free(&form);
    }
}

static void put_description(struct text *t)
{
    text_add(t, ".SH DESCRIPTION\n");
    roff_words(t,
               "loadtop loads one or more targets, a pool of threads each, and shows throughput, "
               "latency and whose limit they are. In the dashboard the load is changed while it "
               "runs: threads, clients, rate, pattern, by keys and by commands. Without a screen "
               "(--headless) timed commands do the same, and thresholds decide the exit "
               "status.");
    text_add(t, "\n");
    roff_help(t, after_paragraphs(help_usage, 2));
}

void man_page(struct text *t, const struct backend *const *backends)
{
    text_add(t, ".\\\" Made by `loadtop help --man`: change the program's tables, not this.\n"
                ".TH LOADTOP 1 \"\" \"loadtop " LOADTOP_VERSION "\" \"User Commands\"\n"
                ".nr HY 0\n.ad l\n"
                ".SH NAME\n"
                "loadtop \\- live load tests of databases and message brokers\n");
    put_synopsis(t);
    put_description(t);
    text_add(t, ".SH TARGETS\n");
    put_backends(t, backends);
    text_add(t, ".SH OPTIONS\n");
    put_options(t);
    text_add(t, ".SH SUBCOMMANDS\n");
    put_subcommands(t);
    text_add(t, ".SH KEYS\n");
    put_keys(t);
    text_add(t, ".SH COMMANDS\n");
    roff_help(t, untitled(help_commands));
    for (const struct verb_help *v = verb_table; v->name; v++)
        roff_item(t, v->form, v->help);
    static const struct {
        const char *heading, *text;
        bool titled;
    } topic[] = {
        {"PATTERNS", help_patterns, false},    {"SCENARIO FILES", help_scenario, true},
        {"FIGURES", help_counting, true},      {"COMPARING RUNS", help_compare, true},
        {NULL, help_compare_method, false},    {"FITTING THE SCALING LAW", help_fit, false},
        {"PROTECTION", help_protection, true}, {"EXIT STATUS", help_exit_codes, true},
    };
    for (unsigned i = 0; i < sizeof topic / sizeof *topic; i++) {
        if (topic[i].heading)
            roff_heading(t, ".SH", topic[i].heading);
        roff_help(t, topic[i].titled ? untitled(topic[i].text) : topic[i].text);
        if (topic[i].text == help_fit) {
            put_column_names(t, "N", CSV_N);
            put_column_names(t, "throughput", CSV_THROUGHPUT);
        }
    }
    put_places(t);
    put_examples(t);
    text_add(t, ".SH SEE ALSO\n"
                ".BR redis\\-benchmark (1),\n.BR kcat (1),\n.BR terminfo (5)\n.PP\n");
    roff_words(t, "The source has docs/contract.md (what scripts may rely on), docs/json.md (each "
                  "field of the JSON) and docs/examples (scenario files).");
    text_add(t, "\n");
}
