/* `loadtop backends [NAME] [--json]`: lists which backends are built in, or why not, and all their
 * options, from the backends' tables. */
#ifndef LOADTOP_UI_CLI_BACKENDS_LIST_H
#define LOADTOP_UI_CLI_BACKENDS_LIST_H

#include "engine/base/text.h"

struct backend;
struct err;

/* Executes the verb with the words after it; writes the output to the text. ERR_USAGE: a wrong
 * word. */
int backends_list(struct text *, int argc, char *const *argv, const struct backend *const *backends,
                  struct err *);
/* One line for each backend. */
void backends_overview(struct text *, const struct backend *const *backends);

#endif
