/* The verb, and the comparison of two sides; see compare.h. */
#include "ui/report/compare.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/err.h"
#include "engine/base/quantity.h"
#include "engine/base/text.h"
#include "engine/config/scenario.h"
#include "ui/base/out_file.h"
#include "ui/base/subcommand.h"
#include "ui/json/saved_run.h"
#include "ui/page/doc.h"
#include "ui/page/html_page.h"
#include "ui/report/compare_page.h"
#include "ui/report/compare_rows.h"

static int write_file(const char *out, const struct row *row, size_t rows, const struct side *base,
                      const struct side *new, double threshold, struct err *err)
{
    const char *ending = strrchr(out, '.');
    struct text t = {0};
    struct doc d = {.t = &t};
    bool html = ending && strcmp(ending, ".html") == 0;
    if (html)
        d.format = DOC_HTML;
    else if (ending && strcmp(ending, ".md") == 0)
        d.format = DOC_MARKDOWN;
    else if (ending && strcmp(ending, ".txt") == 0)
        d.format = DOC_PLAIN;
    else
        return err_set(err, ERR_USAGE, "compare: -o %.120s: it may end in .html .md .txt", out);
    if (html)
        html_begin(&d, "loadtop: two runs compared");
    compare_write(&d, row, rows, base, new, threshold);
    if (html)
        html_end(&d);
    int code = out_file_write(out, text_str(&t), t.len, OUT_PATIENT, err);
    text_free(&t);
    return code;
}

int compare_runs(struct text *t, const struct saved_run *const *base_run, size_t bases,
                 const struct saved_run *const *new_run, size_t news,
                 const struct compare_options *o, bool *regressed, struct err *err)
{
    struct side base = {base_run, bases}, new = {new_run, news};
    struct row *row = calloc(POOLS_RUN_MAX * FIGURES, sizeof *row);
    struct doc d = {.format = DOC_PLAIN, .t = t};
    assert(bases && news && base_run[0] && new_run[0]);
    if (!row)
        abort();
    size_t rows = compare_rows(row, &base, &new, err);
    int code = rows ? 0 : ERR_USAGE;
    *regressed = false;
    for (size_t i = 0; i < rows; i++) {
        double change = row_change(&row[i], row[i].d.diff);
        *regressed = *regressed || (row_is_worse(&row[i]) && fabs(change) > o->threshold);
    }
    if (rows)
        compare_write(&d, row, rows, &base, &new, o->threshold);
    if (rows && o->out)
        code = write_file(o->out, row, rows, &base, &new, o->threshold, err);
    free(row);
    return code;
}

/* Loads the runs of a side, given as "a.json,b.json". */
static int load_side(const char *words, struct saved_run **run, size_t *n, struct err *err)
{
    while (words && *words) {
        char file[4096];
        size_t len = strcspn(words, ",");
        struct err why = {0};
        if (*n == COMPARE_SIDE_MAX)
            return err_set(err, ERR_USAGE, "compare: more than %d runs on a side",
                           COMPARE_SIDE_MAX);
        copy_part(file, sizeof file, words, len);
        run[*n] = saved_run_load(file, true, &why);
        if (!run[*n])
            return err_set(err, why.code, "compare: %s", why.msg);
        (*n)++;
        words += len + (words[len] == ',');
    }
    return *n ? 0 : err_set(err, ERR_USAGE, "compare: a side without a file");
}

/* "5%" or "0.05". */
static int read_share(const char *s, double *v, struct err *err)
{
    char text[32];
    size_t len = strlen(s);
    bool percent = len && s[len - 1] == '%';
    copy_part(text, sizeof text, s, percent ? len - 1 : len);
    if (parse_real(text, v) < 0 || !(*v >= 0) || (percent ? *v > 1000 : *v > 10))
        return err_set(err, ERR_USAGE, "compare: --threshold %.40s: a share such as 5%% or 0.05",
                       s);
    if (percent)
        *v /= 100;
    return 0;
}

int compare_words(const char *verb, int argc, char *const *argv, const char *file[2],
                  struct compare_options *o, struct err *err)
{
    struct sub_words w;
    *o = (struct compare_options){.threshold = NAN};
    if (subcommand_read(&w, verb, argc, argv, err) < 0)
        return ERR_USAGE;
    const char *share = sub_value(&w, "--threshold");
    file[0] = w.word[0];
    file[1] = w.word[1];
    o->out = sub_value(&w, "-o");
    return share ? read_share(share, &o->threshold, err) : 0;
}

int compare_verb(struct text *t, int argc, char *const *argv, bool *regressed, struct err *err)
{
    struct compare_options o;
    const char *file[2] = {NULL, NULL};
    struct saved_run *run[2][COMPARE_SIDE_MAX] = {{NULL}};
    size_t n[2] = {0, 0};
    *regressed = false;
    int code = compare_words("compare", argc, argv, file, &o, err);
    for (int i = 0; i < 2 && code == 0; i++)
        code = load_side(file[i], run[i], &n[i], err);
    if (code == 0 && n[0] && n[1])
        code = compare_runs(t, (const struct saved_run *const *)run[0], n[0],
                            (const struct saved_run *const *)run[1], n[1], &o, regressed, err);
    for (int i = 0; i < 2; i++)
        for (size_t k = 0; k < n[i]; k++)
            saved_run_free(run[i][k]);
    return code;
}
