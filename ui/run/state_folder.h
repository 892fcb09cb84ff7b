/* Where what outlives a run is kept: $XDG_STATE_HOME/loadtop, or ~/.local/state/loadtop. */
#ifndef LOADTOP_UI_RUN_STATE_FOLDER_H
#define LOADTOP_UI_RUN_STATE_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

struct err;

/* The path of `name` in it. ERR_FAILED: neither variable says where. */
int state_path(char *path, size_t size, const char *name, struct err *);
/* Makes each missing folder of a path, for the user alone; the last part is a file's name.
 * ERR_FAILED also when loadtop's own folder, or one in it, is another user's or everybody's. */
int state_make(char *path, struct err *);
/* The same check of folders that are there. */
int state_check(char *path, struct err *);
/* Is what was opened (with O_NONBLOCK) an ordinary file of the user's own? */
bool state_file_ok(int fd);

#endif
