/* The supervisor's part of a pool: creation, state and end. */
#ifndef LOADTOP_ENGINE_POOLS_POOL_LIFE_H
#define LOADTOP_ENGINE_POOLS_POOL_LIFE_H

#include <stdbool.h>
#include <stdint.h>

struct engine;
struct err;
struct pool;
struct pool_spec;

/* Creates a pool from the spec (copied), not started yet. NULL and err on failure. */
struct pool *pool_new(struct engine *, unsigned number, const struct pool_spec *, struct err *);
/* starts its thread; on virtual time opens it at once */
int pool_start(struct pool *, struct err *);
/* Ends its thread and frees it; takes NULL. False: a thread hung in the backend for 6 s, and the
 * memory that it may access is not freed. */
bool pool_free(struct pool *);
/* Runs one tick of a pool: opening, creating and reaping workers, state. */
void pool_supervise(struct pool *, uint64_t now_ns);
/* Creates a pool and adds it to the engine, not started yet. NULL and err on failure. */
struct pool *engine_add_pool(struct engine *, const struct pool_spec *, struct err *);

#endif
