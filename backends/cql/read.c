/* Frames out of a stream of bytes.
 *
 * Complete frames are passed on in the caller's buffer without copying; only the beginning of an
 * incomplete frame is copied and buffered. A header is checked as soon as its nine bytes have
 * arrived, before memory is used for its body. The buffer doubles with the received bytes, so a
 * header that announces 256 MiB costs nothing until they arrive; the size of a compressed body is
 * checked against LZ4's maximum ratio before memory is allocated. */
#include "backends/cql/read.h"

#include "backends/cql/in.h"
#include "backends/cql/protocol.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef LOADTOP_HAVE_LZ4
#include <lz4.h>
#endif

#define BODY_MAX_DEFAULT (16u << 20)
#define KEEP (64u << 10) /* a buffer up to this size is kept for the next frame */
#define LZ4_RATIO 255u   /* an LZ4 block never expands further */
/* header size in protocol versions 1 and 2, where the stream has one byte */
#define HEADER_OLD 8
#define RESPONSE 0x80u

bool cql_lz4_built(void)
{
#ifdef LOADTOP_HAVE_LZ4
    return true;
#else
    return false;
#endif
}

static bool is_answer(unsigned opcode)
{
    switch (opcode) {
    case CQL_ERROR:
    case CQL_READY:
    case CQL_AUTHENTICATE:
    case CQL_SUPPORTED:
    case CQL_RESULT:
    case CQL_EVENT:
    case CQL_AUTH_CHALLENGE:
    case CQL_AUTH_SUCCESS:
        return true;
    default:
        return false;
    }
}

static int bad(struct cql_reader *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int bad(struct cql_reader *r, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(r->why, sizeof r->why, fmt, args);
    va_end(args);
    return -1;
}

static uint32_t body_max(const struct cql_reader *r)
{
    return r->body_max ? r->body_max : BODY_MAX_DEFAULT;
}

/* Bytes of the header, by its first byte. */
static uint32_t header_size(const uint8_t *p)
{
    return (p[0] & 0x7Fu) < 3 ? HEADER_OLD : CQL_HEADER;
}

/* Checks a complete header; fills the frame except for its body. */
static int read_header(struct cql_reader *r, const uint8_t *p, struct cql_frame *f)
{
    unsigned version = p[0] & 0x7Fu;
    if (!(p[0] & RESPONSE) || version < 1 || version > 6)
        return bad(r, "byte 0x%02x where an answer of the native protocol begins", p[0]);
    if (r->settled && version != 4)
        return bad(r, "an answer of protocol v%u on a connection of v4", version);
    f->version = (uint8_t)version;
    f->flags = p[1];
    if (version < 3) {
        f->stream = (int16_t)(p[2] < 128 ? p[2] : p[2] - 256);
        f->opcode = p[3];
        f->length = cql_be32(p + 4);
    } else {
        f->stream = (int16_t)cql_be16(p + 2);
        f->opcode = p[4];
        f->length = cql_be32(p + 5);
    }
    if (!is_answer(f->opcode))
        return bad(r, "opcode 0x%02x (%s) is no answer", f->opcode, cql_opcode_name(f->opcode));
    if (f->length > body_max(r))
        return bad(r, "a frame of %u bytes, more than the %u allowed", f->length, body_max(r));
    if (f->stream < -1 || (f->stream == -1) != (f->opcode == CQL_EVENT)) {
        /* A server that could not read a request answers ERROR on stream 0 or -1. */
        if (f->opcode != CQL_ERROR || f->stream < -1)
            return bad(r, "%s on stream %d", cql_opcode_name(f->opcode), f->stream);
    }
    if ((f->flags & CQL_COMPRESSED) && version == 4 && !r->compression)
        return bad(r, "a compressed frame although compression was not agreed on");
    return 0;
}

static int grow(uint8_t **p, uint32_t *room, uint32_t need)
{
    if (need <= *room)
        return 0;
    uint32_t size = *room ? *room : 512;
    while (size < need)
        size = size > UINT32_MAX / 2 ? need : size * 2;
    uint8_t *q = realloc(*p, size);
    if (!q)
        return -1;
    *p = q;
    *room = size;
    return 0;
}

static void shrink(uint8_t **p, uint32_t *room)
{
    if (*room > KEEP) {
        free(*p);
        *p = NULL;
        *room = 0;
    }
}

static int decompress(struct cql_reader *r, struct cql_frame *f)
{
#ifdef LOADTOP_HAVE_LZ4
    if (f->length < 4)
        return bad(r, "a compressed frame of %u bytes", f->length);
    uint32_t raw = cql_be32(f->body), packed = f->length - 4;
    if (raw > body_max(r))
        return bad(r, "a frame that unpacks to %u bytes, more than the %u allowed", raw,
                   body_max(r));
    if (raw > (uint64_t)packed * LZ4_RATIO)
        return bad(r, "a compressed frame that claims to unpack %u bytes to %u", packed, raw);
    if (grow(&r->plain, &r->plain_room, raw ? raw : 1) < 0)
        return bad(r, "no memory to unpack a frame of %u bytes", raw);
    int n = raw ? LZ4_decompress_safe((const char *)f->body + 4, (char *)r->plain, (int)packed,
                                      (int)raw)
                : 0;
    if (n < 0 || (uint32_t)n != raw)
        return bad(r, "a compressed frame that does not unpack to its %u bytes", raw);
    f->body = r->plain;
    f->length = raw;
    return 0;
#else
    (void)f;
    return bad(r, "a compressed frame: lz4 is not built in");
#endif
}

/* Passes the complete frame at p to `each`. 0; 1: `each` stopped, and the reader may be freed; -1:
 * bad frame. */
static int deliver(struct cql_reader *r, struct cql_frame *f, const uint8_t *p,
                   int (*each)(void *ctx, const struct cql_frame *), void *ctx)
{
    f->body = p + (f->version < 3 ? HEADER_OLD : CQL_HEADER);
    if (f->version == 4) {
        r->settled = true;
        if ((f->flags & CQL_COMPRESSED) && decompress(r, f) < 0)
            return -1;
    }
    if (each(ctx, f))
        return 1;
    shrink(&r->plain, &r->plain_room);
    return 0;
}

/* Buffers more bytes of an incomplete frame, until `upto` bytes are held. Returns how many it took,
 * or -1. */
static int64_t hold(struct cql_reader *r, const uint8_t *bytes, size_t len, uint32_t upto)
{
    uint32_t n = upto > r->used ? upto - r->used : 0;
    if (len < n)
        n = (uint32_t)len;
    if (n == 0)
        return 0;
    if (grow(&r->partial, &r->room, r->used + n) < 0)
        return bad(r, "no memory to hold a frame of %u bytes", upto);
    memcpy(r->partial + r->used, bytes, n);
    r->used += n;
    return n;
}

/* Completes the buffered frame with the new bytes. Returns how many bytes it took; -1: bad; -2:
 * `each` stopped. */
static int64_t feed_partial(struct cql_reader *r, const uint8_t *bytes, size_t len,
                            int (*each)(void *ctx, const struct cql_frame *), void *ctx)
{
    struct cql_frame f = {0};
    int64_t taken = hold(r, bytes, len, r->used < 1 ? 1 : header_size(r->partial));
    if (taken < 0)
        return -1;
    uint32_t header = header_size(r->partial);
    if (taken < (int64_t)len && r->used < header) {
        int64_t n = hold(r, bytes + taken, len - (size_t)taken, header);
        if (n < 0)
            return -1;
        taken += n;
    }
    if (r->used < header)
        return taken;
    if (read_header(r, r->partial, &f) < 0)
        return -1;
    int64_t n = hold(r, bytes + taken, len - (size_t)taken, header + f.length);
    if (n < 0)
        return -1;
    taken += n;
    if (r->used < header + f.length)
        return taken;
    r->used = 0;
    int e = deliver(r, &f, r->partial, each, ctx);
    if (e)
        return e < 0 ? -1 : -2;
    shrink(&r->partial, &r->room);
    return taken;
}

enum cql_feed cql_feed(struct cql_reader *r, const uint8_t *bytes, size_t len,
                       int (*each)(void *ctx, const struct cql_frame *), void *ctx)
{
    while (len > 0) {
        struct cql_frame f = {0};
        size_t taken;
        if (r->used > 0 || len < header_size(bytes)) {
            int64_t n = feed_partial(r, bytes, len, each, ctx);
            if (n < 0)
                return n == -1 ? CQL_BAD : CQL_STOPPED;
            taken = (size_t)n;
        } else {
            if (read_header(r, bytes, &f) < 0)
                return CQL_BAD;
            taken = (size_t)header_size(bytes) + f.length;
            if (taken > len) {
                if (hold(r, bytes, len, (uint32_t)taken) < 0)
                    return CQL_BAD;
                return CQL_FED;
            }
            int e = deliver(r, &f, bytes, each, ctx);
            if (e)
                return e < 0 ? CQL_BAD : CQL_STOPPED;
        }
        bytes += taken;
        len -= taken;
    }
    return CQL_FED;
}

void cql_reader_free(struct cql_reader *r)
{
    free(r->partial);
    free(r->plain);
    r->partial = r->plain = NULL;
    r->used = r->room = r->plain_room = 0;
    r->settled = r->compression = false;
}
