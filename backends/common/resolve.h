/* Resolves a name to all its addresses, once, on the pool's thread and with a time limit. Each
 * connection first tries the address that answered last, then the next ones. */
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
#define RESOLVE_NS (5 * NS_PER_S)       /* timeout for a name server's answer */
#define ADDRESS_REST_NS (30 * NS_PER_S) /* how long an address that failed is skipped */
#define PLACE_TEXT_MAX 272              /* buffer size for place_text and address_text */

struct address {
    struct sockaddr_storage addr;
    socklen_t len;
};

/* Written by resolve and addresses_of_socket before any other use; afterwards only the atomics
 * change, from any thread. */
struct addresses {
    char host[256]; /* the name as typed, which a certificate must match; "" for a unix socket */
    unsigned n;     /* 1..ADDRESSES_MAX once resolved */
    struct address address[ADDRESSES_MAX];
    _Atomic unsigned current; /* index of the address that answered last, or is tried first */
    _Atomic unsigned dropped; /* bit mask of the addresses that are no longer tried */
    /* When each failed, on the clock of clock_ns(); 0: it answered, or was not tried. */
    _Atomic uint64_t failed_ns[ADDRESSES_MAX];
};

/* Resolves host: a numeric address at once, a name until deadline_ns (clock_ns) or until the pool
 * is stopping (pool may be NULL). port is set in the addresses; shown is the prefix of errors. 0,
 * or ERR_UNREACHED. */
int resolve(struct addresses *, const struct pool *, const char *host, unsigned port,
            const char *shown, uint64_t deadline_ns, struct err *);
void addresses_of_socket(struct addresses *, const char *path);

/* Fills order with indices of address[] in the order to try, starting with the current one. Returns
 * how many. */
unsigned addresses_order(const struct addresses *, unsigned order[ADDRESSES_MAX]);
/* Calls attempt for the addresses in order until it returns 0, which makes that address the current
 * one, or an error other than ERR_UNREACHED. Each gets its share of the remaining time. Stops when
 * the pool (may be NULL) is stopping. 0, or the last error's code with a message that names the
 * addresses tried; shown is the prefix of the attempts' messages and of this one. */
int addresses_try(struct addresses *, const struct pool *, const char *shown, uint64_t deadline_ns,
                  int (*attempt)(void *ctx, const struct address *, uint64_t deadline_ns,
                                 struct err *),
                  void *ctx, struct err *);
/* For a worker: starts connecting (net_connect) to the current address, or the next one that does
 * not fail at once, and returns the socket; *at is the address's index. -1 and err. */
int addresses_connect(const struct addresses *, const struct pool *, unsigned *at, struct err *);
/* For a worker whose connections are spread over all addresses: the index of the address for the
 * i-th connection. An address that failed within the last ADDRESS_REST_NS is skipped, unless all of
 * them did. */
unsigned addresses_spread(const struct addresses *, unsigned i);
/* Reports how a connection to the address at that index went: it was established, or it failed and
 * the next address becomes the current one. Call addresses_failed in close(), because an opening
 * that the engine gives up ends there too. */
void addresses_answered(struct addresses *, unsigned at);
void addresses_failed(struct addresses *, unsigned at);
/* Excludes an address from further tries, unless it is the current one. */
void addresses_drop(struct addresses *, const struct address *);

#define TRY_WHY_MAX 256 /* of struct err's message */
/* The addresses that failed in one turn and why, for callers that do not use addresses_try. Zero it
 * to start. */
struct tries {
    unsigned n;
    unsigned at[ADDRESSES_MAX]; /* indices of the addresses */
    char why[ADDRESSES_MAX][TRY_WHY_MAX];
};
/* Adds a failed attempt at the address with that index. shown, the prefix of err's message, is left
 * out. */
void tries_add(struct tries *, const struct addresses *, unsigned at, const char *shown,
               const struct err *err);
/* Replaces the message of err, the last attempt's, by one that names the addresses tried and their
 * reasons. Unchanged when the host has only one address, or when a protection refused it. Returns
 * err's code. */
int tries_say(const struct tries *, const struct addresses *, const char *shown, struct err *err);
/* For messages about one connection: writes "at [::1]:6379: ", or "" when the host has only one
 * address. Returns buf. */
char *address_prefix(const struct addresses *, unsigned at, char *buf, size_t size);

const struct address *addresses_current(const struct addresses *);
bool address_equal(const struct address *, const struct address *); /* including the port */
/* Writes "127.0.0.1:6379", "[::1]:6379" or a socket's path. Returns buf. */
char *address_text(const struct address *, char *buf, size_t size);
/* Writes "localhost:6379" or "[::1]:6379". Returns buf. */
char *place_text(char *buf, size_t size, const char *host, unsigned port);

#endif
