/* For fuzzers whose target reads files: creates a private folder, in memory if possible, which is
 * removed at the end. */
#ifndef LOADTOP_TESTS_FUZZ_SCRATCH_H
#define LOADTOP_TESTS_FUZZ_SCRATCH_H

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch[64];

/* Takes the descriptor over. */
static inline void scratch_empty_at(int folder)
{
    DIR *d = folder >= 0 ? fdopendir(folder) : NULL;
    for (const struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (unlinkat(folder, e->d_name, 0) < 0) {
            scratch_empty_at(openat(folder, e->d_name, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
            unlinkat(folder, e->d_name, AT_REMOVEDIR);
        }
    }
    if (d)
        closedir(d);
}

static inline void scratch_empty(const char *folder)
{
    scratch_empty_at(open(folder, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

/* Makes it, once. A process of its own removes it when this one has ended, however that was: a
 * fuzzer ends without its exit handlers. */
static inline void scratch_make(void)
{
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    int life[2];
    char byte;
    if (scratch[0])
        return;
    snprintf(scratch, sizeof scratch, "%s/loadtop-fuzz-XXXXXX", base);
    if (!mkdtemp(scratch) || pipe2(life, O_CLOEXEC) < 0)
        abort();
    if (fork() == 0) {
        signal(SIGINT, SIG_IGN);
        signal(SIGTERM, SIG_IGN);
        close(life[1]);
        while (read(life[0], &byte, 1) > 0)
            continue;
        scratch_empty(scratch);
        rmdir(scratch);
        _exit(0);
    }
    close(life[0]);
}

static inline void scratch_write(const char *path, const void *data, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    close(fd);
}

#endif
