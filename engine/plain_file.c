/* A plain file, read whole: see plain_file.h. */
#include "engine/plain_file.h"

#include "engine/err.h"
#include "engine/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

int plain_file_read(const char *path, size_t most, const char *what, struct text *t,
                    struct err *err)
{
    char part[8192];
    struct stat st;
    ssize_t n = 0;
    size_t before = t->len;
    /* Without waiting: opening a pipe waits for its other end. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) < 0) {
        err_set(err, ERR_USAGE, "%.100s: %s", what, strerror(errno));
        if (fd >= 0)
            close(fd);
        return ERR_USAGE;
    }
    bool null = S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3); /* /dev/null: an empty one */
    bool plain = S_ISREG(st.st_mode) || null;
    while (plain && t->len - before <= most && (n = read(fd, part, sizeof part)) > 0)
        text_put(t, part, (size_t)n);
    int failed = errno;
    close(fd);
    if (!plain)
        return err_set(err, ERR_USAGE, "%.100s: not a plain file", what);
    if (n < 0)
        return err_set(err, ERR_USAGE, "%.100s: %s", what, strerror(failed));
    if (t->len - before > most)
        return err_set(err, ERR_USAGE, "%.100s: longer than %zu KiB", what, most >> 10);
    return 0;
}
