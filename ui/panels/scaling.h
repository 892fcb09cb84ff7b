/* The panel of the scaling curve: plot, table and words. */
#ifndef LOADTOP_UI_PANELS_SCALING_H
#define LOADTOP_UI_PANELS_SCALING_H

struct cells;
struct layout;
struct screen;
struct snapshot;

void scaling_panel(struct cells *, const struct snapshot *, struct screen *, const struct layout *);

#endif
