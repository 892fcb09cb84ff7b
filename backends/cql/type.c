/* Types of the native protocol, and values as text.
 *
 * Used to display values: errors, the user's statements, tests. Not on the path of an operation.
 * Each type states the lengths that it can have; any other is refused. Collections nest up to a
 * fixed depth. */
#include "backends/cql/type.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEST_MAX 32
#define BIG_MAX 512 /* bytes of a varint that are shown in decimal; longer ones in hexadecimal */

static const struct {
    uint16_t id;
    const char *name;
} type_names[] = {{CQL_CUSTOM, "custom"},
                  {CQL_ASCII, "ascii"},
                  {CQL_BIGINT, "bigint"},
                  {CQL_BLOB, "blob"},
                  {CQL_BOOLEAN, "boolean"},
                  {CQL_COUNTER, "counter"},
                  {CQL_DECIMAL, "decimal"},
                  {CQL_DOUBLE, "double"},
                  {CQL_FLOAT, "float"},
                  {CQL_INT, "int"},
                  {CQL_TIMESTAMP, "timestamp"},
                  {CQL_UUID, "uuid"},
                  {CQL_VARCHAR, "text"},
                  {CQL_VARINT, "varint"},
                  {CQL_TIMEUUID, "timeuuid"},
                  {CQL_INET, "inet"},
                  {CQL_DATE, "date"},
                  {CQL_TIME, "time"},
                  {CQL_SMALLINT, "smallint"},
                  {CQL_TINYINT, "tinyint"},
                  {CQL_DURATION, "duration"},
                  {CQL_LIST, "list"},
                  {CQL_MAP, "map"},
                  {CQL_SET, "set"},
                  {CQL_UDT, "udt"},
                  {CQL_TUPLE, "tuple"}};

const char *cql_type_name(unsigned id)
{
    for (size_t i = 0; i < sizeof type_names / sizeof *type_names; i++)
        if (type_names[i].id == id)
            return type_names[i].name;
    return "unknown";
}

static void skip_type(struct cql_in *in, unsigned depth);

/* The part of a type that follows its id. */
static void skip_spec(struct cql_in *in, unsigned id, unsigned depth)
{
    unsigned n;
    switch (id) {
    case CQL_CUSTOM:
        cql_get_string(in);
        break;
    case CQL_LIST:
    case CQL_SET:
        skip_type(in, depth + 1);
        break;
    case CQL_MAP:
        skip_type(in, depth + 1);
        skip_type(in, depth + 1);
        break;
    case CQL_UDT:
        cql_get_string(in);
        cql_get_string(in);
        n = cql_get_u16(in);
        for (unsigned i = 0; i < n && !in->bad; i++) {
            cql_get_string(in);
            skip_type(in, depth + 1);
        }
        break;
    case CQL_TUPLE:
        n = cql_get_u16(in);
        for (unsigned i = 0; i < n && !in->bad; i++)
            skip_type(in, depth + 1);
        break;
    default:
        break;
    }
}

static void skip_type(struct cql_in *in, unsigned depth)
{
    if (depth > NEST_MAX) {
        in->bad = true;
        return;
    }
    unsigned id = cql_get_u16(in);
    skip_spec(in, id, depth);
}

void cql_get_type(struct cql_in *in, struct cql_type *t)
{
    t->id = cql_get_u16(in);
    t->spec = *in;
    skip_spec(in, t->id, 0);
    t->spec.end = in->p;
}

/* ---- Text ---- */

struct line {
    char *s;
    size_t len, size; /* size includes the byte for the terminator */
};

static void add(struct line *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(struct line *l, const char *fmt, ...)
{
    va_list args;
    if (l->len + 1 >= l->size)
        return;
    va_start(args, fmt);
    int n = vsnprintf(l->s + l->len, l->size - l->len, fmt, args);
    va_end(args);
    if (n > 0)
        l->len = l->len + (size_t)n < l->size ? l->len + (size_t)n : l->size - 1;
}

/* The buffer is full: the rest is neither shown nor checked. */
static bool full(const struct line *l)
{
    return l->len + 1 >= l->size;
}

static void add_hex(struct line *l, const uint8_t *p, uint32_t n)
{
    add(l, "0x");
    for (uint32_t i = 0; i < n && !full(l); i++)
        add(l, "%02x", p[i]);
}

static void add_string(struct line *l, struct cql_str v, bool quoted)
{
    if (quoted)
        add(l, "'");
    for (uint32_t i = 0; i < v.len && !full(l); i++) {
        if (quoted && v.s[i] == '\'')
            add(l, "'");
        l->s[l->len] = v.s[i];
        if (l->len + 1 < l->size)
            l->s[++l->len] = '\0';
    }
    if (quoted)
        add(l, "'");
}

/* Days since 1970-01-01 as a date of the proleptic Gregorian calendar (H. Hinnant,
 * days_from_civil). */
static void add_date(struct line *l, int64_t days)
{
    int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
    unsigned doe = (unsigned)(z - era * 146097);
    unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    unsigned day = doy - (153 * mp + 2) / 5 + 1, month = mp < 10 ? mp + 3 : mp - 9;
    int64_t year = (int64_t)yoe + era * 400 + (month <= 2);
    add(l, year < 0 || year > 9999 ? "%+lld-%02u-%02u" : "%04lld-%02u-%02u", (long long)year, month,
        day);
}

static void add_timestamp(struct line *l, int64_t ms)
{
    int64_t days = ms / 86400000, rest = ms % 86400000;
    if (rest < 0) {
        rest += 86400000;
        days--;
    }
    add_date(l, days);
    add(l, "T%02d:%02d:%02d.%03dZ", (int)(rest / 3600000), (int)(rest / 60000 % 60),
        (int)(rest / 1000 % 60), (int)(rest % 1000));
}

/* Converts a two's complement big-endian number of any length to decimal. buf must hold 3 * n + 3
 * bytes. */
static void big_decimal(const uint8_t *p, uint32_t n, char *buf)
{
    uint8_t work[BIG_MAX];
    char *at = buf;
    uint32_t digits = 0, first = 0;
    bool negative = p[0] & 0x80;

    memcpy(work, p, n);
    if (negative) { /* the magnitude: invert and add one */
        unsigned carry = 1;
        for (uint32_t i = n; i-- > 0;) {
            unsigned v = (uint8_t)~work[i] + carry;
            work[i] = (uint8_t)v;
            carry = v >> 8;
        }
        *at++ = '-';
    }
    do { /* divide by ten; the remainders are the digits from the right */
        unsigned rest = 0;
        for (uint32_t i = first; i < n; i++) {
            unsigned v = rest << 8 | work[i];
            work[i] = (uint8_t)(v / 10);
            rest = v % 10;
        }
        at[digits++] = (char)('0' + rest);
        while (first < n && work[first] == 0)
            first++;
    } while (first < n);
    for (uint32_t i = 0; i < digits / 2; i++) {
        char c = at[i];
        at[i] = at[digits - 1 - i];
        at[digits - 1 - i] = c;
    }
    at[digits] = '\0';
}

static void add_varint(struct line *l, const uint8_t *p, uint32_t n)
{
    char digits[3 * BIG_MAX + 3];
    if (n > BIG_MAX) {
        add_hex(l, p, n);
        return;
    }
    big_decimal(p, n, digits);
    add(l, "%s", digits);
}

static void add_decimal(struct line *l, const uint8_t *p, uint32_t n)
{
    char text[3 * BIG_MAX + 3];
    int64_t scale = (int32_t)cql_be32(p);
    if (n - 4 > BIG_MAX) {
        add_hex(l, p, n);
        return;
    }
    big_decimal(p + 4, n - 4, text);
    const char *digits = text + (*text == '-');
    int64_t count = (int64_t)strlen(digits);
    if (*text == '-')
        add(l, "-");
    if (scale == 0)
        add(l, "%s", digits);
    else if (scale < 0 || scale > count + 6)
        add(l, "%sE%lld", digits, (long long)-scale);
    else if (scale >= count)
        add(l, "0.%.*s%s", (int)(scale - count), "000000", digits);
    else
        add(l, "%.*s.%s", (int)(count - scale), digits, digits + count - scale);
}

static void add_uuid(struct line *l, const uint8_t *p)
{
    for (unsigned i = 0; i < 16; i++)
        add(l, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", p[i]);
}

static void add_float(struct line *l, const uint8_t *p, bool wide)
{
    if (wide) {
        uint64_t bits = cql_be64(p);
        double v;
        memcpy(&v, &bits, sizeof v);
        add(l, "%.17g", v);
    } else {
        uint32_t bits = cql_be32(p);
        float v;
        memcpy(&v, &bits, sizeof v);
        add(l, "%.9g", (double)v);
    }
}

/* Reads one signed number of a duration: the leading one bits of the first byte say how many bytes
 * follow; the value is ZigZag-encoded. */
static int64_t get_vint(struct cql_in *in)
{
    unsigned first = cql_get_u8(in), extra = 0;
    while (extra < 8 && (first & (0x80u >> extra)))
        extra++;
    uint64_t v = extra >= 8 ? 0 : first & (0xFFu >> extra);
    for (unsigned i = 0; i < extra; i++)
        v = v << 8 | cql_get_u8(in);
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

static int add_duration(struct line *l, const uint8_t *p, uint32_t n)
{
    struct cql_in in = {.p = p, .end = p + n};
    long long months = get_vint(&in), days = get_vint(&in), ns = get_vint(&in);
    if (in.bad || in.p != in.end)
        return -1;
    add(l, "%lldmo%lldd%lldns", months, days, ns);
    return 0;
}

static int add_time(struct line *l, const uint8_t *p)
{
    uint64_t ns = cql_be64(p);
    if (ns >= UINT64_C(86400000000000))
        return -1;
    unsigned s = (unsigned)(ns / 1000000000);
    add(l, "%02u:%02u:%02u.%09u", s / 3600, s / 60 % 60, s % 60, (unsigned)(ns % 1000000000));
    return 0;
}

static int add_value(struct line *l, const struct cql_type *t, struct cql_str v, bool inner,
                     unsigned depth);

/* One element of a collection, tuple or user type. */
static int add_element(struct line *l, const struct cql_type *t, struct cql_in *in, unsigned depth)
{
    struct cql_str v;
    if (!cql_get_bytes(in, &v)) {
        add(l, "null");
        return in->bad ? -1 : 0;
    }
    return in->bad ? -1 : add_value(l, t, v, true, depth);
}

static int add_collection(struct line *l, const struct cql_type *t, struct cql_str v,
                          unsigned depth)
{
    struct cql_in in = {.p = (const uint8_t *)v.s, .end = (const uint8_t *)v.s + v.len},
                  spec = t->spec;
    struct cql_type key, value;
    int32_t n = cql_get_i32(&in);

    cql_get_type(&spec, &key);
    if (t->id == CQL_MAP)
        cql_get_type(&spec, &value);
    /* each element takes at least four bytes */
    if (spec.bad || n < 0 || n > (in.end - in.p) / 4)
        return -1;
    add(l, t->id == CQL_LIST ? "[" : "{");
    for (int32_t i = 0; i < n; i++) {
        if (full(l))
            return 0;
        if (i)
            add(l, ", ");
        if (add_element(l, &key, &in, depth) < 0)
            return -1;
        if (t->id != CQL_MAP)
            continue;
        add(l, ": ");
        if (add_element(l, &value, &in, depth) < 0)
            return -1;
    }
    add(l, t->id == CQL_LIST ? "]" : "}");
    return in.p == in.end ? 0 : -1;
}

/* Fields at the end may be missing: they were added to the type later. */
static int add_fields(struct line *l, const struct cql_type *t, struct cql_str v, unsigned depth)
{
    struct cql_in in = {.p = (const uint8_t *)v.s, .end = (const uint8_t *)v.s + v.len},
                  spec = t->spec;
    bool named = t->id == CQL_UDT;

    if (named) {
        cql_get_string(&spec);
        cql_get_string(&spec);
    }
    unsigned n = cql_get_u16(&spec);
    add(l, named ? "{" : "(");
    for (unsigned i = 0; i < n && in.p < in.end; i++) {
        struct cql_type field;
        if (full(l))
            return 0;
        if (i)
            add(l, ", ");
        if (named) {
            add_string(l, cql_get_string(&spec), false);
            add(l, ": ");
        }
        cql_get_type(&spec, &field);
        if (spec.bad || add_element(l, &field, &in, depth) < 0)
            return -1;
    }
    add(l, named ? "}" : ")");
    return in.p == in.end ? 0 : -1;
}

static int add_custom(struct line *l, const struct cql_type *t, struct cql_str v)
{
    static const char duration[] = "org.apache.cassandra.db.marshal.DurationType";
    struct cql_in spec = t->spec;
    struct cql_str name = cql_get_string(&spec);
    if (name.len == sizeof duration - 1 && memcmp(name.s, duration, name.len) == 0)
        return add_duration(l, (const uint8_t *)v.s, v.len);
    add_hex(l, (const uint8_t *)v.s, v.len);
    return 0;
}

/* How long a value of a type of fixed size is; 0: it varies. */
static uint32_t fixed_size(unsigned id)
{
    switch (id) {
    case CQL_BOOLEAN:
    case CQL_TINYINT:
        return 1;
    case CQL_SMALLINT:
        return 2;
    case CQL_INT:
    case CQL_FLOAT:
    case CQL_DATE:
        return 4;
    case CQL_BIGINT:
    case CQL_COUNTER:
    case CQL_DOUBLE:
    case CQL_TIMESTAMP:
    case CQL_TIME:
        return 8;
    case CQL_UUID:
    case CQL_TIMEUUID:
        return 16;
    default:
        return 0;
    }
}

static int add_fixed(struct line *l, unsigned id, const uint8_t *p)
{
    switch (id) {
    case CQL_BOOLEAN:
        add(l, *p ? "true" : "false");
        break;
    case CQL_TINYINT:
        add(l, "%d", (int8_t)*p);
        break;
    case CQL_SMALLINT:
        add(l, "%d", (int16_t)cql_be16(p));
        break;
    case CQL_INT:
        add(l, "%d", (int32_t)cql_be32(p));
        break;
    case CQL_FLOAT:
    case CQL_DOUBLE:
        add_float(l, p, id == CQL_DOUBLE);
        break;
    case CQL_DATE:
        add_date(l, (int64_t)cql_be32(p) - INT64_C(2147483648));
        break;
    case CQL_BIGINT:
    case CQL_COUNTER:
        add(l, "%lld", (long long)cql_be64(p));
        break;
    case CQL_TIMESTAMP:
        add_timestamp(l, (int64_t)cql_be64(p));
        break;
    case CQL_TIME:
        return add_time(l, p);
    default:
        add_uuid(l, p);
    }
    return 0;
}

static int add_value(struct line *l, const struct cql_type *t, struct cql_str v, bool inner,
                     unsigned depth)
{
    const uint8_t *p = (const uint8_t *)v.s;
    char address[64];

    if (depth > NEST_MAX)
        return -1;
    if (fixed_size(t->id))
        return v.len == fixed_size(t->id) ? add_fixed(l, t->id, p) : -1;
    switch (t->id) {
    case CQL_ASCII:
    case CQL_VARCHAR:
        add_string(l, v, inner);
        return 0;
    case CQL_VARINT:
        if (v.len == 0)
            return -1;
        add_varint(l, p, v.len);
        return 0;
    case CQL_DECIMAL:
        if (v.len < 5)
            return -1;
        add_decimal(l, p, v.len);
        return 0;
    case CQL_INET:
        if ((v.len != 4 && v.len != 16) ||
            !inet_ntop(v.len == 4 ? AF_INET : AF_INET6, p, address, sizeof address))
            return -1;
        add(l, "%s", address);
        return 0;
    case CQL_DURATION:
        return add_duration(l, p, v.len);
    case CQL_LIST:
    case CQL_MAP:
    case CQL_SET:
        return add_collection(l, t, v, depth + 1);
    case CQL_UDT:
    case CQL_TUPLE:
        return add_fields(l, t, v, depth + 1);
    case CQL_CUSTOM:
        return add_custom(l, t, v);
    default:
        add_hex(l, p, v.len);
        return 0;
    }
}

int cql_value_text(const struct cql_type *t, const struct cql_str *value, char *buf, size_t size)
{
    struct line l = {.s = buf, .size = size};
    if (size)
        *buf = '\0';
    return add_value(&l, t, *value, false, 0);
}
