/* The header: the state of everything in one line, and whose panels stand below it. */
#ifndef LOADTOP_UI_VIEWS_HEADER_H
#define LOADTOP_UI_VIEWS_HEADER_H

struct cells;
struct layout;
struct screen;
struct snapshot;

void header_draw(struct cells *, const struct snapshot *, struct screen *, const struct layout *);
/* Which pool the view is about, and the names of the views. */
void title_draw(struct cells *, const struct snapshot *, struct screen *, const struct layout *);

#endif
