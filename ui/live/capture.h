/* Commands executed by the front end: captures, reports, the baseline, the theme. */
#ifndef LOADTOP_UI_LIVE_CAPTURE_H
#define LOADTOP_UI_LIVE_CAPTURE_H

struct app;
struct command;
struct err;

/* Can the screen be captured to a file of this name? 0, ERR_USAGE, or ERR_FAILED (not built in). */
int capture_check_name(const char *file, struct err *);
void capture_command(struct app *, const struct command *);
void capture_theme_follow(struct app *); /* reloads the theme if its file has changed */

#endif
