/* Writes a comparison: the result, caveats, the table, the plots, and the method. */
#ifndef LOADTOP_UI_REPORT_COMPARE_PAGE_H
#define LOADTOP_UI_REPORT_COMPARE_PAGE_H

#include <stddef.h>

struct doc;
struct row;
struct side;

/* Writes the whole comparison. */
void compare_write(struct doc *, const struct row *, size_t rows, const struct side *base,
                   const struct side *new, double threshold);

/* Describes the statistical method with its sources: for the help and for each comparison. */
void compare_add_method(struct doc *);

#endif
