/* Lays out a backend's specific statistics (`backend_stats`) as lines.
 *
 * The object, or an object directly within it, may contain
 *   "findings": [ "a sentence", ... ]
 *   "table": { "head": [ ... ], "rows": [ [ ... ], ... ], "note": "what the columns mean" } whose
 *   cells are display texts. The targets view, the summary and reports draw both with these
 *   functions. */
#ifndef LOADTOP_UI_DRAW_STATS_TABLE_H
#define LOADTOP_UI_DRAW_STATS_TABLE_H

#include <stddef.h>

struct json_t;
struct text;

/* Borrowed; NULL: there is none, or it is empty. */
const struct json_t *stats_findings(const struct json_t *stats);
const struct json_t *stats_table(const struct json_t *stats);
/* Line `row` of the table, -1 for its head, at most `width` columns wide: columns on the right that
 * do not fit are omitted. Texts are left-aligned, numbers right-aligned. Returns buf. */
char *stats_table_line(const struct json_t *table, int row, int width, char *buf, size_t size);
/* Adds findings and table as lines, each with the indent; nothing if there are none. */
void stats_table_text(const struct json_t *stats, const char *indent, int width, struct text *);
#endif
