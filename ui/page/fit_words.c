/* A fitted law in words; see fit_words.h. */
#include "ui/page/fit_words.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/text.h"
#include "engine/stats/usl.h"

const char *fit_figure(char *buf, size_t size, double v)
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
    text_add(t, "  %-10s %-12s %-14s %s\n", name, fit_figure(value, sizeof value, v), error, what);
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
    /* the phase "diminishing" is empty: the curve goes from linear to saturated at once */
    if (b.diminishing > b.saturated)
        b.diminishing = NAN;
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
             fit_figure(n, sizeof n, f->peak_n), fit_figure(low, sizeof low, f->peak_n_low),
             fit_figure(high, sizeof high, f->peak_n_high), fit_figure(x, sizeof x, f->peak_x),
             unit);
}

static void add_border(struct text *t, const char *phase, double from, double n_most)
{
    char n[32];
    if (!isfinite(from))
        return;
    text_add(t, ", %s from N %s%s", phase, fit_figure(n, sizeof n, from),
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
             fit_figure(n, sizeof n, f->n_most), usl_phase_name(f->phase));
    if (isfinite(f->knee_n))
        text_add(t, "  knee       N %s: from there on efficiency is below 90 %%%s\n",
                 fit_figure(n, sizeof n, f->knee_n),
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
        text_add(t, "  next       N %s would teach most\n", fit_figure(n, sizeof n, next_n));
}
