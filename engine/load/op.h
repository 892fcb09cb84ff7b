/* Requests: their memory and their counts. */
#ifndef LOADTOP_ENGINE_LOAD_OP_H
#define LOADTOP_ENGINE_LOAD_OP_H

#include "engine/load/worker_state.h"

#include <stdint.h>

struct request;
struct worker;

/* A request of a type, not yet anyone's, for n operations that are claimed already. NULL: out of
 * memory. */
struct request *op_make(struct worker *, uint16_t type, uint32_t n);
void ops_free(struct worker *); /* all of them, at the worker's end */
void op_offered(struct worker *, struct request *);
void op_unoffered(struct worker *, struct request *);
void op_count_waiting(struct worker *, struct request *, int sign); /* for a connection */

/* ---- on the way of each request: inline, for each costs a nanosecond or two else ---- */

static inline void op_free(struct worker *w, struct request *r)
{
    r->state = OP_FREE;
    r->next = w->free_op;
    w->free_op = r;
}

/* Brings the in-flight area up to now. */
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
