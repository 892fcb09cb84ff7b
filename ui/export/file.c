/* Files that appear whole or not at all: see file.h.
 *
 * A symbolic link is followed first, so that its file is replaced and not the link. The temporary
 * name holds our process id, so two programs that save to one place do not meet. Used by the
 * exports, main and headless; any thread. */
#include "ui/export/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "engine/err.h"
#include "engine/loop.h"
#include "engine/text.h"
#include "ui/end_signal.h"
#include "ui/outcome.h"

#define LINKS_MOST 40             /* as the kernel */
#define READER_NS (10 * NS_PER_S) /* for somebody to open a named pipe */
#define TELL_NS NS_PER_S          /* until it is said that one is waited for */
#define STALL_MS 60000            /* for one that has opened it and reads nothing */
#define SLICE_MS 20

/* ---- Where a path leads ---- */

/* The folder of `path`: "." or up to its last slash. */
static void folder_of(char *to, size_t size, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash)
        copy_part(to, size, path, slash == path ? 1 : (size_t)(slash - path));
    else
        copy_str(to, size, ".");
}

/* Did another user put this link or pipe where everybody may put one? What is written through it
 * would replace a file of ours that the other chose, or go to the other. */
static bool is_planted(const char *path, const struct stat *st)
{
    char folder[PATH_MAX];
    struct stat dir;
    folder_of(folder, sizeof folder, path);
    return stat(folder, &dir) == 0 && (dir.st_mode & S_IWOTH) && st->st_uid != geteuid() &&
           st->st_uid != dir.st_uid;
}

static int refuse_planted(const char *path, struct err *err)
{
    return err_set(err, ERR_FAILED,
                   "cannot write %.140s: another user put it there, in a folder that everybody may "
                   "write to",
                   path);
}

static int refuse(const char *path, struct err *err)
{
    return err_set(err, ERR_FAILED, "cannot write %.140s: %s", path, strerror(errno));
}

/* One link further. False: that is where it ends, because `path` is no link, or one of /proc that
 * leads to a descriptor and not to a name. */
static bool next_link(char *path, size_t size)
{
    char target[PATH_MAX], next[2 * PATH_MAX], folder[PATH_MAX];
    struct stat st;
    ssize_t n = readlink(path, target, sizeof target - 1);
    if (n < 0)
        return false;
    target[n] = '\0';
    folder_of(folder, sizeof folder, path);
    snprintf(next, sizeof next, "%s%s%s", target[0] == '/' ? "" : folder,
             target[0] == '/' ? "" : "/", target);
    if (strlen(next) >= size || (lstat(next, &st) < 0 && stat(path, &st) == 0))
        return false;
    copy_str(path, size, next);
    return true;
}

/* Follows links: *to is the place itself, whether something is there or not. */
static int resolve(char *to, size_t size, const char *path, struct err *err)
{
    struct stat st;
    if (strlen(path) >= size) {
        errno = ENAMETOOLONG;
        return refuse(path, err);
    }
    copy_str(to, size, path);
    for (int i = 0; i < LINKS_MOST; i++) {
        if (lstat(to, &st) < 0 || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
            return 0;
        if (is_planted(to, &st))
            return refuse_planted(to, err);
        if (!S_ISLNK(st.st_mode) || !next_link(to, size))
            return 0;
    }
    errno = ELOOP;
    return refuse(path, err);
}

/* Is there something at path that is no ordinary file? ERR_FAILED for what is never written to. */
static int is_special(const char *path, struct err *err)
{
    struct stat st;
    if (stat(path, &st) < 0 || S_ISREG(st.st_mode))
        return 0;
    if (S_ISBLK(st.st_mode))
        return err_set(err, ERR_FAILED, "cannot write %.140s: it is a whole disk", path);
    errno = S_ISDIR(st.st_mode) ? EISDIR : 0;
    return errno ? refuse(path, err) : 1;
}

/* The descriptor of "/dev/stdout" or "/dev/fd/N" where that is an ordinary file: it is written to
 * as the shell opened it, at its place or its end, and not replaced. Else -1. */
static int open_file_of(const char *path)
{
    static const char *const names[] = {"/dev/fd/", "/proc/self/fd/"};
    struct stat st;
    int fd = strcmp(path, "/dev/stdout") == 0   ? STDOUT_FILENO
             : strcmp(path, "/dev/stderr") == 0 ? STDERR_FILENO
                                                : -1;
    for (size_t i = 0; i < sizeof names / sizeof *names && fd < 0; i++) {
        size_t len = strlen(names[i]);
        uint64_t n;
        if (strncmp(path, names[i], len) == 0 && parse_count(path + len, &n) == 0 && n <= INT_MAX)
            fd = (int)n;
    }
    return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? fd : -1;
}

bool out_file_is_special(const char *path)
{
    return open_file_of(path) >= 0 || is_special(path, NULL) != 0;
}

/* ---- Ordinary files ---- */

/* Beside its place, so that the rename stays within one file system. The kernel applies the umask;
 * a file of our own that is replaced hands on its mode. */
static int open_temporary(char *temporary, size_t size, const char *path)
{
    const char *slash = strrchr(path, '/');
    int dir = slash ? (int)(slash - path) + 1 : 0, fd = -1;
    struct stat st;
    for (unsigned i = 0; i < 100; i++) {
        int n = snprintf(temporary, size, "%.*s.%.200s.%ld-%u", dir, path, path + dir,
                         (long)getpid(), i);
        if (n < 0 || (size_t)n >= size) {
            errno = ENAMETOOLONG;
            return -1;
        }
        fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST)
            break;
    }
    if (fd >= 0 && stat(path, &st) == 0 && st.st_uid == geteuid() &&
        fchmod(fd, st.st_mode & 0777) < 0)
        errno = 0; /* the mode is a courtesy */
    return fd;
}

/* After a rename, the directory is synced as well, or a crash of the machine could bring the older
 * name back. A file system that cannot do it has done what it can. */
static void sync_directory(const char *path)
{
    char dir[PATH_MAX];
    folder_of(dir, sizeof dir, path);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

static int replace(const char *path, const void *data, size_t len, struct err *err)
{
    char temporary[PATH_MAX];
    int fd = open_temporary(temporary, sizeof temporary, path);
    if (fd < 0)
        return refuse(path, err);
    int code = fd_write_all(fd, path, data, len, -1, err);
    if (code == 0 && fsync(fd) < 0)
        code = refuse(path, err);
    if (close(fd) < 0 && code == 0) /* some file systems report a full disk only here */
        code = refuse(path, err);
    if (code == 0 && rename(temporary, path) < 0)
        code = refuse(path, err);
    if (code)
        unlink(temporary);
    else
        sync_directory(path);
    return code;
}

/* ---- Pipes and devices ---- */

static void nap(void)
{
    struct timespec t = {.tv_nsec = (long)(SLICE_MS * NS_PER_MS)};
    nanosleep(&t, NULL);
}

/* A named pipe can be opened once somebody reads it. -1 and err: nobody does. */
static int await_reader(const char *path, enum out_wait wait, struct err *err)
{
    uint64_t begin = clock_ns();
    bool told = false;
    for (;; nap()) {
        int fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
        uint64_t waited = clock_ns() - begin;
        bool ended = wait == OUT_PATIENT && end_signal_waits();
        if (fd >= 0)
            return fd;
        if (errno != ENXIO)
            return refuse(path, err);
        if (ended || wait == OUT_AT_ONCE || waited >= READER_NS)
            return err_set(err, ERR_FAILED, "cannot write %.140s: nobody reads this pipe%s", path,
                           ended                 ? ", and a signal ended the wait"
                           : wait == OUT_PATIENT ? " within 10 s"
                                                 : "");
        if (!told && waited >= TELL_NS) {
            complain("%.140s: nobody reads this pipe yet, waiting 10 s in all", path);
            told = true;
        }
    }
}

static int write_special(const char *path, const void *data, size_t len, enum out_wait wait,
                         struct err *err)
{
    struct stat st;
    bool pipe = stat(path, &st) == 0 && S_ISFIFO(st.st_mode);
    int fd = pipe ? await_reader(path, wait, err)
                  : open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return pipe ? ERR_FAILED : refuse(path, err);
    int code = 0;
    if (fstat(fd, &st) < 0 || S_ISREG(st.st_mode) || S_ISBLK(st.st_mode))
        code = err_set(err, ERR_FAILED, "cannot write %.140s: it changed meanwhile", path);
    if (code == 0)
        code =
            fd_write_all(fd, path, data, len, wait == OUT_PATIENT ? STALL_MS : OUT_BLINK_MS, err);
    if (close(fd) < 0 && code == 0)
        code = refuse(path, err);
    return code;
}

int out_file_write(const char *path, const void *data, size_t len, enum out_wait wait,
                   struct err *err)
{
    char place[PATH_MAX];
    int fd = open_file_of(path);
    if (fd >= 0)
        return fd_write_all(fd, path, data, len, -1, err);
    if (resolve(place, sizeof place, path, err) < 0)
        return ERR_FAILED;
    int special = is_special(place, err);
    if (special < 0)
        return special;
    return special ? write_special(place, data, len, wait, err) : replace(place, data, len, err);
}

int out_file_check(const char *path, struct err *err)
{
    char place[PATH_MAX], dir[PATH_MAX];
    if (open_file_of(path) >= 0)
        return 0;
    if (resolve(place, sizeof place, path, err) < 0)
        return ERR_FAILED;
    int special = is_special(place, err);
    if (special < 0)
        return special;
    folder_of(dir, sizeof dir, place);
    if (access(special ? place : dir, special ? W_OK : W_OK | X_OK) < 0)
        return refuse(path, err);
    return 0;
}

/* ---- Descriptors ---- */

/* What all writes together may still wait for their readers, once a signal ends the program. */
static _Atomic int64_t end_left_ns = INT64_MAX;

void out_end_soon(void)
{
    int64_t without_end = INT64_MAX;
    atomic_compare_exchange_strong(&end_left_ns, &without_end, (int64_t)(OUT_BLINK_MS * NS_PER_MS));
}

/* For a reader. */
struct patience {
    int ms; /* for each piece (-1: without end), a blink or less: for all of them */
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
        if (n > 0 || (n < 0 && errno != EINTR))
            return true; /* the write tells what is wrong */
        if (left == 0)
            return false;
    }
}

/* Waits until the descriptor takes something; false: it did not. `full`: it has just not, though
 * poll says that it would, as of a terminal with room for less than the next character. */
static bool await_room(int fd, struct patience *p, bool full)
{
    uint64_t begin = clock_ns();
    bool room = wait_for_room(fd, p, full);
    if (atomic_load(&end_left_ns) != INT64_MAX)
        atomic_fetch_sub(&end_left_ns, (int64_t)(clock_ns() - begin));
    return room;
}

/* The pipe or terminal once more, so that a write takes what there is room for and never waits:
 * O_NONBLOCK on the descriptor itself would hold for every program that shares it. -1: it need not
 * be, or cannot (after su, a terminal is another user's). */
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
    /* What takes a write that waits: a pipe that is ready has room for PIPE_BUF bytes, a terminal
     * perhaps for one. */
    bool little = own < 0 && isatty(fd) && !(fcntl(fd, F_GETFL) & O_NONBLOCK);
    int code =
        write_waiting(own < 0 ? fd : own, what, data, len, little ? 1 : PIPE_BUF, timeout_ms, err);
    if (own >= 0)
        close(own);
    return code;
}
