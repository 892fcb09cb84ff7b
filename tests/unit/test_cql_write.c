/* The CQL encoders, stream ids and tokens.
 *
 * Requests are compared with the bytes that the DataStax driver writes for the same request; tokens
 * with that driver's Murmur3 and with MurmurHash3's own verification where both agree. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/cql_requests.h"
#include "tests/unit/cql_tokens.h"
#include "backends/cql/in.h"
#include "backends/cql/protocol.h"
#include "backends/cql/read.h"
#include "backends/cql/stream.h"
#include "backends/cql/token.h"
#include "backends/cql/write.h"

static void expect(struct cql_writer *w, const char *name)
{
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        if (strcmp(requests[i].name, name) != 0)
            continue;
        assert_int_equal(w->len, requests[i].len);
        assert_memory_equal(w->p, requests[i].bytes, requests[i].len);
        w->len = 0;
        return;
    }
    fail_msg("no request recorded as %s", name);
}

static void writes_as_the_driver(void **state)
{
    static const char *const plain[] = {"CQL_VERSION", "3.0.0", NULL};
    static const char *const lz4[] = {"COMPRESSION", "lz4", "CQL_VERSION", "3.0.0", NULL};
    static const char *const events[] = {"TOPOLOGY_CHANGE", "STATUS_CHANGE", "SCHEMA_CHANGE", NULL};
    static const char insert[] = "INSERT INTO k.t (a, b) VALUES (?, ?)";
    static const char select[] = "SELECT * FROM k.t";
    static const char id[16] = "0123456789abcde";
    struct cql_writer w = {0};
    struct cql_params q = {.consistency = CQL_ONE};
    (void)state;

    assert_int_equal(cql_write_options(&w, 1), 0);
    expect(&w, "options");
    assert_int_equal(cql_write_startup(&w, 2, plain), 0);
    expect(&w, "startup");
    assert_int_equal(cql_write_startup(&w, 2, lz4), 0);
    expect(&w, "startup lz4");
    assert_int_equal(cql_write_auth_plain(&w, 3, "user", "p w"), 0);
    expect(&w, "auth");
    assert_int_equal(cql_write_register(&w, 4, events), 0);
    expect(&w, "register");
    assert_int_equal(cql_write_prepare(&w, 32767, insert, sizeof insert - 1), 0);
    expect(&w, "prepare");
    assert_int_equal(cql_write_query(&w, 5, select, sizeof select - 1, &q), 0);
    expect(&w, "query");
    q = (struct cql_params){.consistency = CQL_QUORUM,
                            .serial = CQL_LOCAL_SERIAL,
                            .page_size = 100,
                            .paging_state = {"state", 5},
                            .has_timestamp = true,
                            .timestamp_us = 5};
    assert_int_equal(cql_write_query(&w, 6, select, sizeof select - 1, &q), 0);
    expect(&w, "query with everything");

    q = (struct cql_params){.consistency = CQL_LOCAL_ONE};
    cql_begin_execute(&w, 7, id, sizeof id);
    cql_params_head(&w, &q, 3);
    cql_put_bytes(&w, "key", 3);
    cql_put_u32(&w, UINT32_MAX); /* null */
    cql_put_unset(&w);
    cql_params_tail(&w, &q);
    assert_int_equal(cql_end(&w), 0);
    expect(&w, "execute");

    /* The driver never asks to leave out metadata; the specification's flag for it is 2. */
    q.skip_metadata = true;
    cql_params_head(&w, &q, 3);
    assert_memory_equal(w.p, "\0\x0a\x03\0\x03", 5);
    w.len = 0;

    q = (struct cql_params){.consistency = CQL_TWO, .has_timestamp = true, .timestamp_us = 1};
    cql_begin_batch(&w, 8, CQL_UNLOGGED, 2);
    cql_batch_add(&w, id, sizeof id, 1);
    cql_put_bytes(&w, "v", 1);
    cql_put_u8(&w, 0); /* a statement as text, without values */
    cql_put_long_string(&w, select, sizeof select - 1);
    cql_put_u16(&w, 0);
    cql_batch_tail(&w, &q);
    assert_int_equal(cql_end(&w), 0);
    expect(&w, "batch");
    cql_writer_free(&w);
}

static int keep_body(void *ctx, const struct cql_frame *f)
{
    struct cql_str *s = ctx;
    s->s = (const char *)memcpy(malloc(f->length), f->body, f->length);
    s->len = f->length;
    return 0;
}

/* What is compressed on the way out is read back by the decoder; small and random bodies stay
 * plain. */
static void compresses_what_shrinks(void **state)
{
    struct cql_writer w = {.compress_from = 64};
    char text[4000];
    (void)state;
    if (!cql_lz4_built())
        skip();
    memset(text, 'x', sizeof text);
    assert_int_equal(cql_write_prepare(&w, 1, text, 20), 0);
    assert_int_equal(w.p[1], 0);
    size_t first = w.len;
    assert_int_equal(cql_write_prepare(&w, 2, text, sizeof text), 0);
    assert_int_equal(w.p[first + 1], CQL_COMPRESSED);
    assert_true(w.len - first < 200);
    /* As if it were an answer: same frame, other direction and opcode. */
    struct cql_reader r = {.compression = true};
    struct cql_str body = {0};
    w.p[first] = 0x84;
    w.p[first + 4] = CQL_RESULT;
    assert_int_equal(cql_feed(&r, w.p + first, w.len - first, keep_body, &body), CQL_FED);
    assert_int_equal(body.len, sizeof text + 4);
    assert_memory_equal(body.s + 4, text, sizeof text);
    free((void *)(uintptr_t)body.s);
    cql_reader_free(&r);
    uint32_t seed = 1;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)((seed = seed * 1664525u + 1013904223u) >> 24);
    size_t second = w.len;
    assert_int_equal(cql_write_prepare(&w, 3, text, sizeof text), 0);
    assert_int_equal(w.p[second + 1], 0);
    cql_writer_free(&w);
}

/* A frame that does not fit is taken back whole, and the next one is fine. */
static void takes_back_what_does_not_fit(void **state)
{
    struct cql_writer w = {.limit = 8192};
    char text[9000] = {0};
    (void)state;
    assert_int_equal(cql_write_prepare(&w, 1, "SELECT", 6), 0);
    size_t len = w.len;
    assert_int_equal(cql_write_prepare(&w, 2, text, sizeof text), -1);
    assert_int_equal(w.len, len);
    assert_int_equal(cql_write_prepare(&w, 3, "SELECT", 6), 0);
    assert_int_equal(w.len, 2 * len);
    cql_begin(&w, CQL_REGISTER, 4);
    cql_put_string(&w, text, 70000); /* more than a [string] can say */
    assert_int_equal(cql_end(&w), -1);
    assert_int_equal(w.len, 2 * len);
    cql_writer_free(&w);
}

/* Random takes and answers against a plain model: no id is given out twice. */
static void stream_ids_are_never_shared(void **state)
{
    struct cql_streams s = {0};
    static char owners[CQL_STREAMS_MAX];
    static bool taken[CQL_STREAMS_MAX];
    uint32_t used = 0, seed = 7;
    void *owner;
    (void)state;
    for (unsigned step = 0; step < 400000; step++) {
        seed = seed * 1664525u + 1013904223u;
        unsigned what = seed >> 28, id = (seed >> 8) % (step < 200000 ? 300 : CQL_STREAMS_MAX);
        if (what < (step / 50000 % 2 ? 6 : 10)) {
            int got = cql_stream_take(&s, &owners[id]);
            if (used == CQL_STREAMS_MAX) {
                assert_int_equal(got, -1);
                continue;
            }
            assert_in_range(got, 0, CQL_STREAMS_MAX - 1);
            assert_false(taken[got]);
            assert_ptr_equal(s.slot[got].owner, &owners[id]);
            taken[got] = true;
            used++;
        } else {
            enum cql_slot_state was = cql_stream_release(&s, id, &owner);
            assert_int_equal(was, taken[id] ? CQL_OWNED : CQL_FREE);
            assert_true((owner != NULL) == taken[id]);
            used -= taken[id];
            taken[id] = false;
        }
        assert_int_equal(s.used, used);
    }
    cql_streams_free(&s);
    for (unsigned i = 0; i < CQL_STREAMS_MAX; i++)
        assert_int_equal(cql_stream_take(&s, owners), (int)i);
    assert_int_equal(cql_stream_take(&s, owners), -1);
    assert_int_equal(cql_stream_release(&s, 4711, &owner), CQL_OWNED);
    assert_int_equal(cql_stream_take(&s, owners), 4711);
    assert_int_equal(cql_stream_release(&s, 65535, &owner), CQL_FREE);
    cql_streams_free(&s);
}

static void tokens_are_cassandras(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++)
        assert_true(cql_token(tokens[i].key, tokens[i].len) == tokens[i].token);
    assert_true(cql_token("", 0) == INT64_MIN);
}

static void composite_keys(void **state)
{
    uint8_t key[64];
    (void)state;
    size_t n = cql_key_component(key, sizeof key, "ab", 2);
    n += cql_key_component(key + n, sizeof key - n, "\0\0\0\x05", 4);
    assert_int_equal(n, 12);
    assert_memory_equal(key, "\0\2ab\0\0\4\0\0\0\5\0", 12);
    assert_int_equal(cql_key_component(key, 4, "ab", 2), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_as_the_driver),
        cmocka_unit_test(compresses_what_shrinks),
        cmocka_unit_test(takes_back_what_does_not_fit),
        cmocka_unit_test(stream_ids_are_never_shared),
        cmocka_unit_test(tokens_are_cassandras),
        cmocka_unit_test(composite_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
