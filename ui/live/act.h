/* What keys, the mouse and pastes do. */
#ifndef LOADTOP_UI_LIVE_ACT_H
#define LOADTOP_UI_LIVE_ACT_H

struct app;
struct input;

void act_input(struct app *, const struct input *);
void act_probe(struct app *); /* looks whether the form's test has a result */

#endif
