/* Requests: their memory and their counts.
 *
 * They come from a free list of the worker, so that a steady load allocates nothing. */
#include "engine/load/op.h"

#include "engine/backend.h"
#include "engine/load/worker_state.h"
#include "engine/state/pool.h"

#include <stdlib.h>

void *op_data(const struct op *op)
{
    return (void *)(uintptr_t)(op + 1);
}

static void ops_grow(struct worker *w)
{
    uint32_t n = w->block ? w->block->n * 2 : 8;
    if (n > 256)
        n = 256;
    struct op_block *b = calloc(1, sizeof *b + n * w->op_bytes);
    if (!b)
        return;
    b->n = n;
    b->next = w->block;
    w->block = b;
    for (uint32_t i = n; i-- > 0;) {
        struct op *op = (struct op *)(void *)(b->ops + i * w->op_bytes);
        op->next = w->free_op;
        w->free_op = op;
    }
}

struct op *op_take(struct worker *w)
{
    if (!w->free_op)
        ops_grow(w);
    struct op *op = w->free_op;
    if (!op)
        return NULL;
    w->free_op = op->next;
    return op;
}

void ops_free(struct worker *w)
{
    while (w->block) {
        struct op_block *b = w->block;
        w->block = b->next;
        for (uint32_t i = 0; i < b->n; i++)
            free(((struct op *)(void *)(b->ops + i * w->op_bytes))->row_intended_ns);
        free(b);
    }
    w->free_op = NULL;
}

void op_offered(struct worker *w, struct op *op)
{
    struct tally *t = &w->tally;
    if (op->flags & OP_WARM)
        t->warm_offered += op->n;
    else
        t->offered += op->n;
    if (op->flags & OP_DUE)
        t->scheduled += op->n;
    if (!t->first_ns)
        t->first_ns = loop_now(w->loop);
}

void op_unoffered(struct worker *w, struct op *op)
{
    if (op->flags & OP_WARM)
        w->tally.warm_offered -= op->n;
    else
        w->tally.offered -= op->n;
    if (op->flags & OP_DUE)
        w->tally.scheduled -= op->n;
}

void op_count_waiting(struct worker *w, struct op *op, int sign)
{
    uint64_t n = sign > 0 ? op->n : 0 - (uint64_t)op->n;
    if (op->flags & OP_AGAIN) {
        w->again_waiting += (uint32_t)sign;
        return;
    }
    w->tally.waiting += n;
    if (op->flags & OP_DUE)
        w->waiting_due += n;
}

/* A request of a type, not yet anyone's, for n operations that are claimed already. */
struct op *op_make(struct worker *w, uint16_t type, uint32_t n)
{
    struct op *op = op_take(w);
    if (!op)
        return NULL;
    op->next = op->prev = op->client_next = op->client_prev = NULL;
    op->client = NULL;
    op->conn = NULL;
    op->intended_ns = op->sent_ns = 0;
    op->ready_ns = loop_now(w->loop);
    op->type = type;
    op->n = n;
    op->flags = w->start_warm ? OP_WARM : 0;
    op->key = op->aux = 0;
    op->size = op->group = 0;
    op->rnd = rng_next(&w->rng);
    return op;
}
