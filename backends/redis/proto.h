/* The Redis protocol without any I/O: builds requests from templates, classifies replies into three
 * kinds, and reads the fields of INFO.
 *
 * Everything here is a pure function of its arguments, or of a reader that belongs to the caller,
 * so it is tested, fuzzed and measured without a server. Protocol: RESP2,
 * https://redis.io/docs/reference/protocol-spec.
 *
 * A request is a template made once per type of operation, in which numbers of twelve digits are
 * overwritten, plus a value that is a slice of generate_blob(). A reply of one line or one complete
 * string is skipped by resp_skip; all others (errors, arrays, incomplete replies) go through
 * hiredis's reader, with object functions that build no objects. */
#ifndef LOADTOP_BACKENDS_REDIS_PROTO_H
#define LOADTOP_BACKENDS_REDIS_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct text;

/* ---- Requests ---- */

/* Order of redis_ops and of the templates. */
enum redis_op {
    REDIS_GET,
    REDIS_SET,
    REDIS_INCR,
    REDIS_DEL,
    REDIS_EXISTS,
    REDIS_LPUSH,
    REDIS_RPOP,
    REDIS_SADD,
    REDIS_HSET,
    REDIS_HGET,
    REDIS_ZADD,
    REDIS_ZRANGE,
    REDIS_PING,
    REDIS_OPS
};

/* Keys of different types have different names, so that no operation uses a key of the wrong
 * type. */
enum redis_family {
    FAMILY_STRING,  /* <prefix>000000000123 */
    FAMILY_COUNTER, /* <prefix>c:000000000123 */
    FAMILY_LIST,    /* l: */
    FAMILY_SET,     /* s: */
    FAMILY_HASH,    /* h: */
    FAMILY_ZSET,    /* z: */
    FAMILIES
};

#define REDIS_DIGITS 12
#define REDIS_KEYS_MAX UINT64_C(1000000000000)
#define REDIS_PREFIX_MAX 200
#define REDIS_MEMBERS 128 /* most members of a set, hash or sorted set that loadtop creates */

struct redis_op_info {
    const char *command; /* "GET" */
    enum redis_family family;
    bool keyed, creates; /* keyed: it has a key; creates: it may create that key */
};
extern const struct redis_op_info redis_op_info[REDIS_OPS];

/* Writes the part of a key's name before its digits: "loadtop:" + "c:". buf is always
 * terminated. */
char *redis_key_prefix(char *buf, size_t size, const char *prefix, enum redis_family);

/* Where the numbers of a request are written: the offset of the first digit, 0 for none. */
struct redis_template {
    char *bytes; /* owned: head, then tail */
    uint32_t head, tail;
    uint16_t key_at, member_at, score_at;
    bool creates; /* family and creates: copies from redis_op_info */
    enum redis_family family;
    bool value; /* "$<size>\r\n<value>\r\n" is between head and tail */
};
/* ttl_ms: expiry set by SET; 0: none. Returns 0, or -1: out of memory. */
int redis_template_make(struct redis_template *, enum redis_op, const char *prefix,
                        uint64_t ttl_ms);
void redis_template_free(struct redis_template *); /* zeroed is fine */

/* The most bytes that a request with a value of `size` takes. */
static inline size_t redis_request_max(const struct redis_template *t, uint32_t size)
{
    return (size_t)t->head + t->tail + (t->value ? (size_t)size + 16 : 0);
}

static inline void redis_put_digits4(char *out, uint32_t v)
{
    static const char pairs[201] = "00010203040506070809101112131415161718192021222324"
                                   "25262728293031323334353637383940414243444546474849"
                                   "50515253545556575859606162636465666768697071727374"
                                   "75767778798081828384858687888990919293949596979899";
    memcpy(out, pairs + (size_t)(v / 100) * 2, 2);
    memcpy(out + 2, pairs + (size_t)(v % 100) * 2, 2);
}

/* Writes a number over the twelve zeros of a template. */
static inline void redis_put_digits(char *out, uint64_t v)
{
    uint32_t low = (uint32_t)v;
    if (v >= 100000000) {
        redis_put_digits4(out, (uint32_t)(v / 100000000));
        low = (uint32_t)(v % 100000000);
    }
    redis_put_digits4(out + 4, low / 10000);
    redis_put_digits4(out + 8, low % 10000);
}

/* Writes the value of a request, and what follows it, to `out`; returns the end. */
char *redis_put_value(const struct redis_template *, char *out, uint32_t size, uint64_t rnd);

/* Writes the request to `out`, which holds redis_request_max, and returns its length. key <
 * REDIS_KEYS_MAX; value, member and score come from rnd. Inline, because it is most of the cost of
 * making an operation. */
static inline size_t redis_request(const struct redis_template *t, char *out, uint64_t key,
                                   uint32_t size, uint64_t rnd)
{
    memcpy(out, t->bytes, t->head);
    if (t->key_at)
        redis_put_digits(out + t->key_at, key);
    if (t->member_at)
        redis_put_digits(out + t->member_at, (rnd >> 16) % REDIS_MEMBERS);
    if (t->score_at)
        redis_put_digits(out + t->score_at, rnd >> 32);
    if (!t->value)
        return t->head;
    return (size_t)(redis_put_value(t, out + t->head, size, rnd) - out);
}

/* Adds a command of n words in RESP: for set-up and for clean. */
void redis_words(struct text *, unsigned n, const char *const *words);

/* ---- Replies ---- */

enum resp_kind { RESP_VALUE, RESP_NIL, RESP_ERROR };

/* Length of the reply at p if it is a status, an integer or a string, complete within n bytes and
 * well formed, and *kind; else 0: use the reader. */
size_t resp_skip(const char *p, size_t n, enum resp_kind *kind);

struct redisReader;

/* The text of the last error reply; one for a worker. */
struct resp_error {
    char text[192];
    size_t len;
    struct text *string; /* receives the last complete string; may be NULL */
};

/* Bounds of replies: ours have at most ten members of a sorted set. A reply that announces more is
 * refused at once. */
#define RESP_ELEMENTS_MAX 10000
#define RESP_DEPTH_MAX 4

struct redisReader *resp_reader_new(struct resp_error *); /* NULL: out of memory */
void resp_reader_free(struct redisReader *);              /* takes NULL */
/* Feeds received bytes to the reader. 0, or -1: out of memory. Feed small pieces, because hiredis
 * moves the rest of its buffer for each kilobyte read. */
int resp_reader_feed(struct redisReader *, const char *bytes, size_t n);
#define RESP_FEED 4096
/* 1: a reply, of *kind (an error's text is in the resp_error). 0: not complete. -1: not RESP; the
 * reader is unusable and has the reason. */
int resp_reader_next(struct redisReader *, enum resp_kind *kind);
const char *resp_reader_error(const struct redisReader *);
bool resp_reader_empty(const struct redisReader *); /* no incomplete reply is buffered */
/* buffered bytes of an incomplete reply */
size_t resp_reader_buffered(const struct redisReader *);
/* The announced length of the string that the reader is waiting for; 0: none. UINT64_MAX: a number
 * of more than 18 digits. */
uint64_t resp_reader_awaits(const struct redisReader *);

#define RESP_CLASS_MAX 24
/* The class of an error reply: its first word if that is in capitals ("WRONGTYPE"), else "ERR". */
char *resp_error_class(char buf[RESP_CLASS_MAX], const char *text, size_t len);
/* Does this error reply report that the server has too many clients (maxclients)? */
bool redis_error_is_full(const char *text, size_t len);
/* Does this error reply report a state that passes by itself, so that the same command may succeed
 * later: LOADING, BUSY, MASTERDOWN, TRYAGAIN, CLUSTERDOWN, or too many clients? */
bool redis_error_passes(const char *text, size_t len);

/* ---- INFO ---- */

/* The value of a field ("used_memory") as a number from 0 to 2^53, or as text up to the line's end.
 * -1 / NULL: absent, or no such number. */
double redis_info_number(const char *info, const char *name);
char *redis_info_text(const char *info, const char *name, char *buf, size_t size);
/* Keys in a database: 0 when INFO has a keyspace section without it, -1 when it has none. */
int64_t redis_info_keys(const char *info, unsigned db);

#endif
