/* Formatting of figures on the screen.
 *
 * Every quantity goes through show_*: NaN, and -1 for counts that may be unknown, is "-", never 0. */
#ifndef LOADTOP_UI_PANELS_SHOW_H
#define LOADTOP_UI_PANELS_SHOW_H

#include "engine/state/snapshot.h"
#include "ui/term/cells.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

char *show_ns(char *buf, size_t size, double ns);
char *show_number(char *buf, size_t size, double v);
char *show_count(char *buf, size_t size, double n); /* whole below 1,000: "7", "12.6k" */
/* A mean of counts: "16", "1.0", "0.06"; never "0" for a value above 0. */
char *show_mean(char *buf, size_t size, double n);
/* Like show_count, in at most w columns (at least 4), with fewer digits instead of truncation. */
char *show_count_in(char *buf, size_t size, double n, int w);
/* All digits ("26,340,024") if they fit into w columns, else as show_count_in. */
char *show_items(char *buf, size_t size, uint64_t n, int w);
char *show_signed(char *buf, size_t size, double v);      /* "+31.0k", "-1.90k" */
char *show_signed_ns(char *buf, size_t size, double ns);  /* "+1.10ms" */
char *show_percent(char *buf, size_t size, double share); /* "97 %" */
char *show_bytes(char *buf, size_t size, double bytes);
/* The wall-clock time of t_s: "12:31:02", or "12:31". */
char *show_clock(char *buf, size_t size, const struct snapshot *, double t_s, bool seconds);
/* The unit of the pool's operations: "op", "row", "msg"; "op" for a mix of several. */
const char *pool_noun(const struct pool_snapshot *);
/* `before` followed by "42 s left" or "5 min left"; "" when not known. */
char *show_left(char *buf, size_t size, const char *before, double left_s);
/* The width of the longest pool name, within these bounds. */
int show_names_width(const struct snapshot *, int least, int most);
/* A pool's name in w columns. If too long its middle is cut, because numbered names (orders-1,
 * orders-2) differ at their end. */
char *show_name(const struct cells *, char *buf, size_t size, const char *name, int w);
/* Draws an ellipsis at the end of the rectangle's first row if text drawn there ended at x, beyond
 * the rectangle. */
void show_ellipsis(struct cells *, struct rect, int x);
/* Writes "4x10x16": threads x clients x depth. */
char *show_load(char *buf, size_t size, const struct pool_snapshot *, const char *times);
enum role state_role(enum pool_state);
bool text_has(const char *hay, const char *needle); /* ignores case; "" is always found */

#endif
