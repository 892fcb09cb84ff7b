/* `loadtop backends [NAME] [--json]`: what is built in or why not, and every option of each
 * backend, all of it from the backends' own tables. */
#ifndef LOADTOP_UI_CLI_BACKENDS_LIST_H
#define LOADTOP_UI_CLI_BACKENDS_LIST_H

#include "engine/base/text.h"

struct backend;
struct err;

/* Carries out the verb with the words after it; writes what is to be printed. ERR_USAGE: a wrong
 * word. */
int backends_list(struct text *, int argc, char *const *argv, const struct backend *const *backends,
                  struct err *);
/* One line for each backend. */
void backends_overview(struct text *, const struct backend *const *backends);

#endif
