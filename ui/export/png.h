/* The grid as a PNG. */
#ifndef LOADTOP_UI_EXPORT_PNG_H
#define LOADTOP_UI_EXPORT_PNG_H

struct cells;
struct err;
struct theme;

/* 0 where cairo is built in, else ERR_FAILED with what to install. */
int export_png_check(struct err *);
/* Draws the grid as a PNG. ERR_FAILED: cairo is not built in, or drawing failed. The caller frees
 * the bytes. */
int export_png(const struct cells *, const struct theme *, unsigned char **data, unsigned long *len,
               struct err *);

#endif
