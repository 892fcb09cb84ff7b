/* Reads a file whole, if it is a plain one: a pipe, a device or a socket would make who reads it
 * wait, or never end. */
#ifndef LOADTOP_ENGINE_PLAIN_FILE_H
#define LOADTOP_ENGINE_PLAIN_FILE_H

#include <stddef.h>

struct err;
struct text;

/* Adds the bytes of the file to the text. `what` begins a message ("stmt-file=x.sql"). ERR_USAGE
 * when it cannot be read, is no plain file, or is longer than `most` bytes. Any thread; does not
 * wait for anybody. */
int plain_file_read(const char *path, size_t most, const char *what, struct text *, struct err *);

#endif
