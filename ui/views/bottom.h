/* The bottom lines: the dials and the keys, or what is being typed. */
#ifndef LOADTOP_UI_VIEWS_BOTTOM_H
#define LOADTOP_UI_VIEWS_BOTTOM_H

struct cells;
struct layout;
struct screen;
struct snapshot;

void bottom_draw(struct cells *, const struct snapshot *, struct screen *, const struct layout *);

#endif
