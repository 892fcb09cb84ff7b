/* The Redis protocol as pure functions: requests are compared byte by byte with the specification;
 * replies that are skipped in place are compared with hiredis's reader, the reference for what is
 * RESP. */
#include "backends/redis/types.h"
#include "engine/stats/generate.h"
#include "engine/base/text.h"
#include "backends/redis/mark.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- Requests ---- */

/* Makes a request with a value of `size` bytes and returns it, terminated; to be freed. */
static char *request(enum redis_op op, const char *prefix, uint64_t ttl_ms, uint64_t key,
                     uint32_t size, uint64_t rnd, size_t *len)
{
    struct redis_template t;
    assert_int_equal(redis_template_make(&t, op, prefix, ttl_ms), 0);
    size_t max = redis_request_max(&t, size);
    char *out = malloc(max + 1);
    assert_non_null(out);
    out[max] = 'X';
    *len = redis_request(&t, out, key, size, rnd);
    assert_true(*len <= max);
    assert_int_equal(out[max], 'X');
    out[*len] = '\0';
    redis_template_free(&t);
    return out;
}

static void check_request(enum redis_op op, uint64_t ttl_ms, uint64_t key, uint64_t rnd,
                          const char *expected)
{
    size_t len;
    char *got = request(op, "loadtop:", ttl_ms, key, 0, rnd, &len);
    assert_string_equal(got, expected);
    assert_int_equal(len, strlen(expected));
    free(got);
}

static void requests_are_resp(void **state)
{
    (void)state;
    check_request(REDIS_GET, 0, 123, 0, "*2\r\n$3\r\nGET\r\n$20\r\nloadtop:000000000123\r\n");
    check_request(REDIS_GET, 0, 0, 0, "*2\r\n$3\r\nGET\r\n$20\r\nloadtop:000000000000\r\n");
    check_request(REDIS_GET, 0, 999999999999, 0,
                  "*2\r\n$3\r\nGET\r\n$20\r\nloadtop:999999999999\r\n");
    check_request(REDIS_GET, 0, 100000000, 0, "*2\r\n$3\r\nGET\r\n$20\r\nloadtop:000100000000\r\n");
    check_request(REDIS_SET, 0, 7, 0,
                  "*3\r\n$3\r\nSET\r\n$20\r\nloadtop:000000000007\r\n$0\r\n\r\n");
    check_request(
        REDIS_SET, 60000, 7, 0,
        "*5\r\n$3\r\nSET\r\n$20\r\nloadtop:000000000007\r\n$0\r\n\r\n$2\r\nEX\r\n$2\r\n60\r\n");
    check_request(
        REDIS_SET, 1500, 7, 0,
        "*5\r\n$3\r\nSET\r\n$20\r\nloadtop:000000000007\r\n$0\r\n\r\n$2\r\nPX\r\n$4\r\n1500\r\n");
    check_request(REDIS_INCR, 0, 42, 0, "*2\r\n$4\r\nINCR\r\n$22\r\nloadtop:c:000000000042\r\n");
    check_request(REDIS_LPUSH, 0, 1, 0,
                  "*3\r\n$5\r\nLPUSH\r\n$22\r\nloadtop:l:000000000001\r\n$0\r\n\r\n");
    check_request(REDIS_SADD, 0, 1, 5u << 16,
                  "*3\r\n$4\r\nSADD\r\n$22\r\nloadtop:s:000000000001\r\n$12\r\n000000000005\r\n");
    check_request(REDIS_ZADD, 0, 1, UINT64_C(77) << 32 | 5u << 16,
                  "*4\r\n$4\r\nZADD\r\n$22\r\nloadtop:z:000000000001\r\n$12\r\n000000000077\r\n"
                  "$12\r\n000000000005\r\n");
    check_request(
        REDIS_HSET, 0, 1, 5u << 16,
        "*4\r\n$4\r\nHSET\r\n$22\r\nloadtop:h:000000000001\r\n$12\r\n000000000005\r\n$0\r\n\r\n");
    check_request(REDIS_ZRANGE, 0, 1, 0,
                  "*4\r\n$6\r\nZRANGE\r\n$22\r\nloadtop:z:000000000001\r\n$1\r\n0\r\n$1\r\n9\r\n");
    check_request(REDIS_PING, 0, 0, 0, "*1\r\n$4\r\nPING\r\n");
}

/* The length of a well-formed request at s, by a reader of its own; 0 if it is none. */
static size_t well_formed(const char *s, size_t n, unsigned *words)
{
    char *at;
    const char *end = s + n;
    if (*s != '*')
        return 0;
    *words = (unsigned)strtoul(s + 1, &at, 10);
    s = at + 2;
    for (unsigned i = 0; i < *words; i++) {
        if (s >= end || *s != '$')
            return 0;
        size_t len = strtoul(s + 1, &at, 10);
        if (at[0] != '\r' || at[1] != '\n' || at + 2 + len + 2 > end ||
            memcmp(at + 2 + len, "\r\n", 2) != 0)
            return 0;
        s = at + 2 + len + 2;
    }
    return n - (size_t)(end - s);
}

static void every_operation_is_well_formed(void **state)
{
    static const uint32_t sizes[] = {
        0, 1, 9, 10, 99, 100, 4096, 65536, GENERATE_BLOB / 2, GENERATE_BLOB * 2 + 17};
    (void)state;
    for (int op = 0; op < REDIS_OPS; op++)
        for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            size_t len;
            unsigned words = 0;
            char *got =
                request((enum redis_op)op, "p:", 0, i * 1000003, sizes[i], mix64(i + 1), &len);
            assert_int_equal(well_formed(got, len, &words), len);
            assert_true(words >= 1 && words <= 5);
            free(got);
        }
}

static void values_are_the_generators_bytes(void **state)
{
    (void)state;
    for (uint32_t size = 1; size < 3 * GENERATE_BLOB; size = size * 3 + 1) {
        size_t len;
        uint64_t rnd = mix64(size);
        char *got = request(REDIS_SET, "p:", 0, 1, size, rnd, &len);
        char *value = strchr(strchr(got, 'p'), '$');
        assert_int_equal(strtoul(value + 1, &value, 10), size);
        value += 2;
        uint32_t part = size < GENERATE_BLOB / 2 ? size : GENERATE_BLOB / 2;
        assert_memory_equal(value, generate_blob() + (rnd & 0xffff), part);
        assert_null(memchr(value, '\r', size));
        assert_memory_equal(value + size, "\r\n", 3);
        free(got);
    }
}

static void families_do_not_meet(void **state)
{
    char name[FAMILIES][64];
    (void)state;
    for (int i = 0; i < FAMILIES; i++) {
        redis_key_prefix(name[i], sizeof name[i], "loadtop:", (enum redis_family)i);
        assert_memory_equal(name[i], "loadtop:", 8);
        for (int k = 0; k < i; k++)
            assert_string_not_equal(name[i], name[k]);
    }
    /* A longest prefix fits. */
    char longest[REDIS_PREFIX_MAX + 1];
    memset(longest, 'x', REDIS_PREFIX_MAX);
    longest[REDIS_PREFIX_MAX] = '\0';
    size_t len;
    unsigned words;
    char *got = request(REDIS_ZADD, longest, 0, 999999999999, 0, UINT64_MAX, &len);
    assert_int_equal(well_formed(got, len, &words), len);
    free(got);
}

/* ---- Replies ---- */

static void replies_are_stepped_over(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        enum resp_kind kind;
    } c[] = {
        {"+OK\r\n", 5, RESP_VALUE},
        {"+PONG\r\n", 7, RESP_VALUE},
        {"+OK\r\n+OK\r\n", 5, RESP_VALUE},
        {":0\r\n", 4, RESP_VALUE},
        {":-17\r\n", 6, RESP_VALUE},
        {":123456789012345678\r\n", 21, RESP_VALUE},
        {"$-1\r\n", 5, RESP_NIL},
        {"$0\r\n\r\n", 6, RESP_VALUE},
        {"$5\r\nhe\r\no\r\n", 11, RESP_VALUE},
        {"$10\r\n0123456789\r\n$1", 17, RESP_VALUE},
        /* Not complete. */
        {"", 0, RESP_VALUE},
        {"+OK\r", 0, RESP_VALUE},
        {"$5\r\nhello\r", 0, RESP_VALUE},
        {"$5\r\nhello", 0, RESP_VALUE},
        {"$5\r", 0, RESP_VALUE},
        {"$-1\r", 0, RESP_NIL},
        {":12", 0, RESP_VALUE},
        /* Left to the reader: errors, arrays, and what is strange. */
        {"-ERR no\r\n", 0, RESP_VALUE},
        {"*0\r\n", 0, RESP_VALUE},
        {"*1\r\n:1\r\n", 0, RESP_VALUE},
        {":01\r\n", 0, RESP_VALUE},
        {":-0\r\n", 0, RESP_VALUE},
        {":x\r\n", 0, RESP_VALUE},
        {":\r\n\r\n", 0, RESP_VALUE},
        {"$05\r\nhello\r\n", 0, RESP_VALUE},
        {"$-2\r\n", 0, RESP_NIL},
        {"$\r\n\r\n", 0, RESP_VALUE},
        {"$5\r\nhelloXX", 0, RESP_VALUE},
        {"$99999999999\r\nx\r\n", 0, RESP_VALUE},
        {"HTTP/1.1 400 Bad Request\r\n", 0, RESP_VALUE},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof c / sizeof *c; i++) {
        size_t n = strlen(c[i].bytes);
        char *exact = malloc(n + 1); /* so that AddressSanitizer sees a read beyond the end */
        assert_non_null(exact);
        char *bytes = exact + 1;
        memcpy(bytes, c[i].bytes, n);
        enum resp_kind kind;
        size_t len = resp_skip(bytes, n, &kind);
        if (len != c[i].len)
            fail_msg("%s: %zu bytes, expected %zu", c[i].bytes, len, c[i].len);
        if (len)
            assert_int_equal(kind, c[i].kind);
        free(exact);
    }
}

static void errors_have_a_class(void **state)
{
    static const char *const c[][2] = {
        {"WRONGTYPE Operation against a key holding the wrong kind of value", "WRONGTYPE"},
        {"OOM command not allowed when used memory > 'maxmemory'.", "OOM"},
        {"NOAUTH Authentication required.", "NOAUTH"},
        {"MOVED 3999 127.0.0.1:6381", "MOVED"},
        {"ERR unknown command 'FOO'", "ERR"},
        {"unknown", "ERR"},
        {"", "ERR"},
        {"X", "ERR"},
        {"Mixed Case", "ERR"},
        {"WRONGTYPE-ish thing", "ERR"},
        {"EXECABORT", "EXECABORT"},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZABC long", "ERR"},
    };
    char name[RESP_CLASS_MAX];
    (void)state;
    for (unsigned i = 0; i < sizeof c / sizeof *c; i++)
        assert_string_equal(resp_error_class(name, c[i][0], strlen(c[i][0])), c[i][1]);
}

static void some_errors_pass_by_themselves(void **state)
{
    static const struct {
        const char *text;
        bool passes;
    } c[] = {
        {"LOADING Redis is loading the dataset in memory", true},
        {"BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
         true},
        {"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", true},
        {"TRYAGAIN Multiple keys request during rehashing of slot", true},
        {"CLUSTERDOWN Hash slot not served", true},
        {"ERR max number of clients reached", true},
        {"ERR max number of clients + cluster connections reached", true},
        {"BUSY", true},
        {"BUSYKEY Target key name already exists.", false},
        {"BUSYGROUP Consumer Group name already exists", false},
        {"NOT BUSY", false},
        {"NOTBUSY No scripts in execution right now.", false},
        {"ERR unknown command 'INFO', with args beginning with: ", false},
        {"NOPERM this user has no permissions to run the 'info' command", false},
        {"NOAUTH Authentication required.", false},
        {"MISCONF Redis is configured to save RDB snapshots", false},
        {"READONLY You can't write against a read only replica.", false},
        {"", false},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof c / sizeof *c; i++)
        if (redis_error_passes(c[i].text, strlen(c[i].text)) != c[i].passes)
            fail_msg("%s", c[i].text);
    /* only the text's own length counts */
    assert_true(redis_error_passes("BUSYKEY", 4));
    assert_false(redis_error_passes("ERR max number of clients", 10));
}

#ifdef LOADTOP_HAVE_HIREDIS

static void the_reader_tells_kinds(void **state)
{
    static const struct {
        const char *bytes;
        enum resp_kind kind;
    } c[] = {
        {"+OK\r\n", RESP_VALUE},
        {":1\r\n", RESP_VALUE},
        {"$-1\r\n", RESP_NIL},
        {"*-1\r\n", RESP_NIL},
        {"$3\r\nabc\r\n", RESP_VALUE},
        {"*0\r\n", RESP_VALUE},
        {"*3\r\n:1\r\n$-1\r\n*2\r\n+a\r\n-ERR inner\r\n", RESP_VALUE},
        {"-WRONGTYPE no\r\n", RESP_ERROR},
    };
    struct resp_error e = {.len = 0};
    struct redisReader *r = resp_reader_new(&e);
    (void)state;
    assert_non_null(r);
    for (unsigned round = 0; round < 500; round++) /* long enough that hiredis moves its buffer */
        for (unsigned i = 0; i < sizeof c / sizeof *c; i++) {
            enum resp_kind kind = RESP_VALUE;
            size_t n = strlen(c[i].bytes);
            for (size_t k = 0; k < n; k++) {
                assert_int_equal(resp_reader_next(r, &kind), 0);
                assert_int_equal(resp_reader_feed(r, c[i].bytes + k, 1), 0);
            }
            assert_false(resp_reader_empty(r));
            assert_int_equal(resp_reader_next(r, &kind), 1);
            assert_int_equal(kind, c[i].kind);
            assert_int_equal(resp_reader_next(r, &kind), 0);
            assert_true(resp_reader_empty(r));
            assert_int_equal(resp_reader_buffered(r), 0);
        }
    assert_string_equal(e.text, "WRONGTYPE no");
    assert_int_equal(e.len, strlen("WRONGTYPE no"));
    resp_reader_free(r);
}

static void long_error_texts_are_cut(void **state)
{
    struct resp_error e = {0};
    struct redisReader *r = resp_reader_new(&e);
    enum resp_kind kind;
    char bytes[1000];
    (void)state;
    memset(bytes, 'E', sizeof bytes);
    bytes[0] = '-';
    memcpy(bytes + sizeof bytes - 2, "\r\n", 2);
    assert_int_equal(resp_reader_feed(r, bytes, sizeof bytes), 0);
    assert_int_equal(resp_reader_next(r, &kind), 1);
    assert_int_equal(kind, RESP_ERROR);
    assert_int_equal(e.len, sizeof e.text - 1);
    assert_int_equal(strlen(e.text), e.len);
    resp_reader_free(r);
}

/* What a string's head says is known before it comes, wherever reads end, and within arrays. */
static void a_long_string_is_known_by_its_head(void **state)
{
    static const struct {
        const char *bytes;
        uint64_t awaits;
    } c[] = {
        {"$512000000\r\n", 512000000},
        {"$512000000\r\nabc", 512000000},
        {"$999999999999999999\r\n", UINT64_C(999999999999999999)},
        {"*2\r\n:1\r\n$70000\r\nabc\r\n", 70000},
        {"$12\r\n123\r\n1", 12},
        {"$512000000", 0}, /* more digits may come */
        {"$512000000\r", 0},
        {"+512000000", 0},
        {"*2\r\n:1", 0},
        {"$", 0},
        {"$3\r\nabc\r\n", 0},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof c / sizeof *c; i++) {
        struct resp_error e = {0};
        struct redisReader *r = resp_reader_new(&e);
        enum resp_kind kind;
        assert_int_equal(resp_reader_awaits(r), 0);
        for (size_t k = 0; k < strlen(c[i].bytes); k++) {
            assert_int_equal(resp_reader_feed(r, c[i].bytes + k, 1), 0);
            assert_in_range(resp_reader_next(r, &kind), 0, 1);
        }
        assert_true(resp_reader_awaits(r) == c[i].awaits);
        resp_reader_free(r);
    }
}

static void arrays_have_a_bound(void **state)
{
    static const struct {
        const char *bytes;
        bool taken;
    } c[] = {
        {"*10000\r\n", true},
        {"*10001\r\n", false},
        {"*2147483647\r\n", false},
        {"*1\r\n*1\r\n*1\r\n*1\r\n", true},
        {"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", false},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof c / sizeof *c; i++) {
        struct resp_error e = {0};
        struct redisReader *r = resp_reader_new(&e);
        enum resp_kind kind;
        assert_int_equal(resp_reader_feed(r, c[i].bytes, strlen(c[i].bytes)), 0);
        assert_int_equal(resp_reader_next(r, &kind), c[i].taken ? 0 : -1);
        if (!c[i].taken)
            assert_non_null(strstr(resp_reader_error(r), "more or deeper elements"));
        resp_reader_free(r);
    }
}

static void what_is_not_resp_is_refused(void **state)
{
    static const char *const c[] = {"HTTP/1.1 400 Bad Request\r\n", "$abc\r\n", ":1x\r\n",
                                    "*-5\r\n", "\r\n"};
    (void)state;
    for (unsigned i = 0; i < sizeof c / sizeof *c; i++) {
        struct resp_error e = {0};
        struct redisReader *r = resp_reader_new(&e);
        enum resp_kind kind;
        assert_int_equal(resp_reader_feed(r, c[i], strlen(c[i])), 0);
        assert_int_equal(resp_reader_next(r, &kind), -1);
        assert_true(strlen(resp_reader_error(r)) > 0);
        resp_reader_free(r);
    }
}

#endif

/* ---- INFO ---- */

static void info_is_read(void **state)
{
    static const char info[] =
        "# Server\r\nredis_version:7.0.15\r\n\r\n# CPU\r\nused_cpu_sys:1.250000\r\n"
        "used_cpu_sys_children:0.5\r\n# Keyspace\r\ndb0:keys=12,expires=3,avg_ttl=0\r\n"
        "db10:keys=7,expires=0\r\n";
    char text[16];
    (void)state;
    assert_string_equal(redis_info_text(info, "redis_version", text, sizeof text), "7.0.15");
    assert_string_equal(redis_info_text(info, "redis_version", text, 4), "7.0");
    assert_null(redis_info_text(info, "version", text, sizeof text));
    assert_true(redis_info_number(info, "used_cpu_sys") > 1.2499 &&
                redis_info_number(info, "used_cpu_sys") < 1.2501);
    assert_true(redis_info_number(info, "cpu_sys") < 0);
    assert_int_equal(redis_info_keys(info, 0), 12);
    assert_int_equal(redis_info_keys(info, 10), 7);
    assert_int_equal(redis_info_keys(info, 1), 0);
    assert_int_equal(redis_info_keys("# Server\r\n", 0), -1);
    assert_int_equal(redis_info_keys("", 0), -1);
    /* What no server has counted is no number. */
    static const char *const none[] = {"n:1e300", "n:-1", "n:nan", "n:inf", "n:9007199254740994"};
    for (unsigned i = 0; i < sizeof none / sizeof *none; i++)
        assert_true(redis_info_number(none[i], "n") < 0);
    assert_true(redis_info_number("n:9007199254740992", "n") > 9e15);
    assert_int_equal(redis_info_keys("# Keyspace\r\ndb0:keys=-5", 0), -1);
}

/* ---- Marks ---- */

static void marks_are_read_back(void **state)
{
    (void)state;
    const uint64_t bound[FAMILIES] = {
        [FAMILY_STRING] = 1000, [FAMILY_LIST] = 7, [FAMILY_ZSET] = REDIS_KEYS_MAX};
    uint64_t read[FAMILIES];
    struct text value = {0};
    redis_mark_value(&value, bound, "2026-01-02T03:04:05Z", "loadtop:alice@build7:1a2b3c4d");
    assert_true(redis_mark_read(text_str(&value), value.len, read));
    assert_memory_equal(read, bound, sizeof bound);
    text_free(&value);
}

static void marks_that_are_none_are_refused(void **state)
{
    (void)state;
    static const char *const values[] = {"",
                                         "string",
                                         "string=",
                                         "string=-1",
                                         "string=1x",
                                         "string=1000000000001",
                                         "string=18446744073709551617",
                                         "list=1  set=2",
                                         "*"};
    static const char *const fields[] = {"",
                                         "1a2b3c4d",
                                         "1a2b3c4d.",
                                         "1a2b3c4d.1",
                                         "1a2b3c4d.1.",
                                         "1A2B3C4D.1.1",
                                         "1a2b3c4d.1.1x",
                                         "1a2b3c4d..1",
                                         "1a2b3c4.1.1",
                                         "1a2b3c4d.1.1."};
    uint64_t read[FAMILIES];
    char run[9];
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        assert_false(redis_mark_read(values[i], strlen(values[i]), read));
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        assert_false(redis_mark_field(fields[i], strlen(fields[i]), run));
    assert_false(redis_mark_field("1a2b3c4d.1.1\0", 13, run));
    assert_true(redis_mark_field("1a2b3c4d.12.3", 13, run));
    assert_string_equal(run, "1a2b3c4d");
    /* What a newer loadtop may add is passed over. */
    assert_true(redis_mark_read("stream=5 string=2", 17, read));
    assert_int_equal(read[FAMILY_STRING], 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_resp),
        cmocka_unit_test(marks_are_read_back),
        cmocka_unit_test(marks_that_are_none_are_refused),
        cmocka_unit_test(every_operation_is_well_formed),
        cmocka_unit_test(values_are_the_generators_bytes),
        cmocka_unit_test(families_do_not_meet),
        cmocka_unit_test(replies_are_stepped_over),
        cmocka_unit_test(errors_have_a_class),
        cmocka_unit_test(some_errors_pass_by_themselves),
#ifdef LOADTOP_HAVE_HIREDIS
        cmocka_unit_test(the_reader_tells_kinds),
        cmocka_unit_test(long_error_texts_are_cut),
        cmocka_unit_test(a_long_string_is_known_by_its_head),
        cmocka_unit_test(arrays_have_a_bound),
        cmocka_unit_test(what_is_not_resp_is_refused),
#endif
        cmocka_unit_test(info_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
