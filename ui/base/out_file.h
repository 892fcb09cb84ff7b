/* Atomic file writes.
 *
 * All files are saved through here: written under a temporary name in the same folder, synced, and
 * renamed over an older file. If the disk is full or the program ends in between, the older file is
 * unchanged. A path that is not a regular file (/dev/stdout, a named pipe, a terminal) is written
 * directly; a rename would replace the device.
 *
 * A symbolic link is followed, except one that another user created in a world-writable folder;
 * such a link or pipe is refused. */
#ifndef LOADTOP_UI_BASE_OUT_FILE_H
#define LOADTOP_UI_BASE_OUT_FILE_H

#include <stdbool.h>
#include <stddef.h>

struct err;

/* How long to wait for a pipe or a terminal that accepts nothing. */
enum out_wait {
    OUT_AT_ONCE, /* OUT_BLINK_MS: during a run, or after a signal to end the program */
    OUT_PATIENT  /* for readers that start late or are slow; a signal ends the wait */
};

/* Writes the bytes to `path`. ERR_FAILED: an older file is unchanged and no temporary file is
 * left. */
int out_file_write(const char *path, const void *data, size_t len, enum out_wait, struct err *);

/* Checks that a file could be written to `path` now: for a warning before a long run; the disk may
 * fill up later. */
int out_file_check(const char *path, struct err *);

/* Does `path` exist and is not a regular file? Then it is written only once, at the end. */
bool out_file_is_special(const char *path);

#endif
