/* Keys, values and choices: reproducible from a seed, and cheap enough not to be the bottleneck.
 *
 * Each worker has one generator, seeded from the pool's seed and the worker's number, so the same
 * seed makes the same data. */
#ifndef LOADTOP_ENGINE_STATS_GENERATE_H
#define LOADTOP_ENGINE_STATS_GENERATE_H

#include <stddef.h>
#include <stdint.h>

/* xoshiro256** (Blackman, Vigna), seeded by splitmix64. */
struct rng {
    uint64_t s[4];
};
void rng_seed(struct rng *, uint64_t seed, uint64_t stream);
static inline uint64_t rng_next(struct rng *r)
{
    uint64_t *s = r->s, x = s[1] * 5, result = ((x << 7) | (x >> 57)) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 45) | (s[3] >> 19);
    return result;
}
/* Uniform in 0..n-1 (n > 0), by multiplication (Lemire), from 64 random bits. */
static inline uint64_t rng_below(uint64_t random, uint64_t n)
{
    return (uint64_t)(((unsigned __int128)random * n) >> 64);
}
static inline double rng_unit(uint64_t random) /* [0, 1) */
{
    return (double)(random >> 11) * 0x1.0p-53;
}
double rng_exponential(struct rng *, double mean);
static inline uint64_t mix64(uint64_t z) /* splitmix64's finaliser: one random word into the next */
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

enum distribution { DIST_UNIFORM, DIST_ZIPF, DIST_SEQUENTIAL };
#define DIST_CHOICES "uniform|zipf|sequential"

/* Zipf over 0..n-1 with exponent theta (0.99, as in YCSB; Gray et al., SIGMOD 1994), scrambled so
 * that the popular keys are spread over the range. Constant time a draw; setting it up for n costs
 * O(n) once, by approximation above 10,000. */
struct zipf {
    uint64_t n;
    double theta, alpha, zetan, eta;
};
void zipf_init(struct zipf *, uint64_t n, double theta);
uint64_t zipf_pick(const struct zipf *, uint64_t random);

/* A value between low and high, from 64 random bits. */
static inline uint32_t span_pick(uint32_t low, uint32_t high, uint64_t random)
{
    return high <= low ? low : low + (uint32_t)rng_below(random, (uint64_t)high - low + 1);
}

/* Read-only printable random bytes, made once: a value of `size` is a slice at any offset up to
 * GENERATE_BLOB - size. Values larger than half of it repeat it. */
#define GENERATE_BLOB (1u << 20)
const char *generate_blob(void);

#endif
