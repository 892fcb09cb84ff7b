/* The folder for persistent state: $XDG_STATE_HOME/loadtop, or ~/.local/state/loadtop. */
#ifndef LOADTOP_UI_RUN_STATE_FOLDER_H
#define LOADTOP_UI_RUN_STATE_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

struct err;

/* The path of `name` in it. ERR_FAILED: neither XDG_STATE_HOME nor HOME is set. */
int state_path(char *path, size_t size, const char *name, struct err *);
/* Creates missing folders of a path, accessible by the user only; the last part is a file name.
 * ERR_FAILED also when loadtop's folder, or one in it, belongs to another user or is writable by
 * others. */
int state_make(char *path, struct err *);
/* The same check for existing folders. */
int state_check(char *path, struct err *);
/* Is the open file (opened with O_NONBLOCK) a regular file owned by the user? */
bool state_file_ok(int fd);

#endif
