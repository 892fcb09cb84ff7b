/* The errors by class. */
#ifndef LOADTOP_UI_VIEWS_ERRORS_H
#define LOADTOP_UI_VIEWS_ERRORS_H

#include <stdbool.h>

struct error_class;
struct pool_snapshot;
struct screen;
struct snapshot;
struct view;

/* The rows of the errors view in the order in which it shows them; returns how many. */
struct error_row {
    const struct pool_snapshot *pool;
    const struct error_class *error;
    bool conn; /* of connections, not of operations */
};
#define ERROR_ROWS_MAX 512
int errors_rows(const struct snapshot *, const struct screen *, struct error_row *, int max);
extern const struct view view_errors;

#endif
