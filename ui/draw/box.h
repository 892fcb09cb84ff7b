/* Boxes and titles around panels, bars of shares, and big digits. */
#ifndef LOADTOP_UI_DRAW_BOX_H
#define LOADTOP_UI_DRAW_BOX_H

#include "ui/draw/layout.h"
#include "ui/term/cells.h"

/* One row with a rule, a title on its left and a note (may be NULL) on its right. */
void box_rule(struct cells *, int x, int y, int w, const char *title, const char *note);
/* Draws the panel's frame or rule, according to the layout, and sets the rectangle inside. False
 * when the panel is not shown. */
bool box_panel(struct cells *, const struct layout *, enum panel, const char *title,
               const char *note, struct rect *inside);
/* A word on a coloured background with a blank on each side; returns the column after it. */
int box_chip(struct cells *, int x, int y, enum role, const char *word);
/* A blank, framed box with the dialog's background. */
void box_dialog(struct cells *, struct rect, const char *title);

struct share {
    double share; /* 0..1; NaN: unknown */
    enum role role;
    const char *letter; /* fill character for terminals without colours */
};
/* A bar of w columns divided by the shares. */
void box_shares(struct cells *, int x, int y, int w, const struct share *, int n);
/* Text in digits of 3 rows and 4 columns each ("412k", "1.4ms"); returns the column after it. */
int box_big(struct cells *, int x, int y, enum role, const char *text);
int box_big_width(const char *text);

#endif
