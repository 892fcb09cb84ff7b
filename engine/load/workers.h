/* All workers of a pool, and the supervisor's data on each. Supervisor only. */
#ifndef LOADTOP_ENGINE_LOAD_WORKERS_H
#define LOADTOP_ENGINE_LOAD_WORKERS_H

#include "engine/load/worker.h"
#include "engine/stats/recorder.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct pool;
struct worker;

/* A worker hangs after so many looks without a turn, a second apart; a pool with -n of which all
 * hang ends after so many. */
#define HANGS_AFTER_S 5
#define ALL_HANG_MOST_S 20

/* The supervisor's data on a worker. */
struct supervised_worker {
    struct worker *worker; /* owned */
    pthread_t thread;
    bool threaded;     /* has a thread that must be joined */
    bool stuck;        /* it hangs: see pool_reap */
    bool reaped;       /* its thread was joined and its figures were added to the pool's */
    uint64_t ended_ns; /* once it is reaped */

    /* Whether it hangs: when it was looked at last, its turns by then, and how many times in
     * succession it had none since the time before. */
    uint64_t looked_ns, turns_seen;
    unsigned looks_without_turn;

    /* For its figures: the tally last read, and shares of the last second. */
    struct tally seen;
    bool pending_drain; /* its flipped set is not drained yet */
    bool still;         /* it has had no turn since it was drained */
    uint64_t cpu_seen_ns, queued_seen_ns;
    double cpu_share;
};

void pool_order_all(struct pool *, enum worker_order);
void pool_wake_workers(struct pool *);
unsigned pool_running(const struct pool *);  /* workers that are neither draining nor ended */
unsigned pool_alive(const struct pool *);    /* not ended, and not stuck */
unsigned pool_draining(const struct pool *); /* of these, those that were told to end */
unsigned pool_stuck(const struct pool *);    /* not ended, and they hang */
/* Have all of those that were not told to end hung for ALL_HANG_MOST_S? False if there are none. */
bool pool_all_hang(const struct pool *);
bool worker_is_running(const struct supervised_worker *); /* neither draining nor ended */

#endif
