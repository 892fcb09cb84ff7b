/* A plain file, read whole: see plain_file.h. */
#include "engine/os/plain_file.h"

#include "engine/base/err.h"
#include "engine/os/loop.h"
#include "engine/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static bool is_readable(int fd, const struct stat *st, bool pipes)
{
    /* /dev/null is an empty file */
    bool null = S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
    return S_ISREG(st->st_mode) || null || (pipes && (S_ISFIFO(st->st_mode) || isatty(fd)));
}

int plain_file_open(const char *path, bool pipes, const char *what, struct err *err)
{
    struct stat st;
    /* O_NONBLOCK: opening a pipe would block until its other end is open. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) < 0)
        err_set(err, ERR_USAGE, "%.150s: %s", what, strerror(errno));
    else if (!is_readable(fd, &st, pipes))
        err_set(err, ERR_USAGE, "%.150s: not a plain file%s%s", what, pipes ? " or a pipe" : "",
                S_ISDIR(st.st_mode) ? " (a folder)" : "");
    else
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* The timeout for poll: until `until`, at most a minute at a time. */
static int wait_ms(uint64_t until)
{
    uint64_t now = clock_ns();
    uint64_t ms = until > now ? (until - now) / NS_PER_MS + 1 : 0;
    return ms < 60000 ? (int)ms : 60000;
}

ssize_t plain_file_next(int fd, void *buf, size_t size, uint64_t until)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    for (;;) {
        /* read() returns 0 for a pipe that no writer has opened yet. */
        int wait = wait_ms(until), got = poll(&ready, 1, wait);
        if (got < 0 && errno != EINTR)
            return -1;
        ssize_t n = got > 0 ? read(fd, buf, size) : -1;
        if (n >= 0 || (got > 0 && errno != EAGAIN && errno != EINTR))
            return n;
        if (wait == 0) {
            errno = ETIMEDOUT;
            return -1;
        }
    }
}

int plain_file_read(const char *path, bool pipes, size_t most, const char *what, struct text *t,
                    struct err *err)
{
    char part[8192];
    ssize_t n = 0;
    size_t before = t->len;
    int fd = plain_file_open(path, pipes, what, err);
    if (fd < 0)
        return ERR_USAGE;
    while (t->len - before <= most && (n = plain_file_next(fd, part, sizeof part, UINT64_MAX)) > 0)
        text_put(t, part, (size_t)n);
    int failed = errno;
    close(fd);
    if (n < 0)
        return err_set(err, ERR_USAGE, "%.150s: %s", what, strerror(failed));
    if (t->len - before > most)
        return err_set(err, ERR_USAGE, "%.150s: longer than %zu KiB", what, most >> 10);
    return 0;
}
