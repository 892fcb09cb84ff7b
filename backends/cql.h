/* CQL native protocol v4: a small client-side codec, with no socket and no policy of its own.
 *
 * It turns bytes, in whatever pieces they arrive, into frames; reads the bodies of all answers;
 * writes all requests; keeps the table of stream ids; and computes Cassandra's tokens. Whoever uses
 * it brings the connection. Nothing read is trusted: each length is checked against the bytes that
 * are there, and memory grows with what has arrived, never with what a header claims.
 *
 * Everything read is borrowed: pointers lead into the frame and are valid inside the callback that
 * received it. Source: native_protocol_v4.spec of Apache Cassandra. One thread at a time per
 * structure. */
#ifndef LOADTOP_BACKENDS_CQL_H
#define LOADTOP_BACKENDS_CQL_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define CQL_HEADER 9
#define CQL_BODY_MAX (256u << 20) /* the protocol's own limit, bytes */
#define CQL_STREAMS_MAX 32768u
#define CQL_PAGING_MAX (64u << 10) /* of a paging state; real ones are short */

enum cql_opcode {
    CQL_ERROR = 0x00,
    CQL_STARTUP = 0x01,
    CQL_READY = 0x02,
    CQL_AUTHENTICATE = 0x03,
    CQL_OPTIONS = 0x05,
    CQL_SUPPORTED = 0x06,
    CQL_QUERY = 0x07,
    CQL_RESULT = 0x08,
    CQL_PREPARE = 0x09,
    CQL_EXECUTE = 0x0A,
    CQL_REGISTER = 0x0B,
    CQL_EVENT = 0x0C,
    CQL_BATCH = 0x0D,
    CQL_AUTH_CHALLENGE = 0x0E,
    CQL_AUTH_RESPONSE = 0x0F,
    CQL_AUTH_SUCCESS = 0x10
};
const char *cql_opcode_name(unsigned opcode); /* "RESULT"; "unknown" for others */

enum cql_flag { CQL_COMPRESSED = 1, CQL_TRACING = 2, CQL_PAYLOAD = 4, CQL_WARNING = 8 };

enum cql_consistency {
    CQL_ANY,
    CQL_ONE,
    CQL_TWO,
    CQL_THREE,
    CQL_QUORUM,
    CQL_ALL,
    CQL_LOCAL_QUORUM,
    CQL_EACH_QUORUM,
    CQL_SERIAL,
    CQL_LOCAL_SERIAL,
    CQL_LOCAL_ONE
};
const char *cql_consistency_name(unsigned consistency); /* "QUORUM" */

/* ---- Frames ---- */

struct cql_frame {
    const uint8_t *body; /* decompressed */
    uint32_t length;
    int16_t stream; /* -1: an event */
    uint8_t version, flags, opcode;
};

/* Zero it to start. `body_max` bounds one frame, before and after decompression (0: 16 MiB). Set
 * `compression` once the server has accepted lz4: a compressed frame before that is an error. */
struct cql_reader {
    uint32_t body_max;
    bool compression;
    bool settled; /* a v4 frame was seen: other versions are an error from now on */
    uint8_t *held;
    uint32_t used, room; /* of a frame that has not fully arrived */
    uint8_t *plain;
    uint32_t plain_room;
    char why[120]; /* after CQL_BAD: what was wrong with the bytes */
};

enum cql_feed {
    CQL_FED,     /* all taken; what is left of a frame is held */
    CQL_STOPPED, /* `each` returned non-zero: the rest was not looked at */
    CQL_BAD      /* not the protocol: the connection is of no further use. See reader->why */
};

/* Takes len bytes as they came from the socket and calls `each` for every frame completed by them.
 * `each` may free the reader if it then returns non-zero. A first frame of another protocol version
 * (1 to 6) is handed over as it is: it holds a server's refusal of version 4. */
enum cql_feed cql_feed(struct cql_reader *, const uint8_t *bytes, size_t len,
                       int (*each)(void *ctx, const struct cql_frame *), void *ctx);
void cql_reader_free(
    struct cql_reader *); /* frees the memory, keeps the settings; takes zeroed ones */
bool cql_lz4_built(void);

/* ---- Reading bodies ---- */

/* A cursor. A read beyond the end gives zeros and sets `bad`, so that it is checked once, at the
 * end. */
struct cql_in {
    const uint8_t *p, *end;
    bool bad;
};
struct cql_str {
    const char *s;
    uint32_t len;
};

static inline uint16_t cql_be16(const uint8_t *p)
{
    return (uint16_t)(((unsigned)p[0] << 8) | p[1]);
}
static inline uint32_t cql_be32(const uint8_t *p)
{
    return ((uint32_t)p[0] << 24) | ((uint32_t)p[1] << 16) | ((uint32_t)p[2] << 8) | p[3];
}
static inline uint64_t cql_be64(const uint8_t *p)
{
    return ((uint64_t)cql_be32(p) << 32) | cql_be32(p + 4);
}

const uint8_t *cql_take(struct cql_in *, uint32_t n); /* n bytes, or NULL and bad */
uint8_t cql_get_u8(struct cql_in *);
uint16_t cql_get_u16(struct cql_in *);
int32_t cql_get_i32(struct cql_in *);
struct cql_str cql_get_string(struct cql_in *);      /* [string]: 2 bytes of length */
struct cql_str cql_get_long_string(struct cql_in *); /* [long string]: 4 */
struct cql_str cql_get_short_bytes(struct cql_in *);
/* [bytes] and [value]: false if it is null (or not set), else *v. */
bool cql_get_bytes(struct cql_in *, struct cql_str *v);
/* [inet]: the text of the address into buf (46 bytes or more), and its port. */
uint16_t cql_get_inet(struct cql_in *, char *buf, size_t size);

/* What flags put before a body, taken off it. */
struct cql_body {
    struct cql_in in;        /* the body itself */
    const uint8_t *trace_id; /* 16 bytes or NULL */
    unsigned warnings;
    struct cql_in warning; /* that many [string] */
};
int cql_open_body(const struct cql_frame *, struct cql_body *); /* 0, or -1: malformed */

/* ERROR. What a class does not have is 0 or empty. */
enum cql_error_code {
    CQL_E_SERVER = 0x0000,
    CQL_E_PROTOCOL = 0x000A,
    CQL_E_CREDENTIALS = 0x0100,
    CQL_E_UNAVAILABLE = 0x1000,
    CQL_E_OVERLOADED = 0x1001,
    CQL_E_BOOTSTRAPPING = 0x1002,
    CQL_E_TRUNCATE = 0x1003,
    CQL_E_WRITE_TIMEOUT = 0x1100,
    CQL_E_READ_TIMEOUT = 0x1200,
    CQL_E_READ_FAILURE = 0x1300,
    CQL_E_FUNCTION_FAILURE = 0x1400,
    CQL_E_WRITE_FAILURE = 0x1500,
    CQL_E_SYNTAX = 0x2000,
    CQL_E_UNAUTHORIZED = 0x2100,
    CQL_E_INVALID = 0x2200,
    CQL_E_CONFIG = 0x2300,
    CQL_E_EXISTS = 0x2400,
    CQL_E_UNPREPARED = 0x2500
};
struct cql_error {
    uint32_t code;
    struct cql_str message;
    uint16_t consistency;
    int32_t required, alive;       /* unavailable */
    int32_t received, block_for;   /* timeouts, failures */
    int32_t failures;              /* failures: nodes that failed */
    bool data_present;             /* read timeout, read failure */
    struct cql_str write_type;     /* write timeout, write failure: "SIMPLE", "BATCH", ... */
    struct cql_str keyspace, name; /* exists: table ("" a keyspace); function failure: function */
    struct cql_str id;             /* unprepared */
};
int cql_read_error(struct cql_in *, struct cql_error *); /* 0 or -1 */
const char *cql_error_class(uint32_t code); /* "write_timeout"; "server_error" if unknown */
/* One line with the details of its class; returns buf, always terminated. */
char *cql_error_text(const struct cql_error *, char *buf, size_t size);

/* Types: an [option]. `spec` are the bytes that follow the id: of a
 * collection, tuple or user type. */
enum cql_type_id {
    CQL_CUSTOM,
    CQL_ASCII,
    CQL_BIGINT,
    CQL_BLOB,
    CQL_BOOLEAN,
    CQL_COUNTER,
    CQL_DECIMAL,
    CQL_DOUBLE,
    CQL_FLOAT,
    CQL_INT,
    CQL_TIMESTAMP = 0x0B,
    CQL_UUID,
    CQL_VARCHAR,
    CQL_VARINT,
    CQL_TIMEUUID,
    CQL_INET,
    CQL_DATE,
    CQL_TIME,
    CQL_SMALLINT,
    CQL_TINYINT,
    CQL_DURATION, /* v5's; in v4 it comes as a custom type and is recognised by its name */
    CQL_LIST = 0x20,
    CQL_MAP,
    CQL_SET,
    CQL_UDT = 0x30,
    CQL_TUPLE
};
struct cql_type {
    uint16_t id;
    struct cql_in spec;
};
void cql_get_type(struct cql_in *, struct cql_type *); /* nested at most 32 deep, else bad */
const char *cql_type_name(unsigned id);                /* "timestamp" */
/* The value as text: strings as they are, blobs and what is unknown as 0x.., collections in CQL's
 * brackets. Cut at the buffer's end, always terminated. 0, or -1 when the bytes cannot be such a
 * value. */
int cql_value_text(const struct cql_type *, const struct cql_str *value, char *buf, size_t size);

/* RESULT. */
enum cql_kind { CQL_VOID = 1, CQL_ROWS, CQL_SET_KEYSPACE, CQL_PREPARED, CQL_SCHEMA_CHANGE };
struct cql_column {
    struct cql_str keyspace, table, name;
    struct cql_type type;
};
struct cql_columns {
    uint32_t count;
    bool has_specs; /* false: metadata was left out */
    bool global;
    struct cql_str keyspace, table; /* if global */
    bool more;                      /* there is a further page: */
    struct cql_str paging_state;
    struct cql_in specs;
};
/* The next column into *c: true; false past the last. Rewind by copying the structure before. */
bool cql_next_column(struct cql_columns *, struct cql_column *);

struct cql_schema_change {
    struct cql_str change, target, keyspace, name; /* "CREATED", "TABLE", ks, table */
    unsigned args;
    struct cql_in arg; /* of a function or aggregate: that many [string] */
};
struct cql_result {
    int32_t kind;
    struct cql_columns columns; /* rows: of the rows; prepared: of its result */
    int32_t rows;
    struct cql_in content; /* rows x columns [bytes], all present */
    struct cql_str keyspace;
    struct cql_str id; /* prepared */
    struct cql_columns bind;
    uint32_t keys;     /* prepared: how many bound values make the partition key, */
    struct cql_in key; /* that many [short]: their places */
    struct cql_schema_change schema;
};
int cql_read_result(struct cql_in *, struct cql_result *); /* 0 or -1 */

/* EVENT. */
struct cql_event {
    struct cql_str type;   /* "TOPOLOGY_CHANGE", "STATUS_CHANGE", "SCHEMA_CHANGE" */
    struct cql_str change; /* "NEW_NODE", "UP", ... (topology, status) */
    char address[64];
    uint16_t port;
    struct cql_schema_change schema;
};
int cql_read_event(struct cql_in *, struct cql_event *); /* 0 or -1 */
/* SUPPORTED: does it list `value` under `name`? NULL value: is there such a name? */
bool cql_supports(struct cql_in body, const char *name, const char *value);
/* A first answer that is not v4's, or an ERROR protocol: says in words which versions the server
 * speaks. */
char *cql_version_refusal(const struct cql_frame *, char *buf, size_t size);

/* ---- Writing requests ---- */

/* Zero it to start. Frames are appended; [sent, len) is what the connection has still to send.
 * Grows to `limit` (0: 64 MiB); a frame that does not fit sets `failed` and is taken back by
 * cql_end. */
struct cql_writer {
    uint8_t *p;
    size_t len, room, limit, sent;
    size_t frame; /* where the frame begun last starts */
    bool failed;
    uint32_t compress_from; /* bodies of so many bytes and more are compressed; 0: none are */
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
void cql_put_null(struct cql_writer *);
void cql_put_unset(struct cql_writer *); /* a value that is not touched (v4) */

/* A frame: begin, body, end. cql_end gives 0, or -1 (out of room; nothing was appended). */
void cql_begin(struct cql_writer *, enum cql_opcode, unsigned stream);
int cql_end(struct cql_writer *);

/* What goes with QUERY and EXECUTE. Zero it, then set what is wanted. */
struct cql_params {
    uint16_t consistency, serial; /* serial 0: none */
    bool skip_metadata;
    int32_t page_size; /* 0: none */
    struct cql_str paging_state;
    bool has_timestamp;
    int64_t timestamp_us;
};
/* Before and after the `values` [value]s of a query. */
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
void cql_batch_add_text(struct cql_writer *, const char *cql, size_t len, unsigned values);
void cql_batch_tail(struct cql_writer *, const struct cql_params *);

/* ---- Stream ids ---- */

/* Who waits for which stream. An id whose request was given up (an orphan) is not used again before
 * its answer has come, so that no answer meets the wrong request. Grows as needed up to 32,768.
 * Zero it. */
struct cql_slot {
    void *owner; /* NULL: free, or an orphan */
    uint32_t next;
    uint8_t state; /* enum cql_slot_state */
};
enum cql_slot_state { CQL_FREE, CQL_OWNED, CQL_ORPHAN, CQL_PARKED };
struct cql_streams {
    struct cql_slot *slot;
    uint32_t room, free, used, orphans; /* free: 1 + first free id, or 0 */
};
void cql_streams_free(struct cql_streams *);
int cql_stream_take(struct cql_streams *,
                    void *owner); /* an id, or -1: all are taken (or no memory) */
void cql_stream_orphan(struct cql_streams *, unsigned id); /* its owner has gone */
/* Gives the id back. For an answer: state says whose it was, *owner who (may be NULL). CQL_FREE:
 * nobody asked for it. */
enum cql_slot_state cql_stream_release(struct cql_streams *, unsigned id, void **owner);

/* ---- Tokens ---- */

/* The token of Murmur3Partitioner for a serialised partition key: the first half of
 * MurmurHash3_x64_128 with Cassandra's own tail, in which bytes are signed. A key of length 0 has
 * the minimum token. */
int64_t cql_token(const void *key, size_t len);
/* Adds one component of a key of several columns (2 bytes of length, value, a zero byte): the bytes
 * used, or 0 when they do not fit `room`. A key of one column is the value alone. */
size_t cql_key_component(uint8_t *at, size_t room, const void *value, size_t len);

#endif
