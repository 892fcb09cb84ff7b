/* See report.h: which format, and the verb. Called by main and by the `report` command. */
#include "ui/report/report.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/err.h"
#include "engine/base/text.h"
#include "engine/base/utf8.h"
#include "engine/stats/histogram.h"
#include "ui/base/out_file.h"
#include "ui/base/subcommand.h"
#include "ui/export/csv.h"
#include "ui/export/hgrm.h"
#include "ui/export/hlog.h"
#include "ui/json/hdr.h"
#include "ui/json/histogram.h"
#include "ui/json/run.h"
#include "ui/json/saved_run.h"
#include "ui/report/html.h"
#include "ui/report/picture.h"
#include "ui/report/plain.h"

#define REPORT_MAX ((size_t)1 << 30)

static bool ends_in(const char *path, const char *ending)
{
    size_t len = path ? strlen(path) : 0, n = strlen(ending);
    return len > n && strcasecmp(path + len - n, ending) == 0;
}

/* The pool that .hgrm is of. */
static const struct saved_pool *one_pool(const struct saved_run *run, const char *name,
                                         struct err *err)
{
    const struct saved_pool *found = NULL;
    struct text names = {.limit = 160};
    size_t n = run->pools;
    for (size_t i = 0; i < n; i++) {
        const struct saved_pool *p = &run->pool[i];
        text_add(&names, "%s%s", i ? " " : "", p->name);
        if (name ? strcmp(p->name, name) == 0 : n == 1)
            found = p;
    }
    if (!found && name)
        err_set(err, ERR_USAGE, "no pool %.40s in this run: it has %s", name, text_str(&names));
    else if (!found)
        err_set(err, ERR_USAGE, "a .hgrm is of one pool: choose with --pool (%s)",
                text_str(&names));
    text_free(&names);
    return found;
}

static int make_hgrm(const struct saved_run *run, const struct report_options *o, struct text *t,
                     struct err *err)
{
    struct histogram h = {0};
    const struct saved_pool *pool = one_pool(run, o->pool, err);
    if (!pool)
        return ERR_USAGE;
    if (histogram_init(&h))
        return err_set(err, ERR_FAILED, "out of memory");
    int code =
        json_histogram_read(&h, o->service ? pool->histograms.service : pool->histograms.response);
    if (code == 0)
        hgrm_text(&h, t);
    else if (!hdr_available())
        code = err_set(err, ERR_FAILED, "not built in: install zlib1g-dev and build again");
    else
        code = err_set(err, ERR_USAGE,
                       "this run has no %s histogram: nothing completed, or it was "
                       "saved while it went on",
                       o->service ? "service" : "response");
    histogram_fini(&h);
    return code;
}

static int unknown_kind(const char *path, struct err *err)
{
    return err_set(err, ERR_USAGE,
                   "%.120s: which kind of report? It may end in .html .md .txt .svg .csv "
                   ".plateaus.csv .hgrm .hlog",
                   path);
}

int report_check_name(const char *path, struct err *err)
{
    static const char *const endings[] = {".html", ".htm",  ".md",   ".txt", ".svg",
                                          ".csv",  ".hgrm", ".hlog", ".json"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (ends_in(path, endings[i]))
            return 0;
    return unknown_kind(path, err);
}

int report_make(const struct saved_run *run, const char *path, const struct report_options *o,
                struct text *t, struct err *err)
{
    t->limit = REPORT_MAX;
    if (ends_in(path, ".html") || ends_in(path, ".htm"))
        report_html(run, t);
    else if (ends_in(path, ".md"))
        report_markdown(run, t);
    else if (ends_in(path, ".txt"))
        report_plain(run, t);
    else if (ends_in(path, ".svg"))
        report_picture(run, t);
    else if (ends_in(path, ".plateaus.csv"))
        csv_plateaus(run, t);
    else if (ends_in(path, ".csv"))
        csv_series(run, t);
    else if (ends_in(path, ".hgrm"))
        return make_hgrm(run, o, t, err);
    else if (ends_in(path, ".hlog"))
        return hlog_text(run, t, err);
    else
        return unknown_kind(path, err);
    return 0;
}

static int write_with(const struct saved_run *run, const char *path, const struct report_options *o,
                      enum out_wait wait, struct err *err)
{
    struct text t = {0};
    int code = report_make(run, path, o, &t, err);
    if (code == 0)
        code = out_file_write(path, text_str(&t), t.len, wait, err);
    text_free(&t);
    return code;
}

static int write_json(const json_t *run, const char *path, enum out_wait wait, struct err *err)
{
    size_t len;
    char *text = json_text(run, &len);
    int code = text ? out_file_write(path, text, len, wait, err)
                    : err_set(err, ERR_FAILED, "%s: no memory", path);
    free(text);
    return code;
}

int report_write_saved(const struct saved_run *run, const char *path, enum out_wait wait,
                       struct err *err)
{
    const struct report_options none = {0};
    return write_with(run, path, &none, wait, err);
}

int report_write(json_t *json, const char *path, enum out_wait wait, struct err *err)
{
    if (ends_in(path, ".json"))
        return write_json(json, path, wait, err);
    struct saved_run *run = saved_run_read(json, err);
    int code = run ? report_write_saved(run, path, wait, err) : ERR_USAGE;
    saved_run_free(run);
    return code;
}

int report_verb(struct text *t, int argc, char *const *argv, struct err *err)
{
    struct sub_words w;
    struct err why = {0};
    if (subcommand_read(&w, "report", argc, argv, err) < 0)
        return ERR_USAGE;
    const char *out = sub_value(&w, "-o");
    struct report_options o = {.pool = sub_value(&w, "--pool"),
                               .service = sub_value(&w, "--service") != NULL};
    struct saved_run *run = saved_run_load(w.word[0], true, &why);
    int code = run ? 0 : why.code;
    if (run)
        code = write_with(run, out, &o, OUT_PATIENT, &why);
    if (why.code)
        err_set(err, why.code, "report: %s", why.msg);
    if (code == 0)
        text_add_line(t, "%s", out);
    saved_run_free(run);
    return code;
}
