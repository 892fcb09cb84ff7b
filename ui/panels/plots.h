/* The plots over time of the selected pool. */
#ifndef LOADTOP_UI_PANELS_PLOTS_H
#define LOADTOP_UI_PANELS_PLOTS_H

struct cells;
struct layout;
struct screen;
struct snapshot;

void throughput_panel(struct cells *, const struct snapshot *, struct screen *,
                      const struct layout *);
void latency_panel(struct cells *, const struct snapshot *, struct screen *, const struct layout *);
void heatmap_panel(struct cells *, const struct snapshot *, struct screen *, const struct layout *);

#endif
