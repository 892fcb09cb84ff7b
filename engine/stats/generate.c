/* Seeding of random numbers, the Zipf distribution, and the bytes of values.
 *
 * Functions called for each operation are inline in the header; here are the set-up and the two
 * draws that need a logarithm or a power. A generator belongs to one worker; the blob is shared and
 * never changes. */
#include "engine/stats/generate.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>

#define GOLDEN_GAMMA UINT64_C(0x9e3779b97f4a7c15) /* splitmix64's step */
#define ZETA_EXACT 10000                          /* terms that are summed one by one */

/* (p - 1) / 2 is prime too, so p is 1 or -1 modulo very few n: adjacent ranks are mapped far
 * apart. */
#define SCRAMBLE_PRIME UINT64_C(0x9e3779b97f4a7dcf)

void rng_seed(struct rng *r, uint64_t seed, uint64_t stream)
{
    /* mix64(0) is 0: stream 0 is exactly the published seeding. */
    uint64_t state = seed ^ mix64(stream * GOLDEN_GAMMA);
    for (int i = 0; i < 4; i++) {
        state += GOLDEN_GAMMA;
        r->s[i] = mix64(state);
    }
}

double rng_exponential(struct rng *r, double mean)
{
    return -mean * log1p(-rng_unit(rng_next(r)));
}

/* The sum of i^-theta for i = 1..n: the first terms one by one, the rest by Euler and Maclaurin,
 * whose error is below 1e-10 from there on. */
static double zeta(uint64_t n, double theta)
{
    uint64_t exact = n < ZETA_EXACT ? n : ZETA_EXACT;
    double sum = 0;
    for (uint64_t i = exact; i > 0; i--)
        sum += pow((double)i, -theta);
    if (n > exact) {
        double a = (double)exact, b = (double)n;
        sum += (pow(b, 1 - theta) - pow(a, 1 - theta)) / (1 - theta);
        sum += (pow(b, -theta) - pow(a, -theta)) / 2;
        sum += theta / 12 * (pow(a, -theta - 1) - pow(b, -theta - 1));
    }
    return sum;
}

void zipf_init(struct zipf *z, uint64_t n, double theta)
{
    assert(n > 0 && theta > 0 && theta < 1);
    z->n = n;
    z->theta = theta;
    z->alpha = 1 / (1 - theta);
    z->zetan = zeta(n, theta);
    z->eta = n > 2 ? (1 - pow(2.0 / (double)n, 1 - theta)) / (1 - zeta(2, theta) / z->zetan) : 0;
}

/* Maps a rank to one of the n. A bijection, because the prime divides no n other than itself. */
static uint64_t scramble(uint64_t rank, uint64_t n)
{
    return (uint64_t)(((unsigned __int128)rank + 1) * SCRAMBLE_PRIME % n);
}

uint64_t zipf_pick(const struct zipf *z, uint64_t random)
{
    assert(z->n > 0);
    double u = rng_unit(random), uz = u * z->zetan;
    uint64_t rank;
    if (uz < 1)
        rank = 0;
    else if (uz < 1 + pow(0.5, z->theta) || z->n <= 2)
        rank = 1;
    else
        rank = (uint64_t)((double)z->n * pow(z->eta * u - z->eta + 1, z->alpha));
    return scramble(rank < z->n ? rank : z->n - 1, z->n);
}

static char blob[GENERATE_BLOB];

static void fill_blob(void)
{
    /* 64 characters that need no escape in JSON, CQL or SQL: six bits of random each. */
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    struct rng r;
    rng_seed(&r, UINT64_C(0x6c6f6164746f70), 0);
    for (unsigned i = 0; i < GENERATE_BLOB;) {
        uint64_t bits = rng_next(&r);
        for (int k = 0; k < 10 && i < GENERATE_BLOB; k++, bits >>= 6)
            blob[i++] = letters[bits & 63];
    }
}

const char *generate_blob(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, fill_blob);
    return blob;
}
