/* Points of a scaling curve from a CSV file. */
#ifndef LOADTOP_ENGINE_STATS_USL_CSV_H
#define LOADTOP_ENGINE_STATS_USL_CSV_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct usl_point;

/* Reads `n,throughput` lines as any tool writes them: separators comma, semicolon, tab or blanks; a
 * header or none; CRLF; comments with #; decimals with a point or a comma; separators of thousands.
 * A header names N and throughput (csv_columns.h), of two columns at least one of them, and the
 * other must not be known as something else; more than two columns need one. It may be the comment
 * before the first values, if that names both. Throughput is per second: values of a column that is
 * named in thousands, millions, or per minute are scaled (csv_units.h). Lines whose column `valid` says no are left out.
 * Returns the points (the caller frees), in the file's order, or NULL with the line's number. At
 * most 10 million lines. */
struct usl_point *usl_read_csv(const char *text, size_t len, size_t *n, struct err *);

#define CSV_NAME_SHOWN 64
struct usl_column {
    char
        name[CSV_NAME_SHOWN]; /* as in the header, maybe cut; "": there is none, it has its place */
    bool known;
    double factor; /* what its values were multiplied by: 1000 for "k req/s" */
};
/* Which columns usl_read_csv takes of a text that it can read. */
void usl_csv_columns(const char *text, size_t len, struct usl_column *n, struct usl_column *x);

#endif
