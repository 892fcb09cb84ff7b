/* The pools of this process that speak to the same server. */
#ifndef LOADTOP_BACKENDS_REDIS_PEER_H
#define LOADTOP_BACKENDS_REDIS_PEER_H

#include <stdbool.h>
#include <stdint.h>

struct redis_pool;

void redis_peers_join(struct redis_pool *, const char *info);
void redis_peers_leave(struct redis_pool *);
/* Clients of the server that are not ours, of whatever pool; -1: it does not say. connected: those
 * of this pool, without its link. */
int64_t redis_other_clients(struct redis_pool *, const char *info, unsigned connected);
/* Is it the server of before? At the same address there may be another, or the same one started
 * again. */
bool redis_same_server(struct redis_pool *, const char *info);

#endif
