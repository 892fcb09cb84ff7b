/* Reads the replies of CrateDB's `/_sql` as they arrive, in pieces of any size, in constant memory.
 *
 * Only what loadtop counts is kept: row counts, how many rows of a bulk failed, and the first
 * message of each code. Everything else (columns, rows, unknown members) is checked to be JSON and
 * dropped, so a reply of any length needs a kilobyte. An incomplete reply (torn) is distinguished
 * from invalid JSON (wrong). Format:
 * https://cratedb.com/docs/crate/reference/en/latest/interfaces/http.html, and as seen on 6.4
 * (`results[].error`) and up to 5.9 (`results[].error_message`). */
#ifndef LOADTOP_BACKENDS_CRATE_SQL_REPLY_H
#define LOADTOP_BACKENDS_CRATE_SQL_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CRATE_FAULTS 4 /* most distinct codes per reply; further ones are counted with the last */
#define CRATE_MESSAGE_MAX 240
#define CRATE_DEPTH_MAX 256 /* deepest nesting accepted */

/* Failed rows of one code, or the error of the whole request. */
struct crate_fault {
    int code;      /* CrateDB's; 0: the reply named none */
    uint64_t rows; /* how many rows failed with it */
    unsigned len;
    /* the first message with this code: len bytes, UTF-8 without control characters */
    char msg[CRATE_MESSAGE_MAX];
};

enum crate_verdict {
    CRATE_WHOLE, /* one complete JSON object */
    CRATE_TORN,  /* it ends too early */
    CRATE_WRONG  /* it is not JSON, or not an object */
};

struct crate_reply {
    bool has_results, has_error;
    int64_t rowcount; /* row count of the whole statement; -1: unknown */
    uint64_t results; /* members of `results` that have a row count */
    uint64_t failed;  /* those of them with -2: rows that failed */
    /* those of them with 0: rows that were not changed (ON CONFLICT DO NOTHING) */
    uint64_t skipped;
    double duration_ms;       /* processing time reported by the server; NaN: none */
    struct crate_fault error; /* has_error: the request failed as a whole */
    struct crate_fault fault[CRATE_FAULTS];
    unsigned faults;
    /* ---- private to the scanner ---- */
    uint8_t state, number, literal, literal_at, unicode_left;
    uint8_t key1, key2, key3;
    bool in_key, capture;
    unsigned depth;
    uint64_t is_object[CRATE_DEPTH_MAX / 64];
    uint32_t unicode;
    uint16_t high_surrogate;
    bool negative, whole_number;
    int64_t value;
    double decimals; /* digits after the point, as a fraction */
    double decimal_unit;
    int64_t row_count; /* row count in the member of `results` that is being read */
    bool row_counted;
    unsigned key_len;
    char key[16];
    struct crate_fault row;
};

void crate_reply_start(struct crate_reply *);
void crate_reply_feed(struct crate_reply *, const char *p, size_t n);
/* Call it after the last byte. The counts above are valid only with CRATE_WHOLE. */
enum crate_verdict crate_reply_end(const struct crate_reply *);

#endif
