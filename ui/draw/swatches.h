/* A theme shown: every role in its own look, for `loadtop themes` and for the dashboard, where the
 * theme just chosen is seen for a moment. */
#ifndef LOADTOP_UI_DRAW_SWATCHES_H
#define LOADTOP_UI_DRAW_SWATCHES_H

struct cells;

/* Rows that all roles take in a width of w columns. */
int swatches_rows(int w);
/* Draws them from (x, y), column by column. */
void swatches_draw(struct cells *, int x, int y, int w);
/* The same in a box at the lower right edge, over what is there; nothing where it has no room. */
void swatches_box(struct cells *, const char *title);

#endif
