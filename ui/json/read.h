/* Reads the file of a saved run; saved_run.h converts it to a struct. */
#ifndef LOADTOP_UI_JSON_READ_H
#define LOADTOP_UI_JSON_READ_H

#include <stdbool.h>
#include <time.h>

struct err;
struct json_t;

#define JSON_SCHEMA 1 /* schema version of saved runs */

/* Reads a saved JSON file. `pipes`: a pipe may be read, which waits for its writer. NULL and
 * ERR_FAILED (unreadable, or longer than any run) or ERR_USAGE (not a saved run of schema 1). */
struct json_t *json_load_run(const char *file, bool pipes, struct err *);

/* Parses RFC 3339 in UTC into seconds since 1970, with fractions; NaN if invalid. */
double json_moment(const char *s);

#endif
