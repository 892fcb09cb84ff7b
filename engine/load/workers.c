/* See workers.h. */
#include "engine/load/workers.h"

#include "engine/os/loop.h"
#include "engine/state/pool.h"
#include "engine/load/worker.h"

#include <stdatomic.h>

void pool_wake_workers(struct pool *p)
{
    for (unsigned i = 0; i < p->workers; i++)
        if (!p->worker[i]->reaped)
            loop_wake(p->worker[i]->loop);
}

void pool_order_all(struct pool *p, enum worker_order order)
{
    for (unsigned i = 0; i < p->workers; i++)
        if (!p->worker[i]->reaped)
            worker_order(p->worker[i], order);
}

bool worker_is_running(const struct worker *w)
{
    return !w->reaped && atomic_load(&w->order) == ORDER_RUN;
}

unsigned pool_running(const struct pool *p)
{
    unsigned n = 0;
    for (unsigned i = 0; i < p->workers; i++)
        n += worker_is_running(p->worker[i]);
    return n;
}

unsigned pool_alive(const struct pool *p)
{
    unsigned n = 0;
    for (unsigned i = 0; i < p->workers; i++)
        n += !p->worker[i]->reaped && !p->worker[i]->stuck;
    return n;
}

unsigned pool_stuck(const struct pool *p)
{
    unsigned n = 0;
    for (unsigned i = 0; i < p->workers; i++)
        n += p->worker[i]->stuck && !p->worker[i]->reaped;
    return n;
}
