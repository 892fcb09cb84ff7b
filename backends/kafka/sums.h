/* What clients met, summed over the workers of a pool. */
#ifndef LOADTOP_BACKENDS_KAFKA_SUMS_H
#define LOADTOP_BACKENDS_KAFKA_SUMS_H

struct kafka_pool;
struct kafka_sums;

/* All that the pool's workers showed, those that ended included. */
void kafka_sums_total(struct kafka_pool *, struct kafka_sums *, unsigned *clients,
                      unsigned *connections, unsigned *workers);
void kafka_sums_add(struct kafka_sums *to, const struct kafka_sums *from);

#endif
