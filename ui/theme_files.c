/* Where themes come from: files NAME.theme in a few folders, and the built-in ones; see theme.h.
 *
 * The built-in ones are always there, so the program looks right wherever it was copied to; a file
 * of the same name wins. */
#include "ui/theme.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/err.h"
#include "engine/text.h"

#ifndef LOADTOP_SHARE_DIR
#define LOADTOP_SHARE_DIR "/usr/local/share/loadtop"
#endif

#define DIRS_MAX 4
#define NAMES_MAX 64

/* Folders in the order of the search; returns how many. */
static int theme_dirs(char dir[DIRS_MAX][PATH_MAX])
{
    const char *config = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    char exe[PATH_MAX];
    ssize_t len;
    int n = 0;

    if (config && *config)
        snprintf(dir[n++], PATH_MAX, "%s/loadtop/themes", config);
    else if (home && *home)
        snprintf(dir[n++], PATH_MAX, "%s/.config/loadtop/themes", home);
    len = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (len > 0) {
        char *slash;

        exe[len] = '\0';
        slash = strrchr(exe, '/');
        if (slash) {
            *slash = '\0';
            if (snprintf(dir[n], PATH_MAX, "%s/../themes", exe) < PATH_MAX)
                n++;
        }
    }
    copy_str(dir[n++], PATH_MAX, LOADTOP_SHARE_DIR "/themes");
    return n;
}

static char *read_text(const char *path)
{
    FILE *f = fopen(path, "re");
    char *text;
    size_t n;

    if (!f)
        return NULL;
    text = malloc(65536);
    if (text) {
        n = fread(text, 1, 65535, f);
        text[n] = '\0';
    }
    fclose(f);
    return text;
}

/* Collects the names that can be loaded, sorted; returns how many. The names are the caller's to
 * free. */
static int theme_names(char *names[NAMES_MAX + 1])
{
    char dir[DIRS_MAX][PATH_MAX];
    int dirs = theme_dirs(dir);
    int n = 0;

    for (int i = 0; builtin_themes[i].name && n < NAMES_MAX; i++)
        names[n++] = strdup(builtin_themes[i].name);
    for (int i = 0; i < dirs; i++) {
        DIR *d = opendir(dir[i]);
        struct dirent *e;

        while (d && (e = readdir(d)) && n < NAMES_MAX) {
            size_t len = strlen(e->d_name);
            bool known = false;

            if (len < 7 || len > 31 + 6 || strcmp(e->d_name + len - 6, ".theme"))
                continue;
            e->d_name[len - 6] = '\0';
            for (int j = 0; j < n; j++)
                known = known || (names[j] && !strcmp(names[j], e->d_name));
            if (!known)
                names[n++] = strdup(e->d_name);
        }
        if (d)
            closedir(d);
    }
    names[n] = NULL;
    return n;
}

static void free_names(char **names)
{
    for (; *names; names++)
        free(*names);
}

int theme_load(struct theme *t, const char *name, struct err *err)
{
    char dir[DIRS_MAX][PATH_MAX];
    int dirs = theme_dirs(dir);
    char *names[NAMES_MAX + 1];
    const char *near;
    struct text list = {.limit = 150};

    for (int i = 0; i < dirs && !strchr(name, '/'); i++) {
        char path[PATH_MAX + 64];
        char *text;

        if (snprintf(path, sizeof path, "%s/%.40s.theme", dir[i], name) >= (int)sizeof path)
            continue;
        text = read_text(path);
        if (text) {
            int rc = theme_parse(t, name, text, err);

            free(text);
            return rc;
        }
    }
    for (int i = 0; builtin_themes[i].name; i++)
        if (!strcmp(builtin_themes[i].name, name))
            return theme_parse(t, name, builtin_themes[i].text, err);
    theme_names(names);
    near = nearest_name(name, (const char *const *)names);
    for (int i = 0; names[i]; i++)
        text_add(&list, "%s%s", i ? " " : "", names[i]);
    err_set(err, ERR_USAGE,
            "there is no theme '%.40s'%s%s, allowed: %s%s (themes are NAME.theme in %.100s)", name,
            near ? "; nearest: " : "", near ? near : "", text_str(&list), list.cut ? "..." : "",
            dir[0]);
    text_free(&list);
    free_names(names);
    return ERR_USAGE;
}

const char *theme_next(const char *now, char *buf, size_t size)
{
    char *names[NAMES_MAX + 1];
    int n = theme_names(names);
    int next = 0;

    for (int i = 0; i < n; i++)
        if (names[i] && !strcmp(names[i], now))
            next = (i + 1) % n;
    copy_str(buf, size, names[next] ? names[next] : builtin_themes[0].name);
    free_names(names);
    return buf;
}
