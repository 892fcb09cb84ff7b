/* What a saved run left behind on a Kafka cluster, and its removal. */
#ifndef LOADTOP_BACKENDS_KAFKA_CLEAN_H
#define LOADTOP_BACKENDS_KAFKA_CLEAN_H

struct clean;
struct err;

int kafka_clean(struct clean *, struct err *);

#endif
