/* `loadtop compare BASE.json NEW.json`: compares two saved runs and tests whether differences are
 * more than noise (engine/stats/differ.h). */
#ifndef LOADTOP_UI_REPORT_COMPARE_H
#define LOADTOP_UI_REPORT_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct saved_run;
struct text;

#define COMPARE_SIDE_MAX 64

struct compare_options {
    double threshold; /* share by which a figure may become worse; NaN: no limit */
    const char *out;  /* also write a .html, .md or .txt file; NULL: none */
};

/* Compares the runs of each side. Writes the table into t, and the file. *regressed: a figure
 * became significantly worse by more than the threshold. 0 or ERR_*. */
int compare_runs(struct text *t, const struct saved_run *const *base, size_t bases,
                 const struct saved_run *const *new, size_t news, const struct compare_options *,
                 bool *regressed, struct err *);

/* Parses the words after the verb (`compare` or `history compare`): the two sides as typed, and the
 * options. 0 or ERR_USAGE. */
int compare_words(const char *verb, int argc, char *const *argv, const char *file[2],
                  struct compare_options *, struct err *);

/* The verb with the words after it: BASE.json NEW.json, each side several joined by commas;
 * --threshold SHARE, -o FILE. */
int compare_verb(struct text *t, int argc, char *const *argv, bool *regressed, struct err *);

#endif
