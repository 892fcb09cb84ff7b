/* See hlog.h. Times in the log are seconds after its start; the greatest value of an interval is in
 * milliseconds, as HdrHistogram's own writer has it. Nothing is decoded: the JSON has each
 * histogram in the encoding that the log wants. Called by report. */
#include "ui/export/hlog.h"

#include <ctype.h>
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "engine/base/err.h"
#include "engine/base/text.h"
#include "engine/base/utf8.h"
#include "engine/stats/histogram.h"
#include "ui/json/histogram.h"
#include "ui/json/read.h"

static void add_tag(struct text *t, const char *pool, const char *op, const char *measure)
{
    struct text tag = {0};
    text_add_shown(&tag, "%s%s%s%s%s", pool, op ? "/" : "", op ? op : "", measure ? "/" : "",
                   measure ? measure : "");
    text_add(t, "Tag=");
    for (const char *s = text_str(&tag); *s; s++) /* what ends a tag, or a line */
        text_add(t, "%c", *s == ',' || isspace((unsigned char)*s) ? '_' : *s);
    text_free(&tag);
}

/* Base64, as the log wants it: the file may come from anybody. */
static bool is_encoded(const char *s)
{
    return *s && !s[strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")];
}

static void add_line(struct text *t, double start, double length, double max_ms,
                     const char *encoded)
{
    text_add(t, ",%.3f,%.3f,%.3f,%s\n", start, length, max_ms, encoded);
}

/* A histogram of the whole run. Its greatest value is read from it. */
static unsigned add_whole(struct text *t, const json_t *run, const char *pool, const char *op,
                          const char *measure, const json_t *encoded)
{
    struct histogram h = {0};
    double elapsed = json_num(run, "elapsed_s");
    if (!json_is_string(encoded) || histogram_init(&h))
        return 0;
    unsigned added = 0;
    if (json_histogram_read(&h, encoded) == 0) {
        add_tag(t, pool, op, measure);
        add_line(t, 0, isfinite(elapsed) ? elapsed : 0, (double)h.max / 1e6,
                 json_string_value(encoded));
        added = 1;
    }
    histogram_fini(&h);
    return added;
}

static unsigned add_pool(struct text *t, const json_t *run, const json_t *pool)
{
    const json_t *h = json_at(pool, "histograms"), *op;
    const char *name = json_txt(pool, "name"), *op_name;
    unsigned n = add_whole(t, run, name, NULL, "response", json_at(h, "response"));
    json_object_foreach(json_object_get(h, "by_op"), op_name, op)
    {
        n += add_whole(t, run, name, op_name, NULL, json_object_get(op, "service"));
        n += add_whole(t, run, name, op_name, "response", json_object_get(op, "response"));
    }
    for (size_t i = 0; i < json_count(h, "intervals"); i++) {
        const json_t *one = json_nth(h, "intervals", i);
        const char *s = json_txt(one, "service");
        double max = json_num(one, "max_us"), start = json_num(one, "start_s"),
               length = json_num(one, "length_s");
        if (!is_encoded(s) || !isfinite(start) || !isfinite(length))
            continue;
        add_tag(t, name, NULL, NULL);
        add_line(t, fmax(0, start), length, isfinite(max) ? max / 1e3 : 0, s);
        n++;
    }
    return n;
}

int hlog_text(const json_t *run, struct text *t, struct err *err)
{
    double began = json_moment(json_txt(run, "started"));
    time_t seconds = isfinite(began) ? (time_t)began : 0;
    struct tm tm;
    char date[64] = "";
    unsigned n = 0;
    if (gmtime_r(&seconds, &tm))
        strftime(date, sizeof date, "%a %b %d %H:%M:%S UTC %Y", &tm);
    text_add_line(t, "#[Logged by loadtop %s]", json_txt(run, "loadtop"));
    text_add(t, "#[Histogram log format version 1.3]\n");
    text_add(t, "#[StartTime: %.3f (seconds since epoch), %s]\n", isfinite(began) ? began : 0,
             date);
    text_add(t, "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
                "\"Interval_Compressed_Histogram\"\n");
    for (size_t i = 0; i < json_count(run, "pools"); i++)
        n += add_pool(t, run, json_nth(run, "pools", i));
    if (!n)
        return err_set(err, ERR_USAGE,
                       "this run has no histograms: nothing completed, or it was saved while it "
                       "went on or without zlib");
    return 0;
}
