/* Reading a saved run: values by path, with what is absent told apart.
 *
 * A file may have been edited or cut by other hands; nothing here trusts a type. */
#ifndef LOADTOP_UI_EXPORT_JSON_READ_H
#define LOADTOP_UI_EXPORT_JSON_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct json_t;

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
