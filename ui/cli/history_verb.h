/* The verb `loadtop history`: lists, shows, compares and removes the runs kept so far. */
#ifndef LOADTOP_UI_CLI_HISTORY_VERB_H
#define LOADTOP_UI_CLI_HISTORY_VERB_H

#include <stdbool.h>

struct err;
struct text;

/* `loadtop history`, with one of these after it or nothing (list):
 *
 *   list
 *   show ID [-o FILE]
 *   compare BASE NEW [--threshold SHARE] [-o FILE]
 *   prune [--keep N] [--older T]
 *
 * An ID is as listed, or the run's own (its first letters), or `last`. */
int history_verb(struct text *t, int argc, char *const *argv, bool *regressed, struct err *);

#endif
