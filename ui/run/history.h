/* The history of runs: each run's JSON in one SQLite file in the user's state directory
 * ($XDG_STATE_HOME/loadtop/history.db, or ~/.local/state/loadtop/history.db).
 *
 * Saved when a run ends, unless --no-history; the newest HISTORY_MOST are kept. Several programs
 * may save at once. Errors here are warnings and never make a run fail. */
#ifndef LOADTOP_UI_RUN_HISTORY_H
#define LOADTOP_UI_RUN_HISTORY_H

#include <stdbool.h>

struct err;
struct json_t;
struct store;

#define HISTORY_MOST 1000

/* Saves a run. `hurry`: after a signal; gives up instead of waiting. ERR_FAILED, also when SQLite
 * is not built in. */
int history_save(const struct json_t *run, bool hurry, struct err *);
bool history_available(void);
/* Saves the journals of programs that ended without saving their run. */
void history_recover(struct store *);

#endif
