/* Shared by views that consist of one table: frame, selected row, and scrolling. */
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
/* Draws the background of row `row` at y; the selected row is highlighted. */
void list_row(struct cells *, struct screen *, struct rect, int y, int row);
/* Keeps the selected row in range and visible; returns the first of `rows` to draw, with `page`
 * rows on screen. */
int scroll_follow(struct screen *, int rows, int page);

#endif
