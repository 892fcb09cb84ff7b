/* A pool's thread for blocking calls. */
#ifndef LOADTOP_ENGINE_POOLS_POOL_THREAD_H
#define LOADTOP_ENGINE_POOLS_POOL_THREAD_H

#include <stdint.h>

struct err;
struct pool;

int pool_start_thread(struct pool *, struct err *);
void pool_stop_thread(struct pool *); /* tells it to end; pool_free waits for it */
/* Requests stats that are taken after this call; the thread then wakes the supervisor. */
void pool_ask_stats(struct pool *);
/* Reports that its thread hangs in pool_stats, and that it goes on. To be called at each turn of
 * the supervisor; it counts its looks, not time, as pool_reap does. */
void pool_watch_thread(struct pool *, uint64_t now_ns);

#endif
