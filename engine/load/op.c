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
    return (void *)(uintptr_t)((const struct request *)(const void *)op + 1);
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
        struct request *r = (struct request *)(void *)(b->ops + i * w->op_bytes);
        r->next = w->free_op;
        w->free_op = r;
    }
}

/* NULL: out of memory. */
static struct request *op_take(struct worker *w)
{
    if (!w->free_op)
        ops_grow(w);
    struct request *r = w->free_op;
    if (!r)
        return NULL;
    w->free_op = r->next;
    return r;
}

void ops_free(struct worker *w)
{
    while (w->block) {
        struct op_block *b = w->block;
        w->block = b->next;
        for (uint32_t i = 0; i < b->n; i++)
            free(((struct request *)(void *)(b->ops + i * w->op_bytes))->row_intended_ns);
        free(b);
    }
    w->free_op = NULL;
}

void op_offered(struct worker *w, struct request *r)
{
    struct tally *t = &w->tally;
    if (r->flags & OP_WARM)
        t->warm_offered += r->op.n;
    else
        t->offered += r->op.n;
    if (r->flags & OP_DUE)
        t->scheduled += r->op.n;
    if (!t->first_ns)
        t->first_ns = loop_now(w->loop);
}

void op_unoffered(struct worker *w, struct request *r)
{
    if (r->flags & OP_WARM)
        w->tally.warm_offered -= r->op.n;
    else
        w->tally.offered -= r->op.n;
    if (r->flags & OP_DUE)
        w->tally.scheduled -= r->op.n;
}

void op_count_waiting(struct worker *w, struct request *r, int sign)
{
    uint64_t n = sign > 0 ? r->op.n : 0 - (uint64_t)r->op.n;
    if (r->flags & OP_AGAIN) {
        w->again_waiting += (uint32_t)sign;
        return;
    }
    w->tally.waiting += n;
    if (r->flags & OP_DUE)
        w->waiting_due += n;
}

/* A new request of a type, without a client yet, for n operations that are already claimed. */
struct request *op_make(struct worker *w, uint16_t type, uint32_t n)
{
    worker_check_own(w);
    struct request *r = op_take(w);
    if (!r)
        return NULL;
    r->next = r->prev = r->client_next = r->client_prev = NULL;
    r->client = NULL;
    r->connection = NULL;
    r->intended_ns = r->op.sent_ns = 0;
    r->ready_ns = loop_now(w->loop);
    r->op.type = type;
    r->op.n = n;
    r->flags = w->start_warm ? OP_WARM : 0;
    r->op.key = r->op.aux = 0;
    r->op.exclusive = false;
    r->op.size = r->group = 0;
    r->op.rnd = rng_next(&w->rng);
    return r;
}
