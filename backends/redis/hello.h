/* Blocking links that have said hello, with a server's addresses and the handshake's bytes. */
#ifndef LOADTOP_BACKENDS_REDIS_HELLO_H
#define LOADTOP_BACKENDS_REDIS_HELLO_H

#include <stdint.h>

struct err;
struct options;
struct pool;
struct redisReply;
struct addresses;
struct redis_hello;
struct redis_link;
struct redis_pool;
struct target;

/* The addresses of a host, or a socket's path. pool may be NULL. ERR_UNREACHED. */
int redis_resolve(const struct target *, const struct pool *, struct addresses *, struct err *);
/* The handshake's bytes, for redis_hello_wipe, which also takes a zeroed one. */
int redis_hello_make(const struct target *, unsigned db, const char *sender, struct redis_hello *,
                     struct err *);
void redis_hello_wipe(struct redis_hello *);
/* An error reply to the handshake, or to a first command, in words. Its code. */
int redis_refused(const char *shown, const struct redisReply *, const char *command, struct err *);
#define REDIS_OPEN_NS (3 * NS_PER_S)
/* Makes p->link, to the first address that answers, beginning with the present one. */
int redis_link_up(struct pool *, uint64_t deadline_ns, struct err *);
void redis_link_down(struct redis_pool *);
/* INFO, or an error reply; NULL: the link was lost, and is down. */
struct redisReply *redis_ask_info(struct redis_pool *, uint64_t deadline_ns, struct err *);
/* A link that has said hello under this name, without a pool. NULL and err. */
struct redis_link *redis_link_plain(const struct target *, const struct options *, unsigned db,
                                    const char *sender, struct err *);

#endif
