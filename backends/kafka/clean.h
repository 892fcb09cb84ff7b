/* Lists and removes the leftovers of a saved run on a Kafka cluster. */
#ifndef LOADTOP_BACKENDS_KAFKA_CLEAN_H
#define LOADTOP_BACKENDS_KAFKA_CLEAN_H

struct clean;
struct err;

int kafka_clean(struct clean *, struct err *);

#endif
