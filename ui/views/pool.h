/* One pool in full. */
#ifndef LOADTOP_UI_VIEWS_POOL_H
#define LOADTOP_UI_VIEWS_POOL_H

struct cells;
struct layout;
struct screen;
struct snapshot;

void pool_draw(struct cells *, const struct snapshot *, struct screen *, const struct layout *);

#endif
