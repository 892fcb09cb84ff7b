/* Requests: their memory and their counts. */
#ifndef LOADTOP_ENGINE_LOAD_OP_H
#define LOADTOP_ENGINE_LOAD_OP_H

#include "engine/load/worker_state.h"

#include <stdint.h>

struct op;
struct worker;

struct op *op_take(struct worker *); /* NULL: out of memory */
/* A request of a type, not yet anyone's, for n operations that are claimed already. NULL: out of
 * memory. */
struct op *op_make(struct worker *, uint16_t type, uint32_t n);
void ops_free(struct worker *); /* all of them, at the worker's end */
void op_offered(struct worker *, struct op *);
void op_unoffered(struct worker *, struct op *);
void op_count_waiting(struct worker *, struct op *, int sign); /* for a connection */

/* ---- on the way of each request: inline, for each costs a nanosecond or two else ---- */

static inline void op_free(struct worker *w, struct op *op)
{
    op->state = OP_FREE;
    op->next = w->free_op;
    w->free_op = op;
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

static inline void op_count_in_flight(struct worker *w, const struct op *op, int sign)
{
    uint64_t n = sign > 0 ? op->n : 0 - (uint64_t)op->n;
    if (op->flags & OP_WARM) {
        w->tally.warm_in_flight += n;
        return;
    }
    w->tally.in_flight += n;
    if (sign < 0 && op->sent_ns) {
        worker_account(w);
        w->tally.sent -= op->n;
    }
}

#endif
