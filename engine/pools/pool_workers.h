/* Workers of a pool, made and reaped. The supervisor's. */
#ifndef LOADTOP_ENGINE_POOLS_POOL_WORKERS_H
#define LOADTOP_ENGINE_POOLS_POOL_WORKERS_H

#include <stdint.h>

struct err;
struct pool;

int pool_resize(struct pool *,
                struct err *); /* makes or drains workers until there are load.threads */
/* Joins those that have ended and takes their figures; reports one that does not end. */
void pool_reap(struct pool *, uint64_t now_ns);

#endif
