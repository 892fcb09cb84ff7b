/* A saved run as CSV, for spreadsheets and for `loadtop fit`: one line a second, or one a plateau.
 *
 * RFC 4180 with \n; a header names each column by its name in the JSON. What is absent is empty,
 * never 0. A text that a spreadsheet would take for a formula gets an apostrophe before it. */
#ifndef LOADTOP_UI_EXPORT_CSV_H
#define LOADTOP_UI_EXPORT_CSV_H

struct saved_run;
struct text;

void csv_series(const struct saved_run *run, struct text *);
void csv_plateaus(const struct saved_run *run, struct text *);

#endif
