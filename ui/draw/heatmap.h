/* Latency heatmaps: for each column of time, the distribution of its operations' durations.
 *
 * Made from the mergeable histogram of each second, so columns of many seconds are exact too. A map
 * is cached between frames and recomputed only when its columns have advanced. */
#ifndef LOADTOP_UI_DRAW_HEATMAP_H
#define LOADTOP_UI_DRAW_HEATMAP_H

#include "ui/draw/axis.h"
#include "ui/draw/bins.h"
#include "ui/term/cells.h"

struct pool_snapshot;

#define HEAT_LEVELS 5
#define HEATMAP_COLS 320
#define HEATMAP_ROWS 64

struct heatmap {
    unsigned pool;
    struct bins bins;
    int rows;
    double lo, hi;                             /* ns, log */
    double newest_s;                           /* end of the last second included */
    uint8_t level[HEATMAP_ROWS][HEATMAP_COLS]; /* 0: no operations; row 0 is at the top */
};

/* The level of a share of a column's operations: 0 for none, then below 0.1 %, 1 %, 5 %, 20 %, and
 * more. */
int heatmap_level(double share);
/* Computes the map for these columns and rows; reuses columns that it has already, shifted with
 * time. */
void heatmap_fill(struct heatmap *, const struct pool_snapshot *, const struct bins *, int rows,
                  const struct axis *);
/* Draws a sample of a level (1 to 5). */
void heatmap_sample(struct cells *, int x, int y, int level);
void heatmap_draw(struct cells *, struct rect, const struct heatmap *);

#endif
