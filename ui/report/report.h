/* Reports of a run, made from its JSON alone.
 *
 * The file name's extension selects the format:
 *   .html           one self-contained file
 *   .md             the same for a pull request
 *   .txt            the same as plain text
 *   .svg            one picture: the verdict and the plots
 *   .csv            the series, one line per second
 *   .plateaus.csv   the points of the scaling curves
 *   .hgrm           the latency distribution of one pool
 *   .hlog           all histograms, in HdrHistogram's log
 *
 * External text (targets, notes, messages) is escaped for each format. */
#ifndef LOADTOP_UI_REPORT_REPORT_H
#define LOADTOP_UI_REPORT_REPORT_H

#include "ui/base/out_file.h"

#include <stdbool.h>

struct err;
struct json_t;
struct saved_run;
struct text;

/* Would report_write know what to write to a file of this name, of a run with so many pools? 0,
 * ERR_USAGE, or ERR_FAILED (not built in). */
int report_check_name(const char *path, unsigned pools, struct err *);
/* Writes the report of a run (from json_run, or loaded) to `path` atomically; to a file that ends
 * in .json the run itself. ERR_USAGE: unknown extension, not a run, or data that the report needs
 * is missing; ERR_FAILED: it could not be written. */
int report_write(struct json_t *json, const char *path, enum out_wait, struct err *);
int report_write_saved(const struct saved_run *, const char *path, enum out_wait, struct err *);

struct report_options {
    const char *pool; /* pool for .hgrm; NULL: the only one */
    bool service;     /* .hgrm of service times instead of response times */
};
/* Makes the content of a report file. */
int report_make(const struct saved_run *run, const char *path, const struct report_options *,
                struct text *, struct err *);

/* `loadtop report RUN.json -o FILE [--pool NAME] [--service]`. Writes a message about the written
 * file to t. */
int report_verb(struct text *t, int argc, char *const *argv, struct err *);

#endif
