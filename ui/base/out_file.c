/* Atomic file writes: see out_file.h.
 *
 * A symbolic link is followed first, so that its file is replaced and not the link. The temporary
 * name contains our process id, so that two programs can save to the same path. Used by the
 * exports, main and headless; any thread. */
#include "ui/base/out_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/err.h"
#include "engine/base/quantity.h"
#include "engine/base/text.h"
#include "engine/os/loop.h"
#include "ui/base/end_signal.h"
#include "ui/base/fd_write.h"
#include "ui/base/say.h"

#define LINKS_MOST 40 /* as the kernel */
#define READER_S 10   /* how long to wait until a reader has opened a named pipe */
/* after this long, a message says that we are waiting for a reader */
#define TELL_NS NS_PER_S
#define STALL_MS 60000 /* how long a reader may read nothing */
#define NAP_MS 20

/* ---- Resolving paths ---- */

/* The folder of `path`: "." or up to its last slash. */
static void folder_of(char *to, size_t size, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash)
        copy_part(to, size, path, slash == path ? 1 : (size_t)(slash - path));
    else
        copy_str(to, size, ".");
}

/* Was this link or pipe created by another user in a world-writable folder? Writing through it
 * could replace one of our files, or pass the data to the other user. */
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
                   "cannot write %.140s: another user put it there, in a folder that "
                   "everybody may write to",
                   path);
}

static int refuse(const char *path, struct err *err)
{
    return err_set(err, ERR_FAILED, "cannot write %.140s: %s", path, strerror(errno));
}

/* Follows one link. False: `path` is not a link, or one in /proc that leads to a descriptor instead
 * of a name. */
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

/* Follows links: *to is the final path, which need not exist. */
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

/* Does path exist and is not a regular file? ERR_FAILED for kinds that are never written to. */
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

/* The descriptor of "/dev/stdout" or "/dev/fd/N" if it is a regular file: it is written as the
 * shell opened it, at its offset or its end, and not replaced. Else -1. */
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

/* ---- Regular files ---- */

/* Opens a temporary file in the same folder, so that the rename stays within one file system. The
 * kernel applies the umask; when a file of ours is replaced, its mode is kept. */
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
        errno = 0; /* a failure to set the mode is ignored */
    return fd;
}

/* Syncs the directory after a rename; otherwise a crash of the machine could bring the old file
 * back. Errors are ignored, because some file systems do not support it. */
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
    struct timespec t = {.tv_nsec = (long)(NAP_MS * NS_PER_MS)};
    nanosleep(&t, NULL);
}

/* Opens a named pipe once it has a reader. -1 and err: there is none. */
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
        if (ended || wait == OUT_AT_ONCE || waited >= READER_S * NS_PER_S) {
            char how[40] = "";
            if (ended)
                copy_str(how, sizeof how, ", and a signal ended the wait");
            else if (wait == OUT_PATIENT)
                snprintf(how, sizeof how, " within %d s", READER_S);
            return err_set(err, ERR_FAILED, "cannot write %.140s: nobody reads this pipe%s", path,
                           how);
        }
        if (!told && waited >= TELL_NS) {
            complain("%.140s: nobody reads this pipe yet, waiting %d s in all", path, READER_S);
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
