/* A pool, the supervisor's part: how it begins and ends, and what its state is. */
#ifndef LOADTOP_ENGINE_POOLS_POOL_LIFE_H
#define LOADTOP_ENGINE_POOLS_POOL_LIFE_H

#include <stdbool.h>
#include <stdint.h>

struct engine;
struct err;
struct pool;
struct pool_spec;

/* A pool of the spec (copied). Not started. NULL and err. */
struct pool *pool_new(struct engine *, unsigned number, const struct pool_spec *, struct err *);
int pool_start(struct pool *, struct err *); /* its thread; virtual time opens at once */
/* Ends its thread and frees it; takes NULL. False: a thread of it hangs in the backend after 6 s,
 * and all that it may look at stays. */
bool pool_free(struct pool *);
/* The pool's share of a tick: open stage, workers made and reaped, state. */
void pool_supervise(struct pool *, uint64_t now_ns);
/* A pool of the spec, taken into the engine. Not started. NULL and err. */
struct pool *engine_add_pool(struct engine *, const struct pool_spec *, struct err *);

#endif
