/* See compare.h.
 *
 * Compared are, pool by pool (by name): throughput, and of each second the p50 and p99 of service
 * time, the p99 of response time, and the share that failed. Latencies are compared as logarithms:
 * what is told is by which factor the typical second's percentile changed, not an average of
 * percentiles. With three runs or more on both sides (several files, or one made by --repeat) each
 * run is one value, because runs differ by more than seconds do; else the seconds are the values.
 * The first second and a last one that is short are left out, and so are pauses. Called by main. */
#include "ui/compare.h"

#include <assert.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/differ.h"
#include "engine/err.h"
#include "engine/text.h"
#include "ui/export/file.h"
#include "ui/export/json.h"
#include "ui/export/json_read.h"
#include "ui/report/doc.h"
#include "ui/report/parts.h"

#define RUNS_LEAST 3
#define POOLS_MOST 64
#define SECOND_LEAST_S 0.9

enum figure {
    FIGURE_THROUGHPUT,
    FIGURE_P50,
    FIGURE_P99,
    FIGURE_RESPONSE_P99,
    FIGURE_FAILED,
    FIGURES
};
static const struct figure_spec {
    const char *name, *second, *run; /* names in a second of the series and in `repeats` */
    bool log, more_is_better, latency;
} figure_table[FIGURES] = {
    [FIGURE_THROUGHPUT] = {"throughput", NULL, "throughput_per_s", false, true, false},
    [FIGURE_P50] = {"p50 of a second", "p50_us", "p50_us", true, false, true},
    [FIGURE_P99] = {"p99 of a second", "p99_us", "p99_us", true, false, true},
    [FIGURE_RESPONSE_P99] = {"response p99", "response_p99_us", "response_p99_us", true, false,
                             true},
    [FIGURE_FAILED] = {"failed, share", NULL, NULL, false, false, false},
};

struct side {
    const json_t *const *run;
    size_t runs;
};

struct row {
    const char *pool;
    enum figure figure;
    struct sample base, new;
    struct difference d;
    bool by_runs, worse;
};

/* ---- values ---- */

static double value_of(enum figure f, const json_t *second)
{
    double span = json_num(second, "span_s"), done = json_num(second, "completed");
    double failed =
        json_num(second, "errors") + json_num(second, "timeouts") + json_num(second, "dropped");
    if (f == FIGURE_THROUGHPUT)
        return done / span;
    if (f == FIGURE_FAILED)
        return done + failed > 0 ? failed / (done + failed) : NAN;
    double v = json_num(second, figure_table[f].second);
    return v > 0 ? log(v) : NAN;
}

static const json_t *find_pool(const json_t *run, const char *list, const char *name)
{
    for (size_t i = 0; i < json_count(run, list); i++)
        if (strcmp(json_txt(json_nth(run, list, i), "name"), name) == 0)
            return json_nth(run, list, i);
    return NULL;
}

/* The seconds of a pool that count, appended to v. */
static size_t add_seconds(enum figure f, const json_t *pool, double *v, size_t n)
{
    for (size_t i = 1; i < json_count(pool, "series"); i++) {
        const json_t *s = json_nth(pool, "series", i);
        if (!json_yes(s, "paused") && json_num(s, "span_s") >= SECOND_LEAST_S)
            v[n++] = value_of(f, s);
    }
    return n;
}

/* One value for each run of the side: of a file its mean over the seconds, of one made by --repeat
 * each of its runs. */
static size_t run_values(enum figure f, const struct side *s, const char *pool, double *v,
                         size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < s->runs; i++) {
        const json_t *run = s->run[i];
        if (json_count(run, "repeats") && figure_table[f].run) {
            for (size_t k = 0; k < json_count(run, "repeats") && n < max; k++) {
                const json_t *p = find_pool(json_nth(run, "repeats", k), "pools", pool);
                double x = json_num(p, figure_table[f].run);
                if (isfinite(x))
                    v[n++] = figure_table[f].log ? log(x) : x;
            }
            continue;
        }
        const json_t *p = find_pool(run, "pools", pool);
        double *seconds = malloc((json_count(p, "series") + 1) * sizeof *seconds);
        struct sample one;
        if (!seconds)
            abort();
        sample_of_series(&one, seconds, add_seconds(f, p, seconds, 0));
        free(seconds);
        if (isfinite(one.mean) && n < max)
            v[n++] = one.mean;
    }
    return n;
}

static void second_values(enum figure f, const struct side *s, const char *pool, struct sample *out)
{
    size_t room = 1, n = 0;
    for (size_t i = 0; i < s->runs; i++)
        room += json_count(find_pool(s->run[i], "pools", pool), "series");
    double *v = malloc(room * sizeof *v);
    if (!v)
        abort();
    for (size_t i = 0; i < s->runs; i++)
        n = add_seconds(f, find_pool(s->run[i], "pools", pool), v, n);
    sample_of_series(out, v, n);
    free(v);
}

static void fill_row(struct row *r, const struct side *base, const struct side *new)
{
    double a[1024], b[1024];
    size_t n = run_values(r->figure, base, r->pool, a, 1024);
    size_t m = run_values(r->figure, new, r->pool, b, 1024);
    r->by_runs = n >= RUNS_LEAST && m >= RUNS_LEAST;
    if (r->by_runs) {
        sample_of_runs(&r->base, a, n);
        sample_of_runs(&r->new, b, m);
    } else {
        second_values(r->figure, base, r->pool, &r->base);
        second_values(r->figure, new, r->pool, &r->new);
    }
    differ(&r->d, &r->base, &r->new);
}

/* ---- words ---- */

/* A change as a share of the base: of logarithms the factor less 1. */
static double change_of(const struct row *r, double diff)
{
    if (figure_table[r->figure].log)
        return expm1(diff);
    return r->figure == FIGURE_FAILED ? diff : diff / r->base.mean;
}

static const char *shown(const struct row *r, double mean)
{
    if (r->figure == FIGURE_FAILED)
        return fig_share(mean);
    return figure_table[r->figure].latency ? fig_us(exp(mean)) : fig_number(mean);
}

static const char *verdict_of(const struct row *r)
{
    if (isnan(r->d.p))
        return "too few seconds to tell";
    if (!r->d.real)
        return "within noise";
    return (r->d.diff > 0) == figure_table[r->figure].more_is_better ? "BETTER" : "WORSE";
}

static void add_row(struct doc *d, const struct row *r)
{
    const char *unit = r->figure == FIGURE_FAILED ? " points" : " %";
    doc_cell(d, "%s", r->pool);
    doc_cell(d, "%s", figure_table[r->figure].name);
    doc_cell(d, "%s", shown(r, r->base.mean));
    doc_cell(d, "%s", shown(r, r->new.mean));
    if (isfinite(change_of(r, r->d.diff)))
        doc_cell(d, "%+.2f%s", 100 * change_of(r, r->d.diff), unit);
    else
        doc_cell(d, "-");
    if (isfinite(change_of(r, r->d.low)) && isfinite(change_of(r, r->d.high)))
        doc_cell(d, "%+.2f to %+.2f%s", 100 * change_of(r, r->d.low), 100 * change_of(r, r->d.high),
                 unit);
    else
        doc_cell(d, "-");
    doc_cell(d, "%s", verdict_of(r));
}

/* What makes two runs hard to compare. */
static void warn_of(struct doc *d, const json_t *base, const json_t *new, const char *pool)
{
    static const char *const same[] = {"backend",     "target",      "server", "threads",
                                       "clients",     "pattern",     "depth",  "rate_per_s",
                                       "connections", "options/ops", NULL};
    const json_t *a = find_pool(base, "pools", pool), *b = find_pool(new, "pools", pool);
    for (unsigned i = 0; same[i]; i++) {
        const json_t *x = json_at(a, same[i]), *y = json_at(b, same[i]);
        if (x && y && !json_equal(x, y)) {
            char *was = json_dumps(x, JSON_ENCODE_ANY), *is = json_dumps(y, JSON_ENCODE_ANY);
            doc_finding(d, TONE_WARN, "differs", "%s: %s was %s, is %s", pool, same[i],
                        was ? was : "?", is ? is : "?");
            free(was);
            free(is);
        }
    }
}

static void warn_of_run(struct doc *d, const json_t *run, const char *which)
{
    if (!json_yes(run, "validity/ok"))
        doc_finding(d, TONE_BAD, "NOT VALID", "%s: its own checks did not all hold", which);
    for (size_t i = 0; i < json_count(run, "pools"); i++) {
        const json_t *p = json_nth(run, "pools", i);
        double first = json_num(p, "series/0/threads") * json_num(p, "series/0/clients");
        for (size_t k = 1; k < json_count(p, "series"); k++) {
            const json_t *s = json_nth(p, "series", k);
            double load = json_num(s, "threads") * json_num(s, "clients");
            if (load > 0 && first > 0 && fabs(load - first) > 0.5 &&
                k + 1 < json_count(p, "series")) {
                doc_finding(d, TONE_WARN, "resized",
                            "%s: %s was resized while it ran: its seconds "
                            "are of different loads",
                            which, json_txt(p, "name"));
                break;
            }
        }
    }
}

static void write_doc(struct doc *d, const struct row *row, size_t rows, const struct side *base,
                      const struct side *new)
{
    static const char *const heads[] = {
        "<pool", "<figure", "base", "new", "change", "95 % interval", "<more than noise?", NULL};
    doc_heading(d, 1, "Compared: %s with %s", json_txt(base->run[0], "started"),
                json_txt(new->run[0], "started"));
    doc_findings_begin(d);
    for (size_t i = 0; i < base->runs; i++)
        warn_of_run(d, base->run[i], "base");
    for (size_t i = 0; i < new->runs; i++)
        warn_of_run(d, new->run[i], "new");
    for (size_t i = 0; i < rows; i += FIGURES)
        warn_of(d, base->run[0], new->run[0], row[i].pool);
    doc_findings_end(d);
    doc_table(d, heads);
    for (size_t i = 0; i < rows; i++)
        add_row(d, &row[i]);
    doc_table_end(d);
    doc_para(d, "%s",
             row[0].by_runs
                 ? "Each run is one value; compared by Welch's test, all figures together "
                   "by Holm's procedure at 5 %."
                 : "Batch means of the seconds, fewer where they are correlated; compared "
                   "by Welch's test, all figures together by Holm's procedure at 5 %. Runs "
                   "differ by more than seconds do: with three runs a side (--repeat) the "
                   "verdict is of runs.");
}

/* ---- the verb ---- */

static size_t make_rows(struct row *row, const struct side *base, const struct side *new,
                        struct err *err)
{
    struct difference *list[POOLS_MOST * FIGURES] = {NULL};
    size_t n = 0, pools = json_count(base->run[0], "pools");
    for (size_t i = 0; i < pools && i < POOLS_MOST; i++) {
        const char *name = json_txt(json_nth(base->run[0], "pools", i), "name");
        if (!find_pool(new->run[0], "pools", name))
            continue;
        for (int f = 0; f < FIGURES; f++) {
            row[n] = (struct row){.pool = name, .figure = (enum figure)f};
            fill_row(&row[n], base, new);
            list[n] = &row[n].d;
            n++;
        }
    }
    if (!n)
        err_set(err, ERR_USAGE, "compare: the runs have no pool of the same name");
    differ_holm(list, n);
    return n;
}

static int write_file(const char *out, const struct row *row, size_t rows, const struct side *base,
                      const struct side *new, struct err *err)
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
    write_doc(&d, row, rows, base, new);
    if (html)
        html_end(&d);
    int code = out_file_write(out, text_str(&t), t.len, err);
    text_free(&t);
    return code;
}

int compare_runs(struct text *t, const json_t *const *base_run, size_t bases,
                 const json_t *const *new_run, size_t news, const struct compare_options *o,
                 bool *regressed, struct err *err)
{
    struct side base = {base_run, bases}, new = {new_run, news};
    struct row *row = calloc(POOLS_MOST * FIGURES, sizeof *row);
    struct doc d = {.format = DOC_PLAIN, .t = t};
    assert(bases && news && base_run[0] && new_run[0]);
    if (!row)
        abort();
    size_t rows = make_rows(row, &base, &new, err);
    int code = rows ? 0 : ERR_USAGE;
    *regressed = false;
    for (size_t i = 0; i < rows; i++) {
        double change = change_of(&row[i], row[i].d.diff);
        bool worse = row[i].d.real && (change > 0) != figure_table[row[i].figure].more_is_better;
        *regressed = *regressed || (worse && fabs(change) > o->threshold);
    }
    if (rows)
        write_doc(&d, row, rows, &base, &new);
    if (rows && o->out)
        code = write_file(o->out, row, rows, &base, &new, err);
    free(row);
    return code;
}

/* "a.json,b.json" into runs. */
static int load_side(const char *words, json_t **run, size_t *n, struct err *err)
{
    while (words && *words) {
        char file[4096];
        size_t len = strcspn(words, ",");
        struct err why = {0};
        if (*n == COMPARE_SIDE_MAX)
            return err_set(err, ERR_USAGE, "compare: more than %d runs on a side",
                           COMPARE_SIDE_MAX);
        copy_part(file, sizeof file, words, len);
        run[*n] = json_load_run(file, &why);
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

int compare_words(int argc, char *const *argv, const char *file[2], struct compare_options *o,
                  struct err *err)
{
    int files = 0;
    *o = (struct compare_options){.threshold = NAN};
    for (int i = 0; i < argc; i++) {
        bool share = strcmp(argv[i], "--threshold") == 0, out = strcmp(argv[i], "-o") == 0;
        if ((share || out) && i + 1 >= argc)
            return err_set(err, ERR_USAGE, "compare: %s needs a value", argv[i]);
        if (out)
            o->out = argv[++i];
        else if (share || strncmp(argv[i], "--threshold=", 12) == 0) {
            if (read_share(share ? argv[++i] : argv[i] + 12, &o->threshold, err) < 0)
                return ERR_USAGE;
        } else if (argv[i][0] == '-')
            return err_set(err, ERR_USAGE,
                           "compare: unknown option %.60s, allowed: --threshold SHARE, -o FILE",
                           argv[i]);
        else if (files == 2)
            return err_set(err, ERR_USAGE,
                           "compare: two sides (several runs of one are joined by commas), not "
                           "'%.60s' as well",
                           argv[i]);
        else
            file[files++] = argv[i];
    }
    return files == 2 ? 0
                      : err_set(err, ERR_USAGE,
                                "compare needs two runs: loadtop compare BASE.json NEW.json");
}

int compare_verb(struct text *t, int argc, char *const *argv, bool *regressed, struct err *err)
{
    struct compare_options o;
    const char *file[2] = {NULL, NULL};
    json_t *run[2][COMPARE_SIDE_MAX] = {{NULL}};
    size_t n[2] = {0, 0};
    *regressed = false;
    int code = compare_words(argc, argv, file, &o, err);
    for (int i = 0; i < 2 && code == 0; i++)
        code = load_side(file[i], run[i], &n[i], err);
    if (code == 0 && n[0] && n[1])
        code = compare_runs(t, (const json_t *const *)run[0], n[0], (const json_t *const *)run[1],
                            n[1], &o, regressed, err);
    for (int i = 0; i < 2; i++)
        for (size_t k = 0; k < n[i]; k++)
            json_decref(run[i][k]);
    return code;
}
