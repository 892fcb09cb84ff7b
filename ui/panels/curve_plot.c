/* The plots of the scaling view; see curve.h. All of them have the same N axis, whose labels are
 * the variable's values at the places of their points. */
#include "ui/panels/curve_plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/text.h"
#include "engine/stats/usl.h"
#include "ui/draw/axis.h"
#include "ui/draw/plot.h"
#include "ui/page/fit_words.h"
#include "ui/panels/curve.h"
#include "ui/panels/screen_state.h"
#include "ui/panels/show.h"
#include "ui/term/glyphs.h"

static int column_of(const struct plot *plot, const struct curve *k, double n)
{
    return plot->area.x + (int)(n / k->n_max * plot->area.w);
}

/* The row of a value; -1: it is outside of the plot. */
static int row_at(const struct plot *plot, double v)
{
    double place = axis_place(plot->axis, v);

    if (isnan(place) || place < -1e-9 || place > 1 + 1e-9)
        return -1;
    return plot->area.y + plot->area.h - 1 - (int)(place * (plot->area.h - 1) + 0.5);
}

/* The variable's values below their points, as far as there is room. */
static void value_labels(struct cells *c, const struct plot *plot, const struct curve *k)
{
    int free_from = plot->area.x, bottom = plot->area.y + plot->area.h;
    int end = plot->area.x + plot->area.w - (plot->right ? text_width(plot->right) + 1 : 0);

    for (int i = 0; i < k->points; i++) {
        char text[16];
        int w, x;

        show_count(text, sizeof text, k->value[i]);
        w = text_width(text);
        x = column_of(plot, k, k->at[i]->in_flight) - w / 2;
        if (x < free_from || x + w > end)
            continue;
        cells_text(c, x, bottom, ROLE_AXIS, text);
        free_from = x + w + 1;
    }
}

static void point_mark(struct cells *c, const struct plot *plot, const struct curve *k, int i,
                       double v, enum role role)
{
    int y = row_at(plot, v);

    if (y >= 0)
        cells_text(c, column_of(plot, k, k->at[i]->in_flight), y,
                   k->at[i]->valid ? role : ROLE_WARN,
                   k->at[i]->valid ? c->glyphs->on : c->glyphs->off);
}

/* Draws a bar from X - ci95 to X + ci95, if that is taller than the point itself. */
static void error_bar(struct cells *c, const struct plot *plot, const struct curve *k, int i)
{
    const struct plateau *t = k->at[i];
    int x = column_of(plot, k, t->in_flight);
    int top = row_at(plot, fmin(t->throughput_per_s + t->ci95, plot->axis->hi)),
        bottom = row_at(plot, fmax(t->throughput_per_s - t->ci95, 0));

    if (isnan(t->ci95) || top < 0 || bottom < 0)
        return;
    for (int y = top; y <= bottom; y++)
        cells_put(c, x, y, c->glyphs->line[GLYPH_V], ROLE_LABEL);
}

/* The 95 % band of the law as light shade, behind everything. */
static void band(struct cells *c, const struct plot *plot, const struct curve *k,
                 const struct usl_fit *f)
{
    for (int x = 0; x < plot->area.w; x++) {
        double n = (x + 0.5) / plot->area.w * k->n_max, half = usl_band(f, n), v = usl_at(f, n);
        int top, bottom;

        if (isnan(half) || n < k->at[0]->in_flight * 0.5)
            continue;
        top = row_at(plot, fmin(v + half, plot->axis->hi));
        bottom = row_at(plot, fmax(v - half, plot->axis->lo));
        if (top < 0 || bottom < 0)
            continue;
        for (int y = top; y <= bottom; y++) {
            const struct cell *at = cells_at(c, plot->area.x + x, y);

            if (at && (at->ch == ' ' || at->role == ROLE_GRID))
                cells_put(c, plot->area.x + x, y, c->glyphs->heat[1], ROLE_GRID);
        }
    }
}

/* Draws the names of the phases at the top, between their borders. */
static void phase_names(struct cells *c, const struct plot *plot, const struct curve *k,
                        const struct fit_borders *b)
{
    const double from[4] = {0, b->diminishing, b->saturated, b->retrograde};
    static const char *const shorter[4] = {"lin", "dim", "sat", "retro"};

    for (int i = 0; i < 4; i++) {
        double to = k->n_max;
        const char *name = usl_phase_name((enum usl_phase)i);
        int x, room;

        if (isnan(from[i]) || from[i] >= k->n_max)
            continue;
        for (int j = i + 1; j < 4; j++)
            if (!isnan(from[j]) && from[j] > from[i])
                to = fmin(to, from[j]);
        x = column_of(plot, k, from[i]) + (i > 0);
        room = column_of(plot, k, to) - x;
        if (room < text_width(name))
            name = shorter[i];
        if (room >= text_width(name))
            cells_text(c, x + (room - text_width(name)) / 2, plot->area.y, ROLE_LABEL, name);
    }
}

static int add_mark(struct plot_mark *mark, int marks, const struct curve *k, double n,
                    enum role role)
{
    if (isnan(n) || n >= k->n_max || n <= 0)
        return marks;
    mark[marks] = (struct plot_mark){.x = n / k->n_max, .role = role, .quiet = true};
    return marks + 1;
}

static void vertical_label(struct cells *c, const struct plot *plot, const struct curve *k,
                           double n, const char *text, enum role role)
{
    int x = column_of(plot, k, n), w = text_width(text);

    if (isnan(n) || n >= k->n_max)
        return;
    if (x + 1 + w > plot->area.x + plot->area.w)
        x -= w + 1;
    cells_text(c, x + 1, plot->area.y + plot->area.h - 1, role, text);
}

static void label_peak(struct cells *c, const struct plot *plot, const struct curve *k,
                       const struct usl_fit *f)
{
    char text[32], n[16];

    if (!f->peak_identified)
        return;
    snprintf(text, sizeof text, "N* %s", show_count(n, sizeof n, round(f->peak_n)));
    vertical_label(c, plot, k, f->peak_n, text, ROLE_MARK);
}

/* Draws a question mark at the most informative next point, at its expected throughput. */
static void next_mark(struct cells *c, const struct plot *plot, const struct curve *k,
                      const struct usl_fit *f)
{
    double n = k->scaling.next_n;
    int x, y;

    if (isnan(n) || n >= k->n_max)
        return;
    x = column_of(plot, k, n);
    y = row_at(plot, usl_at(f, n));
    if (y < 0)
        return;
    cells_text(c, x, y, ROLE_ACCENT, "?");
}

static void live_mark(struct cells *c, const struct plot *plot, const struct curve *k)
{
    int y = row_at(plot, k->live_x);

    if (y < 0 || !(k->live_n > 0) || k->live_n >= k->n_max)
        return;
    int x = column_of(plot, k, k->live_n);

    for (int i = 0; i < k->points; i++) /* place it beside a point, never over one */
        if (x == column_of(plot, k, k->at[i]->in_flight) &&
            y == row_at(plot, k->at[i]->throughput_per_s)) {
            x++;
            break;
        }
    cells_text(c, x, y, ROLE_ACCENT, "+");
}

static void legend(struct cells *c, const struct plot *plot, const struct usl_fit *f, bool hollow)
{
    char text[128];
    int w;

    snprintf(text, sizeof text, "%s measured%s%s%s%s  + now%s", c->glyphs->on, hollow ? "  " : "",
             hollow ? c->glyphs->off : "", hollow ? " left out" : "", f ? "  - law, 95 % band" : "",
             f ? "  ? measure next" : "");
    w = text_width(text);
    if (plot->area.w < 2 * w || plot->area.h < 10)
        return;
    cells_text(c, plot->area.x + plot->area.w - w, plot->area.y + plot->area.h - 2, ROLE_DIM, text);
}

static double highest(const struct curve *k)
{
    double top = 0;

    for (int i = 0; i < k->points; i++)
        top = fmax(top, k->at[i]->throughput_per_s + (isnan(k->at[i]->ci95) ? 0 : k->at[i]->ci95));
    return top;
}

void curve_plot(struct cells *c, struct screen *sc, const struct curve *k, struct rect r, bool full)
{
    static double ideal[PLOT_COLUMNS_MAX], law[PLOT_COLUMNS_MAX];
    struct axis *axis = &sc->axis[AXIS_SCALING];
    struct plot plot = {.axis = axis, .cursor = -1, .right = k->name};
    struct plot_series series[] = {{ideal, PLOT_DOTTED, ROLE_IDEAL}, {law, PLOT_LINE, ROLE_FIT}};
    struct plot_mark mark[4];
    const struct usl_fit *f = curve_fit(k);
    struct fit_borders borders = {NAN, NAN, NAN};
    bool hollow = false;

    if (!plot_begin(&plot, c, r))
        return;
    f = f && f->fits ? f : NULL;
    double slope =
        f && f->lambda > 0 ? f->lambda : k->at[0]->throughput_per_s / k->at[0]->in_flight;
    axis_follow(axis, 0, highest(k) * 1.12, sc->clock);
    for (int i = 0; i < plot.columns; i++) {
        double n = (i + 0.5) / plot.columns * k->n_max;

        ideal[i] = slope * n <= axis->hi ? slope * n : NAN;
        law[i] = f && n >= k->at[0]->in_flight * 0.5 ? usl_at(f, n) : NAN;
    }
    if (f) {
        borders = fit_borders(f);
        plot.marks = add_mark(mark, plot.marks, k, borders.diminishing, ROLE_GRID);
        plot.marks = add_mark(mark, plot.marks, k, borders.saturated, ROLE_GRID);
        if (f->peak_identified)
            plot.marks = add_mark(mark, plot.marks, k, f->peak_n, ROLE_MARK);
    }
    plot.mark = mark;
    plot.series = series;
    plot.series_count = f ? 2 : 1;
    plot_draw(c, &plot);
    struct rect clip = cells_clip(c, r);
    if (f && full)
        band(c, &plot, k, f);
    if (f && full)
        phase_names(c, &plot, k, &borders);
    for (int i = 0; i < k->points; i++)
        error_bar(c, &plot, k, i);
    if (f && full)
        next_mark(c, &plot, k, f);
    for (int i = 0; i < k->points; i++) {
        point_mark(c, &plot, k, i, k->at[i]->throughput_per_s, ROLE_THROUGHPUT);
        hollow = hollow || !k->at[i]->valid;
    }
    live_mark(c, &plot, k);
    if (full)
        legend(c, &plot, f, hollow);
    if (f)
        label_peak(c, &plot, k, f);
    value_labels(c, &plot, k);
    cells_unclip(c, clip);
}

/* ---- other figures against N ---- */

static double p50_of(const struct plateau *t)
{
    return t->p50;
}

static double p99_of(const struct plateau *t)
{
    return t->p99;
}

static double cpu_of(const struct plateau *t)
{
    return 100 * t->cpu_share;
}

static double server_of(const struct plateau *t)
{
    return 100 * t->server_cpu_share;
}

static double memory_of(const struct plateau *t)
{
    return t->anon_bytes > 0 ? t->anon_bytes : NAN;
}

/* Joins neighbouring valid points by straight lines; draws nothing beyond the first and last. */
static void join(const struct plot *plot, const struct curve *k,
                 double (*of)(const struct plateau *), double *line)
{
    int i = -1, next = 0;

    for (int col = 0; col < plot->columns; col++) {
        double n = (col + 0.5) / plot->columns * k->n_max;

        line[col] = NAN;
        while (next < k->points &&
               (k->at[next]->in_flight <= n || !k->at[next]->valid || isnan(of(k->at[next])))) {
            if (k->at[next]->valid && !isnan(of(k->at[next])))
                i = next;
            next++;
        }
        if (i < 0 || next >= k->points)
            continue;
        const struct plateau *a = k->at[i], *b = k->at[next];
        double share = (n - a->in_flight) / fmax(1e-9, b->in_flight - a->in_flight);

        line[col] = of(a) + share * (of(b) - of(a));
    }
}

struct against {
    double (*of[2])(const struct plateau *);
    enum role role[2];
    bool log, ns;
    double least_top;
    enum plot_axis axis;
};

static void plot_against(struct cells *c, struct screen *sc, const struct curve *k, struct rect r,
                         const struct against *w)
{
    static double line[2][PLOT_COLUMNS_MAX];
    struct axis *axis = &sc->axis[w->axis];
    struct plot plot = {.axis = axis, .cursor = -1, .right = k->name, .ns = w->ns};
    struct plot_series series[2];
    double lo = NAN, hi = NAN;
    int n = 0;

    axis->log = w->log;
    if (k->points == 0 || !plot_begin(&plot, c, r))
        return;
    for (int s = 0; s < 2 && w->of[s]; s++, n++) {
        for (int i = 0; i < k->points; i++) {
            lo = fmin(lo, w->of[s](k->at[i]));
            hi = fmax(hi, w->of[s](k->at[i]));
        }
        join(&plot, k, w->of[s], line[s]);
        series[s] = (struct plot_series){line[s], PLOT_LINE, w->role[s]};
    }
    if (isnan(hi))
        return;
    axis_follow(axis, w->log ? lo : 0, fmax(hi * (w->log ? 1 : 1.1), w->least_top), sc->clock);
    plot.series = series;
    plot.series_count = n;
    plot_draw(c, &plot);
    for (int s = 0; s < n; s++)
        for (int i = 0; i < k->points; i++)
            point_mark(c, &plot, k, i, w->of[s](k->at[i]), w->role[s]);
    value_labels(c, &plot, k);
}

void curve_plot_latency(struct cells *c, struct screen *sc, const struct curve *k, struct rect r)
{
    const struct against w = {.of = {p50_of, p99_of},
                              .role = {ROLE_P50, ROLE_P99},
                              .log = true,
                              .ns = true,
                              .axis = AXIS_SCALING_LATENCY};

    plot_against(c, sc, k, r, &w);
}

void curve_plot_cpu(struct cells *c, struct screen *sc, const struct curve *k, struct rect r)
{
    const struct against w = {.of = {cpu_of, server_of},
                              .role = {ROLE_CLIENT, ROLE_SERIES3},
                              .least_top = 100,
                              .axis = AXIS_SCALING_CPU};

    plot_against(c, sc, k, r, &w);
}

void curve_plot_memory(struct cells *c, struct screen *sc, const struct curve *k, struct rect r)
{
    const struct against w = {
        .of = {memory_of, NULL}, .role = {ROLE_SERIES1}, .axis = AXIS_SCALING_MEMORY};

    plot_against(c, sc, k, r, &w);
}
