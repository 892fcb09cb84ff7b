/* See workers.h. */
#include "engine/load/workers.h"

#include "engine/state/pool.h"
#include "engine/load/worker.h"

void pool_wake_workers(struct pool *p)
{
    struct pool_supervised *sup = pool_sup(p);
    for (unsigned i = 0; i < sup->workers; i++)
        if (!sup->worker[i]->reaped)
            worker_wake(sup->worker[i]->worker);
}

void pool_order_all(struct pool *p, enum worker_order order)
{
    struct pool_supervised *sup = pool_sup(p);
    for (unsigned i = 0; i < sup->workers; i++)
        if (!sup->worker[i]->reaped)
            worker_order(sup->worker[i]->worker, order);
}

bool worker_is_running(const struct supervised_worker *w)
{
    return !w->reaped && worker_ordered(w->worker) == ORDER_RUN;
}

unsigned pool_running(const struct pool *p)
{
    unsigned n = 0;
    for (unsigned i = 0; i < pool_sup(p)->workers; i++)
        n += worker_is_running(pool_sup(p)->worker[i]);
    return n;
}

unsigned pool_alive(const struct pool *p)
{
    const struct pool_supervised *sup = pool_sup(p);
    unsigned n = 0;
    for (unsigned i = 0; i < sup->workers; i++)
        n += !sup->worker[i]->reaped && !sup->worker[i]->stuck;
    return n;
}

unsigned pool_draining(const struct pool *p)
{
    const struct pool_supervised *sup = pool_sup(p);
    unsigned n = 0;
    for (unsigned i = 0; i < sup->workers; i++)
        n +=
            !sup->worker[i]->reaped && !sup->worker[i]->stuck && !worker_is_running(sup->worker[i]);
    return n;
}

unsigned pool_stuck(const struct pool *p)
{
    const struct pool_supervised *sup = pool_sup(p);
    unsigned n = 0;
    for (unsigned i = 0; i < sup->workers; i++)
        n += sup->worker[i]->stuck && !sup->worker[i]->reaped;
    return n;
}

bool pool_all_hang(const struct pool *p)
{
    const struct pool_supervised *sup = pool_sup(p);
    bool any = false;
    for (unsigned i = 0; i < sup->workers; i++) {
        const struct supervised_worker *w = sup->worker[i];
        if (!worker_is_running(w))
            continue;
        any = true;
        if (!w->stuck || w->looks_without_turn < ALL_HANG_MOST_S)
            return false;
    }
    return any;
}
