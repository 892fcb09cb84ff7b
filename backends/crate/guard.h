/* What the target can bear: room on its disks, signs that it suffers. */
#ifndef LOADTOP_BACKENDS_CRATE_GUARD_H
#define LOADTOP_BACKENDS_CRATE_GUARD_H

#include <stddef.h>
#include <stdint.h>

struct crate_pool;
struct crate_records;
struct err;
struct options;
struct pool;

/* What is to come against what the nodes' disks have free. Before anything is written. 0, or
 * ERR_REFUSED. The pool's thread. */
int crate_room(struct pool *, struct crate_pool *, const char *replicas, struct err *);
/* The bytes of one record in a request. */
uint64_t crate_record_bytes(const struct crate_records *);
/* As pool_open judges room, for other settings. */
double crate_to_come(const struct pool *, const struct options *, const double *weight);
/* A look at what suffers: tasks that thread pools rejected, copies of shards that are started; NaN:
 * not known. The pool's thread. */
void crate_strain_look(struct pool *, struct crate_pool *, double rejected, double copies);
/* What an error tells of the target: code of CrateDB's or 0, HTTP status. Any thread. */
void crate_strain_error(struct pool *, int code, long status, const char *msg, size_t len);

#endif
