/* See hgrm.h. The steps are those of HdrHistogram's PercentileIterator (Tene): the distance to
 * 100 % is halved again and again, with as many ticks in each half; a step is taken at the first
 * value whose cumulative share reaches it. Called by report. */
#include "ui/export/hgrm.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/base/text.h"
#include "engine/stats/histogram.h"

#define TICKS 5
#define BUCKETS 32 /* number of half distances that Java computes for our range */
#define SUB_BUCKETS 2048

struct walk {
    double level, count, total;
    unsigned ticks;
    uint64_t last;
    void (*each)(double percentile, double value_ns, double total, void *ctx);
    void *ctx;
};

static void bucket(uint64_t lowest, uint64_t highest, uint64_t count, void *ctx)
{
    struct walk *w = ctx;
    (void)lowest;
    w->total += (double)count;
    w->last = highest;
    while (w->level < 100 && 100 * w->total / w->count >= w->level) {
        w->each(w->level, (double)highest, w->total, w->ctx);
        double halves = floor(log2(100 / (100 - w->level))) + 1;
        w->level += 100 / (w->ticks * exp2(halves));
        /* the last step is at 100 % */
        if (w->total >= w->count)
            break;
    }
}

void hgrm_each(const struct histogram *h, unsigned ticks,
               void (*each)(double percentile, double value_ns, double total, void *ctx), void *ctx)
{
    struct walk w = {.count = (double)h->count, .ticks = ticks, .each = each, .ctx = ctx};
    if (!h->count)
        return;
    histogram_each(h, bucket, &w);
    each(100, (double)w.last, w.total, ctx);
}

static void line(double percentile, double value_ns, double total, void *ctx)
{
    struct text *t = ctx;
    text_add(t, "%12.3f %2.12f %10.0f", value_ns / 1e6, percentile / 100, total);
    if (percentile < 100)
        text_add(t, " %14.2f", 1 / (1 - percentile / 100));
    text_add(t, "\n");
}

void hgrm_text(const struct histogram *h, struct text *t)
{
    text_add(t, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
    hgrm_each(h, TICKS, line, t);
    text_add(t, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n", histogram_mean(h) / 1e6,
             histogram_deviation(h) / 1e6);
    text_add(t, "#[Max     = %12.3f, Total count    = %12llu]\n", (double)h->max / 1e6,
             (unsigned long long)h->count);
    text_add(t, "#[Buckets = %12d, SubBuckets     = %12d]\n", BUCKETS, SUB_BUCKETS);
}
