/* Bins; see bins.h. Points are in the order of time, so the first one of the window is found by
 * binary search. */
#include "ui/draw/bins.h"

#include <math.h>
#include <stdint.h>

#include "engine/state/snapshot.h"

struct bins bins_over(double now_s, double span_s, int n)
{
    struct bins b = {.n = n > 0 ? n : 0};

    b.width_s = n > 0 ? span_s / n : span_s;
    b.from_s = floor(now_s / b.width_s + 1e-9) * b.width_s - b.n * b.width_s;
    return b;
}

/* The first point that ends after t. */
static uint64_t first_after(const struct series *s, double t)
{
    uint64_t lo = s->first, hi = s->n;

    while (lo < hi) {
        uint64_t mid = lo + (hi - lo) / 2;

        if (series_at(s, mid)->t_s > t + 1e-6)
            hi = mid;
        else
            lo = mid + 1;
    }
    return lo;
}

static double latency_of(const struct point *p, enum bin_value what)
{
    switch (what) {
    case BIN_P50:
        return (double)p->p50;
    case BIN_P99:
        return (double)p->p99;
    case BIN_MAX:
        return (double)p->max;
    case BIN_RESPONSE_P99:
        return (double)p->response_p99;
    default:
        return NAN;
    }
}

static double amount_of(const struct point *p, enum bin_value what)
{
    if (what == BIN_IN_FLIGHT)
        return p->in_flight * p->span_s;
    if (what == BIN_ERRORS)
        return (double)(p->errors + p->timeouts);
    return (double)p->completed;
}

/* A percentile is assigned to a column as a whole: if columns are narrower than points, when the
 * column's middle is in the point's interval, otherwise when the point's middle is in the column.
 * So a narrow column never mixes two points. */
static bool belongs(const struct bins *b, double from, double start, const struct point *p)
{
    double column = from + b->width_s / 2, point = (start + p->t_s) / 2;

    if (b->width_s <= p->span_s)
        return column >= start - 1e-6 && column < p->t_s - 1e-6;
    return point >= from - 1e-6 && point < from + b->width_s - 1e-6;
}

bool bins_fill(const struct bins *b, const struct series *s, enum bin_value what, double *out)
{
    bool latency =
        what == BIN_P50 || what == BIN_P99 || what == BIN_MAX || what == BIN_RESPONSE_P99;
    bool several = false;
    uint64_t i = first_after(s, b->from_s);

    for (int col = 0; col < b->n; col++) {
        double from = b->from_s + col * b->width_s, to = from + b->width_s;
        double sum = 0, span = 0, worst = NAN;
        int covered = 0;

        while (i < s->n && series_at(s, i)->t_s <= from + 1e-6)
            i++;
        for (uint64_t j = i; j < s->n; j++) {
            const struct point *p = series_at(s, j);
            double start = p->t_s - p->span_s;
            double overlap = fmin(to, p->t_s) - fmax(from, start);

            if (start >= to - 1e-6)
                break;
            if (p->paused || overlap < 1e-6 || !(p->span_s > 0))
                continue;
            sum += amount_of(p, what) * overlap / p->span_s;
            span += overlap;
            if (latency && belongs(b, from, start, p) && !isnan(latency_of(p, what))) {
                worst = fmax(worst, latency_of(p, what));
                covered++;
            }
        }
        out[col] = latency ? worst : span > 0 ? sum / span : NAN;
        several = several || covered > 1;
    }
    return several;
}

bool bins_range(const double *v, int n, double *lo, double *hi)
{
    bool any = false;

    for (int i = 0; i < n; i++) {
        if (isnan(v[i]))
            continue;
        *lo = any ? fmin(*lo, v[i]) : v[i];
        *hi = any ? fmax(*hi, v[i]) : v[i];
        any = true;
    }
    return any;
}
