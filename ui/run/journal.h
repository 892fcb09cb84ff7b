/* Saves the state of a run every second, in case the program is killed, in a file beside the
 * history ($XDG_STATE_HOME/loadtop/running/). The next access to the history recovers it.
 *
 * The file begins with the run as JSON (a checkpoint); each further line has the changes of a
 * second. When the lines have grown to several times the checkpoint, a new one replaces the file.
 * The file is locked while its program runs; an unlocked one belongs to a program that ended
 * without removing it. Called on front ends' threads only, never on a worker's. */
#ifndef LOADTOP_UI_RUN_JOURNAL_H
#define LOADTOP_UI_RUN_JOURNAL_H

#include <stdbool.h>

struct err;
struct journal;
struct json_t;
struct snapshot;

/* NULL and err: the folder cannot be created or written to. `command` and `screens` (a growing
 * array, or NULL) are borrowed. */
struct journal *journal_open(const char *command, const struct json_t *screens, struct err *);
/* Writes a second when it is complete. Takes NULL. False and err, once, if writing failed; nothing
 * more is written then. */
bool journal_tick(struct journal *, const struct snapshot *, struct err *);
/* `kept`: the run is in the history (or should not be), so the file is removed. Takes NULL. */
void journal_close(struct journal *, bool kept);

/* Calls take for each abandoned run, oldest first, with `ended_by` "error" and the reason in
 * `recovered`, and removes its file when take returns 0. Returns how many were taken. */
unsigned journal_recover(int (*take)(const struct json_t *run, void *ctx), void *ctx);
/* Is there an abandoned run? */
bool journal_left(void);

#endif
