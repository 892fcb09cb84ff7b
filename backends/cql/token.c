/* Tokens of Cassandra's Murmur3Partitioner.
 *
 * MurmurHash3_x64_128 (Austin Appleby, public domain) with seed 0, of which the first 64 bits
 * count, and with the one peculiarity of Cassandra's port: the bytes of the tail are sign-extended.
 * A wrong token would only cost an extra hop to a replica and stay unnoticed, so this is tested
 * against other clients. */
#include "backends/cql/token.h"

#include "backends/cql/write.h"

static uint64_t rotl(uint64_t x, unsigned r)
{
    return (x << r) | (x >> (64 - r));
}

static uint64_t fmix(uint64_t k)
{
    k ^= k >> 33;
    k *= UINT64_C(0xff51afd7ed558ccd);
    k ^= k >> 33;
    k *= UINT64_C(0xc4ceb9fe1a85ec53);
    k ^= k >> 33;
    return k;
}

static uint64_t le64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return le64toh(v);
}

/* The last bytes, each sign-extended before it is shifted into place. */
static uint64_t tail(const uint8_t *p, size_t n)
{
    uint64_t k = 0;
    for (size_t i = 0; i < n; i++)
        k ^= (uint64_t)(int64_t)(int8_t)p[i] << (8 * i);
    return k;
}

int64_t cql_token(const void *key, size_t len)
{
    const uint64_t c1 = UINT64_C(0x87c37b91114253d5), c2 = UINT64_C(0x4cf5ad432745937f);
    const uint8_t *p = key;
    uint64_t h1 = 0, h2 = 0;
    size_t left = len;

    if (len == 0)
        return INT64_MIN;
    for (; left >= 16; left -= 16, p += 16) {
        h1 ^= rotl(le64(p) * c1, 31) * c2;
        h1 = (rotl(h1, 27) + h2) * 5 + 0x52dce729;
        h2 ^= rotl(le64(p + 8) * c2, 33) * c1;
        h2 = (rotl(h2, 31) + h1) * 5 + 0x38495ab5;
    }
    if (left > 8)
        h2 ^= rotl(tail(p + 8, left - 8) * c2, 33) * c1;
    if (left > 0)
        h1 ^= rotl(tail(p, left < 8 ? left : 8) * c1, 31) * c2;
    h1 ^= len;
    h2 ^= len;
    h1 += h2;
    h2 += h1;
    h1 = fmix(h1) + fmix(h2);
    /* The smallest token stands for "before everything" and is never given to a key. */
    return (int64_t)h1 == INT64_MIN ? INT64_MAX : (int64_t)h1;
}

size_t cql_key_component(uint8_t *at, size_t room, const void *value, size_t len)
{
    if (len > UINT16_MAX || room < len + 3)
        return 0;
    cql_set16(at, (unsigned)len);
    if (len)
        memcpy(at + 2, value, len);
    at[len + 2] = 0;
    return len + 3;
}
