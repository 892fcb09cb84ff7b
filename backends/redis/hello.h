/* Blocking links with a completed handshake, a server's addresses, and the bytes of the
 * handshake. */
#ifndef LOADTOP_BACKENDS_REDIS_HELLO_H
#define LOADTOP_BACKENDS_REDIS_HELLO_H

#include <stdint.h>

struct err;
struct pool;
struct redisReply;
struct addresses;
struct redis_hello;
struct redis_opening;
struct redis_pool;
struct target;

/* The addresses of a host, or a socket's path. pool may be NULL. ERR_UNREACHED. */
int redis_resolve(const struct target *, const struct pool *, struct addresses *, struct err *);
/* Makes the bytes of the handshake; free them with redis_hello_wipe, which also takes a zeroed
 * struct. sender: the connection's name; NULL: none is given, and PING is asked instead. */
int redis_hello_make(const struct target *, unsigned db, const char *sender, struct redis_hello *,
                     struct err *);
void redis_hello_wipe(struct redis_hello *);
/* Sets err for an error reply to the handshake or to a first command. Returns its code:
 * ERR_UNREACHED if the reported state passes by itself (redis_error_passes), else ERR_FAILED. */
int redis_refused(const char *shown, const struct redisReply *, const char *command, struct err *);

/* Opens a link to the first address that answers, starting with the current one. 0, or err. */
int redis_opening_try(struct redis_opening *, uint64_t deadline_ns, struct err *);

#define REDIS_OPEN_NS (3 * NS_PER_S) /* time limit of one link, and of one question on it */
/* Opens p->link again, as the pool's first one was. */
int redis_link_up(struct pool *, uint64_t deadline_ns, struct err *);
void redis_link_down(struct redis_pool *);
/* The reply to INFO, or an error reply; NULL: the link was lost and is closed, and where the reply
 * was too large, missing.info_breaks is set. */
struct redisReply *redis_ask_info(struct redis_pool *, uint64_t deadline_ns, struct err *);

#endif
