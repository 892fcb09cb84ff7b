/* The workers of a pool with their counters, including ended ones.
 *
 * A worker's counters are written by its thread only; the pool's thread sums them once a second.
 * When a worker ends, its counters are moved to the sum of ended workers atomically, so that no sum
 * misses them or counts them twice. The mutex guards the list and the sum, and may guard other data
 * that a backend's pool and workers share. */
#ifndef LOADTOP_BACKENDS_COMMON_WORKERS_H
#define LOADTOP_BACKENDS_COMMON_WORKERS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* Must be the first member of a backend's worker: entry and worker have the same address. What
 * `add` reads there while the worker runs is atomic. */
struct workers_entry {
    struct workers_entry *next;
};

/* Adds a worker's counters to *sum. Called with the mutex held. */
typedef void workers_add(void *sum, const struct workers_entry *);

struct workers {
    pthread_mutex_t mutex;
    struct workers_entry *first; /* under the mutex */
    bool any;                    /* one has joined; under the mutex */
    workers_add *add;
    void *ended; /* sum of ended workers, [size], borrowed; under the mutex */
    size_t size;
};

/* Initializes an empty list. `ended` is zeroed memory of the pool, `size` bytes, for the sum of
 * ended workers. */
void workers_init(struct workers *, workers_add *add, void *ended, size_t size);
void workers_fini(struct workers *);
void workers_join(struct workers *, struct workers_entry *);
/* To be called after the worker's thread has ended. Does nothing for one that has not joined. */
void workers_leave(struct workers *, struct workers_entry *);
/* Has a worker ever joined? */
bool workers_were(struct workers *);
/* Sums all counters into *sum, `size` bytes. Returns whether there is any worker. */
bool workers_sum(struct workers *, void *sum);

#endif
