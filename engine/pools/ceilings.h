/* May a pool be loaded like this? */
#ifndef LOADTOP_ENGINE_POOLS_CEILINGS_H
#define LOADTOP_ENGINE_POOLS_CEILINGS_H

struct engine;
struct err;
struct pool;
struct pool_spec;

/* Is it within the ceilings, those of all remote pools together too, and does --read-only leave it
 * anything? 0 or ERR_REFUSED. */
int spec_allowed(const struct engine *, const struct pool *, const struct pool_spec *,
                 struct err *);

#endif
