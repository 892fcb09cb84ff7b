/* Points of a scaling curve from a CSV file. */
#ifndef LOADTOP_ENGINE_STATS_USL_CSV_H
#define LOADTOP_ENGINE_STATS_USL_CSV_H

#include <stddef.h>

struct err;
struct usl_point;

/* Reads `n,throughput` lines as any tool writes them: separators comma, semicolon, tab or blanks; a
 * header or none; CRLF; comments with #; decimals with a point or a comma; separators of thousands.
 * A header names N and throughput (csv_columns.h), of two columns at least one of them; more than
 * two columns need one. Lines whose column `valid` says no are left out. Returns the points (the
 * caller frees), in the file's order, or NULL with the line's number. At most 10 million lines. */
struct usl_point *usl_read_csv(const char *text, size_t len, size_t *n, struct err *);

#endif
