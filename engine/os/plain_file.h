/* Reads a file whole, if it is a plain one: a device never ends, a pipe makes who reads it wait, a
 * folder or a socket holds nothing. A pipe may be read where waiting harms nobody. */
#ifndef LOADTOP_ENGINE_OS_PLAIN_FILE_H
#define LOADTOP_ENGINE_OS_PLAIN_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct text;

/* Adds the bytes of the file to the text. `what` begins a message ("stmt-file=x.sql"). ERR_USAGE
 * when it cannot be read, is no plain file, or is longer than `most` bytes. Any thread.
 * `pipes`: a named pipe, a shell's <(command) or a terminal is read as well, and its writer waited
 * for (signals that are not blocked end that). Otherwise nobody is waited for. */
int plain_file_read(const char *path, bool pipes, size_t most, const char *what, struct text *,
                    struct err *);

/* The same piece by piece, for what is parsed as it comes. The descriptor is the caller's to close;
 * -1 and ERR_USAGE. */
int plain_file_open(const char *path, bool pipes, const char *what, struct err *);
/* How many bytes came; 0 at the end, -1 (errno) when it cannot be read, which is ETIMEDOUT when
 * nothing came until `until` (clock_ns; UINT64_MAX: no matter when). */
ssize_t plain_file_next(int fd, void *buf, size_t size, uint64_t until);

#endif
