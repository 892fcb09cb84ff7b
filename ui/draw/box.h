/* Boxes and titles around panels, bars of shares, and big digits. */
#ifndef LOADTOP_UI_DRAW_BOX_H
#define LOADTOP_UI_DRAW_BOX_H

#include "ui/draw/layout.h"
#include "ui/term/cells.h"

/* One row with a rule, a title on its left and a note (may be NULL) on its right. */
void box_rule(struct cells *, int x, int y, int w, const char *title, const char *note);
/* Frame or rule, as the layout says, and the rectangle inside. False when
 * the panel is not there. */
bool box_panel(struct cells *, const struct layout *, enum panel, const char *title,
               const char *note, struct rect *inside);
/* A word on a coloured ground, with a blank at each side; returns the column after it. */
int box_chip(struct cells *, int x, int y, enum role, const char *word);
/* A dialog: blank, framed, on the dialog's ground. */
void box_dialog(struct cells *, struct rect, const char *title);

struct share {
    double share; /* 0..1; NaN: unknown */
    enum role role;
    const char *letter; /* what fills it where colour does not tell */
};
/* A bar of w columns divided by the shares. */
void box_shares(struct cells *, int x, int y, int w, const struct share *, int n);
/* Text in digits of 3 rows and 4 columns each ("412k", "1.4ms"); returns the column after it. */
int box_big(struct cells *, int x, int y, enum role, const char *text);
int box_big_width(const char *text);

#endif
