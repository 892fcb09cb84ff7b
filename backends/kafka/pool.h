/* Opening and closing a pool. */
#ifndef LOADTOP_BACKENDS_KAFKA_POOL_H
#define LOADTOP_BACKENDS_KAFKA_POOL_H

struct err;
struct pool;

int kafka_pool_open(struct pool *, struct err *);
void kafka_pool_close(struct pool *);

#endif
