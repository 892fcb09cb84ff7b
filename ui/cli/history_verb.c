/* The verb; see history_verb.h. */
#include "ui/cli/history_verb.h"

#include <jansson.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/base/err.h"
#include "engine/base/quantity.h"
#include "engine/base/text.h"
#include "engine/base/utf8.h"
#include "ui/base/out_file.h"
#include "ui/base/subcommand.h"
#include "ui/json/run.h"
#include "ui/json/saved_run.h"
#include "ui/page/doc.h"
#include "ui/page/figures.h"
#include "ui/report/compare.h"
#include "ui/report/plain.h"
#include "ui/report/report.h"
#include "ui/run/history.h"
#include "ui/run/history_store.h"
#include "ui/run/journal.h"

static void list_row(const struct store_row *r, void *ctx)
{
    struct doc *d = ctx;
    char started[20]; /* without fractions of a second */
    copy_str(started, sizeof started, r->started);
    doc_cell(d, "%lld", r->id);
    doc_cell(d, "%s", r->run_id);
    doc_cell(d, "%s", started);
    doc_cell(d, "%s", fig_seconds(r->elapsed_s));
    doc_cell(d, "%s/s", fig_number(r->throughput_per_s));
    doc_cell(d, "%s", fig_us(r->p99_us));
    doc_cell(d, "%s", r->valid ? "yes" : "NO");
    doc_cell(d, "%s", r->ended_by);
    doc_cell(d, "%s", r->targets);
}

static int list(struct store *s, struct text *t, struct err *err)
{
    static const char *const heads[] = {"id",  "<run",   "<started (UTC)", "lasted",   "throughput",
                                        "p99", "<valid", "<ended by",      "<targets", NULL};
    struct doc d = {.format = DOC_PLAIN, .t = t};
    doc_table(&d, heads);
    int code = s ? store_each(s, list_row, &d, err) : 0;
    bool none = !d.cells;
    doc_table_end(&d);
    if (code == 0 && none)
        text_add(t, "no run has been kept yet\n");
    return code;
}

/* A run of the history as a type; a run of other hands may be none. */
static struct saved_run *saved_run_by_id(json_t *run, const char *id, struct err *err)
{
    char what[96];
    snprintf(what, sizeof what, "history: %.60s", id);
    return saved_run_of(run, what, err);
}

static int show(struct store *s, struct text *t, int argc, char *const *argv, struct err *err)
{
    struct sub_words w;
    size_t len;
    if (subcommand_read(&w, "history show", argc, argv, err) < 0)
        return ERR_USAGE;
    const char *id = w.word[0], *out = sub_value(&w, "-o");
    json_t *run = store_get(s, id, err);
    int code = 0;
    if (!run)
        return err->code;
    const char *ending = out ? strrchr(out, '.') : NULL;
    if (ending && strcmp(ending, ".json") == 0) {
        char *json = json_text(run, &len);
        code = out_file_write(out, json, len, OUT_PATIENT, err);
        free(json);
    } else {
        struct saved_run *saved = saved_run_by_id(run, id, err);
        if (!saved)
            code = ERR_USAGE;
        else if (out)
            code = report_write_saved(saved, out, OUT_PATIENT, err);
        else
            report_plain(saved, t);
        saved_run_free(saved);
    }
    if (code == 0 && out)
        text_add_line(t, "%s", out);
    json_decref(run);
    return code;
}

/* Accepts the same words as `loadtop compare`, but with IDs instead of files. */
static int compare(struct store *s, struct text *t, int argc, char *const *argv, bool *regressed,
                   struct err *err)
{
    struct saved_run *side[2] = {NULL, NULL};
    struct compare_options o;
    const char *id[2];
    int code = compare_words("history compare", argc, argv, id, &o, err);
    for (int i = 0; i < 2 && code == 0; i++) {
        json_t *json = store_get(s, id[i], err);
        side[i] = json ? saved_run_by_id(json, id[i], err) : NULL;
        json_decref(json);
        if (!side[i])
            code = err->code;
    }
    if (code == 0)
        code = compare_runs(t, (const struct saved_run *const *)&side[0], 1,
                            (const struct saved_run *const *)&side[1], 1, &o, regressed, err);
    saved_run_free(side[0]);
    saved_run_free(side[1]);
    return code;
}

static int prune(struct store *s, struct text *t, int argc, char *const *argv, struct err *err)
{
    uint64_t keep = UINT64_MAX, older = 0;
    char before[32] = "";
    struct sub_words w;
    if (subcommand_read(&w, "history prune", argc, argv, err) < 0)
        return ERR_USAGE;
    const char *n_kept = sub_value(&w, "--keep"), *age = sub_value(&w, "--older");
    if (n_kept && parse_count(n_kept, &keep) < 0)
        return err_set(err, ERR_USAGE, "history prune: --keep %.40s: not a number of runs", n_kept);
    if (age && (parse_duration(age, &older) < 0 || !older))
        return err_set(err, ERR_USAGE, "history prune: --older %.40s: not an age such as 720h",
                       age);
    if (keep == UINT64_MAX && !older)
        return err_set(err, ERR_USAGE, "history prune: what? --keep N (runs) or --older T (720h)");
    if (older) {
        time_t at = time(NULL) - (time_t)(older / 1000000000u);
        struct tm tm;
        if (gmtime_r(&at, &tm))
            strftime(before, sizeof before, "%Y-%m-%dT%H:%M:%S", &tm);
    }
    long n = s ? store_prune(s, keep, before, err) : 0;
    if (n < 0)
        return ERR_FAILED;
    text_add(t, "%ld run%s removed\n", n, n == 1 ? "" : "s");
    return 0;
}

int history_verb(struct text *t, int argc, char *const *argv, bool *regressed, struct err *err)
{
    static const char *const verbs[] = {"list", "show", "compare", "prune", NULL};
    const char *verb = argc > 0 ? argv[0] : "list";
    struct err why = {0};
    *regressed = false;
    bool known = false;
    for (unsigned i = 0; verbs[i]; i++)
        known = known || strcmp(verb, verbs[i]) == 0;
    const char *near = known ? NULL : nearest_name(verb, verbs);
    if (!known)
        return err_set(err, ERR_USAGE, "history: '%.40s': list, show, compare or prune%s%s%s", verb,
                       near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
    struct sub_words w;
    if (strcmp(verb, "list") == 0 && argc > 1 &&
        subcommand_read(&w, "history list", argc - 1, argv + 1, err) < 0)
        return ERR_USAGE;
    struct store *s = store_open(journal_left(), false, &why);
    if (why.code)
        return err_set(err, why.code, "%s", why.msg);
    if (s)
        history_recover(s);
    int code;
    if (strcmp(verb, "list") == 0)
        code = list(s, t, err);
    else if (strcmp(verb, "prune") == 0)
        code = prune(s, t, argc - 1, argv + 1, err);
    else if (!s)
        code = err_set(err, ERR_USAGE, "history: no run has been kept yet");
    else if (strcmp(verb, "show") == 0)
        code = show(s, t, argc - 1, argv + 1, err);
    else
        code = compare(s, t, argc - 1, argv + 1, regressed, err);
    store_close(s);
    return code;
}
