/* How figures are written on the screen.
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
/* A mean of whole things: "16", "1.0", "0.06"; never 0 for what is more than nothing. */
char *show_mean(char *buf, size_t size, double n);
/* As show_count, in w columns (at least 4): with fewer digits, never with its end cut off. */
char *show_count_in(char *buf, size_t size, double n, int w);
/* With every digit ("26,340,024") where w columns have room for them, else as show_count_in. */
char *show_items(char *buf, size_t size, uint64_t n, int w);
char *show_signed(char *buf, size_t size, double v);      /* "+31.0k", "-1.90k" */
char *show_signed_ns(char *buf, size_t size, double ns);  /* "+1.10ms" */
char *show_percent(char *buf, size_t size, double share); /* "97 %" */
char *show_bytes(char *buf, size_t size, double bytes);
/* The wall clock's time of a moment of the run: "12:31:02", or "12:31". */
char *show_clock(char *buf, size_t size, const struct snapshot *, double t_s, bool seconds);
/* What one operation of the pool is called: "op", "row", "msg"; "op" for a mix of several. */
const char *pool_noun(const struct pool_snapshot *);
/* "42 s left", "5 min left" after `before`; "" when it is not known. */
char *show_left(char *buf, size_t size, const char *before, double left_s);
/* Columns for the pools' names: as many as the longest has, within these bounds. */
int show_names_width(const struct snapshot *, int least, int most);
/* A pool's name in w columns. Too long, it loses its middle: names that people count up (orders-1,
 * orders-2) differ at their end. */
char *show_name(const struct cells *, char *buf, size_t size, const char *name, int w);
/* Marks with an ellipsis that text which ended at x went beyond the rectangle's first row. */
void show_cut(struct cells *, struct rect, int x);
/* "4x10x16": threads, clients, depth. */
char *show_load(char *buf, size_t size, const struct pool_snapshot *, const char *times);
enum role state_role(enum pool_state);
bool text_has(const char *hay, const char *needle); /* without regard to case; "" is in all */

#endif
