/* What the views that are one table share: its frame, its selected row, and how it scrolls. */
#ifndef LOADTOP_UI_PANELS_LISTS_H
#define LOADTOP_UI_PANELS_LISTS_H

#include "ui/term/cells.h"

#include <stdbool.h>

struct column;
struct layout;
struct screen;
struct table;

/* The frame, the tabs and the head of a view's one table; its rows begin at r. False when there is
 * no room. */
bool list_begin(struct cells *, struct screen *, const struct layout *, const char *title,
                const char *note, const struct column *, struct table *, struct rect *r);
/* The ground of row `row` of the list at y: the selected one is marked. */
void list_row(struct cells *, struct screen *, struct rect, int y, int row);
/* Keeps the row in range and in sight; returns the first row to draw of `rows`, with `page` rows on
 * screen. */
int scroll_follow(struct screen *, int rows, int page);

#endif
