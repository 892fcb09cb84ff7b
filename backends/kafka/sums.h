/* Sums of the clients' counters over the workers of a pool. */
#ifndef LOADTOP_BACKENDS_KAFKA_SUMS_H
#define LOADTOP_BACKENDS_KAFKA_SUMS_H

struct kafka_worker;
struct workers_entry;

/* Adds a worker's published counters to a struct kafka_totals (a workers_add). */
void kafka_count(void *sum, const struct workers_entry *);
/* Publishes a worker's final counters after its thread has ended, before it leaves the pool's
 * workers. */
void kafka_show_ended(struct kafka_worker *);

#endif
