/* The runs kept so far: each run's JSON in one SQLite file in the user's state directory
 * ($XDG_STATE_HOME/loadtop/history.db, or ~/.local/state/loadtop/history.db).
 *
 * Saved when a run ends, unless --no-history; the newest HISTORY_MOST are kept. Several programs
 * may save at once. Whatever goes wrong here is a warning, never the failure of a run. */
#ifndef LOADTOP_UI_HISTORY_H
#define LOADTOP_UI_HISTORY_H

#include <stdbool.h>

struct err;
struct json_t;
struct text;

#define HISTORY_MOST 1000

/* Keeps a run. `hurry`: after a signal; gives up rather than waits. ERR_FAILED, also when SQLite is
 * not built in. */
int history_save(const struct json_t *run, bool hurry, struct err *);
bool history_available(void);

/* `loadtop history`, with one of these after it or nothing (list):
 *
 *   list
 *   show ID [-o FILE]
 *   compare BASE NEW [--threshold SHARE] [-o FILE]
 *   prune [--keep N] [--older T]
 *
 * An ID is as listed, or the run's own (its first letters), or `last`. */
int history_verb(struct text *t, int argc, char *const *argv, bool *regressed, struct err *);

#endif
