/* The values at a plot's cursor, in a small box beside it.
 *
 * A cursor is at a time of the run, not at a position of the screen: as time passes it moves to the
 * left with the data until it leaves the plot. */
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
/* Draws the box on the side of the cursor that has more room; on a flat plot all values in one
 * line. */
void readout_draw(struct cells *, const struct plot *, const struct readout *);

#endif
