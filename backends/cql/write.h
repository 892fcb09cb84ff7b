/* Requests, appended to one buffer. */
#ifndef LOADTOP_BACKENDS_CQL_WRITE_H
#define LOADTOP_BACKENDS_CQL_WRITE_H

#include "backends/cql/in.h"
#include "backends/cql/protocol.h"

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Zero it to start. Frames are appended; [sent, len) is what the connection has still to send.
 * Grows to `limit` (0: 64 MiB); a frame that does not fit sets `failed` and is taken back by
 * cql_end. */
struct cql_writer {
    uint8_t *p;
    size_t len, room, limit, sent;
    size_t frame; /* start of the current frame */
    bool failed;
    uint32_t compress_from; /* minimum size of bodies to compress; 0: no compression */
    uint8_t *scratch;
    size_t scratch_room;
    void *lz4_state;
};
void cql_writer_free(struct cql_writer *);
int cql_writer_grow(struct cql_writer *, size_t more); /* used by cql_reserve */

/* Room for n bytes that the caller fills at once, or NULL. */
static inline uint8_t *cql_reserve(struct cql_writer *w, size_t n)
{
    if (w->room - w->len < n && cql_writer_grow(w, n) < 0)
        return NULL;
    uint8_t *at = w->p + w->len;
    w->len += n;
    return at;
}
static inline void cql_set16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}
static inline void cql_set32(uint8_t *p, uint32_t v)
{
    v = htobe32(v);
    memcpy(p, &v, sizeof v);
}
static inline void cql_set64(uint8_t *p, uint64_t v)
{
    v = htobe64(v);
    memcpy(p, &v, sizeof v);
}
void cql_put_u8(struct cql_writer *, unsigned);
void cql_put_u16(struct cql_writer *, unsigned);
void cql_put_u32(struct cql_writer *, uint32_t);
void cql_put_u64(struct cql_writer *, uint64_t);
void cql_put_string(struct cql_writer *, const char *s, size_t len);      /* [string] */
void cql_put_long_string(struct cql_writer *, const char *s, size_t len); /* [long string] */
void cql_put_short_bytes(struct cql_writer *, const void *, size_t len);
void cql_put_bytes(struct cql_writer *, const void *, size_t len); /* [bytes], [value] */
void cql_put_unset(struct cql_writer *); /* for a column that is to keep its value (v4) */

/* A frame is written by cql_begin, then its body, then cql_end, which returns 0, or -1 if it ran
 * out of room (then nothing was appended). */
void cql_begin(struct cql_writer *, enum cql_opcode, unsigned stream);
int cql_end(struct cql_writer *);

/* Parameters of QUERY and EXECUTE. Zero it, then set the needed ones. */
struct cql_params {
    uint16_t consistency, serial; /* serial 0: none */
    bool skip_metadata;
    int32_t page_size; /* 0: none */
    struct cql_str paging_state;
    bool has_timestamp;
    int64_t timestamp_us;
};
/* Write what precedes and what follows the `values` [value]s of a query. */
void cql_params_head(struct cql_writer *, const struct cql_params *, unsigned values);
void cql_params_tail(struct cql_writer *, const struct cql_params *);

/* Whole requests. pairs: name, value, ..., NULL. Each returns as cql_end. */
int cql_write_options(struct cql_writer *, unsigned stream);
int cql_write_startup(struct cql_writer *, unsigned stream, const char *const *pairs);
int cql_write_auth_plain(struct cql_writer *, unsigned stream, const char *user,
                         const char *password);
int cql_write_register(struct cql_writer *, unsigned stream, const char *const *events);
int cql_write_prepare(struct cql_writer *, unsigned stream, const char *cql, size_t len);
int cql_write_query(struct cql_writer *, unsigned stream, const char *cql, size_t len,
                    const struct cql_params *);
/* EXECUTE and BATCH are begun here, filled with values (cql_params_head, values, cql_params_tail;
 * for a batch cql_batch_add and its values for each statement, then cql_batch_tail) and ended by
 * cql_end. */
void cql_begin_execute(struct cql_writer *, unsigned stream, const void *id, size_t id_len);
enum cql_batch { CQL_LOGGED, CQL_UNLOGGED, CQL_COUNTERS };
void cql_begin_batch(struct cql_writer *, unsigned stream, enum cql_batch, unsigned statements);
void cql_batch_add(struct cql_writer *, const void *id, size_t id_len, unsigned values);
void cql_batch_tail(struct cql_writer *, const struct cql_params *);

#endif
