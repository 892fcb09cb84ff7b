/* The grid of cells as files: ANSI and SVG. What is in the grid is in
 * the file. */
#ifndef LOADTOP_UI_EXPORT_PICTURE_H
#define LOADTOP_UI_EXPORT_PICTURE_H

#include "ui/term/theme.h"

#include <stdbool.h>

struct cells;
struct text;

/* Lines with SGR sequences of the tier; ends with a reset. */
void export_ansi(const struct cells *, const struct theme *, enum tier, struct text *);
/* A picture of its own, with the theme's direct colours and a monospaced font. */
void export_svg(const struct cells *, const struct theme *, struct text *);

/* Ground and ink where the theme leaves them to the terminal. */
void export_ground(const struct theme *, unsigned *ground_rgb, unsigned *ink_rgb);
/* The RGB of a cell: reverse and dim are carried out. */
void export_cell_rgb(const struct theme *, unsigned role, unsigned back, unsigned attr_bits,
                     unsigned *fg, unsigned *bg, bool *bold, bool *underline);

#endif
