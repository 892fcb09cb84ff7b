/* A server's figures, once a second on the pool's thread. */
#ifndef LOADTOP_BACKENDS_REDIS_STATS_H
#define LOADTOP_BACKENDS_REDIS_STATS_H

struct pool;
struct redis_pool;
struct redis_totals;
struct stats;
struct workers_entry;

void redis_pool_stats(struct pool *, struct stats *);
/* Adds a worker's published counters to a struct redis_totals (a workers_add). */
void redis_count(void *sum, const struct workers_entry *);
/* Notes the server's totals at the opening: what the figures of the whole run count from, however
 * short it is. */
void redis_stats_begin(struct redis_pool *, const char *info);
/* The part of the figures that comes from INFO. */
void redis_stats_info(struct pool *, struct stats *, const struct redis_totals *, const char *info);

#endif
