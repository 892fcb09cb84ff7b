/* Encodes records straight into a request: words are stored with quotes and comma and copied in a
 * fixed size (one or two stores, independent of their length), and numbers are written two digits
 * at a time.
 *
 * A record takes four random words from its number; each field uses bits of its own, so no field
 * depends on another. The bias of taking n values from 16 bits is below n / 65,536. Called by the
 * worker's submit for every row, so it allocates nothing and reads no clock. */
#include "backends/crate_sql/record.h"

#include "engine/stats/generate.h"

#include <assert.h>
#include <string.h>

#define WORD 24
#define GOLDEN UINT64_C(0x9e3779b97f4a7c15)
#define SLACK 64

/* A word as `,"us-east"`, to be copied as a whole. */
struct word {
    char s[WORD - 1];
    unsigned char len;
};
#define W(text)                                                                                    \
    {                                                                                              \
        ",\"" text "\"", sizeof text + 2                                                           \
    }

static const struct word regions[] = {W("us-east"), W("us-west"), W("eu-central"),
                                      W("ap-southeast")};
static const struct word categories[] = {W("electronics"), W("books"), W("clothing"), W("home"),
                                         W("sports")};
static const struct word events[] = {W("view"), W("click"), W("purchase"), W("cart_add"),
                                     W("cart_remove")};
static const struct word segments[] = {W("premium"), W("standard"), W("basic"), W("trial")};
static const struct word objects[] = {W("alpha"), W("bravo"), W("charlie"), W("delta"),
                                      W("echo"),  W("fox"),   W("golf"),    W("hotel")};
static const struct word browsers[] = {W("Chrome"), W("Firefox"), W("Safari"), W("Edge")};
static const struct word systems[] = {W("Windows"), W("macOS"), W("Linux"), W("Android"), W("iOS")};

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const char digit_pairs[] = "0001020304050607080910111213141516171819"
                                  "2021222324252627282930313233343536373839"
                                  "4041424344454647484950515253545556575859"
                                  "6061626364656667686970717273747576777879"
                                  "8081828384858687888990919293949596979899";

static char *put(char *at, const struct word *w)
{
    memcpy(at, w, WORD); /* copies the length byte too, which the next field overwrites */
    return at + w->len;
}

/* Writes the word without its comma. */
static char *put_plain(char *at, const struct word *w)
{
    memcpy(at, (const char *)w + 1, WORD - 1);
    return at + w->len - 1;
}

static const struct word *pick(const struct word *words, unsigned n, uint64_t random,
                               unsigned shift)
{
    return &words[((random >> shift & 0xffff) * n) >> 16];
}
#define PICK(words, random, shift) pick(words, COUNT(words), random, shift)

static char *put_literal(char *at, const char *s, size_t len)
{
    memcpy(at, s, len);
    return at + len;
}
#define LITERAL(at, s) put_literal(at, s, sizeof s - 1)

static char *put_u64(char *at, uint64_t v)
{
    char digits[20];
    unsigned i = sizeof digits;
    while (v >= 100) {
        i -= 2;
        memcpy(digits + i, digit_pairs + v % 100 * 2, 2);
        v /= 100;
    }
    if (v >= 10) {
        i -= 2;
        memcpy(digits + i, digit_pairs + v * 2, 2);
    } else {
        digits[--i] = (char)('0' + v);
    }
    memcpy(at, digits + i, sizeof digits - i);
    return at + sizeof digits - i;
}

char *crate_decimal_put(char *at, int64_t v)
{
    if (v >= 0)
        return put_u64(at, (uint64_t)v);
    *at = '-';
    return put_u64(at + 1, -(uint64_t)v);
}

static void put_hex(char *at, uint64_t v, unsigned digits)
{
    for (unsigned i = digits; i-- > 0; v >>= 4)
        at[i] = "0123456789abcdef"[v & 15];
}

/* 1.00 to 1000.00 */
static char *put_amount(char *at, uint32_t random)
{
    uint64_t cents = 100 + (((uint64_t)random * 99901) >> 32);
    at = put_u64(at, cents / 100);
    *at = '.';
    memcpy(at + 1, digit_pairs + cents % 100 * 2, 2);
    return at + 3;
}

static char *put_user(char *at, uint32_t random)
{
    return put_u64(at, 1 + (((uint64_t)random * 10000) >> 32));
}

static char *put_quantity(char *at, uint64_t random16)
{
    return put_u64(at, 1 + ((random16 * 100) >> 16));
}

void crate_records_init(struct crate_records *r, const char *run_id, unsigned pool, uint64_t seed,
                        unsigned objs, int64_t first_ms)
{
    assert(objs <= CRATE_OBJECTS_MAX);
    *r =
        (struct crate_records){.seed = mix64(seed + GOLDEN), .objects = objs, .first_ms = first_ms};
    memset(r->head, '0', 8);
    memcpy(r->head, run_id, strnlen(run_id, 8));
    r->head[8] = '-';
    put_hex(r->head + 9, pool, 4);
}

size_t crate_record_max(const struct crate_records *r)
{
    /* The sum of the longest fields: key 38, timestamp 21, words 3 x 15, user 6, segment 11, amount
     * 8, quantity 4, metadata 76. */
    return 256 + (size_t)r->objects * 10 + SLACK;
}

/* Writes rrrrrrrr-pppp-4xxx-8xxx-ssssssssssss: r is the run, p the pool and s the record number,
 * which together make it unique; x is random, so that the key looks like a random UUID. */
void crate_key_put(const struct crate_records *r, char *at, uint64_t seq)
{
    uint64_t random = mix64(r->seed ^ (seq + 1) * GOLDEN);
    memcpy(at, r->head, 13);
    at[13] = '-';
    at[14] = '4';
    put_hex(at + 15, random, 3);
    at[18] = '-';
    at[19] = '8';
    put_hex(at + 20, random >> 12, 3);
    at[23] = '-';
    put_hex(at + 24, seq, 12);
}

static char *put_objects(char *at, unsigned n, uint64_t random)
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < n; i++) {
        if (i % 4 == 0)
            bits = mix64(random += GOLDEN);
        at = put(at, pick(objects, 3 + i % 6, bits, i % 4 * 16)); /* 3 to 8 values a column */
    }
    return at;
}

char *crate_record_put(const struct crate_records *r, char *at, uint64_t seq, int64_t now_ms)
{
    uint64_t a = mix64(r->seed ^ (seq + 1) * GOLDEN);
    uint64_t b = mix64(a + GOLDEN), c = mix64(b + GOLDEN), d = mix64(c + GOLDEN);
    at = LITERAL(at, "[\"");
    crate_key_put(r, at, seq);
    at = LITERAL(at + CRATE_KEY_LEN, "\",");
    at = put_u64(at, (uint64_t)(r->first_ms < 0 ? now_ms : r->first_ms + (int64_t)seq * 10));
    at = put(at, PICK(regions, c, 0));
    at = put(at, PICK(categories, c, 16));
    at = put(at, PICK(events, c, 32));
    *at = ',';
    at = put_user(at + 1, (uint32_t)b);
    at = put(at, PICK(segments, c, 48));
    *at = ',';
    at = put_amount(at + 1, (uint32_t)(b >> 32));
    *at = ',';
    at = put_quantity(at + 1, a & 0xffff);
    at = LITERAL(at, ",{\"browser\":");
    at = put_plain(at, PICK(browsers, a, 16));
    at = LITERAL(at, ",\"os\":");
    at = put_plain(at, PICK(systems, a, 32));
    at = LITERAL(at, ",\"session_id\":\"");
    put_hex(at, d, 16);
    at = LITERAL(at + 16, "\"}");
    at = put_objects(at, r->objects, d);
    *at = ']';
    return at + 1;
}

char *crate_field_put(enum crate_field field, char *at, uint64_t random)
{
    switch (field) {
    case CRATE_REGION:
        return put_plain(at, PICK(regions, random, 0));
    case CRATE_CATEGORY:
        return put_plain(at, PICK(categories, random, 0));
    case CRATE_EVENT:
        return put_plain(at, PICK(events, random, 0));
    case CRATE_USER_ID:
        return put_user(at, (uint32_t)random);
    case CRATE_SEGMENT:
        return put_plain(at, PICK(segments, random, 0));
    case CRATE_AMOUNT:
        return put_amount(at, (uint32_t)random);
    case CRATE_QUANTITY:
        return put_quantity(at, random & 0xffff);
    case CRATE_SESSION:
        *at = '"';
        put_hex(at + 1, random, 16);
        at[17] = '"';
        return at + 18;
    case CRATE_FIELDS:
        break;
    }
    return at;
}
