/* The first link to a server, and which of the commands that a load does not need it answers. */
#ifndef LOADTOP_BACKENDS_REDIS_PROBE_H
#define LOADTOP_BACKENDS_REDIS_PROBE_H

#include <stdint.h>

struct err;
struct options;
struct redisReply;
struct redis_link;
struct redis_missing;
struct redis_opening;
struct target;

/* Opens the first link to a server and asks it for INFO. The opening's open_ns is set; its hello,
 * zeroed before, is the handshake of all further connections afterwards; wipe it also after a failure. *missing: what the
 * server does not answer. *info: the text of INFO, which may be empty, as a reply to free with
 * freeReplyObject; NULL: INFO is not answered. 0, or err and no link: ERR_UNREACHED also when the
 * server is in a state that passes by itself. */
int redis_probe(struct redis_opening *, const struct target *, unsigned db, const char *sender,
                struct redis_missing *missing, struct redisReply **info, struct err *);
/* Asks on the open link, at most twice, what the server need not answer. *reply: to be freed; NULL:
 * the connection was closed each time, and another link is open now. 0, or err. */
int redis_ask_optional(struct redis_opening *, unsigned n, const char *const *words,
                       struct redisReply **reply, struct err *);
/* The same without a pool, for clean: returns the link. NULL and err. */
struct redis_link *redis_probe_plain(const struct target *, const struct options *, unsigned db,
                                     const char *sender, struct redisReply **info, struct err *);

#endif
