/* Quantities and stamps in the words of a report. */
#ifndef LOADTOP_UI_PAGE_FIGURES_H
#define LOADTOP_UI_PAGE_FIGURES_H

struct saved_pool;

/* Quantities as the screen writes them; "-" for NaN. Each has one of a few buffers of its own,
 * which are used again after 16 calls: for the arguments of one call. */
const char *fig_us(double us);
const char *fig_number(double v);
const char *fig_count(double v);
const char *fig_share(double v); /* 0.123 -> "12.3 %" */
const char *fig_bytes(double v);
const char *fig_seconds(double v); /* "12.3 s" */

/* "SIMULATED", "MOCK", "LOOPBACK", or "" for a target elsewhere; and what it means. */
const char *stamp_of(const struct saved_pool *pool);
const char *stamp_words(const char *stamp);

#endif
