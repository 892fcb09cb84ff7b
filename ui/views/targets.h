/* Where each pool's load goes, and what the server there says of itself. */
#ifndef LOADTOP_UI_VIEWS_TARGETS_H
#define LOADTOP_UI_VIEWS_TARGETS_H

struct cells;
struct layout;
struct screen;
struct snapshot;

void targets_draw(struct cells *, const struct snapshot *, struct screen *, const struct layout *);

#endif
