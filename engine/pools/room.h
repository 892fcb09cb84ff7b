/* The target's free room: the bytes that may be written there. */
#ifndef LOADTOP_ENGINE_POOLS_ROOM_H
#define LOADTOP_ENGINE_POOLS_ROOM_H

struct err;
struct options;
struct pool;

#define ROOM_SHARE 0.8 /* usable share of the free room if nothing else bounds the data */

void guard_init(struct pool *); /* sets the bounds from the limits, before the pool starts */
/* 0, or ERR_REFUSED: with these settings the pools on this target would write more than its free
 * room. */
int guard_fits(struct pool *, const struct options *, const double *weight, struct err *);

#endif
