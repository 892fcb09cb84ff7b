/* For fuzzers: replaces ui/base/out_file.c, so that no file named by an input is written. The
 * linker uses these functions because they come before the library. To be included in one file of a
 * program only. */
#ifndef LOADTOP_TESTS_FUZZ_NO_FILES_H
#define LOADTOP_TESTS_FUZZ_NO_FILES_H

#include "engine/base/err.h"
#include "ui/base/out_file.h"
#include "ui/base/fd_write.h"

int out_file_write(const char *path, const void *data, size_t len, enum out_wait wait,
                   struct err *err)
{
    (void)data;
    (void)wait;
    return len && *path ? 0 : err_set(err, ERR_FAILED, "nothing to write");
}

int out_file_check(const char *path, struct err *err)
{
    (void)path;
    (void)err;
    return 0;
}

bool out_file_is_special(const char *path)
{
    (void)path;
    return false;
}

void out_end_soon(void)
{
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
