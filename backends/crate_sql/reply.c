/* A push scanner for JSON with an eye on the few members that count.
 *
 * The scanner is a state machine over bytes: it keeps one bit for each level of nesting and never
 * looks back, so a reply may come one byte at a time. `key1` to `key3` say which member of the
 * levels 1 to 4 is being read, as far as it matters:
 *
 *   {"rowcount":N,"duration":N.N}           level 1
 *   {"error":{"message":S,"code":N}}        level 2 under key1 = error
 *   {"results":[{"rowcount":N,              level 3 under key1 = results
 *                "error_message":S,
 *                "error":{"code":N,...}}]}  level 4 under key2 = error
 *
 * Uninteresting strings are skipped in a tight loop. Called from libcurl's write callback on a
 * worker's thread, for every byte of every reply, and by the fuzzer. */
#include "backends/crate_sql/reply.h"

#include "backends/crate_sql/error.h"
#include "engine/base/utf8.h"

#include <math.h>
#include <string.h>

enum {
    VALUE,       /* a value must follow */
    FIRST_VALUE, /* after '[': a value or ']' */
    FIRST_KEY,   /* after '{': a key or '}' */
    NEXT_KEY,    /* after ',' in an object */
    COLON,
    AFTER_VALUE, /* ',' or the end of what contains it */
    STRING,
    ESCAPE,
    UNICODE,
    NUMBER,
    LITERAL,
    DONE,
    WRONG
};
enum { N_MINUS, N_ZERO, N_INT, N_DOT, N_FRACTION, N_E, N_SIGN, N_EXPONENT };
enum {
    KEY_OTHER,
    KEY_ROWCOUNT,
    KEY_RESULTS,
    KEY_ERROR,
    KEY_ERROR_MESSAGE,
    KEY_MESSAGE,
    KEY_CODE,
    KEY_DURATION
};

static const char *const literals[] = {"true", "false", "null"};

void crate_reply_start(struct crate_reply *r)
{
    /* The message buffers need not be cleared: they are read only up to their length. */
    r->has_results = r->has_error = false;
    r->rowcount = -1;
    r->duration_ms = NAN;
    r->results = r->failed = r->skipped = 0;
    r->faults = 0;
    r->error.code = 0;
    r->error.len = 0;
    r->error.rows = 0;
    r->state = VALUE;
    r->depth = 0;
    r->key1 = r->key2 = r->key3 = KEY_OTHER;
    r->in_key = r->capture = false;
    r->row.len = 0;
    r->row.code = 0;
    r->row_counted = false;
}

static bool in_object(const struct crate_reply *r)
{
    unsigned level = r->depth - 1;
    return r->is_object[level / 64] >> (level % 64) & 1;
}

/* ---- Members of interest ---- */

static bool in_row(const struct crate_reply *r, unsigned depth)
{
    return r->depth == depth && r->key1 == KEY_RESULTS && !(r->is_object[0] >> 1 & 1);
}

static bool in_error(const struct crate_reply *r)
{
    return r->depth == 2 && r->key1 == KEY_ERROR && in_object(r);
}

/* Where to store the string that begins now, or NULL. */
static struct crate_fault *message_of(struct crate_reply *r)
{
    if (r->depth == 0 || !in_object(r))
        return NULL;
    if ((r->depth == 1 && r->key1 == KEY_ERROR) || (in_error(r) && r->key2 == KEY_MESSAGE))
        return &r->error;
    if ((in_row(r, 3) && (r->key2 == KEY_ERROR_MESSAGE || r->key2 == KEY_ERROR)) ||
        (in_row(r, 4) && r->key2 == KEY_ERROR && r->key3 == KEY_MESSAGE))
        return &r->row;
    return NULL;
}

static void take_number(struct crate_reply *r)
{
    if (r->depth == 1 && r->key1 == KEY_DURATION && r->number != N_EXPONENT && !r->negative)
        r->duration_ms = (double)r->value + r->decimals;
    if (r->depth == 0 || !in_object(r) || !r->whole_number)
        return;
    int64_t v = r->negative ? -r->value : r->value;
    int code = v > 0 && v < 1000000 ? (int)v : 0;
    if (r->depth == 1 && r->key1 == KEY_ROWCOUNT) {
        r->rowcount = v;
    } else if (in_error(r) && r->key2 == KEY_CODE) {
        r->error.code = code;
    } else if (in_row(r, 3) && r->key2 == KEY_ROWCOUNT) {
        r->row_count = v;
        r->row_counted = true;
    } else if (in_row(r, 4) && r->key2 == KEY_ERROR && r->key3 == KEY_CODE) {
        r->row.code = code;
    }
}

static void take_key(struct crate_reply *r)
{
    static const struct {
        const char *name;
        uint8_t key;
    } keys[] = {{"rowcount", KEY_ROWCOUNT}, {"results", KEY_RESULTS},
                {"error", KEY_ERROR},       {"error_message", KEY_ERROR_MESSAGE},
                {"message", KEY_MESSAGE},   {"code", KEY_CODE},
                {"duration", KEY_DURATION}};
    uint8_t key = KEY_OTHER;
    if (r->depth <= 4 && r->key_len < sizeof r->key)
        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
            if (strlen(keys[i].name) == r->key_len && memcmp(keys[i].name, r->key, r->key_len) == 0)
                key = keys[i].key;
    if (r->depth == 1) {
        r->key1 = key;
    } else if ((r->depth == 2 && r->key1 == KEY_ERROR) || in_row(r, 3)) {
        r->key2 = key;
    } else if (in_row(r, 4)) {
        r->key3 = key;
    }
}

/* Counts a failed row under its code; keeps the first message. */
static void add_fault(struct crate_reply *r)
{
    int code = r->row.code ? r->row.code : crate_code_of_message(r->row.msg, r->row.len);
    struct crate_fault *f = r->fault;
    while (f < r->fault + r->faults && f->code != code)
        f++;
    if (f == r->fault + CRATE_FAULTS)
        f--;
    if (f == r->fault + r->faults) {
        r->faults++;
        f->code = code;
        f->rows = 0;
        f->len = 0;
    }
    f->rows++;
    if (f->len == 0 && f->code == code) {
        f->len = r->row.len;
        memcpy(f->msg, r->row.msg, r->row.len);
    }
}

static void row_end(struct crate_reply *r)
{
    bool wrong = r->row.code || r->row.len;
    if (r->row_counted) {
        r->results++;
        if (r->row_count < -1 || wrong) {
            r->failed++;
            add_fault(r);
        } else if (r->row_count == 0) {
            r->skipped++;
        }
    }
    r->row.code = 0;
    r->row.len = 0;
    r->row_counted = false;
    r->key2 = KEY_OTHER;
}

/* ---- The scanner ---- */

static void open_level(struct crate_reply *r, bool object)
{
    if (r->depth == CRATE_DEPTH_MAX || (r->depth == 0 && !object)) {
        r->state = WRONG;
        return;
    }
    if (object && r->depth == 1 && r->key1 == KEY_ERROR)
        r->has_error = true;
    if (!object && r->depth == 1 && r->key1 == KEY_RESULTS)
        r->has_results = true;
    uint64_t bit = UINT64_C(1) << (r->depth % 64);
    if (object)
        r->is_object[r->depth / 64] |= bit;
    else
        r->is_object[r->depth / 64] &= ~bit;
    r->depth++;
    if (in_row(r, 4))
        r->key3 = KEY_OTHER;
    else if (r->depth == 2)
        r->key2 = KEY_OTHER;
    r->state = object ? FIRST_KEY : FIRST_VALUE;
}

static void close_level(struct crate_reply *r, bool object)
{
    if (r->depth == 0 || in_object(r) != object) {
        r->state = WRONG;
        return;
    }
    if (object && in_row(r, 3))
        row_end(r);
    r->depth--;
    r->state = r->depth ? AFTER_VALUE : DONE;
}

static void begin_value(struct crate_reply *r, char c)
{
    if (r->depth == 0 && c != '{') {
        r->state = WRONG;
    } else if (c == '{' || c == '[') {
        open_level(r, c == '{');
    } else if (c == '"') {
        struct crate_fault *f = message_of(r);
        if (f) {
            f->len = 0;
            if (f == &r->error)
                r->has_error = true;
        }
        r->capture = f != NULL;
        r->in_key = false;
        r->high_surrogate = 0;
        r->state = STRING;
    } else if (c == '-' || (c >= '0' && c <= '9')) {
        r->state = NUMBER;
        r->number = c == '-' ? N_MINUS : c == '0' ? N_ZERO : N_INT;
        r->negative = c == '-';
        r->whole_number = true;
        r->value = c == '-' ? 0 : c - '0';
        r->decimals = 0;
        r->decimal_unit = 1;
    } else if (c == 't' || c == 'f' || c == 'n') {
        r->state = LITERAL;
        r->literal = c == 't' ? 0 : c == 'f' ? 1 : 2;
        r->literal_at = 1;
    } else {
        r->state = WRONG;
    }
}

/* Appends text of a key, or of a message that is kept. What does not fit is cut. */
static void keep(struct crate_reply *r, const char *s, size_t n)
{
    if (r->in_key) {
        for (size_t i = 0; i < n && r->key_len < sizeof r->key; i++)
            r->key[r->key_len++] = s[i];
        return;
    }
    struct crate_fault *f = r->capture ? message_of(r) : NULL;
    if (!f)
        return;
    size_t room = sizeof f->msg - f->len;
    if (n > room)
        n = room;
    memcpy(f->msg + f->len, s, n);
    f->len += (unsigned)n;
}

static void keep_code_point(struct crate_reply *r, uint32_t u)
{
    if (u >= 0xd800 && u < 0xdc00) {
        r->high_surrogate = (uint16_t)u;
        return;
    }
    if (u >= 0xdc00 && u < 0xe000) {
        u = r->high_surrogate
                ? 0x10000 + ((uint32_t)(r->high_surrogate - 0xd800) << 10) + (u - 0xdc00)
                : '?';
    }
    r->high_surrogate = 0;
    char s[4];
    size_t n = 0;
    if (u < 0x80) {
        s[n++] = (char)u;
    } else if (u < 0x800) {
        s[n++] = (char)(0xc0 | u >> 6);
    } else if (u < 0x10000) {
        s[n++] = (char)(0xe0 | u >> 12);
        s[n++] = (char)(0x80 | (u >> 6 & 63));
    } else {
        s[n++] = (char)(0xf0 | u >> 18);
        s[n++] = (char)(0x80 | (u >> 12 & 63));
        s[n++] = (char)(0x80 | (u >> 6 & 63));
    }
    if (u >= 0x80)
        s[n++] = (char)(0x80 | (u & 63));
    keep(r, s, n);
}

/* Scans the rest of a string from p. Returns where it stopped. */
static const char *scan_string(struct crate_reply *r, const char *p, const char *end)
{
    const char *from = p;
    while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20)
        p++;
    if (p > from && (r->in_key || r->capture))
        keep(r, from, (size_t)(p - from));
    if (p == end)
        return p;
    if (*p == '\\') {
        r->state = ESCAPE;
    } else if (*p != '"') {
        r->state = WRONG;
    } else if (r->in_key) {
        take_key(r);
        r->state = COLON;
    } else {
        struct crate_fault *f = r->capture ? message_of(r) : NULL;
        if (f)
            f->len = (unsigned)clean_line(f->msg, f->len);
        r->capture = false;
        r->state = AFTER_VALUE;
    }
    return p + 1;
}

static void scan_escape(struct crate_reply *r, char c)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *at = c ? strchr(from, c) : NULL;
    if (c == 'u') {
        r->state = UNICODE;
        r->unicode = 0;
        r->unicode_left = 4;
    } else if (at) {
        keep(r, &to[at - from], 1);
        r->state = STRING;
    } else {
        r->state = WRONG;
    }
}

static void scan_unicode(struct crate_reply *r, char c)
{
    uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                     : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                     : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
                                            : 16;
    if (digit == 16) {
        r->state = WRONG;
        return;
    }
    r->unicode = r->unicode << 4 | digit;
    if (--r->unicode_left == 0) {
        keep_code_point(r, r->unicode);
        r->state = STRING;
    }
}

static void take_decimal(struct crate_reply *r, char c)
{
    if (c < '0' || c > '9')
        return;
    r->decimal_unit /= 10;
    r->decimals += (c - '0') * r->decimal_unit;
}

/* Scans one more character of a number. False: it does not belong to the number. */
static bool scan_number(struct crate_reply *r, char c)
{
    bool digit = c >= '0' && c <= '9';
    switch (r->number) {
    case N_MINUS:
        if (!digit)
            return false;
        r->number = c == '0' ? N_ZERO : N_INT;
        r->value = c - '0';
        return true;
    case N_INT:
        if (digit) {
            if (r->value < INT64_MAX / 10 - 1)
                r->value = r->value * 10 + (c - '0');
            return true;
        }
        /* fall through */
    case N_ZERO:
        if (c != '.' && c != 'e' && c != 'E')
            return false;
        r->whole_number = false;
        r->number = c == '.' ? N_DOT : N_E;
        return true;
    case N_DOT:
        if (digit)
            r->number = N_FRACTION;
        take_decimal(r, c);
        return digit;
    case N_FRACTION:
        take_decimal(r, c);
        if (c == 'e' || c == 'E') {
            r->number = N_E;
            return true;
        }
        return digit;
    case N_E:
        r->number = digit ? N_EXPONENT : N_SIGN;
        return digit || c == '+' || c == '-';
    case N_SIGN:
        if (digit)
            r->number = N_EXPONENT;
        return digit;
    default:
        return digit;
    }
}

static void number_end(struct crate_reply *r)
{
    bool whole = r->number == N_ZERO || r->number == N_INT || r->number == N_FRACTION ||
                 r->number == N_EXPONENT;
    r->state = whole ? AFTER_VALUE : WRONG;
    if (whole)
        take_number(r);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Handles a byte outside of strings, numbers and literals that is not white space. */
static void scan_token(struct crate_reply *r, char c)
{
    switch (r->state) {
    case FIRST_VALUE:
        if (c == ']') {
            close_level(r, false);
            return;
        }
        /* fall through */
    case VALUE:
        begin_value(r, c);
        return;
    case FIRST_KEY:
        if (c == '}') {
            close_level(r, true);
            return;
        }
        /* fall through */
    case NEXT_KEY:
        r->state = c == '"' ? STRING : WRONG;
        r->in_key = true;
        r->key_len = 0;
        r->high_surrogate = 0;
        return;
    case COLON:
        r->state = c == ':' ? VALUE : WRONG;
        return;
    case AFTER_VALUE:
        if (c == ',')
            r->state = in_object(r) ? NEXT_KEY : VALUE;
        else if (c == '}' || c == ']')
            close_level(r, c == '}');
        else
            r->state = WRONG;
        return;
    default: /* DONE: nothing may follow */
        r->state = WRONG;
    }
}

void crate_reply_feed(struct crate_reply *r, const char *p, size_t n)
{
    const char *end = p + n;
    while (p < end && r->state != WRONG) {
        switch (r->state) {
        case STRING:
            p = scan_string(r, p, end);
            break;
        case ESCAPE:
            scan_escape(r, *p++);
            break;
        case UNICODE:
            scan_unicode(r, *p++);
            break;
        case NUMBER:
            if (scan_number(r, *p))
                p++;
            /* p is processed again as the byte after the number */
            else
                number_end(r);
            break;
        case LITERAL:
            if (*p++ != literals[r->literal][r->literal_at++])
                r->state = WRONG;
            else if (literals[r->literal][r->literal_at] == '\0')
                r->state = AFTER_VALUE;
            break;
        default:
            if (!is_space(*p))
                scan_token(r, *p);
            p++;
        }
    }
}

enum crate_verdict crate_reply_end(const struct crate_reply *r)
{
    return r->state == DONE ? CRATE_WHOLE : r->state == WRONG ? CRATE_WRONG : CRATE_TORN;
}
