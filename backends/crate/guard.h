/* Free room on the target's disks, and signs of overload. */
#ifndef LOADTOP_BACKENDS_CRATE_GUARD_H
#define LOADTOP_BACKENDS_CRATE_GUARD_H

#include <stddef.h>
#include <stdint.h>

struct crate_pool;
struct crate_records;
struct err;
struct options;
struct pool;

/* Checks the expected data against the free room on the nodes' disks, before anything is written.
 * 0, or ERR_REFUSED. The pool's thread. */
int crate_room(struct pool *, struct crate_pool *, const char *replicas, struct err *);
/* The bytes of one record in a request. */
uint64_t crate_record_bytes(const struct crate_records *);
/* The hook to_come: the expected data for other settings. */
double crate_to_come(const struct pool *, const struct options *, const double *weight);
/* Checks for overload: tasks rejected by thread pools, and the number of started shard copies; NaN:
 * not known. The pool's thread. */
void crate_strain_check(struct pool *, struct crate_pool *, double rejected, double copies);
/* Reports a strain if an error indicates overload: CrateDB's code or 0, and the HTTP status. Any
 * thread. */
void crate_strain_error(struct pool *, int code, long status, const char *msg, size_t len);

#endif
