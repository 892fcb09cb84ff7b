/* The columns of other tools' files that hold N and throughput, found by their names: those that
 * load generators and papers use, whatever their case, blanks or unit in brackets. */
#ifndef LOADTOP_ENGINE_STATS_CSV_COLUMNS_H
#define LOADTOP_ENGINE_STATS_CSV_COLUMNS_H

#include "engine/stats/csv_units.h"

struct text;

enum csv_column { CSV_N, CSV_THROUGHPUT, CSV_POOL, CSV_VALID };

/* Which field of the header names this column, by the preferred of its names that occurs; -1:
 * none. One whose unit is a time ("Throughput (ms)") is none. */
int csv_find_column(const struct csv_field *head, unsigned columns, enum csv_column);
/* Adds "name, name, name" of a column, the preferred first; at most `most` of them. */
void csv_add_names(struct text *, enum csv_column, unsigned most);

#endif
