/* A worker: libcurl's multi interface on the worker's loop, and the bodies of requests. */
#ifndef LOADTOP_BACKENDS_CRATE_WORKER_H
#define LOADTOP_BACKENDS_CRATE_WORKER_H

#include <stdint.h>

struct err;
struct op;
struct worker;

int crate_worker_open(struct worker *, struct err *);
void crate_worker_close(struct worker *);
void crate_fill(struct worker *, struct op *);
uint64_t crate_data_bytes(const struct worker *, const struct op *);
uint32_t crate_route(struct worker *, const struct op *);

#endif
