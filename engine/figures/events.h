/* Events of a run, and the effect of each change of the load. */
#ifndef LOADTOP_ENGINE_FIGURES_EVENTS_H
#define LOADTOP_ENGINE_FIGURES_EVENTS_H

#include "engine/config/command.h"
#include "engine/state/snapshot.h"

struct engine;
struct pool;

/* Any thread; pool may be NULL. */
void engine_event(struct engine *, const struct pool *, enum event_kind, const char *from,
                  const char *to, enum origin);
/* Adds an EVENT_CHANGE; `what` names what changed. */
void engine_event_change(struct engine *, const struct pool *, const char *what, const char *from,
                         const char *to, enum origin);
void events_settle(struct engine *); /* once a second: computes the effects of changes */

#endif
