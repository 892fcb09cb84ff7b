/* Tables: columns that are dropped by priority when there is no room, and grow when there is. */
#ifndef LOADTOP_UI_DRAW_TABLE_H
#define LOADTOP_UI_DRAW_TABLE_H

#include "ui/term/cells.h"

struct column {
    const char *title;
    int width, most; /* minimum and maximum width in columns */
    enum align align;
    int rank; /* 0 is never dropped; the highest is dropped first */
};

#define COLUMNS_MAX 24
struct table {
    const struct column *column;
    int n;
    int x[COLUMNS_MAX], w[COLUMNS_MAX]; /* w 0: dropped */
};

/* Fits the columns (ends with a NULL title) into w columns from x. */
void table_fit(struct table *, const struct column *, int x, int w);
/* Draws the titles; sorted: index of the sort column or -1, marked with a word or glyph. */
void table_head(struct cells *, const struct table *, int y, int sorted, bool descending);
void table_put(struct cells *, const struct table *, int y, int column, enum role, const char *s);

#endif
