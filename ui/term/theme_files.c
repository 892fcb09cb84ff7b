/* Loads themes: files NAME.theme in a few folders, and the built-in ones; see theme_files.h.
 *
 * The built-in ones are part of the program; a file of the same name takes precedence. */
#include "ui/term/theme_files.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/err.h"
#include "engine/base/text.h"
#include "engine/os/plain_file.h"
#include "ui/term/theme.h"

#ifndef LOADTOP_SHARE_DIR
#define LOADTOP_SHARE_DIR "/usr/local/share/loadtop"
#endif

#define DIRS_MAX 6
#define DIR_SIZE 440
#define TEXT_MAX 65536

/* Adds PARENT/CHILD unless it is too long; returns the new count. */
static int add_dir(char dir[DIRS_MAX][DIR_SIZE], int n, const char *parent, const char *child)
{
    if (n < DIRS_MAX && *parent && snprintf(dir[n], DIR_SIZE, "%s/%s", parent, child) < DIR_SIZE)
        return n + 1;
    return n;
}

/* Folders in the order of the search; returns how many. The second is the user's. */
static int theme_dirs(char dir[DIRS_MAX][DIR_SIZE])
{
    const char *config = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    char exe[PATH_MAX];
    ssize_t len;
    int n = 0;

    copy_str(dir[n++], DIR_SIZE, ".");
    if (config && *config == '/')
        n = add_dir(dir, n, config, "loadtop/themes");
    else if (home)
        n = add_dir(dir, n, home, ".config/loadtop/themes");
    len = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (len > 0) {
        char *slash;

        exe[len] = '\0';
        slash = strrchr(exe, '/');
        if (slash) {
            *slash = '\0';
            n = add_dir(dir, n, exe, "../share/loadtop/themes");
            n = add_dir(dir, n, exe, "../themes");
        }
    }
    return add_dir(dir, n, LOADTOP_SHARE_DIR, "themes");
}

/* Finds the file of a theme name; false when there is none. */
static bool find_file(const char *name, char path[512])
{
    char dir[DIRS_MAX][DIR_SIZE];
    struct stat st;
    int dirs;

    if (strchr(name, '/')) /* a place, not a name */
        return snprintf(path, 512, "%s", name) < 512 && !stat(path, &st) && S_ISREG(st.st_mode);
    dirs = theme_dirs(dir);
    for (int i = 0; i < dirs; i++)
        if (snprintf(path, 512, "%s/%.40s.theme", dir[i], name) < 512 && !stat(path, &st) &&
            S_ISREG(st.st_mode))
            return true;
    return false;
}

/* A hash of the file's identity and state, which changes when the file is replaced or modified. */
static uint64_t stamp_of(const char *path)
{
    struct stat st;
    uint64_t part[5], stamp = 14695981039346656037u; /* FNV-1a, by words */

    if (stat(path, &st))
        return 0;
    part[0] = (uint64_t)st.st_dev;
    part[1] = (uint64_t)st.st_ino;
    part[2] = (uint64_t)st.st_size;
    part[3] = (uint64_t)st.st_mtim.tv_sec;
    part[4] = (uint64_t)st.st_mtim.tv_nsec;
    for (int i = 0; i < 5; i++)
        stamp = (stamp ^ part[i]) * 1099511628211u;
    return stamp ? stamp : 1;
}

/* Reads the file. A file that is not text is refused here, with a message. */
static int read_text(const char *path, struct text *t, struct err *err)
{
    char what[240];

    snprintf(what, sizeof what, "theme %.200s", path);
    if (plain_file_read(path, false, TEXT_MAX, what, t, err))
        return ERR_USAGE;
    if (strlen(text_str(t)) != t->len)
        return err_set(err, ERR_USAGE, "%s: this is no text", what);
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int add_name(char *names[THEMES_MAX], int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(names[i], name))
            return n;
    if (n < THEMES_MAX && (names[n] = strdup(name)))
        n++;
    return n;
}

int theme_list(char *names[THEMES_MAX])
{
    char dir[DIRS_MAX][DIR_SIZE];
    int dirs = theme_dirs(dir), n = 0;

    for (int i = 0; builtin_themes[i].name; i++)
        n = add_name(names, n, builtin_themes[i].name);
    for (int i = 0; i < dirs; i++) {
        DIR *d = opendir(dir[i]);
        struct dirent *e;

        while (d && (e = readdir(d))) {
            size_t len = strlen(e->d_name);

            if (len < 7 || len > 31 + 6 || strcmp(e->d_name + len - 6, ".theme"))
                continue;
            e->d_name[len - 6] = '\0';
            n = add_name(names, n, e->d_name);
        }
        if (d)
            closedir(d);
    }
    if (n > 1)
        qsort(names + 1, (size_t)n - 1, sizeof *names, by_name);
    return n;
}

static void free_names(char **names, int n)
{
    for (int i = 0; i < n; i++)
        free(names[i]);
}

static int refuse(const char *name, struct err *err)
{
    char *names[THEMES_MAX + 1], dir[DIRS_MAX][DIR_SIZE];
    int n = theme_list(names);
    struct text all = {.limit = 150};
    const char *near;

    names[n] = NULL;
    near = nearest_name(name, (const char *const *)names);
    theme_dirs(dir);
    for (int i = 0; i < n; i++)
        text_add(&all, "%s%s", i ? " " : "", names[i]);
    err_set(err, ERR_USAGE,
            "there is no theme '%.40s'%s%s, allowed: %s%s (themes are NAME.theme in %.100s)", name,
            near ? "; nearest: " : "", near ? near : "", text_str(&all), all.cut ? "..." : "",
            dir[1]);
    text_free(&all);
    free_names(names, n);
    return ERR_USAGE;
}

/* "night" for the path "./night.theme" */
static const char *bare_name(const char *path, char *buf, size_t size)
{
    const char *slash = strrchr(path, '/');
    size_t len;

    copy_str(buf, size, slash ? slash + 1 : path);
    len = strlen(buf);
    if (slash && len > 6 && !strcmp(buf + len - 6, ".theme"))
        buf[len - 6] = '\0';
    return buf;
}

int theme_load(struct theme *t, const char *name, struct err *err)
{
    char path[512], bare[40];

    if (find_file(name, path)) {
        uint64_t stamp = stamp_of(path);
        struct text text = {.limit = TEXT_MAX + 1};
        int rc = read_text(path, &text, err);

        if (!rc)
            rc = theme_parse(t, bare_name(name, bare, sizeof bare), text_str(&text), err);
        text_free(&text);
        if (!rc) {
            copy_str(t->path, sizeof t->path, path);
            copy_str(t->asked, sizeof t->asked, name);
            t->stamp = stamp;
        }
        return rc;
    }
    for (int i = 0; builtin_themes[i].name; i++)
        if (!strcmp(builtin_themes[i].name, name)) {
            if (theme_parse(t, name, builtin_themes[i].text, err))
                return ERR_USAGE;
            copy_str(t->asked, sizeof t->asked, name);
            return 0;
        }
    return refuse(name, err);
}

bool theme_is_stale(const struct theme *t)
{
    char path[512];

    /* missing for the moment, as while an editor rewrites it; or a built-in one */
    if (!find_file(t->asked, path))
        return false;
    return strcmp(path, t->path) != 0 || stamp_of(path) != t->stamp;
}

uint64_t theme_stamp(const char *name)
{
    char path[512];

    return find_file(name, path) ? stamp_of(path) : 0;
}

const char *theme_next(const char *now, char *buf, size_t size)
{
    char *names[THEMES_MAX];
    int n = theme_list(names);
    int next = 0;

    for (int i = 0; i < n; i++)
        if (!strcmp(names[i], now))
            next = (i + 1) % n;
    copy_str(buf, size, n > 0 ? names[next] : builtin_themes[0].name);
    free_names(names, n);
    return buf;
}

const char *theme_default(void)
{
    const char *colors = getenv("COLORFGBG"), *ground = colors ? strrchr(colors, ';') : NULL;

    return ground && (!strcmp(ground, ";15") || !strcmp(ground, ";7")) ? "paper"
                                                                       : builtin_themes[0].name;
}
