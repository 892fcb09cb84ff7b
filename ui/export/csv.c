/* See csv.h. The columns are one table each; values are copied from the JSON as they stand there,
 * so both say the same. Called by report. */
#include "ui/export/csv.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "engine/base/text.h"
#include "engine/base/utf8.h"
#include "ui/json/read.h"

static const char *const series_columns[] = {"t_s",     "span_s",          "offered", "completed",
                                             "errors",  "timeouts",        "dropped", "threads",
                                             "clients", "in_flight",       "p50_us",  "p99_us",
                                             "max_us",  "response_p99_us", "paused",  NULL};
static const char *const plateau_columns[] = {"start_s",
                                              "end_s",
                                              "vars/threads",
                                              "vars/clients",
                                              "vars/connections",
                                              "vars/pattern",
                                              "vars/depth",
                                              "vars/rate_per_s",
                                              "vars/rows",
                                              "vars/think",
                                              "vars/ops",
                                              "in_flight",
                                              "throughput_per_s",
                                              "ci95",
                                              "p50_us",
                                              "p99_us",
                                              "cpu_share",
                                              "rss_bytes",
                                              "valid",
                                              "why_not",
                                              NULL};

/* A record is one line, also for readers that know no quotes; and no spreadsheet takes words for a
 * formula. */
static void add_words(struct text *t, const char *words)
{
    struct text line = {.limit = SIZE_MAX / 4};
    text_put_shown(&line, words);
    const char *s = text_str(&line);
    bool formula = *words && strchr("=+-@\t\r", *words);
    if (!formula && !strpbrk(s, ",\"")) {
        text_put(t, s, line.len);
    } else {
        text_add(t, "\"%s", formula ? "'" : "");
        for (; *s; s++)
            text_add(t, *s == '"' ? "\"\"" : "%c", *s);
        text_add(t, "\"");
    }
    text_free(&line);
}

static void add_value(struct text *t, const json_t *v)
{
    if (json_is_string(v))
        add_words(t, json_string_value(v));
    else if (json_is_boolean(v))
        text_add(t, "%s", json_is_true(v) ? "true" : "false");
    else if (json_is_integer(v))
        text_add(t, "%lld", (long long)json_integer_value(v));
    else if (json_is_real(v))
        text_add(t, "%.15g", json_real_value(v));
}

static void add_table(const json_t *run, struct text *t, const char *list,
                      const char *const *column)
{
    text_add(t, "pool");
    for (unsigned c = 0; column[c]; c++) {
        const char *name = strrchr(column[c], '/');
        text_add(t, ",%s", name ? name + 1 : column[c]);
    }
    text_add(t, "\n");
    for (size_t p = 0; p < json_count(run, "pools"); p++) {
        const json_t *pool = json_nth(run, "pools", p);
        for (size_t i = 0; i < json_count(pool, list); i++) {
            const json_t *row = json_nth(pool, list, i);
            add_words(t, json_txt(pool, "name"));
            for (unsigned c = 0; column[c]; c++) {
                text_add(t, ",");
                add_value(t, json_at(row, column[c]));
            }
            text_add(t, "\n");
        }
    }
}

void csv_series(const json_t *run, struct text *t)
{
    add_table(run, t, "series", series_columns);
}

void csv_plateaus(const json_t *run, struct text *t)
{
    add_table(run, t, "plateaus", plateau_columns);
}
