/* `loadtop help [TOPIC]`: the help texts.
 *
 * Commands and keys come from their tables, so that this text and the dashboard's `?` agree. */
#ifndef LOADTOP_UI_CLI_HELP_TEXT_H
#define LOADTOP_UI_CLI_HELP_TEXT_H

#include "engine/base/text.h"

struct backend;
struct err;

/* Adds the text of a topic (the table in help_text.c has them) or a subcommand; NULL: the usage;
 * "--man": the manual page. ERR_USAGE for one that does not exist, with the nearest. */
int help_text(struct text *, const char *topic, const struct backend *const *backends,
              struct err *);

#endif
