/* Permission to connect: targets.conf, names that must be typed, and the user's consent to a remote
 * target. */
#ifndef LOADTOP_ENGINE_POOLS_PERMISSION_H
#define LOADTOP_ENGINE_POOLS_PERMISSION_H

#include <stdbool.h>

struct err;
struct pool;
struct sockaddr;
struct target;

/* On the pool's thread, before anything is sent: waits for protected names if there is a screen,
 * and records remote addresses. 0, or ERR_REFUSED. Blocks (name resolution). */
int guard_await(struct pool *, struct err *);
/* The name of a pool's server that has no identity, which `--confirm` takes. */
const char *guard_server_name(const struct target *);
/* Is its target remote and the user's consent still awaited? Any thread. */
bool guard_awaits_consent(const struct pool *);
/* Must be called before connecting to an address. 0, or ERR_UNREACHED while consent is awaited. Any
 * thread. */
int guard_note_address(struct pool *, const char *host, const struct sockaddr *, struct err *);

#endif
