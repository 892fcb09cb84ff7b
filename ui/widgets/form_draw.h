/* How a form looks: fields with their values, what may be typed, and what is wrong. */
#ifndef LOADTOP_UI_WIDGETS_FORM_DRAW_H
#define LOADTOP_UI_WIDGETS_FORM_DRAW_H

struct cells;
struct form;
struct hits;

/* Notes in hits what can be clicked. The cursor (x, y) of the text field is set where there is one. */
void form_draw(struct cells *, struct form *, struct hits *, int *cursor_x, int *cursor_y);

#endif
