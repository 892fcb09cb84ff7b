/* Commands as text (the inverse of command_parse) and in words. */
#ifndef LOADTOP_ENGINE_CONFIG_COMMAND_TEXT_H
#define LOADTOP_ENGINE_CONFIG_COMMAND_TEXT_H

#include "engine/config/command.h"

#include <stdbool.h>
#include <stddef.h>

const char *origin_name(enum origin);
char *command_text(const struct command *, char *buf, size_t size);
/* The same for screens, events and files: without secrets and without an added target's query. */
char *command_shown(const struct command *, char *buf, size_t size);
/* Does it raise or change load? Such commands are refused while locked; pause, stop, remove and
 * mark are not. */
bool command_changes_load(const struct command *);
/* Is it executed by the front end (screenshot, report, baseline, theme, quit)? */
bool command_is_for_screen(const struct command *);
/* Does its text name a file to read or write? A theme's name without a slash does not. */
bool command_names_file(const struct command *);
/* The new value of an amount applied to `now`. */
double command_amount(const struct command *, double now);

#endif
