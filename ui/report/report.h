/* Reports of a run, made from its JSON alone: what a person puts before those who were not there.
 *
 * The file's ending says what it becomes:
 *   .html           one file that stands on its own
 *   .md             the same for a pull request
 *   .txt            the same to be read as it is
 *   .svg            one picture: the verdict and the plots
 *   .csv            the series, a line a second
 *   .plateaus.csv   the points of the scaling curves
 *   .hgrm           the latency distribution of one pool
 *   .hlog           all histograms, in HdrHistogram's log
 *
 * Everything that came from outside (targets, notes, messages) is escaped for where it goes. */
#ifndef LOADTOP_UI_REPORT_REPORT_H
#define LOADTOP_UI_REPORT_REPORT_H

#include "ui/base/out_file.h"

#include <stdbool.h>

struct err;
struct json_t;
struct saved_run;
struct text;

/* Writes the report of a run (as json_run makes it, or as it was saved) to `path`, whole or not at
 * all. ERR_USAGE: the ending is not known, it is no run, or has not what the report needs;
 * ERR_FAILED: it could not be written. */
int report_write(struct json_t *json, const char *path, enum out_wait, struct err *);
int report_write_saved(const struct saved_run *, const char *path, enum out_wait, struct err *);

struct report_options {
    const char *pool; /* of .hgrm; NULL: the only one */
    bool service;     /* .hgrm of service times instead of response times */
};
/* Its content. */
int report_make(const struct saved_run *run, const char *path, const struct report_options *,
                struct text *, struct err *);

/* `loadtop report RUN.json -o FILE [--pool NAME] [--service]`. Says into t what was written. */
int report_verb(struct text *t, int argc, char *const *argv, struct err *);

#endif
