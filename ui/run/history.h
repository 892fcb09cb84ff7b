/* The runs kept so far: each run's JSON in one SQLite file in the user's state directory
 * ($XDG_STATE_HOME/loadtop/history.db, or ~/.local/state/loadtop/history.db).
 *
 * Saved when a run ends, unless --no-history; the newest HISTORY_MOST are kept. Several programs
 * may save at once. Whatever goes wrong here is a warning, never the failure of a run. */
#ifndef LOADTOP_UI_RUN_HISTORY_H
#define LOADTOP_UI_RUN_HISTORY_H

#include <stdbool.h>

struct err;
struct json_t;
struct store;

#define HISTORY_MOST 1000

/* Keeps a run. `hurry`: after a signal; gives up rather than waits. ERR_FAILED, also when SQLite is
 * not built in. */
int history_save(const struct json_t *run, bool hurry, struct err *);
bool history_available(void);
/* Takes what programs that ended without saving left behind. */
void history_recover(struct store *);

#endif
