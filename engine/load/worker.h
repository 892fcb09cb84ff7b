/* A worker's life: see worker.c. */
#ifndef LOADTOP_ENGINE_LOAD_WORKER_H
#define LOADTOP_ENGINE_LOAD_WORKER_H

#include "engine/load/worker_state.h"

#include <stdbool.h>
#include <stdint.h>

struct err;
struct pool;
struct worker;

/* A worker of the pool, with its loop and memory; not running. NULL and err. */
struct worker *worker_new(struct pool *, uint32_t index, uint64_t *virtual_clock, struct err *);
int worker_start(struct worker *, struct err *); /* its thread */
void worker_shrink(struct worker *);             /* after its end: gives up all but its figures */
void worker_free(struct worker *);               /* after its end; takes NULL */
/* One turn; true while there is more to do. Virtual time calls it, the thread loops over it. */
bool worker_turn(struct worker *);
void worker_order(struct worker *,
                  enum worker_order); /* the supervisor's, or before the start; wakes it */
uint64_t worker_next_due(const struct worker *); /* virtual time: when it must run next */

#endif
