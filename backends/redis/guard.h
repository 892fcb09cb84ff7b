/* Who a server says it is, what it has room for, and whether it suffers.
 *
 * `info` is the text of INFO; "": the server does not give it. */
#ifndef LOADTOP_BACKENDS_REDIS_GUARD_H
#define LOADTOP_BACKENDS_REDIS_GUARD_H

#include <stdbool.h>

struct err;
struct options;
struct pool;
struct redis_pool;

/* Calls allowed(ctx, identity) for each identity that the server has, or once with NULL; ends with
 * the first that is refused. */
typedef int redis_identity_fn(void *ctx, const char *identity);
int redis_identities(const char *info, redis_identity_fn *allowed, void *ctx);
/* While the load runs: may this server, which may be another one now, be loaded? Any thread. */
bool redis_still_allowed(struct pool *, const char *info);
/* The same of a section of INFO, which may have no identity. *any: it has one. */
bool redis_part_allowed(struct pool *, const char *info, bool *any);
/* The hook to_come. */
double redis_to_come(const struct pool *, const struct options *, const double *weight);
double redis_free_memory(const char *info); /* NaN: it does not say */
/* Is there room for what the mix is going to make? 0 or ERR_REFUSED. */
int redis_room_allowed(struct pool *, const char *info, struct err *);
/* Notes how the server is before the load, or that it is another one now. */
void redis_trouble_begin(struct redis_pool *, const char *info);
/* What is new since then is told by pool_strain. */
void redis_trouble_look(struct pool *, const char *info);
/* The same of an error reply. Any thread. */
void redis_trouble_reply(struct pool *, const char *error_class, const char *text);

#endif
