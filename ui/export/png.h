/* The grid as a PNG. */
#ifndef LOADTOP_UI_EXPORT_PNG_H
#define LOADTOP_UI_EXPORT_PNG_H

#include <stdbool.h>

struct cells;
struct err;
struct theme;

/* Is cairo built in? */
bool export_png_available(void);
/* ERR_FAILED without cairo, or when it cannot be drawn. The bytes are the caller's to free. */
int export_png(const struct cells *, const struct theme *, unsigned char **data, unsigned long *len,
               struct err *);

#endif
