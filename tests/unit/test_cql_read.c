/* The CQL decoder against recorded answers of a real Cassandra, and another client's reading of
 * them.
 *
 * Each recording is fed whole, split in two at every position, and byte by byte, and must give the
 * very line that the DataStax driver's decoder gave. Then the bytes are damaged: lengths, opcodes,
 * versions, streams, compression. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/cql_recorded.h"
#include "backends/cql/body.h"
#include "backends/cql/in.h"
#include "backends/cql/protocol.h"
#include "backends/cql/read.h"
#include "backends/cql/type.h"
#include "backends/cql/write.h"

#define RECORDED (sizeof recorded / sizeof *recorded)
#define SAYS_MAX 16384

struct say {
    char s[SAYS_MAX];
    size_t len;
    unsigned frames;
};

static void say(struct say *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct say *o, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(o->s + o->len, sizeof o->s - o->len, fmt, args);
    va_end(args);
    assert_true(n >= 0 && o->len + (size_t)n < sizeof o->s);
    o->len += (size_t)n;
}

static void say_str(struct say *o, struct cql_str s)
{
    say(o, "%.*s", (int)s.len, s.s);
}

static void say_hex(struct say *o, struct cql_str s)
{
    say(o, "0x");
    for (uint32_t i = 0; i < s.len; i++)
        say(o, "%02x", (uint8_t)s.s[i]);
}

static void say_type(struct say *o, const struct cql_type *t)
{
    struct cql_in spec = t->spec;
    unsigned parts = 1;
    if (t->id == CQL_CUSTOM && memmem(spec.p, (size_t)(spec.end - spec.p), "DurationType", 12)) {
        say(o, "duration");
        return;
    }
    say(o, "%s", cql_type_name(t->id));
    if (t->id < CQL_LIST)
        return;
    if (t->id == CQL_UDT) {
        cql_get_string(&spec);
        cql_get_string(&spec);
    }
    if (t->id >= CQL_UDT)
        parts = cql_get_u16(&spec);
    else if (t->id == CQL_MAP)
        parts = 2;
    say(o, "<");
    for (unsigned i = 0; i < parts; i++) {
        struct cql_type part;
        if (t->id == CQL_UDT)
            cql_get_string(&spec);
        cql_get_type(&spec, &part);
        if (i)
            say(o, ", ");
        say_type(o, &part);
    }
    say(o, ">");
    assert_false(spec.bad);
}

static void say_columns(struct say *o, struct cql_columns c)
{
    struct cql_column col;
    uint32_t count = c.count, n = 0;
    for (; cql_next_column(&c, &col); n++) {
        say(o, "%s%.*s.%.*s.%.*s ", n ? "; " : "", (int)col.keyspace.len, col.keyspace.s,
            (int)col.table.len, col.table.s, (int)col.name.len, col.name.s);
        say_type(o, &col.type);
    }
    assert_int_equal(n, count);
}

static void say_rows(struct say *o, struct cql_result *r)
{
    char text[8192];
    say(o, "ROWS ");
    say_columns(o, r->columns);
    for (int32_t i = 0; i < r->rows; i++) {
        struct cql_columns c = r->columns;
        struct cql_column col;
        struct cql_str v;
        for (unsigned n = 0; cql_next_column(&c, &col); n++) {
            say(o, n ? " ; " : " | ");
            if (!cql_get_bytes(&r->content, &v)) {
                say(o, "null");
                continue;
            }
            assert_int_equal(cql_value_text(&col.type, &v, text, sizeof text), 0);
            say(o, "%s", text);
        }
    }
    assert_false(r->content.bad);
    if (r->columns.more) {
        say(o, " paging=");
        say_hex(o, r->columns.paging_state);
    }
}

static void say_schema(struct say *o, const struct cql_schema_change *s)
{
    struct cql_in arg = s->arg;
    bool keyspace = s->target.len == 8 && !memcmp(s->target.s, "KEYSPACE", 8);
    say(o, "%.*s %.*s %.*s.", (int)s->change.len, s->change.s, (int)s->target.len, s->target.s,
        (int)s->keyspace.len, s->keyspace.s);
    say_str(o, keyspace ? s->keyspace : s->name);
    if (s->target.len < 8 ||
        (memcmp(s->target.s, "FUNCTION", 8) && memcmp(s->target.s, "AGGREGATE", 8)))
        return;
    say(o, "(");
    for (unsigned i = 0; i < s->args; i++) {
        say(o, i ? ", " : "");
        say_str(o, cql_get_string(&arg));
    }
    say(o, ")");
}

static void say_prepared(struct say *o, struct cql_result *r)
{
    say(o, "PREPARED ");
    say_hex(o, r->id);
    say(o, " bind ");
    say_columns(o, r->bind);
    say(o, " keys [");
    for (uint32_t i = 0; i < r->keys; i++)
        say(o, "%s%u", i ? ", " : "", cql_get_u16(&r->key));
    say(o, "]");
    if (r->columns.has_specs && r->columns.count) {
        say(o, " result ");
        say_columns(o, r->columns);
    }
}

static void say_error(struct say *o, struct cql_in *in)
{
    struct cql_error e;
    assert_int_equal(cql_read_error(in, &e), 0);
    say(o, "ERROR %04x ", e.code);
    say_str(o, e.message);
    switch (e.code) {
    case CQL_E_UNAVAILABLE:
        say(o, " | %u %d %d", e.consistency, e.required, e.alive);
        break;
    case CQL_E_WRITE_TIMEOUT:
    case CQL_E_READ_TIMEOUT:
        say(o, " | %u %d %d", e.consistency, e.received, e.block_for);
        break;
    case CQL_E_READ_FAILURE:
    case CQL_E_WRITE_FAILURE:
        say(o, " | %u %d %d %d", e.consistency, e.received, e.block_for, e.failures);
        break;
    case CQL_E_UNPREPARED:
        say(o, " | ");
        say_hex(o, e.id);
        break;
    case CQL_E_EXISTS:
    case CQL_E_FUNCTION_FAILURE:
        say(o, " | %.*s.%.*s", (int)e.keyspace.len, e.keyspace.s, (int)e.name.len, e.name.s);
        break;
    default:
        break;
    }
    if (e.code == CQL_E_READ_TIMEOUT || e.code == CQL_E_READ_FAILURE)
        say(o, e.data_present ? " data" : " nodata");
    if (e.code == CQL_E_WRITE_TIMEOUT || e.code == CQL_E_WRITE_FAILURE) {
        say(o, " ");
        say_str(o, e.write_type);
    }
}

static void say_result(struct say *o, struct cql_in *in)
{
    struct cql_result r;
    assert_int_equal(cql_read_result(in, &r), 0);
    switch (r.kind) {
    case CQL_VOID:
        say(o, "VOID");
        break;
    case CQL_ROWS:
        say_rows(o, &r);
        break;
    case CQL_SET_KEYSPACE:
        say(o, "KEYSPACE ");
        say_str(o, r.keyspace);
        break;
    case CQL_PREPARED:
        say_prepared(o, &r);
        break;
    default:
        say(o, "SCHEMA ");
        say_schema(o, &r.schema);
    }
}

static void say_event(struct say *o, struct cql_in *in)
{
    struct cql_event e;
    assert_int_equal(cql_read_event(in, &e), 0);
    say(o, "EVENT ");
    say_str(o, e.type);
    if (e.change.len) {
        say(o, " %.*s %s:%u", (int)e.change.len, e.change.s, e.address, e.port);
    } else {
        say(o, " ");
        say_schema(o, &e.schema);
    }
}

static void say_trace(struct say *o, const uint8_t *id)
{
    const struct cql_type uuid = {.id = CQL_UUID};
    struct cql_str v = {(const char *)id, 16};
    char text[40];
    assert_int_equal(cql_value_text(&uuid, &v, text, sizeof text), 0);
    say(o, " trace=%s", text);
}

static int each(void *ctx, const struct cql_frame *f)
{
    struct say *o = ctx;
    struct cql_body b;
    struct cql_str v;
    o->frames++;
    assert_int_equal(f->version, 4);
    assert_int_equal(cql_open_body(f, &b), 0);
    say(o, "%d ", f->stream);
    switch (f->opcode) {
    case CQL_ERROR:
        say_error(o, &b.in);
        break;
    case CQL_READY:
        say(o, "READY");
        break;
    case CQL_AUTHENTICATE:
        say(o, "AUTHENTICATE ");
        say_str(o, cql_get_string(&b.in));
        break;
    case CQL_AUTH_CHALLENGE:
    case CQL_AUTH_SUCCESS:
        say(o, f->opcode == CQL_AUTH_SUCCESS ? "SUCCESS " : "CHALLENGE ");
        if (cql_get_bytes(&b.in, &v))
            say_hex(o, v);
        /* the driver does not tell a null token from an empty one */
        else
            say(o, "0x");
        break;
    case CQL_SUPPORTED:
        say(o, "SUPPORTED 3.4.7 in CQL_VERSION: %s, lz4 in COMPRESSION: %s",
            cql_supports(b.in, "CQL_VERSION", "3.4.7") ? "yes" : "no",
            cql_supports(b.in, "COMPRESSION", "lz4") ? "yes" : "no");
        assert_true(cql_supports(b.in, "COMPRESSION", NULL));
        assert_false(cql_supports(b.in, "COMPRESSION", "zip"));
        assert_false(cql_supports(b.in, "NOTHING", NULL));
        break;
    case CQL_RESULT:
        say_result(o, &b.in);
        break;
    default:
        say_event(o, &b.in);
    }
    for (unsigned i = 0; i < b.warnings; i++) {
        say(o, " warning=");
        say_str(o, cql_get_string(&b.warning));
    }
    assert_false(b.warning.bad);
    if (b.trace_id)
        say_trace(o, b.trace_id);
    return 0;
}

/* Bytes on the heap in exactly their size, so that a sanitizer sees a read past the end. */
static enum cql_feed feed_exact(struct cql_reader *r, const unsigned char *bytes, size_t len,
                                struct say *o)
{
    unsigned char *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    if (len)
        memcpy(copy, bytes, len);
    enum cql_feed result = cql_feed(r, copy, len, each, o);
    free(copy);
    return result;
}

static void expect(const struct recorded *v, const struct say *o)
{
    assert_int_equal(o->frames, 1);
    if (strcmp(o->s, v->says))
        print_error("%s:\n  driver: %s\n  ours:   %s\n", v->name, v->says, o->s);
    assert_string_equal(o->s, v->says);
}

static bool usable(const struct recorded *v)
{
    return cql_lz4_built() || !(v->bytes[1] & CQL_COMPRESSED);
}

static void reads_every_recording(void **state)
{
    static struct say o;
    unsigned opcodes = 0;
    (void)state;
    for (size_t i = 0; i < RECORDED; i++) {
        struct cql_reader r = {.compression = true};
        if (!usable(&recorded[i]))
            continue;
        o = (struct say){0};
        assert_int_equal(feed_exact(&r, recorded[i].bytes, recorded[i].len, &o), CQL_FED);
        expect(&recorded[i], &o);
        opcodes |= 1u << recorded[i].bytes[4];
        assert_true(r.settled);
        cql_reader_free(&r);
    }
    /* Every opcode that a server sends was among them. */
    assert_int_equal(opcodes, 1u << CQL_ERROR | 1u << CQL_READY | 1u << CQL_AUTHENTICATE |
                                  1u << CQL_SUPPORTED | 1u << CQL_RESULT | 1u << CQL_EVENT |
                                  1u << CQL_AUTH_CHALLENGE | 1u << CQL_AUTH_SUCCESS);
}

static void reads_every_split(void **state)
{
    static struct say o;
    (void)state;
    for (size_t i = 0; i < RECORDED; i++) {
        struct cql_reader r = {.compression = true};
        if (!usable(&recorded[i]))
            continue;
        for (unsigned at = 1; at < recorded[i].len; at++) {
            o.len = o.frames = 0;
            assert_int_equal(feed_exact(&r, recorded[i].bytes, at, &o), CQL_FED);
            assert_int_equal(o.frames, 0);
            assert_int_equal(feed_exact(&r, recorded[i].bytes + at, recorded[i].len - at, &o),
                             CQL_FED);
            expect(&recorded[i], &o);
        }
        o.len = o.frames = 0;
        for (unsigned at = 0; at < recorded[i].len; at++)
            assert_int_equal(feed_exact(&r, recorded[i].bytes + at, 1, &o), CQL_FED);
        expect(&recorded[i], &o);
        cql_reader_free(&r);
    }
}

static int count(void *ctx, const struct cql_frame *f)
{
    (void)f;
    ++*(unsigned *)ctx;
    return 0;
}

/* All recordings in a row, in pieces of many sizes: none is lost and none comes twice. */
static void reads_a_stream_in_pieces(void **state)
{
    size_t len = 0;
    unsigned frames = 0;
    (void)state;
    for (size_t i = 0; i < RECORDED; i++)
        len += usable(&recorded[i]) ? recorded[i].len : 0;
    unsigned char *all = malloc(len), *at = all;
    assert_non_null(all);
    for (size_t i = 0; i < RECORDED; i++) {
        if (!usable(&recorded[i]))
            continue;
        memcpy(at, recorded[i].bytes, recorded[i].len);
        at += recorded[i].len;
        frames++;
    }
    for (size_t piece = 1; piece < 4000; piece += piece < 40 ? 1 : 97) {
        struct cql_reader r = {.compression = true};
        unsigned seen = 0;
        for (size_t done = 0; done < len; done += piece)
            assert_int_equal(
                cql_feed(&r, all + done, len - done < piece ? len - done : piece, count, &seen),
                CQL_FED);
        assert_int_equal(seen, frames);
        assert_int_equal(r.used, 0);
        cql_reader_free(&r);
    }
    free(all);
}

/* Whatever is cut off or changed in a body, the decoders end and never read outside it. */
static int survive(void *ctx, const struct cql_frame *f)
{
    struct cql_body b;
    struct cql_result res;
    struct cql_error e;
    struct cql_event ev;
    char text[256];
    (void)ctx;
    if (cql_open_body(f, &b) < 0)
        return 0;
    struct cql_in in = b.in;
    if (cql_read_result(&in, &res) == 0 && res.kind == CQL_ROWS) {
        for (int32_t i = 0; i < res.rows; i++) {
            struct cql_columns c = res.columns;
            struct cql_column col;
            struct cql_str v;
            while (cql_next_column(&c, &col))
                if (cql_get_bytes(&res.content, &v))
                    cql_value_text(&col.type, &v, text, sizeof text);
        }
        assert_false(res.content.bad && res.columns.has_specs);
    }
    in = b.in;
    if (cql_read_error(&in, &e) == 0)
        cql_error_text(&e, text, sizeof text);
    in = b.in;
    cql_read_event(&in, &ev);
    cql_supports(b.in, "COMPRESSION", "lz4");
    cql_version_refusal(f, text, sizeof text);
    return 0;
}

static void survives_damage(void **state)
{
    (void)state;
    for (size_t i = 0; i < RECORDED; i++) {
        unsigned len = recorded[i].len;
        unsigned char *copy = malloc(len);
        assert_non_null(copy);
        for (unsigned at = 0; at < len; at++) {
            static const unsigned char flips[] = {0x01, 0x80, 0xff};
            for (unsigned k = 0; k < 3; k++) {
                struct cql_reader r = {.compression = true, .body_max = 1 << 16};
                memcpy(copy, recorded[i].bytes, len);
                copy[at] ^= flips[k];
                cql_feed(&r, copy, len, survive, NULL);
                cql_reader_free(&r);
            }
            if (at < CQL_HEADER)
                continue;
            /* Cut, with a length that says so. */
            struct cql_reader r = {.compression = true};
            unsigned char *cut = malloc(at);
            assert_non_null(cut);
            memcpy(cut, recorded[i].bytes, at);
            cql_set32(cut + 5, at - CQL_HEADER);
            cql_feed(&r, cut, at, survive, NULL);
            cql_reader_free(&r);
            free(cut);
        }
        free(copy);
    }
}

static enum cql_feed feed_one(struct cql_reader *r, const unsigned char *bytes, size_t len)
{
    unsigned seen = 0;
    return cql_feed(r, bytes, len, count, &seen);
}

static void refuse(const unsigned char *bytes, size_t len, const char *why)
{
    struct cql_reader r = {.body_max = 1 << 20};
    assert_int_equal(feed_one(&r, bytes, len), CQL_BAD);
    if (!strstr(r.why, why))
        print_error("expected '%s' in '%s'\n", why, r.why);
    assert_non_null(strstr(r.why, why));
    cql_reader_free(&r);
    /* Judged byte by byte too, and no later than the header. */
    for (size_t i = 0; i < len; i++)
        if (feed_one(&r, bytes + i, 1) == CQL_BAD)
            break;
    assert_non_null(strstr(r.why, why));
    assert_true(r.room <= 512);
    cql_reader_free(&r);
}

static void refuses_what_is_no_answer(void **state)
{
    static const unsigned char http[] = "HTTP/1.1 400 Bad Request\r\n";
    static const unsigned char request[] = {0x04, 0, 0, 1, 0x07, 0, 0, 0, 0};
    static const unsigned char opcode[] = {0x84, 0, 0, 1, 0x07, 0, 0, 0, 0};
    static const unsigned char unknown[] = {0x84, 0, 0, 1, 0x55, 0, 0, 0, 0};
    static const unsigned char large[] = {0x84, 0, 0, 1, 0x08, 0x10, 0, 0, 0};
    static const unsigned char negative[] = {0x84, 0, 0, 1, 0x08, 0xff, 0xff, 0xff, 0xff};
    static const unsigned char stream[] = {0x84, 0, 0x80, 0, 0x08, 0, 0, 0, 4, 0, 0, 0, 1};
    static const unsigned char asked_event[] = {0x84, 0, 0, 7, 0x0C, 0, 0, 0, 0};
    static const unsigned char unasked[] = {0x84, 0, 0xff, 0xff, 0x08, 0, 0, 0, 4, 0, 0, 0, 1};
    static const unsigned char packed[] = {0x84, 1, 0, 1, 0x08, 0, 0, 0, 4, 0, 0, 0, 1};
    (void)state;
    refuse(http, sizeof http - 1, "0x48");
    refuse(request, sizeof request, "0x04");
    refuse(opcode, sizeof opcode, "0x07 (QUERY)");
    refuse(unknown, sizeof unknown, "0x55");
    refuse(large, sizeof large, "268435456 bytes");
    refuse(negative, sizeof negative, "4294967295 bytes");
    refuse(stream, sizeof stream, "stream -32768");
    refuse(asked_event, sizeof asked_event, "EVENT on stream 7");
    refuse(unasked, sizeof unasked, "RESULT on stream -1");
    refuse(packed, sizeof packed, "not agreed");
}

static void refuses_bombs(void **state)
{
    /* Claims: 4 GiB - 1; over the limit; more than LZ4 can reach; a wrong length; garbage; too
     * short. */
    static const unsigned char most[] = {0x84, 1,    0,    1,    8, 0, 0, 0, 8,
                                         0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4};
    static const unsigned char over[] = {0x84, 1, 0, 1, 8, 0, 0, 0, 8, 0, 0x10, 0, 1, 1, 2, 3, 4};
    static const unsigned char ratio[] = {0x84, 1, 0,    1,    8, 0, 0, 0, 8,
                                          0,    0, 0x3f, 0xff, 1, 2, 3, 4};
    static const unsigned char wrong[] = {0x84, 1, 0, 1, 8,    0, 0, 0, 9,
                                          0,    0, 0, 9, 0x40, 0, 0, 0, 1};
    static const unsigned char junk[] = {0x84, 1, 0, 1, 8,    0,    0,    0,   8,
                                         0,    0, 0, 4, 0xff, 0xff, 0xff, 0xff};
    static const unsigned char tiny[] = {0x84, 1, 0, 1, 8, 0, 0, 0, 3, 0, 0, 0};
    static const unsigned char right[] = {0x84, 1, 0, 1, 8,    0, 0, 0, 9,
                                          0,    0, 0, 4, 0x40, 0, 0, 0, 1};
    static const struct {
        const unsigned char *bytes;
        size_t len;
    } bad[] = {{most, sizeof most},   {over, sizeof over}, {ratio, sizeof ratio},
               {wrong, sizeof wrong}, {junk, sizeof junk}, {tiny, sizeof tiny}};
    (void)state;
    if (!cql_lz4_built())
        skip();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct cql_reader r = {.compression = true, .body_max = 1 << 20};
        assert_int_equal(feed_one(&r, bad[i].bytes, bad[i].len), CQL_BAD);
        assert_non_null(strstr(r.why, "compressed frame") ? r.why : strstr(r.why, "unpacks to"));
        assert_true(r.plain_room <= 4096);
        cql_reader_free(&r);
    }
    struct cql_reader r = {.compression = true};
    unsigned seen = 0;
    assert_int_equal(cql_feed(&r, right, sizeof right, count, &seen), CQL_FED);
    assert_int_equal(seen, 1);
    cql_reader_free(&r);
}

/* A header that promises much costs nothing until its bytes come. */
static void memory_follows_what_arrived(void **state)
{
    static const unsigned char head[] = {0x84, 0, 0, 1, 8, 0, 0xff, 0, 0};
    struct cql_reader r = {0};
    unsigned char *piece = calloc(1, 65536);
    unsigned seen = 0;
    size_t left = 0xff0000;
    (void)state;
    assert_non_null(piece);
    assert_int_equal(cql_feed(&r, head, sizeof head, count, &seen), CQL_FED);
    assert_true(r.room <= 512);
    assert_int_equal(cql_feed(&r, piece, 1000, count, &seen), CQL_FED);
    assert_true(r.room <= 4096);
    for (left -= 1000; left; left -= left < 65536 ? left : 65536)
        assert_int_equal(cql_feed(&r, piece, left < 65536 ? left : 65536, count, &seen), CQL_FED);
    assert_int_equal(seen, 1);
    assert_true(r.room <= 65536); /* and a large one is given back */
    cql_reader_free(&r);
    free(piece);
}

static int keep_refusal(void *ctx, const struct cql_frame *f)
{
    cql_version_refusal(f, ctx, 256);
    return 1;
}

static void names_the_version_of_others(void **state)
{
    /* Cassandra 2.1 answers a v4 STARTUP in v3; 2.0 in v2 with its shorter header; a future one
     * with ERROR. */
    static const char message[] =
        "Invalid or unsupported protocol version (4); the lowest supported version is 5";
    static const unsigned char head[] = {0x83, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0a};
    unsigned char frame[160], v2[] = {0x82, 0, 0xff, 0x06, 0, 0, 0, 2, 0, 0};
    struct cql_reader r = {0};
    char text[256] = "";
    size_t n = strlen(message);
    (void)state;
    memcpy(frame, head, sizeof head);
    cql_set16(frame + 13, (unsigned)n);
    for (size_t i = 0; i < n; i++)
        frame[15 + i] = (unsigned char)message[i];
    cql_set32(frame + 5, (uint32_t)n + 6);
    assert_int_equal(cql_feed(&r, frame, n + 15, keep_refusal, text), CQL_STOPPED);
    assert_non_null(strstr(text, "Cassandra 2.2"));
    assert_non_null(strstr(text, "lowest supported version is 5"));
    cql_reader_free(&r);
    v2[3] = CQL_READY;
    /* -1 is for errors and events */
    assert_int_equal(cql_feed(&r, v2, sizeof v2, keep_refusal, text), CQL_BAD);
    v2[2] = 0;
    r = (struct cql_reader){0};
    assert_int_equal(cql_feed(&r, v2, sizeof v2, keep_refusal, text), CQL_STOPPED);
    assert_non_null(strstr(text, "protocol v2"));
    cql_reader_free(&r);
    /* Once v4 was spoken, no other version is taken. */
    unsigned seen = 0;
    static const unsigned char ready[] = {0x84, 0, 0, 0, 2, 0, 0, 0, 0};
    assert_int_equal(cql_feed(&r, ready, sizeof ready, count, &seen), CQL_FED);
    assert_int_equal(cql_feed(&r, frame, n + 15, count, &seen), CQL_BAD);
    assert_non_null(strstr(r.why, "v3"));
    cql_reader_free(&r);
}

static void refuses_values_of_wrong_length(void **state)
{
    static const struct {
        uint16_t id;
        uint32_t right;
    } sizes[] = {{CQL_BIGINT, 8},    {CQL_BOOLEAN, 1}, {CQL_COUNTER, 8}, {CQL_DOUBLE, 8},
                 {CQL_FLOAT, 4},     {CQL_INT, 4},     {CQL_UUID, 16},   {CQL_TIMESTAMP, 8},
                 {CQL_SMALLINT, 2},  {CQL_TINYINT, 1}, {CQL_DATE, 4},    {CQL_TIME, 8},
                 {CQL_TIMEUUID, 16}, {CQL_INET, 4}};
    static const char zeros[32];
    char text[64];
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (uint32_t len = 0; len <= 17; len++) {
            const struct cql_type t = {.id = sizes[i].id};
            struct cql_str v = {zeros, len};
            bool right = len == sizes[i].right || (sizes[i].id == CQL_INET && len == 16);
            assert_int_equal(cql_value_text(&t, &v, text, sizeof text), right ? 0 : -1);
        }
    const struct cql_type time = {.id = CQL_TIME};
    struct cql_str late = {"\x7f\xff\xff\xff\xff\xff\xff\xff", 8};
    assert_int_equal(cql_value_text(&time, &late, text, sizeof text), -1);
    /* A list that says it has 2^31 - 1 elements in four bytes. */
    const uint8_t spec[] = {0, CQL_INT};
    const struct cql_type list = {.id = CQL_LIST, .spec = {.p = spec, .end = spec + 2}};
    struct cql_str many = {"\x7f\xff\xff\xff\0\0\0\0", 8};
    assert_int_equal(cql_value_text(&list, &many, text, sizeof text), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_recording),
        cmocka_unit_test(reads_every_split),
        cmocka_unit_test(reads_a_stream_in_pieces),
        cmocka_unit_test(survives_damage),
        cmocka_unit_test(refuses_what_is_no_answer),
        cmocka_unit_test(refuses_bombs),
        cmocka_unit_test(memory_follows_what_arrived),
        cmocka_unit_test(names_the_version_of_others),
        cmocka_unit_test(refuses_values_of_wrong_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
