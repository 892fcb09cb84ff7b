/* Samples of a theme: every role in its own style, for `loadtop themes` and for the dashboard,
 * which shows them briefly after a theme was chosen. */
#ifndef LOADTOP_UI_DRAW_SWATCHES_H
#define LOADTOP_UI_DRAW_SWATCHES_H

struct cells;

/* Rows that all roles take in a width of w columns. */
int swatches_rows(int w);
/* Draws them from (x, y), column by column. */
void swatches_draw(struct cells *, int x, int y, int w);
/* The same in a box at the lower right corner, over other content; nothing if it does not fit. */
void swatches_box(struct cells *, const char *title);

#endif
