/* The static table of backends. main hands it to the engine; nothing else reads it.
 *
 * A backend whose library was not there at build time stays in the table, with `unavailable` saying
 * what to install: this distinguishes "known but not built in" from "unknown". */
#ifndef LOADTOP_BACKENDS_REGISTRY_H
#define LOADTOP_BACKENDS_REGISTRY_H

struct backend;

/* NULL-terminated; lives as long as the program. */
extern const struct backend *const backends[];

extern const struct backend backend_null;
extern const struct backend backend_cassandra;
extern const struct backend backend_redis;
extern const struct backend backend_crate;
extern const struct backend backend_kafka;

/* To be copied by the author of a new backend; registered only in a test program. */
extern const struct backend backend_skeleton;

#endif
