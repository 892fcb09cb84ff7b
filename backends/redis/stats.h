/* A server's figures, once a second on the pool's thread. */
#ifndef LOADTOP_BACKENDS_REDIS_STATS_H
#define LOADTOP_BACKENDS_REDIS_STATS_H

struct pool;
struct redis_totals;
struct stats;
struct workers_entry;

void redis_pool_stats(struct pool *, struct stats *);
/* Adds a worker's published counters to a struct redis_totals (a workers_add). */
void redis_count(void *sum, const struct workers_entry *);
/* The part of the figures that comes from INFO. */
void redis_stats_info(struct pool *, struct stats *, const struct redis_totals *, const char *info);

#endif
