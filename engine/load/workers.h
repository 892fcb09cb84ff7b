/* All workers of a pool. */
#ifndef LOADTOP_ENGINE_LOAD_WORKERS_H
#define LOADTOP_ENGINE_LOAD_WORKERS_H

#include "engine/load/worker_state.h"

struct pool;

void pool_order_all(struct pool *, enum worker_order);
void pool_wake_workers(struct pool *);
unsigned pool_running(const struct pool *);    /* workers that are neither draining nor ended */
unsigned pool_alive(const struct pool *);      /* not ended, and not stuck */
unsigned pool_stuck(const struct pool *);      /* those that could not be ended */
bool worker_is_running(const struct worker *); /* neither draining nor ended */

#endif
