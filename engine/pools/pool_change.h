/* Changes of a pool: settings, pause and end. */
#ifndef LOADTOP_ENGINE_POOLS_POOL_CHANGE_H
#define LOADTOP_ENGINE_POOLS_POOL_CHANGE_H

#include "engine/config/command.h"
#include "engine/config/pool_spec.h"
#include "engine/load/worker.h"
#include "engine/state/snapshot.h"

#include <stdbool.h>
#include <stdint.h>

struct engine;
struct err;
struct pool;

/* to be called after changing its load, `paused` and the like */
void pool_publish_settings(struct pool *);
/* Pauses or resumes; does nothing if the pool is already in that state. ERR_REFUSED, already shown
 * and added to the events: its first load awaits consent. err may be NULL. */
int pool_pause(struct pool *, bool paused, enum origin by, struct err *err);
/* 0, or ERR_REFUSED: the mix contains an operation that pool_forbid has forbidden. */
int pool_forbids(struct pool *, const double weight[OPS_MAX], struct err *);
/* Ends the pool: now_ns is when the load ended. The reason of its state is `failed` of the supervisor's
 * part, if that is set before, else the name of the reason. */
void pool_finish(struct pool *, enum end_reason, enum worker_order, uint64_t now_ns);
/* Why it ended, or is about to, as its state says it. */
const char *pool_end_words(const struct pool *);
/* When --max-time ends the pool in any state; NS_NEVER: never. */
uint64_t pool_last_moment(const struct pool *);
void pool_end_ramps(struct pool *);
/* Restarts the plateau and adds an event with its origin; to be called after a change of the pool's
 * load. `what` names what changed, for EVENT_CHANGE only. */
void pool_changed(struct engine *, struct pool *, enum event_kind, const char *what,
                  const char *from, const char *to, enum origin by);

#endif
