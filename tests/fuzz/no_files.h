/* For fuzzers: in the place of ui/export/file.c, so that what an input names is written nowhere.
 * The linker takes these, because they come before the library. For one file of a program only. */
#ifndef LOADTOP_TESTS_FUZZ_NO_FILES_H
#define LOADTOP_TESTS_FUZZ_NO_FILES_H

#include "engine/err.h"
#include "ui/export/file.h"

int out_file_write(const char *path, const void *data, size_t len, struct err *err)
{
    (void)data;
    return len && *path ? 0 : err_set(err, ERR_FAILED, "nothing to write");
}

struct out_file *out_file_new(const char *path, struct err *err)
{
    err_set(err, ERR_FAILED, "%.100s: not here", path);
    return NULL;
}

FILE *out_file_stream(struct out_file *f)
{
    (void)f;
    return NULL;
}

int out_file_commit(struct out_file *f, struct err *err)
{
    (void)f;
    return err_set(err, ERR_FAILED, "not here");
}

void out_file_free(struct out_file *f)
{
    (void)f;
}

int out_file_check(const char *path, struct err *err)
{
    (void)path;
    (void)err;
    return 0;
}

int fd_write_all(int fd, const char *what, const void *data, size_t len, int timeout_ms,
                 struct err *err)
{
    (void)fd;
    (void)data;
    (void)timeout_ms;
    return len && *what ? 0 : err_set(err, ERR_FAILED, "nothing to write");
}

#endif
