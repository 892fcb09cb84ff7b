/* A whole frame: the view, and over it prompts, questions and forms. */
#ifndef LOADTOP_UI_VIEWS_SCREEN_H
#define LOADTOP_UI_VIEWS_SCREEN_H

struct cells;
struct screen;
struct snapshot;

/* Draws everything: the view of `shown`, the state and alerts of `live` (the same unless the
 * display is frozen), then prompts, questions and forms over it. */
void screen_draw(struct cells *, struct screen *, const struct snapshot *shown,
                 const struct snapshot *live);

#endif
