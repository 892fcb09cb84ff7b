/* See differ.h. Called by `loadtop compare`. */
#include "engine/stats/differ.h"
#include "engine/stats/usl.h"

#include <math.h>
#include <stdlib.h>

#define BATCHES_MOST 30
#define ALPHA 0.05
#define FAMILY_MOST 4096

/* The continued fraction of the incomplete beta function (Abramowitz and Stegun 26.5.8), by Lentz's
 * method. */
static double beta_fraction(double a, double b, double x)
{
    double c = 1, d = 1 - (a + b) * x / (a + 1), tiny = 1e-300;
    d = 1 / (fabs(d) < tiny ? tiny : d);
    double f = d;
    for (int m = 1; m < 500; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        for (int k = 0; k < 2; k++) {
            double term = k ? odd : even;
            d = 1 + term * d;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            c = 1 + term / c;
            c = fabs(c) < tiny ? tiny : c;
            f *= c * d;
        }
        if (fabs(c * d - 1) < 1e-14)
            break;
    }
    return f;
}

static double incomplete_beta(double a, double b, double x)
{
    if (x <= 0 || x >= 1)
        return x <= 0 ? 0 : 1;
    double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
    if (x < (a + 1) / (a + b + 2))
        return front * beta_fraction(a, b, x) / a;
    return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double student_p(double t, double df)
{
    if (!isfinite(t))
        return isnan(t) ? NAN : 0;
    return incomplete_beta(df / 2, 0.5, df / (df + t * t)); /* A&S 26.7.1 */
}

static double mean_of(const double *v, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += v[i];
    return n ? sum / (double)n : NAN;
}

static double variance_of(const double *v, size_t n, double mean)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (v[i] - mean) * (v[i] - mean);
    return n > 1 ? sum / (double)(n - 1) : NAN;
}

void sample_of_runs(struct sample *s, const double *v, size_t n)
{
    s->n = n;
    s->mean = mean_of(v, n);
    s->variance = variance_of(v, n, s->mean) / (double)(n ? n : 1);
    s->independent = (double)n;
}

/* Lag-1 autocorrelation, with the bias of short series taken out; 0..0.95. */
static double correlation(const double *v, size_t n, double mean)
{
    double at = 0, all = 0;
    for (size_t i = 0; i < n; i++) {
        all += (v[i] - mean) * (v[i] - mean);
        if (i)
            at += (v[i] - mean) * (v[i - 1] - mean);
    }
    double r = all > 0 ? at / all : 0;
    r += (1 + 4 * r) / (double)n;
    return r < 0 ? 0 : r > 0.95 ? 0.95 : r;
}

void sample_of_series(struct sample *s, const double *v, size_t n)
{
    double batch[BATCHES_MOST];
    size_t kept = 0, batches = 0, in = 0, per;
    double *good = malloc((n + 1) * sizeof *good), sum = 0;
    *s = (struct sample){.mean = NAN, .variance = NAN};
    for (size_t i = 0; good && i < n; i++)
        if (isfinite(v[i]))
            good[kept++] = v[i];
    per = (kept + BATCHES_MOST - 1) / BATCHES_MOST;
    for (size_t i = 0; i < kept; i++) {
        sum += good[i];
        if (++in == per) {
            batch[batches++] = sum / (double)per;
            sum = 0;
            in = 0;
        }
    }
    s->n = kept;
    s->mean = good ? mean_of(good, kept) : NAN;
    free(good);
    if (batches < DIFFER_LEAST)
        return;
    double mean = mean_of(batch, batches), r = correlation(batch, batches, mean);
    s->independent = fmax(2, (double)batches * (1 - r) / (1 + r));
    s->variance = variance_of(batch, batches, mean) / s->independent;
}

void differ(struct difference *d, const struct sample *base, const struct sample *changed)
{
    double var = base->variance + changed->variance;
    *d = (struct difference){.diff = changed->mean - base->mean, .low = NAN, .high = NAN, .p = NAN};
    if (isnan(var) || isnan(d->diff))
        return;
    if (!(var > 0)) { /* nothing varies at all */
        d->low = d->high = d->diff;
        d->p = fabs(d->diff) > 0 ? 0 : 1;
        return;
    }
    double df = var * var /
                (base->variance * base->variance / (base->independent - 1) +
                 changed->variance * changed->variance / (changed->independent - 1));
    double half = student_t95(fmax(1, df)) * sqrt(var);
    d->low = d->diff - half;
    d->high = d->diff + half;
    d->p = student_p(d->diff / sqrt(var), fmax(1, df));
}

static int by_p(const void *x, const void *y)
{
    const struct difference *const *a = x, *const *b = y;
    return (*a)->p < (*b)->p ? -1 : (*a)->p > (*b)->p;
}

void differ_holm(struct difference *const *list, size_t n)
{
    struct difference *known[FAMILY_MOST] = {NULL};
    size_t m = 0;
    for (size_t i = 0; i < n && m < FAMILY_MOST; i++) {
        list[i]->real = false;
        if (!isnan(list[i]->p))
            known[m++] = list[i];
    }
    qsort(known, m, sizeof known[0], by_p);
    for (size_t i = 0; i < m && known[i]->p <= ALPHA / (double)(m - i); i++)
        known[i]->real = true;
}
