/* See fit.h. Points of equal N are shown as one line with their mean; the fit has used each.
 *
 * Whatever is not known is said, never drawn: an N* that was not identified comes with its reason,
 * and a curve that does not fit is not drawn at all. Called by main. */
#include "ui/fit.h"

#include <assert.h>
#include <errno.h>
#include <langinfo.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/err.h"
#include "engine/os/plain_file.h"
#include "engine/base/text.h"
#include "engine/base/utf8.h"
#include "engine/stats/usl.h"
#include "ui/cells.h"
#include "ui/export/json.h"
#include "ui/export/json_part.h"
#include "ui/export/json_scaling.h"
#include "ui/glyphs.h"
#include "ui/plot.h"
#include "engine/stats/usl_csv.h"

#define FILE_MAX ((size_t)1 << 30)
#define ROWS_MOST 60
#define PLOT_ROWS 16
#define PLOT_COLS 78
#define EFFICIENCY_NEAR 1e-9

/* ---- words ---- */

/* Five significant digits without an exponent where that reads well. */
static const char *figure(char *buf, size_t size, double v)
{
    if (!isfinite(v))
        return "-";
    double a = fabs(v);
    if (a >= 1e5 && a < 1e15)
        snprintf(buf, size, "%.0f", v);
    else
        snprintf(buf, size, "%.5g", v);
    return buf;
}

static void add_parameter(struct text *t, const char *name, double v, double se, const char *what)
{
    char value[32], error[48] = "";
    if (isfinite(se))
        snprintf(error, sizeof error, "+- %.3g", se);
    else
        snprintf(error, sizeof error, "%s", v > 0 ? "" : "(at its bound)");
    text_add(t, "  %-10s %-12s %-14s %s\n", name, figure(value, sizeof value, v), error, what);
}

struct fit_borders fit_borders(const struct usl_fit *f)
{
    struct fit_borders b = {NAN, NAN, NAN};
    double lo = 1, hi = f->kappa > 0 ? f->peak_n : f->sigma > 0 ? 20 / f->sigma : NAN;
    b.diminishing = f->knee_n;
    if (f->kappa > 0)
        b.retrograde = 1.05 * f->peak_n;
    if (!isfinite(hi) || usl_phase_at(f, hi) < PHASE_SATURATED)
        return b;
    for (int i = 0; i < 80; i++) {
        double mid = (lo + hi) / 2;
        if (usl_phase_at(f, mid) >= PHASE_SATURATED)
            hi = mid;
        else
            lo = mid;
    }
    b.saturated = hi;
    if (b.diminishing > b.saturated)
        b.diminishing = NAN; /* it goes from linear to saturated */
    return b;
}

static void add_peak(struct text *t, const struct usl_fit *f, const char *unit)
{
    char n[32], low[32], high[32], x[32];
    if (!f->peak_identified) {
        text_add(t, "  peak       not identified: %s\n", f->why_not);
        return;
    }
    text_add(t, "  peak       N* %s (95 %%: %s to %s), throughput there %s%s\n",
             figure(n, sizeof n, f->peak_n), figure(low, sizeof low, f->peak_n_low),
             figure(high, sizeof high, f->peak_n_high), figure(x, sizeof x, f->peak_x), unit);
}

static void add_border(struct text *t, const char *phase, double from, double n_most)
{
    char n[32];
    if (!isfinite(from))
        return;
    text_add(t, ", %s from N %s%s", phase, figure(n, sizeof n, from),
             from > n_most ? " (beyond what was measured)" : "");
}

static void add_phases(struct text *t, const struct usl_fit *f)
{
    struct fit_borders b = fit_borders(f);
    char n[32];
    text_add(t, "  phases     linear");
    add_border(t, "diminishing", b.diminishing, f->n_most);
    add_border(t, "saturated", b.saturated, f->n_most);
    if (f->peak_identified)
        add_border(t, "retrograde", b.retrograde, f->n_most);
    text_add(t, "\n             at the largest N measured (%s) it is %s\n",
             figure(n, sizeof n, f->n_most), usl_phase_name(f->phase));
    if (isfinite(f->knee_n))
        text_add(t, "  knee       N %s: from there on efficiency is below 90 %%%s\n",
                 figure(n, sizeof n, f->knee_n),
                 f->knee_n > f->n_most ? " (beyond what was measured)" : "");
    else
        text_add(t, "  knee       none: efficiency never falls below 90 %%\n");
}

static void add_model(struct text *t, const struct usl_fit *f)
{
    static const char *const says[] = {
        [USL_LINEAR] = "a straight line explains the points as well as a curve does",
        [USL_AMDAHL] = "Amdahl's law (contention without coherency, so no peak) is enough",
        [USL_FULL] = "the full law: contention and coherency"};
    text_add(t, "  model      %s", says[f->best]);
    if (isfinite(f->aicc[USL_FULL]))
        text_add(t, "\n             AICc: linear %.1f, Amdahl %.1f, USL %.1f; the least is chosen",
                 f->aicc[USL_LINEAR], f->aicc[USL_AMDAHL], f->aicc[USL_FULL]);
    else
        text_add(t, "\n             too few points for AICc: "
                    "chosen by which parameters' 95 %% intervals exclude 0");
    if (f->best != USL_FULL && f->peak_identified)
        text_add(t, "\n             but kappa's own interval excludes 0, so a peak is likely: "
                    "more points would settle it");
    text_add(t, "\n");
}

void fit_words(struct text *t, const struct usl_fit *f, double next_n, const char *unit)
{
    char n[32];
    if (!f->fits)
        text_add(t, "  NO FIT     %s: the parameters below describe no curve\n",
                 f->why_not[0] ? f->why_not : "the residuals are no noise about it");
    add_parameter(t, "lambda", f->lambda, f->se_lambda, "throughput of one alone");
    add_parameter(t, "sigma", f->sigma, f->se_sigma, "contention: the share that waits its turn");
    add_parameter(t, "kappa", f->kappa, f->se_kappa, "coherency: what makes the curve turn");
    text_add(t, "  fit        r2 %.5f; the worst point is %.1f %% of the highest off", f->r2,
             100 * f->worst_residual);
    text_add(t, "%s\n",
             isnan(f->se_lambda) ? "; too few points for errors" : "; +- standard error");
    if (f->fits) {
        add_peak(t, f, unit);
        add_phases(t, f);
        add_model(t, f);
    }
    if (isfinite(next_n))
        text_add(t, "  next       N %s would teach most\n", figure(n, sizeof n, next_n));
}

/* ---- points ---- */

static int by_n(const void *a, const void *b)
{
    const struct usl_point *x = a, *y = b;
    return x->n < y->n ? -1 : x->n > y->n;
}

/* Points of equal N made one: x their mean, weight how many. `out` has room for n. */
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

/* What one alone does: as measured if it was, else as fitted. */
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
    char n[32], x[32], fit[32];
    text_add(t, "\n  %10s %13s %13s %8s %11s%s\n", "N", many ? "mean" : "throughput", "fitted",
             "off", "efficiency", many ? "   points" : "");
    for (size_t i = 0; i < groups; i++) {
        if (groups > ROWS_MOST && i == ROWS_MOST - 1) {
            text_add(t, "  %10s and %zu more\n", "...", groups - i - 1);
            i = groups - 1;
        }
        double at = usl_at(f, g[i].n);
        text_add(t, "  %10s %13s %13s %+7.1f%% %10.1f%%", figure(n, sizeof n, g[i].n),
                 figure(x, sizeof x, g[i].x), figure(fit, sizeof fit, at), 100 * (g[i].x / at - 1),
                 100 * g[i].x / (g[i].n * one));
        if (many)
            text_add(t, " %8.0f", g[i].weight);
        text_add(t, "\n");
    }
    text_add(t, "  efficiency: throughput / (N x %s%s)\n", figure(n, sizeof n, one),
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
    struct cells c = {.glyphs =
                          glyphs_find(strcmp(nl_langinfo(CODESET), "UTF-8") ? "ascii" : "braille")};
    struct plot p = {.cursor = -1, .left = "0"};
    struct axis axis = {.less_since = -1};
    char right[40], n_most[32];
    double most = 0;
    cells_resize(&c, PLOT_ROWS + 1, cols);
    for (size_t i = 0; i < n; i++)
        most = fmax(most, point[i].x);
    axis_follow(&axis, 0, f->fits ? fmax(most, usl_at(f, f->n_most)) : most, 0);
    p.axis = &axis;
    snprintf(right, sizeof right, "N %s", figure(n_most, sizeof n_most, f->n_most));
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

static void add_all(struct text *t, const char *file, const struct usl_fit *f,
                    const struct usl_point *point, size_t n, double next_n)
{
    assert(point && n);
    struct usl_point *g = calloc(n, sizeof *g);
    char low[32], high[32];
    if (!g)
        abort();
    size_t groups = group(point, n, g);
    text_add_line(t, "%s: %zu points, N %s to %s", strcmp(file, "-") ? file : "stdin", n,
                  figure(low, sizeof low, g[0].n), figure(high, sizeof high, f->n_most));
    text_add(t, "\n  X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1))\n\n");
    fit_words(t, f, next_n, "");
    add_table(t, f, g, groups, n);
    fit_plot(t, f, g, groups, PLOT_COLS);
    free(g);
}

static int fit_file(struct text *t, const char *file, bool json, struct err *err)
{
    struct text in = {0};
    struct usl_fit f;
    struct err why = {0};
    size_t n = 0, len;
    struct usl_point *point = NULL;
    int code = read_all(file, &in, err);
    if (code == 0 && !(point = usl_read_csv(text_str(&in), in.len, &n, &why)))
        code = err_set(err, why.code, "fit: %s: %s", file, why.msg);
    if (code == 0 && usl_fit(&f, point, n, &why) < 0)
        code = err_set(err, why.code, "%s: %s", file, why.msg);
    if (code == 0 && point) {
        double next_n = usl_next(&f, point, n);
        if (json) {
            json_t *o = json_fit("n", &f, next_n, "");
            char *s = json_text(o, &len);
            text_put(t, s, len);
            free(s);
            json_decref(o);
        } else {
            add_all(t, file, &f, point, n, next_n);
        }
    }
    free(point);
    text_free(&in);
    return code;
}

int fit_verb(struct text *t, int argc, char *const *argv, struct err *err)
{
    const char *file = NULL;
    bool json = false;
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            json = true;
        else if (argv[i][0] == '-' && argv[i][1])
            return err_set(err, ERR_USAGE, "fit: unknown option %.60s, allowed: --json", argv[i]);
        else if (file)
            return err_set(err, ERR_USAGE, "fit: one FILE, not '%.60s' as well", argv[i]);
        else
            file = argv[i];
    }
    if (!file)
        return err_set(err, ERR_USAGE, "fit needs a file: loadtop fit FILE [--json], - is stdin");
    return fit_file(t, file, json, err);
}
