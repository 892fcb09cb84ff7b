/* Formatting of quantities and stamps in reports. */
#ifndef LOADTOP_UI_PAGE_FIGURES_H
#define LOADTOP_UI_PAGE_FIGURES_H

struct saved_pool;

/* Quantities formatted as on the screen; "-" for NaN. The result is in one of 16 static buffers,
 * which are reused in turn: use it only as an argument of one call. */
const char *fig_us(double us);
const char *fig_number(double v);
const char *fig_count(double v);
const char *fig_share(double v); /* 0.123 -> "12.3 %" */
const char *fig_bytes(double v);
const char *fig_seconds(double v); /* "12.3 s" */

/* The stamp for a pool's target: "SIMULATED", "MOCK", "LOOPBACK", or "" for a remote target; and
 * what the stamp means. */
const char *stamp_of(const struct saved_pool *pool);
const char *stamp_words(const char *stamp);

#endif
