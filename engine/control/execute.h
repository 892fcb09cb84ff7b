/* Where commands are carried out: ceilings, lock, read-only and undo hold here, for whoever sent
 * them. */
#ifndef LOADTOP_ENGINE_CONTROL_EXECUTE_H
#define LOADTOP_ENGINE_CONTROL_EXECUTE_H

#include "engine/config/command.h"
#include "engine/config/option.h"

struct engine;

/* With the origin of what it adds. */
void execute(struct engine *, const struct command *, enum origin, enum option_origin);
/* A person's yes to the first load of this pool. */
void execute_consent(struct engine *, unsigned number);

#endif
