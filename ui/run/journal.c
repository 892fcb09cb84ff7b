/* See journal.h. Called by headless.c, app.c and history.c. */
#include "ui/run/journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/err.h"
#include "engine/base/text.h"
#include "engine/state/snapshot.h"
#include "ui/base/fd_write.h"
#include "ui/json/run.h"
#include "ui/run/state_folder.h"

#define EVERY_S 1.0
#define LINES_LEAST ((size_t)1 << 20) /* bytes of lines before the next checkpoint, at least */
/* how far back events are written again, because their effect may still change */
#define EVENTS_BACK_S 30
#define LEFT_MOST 256
#define BYTES_MOST ((off_t)1 << 30) /* larger than any file of ours */

struct journal {
    const char *command;
    const json_t *screens;
    size_t screens_written;
    char folder[1024], path[1200];
    int fd; /* locked; -1: nothing was written yet */
    double written_s, checkpoint_s;
    size_t checkpoint, lines; /* bytes */
    unsigned pools;           /* pools in the checkpoint, including removed ones */
    unsigned removed;
    bool failed;
};

static int find_folder(char *folder, size_t size, bool make, struct err *err)
{
    char path[1024];
    if (state_path(path, sizeof path, "running/x", err) < 0 ||
        (make ? state_make(path, err) : state_check(path, err)) < 0)
        return ERR_FAILED;
    *strrchr(path, '/') = '\0';
    copy_str(folder, size, path);
    return 0;
}

struct journal *journal_open(const char *command, const json_t *screens, struct err *err)
{
    struct journal *j = calloc(1, sizeof *j);
    if (!j)
        abort();
    *j = (struct journal){.command = command, .screens = screens, .fd = -1, .written_s = -INFINITY};
    if (find_folder(j->folder, sizeof j->folder, true, err) < 0) {
        free(j);
        return NULL;
    }
    return j;
}

void journal_close(struct journal *j, bool kept)
{
    if (!j)
        return;
    if (j->fd >= 0) {
        if (kept)
            unlink(j->path);
        close(j->fd);
    }
    free(j);
}

static json_t *state_of(struct journal *j, const struct snapshot *s, double since_s, bool all)
{
    json_t *run = json_run_since(s, j->command, since_s);
    size_t n = json_array_size(j->screens);
    if (n && (all || n != j->screens_written))
        json_object_set_new(run, "screens", json_copy((json_t *)(uintptr_t)j->screens));
    j->screens_written = n;
    return run;
}

static int write_line(int fd, const json_t *json, size_t *bytes, struct err *err)
{
    char *s = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(15));
    if (!s)
        abort();
    size_t len = strlen(s);
    s[len] = '\n'; /* newline instead of the terminator, so that a line is one write */
    int code = fd_write_all(fd, "the run's journal", s, len + 1, -1, err);
    free(s);
    *bytes = len + 1;
    return code;
}

/* Does the path name the file of this descriptor? */
static bool is_at(int fd, const char *path)
{
    struct stat is, at;
    return fstat(fd, &is) == 0 && lstat(path, &at) == 0 && is.st_ino == at.st_ino &&
           is.st_dev == at.st_dev;
}

/* Creates the file and locks it; -1 and err on failure. Another program's list_left may lock it in
 * between and remove it as torn: then tries again. */
static int open_new(const char *path, struct err *err)
{
    const struct timespec pause = {0, 1000000};
    int fd = -1;
    for (unsigned tries = 0; tries < 1000; tries++) {
        if (fd < 0)
            fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0)
            return err_set(err, -1, "%.400s: %s", path, strerror(errno));
        if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
            nanosleep(&pause, NULL);
            continue;
        }
        if (is_at(fd, path))
            return fd;
        close(fd);
        fd = -1;
    }
    if (fd >= 0)
        close(fd);
    return err_set(err, -1, "%.400s: locked by another program", path);
}

/* Replaces the old file by a new one that is locked before it becomes visible. */
static int checkpoint(struct journal *j, const struct snapshot *s, struct err *err)
{
    char path[sizeof j->path + 8];
    snprintf(j->path, sizeof j->path, "%s/%s-%ld.run", j->folder, s->run_id, (long)getpid());
    snprintf(path, sizeof path, "%s.new", j->path);
    int fd = open_new(path, err);
    if (fd < 0)
        return ERR_FAILED;
    json_t *run = state_of(j, s, -INFINITY, true);
    int code = write_line(fd, run, &j->checkpoint, err);
    json_decref(run);
    if (code == 0 && rename(path, j->path) < 0)
        code = err_set(err, ERR_FAILED, "%.400s: %s", j->path, strerror(errno));
    if (code) {
        unlink(path);
        close(fd);
        return code;
    }
    if (j->fd >= 0)
        close(j->fd);
    j->fd = fd;
    j->lines = 0;
    j->checkpoint_s = s->now_s;
    j->pools = s->pools;
    j->removed = s->removed;
    return 0;
}

static int append(struct journal *j, const struct snapshot *s, struct err *err)
{
    size_t bytes;
    json_t *run = state_of(j, s, j->written_s, false);
    json_object_set_new(run, "events_from_s", json_real(j->checkpoint_s - EVENTS_BACK_S));
    int code = write_line(j->fd, run, &bytes, err);
    json_decref(run);
    j->lines += bytes;
    return code;
}

bool journal_tick(struct journal *j, const struct snapshot *s, struct err *err)
{
    if (!j || j->failed || s->now_s - j->written_s < EVERY_S || !s->run_id[0])
        return true;
    size_t most = 4 * j->checkpoint > LINES_LEAST ? 4 * j->checkpoint : LINES_LEAST;
    bool restart = j->fd < 0 || j->lines > most || j->pools != s->pools || j->removed != s->removed;
    int code = restart ? checkpoint(j, s, err) : append(j, s, err);
    j->written_s = s->now_s;
    j->failed = code < 0;
    return code == 0;
}

/* ---- journals of crashed programs ---- */

/* NaN unless it is there. */
static double number_of(const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);
    return json_is_number(v) ? json_number_value(v) : NAN;
}

static void replace_events(json_t *run, const json_t *line)
{
    double from = number_of(line, "events_from_s");
    json_t *list = json_object_get(run, "events");
    for (size_t i = json_array_size(list); i-- > 0;)
        if (number_of(json_array_get(list, i), "t_s") >= from)
            json_array_remove(list, i);
    const json_t *later = json_object_get(line, "events");
    for (size_t i = 0; i < json_array_size(later); i++) {
        json_t *e = json_array_get(later, i);
        if (number_of(e, "t_s") >= from)
            json_array_append(list, e);
    }
}

static void merge_pool(json_t *pool, json_t *line)
{
    const char *name;
    json_t *value;
    json_t *series = json_object_get(pool, "series");
    json_array_extend(series, json_object_get(line, "series"));
    json_object_foreach(line, name, value)
    {
        if (strcmp(name, "series") != 0)
            json_object_set(pool, name, value);
    }
}

static void merge(json_t *run, json_t *line)
{
    json_t *pools = json_object_get(run, "pools"), *later = json_object_get(line, "pools"), *value;
    const char *name;
    replace_events(run, line);
    for (size_t i = 0; i < json_array_size(later); i++)
        if (json_array_get(pools, i))
            merge_pool(json_array_get(pools, i), json_array_get(later, i));
    json_object_foreach(line, name, value)
    {
        if (strcmp(name, "pools") != 0 && strcmp(name, "events") != 0 &&
            strcmp(name, "events_from_s") != 0)
            json_object_set(run, name, value);
    }
}

/* Reads the checkpoint and all complete lines after it; the last line may be cut. */
static json_t *read_run(FILE *f)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    json_t *run = NULL;
    while ((len = getline(&line, &room, f)) > 0) {
        json_t *one = line[len - 1] == '\n' ? json_loadb(line, (size_t)len, 0, NULL) : NULL;
        if (!json_is_object(one)) {
            json_decref(one);
            break;
        }
        if (run) {
            merge(run, one);
            json_decref(one);
        } else {
            run = one;
        }
    }
    free(line);
    if (run && json_is_array(json_object_get(run, "pools"))) {
        json_object_set_new(run, "ended_by", json_string("error"));
        json_object_set_new(run, "recovered",
                            json_string("the program was killed or crashed: this is the run until "
                                        "its last second"));
        return run;
    }
    json_decref(run);
    return NULL;
}

/* Opens a journal if its program has ended; it stays locked until fclose. Ignores files that are
 * not ours. */
static FILE *open_left(const char *path)
{
    struct stat is;
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return NULL;
    /* If a checkpoint has replaced it meanwhile, its program is running. */
    if (!state_file_ok(fd) || flock(fd, LOCK_EX | LOCK_NB) < 0 || !is_at(fd, path) ||
        fstat(fd, &is) < 0 || is.st_size > BYTES_MOST) {
        close(fd);
        return NULL;
    }
    FILE *f = fdopen(fd, "r");
    if (!f)
        close(fd);
    return f;
}

struct left {
    char path[1300];
    struct timespec at;
};

static int by_age(const void *x, const void *y)
{
    const struct left *a = x, *b = y;
    if (a->at.tv_sec != b->at.tv_sec)
        return a->at.tv_sec < b->at.tv_sec ? -1 : 1;
    return a->at.tv_nsec < b->at.tv_nsec ? -1 : a->at.tv_nsec > b->at.tv_nsec;
}

/* Removes torn checkpoints (.new). */
static size_t list_left(struct left *list, size_t max)
{
    char folder[1024];
    size_t n = 0;
    DIR *d = find_folder(folder, sizeof folder, false, NULL) == 0 ? opendir(folder) : NULL;
    for (const struct dirent *e = d ? readdir(d) : NULL; e && n < max; e = readdir(d)) {
        struct stat st;
        const char *ending = strrchr(e->d_name, '.');
        if (!ending || (strcmp(ending, ".run") != 0 && strcmp(ending, ".new") != 0))
            continue;
        snprintf(list[n].path, sizeof list[n].path, "%s/%.200s", folder, e->d_name);
        FILE *f = open_left(list[n].path);
        if (!f)
            continue;
        if (strcmp(ending, ".new") == 0)
            unlink(list[n].path);
        else if (fstat(fileno(f), &st) == 0)
            list[n++].at = st.st_mtim;
        fclose(f);
    }
    if (d)
        closedir(d);
    qsort(list, n, sizeof *list, by_age);
    return n;
}

unsigned journal_recover(int (*take)(const json_t *run, void *ctx), void *ctx)
{
    struct left *list = calloc(LEFT_MOST, sizeof *list);
    unsigned taken = 0;
    if (!list)
        abort();
    size_t n = list_left(list, LEFT_MOST);
    for (size_t i = 0; i < n; i++) {
        FILE *f = open_left(list[i].path);
        if (!f)
            continue;
        json_t *run = read_run(f);
        int code = run ? take(run, ctx) : 0; /* an unreadable one is removed */
        taken += run && code == 0;
        if (code == 0)
            unlink(list[i].path);
        json_decref(run);
        fclose(f);
    }
    free(list);
    return taken;
}

bool journal_left(void)
{
    struct left one;
    return list_left(&one, 1) > 0;
}
