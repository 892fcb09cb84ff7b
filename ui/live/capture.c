/* The commands that the screen itself carries out: captures of the screen, reports, the baseline,
 * the theme, quit.
 *
 * A capture uses the cells and the snapshot that were shown, and each file is written
 * atomically. */
#include "ui/live/capture.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "engine/base/text.h"
#include "ui/base/out_file.h"
#include "ui/export/json_screen.h"
#include "ui/export/picture.h"
#include "ui/export/png.h"
#include "ui/json/run.h"
#include "ui/live/app_state.h"
#include "ui/report/report.h"
#include "ui/run/baseline.h"
#include "ui/term/theme_files.h"

#define PATH_MAX_BYTES 1024
#define SCREENS_MOST 48
#define SWATCHES_S 4.0 /* how long the roles of a new theme are shown */

/* Writes OUT/loadtop-20261121-124105, with -2, -3 and so on if files of that second already
 * exist. */
static void base_name(const struct app *a, char *buf, size_t size)
{
    const char *dir = a->settings->out_dir && a->settings->out_dir[0] ? a->settings->out_dir : ".";
    time_t now = time(NULL);
    char stamp[32] = "";
    struct tm tm;

    if (localtime_r(&now, &tm))
        strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &tm);
    snprintf(buf, size, "%s/loadtop-%s", dir, stamp);
    for (int i = 2; i < 100; i++) {
        char path[PATH_MAX_BYTES + 8];
        struct stat st;

        snprintf(path, sizeof path, "%s.txt", buf);
        if (lstat(path, &st) < 0)
            return;
        snprintf(buf, size, "%s/loadtop-%s-%d", dir, stamp, i);
    }
}

static const char *extension_of(const char *file)
{
    const char *dot = strrchr(file, '.');
    const char *slash = strrchr(file, '/');

    return dot && (!slash || dot > slash) ? dot + 1 : "";
}

static int write_json(struct app *a, const char *path, struct err *err)
{
    json_t *run = json_with_screens(app_shown(a), a->settings->command, NAN, a->settings->screens);
    size_t len;
    char *text = json_text(run, &len);
    int rc = text ? out_file_write(path, text, len, OUT_AT_ONCE, err)
                  : err_set(err, ERR_FAILED, "%s: no memory", path);

    free(text);
    json_decref(run);
    return rc;
}

static int write_and_free(struct text *t, const char *path, struct err *err)
{
    int code = out_file_write(path, text_str(t), t->len, OUT_AT_ONCE, err);
    text_free(t);
    return code;
}

static int write_png(struct app *a, const char *path, struct err *err)
{
    unsigned char *data;
    unsigned long len;
    int rc = export_png(&a->cells, &a->theme, &data, &len, err);

    if (!rc)
        rc = out_file_write(path, data, len, OUT_AT_ONCE, err);
    free(data);
    return rc;
}

static int write_text(struct app *a, const char *path, struct err *err)
{
    struct text t = {0};
    cells_to_text(&a->cells, &t);
    return write_and_free(&t, path, err);
}

static int write_ansi(struct app *a, const char *path, struct err *err)
{
    struct text t = {0};
    export_ansi(&a->cells, &a->theme, TIER_DIRECT, &t);
    return write_and_free(&t, path, err);
}

static int write_svg(struct app *a, const char *path, struct err *err)
{
    struct text t = {0};
    export_svg(&a->cells, &a->theme, &t);
    return write_and_free(&t, path, err);
}

static const struct kind {
    const char *ext;
    int (*write)(struct app *, const char *path, struct err *);
    bool usual; /* also written when no file is named */
} kinds[] = {
    {"txt", write_text, true}, {"ans", write_ansi, true},  {"svg", write_svg, true},
    {"png", write_png, true},  {"json", write_json, true}, {"ansi", write_ansi, false},
    {"", write_text, false},
};
#define KINDS (sizeof kinds / sizeof *kinds)

/* 0 where this build can write it, else ERR_FAILED with what to install. */
static int check_built_in(const struct kind *k, struct err *err)
{
    return k->write == write_png ? export_png_check(err) : 0;
}

static const struct kind *kind_of(const char *file, struct err *err)
{
    const char *ext = extension_of(file);
    for (size_t i = 0; i < KINDS; i++)
        if (strcmp(ext, kinds[i].ext) == 0)
            return &kinds[i];
    struct text list = {0};
    for (size_t i = 0; i < KINDS; i++)
        if (kinds[i].ext[0])
            text_add(&list, " .%s", kinds[i].ext);
    err_set(err, ERR_USAGE, "'%.60s': the name must end in%s", file, text_str(&list));
    text_free(&list);
    return NULL;
}

int capture_check_name(const char *file, struct err *err)
{
    const struct kind *k = kind_of(file, err);
    return k ? check_built_in(k, err) : ERR_USAGE;
}

/* Keeps the screen for the report of this run; only the first few dozen, to limit the size of the
 * run. */
static void keep_screen(struct app *a)
{
    char what[64];

    snprintf(what, sizeof what, "%s view, %d x %d", screen_view(&a->sc)->name, a->cells.cols,
             a->cells.rows);
    if (json_array_size(a->settings->screens) < SCREENS_MOST)
        json_array_append_new(a->settings->screens,
                              json_screen(&a->cells, &a->theme, app_shown(a)->now_s, what));
}

/* Writes to the file that was named. */
static void screenshot_to(struct app *a, const char *file)
{
    struct err err = {0};
    const struct kind *k = kind_of(file, &err);
    if (!k || k->write(a, file, &err))
        app_notice(a, ROLE_ALERT, "%s", err.msg);
    else
        app_notice(a, ROLE_BAR, "captured: %s", file);
}

/* Writes one file of each usual kind, all of one name. */
static void screenshot_all(struct app *a)
{
    char base[PATH_MAX_BYTES], path[PATH_MAX_BYTES + 8], failed[256] = "";
    struct text written = {.limit = 60};
    base_name(a, base, sizeof base);
    for (size_t i = 0; i < KINDS; i++) {
        struct err err = {0};
        if (!kinds[i].usual || check_built_in(&kinds[i], &err))
            continue;
        text_add(&written, "%s%s", written.len ? "," : "", kinds[i].ext);
        snprintf(path, sizeof path, "%s.%s", base, kinds[i].ext);
        if (kinds[i].write(a, path, &err) && !failed[0])
            copy_str(failed, sizeof failed, err.msg);
    }
    if (failed[0])
        app_notice(a, ROLE_ALERT, "%s", failed);
    else
        app_notice(a, ROLE_BAR, "captured: %s.{%s}", base, text_str(&written));
    text_free(&written);
}

static void screenshot(struct app *a, const char *file)
{
    keep_screen(a);
    if (file[0])
        screenshot_to(a, file);
    else
        screenshot_all(a);
}

/* Writes a report of the run so far; the extension selects the format. */
static int write_report(struct app *a, const char *path, struct err *err)
{
    json_t *run = json_with_screens(app_shown(a), a->settings->command, NAN, a->settings->screens);
    int rc = run ? report_write(run, path, OUT_AT_ONCE, err)
                 : err_set(err, ERR_FAILED, "%s: no memory", path);

    json_decref(run);
    return rc;
}

static void report(struct app *a, const char *file)
{
    char base[PATH_MAX_BYTES], path[PATH_MAX_BYTES + 16];
    struct err err = {0};

    if (file[0]) {
        copy_str(path, sizeof path, file);
    } else {
        base_name(a, base, sizeof base);
        snprintf(path, sizeof path, "%s-report.html", base);
    }
    int rc = write_report(a, path, &err);
    if (!rc && !file[0]) {
        char json[PATH_MAX_BYTES + 16];

        snprintf(json, sizeof json, "%s-report.json", base);
        rc = write_json(a, json, &err);
    }
    if (rc)
        app_notice(a, ROLE_ALERT, "%s", err.msg);
    else
        app_notice(a, ROLE_BAR, "report: %s%s", file[0] ? file : base,
                   file[0] ? "" : "-report.{html,json}");
}

/* Sets the baseline: the present moment, or a saved run. */
static void baseline(struct app *a, const char *file)
{
    struct err err = {0};
    unsigned pools;

    if (!file[0]) {
        baseline_now(&a->sc.baselines, a->live);
        app_notice(a, ROLE_BAR,
                   "the last 10 s are the baseline now: differences stand beside the figures while "
                   "the load is the same");
    } else if (baseline_load(&a->sc.baselines, a->live, file, &pools, &err)) {
        app_notice(a, ROLE_ALERT, "baseline: %s", err.msg);
    } else if (!pools) {
        app_notice(a, ROLE_CAUTION, "baseline %s: it has none of these pools", file);
    } else {
        app_notice(a, ROLE_BAR,
                   "baseline %s: dotted in the plots from its start on; differences stand beside "
                   "figures of the same load",
                   file);
    }
}

static void set_theme(struct app *a, const char *name)
{
    struct theme theme;
    struct err err = {0};

    if (theme_load(&theme, name, &err)) {
        app_notice(a, ROLE_ALERT, "%s", err.msg);
        return;
    }
    a->theme = theme;
    a->sc.swatches_until = a->sc.clock + SWATCHES_S;
    app_notice(a, ROLE_BAR, "theme %s: %s", theme.name, theme.about);
}

/* Reloads the theme if its file has changed; called once a second. An invalid file is reported
 * once, and the colours are kept. */
void capture_theme_follow(struct app *a)
{
    static double looked;
    static uint64_t wrong;
    struct theme theme;
    struct err err = {0};

    if (a->sc.clock - looked < 1)
        return;
    looked = a->sc.clock;
    if (!theme_is_stale(&a->theme))
        return;
    if (!theme_load(&theme, a->theme.asked, &err)) {
        a->theme = theme;
        wrong = 0;
        app_notice(a, ROLE_BAR, "theme %s: read again from %s", theme.name, theme.path);
    } else if (theme_stamp(a->theme.asked) != wrong) {
        wrong = theme_stamp(a->theme.asked);
        app_notice(a, ROLE_ALERT, "%s", err.msg);
    }
}

void capture_command(struct app *a, const struct command *c)
{
    switch (c->verb) {
    case VERB_SCREENSHOT:
        screenshot(a, c->text);
        break;
    case VERB_REPORT:
        report(a, c->text);
        break;
    case VERB_BASELINE:
        baseline(a, c->text);
        break;
    case VERB_THEME:
        set_theme(a, c->text);
        break;
    case VERB_QUIT:
        app_quit(a);
        break;
    default:
        break;
    }
    a->dirty = true;
}
