/* Finds the steady periods of a pool that met all thresholds, and the one with the highest
 * throughput, which is the pool's capacity. See passes.h.
 *
 * Latencies of a period are judged by histograms: response time by the period's own (`response`,
 * written when it was made), service time by those of its whole seconds, merged. A run that was
 * recovered, or written before periods had one, has response times of seconds only: all within the
 * bound means passed, all beyond it failed, and anything between is unknown. Unknown counts as not
 * passed. */
#include "ui/report/passes.h"

#include <math.h>
#include <string.h>

#include "engine/config/scenario.h"
#include "engine/stats/histogram.h"
#include "ui/json/histogram.h"
#include "ui/json/saved_run.h"

struct measured {
    const struct saved_pool *pool;
    const struct saved_plateau *plateau;
    double from, to;
};

static enum passes passes_or_not(const struct threshold *t, double v)
{
    return isnan(v) ? PASSES_UNKNOWN : threshold_holds(t, v) ? PASSES_YES : PASSES_NO;
}

/* The share of operations that failed in the whole seconds of the period. */
static double failed_share(const struct measured *s)
{
    double failed = 0, all = 0;
    for (size_t i = 0; i < s->pool->seconds; i++) {
        const struct saved_second *p = &s->pool->second[i];
        double t = p->t_s;
        if (t - p->span_s < s->from - 1e-6 || t > s->to + 1e-6)
            continue;
        double bad = p->errors + p->timeouts + p->dropped;
        failed += bad;
        all += bad + p->completed;
    }
    return all > 0 ? failed / all : NAN;
}

static double service_us(const struct measured *s, const struct threshold *t)
{
    struct histogram sum = {0}, one = {0};
    double v = NAN;
    if (histogram_init(&sum) || histogram_init(&one))
        goto out;
    for (size_t i = 0; i < s->pool->histograms.intervals; i++) {
        const struct saved_interval *k = &s->pool->histograms.interval[i];
        double from = k->start_s, to = from + k->length_s;
        if (from >= s->from - 1e-6 && to <= s->to + 1e-6 &&
            json_histogram_read(&one, k->service) == 0)
            histogram_merge(&sum, &one);
    }
    if (!sum.count)
        goto out;
    if (t->metric == METRIC_MEAN)
        v = histogram_mean(&sum) / 1e3;
    else
        v = (double)histogram_quantile(&sum, t->metric == METRIC_MAX ? 1 : t->quantile) / 1e3;
out:
    histogram_fini(&sum);
    histogram_fini(&one);
    return v;
}

/* The threshold's figure in the period's own response times; NaN: they do not include it. */
static double response_us(const struct measured *s, const struct threshold *t)
{
    const struct saved_latency *l = &s->plateau->response;
    const struct {
        double quantile, us;
    } known[] = {{0.5, l->p50_us},  {0.9, l->p90_us},     {0.95, l->p95_us},
                 {0.99, l->p99_us}, {0.999, l->p99_9_us}, {0.9999, l->p99_99_us}};
    if (t->metric == METRIC_MEAN)
        return l->mean_us;
    if (t->metric == METRIC_MAX)
        return l->max_us;
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++)
        if (fabs(t->quantile - known[i].quantile) < 1e-9)
            return known[i].us;
    return NAN;
}

static enum passes response_passes(const struct measured *s, const struct threshold *t)
{
    unsigned good = 0, bad = 0;
    double own = response_us(s, t);
    if (isfinite(own))
        return passes_or_not(t, own);
    if (t->metric != METRIC_PERCENTILE || t->quantile > 0.99 || t->above)
        return PASSES_UNKNOWN;
    for (size_t i = 0; i < s->pool->seconds; i++) {
        const struct saved_second *p = &s->pool->second[i];
        double end = p->t_s, v = p->response_p99_us;
        if (end - p->span_s < s->from - 1e-6 || end > s->to + 1e-6 || isnan(v))
            continue;
        good += threshold_holds(t, v) ? 1 : 0;
        bad += threshold_holds(t, v) ? 0 : 1;
    }
    if (good && !bad)
        return PASSES_YES;
    return bad && !good && t->quantile == 0.99 ? PASSES_NO : PASSES_UNKNOWN;
}

static enum passes one_passes(const struct measured *s, const struct threshold *t)
{
    bool open = !isnan(s->plateau->vars.rate_per_s);
    switch (t->metric) {
    case METRIC_THROUGHPUT:
        return passes_or_not(t, s->plateau->throughput_per_s);
    case METRIC_ERRORS:
        return passes_or_not(t, failed_share(s));
    default:
        return t->service || !open ? passes_or_not(t, service_us(s, t)) : response_passes(s, t);
    }
}

enum passes plateau_passes(const struct saved_run *run, const struct saved_pool *pool,
                           const struct saved_plateau *plateau)
{
    const struct measured s = {pool, plateau, plateau->start_s, plateau->end_s};
    enum passes all = PASSES_YES;
    for (size_t i = 0; i < run->thresholds; i++) {
        struct threshold t;
        if (threshold_parse(&t, run->threshold[i].expr, NULL) ||
            (*t.pool && strcmp(t.pool, pool->name) != 0))
            continue;
        enum passes one = one_passes(&s, &t);
        if (one == PASSES_NO)
            return PASSES_NO;
        if (one == PASSES_UNKNOWN)
            all = PASSES_UNKNOWN;
    }
    return all;
}

struct best best_of(const struct saved_run *run, const struct saved_pool *pool)
{
    struct best b = {.per_s = NAN};
    for (size_t i = 0; i < pool->plateaus; i++) {
        const struct saved_plateau *p = &pool->plateau[i];
        double x = p->throughput_per_s;
        if (p->valid != FLAG_YES || !isfinite(x))
            continue;
        b.valid++;
        enum passes passes = plateau_passes(run, pool, p);
        b.failed += passes == PASSES_NO;
        b.unknown += passes == PASSES_UNKNOWN;
        if (passes == PASSES_YES && (isnan(b.per_s) || x > b.per_s)) {
            b.per_s = x;
            b.at = i;
        }
    }
    return b;
}
