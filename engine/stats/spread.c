/* See spread.h. */
#include "engine/stats/spread.h"

#include <math.h>

void spread_add(struct spread *s, double v)
{
    if (!isfinite(v))
        return;
    if (!s->n || v < s->min)
        s->min = v;
    if (!s->n || v > s->max)
        s->max = v;
    double before = s->n ? s->sum / s->n : v;
    s->n++;
    s->sum += v;
    s->sum_sq += (v - before) * (v - s->sum / s->n);
}

double spread_mean(const struct spread *s)
{
    return s->n ? s->sum / s->n : NAN;
}

double spread_stdev(const struct spread *s)
{
    return s->n > 1 ? sqrt(s->sum_sq / (s->n - 1)) : NAN;
}
