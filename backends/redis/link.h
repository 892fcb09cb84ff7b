/* A blocking link (common/link.h) for the Redis protocol: to query the server and to clean up,
 * never for load. hiredis's blocking context is not used because its timeout applies to each system
 * call instead of the whole, and it cannot check whether an address is allowed. */
#ifndef LOADTOP_BACKENDS_REDIS_LINK_H
#define LOADTOP_BACKENDS_REDIS_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct address;
struct err;
struct link_setup;
struct redisReply;
struct redis_link;

/* Opens a link like link_open, with the same errors. NULL and err on failure. */
struct redis_link *redis_link_open(const struct link_setup *, const struct address *,
                                   uint64_t deadline_ns, struct err *);
/* Makes it work even while the pool is stopping. */
void redis_link_keep(struct redis_link *);
void redis_link_free(struct redis_link *); /* takes NULL */

/* Has the server closed it? Known after a failure to send or to receive, and to
 * redis_link_quiet. */
bool redis_link_closed(const struct redis_link *);
/* After redis_link_reply has failed: was the reply larger than it takes? */
bool redis_link_too_large(const struct redis_link *);
/* False: the server has closed it, or has sent what nothing asked for. */
bool redis_link_quiet(struct redis_link *);

/* The round-trip time of this link, as from net_round_trip_ns. */
int64_t redis_link_round_trip_ns(const struct redis_link *);

/* After a failure (as of link_send) the link is broken. */
int redis_link_send(struct redis_link *, const char *bytes, size_t n, uint64_t deadline_ns,
                    struct err *);
/* Reads the next reply, which may be an error reply; free it with freeReplyObject. NULL: failed, or
 * larger than any reply expected here (1 MiB, 20,000 elements, 4 deep); the link is broken then. */
struct redisReply *redis_link_reply(struct redis_link *, uint64_t deadline_ns, struct err *);
/* Sends a command of n words and waits for its reply. */
struct redisReply *redis_link_ask(struct redis_link *, unsigned n, const char *const *words,
                                  uint64_t deadline_ns, struct err *);

#endif
