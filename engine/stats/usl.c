/* See usl.h. Parameters are fitted in units of their own (lambda of the first guess), so that the
 * solver sees numbers near 1. */
#include "engine/stats/usl.h"
#include "engine/base/err.h"
#include "engine/stats/student.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef LOADTOP_HAVE_CMINPACK
#include <cminpack.h>
#endif

#define EFFICIENCY_LINEAR 0.9
#define NEAR 0.05
#define CLIFF 0.15

const char *usl_model_name(enum usl_model m)
{
    static const char *const name[] = {"linear", "Amdahl", "USL"};
    return name[m];
}

const char *usl_phase_name(enum usl_phase p)
{
    static const char *const name[] = {"linear", "diminishing", "saturated", "retrograde", ""};
    return name[p];
}

static double denominator(double n, double sigma, double kappa)
{
    return 1 + sigma * (n - 1) + kappa * n * (n - 1);
}

double usl_at(const struct usl_fit *f, double n)
{
    return f->lambda * n / denominator(n, f->sigma, f->kappa);
}

enum usl_phase usl_phase_at(const struct usl_fit *f, double n)
{
    double limit = f->kappa > 0 ? f->peak_x : f->sigma > 0 ? f->lambda / f->sigma : INFINITY;
    if (f->kappa > 0 && n > f->peak_n * (1 + NEAR))
        return PHASE_RETROGRADE;
    if (usl_at(f, n) >= (1 - NEAR) * limit)
        return PHASE_SATURATED;
    return 1 / denominator(n, f->sigma, f->kappa) >= EFFICIENCY_LINEAR ? PHASE_LINEAR
                                                                       : PHASE_DIMINISHING;
}

/* The derivative of X by each parameter at n, for parameters p. */
static void gradient(const double p[3], double n, double g[3])
{
    double d = denominator(n, p[1], p[2]);
    g[0] = n / d;
    g[1] = -p[0] * n * (n - 1) / (d * d);
    g[2] = -p[0] * n * n * (n - 1) / (d * d);
}

static int compare_n(const void *a, const void *b)
{
    const struct usl_point *x = a, *y = b;
    return x->n < y->n ? -1 : x->n > y->n;
}

static double weight_of(const struct usl_point *p)
{
    return p->weight > 0 ? p->weight : 1;
}

#ifdef LOADTOP_HAVE_CMINPACK

struct problem {
    const struct usl_point *point;
    size_t n;
    bool free[3];    /* lambda, sigma, kappa */
    double scale[3]; /* what 1 means to the solver */
};

static void unpack(const struct problem *pr, const double *x, double p[3])
{
    for (unsigned i = 0, k = 0; i < 3; i++)
        p[i] = pr->free[i] ? x[k++] * pr->scale[i] : 0;
}

static int residuals(void *ctx, int m, int vars, const double *x, double *f, double *jac, int ld,
                     int flag)
{
    const struct problem *pr = ctx;
    double p[3];
    (void)vars;
    unpack(pr, x, p);
    for (int i = 0; i < m; i++) {
        const struct usl_point *pt = &pr->point[i];
        double w = sqrt(weight_of(pt)), g[3];
        if (flag == 1) {
            f[i] = w * (p[0] * pt->n / denominator(pt->n, p[1], p[2]) - pt->x);
            continue;
        }
        gradient(p, pt->n, g);
        for (int v = 0, k = 0; v < 3; v++)
            if (pr->free[v])
                jac[i + ld * k++] = w * g[v] * pr->scale[v];
    }
    return 0;
}

/* Minimises with the given parameters free; the residual sum, or INFINITY when it failed or left
 * the bounds. */
static double minimise(const struct usl_point *pt, size_t n, const bool free_[3],
                       const double first[3], double p[3])
{
    struct problem pr = {.point = pt, .n = n};
    double x[3], least[3] = {1e-12, 0, 0};
    int vars = 0, m = (int)n, ipvt[3];
    for (unsigned i = 0; i < 3; i++) {
        pr.free[i] = free_[i];
        pr.scale[i] = fabs(first[i]) > 1e-9 ? fabs(first[i]) : 1e-4;
        if (free_[i])
            x[vars++] = first[i] / pr.scale[i];
    }
    int room = 5 * vars + m;
    double *f = malloc((size_t)m * sizeof *f), *jac = malloc((size_t)(m * vars) * sizeof *jac);
    double *work = malloc((size_t)room * sizeof *work), rss = INFINITY;
    if (f && jac && work) {
        int info = lmder1(residuals, &pr, m, vars, x, f, jac, m, 1e-13, ipvt, work, room);
        unpack(&pr, x, p);
        rss = 0;
        for (int i = 0; i < m; i++)
            rss += f[i] * f[i];
        for (unsigned i = 0; i < 3; i++)
            if (free_[i] && (!(p[i] >= least[i]) || (i && p[i] > 1)))
                rss = INFINITY;
        if (info == 0 || !isfinite(rss))
            rss = INFINITY;
    }
    free(f);
    free(jac);
    free(work);
    return rss;
}

/* A first guess: N/X is linear in 1, N-1 and N(N-1). */
static void guess(const struct usl_point *pt, size_t n, double p[3])
{
    double a[3][4] = {{0}};
    for (size_t i = 0; i < n; i++) {
        double r[3] = {1, pt[i].n - 1, pt[i].n * (pt[i].n - 1)}, y = pt[i].n / pt[i].x;
        double w = weight_of(&pt[i]) * pt[i].x * pt[i].x * pt[i].x * pt[i].x / (pt[i].n * pt[i].n);
        for (unsigned j = 0; j < 3; j++) {
            for (unsigned k = 0; k < 3; k++)
                a[j][k] += w * r[j] * r[k];
            a[j][3] += w * r[j] * y;
        }
    }
    for (unsigned c = 0; c < 3; c++)
        for (unsigned r = 0; r < 3; r++) {
            if (r == c || fabs(a[c][c]) < 1e-300)
                continue;
            double q = a[r][c] / a[c][c];
            for (unsigned k = c; k < 4; k++)
                a[r][k] -= q * a[c][k];
        }
    double v[3];
    for (unsigned i = 0; i < 3; i++)
        v[i] = fabs(a[i][i]) > 1e-300 ? a[i][3] / a[i][i] : 0;
    p[0] = v[0] > 0 && isfinite(1 / v[0]) ? 1 / v[0] : pt[0].x / pt[0].n;
    p[1] = fmin(0.9, fmax(1e-4, v[1] * p[0]));
    p[2] = fmin(0.5, fmax(1e-7, v[2] * p[0]));
}

/* The best of a model within its bounds: parameters that would leave them are held at 0. */
static double fit_model(const struct usl_point *pt, size_t n, enum usl_model model,
                        const double first[3], double p[3], bool used[3])
{
    double best = INFINITY;
    for (unsigned mask = 0; mask < 4; mask++) { /* sigma free, kappa free */
        bool free_[3] = {true, (mask & 1) != 0, (mask & 2) != 0};
        double q[3];
        if ((free_[1] && model == USL_LINEAR) || (free_[2] && model != USL_FULL))
            continue;
        double rss = minimise(pt, n, free_, first, q);
        if (rss < best) {
            best = rss;
            memcpy(p, q, sizeof q);
            memcpy(used, free_, sizeof free_);
        }
    }
    return best;
}

/* Inverse of a symmetric positive matrix of up to 3x3 by Gauss-Jordan; false if singular. */
static bool invert(double a[3][3], unsigned n)
{
    double b[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    for (unsigned c = 0; c < n; c++) {
        double pivot = a[c][c];
        if (fabs(pivot) < 1e-300)
            return false;
        for (unsigned k = 0; k < n; k++) {
            a[c][k] /= pivot;
            b[c][k] /= pivot;
        }
        for (unsigned r = 0; r < n; r++) {
            double q = a[r][c];
            for (unsigned k = 0; r != c && k < n; k++) {
                a[r][k] -= q * a[c][k];
                b[r][k] -= q * b[c][k];
            }
        }
    }
    memcpy(a, b, sizeof b);
    return true;
}

static void errors_of(struct usl_fit *f, const struct usl_point *pt, size_t n, const bool used[3],
                      double rss)
{
    double p[3] = {f->lambda, f->sigma, f->kappa}, jtj[3][3] = {{0}};
    double scale[3] = {p[0], p[1] > 0 ? p[1] : 1, p[2] > 0 ? p[2] : 1};
    unsigned at[3], vars = 0;
    for (unsigned i = 0; i < 3; i++)
        if (used[i])
            at[vars++] = i;
    f->se_lambda = f->se_sigma = f->se_kappa = NAN;
    f->dof = (double)n - vars;
    if (f->dof < 1)
        return;
    for (size_t i = 0; i < n; i++) {
        double g[3];
        gradient(p, pt[i].n, g);
        for (unsigned j = 0; j < vars; j++)
            for (unsigned k = 0; k < vars; k++)
                jtj[j][k] += weight_of(&pt[i]) * g[at[j]] * scale[at[j]] * g[at[k]] * scale[at[k]];
    }
    if (!invert(jtj, vars))
        return;
    double *se[3] = {&f->se_lambda, &f->se_sigma, &f->se_kappa};
    for (unsigned j = 0; j < vars; j++) {
        for (unsigned k = 0; k < vars; k++)
            f->covariance[at[j]][at[k]] = jtj[j][k] * scale[at[j]] * scale[at[k]] * rss / f->dof;
        *se[at[j]] = sqrt(f->covariance[at[j]][at[j]]);
    }
}

#endif

/* Below 6 points the full model has no AICc, and the poorer ones would win unopposed: then a
 * parameter counts when its 95 % interval excludes 0. */
static enum usl_model choose(const struct usl_fit *f)
{
    enum usl_model best = USL_FULL;
    if (!isfinite(f->aicc[USL_FULL])) {
        double t = student_t95(f->dof);
        if (isnan(f->se_lambda) || f->kappa > t * f->se_kappa)
            return f->kappa > 0 ? USL_FULL : f->sigma > 0 ? USL_AMDAHL : USL_LINEAR;
        return f->sigma > t * f->se_sigma ? USL_AMDAHL : USL_LINEAR;
    }
    for (int m = USL_FULL; m >= USL_LINEAR; m--)
        if (f->aicc[m] < f->aicc[best])
            best = (enum usl_model)m;
    return best;
}

static void peak(struct usl_fit *f)
{
    f->peak_n = f->peak_x = f->peak_n_low = f->peak_n_high = NAN;
    f->peak_identified = false;
    f->why_not[0] = '\0';
    if (f->kappa <= 0) {
        snprintf(f->why_not, sizeof f->why_not, "no peak: kappa is 0, throughput only levels off");
        return;
    }
    f->peak_n = sqrt((1 - f->sigma) / f->kappa);
    f->peak_x = usl_at(f, f->peak_n);
    if (isnan(f->se_kappa)) {
        snprintf(f->why_not, sizeof f->why_not, "as many points as parameters: no interval");
        return;
    }
    double t = student_t95(f->dof);
    double ds = f->sigma < 1 ? -0.5 * f->peak_n / (1 - f->sigma) : 0,
           dk = -0.5 * f->peak_n / f->kappa;
    double var = ds * ds * f->covariance[1][1] + dk * dk * f->covariance[2][2] +
                 2 * ds * dk * f->covariance[1][2];
    double half = t * sqrt(fmax(0, var));
    f->peak_n_low = fmax(0, f->peak_n - half);
    f->peak_n_high = f->peak_n + half;
    if (f->kappa - t * f->se_kappa <= 0)
        snprintf(f->why_not, sizeof f->why_not,
                 "kappa's 95 %% interval includes 0: there may be no peak");
    else if (f->peak_n > 2 * f->n_most)
        snprintf(f->why_not, sizeof f->why_not,
                 "N* %.0f is over twice the largest N measured (%.0f)", f->peak_n, f->n_most);
    else
        f->peak_identified = true;
}

static void knee(struct usl_fit *f)
{
    double excess = 1 / EFFICIENCY_LINEAR - 1, s = f->sigma, k = f->kappa;
    f->knee_n = NAN;
    if (k > 0) /* k N^2 + (s - k) N - (s + excess) = 0 */
        f->knee_n = (-(s - k) + sqrt((s - k) * (s - k) + 4 * k * (s + excess))) / (2 * k);
    else if (s > 0)
        f->knee_n = 1 + excess / s;
}

static int check_points(const struct usl_point *pt, size_t n, struct usl_fit *f, struct err *err)
{
    f->points = 0;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(pt[i].n) || !isfinite(pt[i].x) || pt[i].n <= 0 || pt[i].x <= 0)
            return err_set(err, ERR_USAGE,
                           "fit: point %zu is N %g, throughput %g: both must be finite and above 0",
                           i + 1, pt[i].n, pt[i].x);
        f->points += !i || pt[i].n > pt[i - 1].n;
    }
    if (f->points < 3)
        return err_set(err, ERR_USAGE, "fit: %u distinct values of N: a curve needs at least 3",
                       f->points);
    f->n_most = pt[n - 1].n;
    return 0;
}

void usl_clear_curve(struct usl_fit *f)
{
    f->peak_identified = false;
    f->peak_n = f->peak_x = f->peak_n_low = f->peak_n_high = f->knee_n = NAN;
    f->phase = PHASE_NONE;
}

int usl_fit(struct usl_fit *f, const struct usl_point *points, size_t n, struct err *err)
{
    memset(f, 0, sizeof *f);
#ifndef LOADTOP_HAVE_CMINPACK
    (void)points;
    (void)n;
    (void)check_points;
    (void)compare_n;
    (void)choose;
    (void)peak;
    (void)knee;
    (void)gradient;
    (void)weight_of;
    return err_set(err, ERR_FAILED, "fit: not built in: install libcminpack-dev and build again");
#else
    struct usl_point *pt = malloc((n + 1) * sizeof *pt);
    if (!pt)
        return err_set(err, ERR_FAILED, "fit: out of memory");
    memcpy(pt, points, n * sizeof *pt);
    qsort(pt, n, sizeof *pt, compare_n);
    int code = check_points(pt, n, f, err);
    double first[3], p[3] = {0}, rss[3], mean = 0, total = 0, most = 0, weights = 0;
    bool used[3] = {true, true, true}, ignored[3] = {false, false, false};
    if (code < 0)
        goto out;
    guess(pt, n, first);
    for (int m = USL_LINEAR; m <= USL_FULL; m++) {
        rss[m] = fit_model(pt, n, (enum usl_model)m, first, p, m == USL_FULL ? used : ignored);
        double k = m + 2, room = (double)n - k - 1;
        double each = fmax(rss[m] / (double)n, 1e-300);
        f->aicc[m] = room > 0 && isfinite(rss[m])
                         ? (double)n * log(each) + 2 * k + 2 * k * (k + 1) / room
                         : INFINITY;
    }
    if (!isfinite(rss[USL_FULL])) {
        code = err_set(err, ERR_USAGE,
                       "fit: no curve with 0 <= sigma, kappa <= 1 goes through these points");
        goto out;
    }
    f->lambda = p[0];
    f->sigma = p[1];
    f->kappa = p[2];
    errors_of(f, pt, n, used, rss[USL_FULL]);
    f->best = choose(f);
    for (size_t i = 0; i < n; i++) {
        mean += weight_of(&pt[i]) * pt[i].x;
        weights += weight_of(&pt[i]);
        most = fmax(most, pt[i].x);
        f->worst_residual = fmax(f->worst_residual, fabs(pt[i].x - usl_at(f, pt[i].n)));
    }
    mean /= weights;
    for (size_t i = 0; i < n; i++)
        total += weight_of(&pt[i]) * (pt[i].x - mean) * (pt[i].x - mean);
    f->worst_residual /= most;
    f->r2 = total > 0 ? 1 - rss[USL_FULL] / total : NAN;
    f->fits = f->worst_residual <= CLIFF;
    peak(f);
    knee(f);
    f->phase = usl_phase_at(f, f->n_most);
    if (!f->fits) {
        usl_clear_curve(f);
        snprintf(f->why_not, sizeof f->why_not,
                 "no curve of this family fits: a point is %.0f %% of the highest off",
                 100 * f->worst_residual);
    }
out:
    free(pt);
    return code;
#endif
}

double usl_band(const struct usl_fit *f, double n)
{
    double p[3] = {f->lambda, f->sigma, f->kappa}, g[3], var = 0;
    if (!(f->dof >= 1) || isnan(f->se_lambda))
        return NAN;
    gradient(p, n, g);
    for (unsigned i = 0; i < 3; i++)
        for (unsigned k = 0; k < 3; k++)
            var += g[i] * g[k] * f->covariance[i][k];
    return student_t95(f->dof) * sqrt(fmax(0, var));
}

double usl_next(const struct usl_fit *f, const struct usl_point *pt, size_t n)
{
    double best = NAN, width = -1, least = f->n_most;
    if (!f->fits)
        return NAN;
    if (!f->peak_identified && f->kappa >= 0)
        return isnan(f->peak_n) || f->peak_n > f->n_most ? ceil(1.5 * f->n_most)
                                                         : ceil(1.25 * f->n_most);
    for (size_t i = 0; i < n; i++)
        least = fmin(least, pt[i].n);
    for (double at = least; at <= f->n_most; at += fmax(1, (f->n_most - least) / 200)) {
        double gap = INFINITY, band = usl_band(f, at);
        for (size_t i = 0; i < n; i++)
            gap = fmin(gap, fabs(pt[i].n - at));
        if (gap >= 1 && band * gap > width) {
            width = band * gap;
            best = at;
        }
    }
    return isnan(best) ? ceil(f->peak_n) : floor(best);
}
