/* Creating and reaping workers. */
#include "engine/pools/pool_workers.h"

#include "engine/backend.h"
#include "engine/state/engine_state.h"
#include "engine/base/err.h"
#include "engine/figures/events.h"
#include "engine/figures/monitor.h"
#include "engine/state/pool.h"
#include "engine/load/worker.h"
#include "engine/load/workers.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- workers ---- */

static int add_worker(struct pool *p, struct err *err)
{
    struct pool_supervised *sup = pool_sup(p);
    if (sup->workers == sup->worker_room) {
        unsigned room = sup->worker_room ? 2 * sup->worker_room : 16;
        struct supervised_worker **worker =
            realloc(sup->worker, room * sizeof(struct supervised_worker *));
        if (!worker)
            return err_set(err, ERR_FAILED, "%s: out of memory", p->spec.name);
        sup->worker = worker;
        sup->worker_room = room;
    }
    struct supervised_worker *w = calloc(1, sizeof *w);
    if (!w)
        return err_set(err, ERR_FAILED, "%s: out of memory", p->spec.name);
    w->worker = worker_new(p, sup->workers, p->engine->virtual_clock, err);
    if (!w->worker) {
        free(w);
        return err ? err->code : ERR_FAILED;
    }
    w->threaded = !p->engine->virtual_time;
    if (w->threaded && worker_start(w->worker, &w->thread, err) < 0) {
        worker_free(w->worker);
        free(w);
        return ERR_FAILED;
    }
    sup->worker[sup->workers++] = w;
    return 0;
}

int pool_resize(struct pool *p, struct err *err)
{
    struct pool_supervised *sup = pool_sup(p);
    unsigned running = pool_running(p), wanted = sup->load.threads;
    int code = 0;
    for (; running < wanted && !code; running++)
        code = add_worker(p, err);
    for (unsigned i = sup->workers; i-- > 0 && running > wanted;)
        if (worker_is_running(sup->worker[i])) { /* the youngest first */
            worker_order(sup->worker[i]->worker, ORDER_DRAIN);
            running--;
        }
    if (code)
        sup->load.threads = pool_running(p);
    return code;
}

/* Reports a thread that should have ended long ago and abandons it, with its last published
 * figures. */
static void give_up(struct pool *p, struct supervised_worker *w, uint64_t now_ns)
{
    if (w->stuck || worker_ordered(w->worker) == ORDER_RUN)
        return;
    if (!w->ordered_ns)
        w->ordered_ns = now_ns;
    if (now_ns - w->ordered_ns < DRAIN_NS + CLOSE_NS + NS_PER_S)
        return;
    char text[96];
    w->stuck = true;
    snprintf(text, sizeof text, "thread %u does not end: a call of its backend hangs",
             worker_index(w->worker));
    engine_event(p->engine, p, EVENT_STUCK, "", text, BY_RULE);
}

void pool_reap(struct pool *p, uint64_t now_ns)
{
    for (unsigned i = 0; i < pool_sup(p)->workers; i++) {
        struct supervised_worker *w = pool_sup(p)->worker[i];
        if (w->reaped)
            continue;
        if (!worker_has_ended(w->worker)) {
            give_up(p, w, now_ns);
            continue;
        }
        /* it is about to return */
        if (w->threaded)
            pthread_join(w->thread, NULL);
        recorder_read(worker_recorder(w->worker), &w->seen);
        monitor_collect_ended(p, w);
        w->reaped = true;
        w->ended_ns = worker_ended_ns(w->worker);
        if (!w->ended_ns)
            w->ended_ns = now_ns;
        worker_shrink(w->worker);
    }
}
