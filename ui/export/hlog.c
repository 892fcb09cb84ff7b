/* See hlog.h. Times in the log are seconds after its start and never go back: a reader ends at the
 * first line after the span that it was asked for. So what is of the whole run comes first, and then
 * the intervals of all pools by their start. The maximum of an interval is in milliseconds, as in
 * HdrHistogram's own writer. Nothing needs to be decoded, because the JSON has
 * each histogram in the encoding of the log. Called by report. */
#include "ui/export/hlog.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/base/base64.h"
#include "engine/base/err.h"
#include "engine/base/text.h"
#include "engine/base/utf8.h"
#include "engine/stats/histogram.h"
#include "ui/json/histogram.h"
#include "ui/json/read.h"
#include "ui/json/saved_run.h"

static void add_tag(struct text *t, const char *pool, const char *op, const char *measure)
{
    struct text tag = {0};
    text_add_shown(&tag, "%s%s%s%s%s", pool, op ? "/" : "", op ? op : "", measure ? "/" : "",
                   measure ? measure : "");
    text_add(t, "Tag=");
    /* replace characters that would end a tag or a line */
    for (const char *s = text_str(&tag); *s; s++)
        text_add(t, "%c", *s == ',' || isspace((unsigned char)*s) ? '_' : *s);
    text_free(&tag);
}

static void add_line(struct text *t, double start, double length, double max_ms,
                     const char *encoded)
{
    text_add(t, ",%.3f,%.3f,%.3f,%s\n", start, length, max_ms, encoded);
}

/* Adds a histogram of the whole run. Its maximum is computed from the histogram itself. */
static unsigned add_whole(struct text *t, const struct saved_run *run, const char *pool,
                          const char *op, const char *measure, const char *encoded)
{
    struct histogram h = {0};
    if (!*encoded || histogram_init(&h))
        return 0;
    unsigned added = 0;
    if (json_histogram_read(&h, encoded) == 0) {
        add_tag(t, pool, op, measure);
        add_line(t, 0, isfinite(run->elapsed_s) ? run->elapsed_s : 0, (double)h.max / 1e6, encoded);
        added = 1;
    }
    histogram_fini(&h);
    return added;
}

static unsigned add_whole_pool(struct text *t, const struct saved_run *run,
                               const struct saved_pool *pool)
{
    const struct saved_histograms *h = &pool->histograms;
    unsigned n = add_whole(t, run, pool->name, NULL, "response", h->response);
    for (size_t i = 0; i < h->ops; i++) {
        n += add_whole(t, run, pool->name, h->op[i].name, NULL, h->op[i].service);
        n += add_whole(t, run, pool->name, h->op[i].name, "response", h->op[i].response);
    }
    return n;
}

struct moment {
    const struct saved_interval *interval;
    const struct saved_pool *pool;
    double start_s;
};

static int by_start(const void *a, const void *b)
{
    const struct moment *x = a, *y = b;
    if (x->start_s < y->start_s || x->start_s > y->start_s)
        return x->start_s < y->start_s ? -1 : 1;
    return x->pool < y->pool ? -1 : x->pool > y->pool;
}

/* Those of a pool that can be written. The file may come from anybody: a histogram must consist of
 * base64 characters. */
static size_t take_intervals(const struct saved_pool *pool, struct moment *to)
{
    size_t n = 0;
    for (size_t i = 0; i < pool->histograms.intervals; i++) {
        const struct saved_interval *one = &pool->histograms.interval[i];
        if (base64_has_only(one->service) && isfinite(one->start_s) && isfinite(one->length_s))
            to[n++] = (struct moment){one, pool, fmax(0, one->start_s)};
    }
    return n;
}

static size_t add_intervals(struct text *t, const struct saved_run *run)
{
    size_t room = 1, n = 0;
    for (size_t i = 0; i < run->pools; i++)
        room += run->pool[i].histograms.intervals;
    struct moment *all = calloc(room, sizeof *all);
    if (!all)
        abort();
    for (size_t i = 0; i < run->pools; i++)
        n += take_intervals(&run->pool[i], all + n);
    qsort(all, n, sizeof *all, by_start);
    for (size_t i = 0; i < n; i++) {
        const struct saved_interval *one = all[i].interval;
        add_tag(t, all[i].pool->name, NULL, NULL);
        add_line(t, all[i].start_s, one->length_s, isfinite(one->max_us) ? one->max_us / 1e3 : 0,
                 one->service);
    }
    free(all);
    return n;
}

int hlog_text(const struct saved_run *run, struct text *t, struct err *err)
{
    double began = json_moment(run->started);
    time_t seconds = isfinite(began) ? (time_t)began : 0;
    struct tm tm;
    char date[64] = "";
    size_t n = 0;
    if (gmtime_r(&seconds, &tm))
        strftime(date, sizeof date, "%a %b %d %H:%M:%S UTC %Y", &tm);
    text_add_line(t, "#[Logged by loadtop %s]", run->loadtop);
    text_add(t, "#[Histogram log format version 1.3]\n");
    text_add(t, "#[StartTime: %.3f (seconds since epoch), %s]\n", isfinite(began) ? began : 0,
             date);
    text_add(t, "#[Each line has a tag, a pool's name: HistogramLogProcessor -listtags, -tag NAME; "
                "NAME/... are of the whole run]\n");
    text_add(t, "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
                "\"Interval_Compressed_Histogram\"\n");
    for (size_t i = 0; i < run->pools; i++)
        n += add_whole_pool(t, run, &run->pool[i]);
    n += add_intervals(t, run);
    if (!n)
        return err_set(err, ERR_USAGE,
                       "this run has no histograms: nothing completed, or it was saved while it "
                       "went on or without zlib");
    return 0;
}
