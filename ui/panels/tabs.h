/* The names of the views. */
#ifndef LOADTOP_UI_PANELS_TABS_H
#define LOADTOP_UI_PANELS_TABS_H

struct cells;
struct screen;

/* Right-aligned so that they end before x; nothing where `room` columns are too few. */
void tabs_draw(struct cells *, struct screen *, int x, int y, int room);
/* Columns that they take. */
int tabs_width(const struct screen *);

#endif
