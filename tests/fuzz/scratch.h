/* For fuzzers whose target reads files: a folder of its own, in memory where there is one, removed
 * at the end. What a crash leaves is small. */
#ifndef LOADTOP_TESTS_FUZZ_SCRATCH_H
#define LOADTOP_TESTS_FUZZ_SCRATCH_H

#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch[64];

static inline void scratch_empty(const char *folder)
{
    DIR *d = opendir(folder);
    for (const struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        char path[512];
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        snprintf(path, sizeof path, "%s/%.255s", folder, e->d_name);
        if (e->d_type == DT_DIR) {
            scratch_empty(path);
            rmdir(path);
        } else {
            unlink(path);
        }
    }
    if (d)
        closedir(d);
}

static inline void scratch_remove(void)
{
    scratch_empty(scratch);
    rmdir(scratch);
}

/* Makes it, once. */
static inline void scratch_make(void)
{
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    if (scratch[0])
        return;
    snprintf(scratch, sizeof scratch, "%s/loadtop-fuzz-XXXXXX", base);
    if (!mkdtemp(scratch) || atexit(scratch_remove) != 0)
        abort();
}

static inline void scratch_write(const char *path, const void *data, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    close(fd);
}

#endif
