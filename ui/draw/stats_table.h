/* What a backend says of itself beyond the common figures (`backend_stats`), laid out as lines.
 *
 * Anywhere in that object, at most one level down, a backend may put
 *   "findings": [ "a sentence", ... ]
 *   "table": { "head": [ ... ], "rows": [ [ ... ], ... ], "note": "what the columns mean" }
 * whose cells are texts as a person reads them. The targets view, the summary and reports draw
 * both from here. */
#ifndef LOADTOP_UI_DRAW_STATS_TABLE_H
#define LOADTOP_UI_DRAW_STATS_TABLE_H

#include <stddef.h>

struct json_t;
struct text;

/* Borrowed; NULL: there is none, or it is empty. */
const struct json_t *stats_findings(const struct json_t *stats);
const struct json_t *stats_table(const struct json_t *stats);
/* Line `row` of the table, -1 for its head, at most `width` columns wide: columns on the right that
 * do not fit are left out, whole. Texts to the left, numbers to the right. Returns buf. */
char *stats_table_line(const struct json_t *table, int row, int width, char *buf, size_t size);
/* All of it as lines with this in front of each; nothing when there is nothing. */
void stats_table_text(const struct json_t *stats, const char *indent, int width, struct text *);
#endif
