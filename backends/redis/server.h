/* Opening and closing a pool: the server's state, and whether it may be loaded. */
#ifndef LOADTOP_BACKENDS_REDIS_SERVER_H
#define LOADTOP_BACKENDS_REDIS_SERVER_H

struct err;
struct pool;

int redis_pool_open(struct pool *, struct err *);
void redis_pool_close(struct pool *);
/* Evaluates INFO ("": not available) at the start: checks whether the server may be loaded, and
 * records its state for later comparison. 0 or an error. */
int redis_meet(struct pool *, const char *info, struct err *);

#endif
