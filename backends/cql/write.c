/* Requests of the native protocol, appended to one buffer.
 *
 * A frame is begun, filled and ended. Only at the end is its length known and written, and its body
 * compressed. If the buffer runs out of room, this is recorded and reported once, by cql_end, which
 * removes the whole frame: the buffer never holds half a request. */
#include "backends/cql/write.h"

#include <stdlib.h>

#ifdef LOADTOP_HAVE_LZ4
#include <lz4.h>
#endif

#define LIMIT_DEFAULT ((size_t)64 << 20)
#define ROOM_FIRST 4096u

int cql_writer_grow(struct cql_writer *w, size_t more)
{
    size_t limit = w->limit ? w->limit : LIMIT_DEFAULT, room = w->room ? w->room : ROOM_FIRST;
    if (w->len > limit || more > limit - w->len) {
        w->failed = true;
        return -1;
    }
    while (room < w->len + more)
        room *= 2;
    uint8_t *p = realloc(w->p, room);
    if (!p) {
        w->failed = true;
        return -1;
    }
    w->p = p;
    w->room = room;
    return 0;
}

void cql_writer_free(struct cql_writer *w)
{
    free(w->p);
    free(w->scratch);
    free(w->lz4_state);
    w->p = w->scratch = NULL;
    w->lz4_state = NULL;
    w->len = w->room = w->sent = w->frame = w->scratch_room = 0;
    w->failed = false;
    w->compress_from = 0;
}

void cql_put_u8(struct cql_writer *w, unsigned v)
{
    uint8_t *p = cql_reserve(w, 1);
    if (p)
        *p = (uint8_t)v;
}

void cql_put_u16(struct cql_writer *w, unsigned v)
{
    uint8_t *p = cql_reserve(w, 2);
    if (p)
        cql_set16(p, v);
}

void cql_put_u32(struct cql_writer *w, uint32_t v)
{
    uint8_t *p = cql_reserve(w, 4);
    if (p)
        cql_set32(p, v);
}

void cql_put_u64(struct cql_writer *w, uint64_t v)
{
    uint8_t *p = cql_reserve(w, 8);
    if (p)
        cql_set64(p, v);
}

static void put(struct cql_writer *w, const void *s, size_t len)
{
    uint8_t *p = cql_reserve(w, len);
    if (p && len)
        memcpy(p, s, len);
}

void cql_put_string(struct cql_writer *w, const char *s, size_t len)
{
    if (len > UINT16_MAX) {
        w->failed = true;
        return;
    }
    cql_put_u16(w, (unsigned)len);
    put(w, s, len);
}

void cql_put_short_bytes(struct cql_writer *w, const void *s, size_t len)
{
    cql_put_string(w, s, len);
}

void cql_put_bytes(struct cql_writer *w, const void *s, size_t len)
{
    if (len > INT32_MAX) {
        w->failed = true;
        return;
    }
    cql_put_u32(w, (uint32_t)len);
    put(w, s, len);
}

void cql_put_long_string(struct cql_writer *w, const char *s, size_t len)
{
    cql_put_bytes(w, s, len);
}

void cql_put_unset(struct cql_writer *w)
{
    cql_put_u32(w, UINT32_MAX - 1);
}

void cql_begin(struct cql_writer *w, enum cql_opcode opcode, unsigned stream)
{
    w->failed = false;
    w->frame = w->len;
    uint8_t *p = cql_reserve(w, CQL_HEADER);
    if (!p)
        return;
    p[0] = 4;
    p[1] = 0;
    cql_set16(p + 2, stream);
    p[4] = (uint8_t)opcode;
}

/* Replaces the body by its compressed form if that is shorter. If compression fails the body is
 * left plain; a flag in each frame tells which it is. */
static void compress_body(struct cql_writer *w)
{
#ifdef LOADTOP_HAVE_LZ4
    size_t body = w->len - w->frame - CQL_HEADER;
    if (body > LZ4_MAX_INPUT_SIZE)
        return;
    size_t need = (size_t)LZ4_compressBound((int)body);
    if (!w->lz4_state && !(w->lz4_state = malloc((size_t)LZ4_sizeofState())))
        return;
    if (w->scratch_room < need) {
        uint8_t *p = realloc(w->scratch, need);
        if (!p)
            return;
        w->scratch = p;
        w->scratch_room = need;
    }
    uint8_t *at = w->p + w->frame;
    int n = LZ4_compress_fast_extState(w->lz4_state, (const char *)at + CQL_HEADER,
                                       (char *)w->scratch, (int)body, (int)w->scratch_room, 1);
    if (n <= 0 || (size_t)n + 4 >= body)
        return;
    cql_set32(at + CQL_HEADER, (uint32_t)body);
    memcpy(at + CQL_HEADER + 4, w->scratch, (size_t)n);
    w->len = w->frame + CQL_HEADER + 4 + (size_t)n;
    at[1] |= CQL_COMPRESSED;
#else
    (void)w;
#endif
}

int cql_end(struct cql_writer *w)
{
    if (w->failed || w->len - w->frame - CQL_HEADER > CQL_BODY_MAX) {
        w->len = w->frame;
        w->failed = false;
        return -1;
    }
    if (w->compress_from && w->len - w->frame - CQL_HEADER >= w->compress_from &&
        w->p[w->frame + 4] != CQL_STARTUP)
        compress_body(w);
    cql_set32(w->p + w->frame + 5, (uint32_t)(w->len - w->frame - CQL_HEADER));
    return 0;
}

enum param_flag {
    VALUES = 1,
    SKIP_METADATA = 2,
    PAGE_SIZE = 4,
    PAGING_STATE = 8,
    SERIAL = 16,
    TIMESTAMP = 32
};

static unsigned param_flags(const struct cql_params *q, unsigned values)
{
    return (values ? VALUES : 0u) | (q->skip_metadata ? SKIP_METADATA : 0u) |
           (q->page_size ? PAGE_SIZE : 0u) | (q->paging_state.len ? PAGING_STATE : 0u) |
           (q->serial ? SERIAL : 0u) | (q->has_timestamp ? TIMESTAMP : 0u);
}

void cql_params_head(struct cql_writer *w, const struct cql_params *q, unsigned values)
{
    uint8_t *p = cql_reserve(w, values ? 5 : 3);
    if (!p)
        return;
    if (values > UINT16_MAX)
        w->failed = true;
    cql_set16(p, q->consistency);
    p[2] = (uint8_t)param_flags(q, values);
    if (values)
        cql_set16(p + 3, values);
}

void cql_params_tail(struct cql_writer *w, const struct cql_params *q)
{
    if (q->page_size)
        cql_put_u32(w, (uint32_t)q->page_size);
    if (q->paging_state.len)
        cql_put_bytes(w, q->paging_state.s, q->paging_state.len);
    if (q->serial)
        cql_put_u16(w, q->serial);
    if (q->has_timestamp)
        cql_put_u64(w, (uint64_t)q->timestamp_us);
}

int cql_write_options(struct cql_writer *w, unsigned stream)
{
    cql_begin(w, CQL_OPTIONS, stream);
    return cql_end(w);
}

int cql_write_startup(struct cql_writer *w, unsigned stream, const char *const *pairs)
{
    unsigned n = 0;
    while (pairs[2 * n])
        n++;
    cql_begin(w, CQL_STARTUP, stream);
    cql_put_u16(w, n);
    for (unsigned i = 0; i < 2 * n; i++)
        cql_put_string(w, pairs[i], strlen(pairs[i]));
    return cql_end(w);
}

int cql_write_auth_plain(struct cql_writer *w, unsigned stream, const char *user,
                         const char *password)
{
    size_t u = strlen(user), p = strlen(password);
    cql_begin(w, CQL_AUTH_RESPONSE, stream);
    cql_put_u32(w, (uint32_t)(u + p + 2));
    cql_put_u8(w, 0);
    put(w, user, u);
    cql_put_u8(w, 0);
    put(w, password, p);
    return cql_end(w);
}

int cql_write_register(struct cql_writer *w, unsigned stream, const char *const *events)
{
    unsigned n = 0;
    while (events[n])
        n++;
    cql_begin(w, CQL_REGISTER, stream);
    cql_put_u16(w, n);
    for (unsigned i = 0; i < n; i++)
        cql_put_string(w, events[i], strlen(events[i]));
    return cql_end(w);
}

int cql_write_prepare(struct cql_writer *w, unsigned stream, const char *cql, size_t len)
{
    cql_begin(w, CQL_PREPARE, stream);
    cql_put_long_string(w, cql, len);
    return cql_end(w);
}

int cql_write_query(struct cql_writer *w, unsigned stream, const char *cql, size_t len,
                    const struct cql_params *q)
{
    cql_begin(w, CQL_QUERY, stream);
    cql_put_long_string(w, cql, len);
    cql_params_head(w, q, 0);
    cql_params_tail(w, q);
    return cql_end(w);
}

void cql_begin_execute(struct cql_writer *w, unsigned stream, const void *id, size_t id_len)
{
    cql_begin(w, CQL_EXECUTE, stream);
    cql_put_short_bytes(w, id, id_len);
}

void cql_begin_batch(struct cql_writer *w, unsigned stream, enum cql_batch kind,
                     unsigned statements)
{
    cql_begin(w, CQL_BATCH, stream);
    cql_put_u8(w, kind);
    cql_put_u16(w, statements);
    if (statements > UINT16_MAX)
        w->failed = true;
}

void cql_batch_add(struct cql_writer *w, const void *id, size_t id_len, unsigned values)
{
    cql_put_u8(w, 1);
    cql_put_short_bytes(w, id, id_len);
    cql_put_u16(w, values);
}

void cql_batch_tail(struct cql_writer *w, const struct cql_params *q)
{
    cql_put_u16(w, q->consistency);
    cql_put_u8(w, (q->serial ? SERIAL : 0u) | (q->has_timestamp ? TIMESTAMP : 0u));
    if (q->serial)
        cql_put_u16(w, q->serial);
    if (q->has_timestamp)
        cql_put_u64(w, (uint64_t)q->timestamp_us);
}
