/* See workers.h. */
#include "engine/load/workers.h"

#include "engine/state/pool.h"
#include "engine/load/worker.h"

void pool_wake_workers(struct pool *p)
{
    for (unsigned i = 0; i < p->workers; i++)
        if (!p->worker[i]->reaped)
            worker_wake(p->worker[i]->worker);
}

void pool_order_all(struct pool *p, enum worker_order order)
{
    for (unsigned i = 0; i < p->workers; i++)
        if (!p->worker[i]->reaped)
            worker_order(p->worker[i]->worker, order);
}

bool worker_is_running(const struct supervised_worker *w)
{
    return !w->reaped && worker_ordered(w->worker) == ORDER_RUN;
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
