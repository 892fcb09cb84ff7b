/* The names of the views. */
#ifndef LOADTOP_UI_PANELS_TABS_H
#define LOADTOP_UI_PANELS_TABS_H

struct cells;
struct screen;

/* Draws them right-aligned before x; nothing if `room` columns are too few. */
void tabs_draw(struct cells *, struct screen *, int x, int y, int room);
/* Columns that they take. */
int tabs_width(const struct screen *);

#endif
