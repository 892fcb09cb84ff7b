/* The bottom lines: dials and keys, or the input line. */
#ifndef LOADTOP_UI_VIEWS_BOTTOM_H
#define LOADTOP_UI_VIEWS_BOTTOM_H

struct cells;
struct layout;
struct screen;
struct snapshot;

void bottom_draw(struct cells *, const struct snapshot *, struct screen *, const struct layout *);

#endif
