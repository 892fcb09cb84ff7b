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

static int no_histograms(struct err *err)
{
    return err_set(err, ERR_FAILED, "not built in: install zlib1g-dev and build again");
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
        code = no_histograms(err);
    else
        code = err_set(err, ERR_USAGE,
                       "this run has no %s histogram: nothing completed, or it was "
                       "saved while it went on",
                       o->service ? "service" : "response");
    histogram_fini(&h);
    return code;
}

static int make_hlog(const struct saved_run *run, const struct report_options *o, struct text *t,
                     struct err *err)
{
    (void)o;
    return hlog_text(run, t, err);
}

/* The first row whose ending the name has. `page` makes all that can be made of a run; `figures` may
 * lack what it needs. Neither: the run itself. */
static const struct kind {
    const char *ending;
    void (*page)(const struct saved_run *, struct text *);
    int (*figures)(const struct saved_run *, const struct report_options *, struct text *,
                   struct err *);
    bool of_one_pool;
} kinds[] = {
    {".html", report_html, NULL, false},   {".htm", report_html, NULL, false},
    {".md", report_markdown, NULL, false}, {".txt", report_plain, NULL, false},
    {".svg", report_picture, NULL, false}, {".plateaus.csv", csv_plateaus, NULL, false},
    {".csv", csv_series, NULL, false},     {".hgrm", NULL, make_hgrm, true},
    {".hlog", NULL, make_hlog, false},     {".json", NULL, NULL, false},
};
#define KINDS (sizeof kinds / sizeof *kinds)

static const struct kind *kind_of(const char *path)
{
    for (size_t i = 0; i < KINDS; i++)
        if (ends_in(path, kinds[i].ending))
            return &kinds[i];
    return NULL;
}

static bool is_run_itself(const struct kind *k)
{
    return !k->page && !k->figures;
}

/* live: of a run that can be written as it is. */
static int unknown_kind(const char *path, bool live, struct err *err)
{
    struct text list = {0};
    for (size_t i = 0; i < KINDS; i++)
        if (live || !is_run_itself(&kinds[i]))
            text_add(&list, " %s", kinds[i].ending);
    err_set(err, ERR_USAGE, "%.120s: which kind of report? It may end in%s", path, text_str(&list));
    text_free(&list);
    return ERR_USAGE;
}

int report_check_name(const char *path, unsigned pools, struct err *err)
{
    const struct kind *k = kind_of(path);
    if (!k)
        return unknown_kind(path, true, err);
    if (k->figures && !hdr_available())
        return no_histograms(err);
    if (k->of_one_pool && pools > 1)
        return err_set(err, ERR_USAGE,
                       "%.120s: a %s is of one pool, and there are %u (loadtop report RUN.json "
                       "--pool NAME chooses)",
                       path, k->ending, pools);
    return 0;
}

int report_make(const struct saved_run *run, const char *path, const struct report_options *o,
                struct text *t, struct err *err)
{
    const struct kind *k = kind_of(path);
    t->limit = REPORT_MAX;
    if (!k || is_run_itself(k))
        return unknown_kind(path, false, err);
    if (k->figures)
        return k->figures(run, o, t, err);
    k->page(run, t);
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
    const struct kind *k = kind_of(path);
    if (k && is_run_itself(k))
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
