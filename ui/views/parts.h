/* What several views draw: the header, alerts, plots, the bottom lines; and how absent figures are
 * written.
 *
 * Every quantity goes through show_*: NaN, and -1 for counts that may be
 * unknown, is "-", never 0. */
#ifndef LOADTOP_UI_VIEWS_PARTS_H
#define LOADTOP_UI_VIEWS_PARTS_H

#include "engine/state/snapshot.h"
#include "ui/cells.h"
#include "ui/layout.h"
#include "ui/screen.h"

#include <stddef.h>

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

/* ---- alerts: what is wrong now, the worst first ---- */

struct alert {
    bool bad; /* else a caution */
    char text[320];
};
#define ALERTS_MAX (2 * POOLS_MAX)
int alerts_collect(const struct snapshot *, struct alert *alert, int max);

void header_draw(struct cells *, const struct snapshot *, struct screen *, const struct layout *);
void alerts_draw(struct cells *, const struct snapshot *, const struct layout *);
void bottom_draw(struct cells *, const struct snapshot *, struct screen *, const struct layout *);
/* Which pool the view is about, and the names of the views. */
void title_draw(struct cells *, const struct snapshot *, struct screen *, const struct layout *);
/* The names of the views, right-aligned so that they end before x. */
void tabs_draw(struct cells *, struct screen *, int x, int y, int room);

/* ---- panels of the selected pool ---- */

void throughput_panel(struct cells *, const struct snapshot *, struct screen *,
                      const struct layout *);
void latency_panel(struct cells *, const struct snapshot *, struct screen *, const struct layout *);
/* Percentiles of the whole run and of now. */
void ladder_panel(struct cells *, struct screen *, const struct pool_snapshot *,
                  const struct layout *);
void heatmap_panel(struct cells *, const struct snapshot *, struct screen *, const struct layout *);
void scaling_panel(struct cells *, const struct snapshot *, struct screen *, const struct layout *);
void grid_panel(struct cells *, const struct snapshot *, struct screen *, const struct layout *);
void valid_panel(struct cells *, const struct snapshot *, struct screen *, const struct layout *);
void budget_panel(struct cells *, const struct snapshot *, struct screen *, const struct layout *);
void changes_panel(struct cells *, const struct snapshot *, struct screen *, const struct layout *);
void goal_panel(struct cells *, const struct snapshot *, struct screen *, const struct layout *);
void left_panel(struct cells *, const struct snapshot *, struct screen *, const struct layout *);
/* One change in words, with its effect: "threads 3->4  +31k/s (+24k..+38k) real  p99 +1.1ms". The
 * parts are drawn from x; returns the column after it. */
int change_draw(struct cells *, int x, int y, int w, const struct snapshot *, const struct event *,
                bool seconds);
bool event_is_change(const struct event *);
bool event_is_halt(const struct event *);    /* a pause, a stop, and their ends */
const char *event_who(const struct event *); /* "you", "sweep", "server" */

/* ---- tables that scroll ---- */

struct column;
struct table;
/* The frame, the tabs and the head of a view's one table; its rows begin at r. False when there is
 * no room. */
bool list_begin(struct cells *, struct screen *, const struct layout *, const char *title,
                const char *note, const struct column *, struct table *, struct rect *r);
/* The ground of row `row` of the list at y: the selected one is marked. */
void list_row(struct cells *, struct screen *, struct rect, int y, int row);
/* Breaks at blanks into lines of w columns; returns how many, and draws those below `rows` (none
 * when c is NULL). */
int text_wrap(struct cells *c, int x, int y, int w, int rows, enum role, const char *s);

/* The rows of the errors view in the order in which it shows them; returns how many. */
struct error_row {
    const struct pool_snapshot *pool;
    const struct error_class *error;
};
#define ERROR_ROWS_MAX 512
int errors_rows(const struct snapshot *, const struct screen *, struct error_row *, int max);
/* The events in the order of their view: indices into s->event, at most 1,000. */
int events_rows(const struct snapshot *, const struct screen *, unsigned *index, int max);
#define EVENT_ROWS_MAX 1000
/* Keeps the row in range and in sight; returns the first row to draw of `rows`, with `page` rows on
 * screen. */
int scroll_follow(struct screen *, int rows, int page);
bool text_has(const char *hay, const char *needle); /* without regard to case; "" is in all */

/* The order of the pools on the screen: indices into s->pool. */
void overview_order(const struct snapshot *, const struct screen *, unsigned order[POOLS_MAX]);
void overview_draw(struct cells *, const struct snapshot *, struct screen *, const struct layout *);
void pool_draw(struct cells *, const struct snapshot *, struct screen *, const struct layout *);
void scaling_draw(struct cells *, const struct snapshot *, struct screen *, const struct layout *);
void errors_draw(struct cells *, const struct snapshot *, struct screen *, const struct layout *);
void events_draw(struct cells *, const struct snapshot *, struct screen *, const struct layout *);
void targets_draw(struct cells *, const struct snapshot *, struct screen *, const struct layout *);
void help_draw(struct cells *, struct screen *);

#endif
