/* See subcommand.h. Called by each subcommand for its words, and by help_text.c and man_page.c. */
#include "ui/base/subcommand.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "engine/base/err.h"
#include "engine/base/text.h"

#define OPTION_WORSE                                                                               \
    {                                                                                              \
        "--threshold", "SHARE",                                                                    \
            "exit 99 when a figure became worse by more than this share (5% or 0.05), and that "   \
            "is more than noise",                                                                  \
            false                                                                                  \
    }
#define OPTION_PAGE                                                                                \
    {                                                                                              \
        "-o", "FILE", "write it to this file, too: .html, .md or .txt", false                      \
    }

const struct subcommand subcommand_table[] = {
    {.name = "demo",
     .words = "[OPTION...]",
     .general = true,
     .help = "The dashboard on targets that it brings along: a Redis of its own, librdkafka's mock "
             "cluster, two simulated services. All options of a run are taken."},
    {.name = "backends",
     .words = "[NAME]",
     .max = 1,
     .help = "What can be loaded, with all operations and options; of one backend with NAME.",
     .option = {{"--json", NULL, "as JSON, with types, ranges and defaults", false}}},
    {.name = "fit",
     .words = "FILE",
     .min = 1,
     .max = 1,
     .help = "Fits the scaling law to lines of `n,throughput` that any tool made. FILE - is the "
             "standard input.",
     .option = {{"--json", NULL, "the curve as JSON, as in `scaling` of a run", false}}},
    {.name = "report",
     .words = "RUN.json",
     .min = 1,
     .max = 1,
     .help = "Makes a report from a saved run. What FILE ends in says which: .html .md .txt the "
             "whole report, .svg a picture, .csv the seconds, .plateaus.csv the points of the "
             "curves, .hgrm one pool's latencies, .hlog all histograms.",
     .option = {{"-o", "FILE", "where to write it", true},
                {"--pool", "NAME", "of which pool a .hgrm file is; needed with several", false},
                {"--service", NULL, "a .hgrm file of service times, not response times", false}}},
    {.name = "compare",
     .words = "BASE.json[,MORE.json...] NEW.json[,...]",
     .min = 2,
     .max = 2,
     .help = "What changed between two saved runs, and whether it is more than noise. Several runs "
             "of a side are joined by commas.",
     .option = {OPTION_WORSE, OPTION_PAGE}},
    {.name = "history list",
     .words = "",
     .help = "The runs kept so far. `loadtop history` alone is the same."},
    {.name = "history show",
     .words = "ID",
     .min = 1,
     .max = 1,
     .help = "The report of a run. ID is its number in the list, its run id or the beginning of "
             "that, or `last`.",
     .option = {{"-o", "FILE", "a report (as `loadtop report` makes), or the run as .json",
                 false}}},
    {.name = "history compare",
     .words = "BASE-ID NEW-ID",
     .min = 2,
     .max = 2,
     .help = "As `loadtop compare`, of two runs that are kept.",
     .option = {OPTION_WORSE, OPTION_PAGE}},
    {.name = "history prune",
     .words = "",
     .help = "Removes runs from the history. At least one of its options is needed; with both, a "
             "run goes that either names.",
     .option = {{"--keep", "N", "keep the N newest runs", false},
                {"--older", "T", "remove runs older than this (720h)", false}}},
    {.name = "clean",
     .words = "RUN.json",
     .general = true,
     .help = "Removes what that run left on its servers, and nothing that does not bear its mark: "
             "lists it, asks, removes it. A token or a certificate, which no file has, is given as "
             "an option of its backend.",
     .option = {{"--yes", NULL, "do not ask before removing", false},
                {"--confirm", "HOST", NULL, false},
                {"--password-file", "FILE", NULL, false},
                {"--ask-password", NULL, NULL, false},
                {"--quiet", NULL, "no list of what was removed", false}}},
    {.name = "themes",
     .words = "[NAME]",
     .max = 1,
     .help = "The themes that there are; with NAME its colours, as a theme file has them.",
     .option = {{"--colors", "C", "how many colours to show it with: direct, 256, 16 or none",
                 false}}},
    {.name = "help",
     .words = "[TOPIC]",
     .general = true,
     .help = "The options of a run, or a topic.",
     .option = {{"--man", NULL, "everything, as a manual page in roff", false}}},
    {.name = NULL},
};

bool subcommand_is_of(const struct subcommand *s, const char *verb)
{
    size_t len = strlen(verb);
    return strncmp(s->name, verb, len) == 0 && (!s->name[len] || s->name[len] == ' ');
}

void subcommand_add_option(struct text *t, const struct sub_option *o)
{
    text_add(t, "%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
}

void subcommand_add_form(struct text *t, const struct subcommand *s)
{
    text_add(t, "%s%s%s", s->name, *s->words ? " " : "", s->words);
    for (const struct sub_option *o = s->option; o->name; o++) {
        text_add(t, " %s", o->required ? "" : "[");
        subcommand_add_option(t, o);
        text_add(t, "%s", o->required ? "" : "]");
    }
}

/* ---- Reading ---- */

/* ERR_USAGE: what is wrong, and how it is typed. */
static int refuse(const struct subcommand *s, const char *what, const char *word, struct err *err)
{
    struct text form = {.limit = 150};
    subcommand_add_form(&form, s);
    err_set(err, ERR_USAGE, "%s: %s '%.40s': loadtop %s", s->name, what, word, text_str(&form));
    text_free(&form);
    return ERR_USAGE;
}

static int unknown_option(const struct subcommand *s, const char *word, struct err *err)
{
    struct text list = {.limit = 150};
    const char *names[SUB_OPTIONS_MAX + 1] = {NULL};
    for (unsigned i = 0; s->option[i].name; i++) {
        names[i] = s->option[i].name;
        text_add(&list, "%s", i ? ", " : "");
        subcommand_add_option(&list, &s->option[i]);
    }
    char name[64];
    copy_part(name, sizeof name, word, strcspn(word, "="));
    const char *near = nearest_name(name, names);
    err_set(err, ERR_USAGE, "%s: unknown option %.60s%s%s%s, allowed: %s", s->name, word,
            near ? " (did you mean " : "", near ? near : "", near ? "?)" : "",
            list.len ? text_str(&list) : "none");
    text_free(&list);
    return ERR_USAGE;
}

/* Reads the option at argv[*at], and its value. */
static int read_option(struct sub_words *w, int *at, int argc, char *const *argv, struct err *err)
{
    const char *word = argv[*at];
    for (unsigned i = 0; w->of->option[i].name; i++) {
        const struct sub_option *o = &w->of->option[i];
        size_t len = strlen(o->name);
        bool joined = o->value && o->name[1] == '-' && word[len] == '=';
        if (strncmp(word, o->name, len) != 0 || (word[len] && !joined))
            continue;
        if (o->value && !joined && *at + 1 >= argc)
            return err_set(err, ERR_USAGE, "%s: %s needs a value: %s %s", w->of->name, o->name,
                           o->name, o->value);
        w->value[i] = !o->value ? "" : joined ? word + len + 1 : argv[++*at];
        return 0;
    }
    return unknown_option(w->of, word, err);
}

static const struct subcommand *find(const char *name)
{
    const struct subcommand *s = subcommand_table;
    while (s->name && strcmp(s->name, name) != 0)
        s++;
    assert(s->name && !s->general);
    return s;
}

int subcommand_read(struct sub_words *w, const char *name, int argc, char *const *argv,
                    struct err *err)
{
    *w = (struct sub_words){.of = find(name)};
    for (int i = 0; i < argc; i++) {
        if (argv[i][0] == '-' && argv[i][1]) {
            if (read_option(w, &i, argc, argv, err) < 0)
                return ERR_USAGE;
        } else if (w->words == w->of->max) {
            return refuse(w->of, "one word too many:", argv[i], err);
        } else {
            w->word[w->words++] = argv[i];
        }
    }
    if (w->words < w->of->min)
        return refuse(w->of, "needs", w->of->words, err);
    for (unsigned i = 0; w->of->option[i].name; i++)
        if (w->of->option[i].required && !w->value[i])
            return refuse(w->of, "needs", w->of->option[i].name, err);
    return 0;
}

const char *sub_value(const struct sub_words *w, const char *option)
{
    unsigned i = 0;
    while (w->of->option[i].name && strcmp(w->of->option[i].name, option) != 0)
        i++;
    assert(i < SUB_OPTIONS_MAX && w->of->option[i].name);
    return w->value[i];
}
