/* The records that the crate backend inserts: one event of a web shop each, as in the reference
 * generator (FACTS of the table: sql.h), encoded as a JSON array of arguments.
 *
 * A record is a pure function of the pool's seed and of the record's number in the pool's sequence,
 * so the same seed makes the same table regardless of the number and timing of threads. Exceptions
 * are the key, which begins with the run's id so that the keys of two runs differ, and the
 * timestamp, which is the time of encoding unless a fixed start was asked for. */
#ifndef LOADTOP_BACKENDS_CRATE_SQL_RECORD_H
#define LOADTOP_BACKENDS_CRATE_SQL_RECORD_H

#include <stddef.h>
#include <stdint.h>

#define CRATE_KEY_LEN 36      /* the form of a UUID */
#define CRATE_OBJECTS_MAX 900 /* columns obj_0..: CrateDB refuses more than 1,000 columns */

/* Parameters of a pool's records; read-only after initialization. */
struct crate_records {
    uint64_t seed;
    unsigned objects;
    int64_t first_ms; /* first timestamp, each record adds 10 ms; < 0: use the clock */
    char head[14];    /* "7f3a21bc-0001": prefix of all keys of the pool; not terminated */
};

#define CRATE_POOLS_MAX 255
/* run_id: 8 hex digits. pool: distinguishes the pools of one run, 1..CRATE_POOLS_MAX. objs: how
 * many obj_ columns, at most CRATE_OBJECTS_MAX. */
void crate_records_init(struct crate_records *, const char *run_id, unsigned pool, uint64_t seed,
                        unsigned objs, int64_t first_ms);

/* The most bytes that crate_record_put may write for one record, including those that it overwrites
 * after the record's end. */
size_t crate_record_max(const struct crate_records *);

/* Writes `[...]` for record number seq at `at`, where crate_record_max bytes must be free, and
 * returns its end. now_ms: the wall clock in ms, used when first_ms < 0. */
char *crate_record_put(const struct crate_records *, char *at, uint64_t seq, int64_t now_ms);

/* The key of record number seq: CRATE_KEY_LEN bytes, not terminated. Unique for seq < 2^48. */
void crate_key_put(const struct crate_records *, char *at, uint64_t seq);

/* Write single fields as JSON, for placeholders. Each returns the end of what it wrote, at most 64
 * bytes, but may overwrite all 64. `random`: 64 random bits. */
enum crate_field {
    CRATE_REGION,
    CRATE_CATEGORY,
    CRATE_EVENT,
    CRATE_USER_ID,
    CRATE_SEGMENT,
    CRATE_AMOUNT,
    CRATE_QUANTITY,
    CRATE_SESSION,
    CRATE_FIELDS
};
char *crate_field_put(enum crate_field, char *at, uint64_t random);
/* A whole number in decimal; at most 20 bytes and a sign. */
char *crate_decimal_put(char *at, int64_t v);

#endif
