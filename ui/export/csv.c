/* See csv.h. Each kind of row has one table of columns, which names members of the saved run.
 * Values are written as in the JSON, so both files agree. Called by report. */
#include "ui/export/csv.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/text.h"
#include "engine/base/utf8.h"
#include "ui/json/saved_run.h"

static const struct member second_columns[] = {
    MEMBER_OF(MEMBER_NUMBER, saved_second, t_s, "t_s"),
    MEMBER_OF(MEMBER_NUMBER, saved_second, span_s, "span_s"),
    MEMBER_OF(MEMBER_NUMBER, saved_second, offered, "offered"),
    MEMBER_OF(MEMBER_NUMBER, saved_second, completed, "completed"),
    MEMBER_OF(MEMBER_NUMBER, saved_second, errors, "errors"),
    MEMBER_OF(MEMBER_NUMBER, saved_second, timeouts, "timeouts"),
    MEMBER_OF(MEMBER_NUMBER, saved_second, dropped, "dropped"),
    MEMBER_OF(MEMBER_NUMBER, saved_second, threads, "threads"),
    MEMBER_OF(MEMBER_NUMBER, saved_second, clients, "clients"),
    MEMBER_OF(MEMBER_NUMBER, saved_second, in_flight, "in_flight"),
    MEMBER_OF(MEMBER_NUMBER, saved_second, p50_us, "p50_us"),
    MEMBER_OF(MEMBER_NUMBER, saved_second, p99_us, "p99_us"),
    MEMBER_OF(MEMBER_NUMBER, saved_second, max_us, "max_us"),
    MEMBER_OF(MEMBER_NUMBER, saved_second, response_p99_us, "response_p99_us"),
    MEMBER_OF(MEMBER_FLAG, saved_second, paused, "paused"),
};
static const struct member_table seconds_table = {MEMBER_TABLE(saved_second, second_columns)};

static const struct member plateau_columns[] = {
    MEMBER_OF(MEMBER_NUMBER, saved_plateau, start_s, "start_s"),
    MEMBER_OF(MEMBER_NUMBER, saved_plateau, end_s, "end_s"),
    MEMBER_OF(MEMBER_NUMBER, saved_plateau, vars.threads, "threads"),
    MEMBER_OF(MEMBER_NUMBER, saved_plateau, vars.clients, "clients"),
    MEMBER_OF(MEMBER_NUMBER, saved_plateau, vars.connections, "connections"),
    MEMBER_OF(MEMBER_TEXT, saved_plateau, vars.pattern, "pattern"),
    MEMBER_OF(MEMBER_NUMBER, saved_plateau, vars.depth, "depth"),
    MEMBER_OF(MEMBER_NUMBER, saved_plateau, vars.rate_per_s, "rate_per_s"),
    MEMBER_OF(MEMBER_NUMBER, saved_plateau, vars.rows, "rows"),
    MEMBER_OF(MEMBER_TEXT, saved_plateau, vars.think, "think"),
    MEMBER_OF(MEMBER_TEXT, saved_plateau, vars.ops, "ops"),
    MEMBER_OF(MEMBER_NUMBER, saved_plateau, in_flight, "in_flight"),
    MEMBER_OF(MEMBER_NUMBER, saved_plateau, throughput_per_s, "throughput_per_s"),
    MEMBER_OF(MEMBER_NUMBER, saved_plateau, ci95, "ci95"),
    MEMBER_OF(MEMBER_NUMBER, saved_plateau, p50_us, "p50_us"),
    MEMBER_OF(MEMBER_NUMBER, saved_plateau, p99_us, "p99_us"),
    MEMBER_OF(MEMBER_NUMBER, saved_plateau, cpu_share, "cpu_share"),
    MEMBER_OF(MEMBER_NUMBER, saved_plateau, rss_bytes, "rss_bytes"),
    MEMBER_OF(MEMBER_FLAG, saved_plateau, valid, "valid"),
    MEMBER_OF(MEMBER_TEXT, saved_plateau, why_not, "why_not"),
};
static const struct member_table plateaus_table = {MEMBER_TABLE(saved_plateau, plateau_columns)};

/* What readers of CSV take for absent or for a truth value, quoted or not, in any column: pandas
 * (its NA values), R, spreadsheets. */
static bool is_special_word(const char *s)
{
    static const char *const words[] = {
        "null", "na",   "n/a",   "nan", "none", "#n/a",    "#n/a n/a", "#na",    "<na>",
        "-nan", "true", "false", "t",   "f",    "-1.#ind", "-1.#qnan", "1.#ind", "1.#qnan"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(s, words[i]) == 0)
            return true;
    return false;
}

/* Would a spreadsheet take the text for a formula, or a reader for something that is no text? */
static bool is_taken_for_other(const char *s)
{
    char *end;
    if (!*s)
        return false;
    if (strchr("=+-@\t\r", *s) || is_special_word(s))
        return true;
    strtod(s, &end); /* inf and nan are numbers there too */
    return !*end;
}

/* Adds a text as one line, also for readers that do not know quotes, and so that it is read as a
 * text. */
static void add_words(struct text *t, const char *words)
{
    struct text line = {.limit = SIZE_MAX / 4};
    text_put_shown(&line, words);
    const char *s = text_str(&line);
    bool marked = is_taken_for_other(words) || is_taken_for_other(s);
    if (!marked && !strpbrk(s, ",\"")) {
        text_put(t, s, line.len);
    } else {
        text_add(t, "\"%s", marked ? "'" : "");
        for (; *s; s++)
            text_add(t, *s == '"' ? "\"\"" : "%c", *s);
        text_add(t, "\"");
    }
    text_free(&line);
}

static void add_number(struct text *t, double v)
{
    if (isfinite(v) && v == floor(v) && fabs(v) < 1e15)
        text_add(t, "%.0f", v);
    else if (isfinite(v))
        text_add(t, "%.15g", v);
}

/* Adds a value; absent values are empty cells. */
static void add_value(struct text *t, const struct member *column, const char *row)
{
    const void *at = row + column->at;
    if (column->type == MEMBER_TEXT)
        add_words(t, *(const char *const *)at);
    else if (column->type == MEMBER_NUMBER)
        add_number(t, *(const double *)at);
    else if (*(const enum flag *)at != FLAG_UNKNOWN)
        text_add(t, "%s", *(const enum flag *)at == FLAG_YES ? "true" : "false");
}

static void add_heads(struct text *t, const struct member_table *table)
{
    text_add(t, "pool");
    for (size_t c = 0; c < table->members; c++)
        text_add(t, ",%s", table->member[c].name);
    text_add(t, "\n");
}

/* Adds a row for each struct of the array `rows`, with the columns of the table. */
static void add_rows(struct text *t, const char *pool, const struct member_table *table,
                     const void *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        add_words(t, pool);
        for (size_t c = 0; c < table->members; c++) {
            text_add(t, ",");
            add_value(t, &table->member[c], (const char *)rows + i * table->size);
        }
        text_add(t, "\n");
    }
}

void csv_series(const struct saved_run *run, struct text *t)
{
    add_heads(t, &seconds_table);
    for (size_t i = 0; i < run->pools; i++)
        add_rows(t, run->pool[i].name, &seconds_table, run->pool[i].second, run->pool[i].seconds);
}

void csv_plateaus(const struct saved_run *run, struct text *t)
{
    add_heads(t, &plateaus_table);
    for (size_t i = 0; i < run->pools; i++)
        add_rows(t, run->pool[i].name, &plateaus_table, run->pool[i].plateau,
                 run->pool[i].plateaus);
}
