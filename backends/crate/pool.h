/* A pool's figures about once a second, and its end. On the pool's thread. */
#ifndef LOADTOP_BACKENDS_CRATE_POOL_H
#define LOADTOP_BACKENDS_CRATE_POOL_H

struct pool;
struct stats;

void crate_pool_stats(struct pool *, struct stats *);
void crate_pool_close(struct pool *);

#endif
