/* A pool's thread for blocking calls. */
#ifndef LOADTOP_ENGINE_POOLS_POOL_THREAD_H
#define LOADTOP_ENGINE_POOLS_POOL_THREAD_H

struct err;
struct pool;

int pool_start_thread(struct pool *, struct err *);
void pool_stop_thread(struct pool *); /* tells it to end; pool_free waits for it */
/* Requests stats that are taken after this call; the thread then wakes the supervisor. */
void pool_ask_stats(struct pool *);

#endif
