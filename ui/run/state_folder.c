/* See state_folder.h. Called by history_store.c and journal.c. */
#include "ui/run/state_folder.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/err.h"

/* NULL: use HOME. */
static const char *state_home(void)
{
    const char *state = getenv("XDG_STATE_HOME");
    return state && *state == '/' ? state : NULL;
}

int state_path(char *path, size_t size, const char *name, struct err *err)
{
    const char *state = state_home(), *home = getenv("HOME");
    int n = -1;
    if (state)
        n = snprintf(path, size, "%s/loadtop/%s", state, name);
    else if (home && *home == '/')
        n = snprintf(path, size, "%s/.local/state/loadtop/%s", home, name);
    if (n < 0 || (size_t)n >= size)
        return err_set(err, ERR_FAILED, "history: neither XDG_STATE_HOME nor HOME says where");
    return 0;
}

/* Refuses a folder that others may write to: they could replace a file by a link or another
 * database. */
static int check_folder(const char *path, struct err *err)
{
    struct stat st;
    if (stat(path, &st) < 0)
        return err_set(err, ERR_FAILED, "history: %.160s: %s", path, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return err_set(err, ERR_FAILED, "history: %.160s: not a folder", path);
    if (st.st_uid != geteuid() || (st.st_mode & S_IWOTH))
        return err_set(err, ERR_FAILED,
                       "history: %.120s: %s (XDG_STATE_HOME says where else to keep runs)", path,
                       st.st_uid != geteuid() ? "belongs to another user"
                                              : "every user may write to it");
    return 0;
}

/* The part of the path from loadtop's own folder on; parent folders are not checked. */
static const char *own_folder(const char *path)
{
    static const char name[] = "/loadtop/";
    const char *found = NULL;
    for (const char *at = strstr(path, name); at; at = strstr(at + 1, name))
        found = at;
    return found ? found + sizeof name - 2 : path + strlen(path);
}

/* Creates the folder unless it exists. Creates nothing in another user's home (sudo may keep HOME),
 * or without a home. */
static int make_folder(const char *path, struct err *err)
{
    const char *home = state_home() ? NULL : getenv("HOME");
    struct stat st;
    if (stat(path, &st) == 0)
        return 0;
    if (home && (stat(home, &st) < 0 || st.st_uid != geteuid()))
        return err_set(err, ERR_FAILED,
                       "history: HOME=%.120s is not a folder of this user (XDG_STATE_HOME says "
                       "where else to keep runs)",
                       home);
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return err_set(err, ERR_FAILED, "history: %.160s: %s", path, strerror(errno));
    return 0;
}

static int walk(char *path, bool make, struct err *err)
{
    const char *own = own_folder(path);
    int code = 0;
    for (char *at = strchr(path + 1, '/'); at && code == 0; at = strchr(at + 1, '/')) {
        *at = '\0';
        if (make)
            code = make_folder(path, err);
        if (code == 0 && at >= own)
            code = check_folder(path, err);
        *at = '/';
    }
    return code;
}

int state_make(char *path, struct err *err)
{
    return walk(path, true, err);
}

int state_check(char *path, struct err *err)
{
    return walk(path, false, err);
}

bool state_file_ok(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid();
}
