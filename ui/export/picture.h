/* The grid of cells as ANSI and SVG files. */
#ifndef LOADTOP_UI_EXPORT_PICTURE_H
#define LOADTOP_UI_EXPORT_PICTURE_H

#include "ui/term/theme.h"

#include <stdbool.h>

struct cells;
struct text;

/* Lines with SGR sequences of the tier; ends with a reset. */
void export_ansi(const struct cells *, const struct theme *, enum tier, struct text *);
/* A complete SVG file, with the theme's direct colours and a monospaced font. */
void export_svg(const struct cells *, const struct theme *, struct text *);

/* Background and text colour if the theme leaves them to the terminal. */
void export_ground(const struct theme *, unsigned *ground_rgb, unsigned *ink_rgb);
/* The RGB of a cell, with reverse and dim applied. */
void export_cell_rgb(const struct theme *, unsigned role, unsigned back, unsigned attr_bits,
                     unsigned *fg, unsigned *bg, bool *bold, bool *underline);

#endif
