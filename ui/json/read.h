/* Reading a saved run: the file, and values by path, with what is absent told apart.
 *
 * A file may have been edited or cut by other hands; nothing here trusts a type. */
#ifndef LOADTOP_UI_JSON_READ_H
#define LOADTOP_UI_JSON_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct err;
struct json_t;

#define JSON_SCHEMA 1 /* of the runs that this loadtop saves */

/* A saved JSON file. `pipes`: a pipe may be read, which waits for whoever writes it.
 * NULL and ERR_FAILED (not to be read, or longer than any run) or ERR_USAGE (not a
 * saved run of schema 1). */
struct json_t *json_load_run(const char *file, bool pipes, struct err *);

/* The value at "pools/0/ops/offered", NULL when there is none. Borrowed. */
const struct json_t *json_at(const struct json_t *, const char *path);
/* NaN unless it is a number. */
double json_num(const struct json_t *, const char *path);
/* "" unless it is text. Borrowed. */
const char *json_txt(const struct json_t *, const char *path);
/* True only for true. */
bool json_yes(const struct json_t *, const char *path);
bool json_is_absent(const struct json_t *, const char *path); /* missing or null */
size_t json_count(const struct json_t *, const char *path);   /* of an array; else 0 */
/* The i-th of an array; NULL. */
const struct json_t *json_nth(const struct json_t *, const char *path, size_t i);
/* RFC 3339 in UTC as seconds since 1970, with fractions; NaN when it is none. */
double json_moment(const char *s);

#endif
