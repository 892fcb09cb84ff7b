/* The values at a plot's cursor, in a small box beside it.
 *
 * A cursor stands at a moment of the run, not at a place on the screen: as time goes on it moves to
 * the left with its data, until it leaves the plot. */
#ifndef LOADTOP_UI_DRAW_READOUT_H
#define LOADTOP_UI_DRAW_READOUT_H

#include "ui/term/cells.h"

struct plot;

#define READOUT_LINES 6
struct readout {
    struct {
        char text[48];
        enum role role;
    } line[READOUT_LINES];
    int lines;
};

void readout_add(struct readout *, enum role, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* At the plot's cursor, on the side that has more room; on a flat plot one line of all. */
void readout_draw(struct cells *, const struct plot *, const struct readout *);

#endif
