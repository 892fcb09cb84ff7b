/* Actions of keys, mouse and pastes. */
#ifndef LOADTOP_UI_LIVE_ACT_H
#define LOADTOP_UI_LIVE_ACT_H

struct app;
struct input;

void act_input(struct app *, const struct input *);
void act_probe(struct app *); /* checks whether the form's test has a result */

#endif
