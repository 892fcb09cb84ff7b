/* Draws a form: fields with values, accepted input, and errors. */
#ifndef LOADTOP_UI_WIDGETS_FORM_DRAW_H
#define LOADTOP_UI_WIDGETS_FORM_DRAW_H

struct cells;
struct form;
struct hits;

/* Records clickable areas in hits and sets the cursor (x, y) of the text field, if there is one. */
void form_draw(struct cells *, struct form *, struct hits *, int *cursor_x, int *cursor_y);

#endif
