/* What the report's files give each other; nobody else includes this. */
#ifndef LOADTOP_UI_REPORT_PARTS_H
#define LOADTOP_UI_REPORT_PARTS_H

#include <stdbool.h>
#include <stddef.h>

struct doc;
struct json_t;
struct svg_sheet;
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

/* held.c: did a steady stretch hold every threshold of its pool? */
enum held { HELD_NO, HELD_UNKNOWN, HELD_YES };
enum held plateau_held(const struct json_t *run, const struct json_t *pool,
                       const struct json_t *plateau);
struct best {
    double per_s;                    /* the highest throughput of those that held; NaN: none */
    size_t at;                       /* its index in `plateaus` */
    unsigned valid, failed, unknown; /* stretches; of the valid ones those that did not hold */
};
struct best best_of(const struct json_t *run, const struct json_t *pool);

/* html.c: the frame of a page that stands on its own. */
void html_begin(struct doc *, const char *title);
void html_end(struct doc *);

/* screens.c: what was captured while it ran. */
void report_screens(struct doc *, const struct json_t *run);

/* replay.c: the command that repeats the run, with what was done by hand; returns how many things
 * that were done could not be told as a command. Nothing is added when the run has no command. */
unsigned report_command(const struct json_t *run, struct text *);

/* body.c: everything else, in the order of the page. */
void report_body(struct doc *, const struct json_t *run);

/* sweeps.c: the tables of one sweep, or of all of a pool's. */
void report_sweep(struct doc *, const struct json_t *sweep);
void report_sweeps(struct doc *, const struct json_t *pool);

/* html_plots.c, html_curve.c: of one pool. */
void plot_series(struct svg_sheet *, const struct json_t *run, const struct json_t *pool);
/* Two runs of one pool, one over the other, both from their start. */
void plot_pair(struct svg_sheet *, const struct json_t *base, const struct json_t *new);
void plot_percentiles(struct svg_sheet *, const struct json_t *pool);
void plot_heat(struct svg_sheet *, const struct json_t *pool);
void plot_curve(struct svg_sheet *, const struct json_t *pool, const struct json_t *scaling,
                double goal_per_s);

#endif
