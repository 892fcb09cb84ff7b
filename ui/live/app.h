/* The dashboard: one thread that reads keys, sends commands, takes snapshots and draws them.
 *
 * It never blocks on the engine: commands go into its queue, snapshots come out. It redraws at once
 * on a key and otherwise with each new snapshot, ten times a second. */
#ifndef LOADTOP_UI_LIVE_APP_H
#define LOADTOP_UI_LIVE_APP_H

#include "ui/live/app_state.h"

struct engine;
struct journal;
struct err;

/* Would app_run refuse (no terminal, an unknown TERM, theme or glyph set)? Call it before load is
 * started. */
int app_check(const struct app_settings *, struct err *);
/* Runs the dashboard until the user quits; the terminal is then restored. Returns 0, or 128+n when
 * ended by signal n, or an enum err_code with err set when the terminal or a setting cannot be
 * used. The engine is made and started by the caller, who also waits for its end and prints the
 * report. The journal (or NULL) gets each second of the run. */
int app_run(struct engine *, const struct app_settings *, struct journal *, struct err *);

/* Draws the screen as it is now and shows it on the terminal, which must be open. */
void app_draw(struct app *);

#endif
