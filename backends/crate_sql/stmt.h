/* Statements with placeholders that generators fill: `SELECT * FROM t WHERE user_id = {user_id}`.
 *
 * Used for the user's `stmt=` and for the backend's select, update, delete and aggregates. A
 * statement is parsed once; encoding a request copies the prepared JSON and appends the arguments.
 * Braces that do not look like `{name}` or `{name:...}` (object literals such as `{"a" = 1}`) and
 * everything in quotes and comments stay as they are. */
#ifndef LOADTOP_BACKENDS_CRATE_SQL_STMT_H
#define LOADTOP_BACKENDS_CRATE_SQL_STMT_H

#include "engine/base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct crate_records;
struct err;

#define CRATE_ARGS_MAX 64
#define CRATE_STMTS_MAX 64
#define CRATE_STMT_HELP                                                                            \
    "{key} {oldest} {new} {seq} {now} {ago:1h} {region} {category} {event} {user_id} {segment} "   \
    "{amount} {quantity} {session} {int:1-100} {real:0-1} {text:20} {choice:a|b}"

struct crate_arg {
    uint8_t kind;
    double low, high; /* {int:LOW-HIGH} {real:LOW-HIGH}; {text:N} and {ago:T} (ms) in low */
    char *words;      /* {choice:}: JSON strings, each followed by a NUL */
    unsigned n_words;
};

struct crate_stmt {
    char *head; /* {"stmt":"...","args":[ */
    size_t head_len;
    struct crate_arg arg[CRATE_ARGS_MAX];
    unsigned args;
    size_t max; /* most bytes of one encoded request */
    bool reads; /* it begins with SELECT, WITH, SHOW or VALUES, or with EXPLAIN of one of them */
};

/* Input of the generators. */
struct crate_draw {
    const struct crate_records *records;
    uint64_t random; /* advanced by each draw */
    int64_t now_ms;
    uint64_t new_seq;         /* {new} and {seq}: an unused record number */
    const char *key, *oldest; /* {key} {oldest}: as JSON strings, at most CRATE_KEY_JSON_MAX long */
    size_t key_len, oldest_len;
};
#define CRATE_KEY_JSON_MAX 256

/* Parses one statement. ERR_USAGE names an unknown placeholder and the most similar known one. */
int crate_stmt_parse(struct crate_stmt *, const char *sql, size_t len, struct err *);
void crate_stmt_fini(struct crate_stmt *); /* takes a zeroed one */
/* Splits s at semicolons outside of quotes and comments, and parses each statement into
 * stmt[0..CRATE_STMTS_MAX). *n is their number, also on failure; the caller frees them. */
int crate_stmts_parse(struct crate_stmt *stmt, unsigned *n, const char *sql, struct err *);
/* Does a placeholder need a number of the pool's sequence, or a key? */
bool crate_stmt_needs(const struct crate_stmt *, bool *fresh, bool *key, bool *oldest);
/* Writes the request's body at `at`, where stmt->max bytes must be free; returns its end. */
char *crate_stmt_put(const struct crate_stmt *, char *at, struct crate_draw *);

/* Adds s as a JSON string with its quotes. */
void crate_json_string(struct text *, const char *s, size_t len);

#endif
