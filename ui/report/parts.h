/* What the report's files give each other; nobody else includes this. */
#ifndef LOADTOP_UI_REPORT_PARTS_H
#define LOADTOP_UI_REPORT_PARTS_H

#include <stdbool.h>
#include <stddef.h>

struct doc;
struct json_t;
struct text;

/* Quantities as the screen writes them; "-" for NaN. Each has one of a few buffers of its own,
 * which are used again after 16 calls: for the arguments of one call. */
const char *fig_us(double us);
const char *fig_number(double v);
const char *fig_count(double v);
const char *fig_share(double v); /* 0.123 -> "12.3 %" */
const char *fig_bytes(double v);
const char *fig_seconds(double v); /* "12.3 s" */

/* "SIMULATED", "MOCK", "LOOPBACK", or "" for a target elsewhere; and what it means. */
const char *stamp_of(const struct json_t *pool);
const char *stamp_words(const char *stamp);

/* verdict.c: what it comes to, first. */
void report_verdict(struct doc *, const struct json_t *run);
/* The highest steady throughput measured at a valid plateau of the pool, and the plateau's index;
 * NaN when there is none. */
double best_plateau(const struct json_t *pool, size_t *at);

/* body.c: everything else, in the order of the page. */
void report_body(struct doc *, const struct json_t *run);

/* html_plots.c, html_curve.c: of one pool. */
void plot_series(struct text *, const struct json_t *run, const struct json_t *pool);
void plot_percentiles(struct text *, const struct json_t *pool);
void plot_heat(struct text *, const struct json_t *pool);
void plot_curve(struct text *, const struct json_t *pool, const struct json_t *scaling,
                double goal_per_s);

#endif
