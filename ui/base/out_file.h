/* Files that appear whole or not at all.
 *
 * Everything that loadtop saves goes through here: it is written to a temporary name beside its
 * place, synced, and renamed over what was there. When the disk is full, or the program ends in
 * between, the older file is still what it was. A path that is no ordinary file (/dev/stdout, a
 * named pipe, a terminal) has nothing to protect and is written directly; renaming over it would
 * replace the device.
 *
 * A symbolic link is followed, unless it leads astray: one that another user put into a folder that
 * everybody may write to is refused, and so is such a pipe. */
#ifndef LOADTOP_UI_BASE_OUT_FILE_H
#define LOADTOP_UI_BASE_OUT_FILE_H

#include <stdbool.h>
#include <stddef.h>

struct err;

/* How long a pipe or a terminal that takes nothing is waited for. */
enum out_wait {
    OUT_AT_ONCE, /* a blink: a run goes on, or a signal is to end the program */
    OUT_PATIENT  /* so that a reader may be started late or be slow; a signal ends that */
};

/* Puts the bytes at `path`. ERR_FAILED: an older file is untouched and
 * nothing is left beside it. */
int out_file_write(const char *path, const void *data, size_t len, enum out_wait, struct err *);

/* Could a file be put at `path` now? For a warning before a long run; the
 * disk may fill up later. */
int out_file_check(const char *path, struct err *);

/* Is there something at `path` that is no ordinary file? Then it is written once, at the end. */
bool out_file_is_special(const char *path);

#endif
