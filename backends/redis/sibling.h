/* The pools of this process that use the same server. */
#ifndef LOADTOP_BACKENDS_REDIS_SIBLING_H
#define LOADTOP_BACKENDS_REDIS_SIBLING_H

#include <stdbool.h>
#include <stdint.h>

struct redis_pool;

void redis_siblings_join(struct redis_pool *, const char *info);
void redis_siblings_leave(struct redis_pool *);
/* The server's clients that do not belong to any pool of this process; -1: unknown. connected:
 * connections of this pool, without its link. */
int64_t redis_other_clients(struct redis_pool *, const char *info, unsigned connected);
/* Is it the same server process as before? Another one, or a restarted one, may answer at the
 * address. */
bool redis_same_server(struct redis_pool *, const char *info);

#endif
