/* Where what outlives a run is kept: $XDG_STATE_HOME/loadtop, or ~/.local/state/loadtop. */
#ifndef LOADTOP_UI_STATE_FOLDER_H
#define LOADTOP_UI_STATE_FOLDER_H

#include <stddef.h>

struct err;

/* The path of `name` in it. ERR_FAILED: neither variable says where. */
int state_path(char *path, size_t size, const char *name, struct err *);
/* Makes each missing folder of a path, for the user alone; the last part is a file's name. */
int state_make(char *path, struct err *);

#endif
