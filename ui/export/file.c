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
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/err.h"
#include "engine/text.h"

struct out_file {
    char path[PATH_MAX];      /* where it is to be, links followed */
    char temporary[PATH_MAX]; /* "": written directly */
    FILE *stream;
};

/* Follows links. A file that is not there yet keeps the name that was given. */
static void resolve(char *to, size_t size, const char *path)
{
    char real[PATH_MAX];
    copy_str(to, size, realpath(path, real) ? real : path);
}

/* Is there something at path that is no ordinary file? -1 (errno) for a directory. */
static int is_special(const char *path)
{
    struct stat st;
    if (stat(path, &st) < 0 || S_ISREG(st.st_mode))
        return 0;
    if (S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        return -1;
    }
    return 1;
}

/* Beside its place, so that the rename stays within one file system. The kernel applies the umask;
 * a file that is replaced hands on its mode. */
static int open_temporary(struct out_file *f)
{
    const char *slash = strrchr(f->path, '/');
    int dir = slash ? (int)(slash - f->path) + 1 : 0, fd = -1;
    struct stat st;
    for (unsigned i = 0; i < 100; i++) {
        int n = snprintf(f->temporary, sizeof f->temporary, "%.*s.%.200s.%ld-%u", dir, f->path,
                         f->path + dir, (long)getpid(), i);
        if (n < 0 || (size_t)n >= sizeof f->temporary) {
            errno = ENAMETOOLONG;
            break;
        }
        fd = open(f->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST)
            break;
    }
    if (fd < 0)
        f->temporary[0] = '\0';
    else if (stat(f->path, &st) == 0 && fchmod(fd, st.st_mode & 07777) < 0)
        errno = 0; /* the mode is a courtesy */
    return fd;
}

struct out_file *out_file_new(const char *path, struct err *err)
{
    struct out_file *f = calloc(1, sizeof *f);
    int fd = -1, special;
    if (!f) {
        err_set(err, ERR_FAILED, "%s: out of memory", path);
        return NULL;
    }
    resolve(f->path, sizeof f->path, path);
    special = is_special(f->path);
    if (special > 0)
        fd = open(f->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    else if (special == 0)
        fd = open_temporary(f);
    if (fd >= 0)
        f->stream = fdopen(fd, "w");
    if (f->stream)
        return f;
    err_set(err, ERR_FAILED, "cannot write %s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    out_file_free(f);
    return NULL;
}

FILE *out_file_stream(struct out_file *f)
{
    return f->stream;
}

/* After a rename, the directory is synced as well, or a crash of the machine could bring the older
 * name back. A file system that cannot do it has done what it can. */
static void sync_directory(const char *path)
{
    char dir[PATH_MAX];
    copy_str(dir, sizeof dir, path);
    char *slash = strrchr(dir, '/');
    if (slash)
        slash[slash == dir ? 1 : 0] = '\0';
    int fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

int out_file_commit(struct out_file *f, struct err *err)
{
    int code = 0;
    bool bad = fflush(f->stream) != 0 || ferror(f->stream);
    int cause = errno;
    if (!bad && f->temporary[0] && fsync(fileno(f->stream)) < 0) {
        bad = true;
        cause = errno;
    }
    if (fclose(f->stream) != 0 && !bad) { /* some file systems report a full disk only here */
        bad = true;
        cause = errno;
    }
    f->stream = NULL;
    if (!bad && f->temporary[0]) {
        if (rename(f->temporary, f->path) == 0) {
            f->temporary[0] = '\0';
            sync_directory(f->path);
        } else {
            bad = true;
            cause = errno;
        }
    }
    if (bad)
        code = err_set(err, ERR_FAILED, "cannot write %s: %s", f->path, strerror(cause));
    out_file_free(f);
    return code;
}

void out_file_free(struct out_file *f)
{
    if (!f)
        return;
    if (f->stream)
        fclose(f->stream);
    if (f->temporary[0])
        unlink(f->temporary);
    free(f);
}

int out_file_write(const char *path, const void *data, size_t len, struct err *err)
{
    struct out_file *f = out_file_new(path, err);
    if (!f)
        return ERR_FAILED;
    fwrite(data, 1, len, f->stream); /* commit looks at ferror */
    return out_file_commit(f, err);
}

int out_file_check(const char *path, struct err *err)
{
    char real[PATH_MAX], dir[PATH_MAX];
    resolve(real, sizeof real, path);
    int special = is_special(real);
    if (special > 0)
        return access(real, W_OK) == 0
                   ? 0
                   : err_set(err, ERR_FAILED, "cannot write %s: %s", path, strerror(errno));
    copy_str(dir, sizeof dir, real);
    char *slash = strrchr(dir, '/');
    if (slash)
        slash[slash == dir ? 1 : 0] = '\0';
    if (special < 0 || access(slash ? dir : ".", W_OK | X_OK) < 0)
        return err_set(err, ERR_FAILED, "cannot write %s: %s", path, strerror(errno));
    return 0;
}

int fd_write_all(int fd, const char *what, const void *data, size_t len, int timeout_ms,
                 struct err *err)
{
    const char *p = data;
    while (len > 0) {
        struct pollfd ready = {.fd = fd, .events = POLLOUT};
        if (timeout_ms >= 0 && poll(&ready, 1, timeout_ms) == 0)
            return err_set(err, ERR_FAILED, "cannot write to %s: nobody reads it", what);
        /* A pipe that is ready takes PIPE_BUF bytes without blocking. */
        ssize_t n = write(fd, p, timeout_ms >= 0 && len > PIPE_BUF ? PIPE_BUF : len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return err_set(err, ERR_FAILED, "cannot write to %s: %s", what, strerror(errno));
        p += n;
        len -= (size_t)n;
    }
    return 0;
}
