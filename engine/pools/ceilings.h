/* Checks a pool's settings against the ceilings. */
#ifndef LOADTOP_ENGINE_POOLS_CEILINGS_H
#define LOADTOP_ENGINE_POOLS_CEILINGS_H

struct engine;
struct err;
struct pool;
struct pool_spec;

/* Is the spec within the ceilings, including those for all remote pools together, and does
 * --read-only leave an operation? 0 or ERR_REFUSED. */
int spec_allowed(const struct engine *, const struct pool *, const struct pool_spec *,
                 struct err *);

#endif
