/* Values to bind to a statement, by type, from an operation's key and random bits.
 *
 * A key column's value depends on the key alone, so that a row can be found again, routed by its
 * token, and verified when it is read. Other columns are random: text and blobs are slices of the
 * generator's bytes. Types that are not generated (collections, user types) are left unset. */
#include "backends/cassandra/stmt.h"

#include "backends/cassandra/types.h"
#include "backends/cql/token.h"

#define DAY_NS UINT64_C(86400000000000)
#define EPOCH_MS UINT64_C(1577836800000) /* 2020-01-01: where generated timestamps begin */
#define DATE_ZERO UINT32_C(0x80000000)   /* 1970-01-01 in CQL's date */

static size_t decimal(uint8_t *at, uint64_t v)
{
    uint8_t digits[20];
    size_t n = 0;
    do {
        digits[n++] = (uint8_t)('0' + v % 10);
        v /= 10;
    } while (v);
    for (size_t i = 0; i < n; i++)
        at[i] = digits[n - 1 - i];
    return n;
}

static size_t put_be(uint8_t *at, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        at[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
    return n;
}

static size_t put_uuid(uint8_t *at, uint64_t v, unsigned version)
{
    put_be(at, mix64(v), 8);
    put_be(at + 8, v, 8);
    at[6] = (uint8_t)((at[6] & 0x0F) | version << 4);
    at[8] = (uint8_t)((at[8] & 0x3F) | 0x80);
    return 16;
}

static size_t put_real(uint8_t *at, double v, bool wide)
{
    uint64_t bits = 0;
    if (wide) {
        memcpy(&bits, &v, sizeof v);
        return put_be(at, bits, 8);
    }
    float narrow = (float)v;
    uint32_t small;
    memcpy(&small, &narrow, sizeof narrow);
    return put_be(at, small, 4);
}

/* A value of a type of fixed or small size from 64 bits; 0: none is generated for the type. */
static size_t small_value(uint8_t *at, uint16_t type, uint64_t v)
{
    switch (type) {
    case CQL_BIGINT:
    case CQL_VARINT:
        return put_be(at, v >> 1, 8);
    case CQL_COUNTER:
        return put_be(at, 1, 8);
    case CQL_INT:
        return put_be(at, v & INT32_MAX, 4);
    case CQL_SMALLINT:
        return put_be(at, v & INT16_MAX, 2);
    case CQL_TINYINT:
        return put_be(at, v & INT8_MAX, 1);
    case CQL_BOOLEAN:
        return put_be(at, v & 1, 1);
    case CQL_DOUBLE:
    case CQL_FLOAT:
        return put_real(at, rng_unit(v) * 1000, type == CQL_DOUBLE);
    case CQL_DECIMAL: /* two places */
        put_be(at, 2, 4);
        return 4 + put_be(at + 4, v % 100000, 4);
    case CQL_TIMESTAMP:
        return put_be(at, EPOCH_MS + v % UINT64_C(157680000000), 8);
    case CQL_UUID:
        return put_uuid(at, v, 4);
    case CQL_TIMEUUID:
        return put_uuid(at, v, 1);
    case CQL_INET:
        return put_be(at, 0x0A000000u | (v & 0xFFFFFF), 4);
    case CQL_DATE:
        return put_be(at, DATE_ZERO + 18262 + v % 1826, 4);
    case CQL_TIME:
        return put_be(at, v % DAY_NS, 8);
    default:
        return 0;
    }
}

bool cass_key_type(uint16_t type)
{
    uint8_t at[CASS_KEY_BYTES];
    return type != CQL_COUNTER && cass_key_value(at, type, 0) > 0;
}

size_t cass_key_value(uint8_t *at, uint16_t type, uint64_t key)
{
    switch (type) {
    case CQL_ASCII:
    case CQL_VARCHAR:
        return decimal(at, key);
    case CQL_BLOB:
        return put_be(at, key, 8);
    case CQL_BIGINT:
    case CQL_VARINT:
        return put_be(at, key & INT64_MAX, 8);
    case CQL_DOUBLE:
    case CQL_FLOAT:
        return put_real(at, (double)key, type == CQL_DOUBLE);
    case CQL_TIMESTAMP:
        return put_be(at, EPOCH_MS + (key & 0xFFFFFFFFFFFF), 8);
    case CQL_DECIMAL:
        put_be(at, 0, 4);
        return 4 + put_be(at + 4, key & INT64_MAX, 8);
    case CQL_DATE:
        return put_be(at, DATE_ZERO + (uint32_t)key, 4);
    default:
        return small_value(at, type, key);
    }
}

/* `size` bytes of the generator's, beginning where the random bits say. */
static void put_slice(struct cql_writer *w, uint64_t rnd, uint32_t size)
{
    uint8_t *at = cql_reserve(w, 4 + (size_t)size);
    if (!at)
        return;
    cql_set32(at, size);
    at += 4;
    if (size <= GENERATE_BLOB / 2) {
        memcpy(at, generate_blob() + rng_below(rnd, GENERATE_BLOB - size), size);
        return;
    }
    for (uint32_t done = 0; done < size;) {
        uint32_t n = size - done < GENERATE_BLOB ? size - done : GENERATE_BLOB;
        memcpy(at + done, generate_blob(), n);
        done += n;
    }
}

void cass_put_value(struct cql_writer *w, const struct cass_param *p, unsigned place,
                    const struct cass_row *row)
{
    bool bytes = p->type == CQL_VARCHAR || p->type == CQL_BLOB || p->type == CQL_ASCII;
    uint64_t rnd = mix64(row->rnd + place);
    uint8_t at[CASS_KEY_BYTES];

    if (!p->key && bytes) {
        put_slice(w, rnd, row->size);
        return;
    }
    size_t n = p->key ? cass_key_value(at, p->type, row->key) : small_value(at, p->type, rnd);
    if (n)
        cql_put_bytes(w, at, n);
    else
        cql_put_unset(w);
}

uint64_t cass_row_bytes(const struct cass_statement_info *st, uint64_t greatest_key, uint32_t size)
{
    uint8_t at[CASS_KEY_BYTES];
    uint64_t sum = 0;
    for (unsigned i = 0; i < st->params; i++) {
        uint16_t type = st->param[i].type;
        if (st->param[i].key)
            sum += cass_key_value(at, type, greatest_key);
        else if (type == CQL_VARCHAR || type == CQL_BLOB || type == CQL_ASCII)
            sum += size;
        else
            sum += small_value(at, type, 0);
    }
    return sum;
}

int64_t cass_row_token(const struct cass_statement_info *st, uint64_t key)
{
    uint8_t value[CASS_KEY_BYTES], whole[2 * CASS_KEY_BYTES];
    size_t used = 0;

    if (st->keys == 1) {
        size_t n = cass_key_value(value, st->param[st->key[0]].type, key);
        return cql_token(value, n);
    }
    for (unsigned i = 0; i < st->keys; i++) {
        size_t n = cass_key_value(value, st->param[st->key[i]].type, key);
        used += cql_key_component(whole + used, sizeof whole - used, value, n);
    }
    return cql_token(whole, used);
}
