/* A log-linear histogram of durations in nanoseconds, three significant digits, 0 to over an hour.
 *
 * Buckets are those of HdrHistogram (Tene) with lowest value 1 and three digits: 2,048 exact
 * values, then 1,024 buckets an octave, so a recorded value is known within 0.1 %. Counts live in
 * chunks of 32 that are taken from one lazily touched mapping when first needed: an idle histogram
 * costs one page, merging and clearing touch only what was touched, and recording allocates
 * nothing. Adding two histograms loses nothing. One thread at a time writes.
 * HdrHistogram_c is not used because it takes the memory of all buckets at once, for each operation
 * of each thread. */
#ifndef LOADTOP_ENGINE_STATS_HISTOGRAM_H
#define LOADTOP_ENGINE_STATS_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_MAX_NS                                                                           \
    UINT64_C(4398046511103) /* 2^42 - 1 ns, 73 min; larger values are kept as this */
#define HISTOGRAM_CHUNK 32
#define HISTOGRAM_CHUNKS 1056 /* 33 groups of 1,024 buckets */

struct histogram {
    uint16_t *slot; /* [HISTOGRAM_CHUNKS] 1 + the place of a chunk, or 0; start of the mapping */
    /* chunks in the order of first use; each is its number, followed by its HISTOGRAM_CHUNK
     * counts */
    uint64_t *places;
    unsigned used;            /* places in use */
    uint64_t count, max, min; /* min is UINT64_MAX when empty */
    /* sums of the values (ns) and of their squares, for mean and deviation */
    double sum, sum_sq;
};

/* The bucket of a value, and the highest value that shares it. */
static inline unsigned histogram_bucket(uint64_t v)
{
    if (v < 2048)
        return (unsigned)v;
    if (v > HISTOGRAM_MAX_NS)
        v = HISTOGRAM_MAX_NS;
    unsigned shift = 53u - (unsigned)__builtin_clzll(v); /* 1 for 2,048..4,095 */
    return (shift << 10) + (unsigned)(v >> shift);
}
uint64_t histogram_lowest(unsigned bucket);
uint64_t histogram_highest(unsigned bucket);

/* init: 0, or -1 when out of memory. fini also takes a zeroed one that was never initialised. */
int histogram_init(struct histogram *);
void histogram_fini(struct histogram *);
void histogram_clear(struct histogram *);
void histogram_record_n(struct histogram *, uint64_t ns, uint64_t n);
void histogram_merge(struct histogram *to, const struct histogram *from);

/* The value at quantile q (0..1): the highest equivalent value of the bucket in which the q-th of
 * the count lies, as HdrHistogram does. 0 when empty. `histogram_quantiles` fills n values for n
 * ascending q. */
uint64_t histogram_quantile(const struct histogram *, double q);
void histogram_quantiles(const struct histogram *, const double *q, uint64_t *ns, unsigned n);
/* Do at least ten of `count` samples lie above quantile q? With fewer its value depends on single
 * samples, and it is not reported. */
static inline bool quantile_is_known(uint64_t count, double q)
{
    return (double)count * (1 - q) >= 10 - 1e-6;
}
double histogram_mean(const struct histogram *);
double histogram_deviation(const struct histogram *);
/* Calls each bucket with a count, ascending. */
void histogram_each(const struct histogram *,
                    void (*each)(uint64_t lowest, uint64_t highest, uint64_t count, void *ctx),
                    void *ctx);
/* Packs the counts as HdrHistogram's V2 payload (ZigZag LEB128, runs of zeros negative) without its
 * header. Returns the bytes needed; writes only if they fit `size`. Unpack is its inverse: 0, or -1
 * when the bytes are not such a payload. */
size_t histogram_pack(const struct histogram *, uint8_t *buf, size_t size);
int histogram_unpack(struct histogram *, const uint8_t *buf, size_t len);

#endif
