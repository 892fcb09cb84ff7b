/* A pool's start and end: what the server says of itself, and whether it may be loaded. */
#ifndef LOADTOP_BACKENDS_REDIS_SERVER_H
#define LOADTOP_BACKENDS_REDIS_SERVER_H

struct err;
struct pool;

int redis_pool_open(struct pool *, struct err *);
void redis_pool_close(struct pool *);
/* What INFO's text ("": the server does not give it) says at the start: may it be loaded? Notes how
 * the server is, for what is seen later. 0 or an error. */
int redis_meet(struct pool *, const char *info, struct err *);

#endif
