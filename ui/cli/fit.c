/* See fit.h. Points of equal N are shown as one line with their mean, but the fit uses each of
 * them.
 *
 * Unknown results are explained instead of drawn: an N* that was not identified has its reason, and
 * a curve that does not fit is not drawn. Called by main. */
#include "ui/cli/fit.h"

#include <assert.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/err.h"
#include "engine/base/text.h"
#include "engine/base/utf8.h"
#include "engine/os/plain_file.h"
#include "engine/stats/usl.h"
#include "engine/stats/usl_csv.h"
#include "ui/base/subcommand.h"
#include "ui/draw/plot.h"
#include "ui/json/part.h"
#include "ui/json/run.h"
#include "ui/json/scaling.h"
#include "ui/page/fit_words.h"
#include "ui/term/cells.h"
#include "ui/term/glyphs.h"

#define FILE_MAX ((size_t)1 << 30)
#define ROWS_MOST 60
#define PLOT_ROWS 16
#define PLOT_COLS 78
#define EFFICIENCY_NEAR 1e-9

/* ---- points ---- */

static int by_n(const void *a, const void *b)
{
    const struct usl_point *x = a, *y = b;
    return x->n < y->n ? -1 : x->n > y->n;
}

/* Merges points of equal N: x is their mean, weight their number. `out` has room for n. */
static size_t group(const struct usl_point *point, size_t n, struct usl_point *out)
{
    size_t groups = 0;
    memcpy(out, point, n * sizeof *out);
    qsort(out, n, sizeof *out, by_n);
    for (size_t i = 0; i < n;) {
        double at = out[i].n, sum = 0, count = 0;
        for (; i < n && out[i].n <= at; i++, count++)
            sum += out[i].x;
        out[groups++] = (struct usl_point){at, sum / count, count};
    }
    return groups;
}

/* Throughput at N = 1: measured, or else fitted. */
static double alone(const struct usl_fit *f, const struct usl_point *g, bool *measured)
{
    *measured = fabs(g[0].n - 1) <= EFFICIENCY_NEAR;
    return *measured ? g[0].x : f->lambda;
}

static void add_table(struct text *t, const struct usl_fit *f, const struct usl_point *g,
                      size_t groups, size_t points)
{
    bool measured, many = points > groups;
    double one = alone(f, g, &measured);
    bool efficiency = measured || f->fits;
    char n[32], x[32], fit[32];
    text_add(t, "\n  %10s %13s %13s %8s %11s%s\n", "N", many ? "mean" : "throughput", "fitted",
             "off", "efficiency", many ? "   points" : "");
    for (size_t i = 0; i < groups; i++) {
        if (groups > ROWS_MOST && i == ROWS_MOST - 1) {
            text_add(t, "  %10s and %zu more\n", "...", groups - i - 1);
            i = groups - 1;
        }
        double at = usl_at(f, g[i].n);
        text_add(t, "  %10s %13s", fit_figure(n, sizeof n, g[i].n),
                 fit_figure(x, sizeof x, g[i].x));
        if (f->fits)
            text_add(t, " %13s %+7.1f%%", fit_figure(fit, sizeof fit, at), 100 * (g[i].x / at - 1));
        else
            text_add(t, " %13s %8s", "-", "-");
        if (efficiency)
            text_add(t, " %10.1f%%", 100 * g[i].x / (g[i].n * one));
        else
            text_add(t, " %11s", "-");
        if (many)
            text_add(t, " %8.0f", g[i].weight);
        text_add(t, "\n");
    }
    if (!efficiency)
        return;
    text_add(t, "  efficiency: throughput / (N x %s%s)\n", fit_figure(n, sizeof n, one),
             measured ? ", the throughput at N = 1" : ", lambda: N = 1 was not measured");
}

/* ---- plot ---- */

static double *columns_of(const struct usl_fit *f, int columns, double n_most, bool ideal)
{
    double *v = malloc((size_t)columns * sizeof *v);
    for (int i = 0; v && i < columns; i++) {
        double n = n_most * (i + 0.5) / columns;
        v[i] = ideal ? f->lambda * n : usl_at(f, n);
    }
    return v;
}

static void put_points(struct cells *c, const struct plot *p, const struct usl_point *point,
                       size_t n, double n_most)
{
    for (size_t i = 0; i < n; i++) {
        double y = axis_place(p->axis, point[i].x);
        int x = p->area.x + (int)(point[i].n / n_most * p->area.w);
        int row = p->area.y + p->area.h - 1 - (int)floor(y * (p->area.h - 1) + 0.5);
        if (x >= p->area.x + p->area.w)
            x = p->area.x + p->area.w - 1;
        cells_put(c, x, row, 'O', ROLE_TEXT);
    }
}

void fit_plot(struct text *t, const struct usl_fit *f, const struct usl_point *point, size_t n,
              int cols)
{
    struct cells c = {.glyphs = glyphs_find(locale_is_utf8() ? "braille" : "ascii")};
    struct plot p = {.cursor = -1, .left = "0"};
    struct axis axis = {.less_since = -1};
    char right[40], n_most[32];
    double most = 0;
    cells_resize(&c, PLOT_ROWS + 1, cols);
    for (size_t i = 0; i < n; i++)
        most = fmax(most, point[i].x);
    axis_follow(&axis, 0, f->fits ? fmax(most, usl_at(f, f->n_most)) : most, 0);
    p.axis = &axis;
    snprintf(right, sizeof right, "N %s", fit_figure(n_most, sizeof n_most, f->n_most));
    p.right = right;
    if (plot_begin(&p, &c, rect_of(2, 0, cols - 2, PLOT_ROWS + 1))) {
        double *fitted = columns_of(f, p.columns, f->n_most, false);
        double *ideal = columns_of(f, p.columns, f->n_most, true);
        for (int i = 0; ideal && i < p.columns; i++)
            if (ideal[i] > axis.hi)
                ideal[i] = NAN;
        struct plot_series series[] = {{ideal, PLOT_DOTTED, ROLE_IDEAL},
                                       {fitted, PLOT_LINE, ROLE_FIT}};
        p.series = series;
        p.series_count = f->fits && fitted && ideal ? 2 : 0;
        plot_draw(&c, &p);
        put_points(&c, &p, point, n, f->n_most);
        free(fitted);
        free(ideal);
        text_add(t, "\n");
        cells_to_text(&c, t);
        text_add(t, "  O measured%s\n",
                 p.series_count ? ", line: fitted, dots: ideal (lambda N)" : "; no curve fits");
    }
    cells_free(&c);
}

/* ---- the verb ---- */

static int read_all(const char *file, struct text *t, struct err *err)
{
    char buf[65536], what[128];
    ssize_t got = 0;
    struct err why = {0};
    snprintf(what, sizeof what, "fit: %.100s", file);
    int fd = strcmp(file, "-") == 0 ? STDIN_FILENO : plain_file_open(file, true, what, &why);
    if (fd < 0)
        return err_set(err, ERR_FAILED, "%s", why.msg);
    t->limit = FILE_MAX;
    while (!t->cut && (got = plain_file_next(fd, buf, sizeof buf, UINT64_MAX)) > 0)
        text_put(t, buf, (size_t)got);
    int bad = got < 0 ? errno : 0;
    if (fd != STDIN_FILENO)
        close(fd);
    if (bad)
        return err_set(err, ERR_FAILED, "%s: %s", what, strerror(bad));
    return t->cut ? err_set(err, ERR_FAILED, "fit: %s: larger than 1 GiB", file) : 0;
}

/* The header's names of N and of throughput. */
struct heads {
    struct usl_column n, x;
};

/* Says which columns were taken: another choice would be another curve. */
static void add_columns(struct text *t, const struct heads *h)
{
    if (!h->n.name[0] && !h->x.name[0]) {
        text_add_line(t, "columns: N is the first, throughput the second (no header)");
        return;
    }
    static const char unknown[] = " (not a name that is known)";
    char scaled[48] = "";
    if (h->x.factor > 1)
        snprintf(scaled, sizeof scaled, ", times %.0f", h->x.factor);
    else if (h->x.factor < 1)
        snprintf(scaled, sizeof scaled, ", divided by %.0f", 1 / h->x.factor);
    text_add_line(t, "columns: N is '%s'%s, throughput is '%s'%s%s", h->n.name,
                  h->n.known ? "" : unknown, h->x.name, h->x.known ? "" : unknown, scaled);
}

static void add_all(struct text *t, const char *file, const struct heads *h,
                    const struct usl_fit *f, const struct usl_point *point, size_t n, double next_n)
{
    assert(point && n);
    struct usl_point *g = calloc(n, sizeof *g);
    char low[32], high[32];
    if (!g)
        abort();
    size_t groups = group(point, n, g);
    text_add_line(t, "%s: %zu points, N %s to %s", strcmp(file, "-") ? file : "stdin", n,
                  fit_figure(low, sizeof low, g[0].n), fit_figure(high, sizeof high, f->n_most));
    add_columns(t, h);
    text_add(t, "\n  X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1))\n\n");
    fit_words(t, f, next_n, "");
    add_table(t, f, g, groups, n);
    fit_plot(t, f, g, groups, PLOT_COLS);
    free(g);
}

static void add_json(struct text *t, const struct heads *h, const struct usl_fit *f, double next_n)
{
    size_t len;
    json_t *o = json_fit("n", f, next_n, "");
    json_put(o, "n_column", json_words_or_null(h->n.name));
    json_put(o, "x_column", json_words_or_null(h->x.name));
    json_put(o, "n_column_known", h->n.name[0] ? json_boolean(h->n.known) : json_null());
    json_put(o, "x_column_known", h->x.name[0] ? json_boolean(h->x.known) : json_null());
    json_put(o, "x_column_factor", json_real(h->x.factor));
    char *s = json_text(o, &len);
    text_put(t, s, len);
    free(s);
    json_decref(o);
}

static int fit_file(struct text *t, const char *file, bool json, struct err *err)
{
    struct text in = {0};
    struct usl_fit f;
    struct err why = {0};
    size_t n = 0;
    struct usl_point *point = NULL;
    int code = read_all(file, &in, err);
    if (code == 0 && !(point = usl_read_csv(text_str(&in), in.len, &n, &why)))
        code = err_set(err, why.code, "fit: %s: %s", file, why.msg);
    if (code == 0 && usl_fit(&f, point, n, &why) < 0)
        code = err_set(err, why.code, "%s: %s", file, why.msg);
    if (code == 0 && point) {
        double next_n = usl_next(&f, point, n);
        struct heads h;
        usl_csv_columns(text_str(&in), in.len, &h.n, &h.x);
        if (json)
            add_json(t, &h, &f, next_n);
        else
            add_all(t, file, &h, &f, point, n, next_n);
    }
    free(point);
    text_free(&in);
    return code;
}

int fit_verb(struct text *t, int argc, char *const *argv, struct err *err)
{
    struct sub_words w;
    if (subcommand_read(&w, "fit", argc, argv, err) < 0)
        return ERR_USAGE;
    return fit_file(t, w.word[0], sub_value(&w, "--json") != NULL, err);
}
