/* The scaling curve of a report: measured points with their intervals, the fitted law with its
 * band, the ideal line, the borders of the phases, N* or why not. See html_curve.h.
 *
 * A point that is not valid is hollow and says why. Without a fit only points are drawn. */
#include "ui/page/html_curve.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/stats/usl.h"
#include "ui/json/saved_run.h"
#include "ui/page/figures.h"
#include "ui/page/fit_words.h"
#include "ui/page/svg.h"

#define STEPS 120

static double value_of(const struct saved_vars *v, const char *var)
{
    const struct {
        const char *name;
        double value;
    } vars[] = {{"threads", v->threads},         {"clients", v->clients},
                {"connections", v->connections}, {"depth", v->depth},
                {"rate_per_s", v->rate_per_s},   {"rows", v->rows}};
    for (unsigned i = 0; i < sizeof vars / sizeof *vars; i++)
        if (strcmp(vars[i].name, var) == 0)
            return vars[i].value;
    return NAN;
}

static void draw_points(struct svg *s, const struct saved_pool *pool,
                        const struct saved_curve *scaling)
{
    const char *var = scaling->var;
    for (size_t i = 0; i < scaling->points; i++) {
        const struct saved_plateau *p = &pool->plateau[scaling->point[i]];
        double n = p->in_flight, x = p->throughput_per_s, half = p->ci95;
        char title[400];
        bool valid = p->valid == FLAG_YES;
        if (!(n > 0) || !(x > 0))
            continue;
        snprintf(title, sizeof title, "%s %s: %s/s ± %s with %s in flight, p50 %s, p99 %s%s%s", var,
                 fig_count(value_of(&p->vars, var)), fig_number(x), fig_number(half), fig_number(n),
                 fig_us(p->p50_us), fig_us(p->p99_us),
                 valid ? "" : "; left out of the fit: ", valid ? "" : p->why_not);
        svg_point(s, n, x, isfinite(half) ? half : 0, !valid, title);
    }
}

static void draw_law(struct svg *s, const struct usl_fit *f, double n_most)
{
    double x[STEPS], y[STEPS], low[STEPS], high[STEPS], ideal[STEPS];
    bool band = true;
    for (unsigned i = 0; i < STEPS; i++) {
        x[i] = n_most * (i + 1) / STEPS;
        y[i] = usl_at(f, x[i]);
        double half = usl_band(f, x[i]);
        band = band && isfinite(half);
        low[i] = fmax(0, y[i] - half);
        high[i] = y[i] + half;
        ideal[i] = f->lambda * x[i] <= s->y.hi ? f->lambda * x[i] : NAN;
    }
    if (band)
        svg_band(s, x, low, high, STEPS, "s1");
    svg_line(s, x, ideal, STEPS, "ideal", "ideal");
    svg_line(s, x, y, STEPS, "s1", "fitted");
}

static void draw_borders(struct svg *s, const struct usl_fit *f)
{
    struct fit_borders b = fit_borders(f);
    char title[200];
    if (isfinite(b.diminishing)) {
        snprintf(title, sizeof title, "N %s: the linear phase ends (efficiency 90 %%)",
                 fig_number(b.diminishing));
        svg_mark(s, b.diminishing, "knee", title, "");
    }
    if (isfinite(b.saturated)) {
        snprintf(title, sizeof title, "N %s: from here on within 5 %% of the most",
                 fig_number(b.saturated));
        svg_mark(s, b.saturated, "saturated", title, "");
    }
    if (f->peak_identified) {
        snprintf(title, sizeof title, "N* %s (95 %%: %s to %s), %s/s", fig_number(f->peak_n),
                 fig_number(f->peak_n_low), fig_number(f->peak_n_high), fig_number(f->peak_x));
        svg_mark(s, f->peak_n, "N*", title, "note");
    }
}

void plot_curve(struct svg_sheet *sheet, const struct saved_pool *pool,
                const struct saved_curve *scaling, double goal_per_s)
{
    struct usl_fit f;
    struct svg s;
    bool fitted = saved_fit(scaling, &f) && f.fits;
    double n_most = 0, most = 0;
    struct svg_axis x = {.unit = SVG_NUMBER, .name = "N: operations in flight"},
                    y = {.unit = SVG_NUMBER, .name = "operations / s"};
    for (size_t i = 0; i < scaling->points; i++) {
        const struct saved_plateau *p = &pool->plateau[scaling->point[i]];
        double half = p->ci95;
        n_most = fmax(n_most, p->in_flight);
        most = fmax(most, p->throughput_per_s + (isfinite(half) ? half : 0));
    }
    if (!(n_most > 0))
        return;
    svg_fit_axis(&x, 0, n_most);
    x.hi = n_most * 1.06;
    svg_fit_axis(&y, 0, fmax(most, fitted ? usl_at(&f, n_most) : 0));
    char caption[64];
    snprintf(caption, sizeof caption, "Scaling by %.40s", scaling->var);
    svg_begin(
        &s, sheet, caption,
        !fitted ? "points with 95 % intervals; no curve is drawn; hollow: not valid, left out"
        : f.peak_identified
            ? "points with 95 % intervals, law with its band; hollow: not valid, left out"
            : "points with 95 % intervals, law with its band; hollow: not valid, left out; peak "
              "not identified",
        &x, &y);
    if (fitted) {
        draw_law(&s, &f, n_most);
        draw_borders(&s, &f);
    }
    if (goal_per_s > 0)
        svg_level(&s, goal_per_s, "goal");
    draw_points(&s, pool, scaling);
    svg_end(&s);
}
