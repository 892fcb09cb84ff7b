/* The shared monitor of a pool: merges what its workers recorded, keeps the series, fills the
 * snapshot.
 *
 * The supervisor calls it ten times a second. Merging reads only the histogram chunks that workers
 * have changed since the last tick. A series is append-only and shared with the snapshots by
 * reference; the last minute at 100 ms is copied. Percentiles of an interval are those of its own
 * histogram, never of other percentiles. */
#ifndef LOADTOP_ENGINE_FIGURES_MONITOR_H
#define LOADTOP_ENGINE_FIGURES_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

struct class_counts;
struct monitor;
struct packed_pool;
struct pool;
struct supervised_worker;

int monitor_init(struct monitor *);
void monitor_fini(struct monitor *);
/* Flips and drains the workers of the pool. Never waits longer than a millisecond. */
void monitor_collect(struct pool *, uint64_t now_ns);
/* Drains both sets of a worker that has ended. */
void monitor_collect_ended(struct pool *, struct supervised_worker *);
/* Closes the tenth that ends at now, and the second when it is over. True
 * when a second was closed. */
bool monitor_tick(struct pool *, double now_s, uint64_t now_ns);
/* Closes the last, incomplete second when the pool has ended. */
void monitor_last(struct pool *, double now_s);
/* Starts new intervals at now, when loading begins. */
void monitor_restart(struct pool *, double now_s);

/* The tolerated lateness of a start, ns: the larger of 1 ms and 10 % of the median response time in
 * the last full second with answers. */
double monitor_lag_limit_ns(const struct monitor *);
/* How many errors of that class there were in the last second. */
uint64_t monitor_class_recent(const struct class_counts *, const char *error_class);
/* histograms of the whole run; NULL: out of memory */
struct packed_pool *monitor_pack(const struct monitor *);

#endif
