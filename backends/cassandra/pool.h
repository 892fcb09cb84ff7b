/* A pool: opening its target, figures, leftovers. */
#ifndef LOADTOP_BACKENDS_CASSANDRA_POOL_H
#define LOADTOP_BACKENDS_CASSANDRA_POOL_H

struct err;
struct pool;
struct stats;

int cass_pool_open(struct pool *, struct err *);
void cass_pool_stats(struct pool *, struct stats *);
void cass_pool_close(struct pool *);

#endif
