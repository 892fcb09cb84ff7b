/* What the target can bear: the bytes that may be written there. */
#ifndef LOADTOP_ENGINE_POOLS_ROOM_H
#define LOADTOP_ENGINE_POOLS_ROOM_H

struct err;
struct options;
struct pool;

#define ROOM_SHARE 0.8 /* of what is free, when nothing else bounds what is to come */

void guard_init(struct pool *); /* what the limits say, before it starts */
/* With these settings, would more come to lie on the target than it has free, what the other pools
 * on it will write included? ERR_REFUSED. */
int guard_fits(struct pool *, const struct options *, const double *weight, struct err *);

#endif
