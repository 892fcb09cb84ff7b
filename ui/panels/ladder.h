/* Percentiles of the selected pool, for the whole run and the last second. */
#ifndef LOADTOP_UI_PANELS_LADDER_H
#define LOADTOP_UI_PANELS_LADDER_H

struct cells;
struct layout;
struct pool_snapshot;
struct screen;

void ladder_panel(struct cells *, struct screen *, const struct pool_snapshot *,
                  const struct layout *);

#endif
