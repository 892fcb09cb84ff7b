/* Creating and reaping the workers of a pool. Supervisor only. */
#ifndef LOADTOP_ENGINE_POOLS_POOL_WORKERS_H
#define LOADTOP_ENGINE_POOLS_POOL_WORKERS_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct pool;

/* creates or drains workers to have load.threads running */
int pool_resize(struct pool *, struct err *);
/* Joins ended workers and merges their figures; reports those that hang, and that they run
 * again. */
void pool_reap(struct pool *, uint64_t now_ns);
/* Did all workers of the pool stand still for (nine tenths of) stood_s, within the last gap_s? One
 * that hangs or has not begun yet says nothing. Supervisor only. */
bool pool_stood_still(struct pool *, uint64_t now_ns, double gap_s, double stood_s);

#endif
