/* The subcommands of the command line (`loadtop report ...`): one table from which their words are
 * read, and from which their help and the manual page are made.
 *
 * demo, clean and help take the options of a run, which ui/cli/cli.c reads; of them the table says
 * only what is of use there. */
#ifndef LOADTOP_UI_BASE_SUBCOMMAND_H
#define LOADTOP_UI_BASE_SUBCOMMAND_H

#include <stdbool.h>

struct err;
struct text;

#define SUB_OPTIONS_MAX 6
#define SUB_WORDS_MAX 2

struct sub_option {
    const char *name;  /* with its dashes; NULL ends the list */
    const char *value; /* placeholder of its value; NULL: a flag */
    const char *help;  /* NULL: it is an option of a run, and has the same help */
    bool required;
};

struct subcommand {
    const char *name;  /* "report", "history prune" */
    const char *words; /* as its form shows them; "" for none */
    unsigned min, max; /* how many; max 0 and general: cli.c counts them */
    bool general;      /* its options are those of a run */
    const char *help;
    struct sub_option option[SUB_OPTIONS_MAX + 1];
};

/* In the order of the help; ends with a NULL name. */
extern const struct subcommand subcommand_table[];

/* What was typed after the subcommand; borrows from argv. */
struct sub_words {
    const struct subcommand *of;
    const char *word[SUB_WORDS_MAX];
    unsigned words;
    const char *value[SUB_OPTIONS_MAX]; /* by the row's options; NULL: not given; a flag has "" */
};

/* Reads the words of the subcommand of this name, which must be in the table and not `general`.
 * Options may stand before and after words, as `--name VALUE` or `--name=VALUE`; the last one
 * counts. ERR_USAGE, with what is allowed. */
int subcommand_read(struct sub_words *, const char *name, int argc, char *const *argv,
                    struct err *);
/* The value of an option of the row, "" for a flag; NULL: it was not given. */
const char *sub_value(const struct sub_words *, const char *option);

/* Is the row the verb's own, or of one of its verbs (`history prune` of `history`)? */
bool subcommand_is_of(const struct subcommand *, const char *verb);
/* Adds an option as it is typed: `--pool NAME`. */
void subcommand_add_option(struct text *, const struct sub_option *);
/* Adds `report RUN.json -o FILE [--pool NAME] [--service]`. */
void subcommand_add_form(struct text *, const struct subcommand *);

#endif
