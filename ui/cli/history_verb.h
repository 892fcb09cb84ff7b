/* The verb `loadtop history`: lists, shows, compares and removes saved runs. */
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
 * An ID is a number from the list, a run id or its beginning, or `last`. */
int history_verb(struct text *t, int argc, char *const *argv, bool *regressed, struct err *);

#endif
