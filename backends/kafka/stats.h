/* A pool's figures, once a second. */
#ifndef LOADTOP_BACKENDS_KAFKA_STATS_H
#define LOADTOP_BACKENDS_KAFKA_STATS_H

struct pool;
struct stats;

void kafka_pool_stats(struct pool *, struct stats *);

#endif
