/* What is left of a run whose program was killed: its state of every second, in a file beside the
 * kept runs ($XDG_STATE_HOME/loadtop/running/). The next look at the history takes it from there.
 *
 * The file begins with the run as JSON (a checkpoint); each further line is what a second changed.
 * When the lines have grown to several times the checkpoint, a new one takes the file's place. The
 * file is locked while its program lives; one without a lock belongs to a program that ended
 * without removing it. Only front ends' threads come here, never a worker's. */
#ifndef LOADTOP_UI_RUN_JOURNAL_H
#define LOADTOP_UI_RUN_JOURNAL_H

#include <stdbool.h>

struct err;
struct journal;
struct json_t;
struct snapshot;

/* NULL and err: the folder cannot be made or written to. `command` and `screens` (an array that
 * grows, or NULL) are borrowed. */
struct journal *journal_open(const char *command, const struct json_t *screens, struct err *);
/* Writes a second when one is over. Takes NULL. False and err, once: it could not, and no more is
 * written. */
bool journal_tick(struct journal *, const struct snapshot *, struct err *);
/* `kept`: the run is in the history (or is not wanted there), the file is removed. Takes NULL. */
void journal_close(struct journal *, bool kept);

/* Calls take for each run that was left behind, oldest first, with `ended_by` "error" and
 * `recovered` saying why, and removes its file when take returns 0. How many were taken. */
unsigned journal_recover(int (*take)(const struct json_t *run, void *ctx), void *ctx);
/* Is there one? */
bool journal_left(void);

#endif
