/* Fuzzes the CQL decoder: any bytes, in pieces of any size, through every reader of a body.
 *
 * Besides memory errors it looks for a difference: the same bytes in one piece and in many must
 * give the same frames, and a decoder must give the same verdict and the same text on both. Input:
 * one byte of settings, one of piece size, the stream. */

#include "backends/cql/body.h"
#include "backends/cql/in.h"
#include "backends/cql/read.h"
#include "backends/cql/type.h"

#include <stdlib.h>

struct digest {
    uint64_t sum;
    unsigned frames;
};

static void mix(struct digest *d, uint64_t v)
{
    d->sum = (d->sum ^ v) * UINT64_C(0x100000001b3);
}

static void mix_text(struct digest *d, const char *s)
{
    for (; *s; s++)
        mix(d, (uint8_t)*s);
}

static void read_rows(struct digest *d, struct cql_result *r)
{
    char text[200];
    for (int32_t i = 0; i < r->rows && i < 64; i++) {
        struct cql_columns c = r->columns;
        struct cql_column col;
        struct cql_str v;
        while (cql_next_column(&c, &col)) {
            bool set = cql_get_bytes(&r->content, &v);
            mix(d, set);
            if (!set)
                continue;
            mix(d, cql_value_text(&col.type, &v, text, sizeof text) == 0);
            mix_text(d, text);
        }
    }
}

static int each(void *ctx, const struct cql_frame *f)
{
    struct digest *d = ctx;
    struct cql_body b;
    struct cql_result r;
    struct cql_error e;
    struct cql_event ev;
    char text[300];

    d->frames++;
    mix(d, f->opcode);
    mix(d, (uint16_t)f->stream);
    mix(d, f->length);
    for (uint32_t i = 0; i < f->length; i++)
        mix(d, f->body[i]);
    mix_text(d, cql_version_refusal(f, text, sizeof text));
    if (cql_open_body(f, &b) < 0)
        return 0;
    for (unsigned i = 0; i < b.warnings; i++)
        mix(d, cql_get_string(&b.warning).len);
    /* open_body has vouched for them */
    if (b.warning.bad)
        abort();
    struct cql_in in = b.in;
    if (cql_read_result(&in, &r) == 0 && r.kind == CQL_ROWS)
        read_rows(d, &r);
    in = b.in;
    if (cql_read_error(&in, &e) == 0) {
        mix_text(d, cql_error_class(e.code));
        mix_text(d, cql_error_text(&e, text, sizeof text));
    }
    in = b.in;
    if (cql_read_event(&in, &ev) == 0)
        mix_text(d, ev.address);
    mix(d, cql_supports(b.in, "COMPRESSION", "lz4"));
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct digest whole = {0}, split = {0};

    if (size < 2)
        return 0;
    struct cql_reader a = {.body_max = 1u << 16, .compression = data[0] & 1};
    struct cql_reader b = a;
    size_t piece = data[1] ? data[1] : 1;
    enum cql_feed at_once = cql_feed(&a, data + 2, size - 2, each, &whole), in_pieces = CQL_FED;
    for (size_t at = 2; at < size && in_pieces == CQL_FED; at += piece)
        in_pieces = cql_feed(&b, data + at, size - at < piece ? size - at : piece, each, &split);
    if (at_once != in_pieces || whole.frames != split.frames || whole.sum != split.sum)
        abort();
    if (at_once == CQL_FED && a.used != b.used)
        abort();
    cql_reader_free(&a);
    cql_reader_free(&b);
    return 0;
}
