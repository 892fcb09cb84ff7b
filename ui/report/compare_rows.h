/* The figures of two runs side by side, with their differences. */
#ifndef LOADTOP_UI_REPORT_COMPARE_ROWS_H
#define LOADTOP_UI_REPORT_COMPARE_ROWS_H

#include "engine/stats/differ.h"

#include <stdbool.h>
#include <stddef.h>

struct err;
struct saved_run;

enum figure {
    FIGURE_THROUGHPUT,
    FIGURE_P50,
    FIGURE_P99,
    FIGURE_RESPONSE_P99,
    FIGURE_FAILED,
    FIGURES
};
struct figure_spec {
    const char *name;
    bool log, more_is_better, latency;
};
extern const struct figure_spec figure_table[FIGURES];

struct side {
    const struct saved_run *const *run;
    size_t runs;
};

struct row {
    const char *pool;
    enum figure figure;
    struct sample base, new;
    struct difference d;
    bool by_runs;
};

/* A difference relative to the base: for figures compared by logarithm the factor minus 1; for
 * failures the difference in percentage points. */
double row_change(const struct row *, double diff);
bool row_is_worse(const struct row *); /* significantly worse */
/* Makes the rows for all figures of all pools that both sides have; row: room for POOLS_RUN_MAX *
 * FIGURES. Returns how many, or 0 with ERR_USAGE: there is no such pool, or there are too many. */
size_t compare_rows(struct row *row, const struct side *base, const struct side *new, struct err *);

#endif
