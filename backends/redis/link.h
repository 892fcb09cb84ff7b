/* A blocking link (common/link.h) that speaks Redis: for looking at the server and for cleaning up,
 * never for load. hiredis's own blocking context would bound each system call instead of the whole,
 * and could not be asked whether an address is allowed. */
#ifndef LOADTOP_BACKENDS_REDIS_LINK_H
#define LOADTOP_BACKENDS_REDIS_LINK_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct pool;
struct address;
struct redisReply;
struct redis_link;
struct tls_context;

/* As link_open, and its errors. NULL and err. */
struct redis_link *redis_link_open(const struct pool *, const char *host, const struct address *,
                                   const struct tls_context *, const char *shown,
                                   uint64_t deadline_ns, struct err *);
/* From now on its answers are wanted although the pool stops. */
void redis_link_keep(struct redis_link *);
void redis_link_free(struct redis_link *); /* takes NULL */

/* To the server and back: net_round_trip_ns of this link. */
int64_t redis_link_round_trip_ns(const struct redis_link *);

/* After a failure (ERR_UNREACHED) the link is of no use any more. */
int redis_link_send(struct redis_link *, const char *bytes, size_t n, uint64_t deadline_ns,
                    struct err *);
/* The next reply, which may be an error reply; freed by freeReplyObject. NULL: failed, also when it
 * is larger than anything that is asked here (1 MiB, 20,000 elements, 4 deep): then, too, the link
 * is of no use any more. */
struct redisReply *redis_link_reply(struct redis_link *, uint64_t deadline_ns, struct err *);
/* Sends a command of n words and waits for its reply. */
struct redisReply *redis_link_ask(struct redis_link *, unsigned n, const char *const *words,
                                  uint64_t deadline_ns, struct err *);

#endif
