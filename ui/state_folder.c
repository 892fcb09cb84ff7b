/* See state_folder.h. Called by history_store.c and journal.c. */
#include "ui/state_folder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/err.h"

int state_path(char *path, size_t size, const char *name, struct err *err)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int n = -1;
    if (state && *state == '/')
        n = snprintf(path, size, "%s/loadtop/%s", state, name);
    else if (home && *home == '/')
        n = snprintf(path, size, "%s/.local/state/loadtop/%s", home, name);
    if (n < 0 || (size_t)n >= size)
        return err_set(err, ERR_FAILED, "history: neither XDG_STATE_HOME nor HOME says where");
    return 0;
}

int state_make(char *path, struct err *err)
{
    for (char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
        *at = '\0';
        int bad = mkdir(path, 0700) < 0 && errno != EEXIST ? errno : 0;
        if (bad)
            return err_set(err, ERR_FAILED, "history: %.160s: %s", path, strerror(bad));
        *at = '/';
    }
    return 0;
}
