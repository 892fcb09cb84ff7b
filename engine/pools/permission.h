/* Permission to connect: targets.conf, names that must be typed, and a person's yes to a target
 * that is not on this machine. */
#ifndef LOADTOP_ENGINE_POOLS_PERMISSION_H
#define LOADTOP_ENGINE_POOLS_PERMISSION_H

#include <stdbool.h>

struct err;
struct pool;
struct sockaddr;

/* On the pool's thread, before anything is sent: waits for protected names where somebody can type
 * them, and notes which addresses are not this machine's. 0, or ERR_REFUSED. Blocks (names). */
int guard_await(struct pool *, struct err *);
/* Is its target not on this machine, and has nobody said yes yet who is to be asked? Any thread. */
bool guard_awaits_yes(const struct pool *);
/* Before a connection to this address. 0, or ERR_UNREACHED while a yes is awaited. Any thread. */
int guard_note_address(struct pool *, const char *host, const struct sockaddr *, struct err *);

#endif
