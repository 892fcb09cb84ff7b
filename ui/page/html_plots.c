/* The plots of a pool over time, its percentiles and its heat map. See html_plots.h.
 *
 * A column of a plot over time covers whole seconds: throughput is their operations divided by
 * their time (exact), a latency the worst of their percentiles. A paused or missing second is a
 * gap, never 0. There are at most COLUMNS columns, to bound the size of the page. */
#include "ui/page/html_plots.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/config/scenario.h"
#include "engine/stats/histogram.h"
#include "ui/export/hgrm.h"
#include "ui/json/histogram.h"
#include "ui/json/saved_run.h"
#include "ui/page/figures.h"
#include "ui/page/svg.h"

#define COLUMNS 240
#define MARKS_MOST 40
#define HEAT_COLUMNS 90
#define HEAT_ROWS_A_DECADE 5
#define HEAT_ROWS 60
#define SAME 0.01 /* curves that differ by less than this share are drawn as one line */

struct column {
    double from, to, done, failed, span, p50, p99, response_p99, in_flight;
};

static double worse(double a, double b)
{
    return isnan(a) ? b : isnan(b) ? a : fmax(a, b);
}

/* The pool's seconds in columns; free() them. */
static struct column *columns_of(const struct saved_pool *pool, size_t *count)
{
    size_t n = pool->seconds, per = (n + COLUMNS - 1) / COLUMNS;
    struct column *c = calloc(n ? (n + per - 1) / per : 1, sizeof *c);
    if (!c)
        abort();
    *count = 0;
    for (size_t i = 0; i < n; i++) {
        const struct saved_second *s = &pool->second[i];
        double t = s->t_s, span = s->span_s;
        if (!isfinite(t) || !isfinite(span))
            continue;
        struct column *at = &c[i / per];
        if (i / per + 1 > *count) {
            *at = (struct column){t - span, t, 0, 0, 0, NAN, NAN, NAN, 0};
            *count = i / per + 1;
        }
        at->to = t;
        if (s->paused == FLAG_YES || !(span > 0))
            continue;
        at->done += s->completed;
        at->failed += s->errors + s->timeouts + s->dropped;
        at->span += span;
        at->in_flight += s->in_flight * span;
        at->p50 = worse(at->p50, s->p50_us * 1e3);
        at->p99 = worse(at->p99, s->p99_us * 1e3);
        at->response_p99 = worse(at->response_p99, s->response_p99_us * 1e3);
    }
    return c;
}

/* The beginning of a note, cut between characters. */
static void note_label(char *label, size_t size, const char *note)
{
    size_t len = 0;
    int width = 0;
    while (note[len] && width < 12 && len + 8 < size) {
        do
            len++;
        while (((unsigned char)note[len] & 0xc0) == 0x80);
        width++;
    }
    snprintf(label, size, "%.*s%s", (int)len, note, note[len] ? "…" : "");
}

static void add_marks(struct svg *s, const struct saved_run *run, const struct saved_pool *pool)
{
    unsigned shown = 0;
    double last = -INFINITY, gap = (s->x.hi - s->x.lo) / 14;
    for (size_t i = 0; i < run->events && shown < MARKS_MOST; i++) {
        const struct saved_event *e = &run->event[i];
        const char *what = e->what, *from = e->from, *to = e->to, *of = e->pool;
        bool note = strcmp(what, "mark") == 0;
        char title[400], label[48] = "";
        double t = e->t_s;
        if ((*of && strcmp(of, pool->name) != 0) || !strcmp(what, "command"))
            continue;
        snprintf(title, sizeof title, "%.1f s: %s %s%s%s (by %s)", t, what, from,
                 *from && *to ? " to " : "", to, e->by);
        bool numbers = *from && *to && strlen(from) < 6 && strlen(to) < 6;
        if (t - last >= gap) {
            if (numbers)
                snprintf(label, sizeof label, "%.9s→%.9s", from, to);
            else if (note)
                note_label(label, sizeof label, to);
            last = *label ? t : last;
        }
        svg_mark(s, t, label, title, note ? "note" : "");
        shown++;
    }
}

static void add_hover(struct svg *s, const struct column *c, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char title[320];
        if (c[i].span > 0)
            snprintf(title, sizeof title,
                     "%.0f to %.0f s: %s/s, %s in flight, p50 %s, p99 %s, response p99 %s%s%s",
                     c[i].from, c[i].to, fig_number(c[i].done / c[i].span),
                     fig_number(c[i].in_flight / c[i].span), fig_us(c[i].p50 / 1e3),
                     fig_us(c[i].p99 / 1e3), fig_us(c[i].response_p99 / 1e3),
                     c[i].failed > 0 ? ", failed or dropped " : "",
                     c[i].failed > 0 ? fig_count(c[i].failed) : "");
        else
            snprintf(title, sizeof title, "%.0f to %.0f s: paused", c[i].from, c[i].to);
        svg_hover(s, c[i].from, c[i].to, title);
    }
}

struct curves {
    double *x, *y[4];
    double lo, hi; /* of the latencies, ns */
    double most, failed;
};

static struct curves curves_of(const struct column *c, size_t n)
{
    struct curves v = {.lo = INFINITY};
    v.x = calloc(5 * n + 1, sizeof *v.x);
    if (!v.x)
        abort();
    for (unsigned k = 0; k < 4; k++)
        v.y[k] = v.x + (k + 1) * n;
    for (size_t i = 0; i < n; i++) {
        double per_s = c[i].span > 0 ? c[i].done / c[i].span : NAN;
        v.x[i] = (c[i].from + c[i].to) / 2;
        v.y[0][i] = per_s;
        v.y[1][i] = c[i].p50;
        v.y[2][i] = c[i].p99;
        v.y[3][i] = c[i].response_p99;
        v.most = fmax(v.most, per_s);
        for (unsigned k = 1; k < 4; k++) {
            v.lo = v.y[k][i] > 0 ? fmin(v.lo, v.y[k][i]) : v.lo;
            v.hi = fmax(v.hi, v.y[k][i]);
        }
        v.failed = fmax(v.failed, c[i].span > 0 ? c[i].failed / c[i].span : 0);
    }
    return v;
}

static void add_levels(struct svg *s, const struct saved_run *run, const struct saved_pool *pool)
{
    for (size_t i = 0; i < run->thresholds; i++) {
        const char *expr = run->threshold[i].expr;
        struct threshold t;
        if (threshold_parse(&t, expr, NULL) || (*t.pool && strcmp(t.pool, pool->name) != 0) ||
            t.metric == METRIC_ERRORS || t.metric == METRIC_THROUGHPUT)
            continue;
        if (t.bound > 0)
            svg_level(s, t.bound * 1e3, expr);
    }
}

/* In a closed loop service and response time are nearly equal: then only one line is drawn. */
static bool same_curve(const double *a, const double *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (fabs(a[i] - b[i]) > SAME * fabs(a[i]) || isnan(a[i]) != isnan(b[i]))
            return false;
    return true;
}

static void draw_throughput(struct svg_sheet *sheet, const struct saved_run *run,
                            const struct saved_pool *pool, const struct column *c, struct curves *v,
                            size_t n)
{
    struct svg s;
    struct svg_axis x = {.unit = SVG_SECONDS, .name = "time since the start", .hi = c[n - 1].to},
                    y = {.unit = SVG_NUMBER, .name = "operations / s"};
    svg_fit_axis(&y, 0, fmax(v->most, v->failed));
    svg_begin(&s, sheet, "Throughput over time",
              "dashed verticals: what was changed; solid: notes. Point at a place to read it", &x,
              &y);
    add_hover(&s, c, n);
    add_marks(&s, run, pool);
    svg_line(&s, v->x, v->y[0], n, "s1", "done / s");
    if (v->failed > 0) {
        for (size_t i = 0; i < n; i++)
            v->y[0][i] = c[i].span > 0 ? c[i].failed / c[i].span : NAN;
        svg_line(&s, v->x, v->y[0], n, "s2", "failed / s");
    }
    svg_end(&s);
}

static void draw_latency(struct svg_sheet *sheet, const struct saved_run *run,
                         const struct saved_pool *pool, const struct column *c,
                         const struct curves *v, size_t n)
{
    struct svg s;
    struct svg_axis x = {.unit = SVG_SECONDS, .name = "time since the start", .hi = c[n - 1].to},
                    lat = {.unit = SVG_DURATION, .log = true, .name = "latency (log)"};
    bool same = same_curve(v->y[2], v->y[3], n);
    svg_fit_axis(&lat, v->lo, v->hi);
    svg_begin(
        &s, sheet, "Latency over time",
        same ? "service and response time are within 1 % of each other: nothing waited for its send"
             : "service: from the send; response: from the intended start",
        &x, &lat);
    add_hover(&s, c, n);
    add_marks(&s, run, pool);
    add_levels(&s, run, pool);
    if (!same)
        svg_line(&s, v->x, v->y[3], n, "s2", "response p99");
    svg_line(&s, v->x, v->y[2], n, "s1", same ? "p99" : "service p99");
    svg_line(&s, v->x, v->y[1], n, "s3", same ? "p50" : "service p50");
    svg_end(&s);
}

void plot_seconds(struct svg_sheet *sheet, const struct saved_run *run,
                  const struct saved_pool *pool)
{
    size_t n;
    struct column *c = columns_of(pool, &n);
    struct curves v = curves_of(c, n);
    if (n)
        draw_throughput(sheet, run, pool, c, &v, n);
    if (n && v.hi > 0)
        draw_latency(sheet, run, pool, c, &v, n);
    free(v.x);
    free(c);
}

void plot_pair(struct svg_sheet *sheet, const struct saved_pool *base, const struct saved_pool *new)
{
    size_t n, m;
    struct svg s;
    struct column *a = columns_of(base, &n), *b = columns_of(new, &m);
    struct curves v = curves_of(a, n), w = curves_of(b, m);
    struct svg_axis x = {.unit = SVG_SECONDS, .name = "time since the start"},
                    y = {.unit = SVG_NUMBER, .name = "operations / s"},
                    lat = {.unit = SVG_DURATION, .log = true, .name = "response p99 (log)"};
    x.hi = fmax(n ? a[n - 1].to : 0, m ? b[m - 1].to : 0);
    if (x.hi > 0) {
        svg_fit_axis(&y, 0, fmax(v.most, w.most));
        svg_begin(&s, sheet, "Throughput over time", "both from their start", &x, &y);
        add_hover(&s, b, m);
        svg_line(&s, v.x, v.y[0], n, "base", "base");
        svg_line(&s, w.x, w.y[0], m, "s1", "new");
        svg_end(&s);
    }
    if (x.hi > 0 && fmax(v.hi, w.hi) > 0) {
        svg_fit_axis(&lat, fmin(v.lo, w.lo), fmax(v.hi, w.hi));
        svg_begin(&s, sheet, "Response time, p99 of each second", "both from their start", &x,
                  &lat);
        add_hover(&s, b, m);
        svg_line(&s, v.x, v.y[3], n, "base", "base");
        svg_line(&s, w.x, w.y[3], m, "s1", "new");
        svg_end(&s);
    }
    free(v.x);
    free(w.x);
    free(a);
    free(b);
}

/* ---- percentiles ---- */

#define STEPS 400
struct steps {
    double x[STEPS], y[STEPS];
    size_t n;
    double count;
};

/* Adds a step to the line. The line ends at the first percentile with fewer than 10 samples above
 * it. */
static void step(double percentile, double value_ns, double total, void *ctx)
{
    struct steps *s = ctx;
    (void)total;
    if (s->n < STEPS && percentile < 100 && s->count * (1 - percentile / 100) >= 10) {
        s->x[s->n] = 1 / (1 - percentile / 100);
        s->y[s->n++] = value_ns;
    }
}

/* Reads the steps from the histogram; without one, from the percentiles that the JSON has in any
 * case. */
static void read_steps(struct steps *s, const char *encoded, const struct saved_latency *l)
{
    const double us[] = {l->p50_us, l->p90_us, l->p95_us, l->p99_us, l->p99_9_us, l->p99_99_us};
    static const double at[] = {2, 10, 20, 100, 1000, 10000};
    struct histogram h = {0};
    s->n = 0;
    if (!histogram_init(&h) && json_histogram_read(&h, encoded) == 0) {
        s->count = (double)h.count;
        hgrm_each(&h, 5, step, s);
    }
    histogram_fini(&h);
    if (s->n)
        return;
    for (unsigned i = 0; i < 6; i++) {
        if (!isfinite(us[i]))
            continue;
        s->x[s->n] = at[i];
        s->y[s->n++] = us[i] * 1e3;
    }
}

static void percentile_hover(struct svg *s, const struct steps *a, const struct steps *b)
{
    for (size_t i = 0; i < a->n; i++) {
        char title[160];
        double next = i + 1 < a->n ? a->x[i + 1] : a->x[i];
        snprintf(title, sizeof title, "%.6g %%: service %s, response %s", 100 - 100 / a->x[i],
                 fig_us(a->y[i] / 1e3), fig_us(i < b->n ? b->y[i] / 1e3 : NAN));
        if (next > a->x[i])
            svg_hover(s, a->x[i], next, title);
    }
}

void plot_percentiles(struct svg_sheet *sheet, const struct saved_pool *pool)
{
    struct steps *a = calloc(1, sizeof *a), *b = calloc(1, sizeof *b);
    struct svg s;
    struct svg_axis x = {.unit = SVG_PERCENTILE, .log = true, .name = "percentile"},
                    y = {.unit = SVG_DURATION, .log = true, .name = "latency (log)"};
    if (!a || !b)
        abort();
    read_steps(a, pool->histograms.service, &pool->latency.service);
    read_steps(b, pool->histograms.response, &pool->latency.response);
    if (a->n > 1 && b->n > 1) {
        size_t last = a->n - 1, end = b->n - 1;
        bool same = a->n == b->n && same_curve(a->y, b->y, a->n);
        x.lo = 1;
        x.hi = fmax(10, fmax(a->x[last], b->x[end]) * 1.1);
        svg_fit_axis(&y, fmin(fmax(a->y[0], 1), fmax(b->y[0], 1)), fmax(a->y[last], b->y[end]));
        svg_begin(&s, sheet, "Latency by percentile",
                  same ? "service and response time are within 1 % of each other; it ends "
                         "where 10 samples are left"
                       : "the gap between the lines is waiting before the send; each ends where 10 "
                         "samples are left",
                  &x, &y);
        percentile_hover(&s, a, b);
        if (!same)
            svg_line(&s, b->x, b->y, b->n, "s2", "response");
        svg_line(&s, a->x, a->y, a->n, "s1", same ? "latency" : "service");
        svg_end(&s);
    }
    free(a);
    free(b);
}

/* ---- heat map ---- */

struct heat {
    double row[HEAT_ROWS], most, total;
};

static int heat_row(double ns)
{
    int row = (int)floor(HEAT_ROWS_A_DECADE * log10(fmax(ns, 1)));
    return row < 0 ? 0 : row >= HEAT_ROWS ? HEAT_ROWS - 1 : row;
}

static void heat_bucket(uint64_t lowest, uint64_t highest, uint64_t count, void *ctx)
{
    struct heat *h = ctx;
    h->row[heat_row(((double)lowest + (double)highest) / 2)] += (double)count;
    h->total += (double)count;
}

static double row_edge(int row)
{
    return pow(10, (double)row / HEAT_ROWS_A_DECADE);
}

/* Computes the column for the intervals [from, from + n). False when they have no histogram. */
static bool heat_column(const struct saved_pool *pool, size_t from, size_t n, struct histogram *h,
                        struct heat *out)
{
    *out = (struct heat){0};
    for (size_t i = from; i < from + n && i < pool->histograms.intervals; i++)
        if (json_histogram_read(h, pool->histograms.interval[i].service) == 0)
            histogram_each(h, heat_bucket, out);
    return out->total > 0;
}

static void draw_heat(struct svg *s, const struct heat *h, double from, double to)
{
    for (int r = 0; r < HEAT_ROWS; r++) {
        double part = h->row[r] / h->total;
        char title[160];
        if (!(h->row[r] > 0))
            continue;
        snprintf(title, sizeof title, "%.0f to %.0f s, %s to %s: %s operations, %s", from, to,
                 fig_us(row_edge(r) / 1e3), fig_us(row_edge(r + 1) / 1e3), fig_count(h->row[r]),
                 fig_share(part));
        svg_box(s, from, to, row_edge(r), row_edge(r + 1), 0.08 + 0.92 * sqrt(part), title);
    }
}

void plot_heat(struct svg_sheet *sheet, const struct saved_pool *pool)
{
    size_t n = pool->histograms.intervals, per = (n + HEAT_COLUMNS - 1) / HEAT_COLUMNS;
    struct histogram h = {0};
    struct svg s;
    struct heat c;
    double lo = pool->latency.service.min_us * 1e3, hi = pool->latency.service.max_us * 1e3;
    if (n < 2 || !(hi > 0) || histogram_init(&h))
        return;
    const struct saved_interval *last = &pool->histograms.interval[n - 1];
    struct svg_axis x = {.hi = last->start_s + last->length_s,
                         .unit = SVG_SECONDS,
                         .name = "time since the start"},
                    y = {.lo = row_edge(heat_row(fmax(lo, 1000))),
                         .hi = row_edge(heat_row(hi) + 1),
                         .log = true,
                         .unit = SVG_DURATION,
                         .name = "service time (log)"};
    if (x.hi > 0 && y.hi > y.lo) {
        svg_begin(&s, sheet, "Where the latencies lie",
                  "the darker, the larger its share of the operations of that time", &x, &y);
        for (size_t i = 0; i < n; i += per) {
            size_t end = i + per < n ? i + per - 1 : n - 1;
            const struct saved_interval *a = &pool->histograms.interval[i],
                                        *b = &pool->histograms.interval[end];
            if (heat_column(pool, i, per, &h, &c))
                draw_heat(&s, &c, a->start_s, b->start_s + b->length_s);
        }
        svg_end(&s);
    }
    histogram_fini(&h);
}
