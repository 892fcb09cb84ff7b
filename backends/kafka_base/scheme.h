/* Brokers that are addressed in plain although they speak TLS, and the other way round. */
#ifndef LOADTOP_BACKENDS_KAFKA_BASE_SCHEME_H
#define LOADTOP_BACKENDS_KAFKA_BASE_SCHEME_H

struct err;
struct kafka_pool;
struct target;

/* To be called when no broker has answered: asks those of the URL what they speak, without
 * credentials. 0, or ERR_FAILED with the security.protocol to use. Blocks for some seconds at
 * most. */
int kafka_scheme_check(struct kafka_pool *, const struct target *, struct err *);

#endif
