/* What clients met, summed over the workers of a pool. */
#ifndef LOADTOP_BACKENDS_KAFKA_SUMS_H
#define LOADTOP_BACKENDS_KAFKA_SUMS_H

struct kafka_sums;
struct kafka_worker;
struct workers_entry;

/* Adds what a worker shows to a struct kafka_totals (common/workers.h). */
void kafka_count(void *sum, const struct workers_entry *);
/* Its thread has ended: shows all that it counted, before it leaves the pool's workers. */
void kafka_show_ended(struct kafka_worker *);
void kafka_sums_add(struct kafka_sums *to, const struct kafka_sums *from);

#endif
