/* Requests and replies of Redis, pure; see the header. Called by redis.c on the path of every
 * operation, by hello.c for what blocks, and by the tests. */
#include "backends/redis/proto.h"

#include "engine/base/text.h"
#include "engine/stats/generate.h"

#ifdef LOADTOP_HAVE_HIREDIS
#include <hiredis/hiredis.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMBER "000000000000"

const struct redis_op_info redis_op_info[REDIS_OPS] = {
    [REDIS_GET] = {"GET", FAMILY_STRING, true, false},
    [REDIS_SET] = {"SET", FAMILY_STRING, true, true},
    [REDIS_INCR] = {"INCR", FAMILY_COUNTER, true, true},
    [REDIS_DEL] = {"DEL", FAMILY_STRING, true, false},
    [REDIS_EXISTS] = {"EXISTS", FAMILY_STRING, true, false},
    [REDIS_LPUSH] = {"LPUSH", FAMILY_LIST, true, true},
    [REDIS_RPOP] = {"RPOP", FAMILY_LIST, true, false},
    [REDIS_SADD] = {"SADD", FAMILY_SET, true, true},
    [REDIS_HSET] = {"HSET", FAMILY_HASH, true, true},
    [REDIS_HGET] = {"HGET", FAMILY_HASH, true, false},
    [REDIS_ZADD] = {"ZADD", FAMILY_ZSET, true, true},
    [REDIS_ZRANGE] = {"ZRANGE", FAMILY_ZSET, true, false},
    [REDIS_PING] = {"PING", FAMILY_STRING, false, false},
};

char *redis_key_prefix(char *buf, size_t size, const char *prefix, enum redis_family family)
{
    static const char *const infix[FAMILIES] = {"", "c:", "l:", "s:", "h:", "z:"};
    snprintf(buf, size, "%s%s", prefix, infix[family]);
    return buf;
}

/* ---- Requests ---- */

static void put_word(struct text *t, const char *word)
{
    text_add(t, "$%zu\r\n%s\r\n", strlen(word), word);
}

void redis_words(struct text *t, unsigned n, const char *const *words)
{
    text_add(t, "*%u\r\n", n);
    for (unsigned i = 0; i < n; i++)
        put_word(t, words[i]);
}

/* Adds twelve zeros for a number; returns their offset. */
static uint16_t put_number(struct text *t)
{
    text_add(t, "$%u\r\n", (unsigned)REDIS_DIGITS);
    uint16_t at = (uint16_t)t->len;
    text_add(t, "%s\r\n", MEMBER);
    return at;
}

static void put_arguments(struct text *t, struct redis_template *r, enum redis_op op)
{
    switch (op) {
    case REDIS_SADD:
    case REDIS_HGET:
    case REDIS_HSET:
        r->member_at = put_number(t);
        break;
    case REDIS_ZADD:
        r->score_at = put_number(t);
        r->member_at = put_number(t);
        break;
    case REDIS_ZRANGE:
        put_word(t, "0");
        put_word(t, "9");
        break;
    default:
        break;
    }
}

static unsigned count_words(enum redis_op op, uint64_t ttl_ms)
{
    switch (op) {
    case REDIS_PING:
        return 1;
    case REDIS_SET:
        return ttl_ms ? 5 : 3;
    case REDIS_LPUSH:
    case REDIS_SADD:
    case REDIS_HGET:
        return 3;
    case REDIS_HSET:
    case REDIS_ZADD:
    case REDIS_ZRANGE:
        return 4;
    default:
        return 2;
    }
}

int redis_template_make(struct redis_template *r, enum redis_op op, const char *prefix,
                        uint64_t ttl_ms)
{
    struct text t = {0};
    char key[REDIS_PREFIX_MAX + 8];
    memset(r, 0, sizeof *r);
    r->family = redis_op_info[op].family;
    r->creates = redis_op_info[op].creates;
    text_add(&t, "*%u\r\n", count_words(op, ttl_ms));
    put_word(&t, redis_op_info[op].command);
    if (redis_op_info[op].keyed) {
        redis_key_prefix(key, sizeof key, prefix, redis_op_info[op].family);
        text_add(&t, "$%zu\r\n%s", strlen(key) + REDIS_DIGITS, key);
        r->key_at = (uint16_t)t.len;
        text_add(&t, "%s\r\n", MEMBER);
    }
    put_arguments(&t, r, op);
    r->value = op == REDIS_SET || op == REDIS_LPUSH || op == REDIS_HSET;
    r->head = (uint32_t)t.len;
    if (op == REDIS_SET && ttl_ms) {
        char number[24];
        bool seconds = ttl_ms % 1000 == 0;
        snprintf(number, sizeof number, "%llu",
                 (unsigned long long)(seconds ? ttl_ms / 1000 : ttl_ms));
        put_word(&t, seconds ? "EX" : "PX");
        put_word(&t, number);
    }
    r->tail = (uint32_t)t.len - r->head;
    r->bytes = t.s;
    if (t.s && !t.cut)
        return 0;
    redis_template_free(r);
    return -1;
}

void redis_template_free(struct redis_template *r)
{
    free(r->bytes);
    memset(r, 0, sizeof *r);
}

static char *put_size(char *out, uint32_t size)
{
    char digits[10];
    unsigned n = 0;
    do
        digits[n++] = (char)('0' + size % 10);
    while (size /= 10);
    *out++ = '$';
    while (n)
        *out++ = digits[--n];
    *out++ = '\r';
    *out++ = '\n';
    return out;
}

/* Copies a slice of the blob. It starts within the first 64 KiB, which stay in the CPU's cache. A
 * value larger than half of the blob repeats it. */
static char *put_value(char *out, uint32_t size, uint64_t rnd)
{
    const char *blob = generate_blob();
    while (size > GENERATE_BLOB / 2) {
        memcpy(out, blob + (rnd & 0xffff), GENERATE_BLOB / 2);
        out += GENERATE_BLOB / 2;
        size -= GENERATE_BLOB / 2;
    }
    memcpy(out, blob + (rnd & 0xffff), size);
    out += size;
    *out++ = '\r';
    *out++ = '\n';
    return out;
}

char *redis_put_value(const struct redis_template *t, char *out, uint32_t size, uint64_t rnd)
{
    out = put_value(put_size(out, size), size, rnd);
    memcpy(out, t->bytes + t->head, t->tail);
    return out + t->tail;
}

/* ---- Replies ---- */

/* The end of the line that starts at p ("\r\n" included), or NULL. */
static const char *line_end(const char *p, size_t n)
{
    const char *newline = memchr(p, '\n', n);
    return newline && newline > p && newline[-1] == '\r' ? newline + 1 : NULL;
}

static size_t skip_integer(const char *p, size_t n)
{
    size_t i = p[1] == '-' ? 2 : 1, first = i;
    while (i < n && i < first + 18 && p[i] >= '0' && p[i] <= '9')
        i++;
    if (i == first || (p[first] == '0' && (i > first + 1 || first > 1)))
        return 0;
    return i + 2 <= n && p[i] == '\r' && p[i + 1] == '\n' ? i + 2 : 0;
}

static size_t skip_string(const char *p, size_t n, enum resp_kind *kind)
{
    size_t i = 1, len = 0, most = n < 10 ? n : 10;
    for (unsigned digit; i < most && (digit = (unsigned)(unsigned char)p[i] - '0') < 10; i++)
        len = len * 10 + digit;
    size_t end = i + 2 + len;
    if (i > 1 && end + 2 <= n && p[i] == '\r' && p[i + 1] == '\n' && p[end] == '\r' &&
        p[end + 1] == '\n')
        return p[1] != '0' || i == 2 ? end + 2 : 0;
    *kind = RESP_NIL;
    return n >= 5 && memcmp(p, "$-1\r\n", 5) == 0 ? 5 : 0;
}

size_t resp_skip(const char *p, size_t n, enum resp_kind *kind)
{
    *kind = RESP_VALUE;
    if (n < 4)
        return 0;
    if (*p == '$')
        return skip_string(p, n, kind);
    if (*p == ':')
        return skip_integer(p, n);
    if (*p == '+') {
        if (n >= 5 && memcmp(p, "+OK\r\n", 5) == 0)
            return 5;
        const char *end = line_end(p + 1, n - 1);
        return end && !memchr(p + 1, '\r', (size_t)(end - p) - 3) ? (size_t)(end - p) : 0;
    }
    return 0;
}

#ifdef LOADTOP_HAVE_HIREDIS

/* Returned by the reader's functions instead of objects: the kind of the reply. */
static char value_object, nil_object, error_object;

static void *make_string(const redisReadTask *task, char *s, size_t len)
{
    struct resp_error *e = task->privdata;
    if (task->type == REDIS_REPLY_STRING && !task->parent && e->string) {
        text_clear(e->string);
        text_put(e->string, s, len);
    }
    if (task->type != REDIS_REPLY_ERROR || task->parent)
        return &value_object;
    e->len = len < sizeof e->text ? len : sizeof e->text - 1;
    memcpy(e->text, s, e->len);
    e->text[e->len] = '\0';
    return &error_object;
}

#if HIREDIS_MAJOR >= 1
static void *make_array(const redisReadTask *task, size_t n)
#else
static void *make_array(const redisReadTask *task, int n)
#endif
{
    unsigned depth = 1;
    for (; task->parent; task = task->parent)
        depth++;
    return n > RESP_ELEMENTS_MAX || depth > RESP_DEPTH_MAX ? NULL : &value_object;
}

static void *make_integer(const redisReadTask *task, long long v)
{
    (void)task;
    (void)v;
    return &value_object;
}

static void *make_nil(const redisReadTask *task)
{
    (void)task;
    return &nil_object;
}

static void free_nothing(void *object)
{
    (void)object;
}

#if HIREDIS_MAJOR >= 1
static void *make_double(const redisReadTask *task, double v, char *s, size_t len)
{
    (void)v;
    return make_string(task, s, len);
}

static void *make_bool(const redisReadTask *task, int v)
{
    return make_integer(task, v);
}
#endif

static redisReplyObjectFunctions make_no_objects = {
    .createString = make_string,
    .createArray = make_array,
    .createInteger = make_integer,
    .createNil = make_nil,
    .freeObject = free_nothing,
#if HIREDIS_MAJOR >= 1
    .createDouble = make_double,
    .createBool = make_bool,
#endif
};

struct redisReader *resp_reader_new(struct resp_error *error)
{
    redisReader *r = redisReaderCreateWithFunctions(&make_no_objects);
    if (r)
        r->privdata = error;
    return r;
}

void resp_reader_free(struct redisReader *r)
{
    if (r)
        redisReaderFree(r);
}

int resp_reader_feed(struct redisReader *r, const char *bytes, size_t n)
{
    return redisReaderFeed(r, bytes, n) == REDIS_OK ? 0 : -1;
}

int resp_reader_next(struct redisReader *r, enum resp_kind *kind)
{
    void *object = NULL;
    if (resp_reader_empty(r)) /* without input: hiredis would begin a new reply */
        return 0;
    if (redisReaderGetReply(r, &object) != REDIS_OK)
        return -1;
    *kind = object == &error_object ? RESP_ERROR : object == &nil_object ? RESP_NIL : RESP_VALUE;
    return object != NULL;
}

/* Only make_array (above) fails without setting an error. */
const char *resp_reader_error(const struct redisReader *r)
{
    return r->err == REDIS_ERR_OOM ? "an array of more or deeper elements than were asked for"
                                   : r->errstr;
}

bool resp_reader_empty(const struct redisReader *r)
{
    return r->ridx == -1 && r->pos == r->len;
}

size_t resp_reader_buffered(const struct redisReader *r)
{
    return r->len - r->pos;
}

/* When hiredis waits for the rest of a string, it has already consumed the '$'. Any other
 * incomplete reply lacks the end of its line. */
uint64_t resp_reader_awaits(const struct redisReader *r)
{
    const char *p = r->buf + r->pos;
    size_t n = r->len - r->pos, digits = 0;
    uint64_t v = 0;
    if (r->ridx < 0 || r->err)
        return 0;
    for (; digits < n && p[digits] >= '0' && p[digits] <= '9'; digits++)
        v = digits < 18 ? v * 10 + (uint64_t)(p[digits] - '0') : UINT64_MAX;
    return digits && digits + 1 < n && p[digits] == '\r' && p[digits + 1] == '\n' ? v : 0;
}

#endif

char *resp_error_class(char buf[RESP_CLASS_MAX], const char *text, size_t len)
{
    size_t n = 0;
    while (n < len && n + 1 < RESP_CLASS_MAX &&
           ((text[n] >= 'A' && text[n] <= 'Z') || text[n] == '_'))
        n++;
    if (n < 2 || (n < len && text[n] != ' '))
        return copy_str(buf, RESP_CLASS_MAX, "ERR");
    memcpy(buf, text, n);
    buf[n] = '\0';
    return buf;
}

bool redis_error_is_full(const char *text, size_t len)
{
    static const char words[] = "max number of clients";
    return memmem(text, len, words, sizeof words - 1) != NULL;
}

bool redis_error_passes(const char *text, size_t len)
{
    static const char *const classes[] = {"LOADING", "BUSY", "MASTERDOWN", "TRYAGAIN",
                                          "CLUSTERDOWN"};
    char name[RESP_CLASS_MAX];
    resp_error_class(name, text, len);
    for (unsigned i = 0; i < sizeof classes / sizeof *classes; i++)
        if (strcmp(name, classes[i]) == 0)
            return true;
    return redis_error_is_full(text, len);
}

/* ---- INFO ---- */

/* Finds what follows "name:" at the start of a line. */
static const char *info_find(const char *info, const char *name)
{
    size_t len = strlen(name);
    for (const char *line = info; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, len) == 0 && line[len] == ':')
            return line + len + 1;
    }
    return NULL;
}

/* Every figure of a real server is below this, and a whole number up to it is exact as a double. */
#define INFO_NUMBER_MAX 9007199254740992.0

double redis_info_number(const char *info, const char *name)
{
    const char *at = info_find(info, name);
    char *end;
    if (!at)
        return -1;
    double v = strtod(at, &end);
    return end > at && v >= 0 && v <= INFO_NUMBER_MAX ? v : -1;
}

char *redis_info_text(const char *info, const char *name, char *buf, size_t size)
{
    const char *at = info_find(info, name);
    if (!at)
        return NULL;
    size_t len = strcspn(at, "\r\n");
    return copy_str(buf, len + 1 < size ? len + 1 : size, at);
}

int64_t redis_info_keys(const char *info, unsigned db)
{
    char name[24];
    snprintf(name, sizeof name, "db%u", db);
    const char *at = info_find(info, name);
    if (!at)
        return strstr(info, "# Keyspace") ? 0 : -1;
    long long keys = strncmp(at, "keys=", 5) == 0 ? strtoll(at + 5, NULL, 10) : -1;
    return keys < 0 || (double)keys > INFO_NUMBER_MAX ? -1 : (int64_t)keys;
}
