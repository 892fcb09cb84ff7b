/* The scanner of `_sql` replies: counts, messages, and the distinction of whole, torn and wrong
 * replies, in pieces of any size. jansson is the reference for what is JSON; the replies are those
 * seen on CrateDB 6.4.3 and before. */
#include "backends/crate_sql/reply.h"
#include "engine/base/text.h"

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static enum crate_verdict read_pieces(struct crate_reply *r, const char *s, size_t len,
                                      size_t piece)
{
    memset(r, 0xa5, sizeof *r); /* start sets all that it needs */
    crate_reply_start(r);
    for (size_t i = 0; i < len; i += piece)
        crate_reply_feed(r, s + i, piece < len - i ? piece : len - i);
    return crate_reply_end(r);
}

static enum crate_verdict read_all(struct crate_reply *r, const char *s)
{
    return read_pieces(r, s, strlen(s), strlen(s) + 1);
}

static void bulk_with_failed_rows(void **state)
{
    (void)state;
    static const char reply[] =
        "{\"cols\":[],\"duration\":12.1,\"results\":[{\"rowcount\":1},"
        "{\"rowcount\":-2,\"error\":{\"code\":4091,\"message\":\"DuplicateKeyException"
        "[A document with the same primary key exists already]\"}},"
        "{\"rowcount\":-2},{\"rowcount\":1},{\"rowcount\":0},"
        "{\"rowcount\":-2,\"error\":{\"message\":\"x \\u00e9\\n\",\"code\":4000}},"
        "{\"rowcount\":3},"
        "{\"rowcount\":-2,\"error\":{\"code\":4091,\"message\":\"second\"}}]}";
    for (size_t piece = 1; piece <= sizeof reply; piece++) {
        struct crate_reply r;
        assert_int_equal(read_pieces(&r, reply, sizeof reply - 1, piece), CRATE_WHOLE);
        assert_true(r.has_results && !r.has_error && r.rowcount == -1);
        assert_int_equal(r.results, 8);
        assert_int_equal(r.failed, 4);
        assert_int_equal(r.skipped, 1);
        assert_int_equal(r.faults, 3);
        assert_int_equal(r.fault[0].code, 4091);
        assert_int_equal(r.fault[0].rows, 2);
        assert_memory_equal(r.fault[0].msg, "DuplicateKeyException[A doc", 27);
        assert_int_equal(r.fault[1].code, 0); /* only the first errors of a shard say why */
        assert_int_equal(r.fault[1].rows, 1);
        assert_int_equal(r.fault[2].code, 4000);
        assert_int_equal(r.fault[2].len, 5);
        assert_memory_equal(r.fault[2].msg, "x \xc3\xa9 ", 5); /* the line break is a space */
    }
}

/* What the server says that it worked, in pieces of any size; elsewhere the name means nothing. */
static void duration(void **state)
{
    (void)state;
    static const struct {
        const char *reply;
        double ms; /* -1: it does not say */
    } of[] = {
        {"{\"cols\":[],\"rows\":[],\"rowcount\":1,\"duration\":12.0625}", 12.0625},
        {"{\"duration\":7,\"rowcount\":1}", 7},
        {"{\"duration\":0.5 ,\"rowcount\":1}", 0.5},
        {"{\"duration\":-1,\"rowcount\":1}", -1},
        {"{\"duration\":1e3,\"rowcount\":1}", -1},
        {"{\"duration\":\"3.5\",\"rowcount\":1}", -1},
        {"{\"duration\":[4],\"rowcount\":1}", -1},
        {"{\"rows\":[[{\"duration\":5.5}]],\"rowcount\":1}", -1},
        {"{\"rowcount\":1}", -1},
    };
    for (size_t i = 0; i < sizeof of / sizeof *of; i++)
        for (size_t piece = 1; piece <= strlen(of[i].reply); piece++) {
            struct crate_reply r;
            assert_int_equal(read_pieces(&r, of[i].reply, strlen(of[i].reply), piece), CRATE_WHOLE);
            assert_int_equal(r.rowcount, 1);
            if (of[i].ms < 0)
                assert_true(isnan(r.duration_ms));
            else
                assert_true(fabs(r.duration_ms - of[i].ms) < 1e-9);
        }
}

static void rows_before_5_10(void **state)
{
    (void)state;
    struct crate_reply r;
    assert_int_equal(
        read_all(&r,
                 "{\"results\":[{\"rowcount\":-2,\"error_message\":\"DuplicateKeyException[...]\"},"
                 "{\"rowcount\":-2,\"error_message\":\"odd\"}]}"),
        CRATE_WHOLE);
    assert_int_equal(r.failed, 2);
    assert_int_equal(r.fault[0].code, 4091);
    assert_int_equal(r.fault[1].code, 0);
    assert_memory_equal(r.fault[1].msg, "odd", 3);
}

static void errors_of_a_request(void **state)
{
    (void)state;
    struct crate_reply r;
    assert_int_equal(
        read_all(&r,
                 "{\"error\":{\"message\":\"RelationUnknown[Relation 'x' unknown]\",\"code\":4041},"
                 "\"error_trace\":\"...\"}"),
        CRATE_WHOLE);
    assert_true(r.has_error);
    assert_int_equal(r.error.code, 4041);
    assert_memory_equal(r.error.msg, "RelationUnknown[Relation 'x' unknown]", r.error.len);
    assert_int_equal(read_all(&r, "{\"error\":\"plain\"}"), CRATE_WHOLE);
    assert_true(r.has_error);
    assert_int_equal(r.error.code, 0);
    assert_memory_equal(r.error.msg, "plain", 5);
    assert_int_equal(read_all(&r, "{\"error\":null,\"rowcount\":1}"), CRATE_WHOLE);
    assert_false(r.has_error);
}

static void names_count_only_in_their_place(void **state)
{
    (void)state;
    struct crate_reply r;
    assert_int_equal(
        read_all(
            &r,
            "{\"cols\":[\"error\",\"rowcount\"],\"rows\":[[\"x\",{\"error\":{\"code\":1},"
            "\"rowcount\":9,\"results\":[{\"rowcount\":-2}]}],[{\"rowcount\":-2}]],"
            "\"rowcount\":2,\"x\":{\"results\":[{\"rowcount\":-2}],\"code\":7,\"message\":\"m\"}}"),
        CRATE_WHOLE);
    assert_false(r.has_error);
    assert_false(r.has_results);
    assert_int_equal(r.rowcount, 2);
    assert_int_equal(r.results, 0);
    assert_int_equal(r.failed, 0);
    /* a rowcount that is no whole number, or no object, is none */
    assert_int_equal(
        read_all(&r,
                 "{\"results\":[{\"rowcount\":1.5},{\"rowcount\":\"1\"},1,[],[{\"rowcount\":1}],"
                 "{\"rowcount\":1}]}"),
        CRATE_WHOLE);
    assert_int_equal(r.results, 1);
}

/* Every prefix is torn, never whole and never wrong. */
static void torn(void **state)
{
    (void)state;
    static const char reply[] =
        " {\"cols\":[\"a\\\"\\u12aF\"],\"rows\":[[1.5e-3,true,null,\"x\"],[-0,false]],"
        "\"rowcount\":-1,\"duration\":1E+2}\r\n";
    for (size_t len = 0; len < sizeof reply - 3; len++) {
        struct crate_reply r;
        enum crate_verdict v = read_pieces(&r, reply, len, 3);
        assert_int_equal(v, len < sizeof reply - 3 ? CRATE_TORN : CRATE_WHOLE);
    }
    struct crate_reply r;
    assert_int_equal(read_all(&r, reply), CRATE_WHOLE);
    assert_int_equal(r.rowcount, -1);
}

/* Agrees with jansson on what is a JSON object. Random texts made of JSON's own pieces are nearly
 * JSON. */
static void agrees_with_jansson(void **state)
{
    (void)state;
    static const char *const parts[] = {"{",           "}",         "[",      "]",
                                        ",",           ":",         "\"a\"",  "\"rowcount\"",
                                        "\"results\"", "\"error\"", "1",      "-2",
                                        "0",           "01",        "1.",     ".5",
                                        "1e5",         "1e",        "-",      "true",
                                        "nul",         "null",      " ",      "\"\\u00g0\"",
                                        "\"\\u0041\"", "\"\\x\"",   "\"\t\"", "false",
                                        "{\"a\":1}",   "[1,2]",     "{}",     "[]"};
    uint64_t seed = 12345;
    unsigned whole = 0;
    for (unsigned i = 0; i < 200000; i++) {
        char text[256] = "{";
        size_t len = 1;
        for (unsigned n = 0; n < 12 && len < 200; n++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            /* mostly what could follow, so that whole objects occur */
            const char *p = n % 4 == 0   ? ((seed >> 60) < 3 ? "}" : "\"a\"")
                            : n % 4 == 1 ? ":"
                            : n % 4 == 3 ? ((seed >> 60) < 8 ? "," : "}")
                                         : parts[(seed >> 33) % (sizeof parts / sizeof *parts)];
            if ((seed >> 50 & 15) == 0)
                p = parts[(seed >> 20) % (sizeof parts / sizeof *parts)];
            len = text_append(text, sizeof text, len, "%s", p);
            if (p[0] == '}' && (seed >> 40 & 1))
                break;
        }
        json_error_t error;
        json_t *v = json_loadb(text, len, 0, &error);
        /* JSON, but too large for jansson */
        if (!v && json_error_code(&error) == json_error_numeric_overflow)
            continue;
        struct crate_reply r;
        enum crate_verdict verdict = read_pieces(&r, text, len, 1 + seed % 7);
        if (v ? verdict != CRATE_WHOLE : verdict == CRATE_WHOLE)
            fail_msg("jansson says %s of %s", v ? "JSON" : "not JSON", text);
        whole += v != NULL;
        json_decref(v);
    }
    assert_true(whole > 5000);
}

static void deep_and_long(void **state)
{
    (void)state;
    struct crate_reply r;
    char deep[CRATE_DEPTH_MAX * 2 + 64];
    for (int more = 0; more < 2; more++) { /* as deep as allowed, and one more */
        size_t n = text_append(deep, sizeof deep, 0, "{\"a\":");
        unsigned levels = CRATE_DEPTH_MAX - 1 + (unsigned)more;
        memset(deep + n, '[', levels);
        memset(deep + n + levels, ']', levels);
        deep[n + 2 * levels] = '}';
        deep[n + 2 * levels + 1] = '\0';
        assert_int_equal(read_all(&r, deep), more ? CRATE_WRONG : CRATE_WHOLE);
    }
    /* A message of 10 MB, a key of 10 MB, a number of 1 MB: cut, skipped, saturated */
    size_t n = 10 << 20;
    char *big = malloc(n);
    assert_non_null(big);
    memset(big, 'k', n);
    crate_reply_start(&r);
    crate_reply_feed(&r, "{\"", 2);
    crate_reply_feed(&r, big, n);
    crate_reply_feed(&r, "\":1,\"error\":{\"message\":\"", 24);
    crate_reply_feed(&r, big, n);
    crate_reply_feed(&r, "\",\"code\":", 9);
    memset(big, '9', 1 << 20);
    crate_reply_feed(&r, big, 1 << 20);
    crate_reply_feed(&r, "}}", 2);
    assert_int_equal(crate_reply_end(&r), CRATE_WHOLE);
    assert_int_equal(r.error.len, CRATE_MESSAGE_MAX);
    assert_int_equal(r.error.code, 0);
    free(big);
}

/* More codes than are kept: no row is lost. */
static void many_codes(void **state)
{
    (void)state;
    char reply[4096];
    size_t n = text_append(reply, sizeof reply, 0, "{\"results\":[");
    for (int i = 0; i < 20; i++)
        n = text_append(reply, sizeof reply, n, "%s{\"rowcount\":-2,\"error\":{\"code\":%d}}",
                        i ? "," : "", 4000 + i);
    text_append(reply, sizeof reply, n, "]}");
    struct crate_reply r;
    assert_int_equal(read_all(&r, reply), CRATE_WHOLE);
    assert_int_equal(r.failed, 20);
    uint64_t rows = 0;
    for (unsigned i = 0; i < r.faults; i++)
        rows += r.fault[i].rows;
    assert_int_equal(rows, 20);
    assert_int_equal(r.faults, CRATE_FAULTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bulk_with_failed_rows),
        cmocka_unit_test(duration),
        cmocka_unit_test(rows_before_5_10),
        cmocka_unit_test(errors_of_a_request),
        cmocka_unit_test(names_count_only_in_their_place),
        cmocka_unit_test(torn),
        cmocka_unit_test(agrees_with_jansson),
        cmocka_unit_test(deep_and_long),
        cmocka_unit_test(many_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
