/* The sockets of a worker: connecting, the handshake, reading and writing, none of which blocks. */
#ifndef LOADTOP_BACKENDS_REDIS_CONN_H
#define LOADTOP_BACKENDS_REDIS_CONN_H

#include "backends/redis/types.h"

#include <stddef.h>

struct conn;
struct err;

int redis_open(struct conn *, struct err *);
void redis_close(struct conn *);
void redis_flush(struct conn *);
/* Reserves room for a request of up to `max` bytes on this connection. NULL: see the connection's
 * state and `full`. */
char *redis_out_reserve(struct redis_conn *, size_t max);
static inline void redis_out_commit(struct redis_worker *w, struct redis_conn *c, size_t len)
{
    if (c->kept) {
        c->kept_len += len;
        return;
    }
    w->out_len += len;
    c->out_len += len;
}

#endif
