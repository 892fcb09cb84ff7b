/* Files that appear whole or not at all.
 *
 * Everything that loadtop saves goes through here: it is written to a temporary name beside its
 * place, synced, and renamed over what was there. When the disk is full, or the program ends in
 * between, the older file is still what it was. A path that is no ordinary file (/dev/stdout, a
 * pipe) has nothing to protect and is written directly; renaming over it would replace the device.
 */
#ifndef LOADTOP_UI_EXPORT_FILE_H
#define LOADTOP_UI_EXPORT_FILE_H

#include <stddef.h>
#include <stdio.h>

struct err;
struct out_file;

/* Begins to write `path`: the file's stream is out_file_stream. NULL and ERR_FAILED when it cannot
 * be created. */
struct out_file *out_file_new(const char *path, struct err *);
FILE *out_file_stream(struct out_file *);
/* Puts what was written in place, and frees. ERR_FAILED when any write failed: then the older file
 * is untouched and nothing is left beside it. */
int out_file_commit(struct out_file *, struct err *);
/* Gives up: removes the temporary file, and frees. Takes NULL. */
void out_file_free(struct out_file *);

/* All three in one, for bytes that are at hand. */
int out_file_write(const char *path, const void *data, size_t len, struct err *);

/* Could a file be put at `path` now? For a warning before a long run; the disk may fill up later.
 */
int out_file_check(const char *path, struct err *);

/* Writes all of it to a descriptor. ERR_FAILED names `what` ("stdout") and the cause. A reader that
 * takes nothing for timeout_ms (-1: forever) is a failure too, where the descriptor is a pipe or a
 * terminal. */
int fd_write_all(int fd, const char *what, const void *data, size_t len, int timeout_ms,
                 struct err *err);

#endif
