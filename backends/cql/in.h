/* The cursor for reading bodies, and the primitive types. */
#ifndef LOADTOP_BACKENDS_CQL_IN_H
#define LOADTOP_BACKENDS_CQL_IN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A cursor. A read beyond the end gives zeros and sets `bad`, so that it is checked once, at the
 * end. */
struct cql_in {
    const uint8_t *p, *end;
    bool bad;
};
struct cql_str {
    const char *s;
    uint32_t len;
};

static inline uint16_t cql_be16(const uint8_t *p)
{
    return (uint16_t)(((unsigned)p[0] << 8) | p[1]);
}
static inline uint32_t cql_be32(const uint8_t *p)
{
    return ((uint32_t)p[0] << 24) | ((uint32_t)p[1] << 16) | ((uint32_t)p[2] << 8) | p[3];
}
static inline uint64_t cql_be64(const uint8_t *p)
{
    return ((uint64_t)cql_be32(p) << 32) | cql_be32(p + 4);
}

const uint8_t *cql_take(struct cql_in *, uint32_t n); /* n bytes, or NULL and bad */
uint8_t cql_get_u8(struct cql_in *);
uint16_t cql_get_u16(struct cql_in *);
int32_t cql_get_i32(struct cql_in *);
struct cql_str cql_get_string(struct cql_in *); /* [string]: 2 bytes of length */
struct cql_str cql_get_short_bytes(struct cql_in *);
/* [bytes] and [value]: false if it is null (or not set), else *v. */
bool cql_get_bytes(struct cql_in *, struct cql_str *v);
/* [inet]: the text of the address into buf (46 bytes or more), and its port. */
uint16_t cql_get_inet(struct cql_in *, char *buf, size_t size);

#endif
