/* See history_store.h. A run is one row: what a list shows, and the JSON as text (deflated when
 * zlib is there: `packed`). Called by history.c. */
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
#include "ui/json/read.h"
#include "ui/run/state_folder.h"

#ifdef LOADTOP_HAVE_SQLITE

#define RUN_ID_LEN 8
#define DIGITS_OF_ID 6 /* so many digits may begin an id; fewer are a number, even of no run */
#define JSON_MOST ((size_t)1 << 30)
#define WAIT_NS (3 * NS_PER_S)
#define WAIT_HURRY_NS (50 * NS_PER_MS)
#define NAP_NS (20 * NS_PER_MS)

struct store {
    sqlite3 *db;
    char path[1024];
    uint64_t patience_ns; /* for other programs' locks, of all statements together */
};

static int refuse(struct store *s, struct err *err)
{
    return err_set(err, ERR_FAILED, "history: %.160s: %s", s->path, sqlite3_errmsg(s->db));
}

/* Another program has the database locked: wait on? */
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

/* Makes the database, for the user alone, when it is missing. A pipe or a file of somebody else's
 * is never opened as one. */
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

/* What the list shows of all pools: targets joined, throughputs added, the worst p99. */
static void sum_pools(const json_t *run, struct text *targets, double *throughput, double *p99)
{
    *throughput = *p99 = NAN;
    for (size_t i = 0; i < json_count(run, "pools"); i++) {
        const json_t *p = json_nth(run, "pools", i);
        double x = json_num(p, "throughput_per_s"), l = json_num(p, "latency/response/p99_us");
        text_add(targets, "%s%s", i ? " " : "", json_txt(p, "target"));
        if (isfinite(x))
            *throughput = isnan(*throughput) ? x : *throughput + x;
        *p99 = fmax(*p99, l);
    }
}

int store_add(struct store *s, const json_t *run, unsigned keep, struct err *err)
{
    sqlite3_stmt *q = NULL;
    struct text targets = {0};
    double throughput, p99;
    char *json = json_dumps(run, JSON_COMPACT | JSON_REAL_PRECISION(15));
    int code = 0;
    if (!json)
        return err_set(err, ERR_FAILED, "history: out of memory");
    sum_pools(run, &targets, &throughput, &p99);
    if (sqlite3_prepare_v2(s->db,
                           "INSERT INTO run (run_id, started, elapsed_s, ended_by, targets, "
                           "command, throughput_per_s, p99_us, valid, packed, size, json) VALUES "
                           "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                           -1, &q, NULL) != SQLITE_OK) {
        code = refuse(s, err);
        goto out;
    }
    sqlite3_bind_text(q, 1, json_txt(run, "run_id"), -1, SQLITE_TRANSIENT);
    sqlite3_bind_text(q, 2, json_txt(run, "started"), -1, SQLITE_TRANSIENT);
    bind_real(q, 3, json_num(run, "elapsed_s"));
    sqlite3_bind_text(q, 4, *json_txt(run, "recovered") ? "crash" : json_txt(run, "ended_by"), -1,
                      SQLITE_TRANSIENT);
    sqlite3_bind_text(q, 5, text_str(&targets), -1, SQLITE_TRANSIENT);
    sqlite3_bind_text(q, 6, json_txt(run, "command"), -1, SQLITE_TRANSIENT);
    bind_real(q, 7, throughput);
    bind_real(q, 8, p99);
    sqlite3_bind_int(q, 9, json_yes(run, "validity/ok"));
    bind_json(q, json, strlen(json));
    if (sqlite3_step(q) != SQLITE_DONE)
        code = refuse(s, err);
    else if (store_prune(s, keep, NULL, err) < 0)
        code = ERR_FAILED;
out:
    sqlite3_finalize(q);
    text_free(&targets);
    free(json);
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

/* The number that `which` is, or -1: what has letters in it begins a run's id. */
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

int store_add(struct store *s, const json_t *run, unsigned keep, struct err *err)
{
    (void)s;
    (void)run;
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
