/* Chooses the key of an operation, 0..n-1, by the distribution of option dist (an OPTION_CHOICE of
 * DIST_CHOICES, whose value is an enum distribution). The same seed gives the same keys in every
 * backend and version (checked by unit_test_common_keys).
 *
 * Belongs to one worker; drawing takes no lock, allocates nothing and reads no clock. */
#ifndef LOADTOP_BACKENDS_COMMON_KEYS_H
#define LOADTOP_BACKENDS_COMMON_KEYS_H

#include "engine/backend.h"
#include "engine/stats/generate.h"

#include <stdint.h>

struct keys {
    uint64_t n; /* number of keys; at least 1 once set */
    enum distribution dist;
    struct zipf zipf; /* created for n when first needed */
};

/* Call it from tune(), which comes before the first draw; cheap when nothing has changed. n > 0. */
void keys_set(struct keys *, uint64_t n, enum distribution);

/* A key from 64 random bits: uniform or Zipf. */
static inline uint64_t keys_draw(const struct keys *k, uint64_t random)
{
    return k->dist == DIST_ZIPF ? zipf_pick(&k->zipf, random) : rng_below(random, k->n);
}

/* The key of an operation that may make it, or the first of its `rows` keys: the next of the pool's
 * sequence, or a drawn one. */
static inline uint64_t keys_choose(const struct keys *k, struct pool *pool, uint64_t random,
                                   uint64_t rows)
{
    return k->dist == DIST_SEQUENTIAL ? pool_sequence(pool, rows) % k->n : keys_draw(k, random);
}

/* The same for an operation that needs a key that is there: with a sequence, one that was written, by
 * a cursor of its own. In the first pass it keeps to the older half, because the newest may still be
 * in flight; while nothing was written, all are as good: an earlier run may have done so. */
static inline uint64_t keys_follow(const struct keys *k, struct pool *pool, uint64_t random,
                                   uint64_t rows)
{
    uint64_t written, at;
    if (k->dist != DIST_SEQUENTIAL)
        return keys_draw(k, random);
    at = pool_follow(pool, rows, &written);
    return at % (written && written < k->n ? (written + 1) / 2 : k->n);
}

/* The key of the i-th row after the first, from 64 random bits for this row. */
static inline uint64_t keys_next(const struct keys *k, uint64_t first, uint32_t i, uint64_t random)
{
    return k->dist == DIST_SEQUENTIAL ? (first + i) % k->n : keys_draw(k, random);
}

#endif
