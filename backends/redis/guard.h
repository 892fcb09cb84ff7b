/* The server's identity, free room, and overload.
 *
 * `info` is the text of INFO; "": not available. */
#ifndef LOADTOP_BACKENDS_REDIS_GUARD_H
#define LOADTOP_BACKENDS_REDIS_GUARD_H

#include <stdbool.h>

struct err;
struct options;
struct pool;
struct redis_pool;

/* Calls allowed(ctx, identity) for each identity of the server, or once with NULL if there is none.
 * Stops at the first refusal. */
typedef int redis_identity_fn(void *ctx, const char *identity);
int redis_identities(const char *info, redis_identity_fn *allowed, void *ctx);
/* After a reconnect during the load: may this server, which may be a different one, be loaded? Any
 * thread. */
bool redis_still_allowed(struct pool *, const char *info);
/* Like redis_still_allowed, for one section of INFO, which may contain no identity. *any: it
 * contains one. */
bool redis_part_allowed(struct pool *, const char *info, bool *any);
/* The hook to_come. */
double redis_to_come(const struct pool *, const struct options *, const double *weight);
double redis_free_memory(const char *info); /* NaN: not reported */
/* Checks that the data of the mix fits into the server's memory. 0 or ERR_REFUSED. */
int redis_room_allowed(struct pool *, const char *info, struct err *);
/* Records the server's counters before the load, or after the server has changed. */
void redis_trouble_begin(struct redis_pool *, const char *info);
/* Reports new signs of overload with pool_strain. */
void redis_trouble_check(struct pool *, const char *info);
/* Reports overload indicated by an error reply. Any thread. */
void redis_trouble_reply(struct pool *, const char *error_class, const char *text);

#endif
