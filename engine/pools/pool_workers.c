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
    w->looked_ns = engine_now(p->engine);
    if (w->threaded && worker_start(w->worker, &w->thread, err) < 0) {
        worker_free(w->worker);
        free(w);
        return ERR_FAILED;
    }
    sup->worker[sup->workers++] = w;
    return 0;
}

/* The worker to end when there are too many: one that hangs, else the youngest. NULL: none runs. */
static struct supervised_worker *worker_to_end(const struct pool_supervised *sup)
{
    struct supervised_worker *youngest = NULL;
    for (unsigned i = sup->workers; i-- > 0;) {
        struct supervised_worker *w = sup->worker[i];
        if (worker_is_running(w) && w->stuck)
            return w;
        if (worker_is_running(w) && !youngest)
            youngest = w;
    }
    return youngest;
}

int pool_resize(struct pool *p, struct err *err)
{
    struct pool_supervised *sup = pool_sup(p);
    unsigned running = pool_running(p), wanted = sup->load.threads;
    int code = 0;
    for (; running < wanted && !code; running++)
        code = add_worker(p, err);
    for (; running > wanted; running--)
        worker_order(worker_to_end(sup)->worker, ORDER_DRAIN);
    if (code)
        sup->load.threads = pool_running(p);
    return code;
}

static void hang_event(struct pool *p, const struct supervised_worker *w, const char *what)
{
    char text[96];
    snprintf(text, sizeof text, "thread %u %s", worker_index(w->worker), what);
    engine_event(p->engine, p, EVENT_STUCK, "", text, BY_RULE);
}

/* Detects a thread that hangs. A worker turns its loop four times a second, idle or not, so
 * one that does not is inside a call of its backend. If its end was ordered, the pool ends without
 * it, with its last published figures. The number of looks decides, not the time: while the whole
 * process is stopped (Ctrl-Z, a debugger, a machine that sleeps) the supervisor does not look. */
static void look_for_hang(struct pool *p, struct supervised_worker *w, uint64_t now_ns)
{
    if (!w->threaded || now_ns - w->looked_ns < NS_PER_S)
        return;
    w->looked_ns = now_ns;
    bool turned = w->seen.turns != w->turns_seen;
    w->turns_seen = w->seen.turns;
    w->looks_without_turn = turned ? 0 : w->looks_without_turn + 1;
    if (turned && w->stuck) {
        w->stuck = false;
        hang_event(p, w, "hung and runs again");
    }
    if (w->stuck || w->looks_without_turn < HANGS_AFTER_S)
        return;
    w->stuck = true;
    pool_sup(p)->hangs++;
    char what[80];
    snprintf(what, sizeof what, "%s: a call of its backend has not returned for %d s",
             worker_ordered(w->worker) == ORDER_RUN ? "hangs" : "does not end", HANGS_AFTER_S);
    hang_event(p, w, what);
}

bool pool_stood_still(struct pool *p, uint64_t now_ns, double gap_s, double stood_s)
{
    uint64_t gap_ns = (uint64_t)(gap_s * 1e9);
    uint64_t least_ns = (uint64_t)(stood_s * 0.9e9);
    for (unsigned i = 0; i < pool_sup(p)->workers; i++) {
        struct supervised_worker *w = pool_sup(p)->worker[i];
        struct tally *t = &w->seen;
        if (w->reaped || w->stuck)
            continue;
        recorder_read(worker_recorder(w->worker), t);
        bool still = t->turns && now_ns >= t->turned_ns && now_ns - t->turned_ns >= least_ns;
        bool stood = t->still_ns >= least_ns && t->still_until_ns + gap_ns >= now_ns;
        if (t->turns && !still && !stood)
            return false;
    }
    return true;
}

void pool_reap(struct pool *p, uint64_t now_ns)
{
    for (unsigned i = 0; i < pool_sup(p)->workers; i++) {
        struct supervised_worker *w = pool_sup(p)->worker[i];
        if (w->reaped)
            continue;
        if (!worker_has_ended(w->worker)) {
            look_for_hang(p, w, now_ns);
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
