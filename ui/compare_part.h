/* What compare.c (the figures) and compare_page.c (how they are told) share; nobody else includes
 * this. */
#ifndef LOADTOP_UI_COMPARE_PART_H
#define LOADTOP_UI_COMPARE_PART_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/stats/differ.h"

struct doc;
struct json_t;

enum figure {
    FIGURE_THROUGHPUT,
    FIGURE_P50,
    FIGURE_P99,
    FIGURE_RESPONSE_P99,
    FIGURE_FAILED,
    FIGURES
};
struct figure_spec {
    const char *name, *second, *run; /* names in a second of the series and in `repeats` */
    bool log, more_is_better, latency;
};
extern const struct figure_spec figure_table[FIGURES];

struct side {
    const struct json_t *const *run;
    size_t runs;
};

struct row {
    const char *pool;
    enum figure figure;
    struct sample base, new;
    struct difference d;
    bool by_runs;
};

/* A difference as a share of the base: of logarithms the factor less 1; of failures in points. */
double row_change(const struct row *, double diff);
bool row_is_worse(const struct row *); /* more than noise, in the wrong direction */
const struct json_t *compare_pool(const struct json_t *run, const char *list, const char *name);

/* compare_page.c: the answer, what makes the sides hard to compare, the table, the plots, the
 * method. */
void compare_write(struct doc *, const struct row *, size_t rows, const struct side *base,
                   const struct side *new, double threshold);

#endif
