/* `loadtop compare BASE.json NEW.json`: what changed between two saved runs, and whether it is more
 * than noise. How that is told is in engine/stats/differ.h. */
#ifndef LOADTOP_UI_REPORT_COMPARE_H
#define LOADTOP_UI_REPORT_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct saved_run;
struct text;

#define COMPARE_SIDE_MAX 64

struct compare_options {
    double threshold; /* a share: how much worse a figure may become; NaN: none fails */
    const char *out;  /* a file .html, .md or .txt as well; NULL */
};

/* Compares the runs of each side. Writes the table into t, and the file. *regressed: a figure
 * became worse by more than the threshold, and that is no noise. 0 or ERR_*. */
int compare_runs(struct text *t, const struct saved_run *const *base, size_t bases,
                 const struct saved_run *const *new, size_t news, const struct compare_options *,
                 bool *regressed, struct err *);

/* Reads the words after the verb: two sides as written, and the options. 0 or ERR_USAGE. */
int compare_words(int argc, char *const *argv, const char *file[2], struct compare_options *,
                  struct err *);

/* The verb with the words after it: BASE.json NEW.json, each side several joined by commas;
 * --threshold SHARE, -o FILE. */
int compare_verb(struct text *t, int argc, char *const *argv, bool *regressed, struct err *);

#endif
