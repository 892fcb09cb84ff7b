/* Requests: their memory and their counts. */
#ifndef LOADTOP_ENGINE_LOAD_OP_H
#define LOADTOP_ENGINE_LOAD_OP_H

#include "engine/load/worker_state.h"

#include <stdint.h>

struct request;
struct worker;

/* A new request of a type, without a client yet, for n operations that are already claimed. NULL:
 * out of memory. */
struct request *op_make(struct worker *, uint16_t type, uint32_t n);
void ops_free(struct worker *); /* frees all requests, when the worker has ended */
void op_offered(struct worker *, struct request *);
void op_unoffered(struct worker *, struct request *);
/* counts it as waiting (+1) or no longer waiting (-1) for a connection */
void op_count_waiting(struct worker *, struct request *, int sign);

/* ---- hot path: inline, as a call costs a nanosecond or two per request ---- */

static inline void op_free(struct worker *w, struct request *r)
{
    r->state = OP_FREE;
    r->next = w->free_op;
    w->free_op = r;
}

/* Updates the integral of operations in flight up to now. */
static inline void worker_account(struct worker *w)
{
    uint64_t now = loop_now(w->loop);
    if (now > w->tally.area_ns) {
        w->tally.in_flight_area += w->tally.sent * (now - w->tally.area_ns);
        w->tally.area_ns = now;
    }
}

static inline void op_count_in_flight(struct worker *w, const struct request *r, int sign)
{
    uint64_t n = sign > 0 ? r->op.n : 0 - (uint64_t)r->op.n;
    if (r->flags & OP_WARM) {
        w->tally.warm_in_flight += n;
        return;
    }
    w->tally.in_flight += n;
    if (sign < 0 && r->op.sent_ns) {
        worker_account(w);
        w->tally.sent -= r->op.n;
    }
}

#endif
