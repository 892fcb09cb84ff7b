/* The help. */
#ifndef LOADTOP_UI_VIEWS_HELP_H
#define LOADTOP_UI_VIEWS_HELP_H

struct cells;
struct screen;

void help_draw(struct cells *, struct screen *);

#endif
