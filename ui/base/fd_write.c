/* Writing to a descriptor; see fd_write.h. Any thread. */
#include "ui/base/fd_write.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/err.h"
#include "engine/os/loop.h"
#include "ui/base/end_signal.h"

#define SLICE_MS 20

/* Remaining time that all writes together may wait for readers after a signal ended the program. */
static _Atomic int64_t end_left_ns = INT64_MAX;

void out_end_soon(void)
{
    int64_t without_end = INT64_MAX;
    atomic_compare_exchange_strong(&end_left_ns, &without_end, (int64_t)(OUT_BLINK_MS * NS_PER_MS));
}

/* How long to wait for a reader. */
struct patience {
    /* timeout for each piece (-1: none); one of at most OUT_BLINK_MS is for the whole write */
    int ms;
    uint64_t until;
};

static void renew(struct patience *p)
{
    int64_t in_all = atomic_load(&end_left_ns);
    uint64_t most = p->ms < 0 ? INT64_MAX : (uint64_t)p->ms * NS_PER_MS;
    if (in_all < (int64_t)most)
        most = in_all > 0 ? (uint64_t)in_all : 0;
    p->until = clock_ns() + most;
}

static int left_ms(struct patience *p)
{
    if ((p->ms < 0 || p->ms > OUT_BLINK_MS) && end_signal_waits()) {
        p->ms = OUT_BLINK_MS;
        out_end_soon();
        renew(p);
    }
    uint64_t now = clock_ns();
    uint64_t left = p->until > now ? (p->until - now) / NS_PER_MS + 1 : 0;
    return left < SLICE_MS ? (int)left : SLICE_MS;
}

static void nap(void)
{
    struct timespec t = {.tv_nsec = (long)(SLICE_MS * NS_PER_MS)};
    nanosleep(&t, NULL);
}

static bool wait_for_room(int fd, struct patience *p, bool full)
{
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    for (;;) {
        int left = left_ms(p);
        if (full && left == 0)
            return false;
        if (full)
            nap();
        full = false;
        int n = poll(&ready, 1, left);
        /* the write will report the error */
        if (n > 0 || (n < 0 && errno != EINTR))
            return true;
        if (left == 0)
            return false;
    }
}

/* Waits until the descriptor accepts data; false: timeout. `full`: a write has just failed although
 * poll reported room, as happens with a terminal that has room for less than the next character. */
static bool await_room(int fd, struct patience *p, bool full)
{
    uint64_t begin = clock_ns();
    bool room = wait_for_room(fd, p, full);
    if (atomic_load(&end_left_ns) != INT64_MAX)
        atomic_fetch_sub(&end_left_ns, (int64_t)(clock_ns() - begin));
    return room;
}

/* Reopens a pipe or terminal in non-blocking mode; setting O_NONBLOCK on the descriptor itself
 * would affect every program that shares it. -1: not needed, or not possible (after su, a terminal
 * belongs to another user). */
static int open_again(int fd, const struct stat *st)
{
    char path[40];
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || (flags & O_NONBLOCK) || !(S_ISFIFO(st->st_mode) || isatty(fd)))
        return -1;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* `most` bytes at once. */
static int write_waiting(int fd, const char *what, const char *p, size_t len, size_t most,
                         int timeout_ms, struct err *err)
{
    struct patience patience = {.ms = timeout_ms};
    bool full = false;
    renew(&patience);
    while (len > 0) {
        if (!await_room(fd, &patience, full))
            return err_set(err, ERR_FAILED, "cannot write to %.140s: nobody reads it", what);
        ssize_t n = write(fd, p, len < most ? len : most);
        full = n < 0 && errno == EAGAIN;
        if (full || (n < 0 && errno == EINTR))
            continue;
        if (n <= 0)
            return err_set(err, ERR_FAILED, "cannot write to %.140s: %s", what, strerror(errno));
        p += n;
        len -= (size_t)n;
        if (patience.ms > OUT_BLINK_MS)
            renew(&patience);
    }
    return 0;
}

static int write_file(int fd, const char *what, const char *p, size_t len, struct err *err)
{
    while (len > 0) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return err_set(err, ERR_FAILED, "cannot write to %.140s: %s", what, strerror(errno));
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

int fd_write_all(int fd, const char *what, const void *data, size_t len, int timeout_ms,
                 struct err *err)
{
    struct stat st;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        return write_file(fd, what, data, len, err);
    int own = open_again(fd, &st);
    /* Size of a blocking write that will not block: a ready pipe has room for PIPE_BUF bytes, a
     * terminal perhaps for one. */
    bool little = own < 0 && isatty(fd) && !(fcntl(fd, F_GETFL) & O_NONBLOCK);
    int code =
        write_waiting(own < 0 ? fd : own, what, data, len, little ? 1 : PIPE_BUF, timeout_ms, err);
    if (own >= 0)
        close(own);
    return code;
}
