/* The header: the overall state in one line, and the name of the selected pool. */
#ifndef LOADTOP_UI_VIEWS_HEADER_H
#define LOADTOP_UI_VIEWS_HEADER_H

struct cells;
struct layout;
struct screen;
struct snapshot;

void header_draw(struct cells *, const struct snapshot *, struct screen *, const struct layout *);
/* Draws the selected pool's name and the names of the views. */
void title_draw(struct cells *, const struct snapshot *, struct screen *, const struct layout *);

#endif
