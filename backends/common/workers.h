/* The workers of a pool, and what they have counted: those that run and those that have ended.
 *
 * A worker counts in memory of its own, which its thread alone writes; the pool's thread sums up
 * once a second. When a worker ends, what it counted moves into the sum of the ended in one step, so
 * that no look misses it or sees it twice. The mutex guards the list and the sum, and may guard what
 * else a backend's pool and workers share. */
#ifndef LOADTOP_BACKENDS_COMMON_WORKERS_H
#define LOADTOP_BACKENDS_COMMON_WORKERS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* A member of a backend's worker, its first: entry and worker are at the same address. */
struct workers_entry {
    struct workers_entry *next;
};

/* Adds what a worker has counted to *sum. Called with the mutex held. */
typedef void workers_add(void *sum, const struct workers_entry *);

struct workers {
    pthread_mutex_t mutex;
    struct workers_entry *first; /* under the mutex */
    workers_add *add;
    void *ended; /* of those that ended, [size], borrowed; under the mutex */
    size_t size;
};

/* Initializes an empty list. `ended` is zeroed memory of the pool, `size` bytes, for the sum of
 * ended workers. */
void workers_init(struct workers *, workers_add *add, void *ended, size_t size);
void workers_fini(struct workers *);
void workers_join(struct workers *, struct workers_entry *);
/* Its thread has ended. One that has not joined is left alone. */
void workers_leave(struct workers *, struct workers_entry *);
/* All that was counted so far, into *sum of `size` bytes. Is there any worker? */
bool workers_sum(struct workers *, void *sum);

#endif
