/* The commands that the screen carries out: captures, reports, the baseline, the theme. */
#ifndef LOADTOP_UI_LIVE_CAPTURE_H
#define LOADTOP_UI_LIVE_CAPTURE_H

struct app;
struct command;

void capture_command(struct app *, const struct command *);
void capture_theme_follow(struct app *); /* takes a theme's file anew that was written meanwhile */

#endif
