/* The log-linear histogram; see histogram.h.
 *
 * One mapping holds the directory (which chunk lies where) and room for every chunk; untouched
 * pages cost nothing. Chunks are placed in the order of first use, so that the used ones are at the
 * start of the mapping: a histogram with a few distinct latencies occupies one page, and clearing
 * or merging visits only used chunks. */
#include "engine/stats/histogram.h"

#include <math.h>
#include <string.h>
#include <sys/mman.h>

#define SLOT_BYTES (HISTOGRAM_CHUNKS * sizeof(uint16_t))
#define PLACES_AT ((SLOT_BYTES + 7) / 8 * 8)
#define PLACE_WORDS (1 + HISTOGRAM_CHUNK)
#define MAP_BYTES (PLACES_AT + (size_t)HISTOGRAM_CHUNKS * PLACE_WORDS * sizeof(uint64_t))

uint64_t histogram_lowest(unsigned bucket)
{
    if (bucket < 2048)
        return bucket;
    unsigned shift = (bucket >> 10) - 1;
    return (uint64_t)(bucket - (shift << 10)) << shift;
}

uint64_t histogram_highest(unsigned bucket)
{
    if (bucket < 2048)
        return bucket;
    unsigned shift = (bucket >> 10) - 1;
    return histogram_lowest(bucket) + (UINT64_C(1) << shift) - 1;
}

int histogram_init(struct histogram *h)
{
    memset(h, 0, sizeof *h);
    char *map = mmap(NULL, MAP_BYTES, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED)
        return -1;
    h->slot = (uint16_t *)(void *)map;
    h->places = (uint64_t *)(void *)(map + PLACES_AT);
    h->min = UINT64_MAX;
    return 0;
}

void histogram_fini(struct histogram *h)
{
    if (h->slot)
        munmap(h->slot, MAP_BYTES);
    memset(h, 0, sizeof *h);
}

static uint64_t *place_of(const struct histogram *h, unsigned place)
{
    return h->places + (size_t)place * PLACE_WORDS;
}

static uint64_t *place_counts(const struct histogram *h, unsigned place)
{
    return place_of(h, place) + 1;
}

void histogram_clear(struct histogram *h)
{
    for (unsigned p = 0; p < h->used; p++)
        h->slot[*place_of(h, p)] = 0;
    if (h->used)
        memset(h->places, 0, (size_t)h->used * PLACE_WORDS * sizeof(uint64_t));
    h->used = 0;
    h->count = h->max = 0;
    h->min = UINT64_MAX;
    h->sum = h->sum_sq = 0;
}

/* The counts of a chunk; allocates its place on first use. */
static inline uint64_t *chunk_counts(struct histogram *h, unsigned chunk)
{
    unsigned place = h->slot[chunk];
    if (__builtin_expect(place == 0, 0)) {
        *place_of(h, h->used) = chunk;
        place = ++h->used;
        h->slot[chunk] = (uint16_t)place;
    }
    return place_counts(h, place - 1);
}

void histogram_record_n(struct histogram *h, uint64_t ns, uint64_t n)
{
    if (ns > HISTOGRAM_MAX_NS)
        ns = HISTOGRAM_MAX_NS;
    unsigned bucket = histogram_bucket(ns);
    chunk_counts(h, bucket / HISTOGRAM_CHUNK)[bucket % HISTOGRAM_CHUNK] += n;
    h->count += n;
    if (ns > h->max)
        h->max = ns;
    if (ns < h->min)
        h->min = ns;
    double v = (double)ns, all = v * (double)n;
    h->sum += all;
    h->sum_sq += v * all;
}

void histogram_merge(struct histogram *to, const struct histogram *from)
{
    if (!from->count)
        return;
    for (unsigned p = 0; p < from->used; p++) {
        uint64_t *into = chunk_counts(to, (unsigned)*place_of(from, p));
        const uint64_t *add = place_counts(from, p);
        for (unsigned i = 0; i < HISTOGRAM_CHUNK; i++)
            into[i] += add[i];
    }
    to->count += from->count;
    if (from->max > to->max)
        to->max = from->max;
    if (from->min < to->min)
        to->min = from->min;
    to->sum += from->sum;
    to->sum_sq += from->sum_sq;
}

uint64_t histogram_quantile(const struct histogram *h, double q)
{
    uint64_t v;
    histogram_quantiles(h, &q, &v, 1);
    return v;
}

void histogram_quantiles(const struct histogram *h, const double *q, uint64_t *ns, unsigned n)
{
    unsigned i = 0;
    uint64_t seen = 0, want = 0;
    bool have = false;
    for (unsigned c = 0; c < HISTOGRAM_CHUNKS && i < n && h->count; c++) {
        unsigned place = h->slot[c];
        if (!place)
            continue;
        const uint64_t *counts = place_counts(h, place - 1);
        for (unsigned b = 0; b < HISTOGRAM_CHUNK && i < n; b++) {
            if (!counts[b])
                continue;
            seen += counts[b];
            while (i < n) {
                if (!have) {
                    double exact = ceil(q[i] * (double)h->count - 1e-9);
                    want = exact < 1 ? 1 : (uint64_t)exact;
                    have = true;
                }
                if (seen < want)
                    break;
                uint64_t highest = histogram_highest(c * HISTOGRAM_CHUNK + b);
                ns[i++] = highest < h->max ? highest : h->max;
                have = false;
            }
        }
    }
    for (; i < n; i++)
        ns[i] = h->count ? h->max : 0;
}

double histogram_mean(const struct histogram *h)
{
    return h->count ? h->sum / (double)h->count : 0;
}

double histogram_deviation(const struct histogram *h)
{
    if (!h->count)
        return 0;
    double mean = histogram_mean(h), var = h->sum_sq / (double)h->count - mean * mean;
    return var > 0 ? sqrt(var) : 0;
}

void histogram_each(const struct histogram *h,
                    void (*each)(uint64_t lowest, uint64_t highest, uint64_t count, void *ctx),
                    void *ctx)
{
    for (unsigned c = 0; c < HISTOGRAM_CHUNKS && h->count; c++) {
        if (!h->slot[c])
            continue;
        const uint64_t *counts = place_counts(h, h->slot[c] - 1u);
        for (unsigned b = 0; b < HISTOGRAM_CHUNK; b++) {
            unsigned bucket = c * HISTOGRAM_CHUNK + b;
            if (counts[b])
                each(histogram_lowest(bucket), histogram_highest(bucket), counts[b], ctx);
        }
    }
}

/* ZigZag LEB128 as in HdrHistogram's V2 encoding: at most 9 bytes, the ninth carries 8 bits. */
struct packer {
    uint8_t *buf;
    size_t size, len;
};

static void pack_value(struct packer *p, int64_t value)
{
    uint64_t v = ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0);
    for (unsigned i = 0; i < 9; i++) {
        bool last = i == 8 || v < 0x80;
        uint8_t byte = (uint8_t)(i == 8 ? v : last ? v : (v & 0x7f) | 0x80);
        if (p->len < p->size)
            p->buf[p->len] = byte;
        p->len++;
        if (last)
            return;
        v >>= 7;
    }
}

struct pack_walk {
    struct packer out;
    unsigned next; /* first bucket that is not packed yet */
};

static unsigned bucket_of(uint64_t lowest)
{
    return histogram_bucket(lowest);
}

static void pack_bucket(uint64_t lowest, uint64_t highest, uint64_t count, void *ctx)
{
    (void)highest;
    struct pack_walk *w = ctx;
    unsigned bucket = bucket_of(lowest);
    if (bucket > w->next)
        pack_value(&w->out, -(int64_t)(bucket - w->next));
    pack_value(&w->out, (int64_t)count);
    w->next = bucket + 1;
}

size_t histogram_pack(const struct histogram *h, uint8_t *buf, size_t size)
{
    struct pack_walk w = {{buf, size, 0}, 0};
    histogram_each(h, pack_bucket, &w);
    return w.out.len;
}

static int unpack_value(const uint8_t **at, const uint8_t *end, int64_t *value)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < 9; i++) {
        if (*at == end)
            return -1;
        uint8_t byte = *(*at)++;
        v |= (i == 8 ? (uint64_t)byte : (uint64_t)(byte & 0x7f)) << (7 * i);
        if (i == 8 || !(byte & 0x80)) {
            *value = (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
            return 0;
        }
    }
    return -1;
}

int histogram_unpack(struct histogram *h, const uint8_t *buf, size_t len)
{
    const uint8_t *at = buf, *end = buf + len;
    uint64_t bucket = 0;
    histogram_clear(h);
    while (at < end) {
        int64_t value;
        if (unpack_value(&at, end, &value))
            return -1;
        if (value <= 0) {
            uint64_t skip = value ? 0 - (uint64_t)value : 1;
            if (skip > HISTOGRAM_CHUNKS * HISTOGRAM_CHUNK - bucket)
                return -1;
            bucket += skip;
            continue;
        }
        if (bucket >= HISTOGRAM_CHUNKS * HISTOGRAM_CHUNK)
            return -1;
        histogram_record_n(h, histogram_lowest((unsigned)bucket), (uint64_t)value);
        bucket++;
    }
    return 0;
}
