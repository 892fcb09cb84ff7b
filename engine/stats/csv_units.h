/* What the name of a column says about its unit: whether it is a time, a cost or a share, which is
 * no throughput, and by how much a rate is scaled ("k req/s", "req/min"). The name is gone through
 * word by word, brackets too, because tools write units in any place: "lat(us)", "ns/op",
 * "X [kTPS]". */
#ifndef LOADTOP_ENGINE_STATS_CSV_UNITS_H
#define LOADTOP_ENGINE_STATS_CSV_UNITS_H

#include <stdbool.h>
#include <stddef.h>

/* A field of a line: borrowed, not terminated. */
struct csv_field {
    const char *s;
    size_t len;
};

/* Does the name say that it is neither N nor throughput: a time, a latency, errors, a cost? */
bool csv_is_other(struct csv_field name);
/* Does the name have a unit of time that is no rate: "Throughput (ms)"? */
bool csv_has_time_unit(struct csv_field name);
/* What the column's values are to be multiplied by, for operations per second; 0: the name has a
 * unit that may be read in two ways, or that counts bytes by thousands (kB or KiB). */
double csv_unit_factor(struct csv_field name);

#endif
