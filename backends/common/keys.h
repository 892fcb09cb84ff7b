/* Which key an operation is about: one of 0..n-1, drawn as option dist says. The same seed draws the
 * same keys in every backend and version (unit_test_common_keys holds them).
 *
 * Belongs to one worker; drawing takes no lock, allocates nothing and reads no clock. */
#ifndef LOADTOP_BACKENDS_COMMON_KEYS_H
#define LOADTOP_BACKENDS_COMMON_KEYS_H

#include "engine/backend.h"
#include "engine/stats/generate.h"

#include <stdint.h>

struct keys {
    uint64_t n; /* how many; at least 1 once set */
    enum distribution dist;
    struct zipf zipf; /* made when first needed for n */
};

/* From tune() or before the first draw: costs next to nothing when nothing changed. n > 0. */
void keys_set(struct keys *, uint64_t n, enum distribution);

/* From 64 random bits: uniform or zipf. */
static inline uint64_t keys_draw(const struct keys *k, uint64_t random)
{
    return k->dist == DIST_ZIPF ? zipf_pick(&k->zipf, random) : rng_below(random, k->n);
}

/* The key of an operation, or the first of its `rows`: the next of the pool's sequence, or drawn. */
static inline uint64_t keys_choose(const struct keys *k, struct pool *pool, uint64_t random,
                                   uint64_t rows)
{
    return k->dist == DIST_SEQUENTIAL ? pool_sequence(pool, rows) % k->n : keys_draw(k, random);
}

/* The key of the i-th row behind that one, from bits of the row's own. */
static inline uint64_t keys_next(const struct keys *k, uint64_t first, uint32_t i, uint64_t random)
{
    return k->dist == DIST_SEQUENTIAL ? (first + i) % k->n : keys_draw(k, random);
}

#endif
