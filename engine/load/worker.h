/* A worker's life: see worker.c. What the supervisor keeps of a worker: see workers.h. */
#ifndef LOADTOP_ENGINE_LOAD_WORKER_H
#define LOADTOP_ENGINE_LOAD_WORKER_H

#include "engine/os/loop.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct pool;
struct recorder;
struct worker;

#define DRAIN_NS (5 * NS_PER_S) /* after ORDER_DRAIN: how long a worker waits for answers */
#define CLOSE_NS (2 * NS_PER_S) /* and then: how long it waits for its connections to close */

enum worker_order { ORDER_RUN, ORDER_DRAIN, ORDER_CLOSE };

/* Creates a worker of the pool, with its loop and memory; not running yet. NULL and err on
 * failure. */
struct worker *worker_new(struct pool *, uint32_t index, uint64_t *virtual_clock, struct err *);
int worker_start(struct worker *, pthread_t *, struct err *); /* starts its thread, to be joined */
void worker_shrink(struct worker *); /* to be called after its end: frees all but its figures */
void worker_free(struct worker *);   /* to be called after its end; takes NULL */
/* One turn; true while there is more to do. Virtual time calls it, the thread loops over it. */
bool worker_turn(struct worker *);
/* sets the order and wakes the worker; any thread */
void worker_order(struct worker *, enum worker_order);
uint64_t worker_next_due(const struct worker *); /* virtual time: when it must run next */
void worker_note_end(struct worker *);           /* virtual time: worker_turn has returned false */

/* ---- what the supervisor sees of it while it runs ---- */

void worker_wake(struct worker *);
enum worker_order worker_ordered(const struct worker *);
bool worker_has_ended(const struct worker *); /* its thread will not touch it any more */
/* id of its thread, once that has started; 0: none runs */
int worker_tid(const struct worker *);
uint64_t worker_started_ns(const struct worker *); /* on the loop's clock */
/* the caller acts as the recorder's only reader */
struct recorder *worker_recorder(struct worker *);
#define CONN_CLASS_MAX 24
/* Gets the class and message of the worker's last connection failure if it happened after
 * *newest_ns, and sets *newest_ns to its time. An empty message: it cannot be read now, or is not
 * written yet (never waits). */
void worker_conn_failure(struct worker *, uint64_t *newest_ns, char error_class[CONN_CLASS_MAX],
                         char *buf, size_t size);
/* When the worker ended; to be called after its thread was joined. 0: not by an order. */
uint64_t worker_ended_ns(const struct worker *);

#endif
