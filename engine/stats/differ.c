/* See differ.h. */
#include "engine/stats/differ.h"
#include "engine/stats/series.h"
#include "engine/stats/student.h"

#include <math.h>
#include <stdlib.h>

#define BATCHES_MOST 30
#define ALPHA 0.05
#define FAMILY_MOST 4096
#define CORRELATION_MOST 0.95

void sample_of_runs(struct sample *s, const double *v, size_t n)
{
    s->n = n;
    s->mean = series_mean(v, n);
    s->variance = series_variance(v, n, s->mean) / (double)(n ? n : 1);
    s->independent = (double)n;
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
    s->mean = good ? series_mean(good, kept) : NAN;
    free(good);
    if (batches < DIFFER_LEAST)
        return;
    double mean = series_mean(batch, batches),
           r = series_correlation_unbiased(batch, batches, mean);
    s->independent = fmax(2, series_independent(batches, fmin(r, CORRELATION_MOST)));
    s->variance = series_variance(batch, batches, mean) / s->independent;
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

const char *differ_word(bool real)
{
    return real ? "real" : "noise";
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
