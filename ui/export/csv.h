/* A saved run as CSV, for spreadsheets and for `loadtop fit`: one line per second, or per
 * plateau.
 *
 * RFC 4180 with \n; the header has the names of the JSON. Absent values are empty, never 0. A text
 * that a spreadsheet would take for a formula, or a reader for a number, a truth value or absent
 * (pandas reads a pool called null as NaN, quoted or not) is prefixed with an apostrophe. */
#ifndef LOADTOP_UI_EXPORT_CSV_H
#define LOADTOP_UI_EXPORT_CSV_H

struct saved_run;
struct text;

void csv_series(const struct saved_run *run, struct text *);
void csv_plateaus(const struct saved_run *run, struct text *);

#endif
