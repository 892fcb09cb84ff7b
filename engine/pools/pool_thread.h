/* A pool's own thread, for what blocks. */
#ifndef LOADTOP_ENGINE_POOLS_POOL_THREAD_H
#define LOADTOP_ENGINE_POOLS_POOL_THREAD_H

struct err;
struct pool;

int pool_start_thread(struct pool *, struct err *);
void pool_stop_thread(struct pool *); /* asks it to end; pool_free waits for it */
/* Its thread takes stats now, beginning after this call, and wakes the supervisor. */
void pool_ask_stats(struct pool *);

#endif
