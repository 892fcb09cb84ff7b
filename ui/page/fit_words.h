/* Describes a fitted scaling law in words. */
#ifndef LOADTOP_UI_PAGE_FIT_WORDS_H
#define LOADTOP_UI_PAGE_FIT_WORDS_H

#include <stddef.h>

struct text;
struct usl_fit;

/* Five significant digits without an exponent where that reads well; "-" for NaN. Returns buf. */
const char *fit_figure(char *buf, size_t size, double v);
/* The fit in words: parameters, peak, phases, model, next point. Lines are indented by two; also
 * used by the reports. `x_unit` follows a throughput ("/s" or ""). */
void fit_words(struct text *t, const struct usl_fit *, double next_n, const char *x_unit);
/* The N at which each phase begins; NaN: never. */
struct fit_borders {
    double diminishing, saturated, retrograde;
};
struct fit_borders fit_borders(const struct usl_fit *);

#endif
