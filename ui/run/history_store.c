/* See history_store.h. A run is one row: what a list shows, and the JSON as text (`packed`:
 * deflated, if zlib is built in). Called by history.c. */
#include "ui/run/history_store.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#ifdef LOADTOP_HAVE_SQLITE
#include <sqlite3.h>
#endif
#ifdef LOADTOP_HAVE_ZLIB
#include <zlib.h>
#endif

#include "engine/base/err.h"
#include "engine/os/loop.h"
#include "engine/base/text.h"
#include "ui/base/end_signal.h"
#include "ui/json/saved_run.h"
#include "ui/run/state_folder.h"

#ifdef LOADTOP_HAVE_SQLITE

#define RUN_ID_LEN 8
/* digits with which a text counts as the beginning of an id; with fewer it is a number */
#define DIGITS_OF_ID 6
#define JSON_MOST ((size_t)1 << 30)
#define WAIT_NS (3 * NS_PER_S)
#define WAIT_HURRY_NS (50 * NS_PER_MS)
#define NAP_NS (20 * NS_PER_MS)

struct store {
    sqlite3 *db;
    char path[1024];
    /* remaining time for all statements together to wait for other programs' locks */
    uint64_t patience_ns;
};

static int refuse(struct store *s, struct err *err)
{
    return err_set(err, ERR_FAILED, "history: %.160s: %s", s->path, sqlite3_errmsg(s->db));
}

/* Called while another program has the database locked; returns whether to retry. */
static int wait_on(void *ctx, int tries)
{
    struct store *s = ctx;
    struct timespec t = {.tv_nsec = NAP_NS};
    (void)tries;
    if (s->patience_ns < NAP_NS || end_signal_waits())
        return 0;
    s->patience_ns -= NAP_NS;
    nanosleep(&t, NULL);
    return 1;
}

/* Creates the database if missing, accessible by the user only. Refuses a pipe or another user's
 * file. */
static int check_file(const char *path, bool create, struct err *err)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | (create ? O_CREAT : 0), 0600);
    if (fd < 0)
        return err_set(err, ERR_FAILED, "history: %.160s: %s", path, strerror(errno));
    bool ok = state_file_ok(fd);
    close(fd);
    return ok ? 0 : err_set(err, ERR_FAILED, "history: %.160s: no file of yours", path);
}

struct store *store_open(bool create, bool hurry, struct err *err)
{
    struct store *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    s->patience_ns = hurry ? WAIT_HURRY_NS : WAIT_NS;
    if (state_path(s->path, sizeof s->path, "history.db", err) < 0 ||
        (create && state_make(s->path, err) < 0)) {
        free(s);
        return NULL;
    }
    if (!create && access(s->path, F_OK) < 0) {
        free(s);
        return NULL;
    }
    if (state_check(s->path, err) < 0 || check_file(s->path, create, err) < 0) {
        free(s);
        return NULL;
    }
    int flags = SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0);
    if (sqlite3_open_v2(s->path, &s->db, flags, NULL) != SQLITE_OK)
        goto bad;
    sqlite3_busy_handler(s->db, wait_on, s);
    if (sqlite3_exec(s->db,
                     "CREATE TABLE IF NOT EXISTS run (id INTEGER PRIMARY KEY AUTOINCREMENT, run_id "
                     "TEXT, started TEXT, elapsed_s REAL, ended_by TEXT, targets TEXT, command "
                     "TEXT, throughput_per_s REAL, p99_us REAL, valid INTEGER, packed INTEGER, "
                     "size INTEGER, json BLOB)",
                     NULL, NULL, NULL) != SQLITE_OK)
        goto bad;
    if (hurry)
        sqlite3_exec(s->db, "PRAGMA synchronous=OFF", NULL, NULL, NULL);
    return s;
bad:
    refuse(s, err);
    store_close(s);
    return NULL;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    sqlite3_close(s->db);
    free(s);
}

static void bind_real(sqlite3_stmt *q, int at, double v)
{
    if (isfinite(v))
        sqlite3_bind_double(q, at, v);
    else
        sqlite3_bind_null(q, at);
}

static void bind_json(sqlite3_stmt *q, const char *text, size_t len)
{
#ifdef LOADTOP_HAVE_ZLIB
    uLongf size = compressBound((uLong)len);
    unsigned char *packed = malloc(size);
    if (packed &&
        compress2(packed, &size, (const unsigned char *)text, (uLong)len, Z_BEST_SPEED) == Z_OK) {
        sqlite3_bind_int(q, 10, 1);
        sqlite3_bind_int64(q, 11, (sqlite3_int64)len);
        sqlite3_bind_blob64(q, 12, packed, size, free);
        return;
    }
    free(packed);
#endif
    sqlite3_bind_int(q, 10, 0);
    sqlite3_bind_int64(q, 11, (sqlite3_int64)len);
    sqlite3_bind_blob64(q, 12, text, len, SQLITE_TRANSIENT);
}

static const char *text_of(const json_t *o, const char *name)
{
    const char *text = json_string_value(json_object_get(o, name));
    return text ? text : "";
}

/* The row of a run that cannot be read because a member is invalid: its identity, without figures. */
static struct store_row row_of_unread(const json_t *json, struct text *targets)
{
    const json_t *pools = json_object_get(json, "pools"),
                 *elapsed = json_object_get(json, "elapsed_s");
    for (size_t i = 0; i < json_array_size(pools); i++)
        text_add(targets, "%s%s", i ? " " : "", text_of(json_array_get(pools, i), "target"));
    return (struct store_row){
        .run_id = text_of(json, "run_id"),
        .started = text_of(json, "started"),
        .ended_by = *text_of(json, "recovered") ? "crash" : text_of(json, "ended_by"),
        .command = text_of(json, "command"),
        .elapsed_s = json_is_number(elapsed) ? json_number_value(elapsed) : NAN,
        .throughput_per_s = NAN,
        .p99_us = NAN};
}

/* The row that the list shows for a run: the targets of all pools joined, their throughputs added,
 * the worst p99. */
static struct store_row row_of(const struct saved_run *run, struct text *targets)
{
    struct store_row row = {.throughput_per_s = NAN, .p99_us = NAN};
    row.run_id = run->run_id;
    row.started = run->started;
    row.ended_by = *run->recovered ? "crash" : run->ended_by;
    row.command = run->command;
    row.elapsed_s = run->elapsed_s;
    row.valid = run->valid == FLAG_YES;
    for (size_t i = 0; i < run->pools; i++) {
        const struct saved_pool *p = &run->pool[i];
        double x = p->throughput_per_s;
        text_add(targets, "%s%s", i ? " " : "", p->target);
        if (isfinite(x))
            row.throughput_per_s = isnan(row.throughput_per_s) ? x : row.throughput_per_s + x;
        row.p99_us = fmax(row.p99_us, p->latency.response.p99_us);
    }
    return row;
}

static void bind_row(sqlite3_stmt *q, const struct store_row *row, const char *targets)
{
    sqlite3_bind_text(q, 1, row->run_id, -1, SQLITE_TRANSIENT);
    sqlite3_bind_text(q, 2, row->started, -1, SQLITE_TRANSIENT);
    bind_real(q, 3, row->elapsed_s);
    sqlite3_bind_text(q, 4, row->ended_by, -1, SQLITE_TRANSIENT);
    sqlite3_bind_text(q, 5, targets, -1, SQLITE_TRANSIENT);
    sqlite3_bind_text(q, 6, row->command, -1, SQLITE_TRANSIENT);
    bind_real(q, 7, row->throughput_per_s);
    bind_real(q, 8, row->p99_us);
    sqlite3_bind_int(q, 9, row->valid);
}

/* A run that cannot be parsed is saved anyway; `history show` reports the error. */
int store_add(struct store *s, const json_t *json, unsigned keep, struct err *err)
{
    sqlite3_stmt *q = NULL;
    struct text targets = {0};
    char *text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(15));
    int code = 0;
    if (!text)
        return err_set(err, ERR_FAILED, "history: out of memory");
    struct saved_run *run = saved_run_read((json_t *)(uintptr_t)json, NULL);
    struct store_row row = run ? row_of(run, &targets) : row_of_unread(json, &targets);
    if (sqlite3_prepare_v2(s->db,
                           "INSERT INTO run (run_id, started, elapsed_s, ended_by, targets, "
                           "command, throughput_per_s, p99_us, valid, packed, size, json) VALUES "
                           "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                           -1, &q, NULL) != SQLITE_OK) {
        code = refuse(s, err);
        goto out;
    }
    bind_row(q, &row, text_str(&targets));
    bind_json(q, text, strlen(text));
    if (sqlite3_step(q) != SQLITE_DONE)
        code = refuse(s, err);
    else if (store_prune(s, keep, NULL, err) < 0)
        code = ERR_FAILED;
out:
    sqlite3_finalize(q);
    saved_run_free(run);
    text_free(&targets);
    free(text);
    return code;
}

static const char *column_words(sqlite3_stmt *q, int at)
{
    const char *s = (const char *)sqlite3_column_text(q, at);
    return s ? s : "";
}

static double column_real(sqlite3_stmt *q, int at)
{
    return sqlite3_column_type(q, at) == SQLITE_NULL ? NAN : sqlite3_column_double(q, at);
}

int store_each(struct store *s, void (*each)(const struct store_row *, void *ctx), void *ctx,
               struct err *err)
{
    sqlite3_stmt *q = NULL;
    int step = SQLITE_ERROR;
    if (sqlite3_prepare_v2(s->db,
                           "SELECT id, run_id, started, targets, ended_by, command, elapsed_s, "
                           "throughput_per_s, p99_us, valid FROM run ORDER BY id DESC",
                           -1, &q, NULL) == SQLITE_OK)
        while ((step = sqlite3_step(q)) == SQLITE_ROW) {
            struct store_row row = {.id = sqlite3_column_int64(q, 0),
                                    .run_id = column_words(q, 1),
                                    .started = column_words(q, 2),
                                    .targets = column_words(q, 3),
                                    .ended_by = column_words(q, 4),
                                    .command = column_words(q, 5),
                                    .elapsed_s = column_real(q, 6),
                                    .throughput_per_s = column_real(q, 7),
                                    .p99_us = column_real(q, 8),
                                    .valid = sqlite3_column_int(q, 9) != 0};
            each(&row, ctx);
        }
    sqlite3_finalize(q);
    return step == SQLITE_DONE ? 0 : refuse(s, err);
}

static json_t *read_json(sqlite3_stmt *q)
{
    const void *blob = sqlite3_column_blob(q, 2);
    size_t len = (size_t)sqlite3_column_bytes(q, 2), size = (size_t)sqlite3_column_int64(q, 1);
    if (!sqlite3_column_int(q, 0))
        return json_loadb(blob, len, 0, NULL);
#ifdef LOADTOP_HAVE_ZLIB
    char *text = size <= JSON_MOST ? malloc(size + 1) : NULL;
    uLongf got = (uLongf)size;
    json_t *run = NULL;
    if (text && uncompress((unsigned char *)text, &got, blob, (uLong)len) == Z_OK)
        run = json_loadb(text, got, 0, NULL);
    free(text);
    return run;
#else
    (void)size;
    return NULL;
#endif
}

/* `which` as a number, or -1: a text with letters is the beginning of a run id. */
static sqlite3_int64 number_of(const char *which)
{
    return *which && !which[strspn(which, "0123456789")] && strlen(which) < RUN_ID_LEN
               ? strtoll(which, NULL, 10)
               : -1;
}

json_t *store_get(struct store *s, const char *which, struct err *err)
{
    sqlite3_stmt *q = NULL;
    json_t *run = NULL;
    bool last = strcmp(which, "last") == 0;
    sqlite3_int64 number = number_of(which);
    const char *sql =
        last ? "SELECT packed, size, json FROM run ORDER BY id DESC LIMIT 1"
             : "SELECT packed, size, json FROM run WHERE id = ?2 OR (?3 AND "
               "substr(run_id, 1, length(?1)) = ?1) ORDER BY id = ?2 DESC, id DESC LIMIT 1";
    if (sqlite3_prepare_v2(s->db, sql, -1, &q, NULL) != SQLITE_OK) {
        refuse(s, err);
        return NULL;
    }
    if (!last) {
        sqlite3_bind_text(q, 1, which, -1, SQLITE_TRANSIENT);
        sqlite3_bind_int64(q, 2, number);
        sqlite3_bind_int(q, 3, number < 0 || strlen(which) >= DIGITS_OF_ID);
    }
    bool found = *which && sqlite3_step(q) == SQLITE_ROW;
    if (found)
        run = read_json(q);
    if (!run && found)
        err_set(err, ERR_FAILED, "history: run %.40s cannot be read", which);
    else if (!run)
        err_set(err, ERR_USAGE, "history: no run %.40s ('loadtop history' lists them)", which);
    sqlite3_finalize(q);
    return run;
}

long store_prune(struct store *s, uint64_t keep, const char *before, struct err *err)
{
    sqlite3_stmt *q = NULL;
    if (sqlite3_prepare_v2(s->db,
                           "DELETE FROM run WHERE started < ?2 OR id NOT IN (SELECT id FROM run "
                           "ORDER BY id DESC LIMIT ?1)",
                           -1, &q, NULL) != SQLITE_OK)
        return refuse(s, err);
    sqlite3_bind_int64(q, 1, keep < INT64_MAX ? (sqlite3_int64)keep : -1);
    sqlite3_bind_text(q, 2, before ? before : "", -1, SQLITE_TRANSIENT);
    int step = sqlite3_step(q);
    sqlite3_finalize(q);
    return step == SQLITE_DONE ? sqlite3_changes(s->db) : refuse(s, err);
}

#else

struct store *store_open(bool create, bool hurry, struct err *err)
{
    (void)create;
    (void)hurry;
    err_set(err, ERR_FAILED, "history: not built in: install libsqlite3-dev and build again");
    return NULL;
}

void store_close(struct store *s)
{
    (void)s;
}

int store_add(struct store *s, const json_t *json, unsigned keep, struct err *err)
{
    (void)s;
    (void)json;
    (void)keep;
    (void)err;
    return ERR_FAILED;
}

int store_each(struct store *s, void (*each)(const struct store_row *, void *ctx), void *ctx,
               struct err *err)
{
    (void)s;
    (void)each;
    (void)ctx;
    (void)err;
    return ERR_FAILED;
}

json_t *store_get(struct store *s, const char *which, struct err *err)
{
    (void)s;
    (void)which;
    (void)err;
    return NULL;
}

long store_prune(struct store *s, uint64_t keep, const char *before, struct err *err)
{
    (void)s;
    (void)keep;
    (void)before;
    (void)err;
    return ERR_FAILED;
}

#endif
