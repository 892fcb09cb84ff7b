/* Reading the file of a saved run; saved_run.h makes a type of it. */
#ifndef LOADTOP_UI_JSON_READ_H
#define LOADTOP_UI_JSON_READ_H

#include <stdbool.h>
#include <time.h>

struct err;
struct json_t;

#define JSON_SCHEMA 1 /* of the runs that this loadtop saves */

/* A saved JSON file. `pipes`: a pipe may be read, which waits for whoever writes it.
 * NULL and ERR_FAILED (not to be read, or longer than any run) or ERR_USAGE (not a
 * saved run of schema 1). */
struct json_t *json_load_run(const char *file, bool pipes, struct err *);

/* RFC 3339 in UTC as seconds since 1970, with fractions; NaN when it is none. */
double json_moment(const char *s);

#endif
