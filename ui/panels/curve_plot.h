/* The plots of one scaling curve, all with the same N axis. */
#ifndef LOADTOP_UI_PANELS_CURVE_PLOT_H
#define LOADTOP_UI_PANELS_CURVE_PLOT_H

#include "ui/term/cells.h"

#include <stdbool.h>

struct curve;
struct screen;

/* Throughput against N: points with their intervals, ideal line, law with its band, phases, N*, the
 * present, and what to measure next. `full`: all of that; else a small plot. */
void curve_plot(struct cells *, struct screen *, const struct curve *, struct rect, bool full);
void curve_plot_latency(struct cells *, struct screen *, const struct curve *, struct rect);
void curve_plot_cpu(struct cells *, struct screen *, const struct curve *, struct rect);
void curve_plot_memory(struct cells *, struct screen *, const struct curve *, struct rect);

#endif
