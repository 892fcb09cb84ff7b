/* See hlog.h. Times in the log are seconds after its start; the maximum of an interval is in
 * milliseconds, as in HdrHistogram's own writer. Nothing needs to be decoded, because the JSON has
 * each histogram in the encoding of the log. Called by report. */
#include "ui/export/hlog.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
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

static unsigned add_pool(struct text *t, const struct saved_run *run, const struct saved_pool *pool)
{
    const struct saved_histograms *h = &pool->histograms;
    unsigned n = add_whole(t, run, pool->name, NULL, "response", h->response);
    for (size_t i = 0; i < h->ops; i++) {
        n += add_whole(t, run, pool->name, h->op[i].name, NULL, h->op[i].service);
        n += add_whole(t, run, pool->name, h->op[i].name, "response", h->op[i].response);
    }
    for (size_t i = 0; i < h->intervals; i++) {
        const struct saved_interval *one = &h->interval[i];
        /* The file may come from anybody: write a histogram only if it consists of base64
         * characters. */
        if (!base64_has_only(one->service) || !isfinite(one->start_s) || !isfinite(one->length_s))
            continue;
        add_tag(t, pool->name, NULL, NULL);
        add_line(t, fmax(0, one->start_s), one->length_s,
                 isfinite(one->max_us) ? one->max_us / 1e3 : 0, one->service);
        n++;
    }
    return n;
}

int hlog_text(const struct saved_run *run, struct text *t, struct err *err)
{
    double began = json_moment(run->started);
    time_t seconds = isfinite(began) ? (time_t)began : 0;
    struct tm tm;
    char date[64] = "";
    unsigned n = 0;
    if (gmtime_r(&seconds, &tm))
        strftime(date, sizeof date, "%a %b %d %H:%M:%S UTC %Y", &tm);
    text_add_line(t, "#[Logged by loadtop %s]", run->loadtop);
    text_add(t, "#[Histogram log format version 1.3]\n");
    text_add(t, "#[StartTime: %.3f (seconds since epoch), %s]\n", isfinite(began) ? began : 0,
             date);
    text_add(t, "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
                "\"Interval_Compressed_Histogram\"\n");
    for (size_t i = 0; i < run->pools; i++)
        n += add_pool(t, run, &run->pool[i]);
    if (!n)
        return err_set(err, ERR_USAGE,
                       "this run has no histograms: nothing completed, or it was saved while it "
                       "went on or without zlib");
    return 0;
}
