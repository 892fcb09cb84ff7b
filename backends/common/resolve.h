/* Names to addresses: all that a name has, looked up once, on the pool's thread and within a bound.
 * They are tried in turn: each connection begins with the one that answered last, and goes on to the
 * next when that one does not. */
#ifndef LOADTOP_BACKENDS_COMMON_RESOLVE_H
#define LOADTOP_BACKENDS_COMMON_RESOLVE_H

#include "engine/os/loop.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct err;
struct pool;

#define ADDRESSES_MAX 8
#define RESOLVE_NS (5 * NS_PER_S) /* what a name server is given to answer */
#define PLACE_TEXT_MAX 272        /* of place_text and address_text, with any host */

struct address {
    struct sockaddr_storage addr;
    socklen_t len;
};

/* Written by resolve and addresses_of_socket, before anybody else reads it; afterwards only the
 * atomics change, from any thread. */
struct addresses {
    char host[256]; /* the name as typed, which a certificate must have; "" for a unix socket */
    unsigned n;     /* 1..ADDRESSES_MAX once resolved */
    struct address address[ADDRESSES_MAX];
    _Atomic unsigned current; /* the one that answered last, or is to be tried first */
    _Atomic unsigned dropped; /* bits of those that are not tried any more */
};

/* Looks host up: a number at once, a name until deadline_ns (clock_ns) or until the pool is stopping
 * (pool may be NULL). port is the one that the addresses get, shown stands before an error. 0, or
 * ERR_UNREACHED. */
int resolve(struct addresses *, const struct pool *, const char *host, unsigned port,
            const char *shown, uint64_t deadline_ns, struct err *);
void addresses_of_socket(struct addresses *, const char *path);

/* Which to try, in order, from the current one on: places in address[], as many as returned. */
unsigned addresses_order(const struct addresses *, unsigned order[ADDRESSES_MAX]);
/* Calls attempt for one after the other until it returns 0, which makes that one the current one, or
 * another error than ERR_UNREACHED. Each gets its share of the time that is left. Stops when the
 * pool (may be NULL) is stopping. 0, or the last error. */
int addresses_try(struct addresses *, const struct pool *, uint64_t deadline_ns,
                  int (*attempt)(void *ctx, const struct address *, uint64_t deadline_ns,
                                 struct err *),
                  void *ctx, struct err *);
/* For a worker: a socket on its way (net_connect) to the current address, or to the next one that
 * does not fail at once; *at is its place. -1 and err. */
int addresses_connect(const struct addresses *, const struct pool *, unsigned *at, struct err *);
/* What became of a connection to that place: it stands, or it never stood and the next address is
 * tried from now on. */
void addresses_answered(struct addresses *, unsigned at);
void addresses_failed(struct addresses *, unsigned at);
/* This address is not tried any more, unless it is the current one. */
void addresses_drop(struct addresses *, const struct address *);

const struct address *addresses_current(const struct addresses *);
bool address_equal(const struct address *, const struct address *); /* with their ports */
/* "127.0.0.1:6379", "[::1]:6379", or a socket's path. Returns buf. */
char *address_text(const struct address *, char *buf, size_t size);
/* "localhost:6379", "[::1]:6379". Returns buf. */
char *place_text(char *buf, size_t size, const char *host, unsigned port);

#endif
