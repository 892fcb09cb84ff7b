/* Wrapping of text. */
#ifndef LOADTOP_UI_DRAW_WRAP_H
#define LOADTOP_UI_DRAW_WRAP_H

#include "ui/term/theme.h"

struct cells;

/* Breaks at blanks into lines of w columns; returns how many, and draws those below `rows` (none
 * when c is NULL). */
int text_wrap(struct cells *c, int x, int y, int w, int rows, enum role, const char *s);

#endif
