/* See hdr.h. All numbers are big-endian:
 *
 *   u32 0x1c849314, i32 compressed length, zlib stream of:
 *     u32 0x1c849313, i32 payload length, i32 0, i32 digits, i64 lowest, i64 highest, f64 1.0,
 *     payload
 *
 * Called by the JSON of a run that has ended, by .hlog and .hgrm, and by reports. */
#include "ui/json/hdr.h"

#include <stdlib.h>
#include <string.h>
#ifdef LOADTOP_HAVE_ZLIB
#include <zlib.h>
#endif

#include "engine/base/base64.h"
#include "engine/base/text.h"
#include "engine/stats/histogram.h"

#define COOKIE_COMPRESSED 0x1c849314u
#define COOKIE 0x1c849313u
#define HEADER 40
#define DIGITS 3
#define PAYLOAD_MAX (HISTOGRAM_CHUNKS * HISTOGRAM_CHUNK * 9u)

bool hdr_available(void)
{
#ifdef LOADTOP_HAVE_ZLIB
    return true;
#else
    return false;
#endif
}

#ifdef LOADTOP_HAVE_ZLIB

static void put32(uint8_t *at, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        at[i] = (uint8_t)(v >> (24 - 8 * i));
}

static void put64(uint8_t *at, uint64_t v)
{
    put32(at, (uint32_t)(v >> 32));
    put32(at + 4, (uint32_t)v);
}

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

char *hdr_encode(const uint8_t *payload, size_t len)
{
    uLong bound = compressBound((uLong)(HEADER + len));
    uint8_t *raw = malloc(HEADER + len), *packed = malloc(8 + bound);
    uLongf size = bound;
    struct text s = {0};
    if (raw && packed) {
        put32(raw, COOKIE);
        put32(raw + 4, (uint32_t)len);
        put32(raw + 8, 0);
        put32(raw + 12, DIGITS);
        put64(raw + 16, 1);
        put64(raw + 24, HISTOGRAM_MAX_NS);
        put64(raw + 32, UINT64_C(0x3ff0000000000000)); /* 1.0 */
        memcpy(raw + HEADER, payload, len);
        if (compress2(packed + 8, &size, raw, (uLong)(HEADER + len), Z_BEST_SPEED) == Z_OK) {
            put32(packed, COOKIE_COMPRESSED);
            put32(packed + 4, (uint32_t)size);
            base64_add(&s, packed, 8 + size);
        }
    }
    free(raw);
    free(packed);
    if (s.cut)
        text_free(&s);
    return s.s;
}

static void add_middle(uint64_t lowest, uint64_t highest, uint64_t count, void *ctx)
{
    struct histogram *h = ctx;
    double middle = ((double)lowest + (double)highest) / 2;
    h->sum += middle * (double)count;
    h->sum_sq += middle * middle * (double)count;
    h->max = highest;
}

static int decode(struct histogram *h, const uint8_t *raw, size_t len)
{
    if (len < HEADER || get32(raw) != COOKIE || get32(raw + 12) != DIGITS || get32(raw + 16) ||
        get32(raw + 20) != 1 || get32(raw + 8) || get32(raw + 4) > len - HEADER)
        return -1;
    if (histogram_unpack(h, raw + HEADER, get32(raw + 4)))
        return -1;
    h->sum = h->sum_sq = 0;
    histogram_each(h, add_middle, h);
    return 0;
}

int hdr_decode(struct histogram *h, const char *s, size_t len)
{
    uint8_t *packed = malloc(len / 4 * 3 + 1), *raw = malloc(HEADER + PAYLOAD_MAX);
    uLongf size = HEADER + PAYLOAD_MAX;
    int code = -1;
    histogram_clear(h);
    long got = packed && raw ? base64_read(s, len, packed) : -1;
    if (got >= 8 && get32(packed) == COOKIE_COMPRESSED &&
        get32(packed + 4) <= (unsigned long)got - 8 &&
        uncompress(raw, &size, packed + 8, get32(packed + 4)) == Z_OK)
        code = decode(h, raw, size);
    if (code)
        histogram_clear(h);
    free(packed);
    free(raw);
    return code;
}

#else

char *hdr_encode(const uint8_t *payload, size_t len)
{
    (void)payload;
    (void)len;
    return NULL;
}

int hdr_decode(struct histogram *h, const char *s, size_t len)
{
    (void)s;
    (void)len;
    histogram_clear(h);
    return -1;
}

#endif
