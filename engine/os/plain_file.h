/* Reads a whole file if it is a regular one. A device may never end, and reading a pipe may block.
 * A pipe can be allowed where blocking is acceptable. */
#ifndef LOADTOP_ENGINE_OS_PLAIN_FILE_H
#define LOADTOP_ENGINE_OS_PLAIN_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct text;

/* Adds the bytes of the file to the text. `what` begins a message ("stmt-file=x.sql"). ERR_USAGE
 * when it cannot be read, is not a regular file, or is longer than `most` bytes. Any thread.
 * `pipes`: a named pipe, a shell's <(command) or a terminal is accepted as well and read until
 * its writer closes it (a signal that is not blocked ends the wait). Without it the call never
 * blocks. */
int plain_file_read(const char *path, bool pipes, size_t most, const char *what, struct text *,
                    struct err *);

/* The same in pieces, for a parser that reads incrementally. The descriptor is the caller's to
 * close; -1 and ERR_USAGE. */
int plain_file_open(const char *path, bool pipes, const char *what, struct err *);
/* Returns the bytes read, 0 at the end, or -1 and errno: ETIMEDOUT when nothing arrived until
 * `until` (clock_ns; UINT64_MAX: no deadline). */
ssize_t plain_file_next(int fd, void *buf, size_t size, uint64_t until);

#endif
