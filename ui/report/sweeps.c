/* The sweeps of a pool as tables: a matrix of throughput and of what each variable brings, where
 * two were swept; and one line for each combination with all that is known of it. See sweeps.h. The
 * summary on stdout shows the same tables. */
#include "ui/report/sweeps.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/text.h"
#include "ui/json/read.h"
#include "ui/page/doc.h"
#include "ui/page/figures.h"

#define COLUMNS_MOST 48
#define OWN_MOST 16

static const char *var_name(const json_t *sweep, size_t i)
{
    return json_txt(json_nth(sweep, "vars", i), "name");
}

static bool scales(const json_t *sweep, size_t i)
{
    return strcmp(json_txt(json_nth(sweep, "vars", i), "relative"), "efficiency") == 0;
}

static const char *value_at(const json_t *sweep, size_t var, size_t i)
{
    const json_t *v = json_nth(json_nth(sweep, "vars", var), "values", i);
    return json_is_string(v) ? json_string_value(v) : "";
}

static double relative(const json_t *cell, const char *var)
{
    const json_t *o = json_at(cell, "relative");
    const json_t *v = json_is_object(o) ? json_object_get(o, var) : NULL;
    return json_is_number(v) ? json_number_value(v) : NAN;
}

/* "93 %", "3.41"; in brackets when one of the two is not steady or not valid. */
static const char *relative_text(char *buf, size_t size, const json_t *sweep, const json_t *cell,
                                 size_t var)
{
    double r = relative(cell, var_name(sweep, var));
    const json_t *all = json_at(cell, "relative_valid");
    bool sound = json_is_object(all) && json_is_true(json_object_get(all, var_name(sweep, var)));
    if (isnan(r))
        return copy_str(buf, size, "-");
    snprintf(buf, size,
             scales(sweep, var) ? (sound ? "%.0f %%" : "(%.0f %%)") : (sound ? "%.2f" : "(%.2f)"),
             scales(sweep, var) ? 100 * r : r);
    return buf;
}

static bool is_steady(const json_t *cell)
{
    return strcmp(json_txt(cell, "state"), "steady") == 0;
}

static void throughput_cell(struct doc *d, const json_t *cell)
{
    double x = json_num(cell, "throughput_per_s"), half = json_num(cell, "ci95");
    bool counts = is_steady(cell) && json_yes(cell, "valid");
    if (strcmp(json_txt(cell, "state"), "same") == 0)
        doc_cell(d, "no depth");
    else if (isnan(x))
        doc_cell(d, "-");
    else if (counts)
        doc_cell(d, "%s ±%s", fig_number(x), fig_number(half));
    else
        doc_cell(d, "(%s)", fig_number(x));
}

/* "server 93 %": who it was, and the measurement that says so. */
static const char *limit_text(char *buf, size_t size, const json_t *cell)
{
    const char *kind = json_txt(cell, "bottleneck/kind");
    double share = json_num(cell, "bottleneck/share");
    if (!*kind || strcmp(kind, "none") == 0)
        return copy_str(buf, size, "-");
    if (isnan(share))
        return copy_str(buf, size, kind);
    snprintf(buf, size, "%s %s", kind, fig_share(share));
    return buf;
}

enum matrix { THROUGHPUT, RELATIVE, CPU, LIMIT };

static void matrix_cell(struct doc *d, const json_t *sweep, const json_t *cell, enum matrix what,
                        size_t var)
{
    char text[32];
    if (what == THROUGHPUT)
        throughput_cell(d, cell);
    else if (what == LIMIT)
        doc_cell(d, "%s", limit_text(text, sizeof text, cell));
    else if (what == CPU)
        doc_cell(d, "%s", fig_share(json_num(cell, "cpu_share")));
    else
        doc_cell(d, "%s", relative_text(text, sizeof text, sweep, cell, var));
}

static void add_matrix(struct doc *d, const json_t *sweep, enum matrix what, size_t var,
                       const char *corner)
{
    size_t rows = json_count(json_nth(sweep, "vars", 0), "values"),
           columns = json_count(json_nth(sweep, "vars", 1), "values");
    char text[COLUMNS_MOST + 2][96];
    const char *heads[COLUMNS_MOST + 2];
    if (columns > COLUMNS_MOST)
        columns = COLUMNS_MOST;
    snprintf(text[0], sizeof text[0], "<%.90s", corner);
    heads[0] = text[0];
    for (size_t k = 0; k < columns; k++) {
        snprintf(text[k + 1], sizeof text[k + 1], "%.40s %.40s", var_name(sweep, 1),
                 value_at(sweep, 1, k));
        heads[k + 1] = text[k + 1];
    }
    heads[columns + 1] = NULL;
    doc_table(d, heads);
    for (size_t i = 0; i < rows; i++) {
        doc_cell(d, "%s %s", var_name(sweep, 0), value_at(sweep, 0, i));
        for (size_t k = 0; k < columns; k++)
            matrix_cell(
                d, sweep,
                json_nth(sweep, "cells", i * json_count(json_nth(sweep, "vars", 1), "values") + k),
                what, var);
    }
    doc_table_end(d);
    doc_gap(d);
}

static void add_matrices(struct doc *d, const json_t *sweep)
{
    char corner[96];
    add_matrix(d, sweep, THROUGHPUT, 0, "throughput /s ±95 %");
    for (size_t v = 0; v < 2; v++) {
        snprintf(corner, sizeof corner, scales(sweep, v) ? "efficiency by %.40s" : "gain by %.40s",
                 var_name(sweep, v));
        add_matrix(d, sweep, RELATIVE, v, corner);
    }
    add_matrix(d, sweep, CPU, 0, "client CPU, busiest thread");
    add_matrix(d, sweep, LIMIT, 0, "limited by");
    doc_para(d, "Limited by: client, its busiest thread uses 80 %% of a core or more; server and "
                "network, their share of the time of an answer where it is measured (the server "
                "says itself how long it works on a request, or the round trip at rest is known); "
                "rate, what was asked for.");
}

/* A figure of the backend's own. */
static const char *column_text(char *buf, size_t size, const json_t *cell, const json_t *column)
{
    const char *unit = json_txt(column, "unit"), *key = json_txt(column, "key");
    const json_t *all = json_at(cell, "columns");
    double v = json_num(all, key);
    if (strcmp(unit, "word") == 0)
        return copy_str(buf, size, *json_txt(all, key) ? json_txt(all, key) : "-");
    return copy_str(buf, size,
                    strcmp(unit, "share") == 0   ? fig_share(v)
                    : strcmp(unit, "bytes") == 0 ? fig_bytes(v)
                                                 : fig_number(v));
}

static void add_row(struct doc *d, const json_t *sweep, const json_t *cell)
{
    double rate = json_num(cell, "throughput_per_s");
    const char *why = json_txt(cell, "why_not"), *caution = json_txt(cell, "caution");
    char text[48];
    for (size_t v = 0; v < json_count(sweep, "vars"); v++) {
        const json_t *at = json_object_get(json_at(cell, "at"), var_name(sweep, v));
        doc_cell(d, "%s", json_is_string(at) ? json_string_value(at) : "");
    }
    doc_cell(d, "%s", fig_number(json_num(cell, "in_flight")));
    doc_cell(d, is_steady(cell) && *why == '\0' ? "%s" : "(%s)", fig_number(rate));
    doc_cell(d, "%s", fig_number(json_num(cell, "ci95")));
    for (size_t v = 0; v < json_count(sweep, "vars"); v++)
        doc_cell(d, "%s", relative_text(text, sizeof text, sweep, cell, v));
    doc_cell(d, "%s", fig_us(json_num(cell, "p50_us")));
    doc_cell(d, "%s", fig_us(json_num(cell, "p99_us")));
    doc_cell(d, "%s", fig_share(json_num(cell, "cpu_share")));
    doc_cell(d, "%s", fig_share(json_num(cell, "server_cpu_share")));
    doc_cell(d, "%s", limit_text(text, sizeof text, cell));
    doc_cell(d, "%s", fig_bytes(json_num(cell, "anon_bytes")));
    for (size_t b = 0; b < json_count(sweep, "columns") && b < OWN_MOST; b++)
        doc_cell(d, "%s", column_text(text, sizeof text, cell, json_nth(sweep, "columns", b)));
    doc_cell(d, "%s%s",
             isnan(rate)       ? "not measured"
             : *why            ? why
             : *caution        ? "yes, but "
             : is_steady(cell) ? "yes"
                               : "no",
             *why ? "" : caution);
}

static void add_rows(struct doc *d, const json_t *sweep)
{
    const char *heads[40],
        *fixed[] = {"N", "per second", "±95 %"},
        *more[] = {"p50", "p99", "client CPU", "server CPU", "limited by", "memory"};
    char text[2][64];
    size_t n = 0, vars = json_count(sweep, "vars");
    for (size_t v = 0; v < vars && v < 2; v++)
        heads[n++] = var_name(sweep, v);
    for (unsigned i = 0; i < 3; i++)
        heads[n++] = fixed[i];
    for (size_t v = 0; v < vars && v < 2; v++) {
        snprintf(text[v], sizeof text[v], scales(sweep, v) ? "eff by %.40s" : "gain by %.40s",
                 var_name(sweep, v));
        heads[n++] = text[v];
    }
    for (unsigned i = 0; i < sizeof more / sizeof *more; i++)
        heads[n++] = more[i];
    for (size_t b = 0; b < json_count(sweep, "columns") && b < OWN_MOST; b++)
        heads[n++] = json_txt(json_nth(sweep, "columns", b), "name");
    heads[n++] = "<valid";
    heads[n] = NULL;
    doc_table(d, heads);
    for (size_t i = 0; i < json_count(sweep, "cells"); i++)
        if (strcmp(json_txt(json_nth(sweep, "cells", i), "state"), "same") != 0)
            add_row(d, sweep, json_nth(sweep, "cells", i));
    doc_table_end(d);
}

void report_sweep(struct doc *d, const json_t *sweep)
{
    const char *ended = json_txt(sweep, "ended_by");
    doc_heading(d, 3, "Sweep %s", json_txt(sweep, "spec"));
    doc_para(d,
             "%s%s.%s A value in brackets is not steady or not valid, and is in no fit; "
             "memory is anonymous, above the idle program, of the whole process.",
             *ended ? "Ended: " : "Not ended", ended,
             json_yes(sweep, "resumable") ? " The command `sweep resume` goes on with it." : "");
    if (json_count(sweep, "vars") == 2)
        add_matrices(d, sweep);
    add_rows(d, sweep);
}

void report_sweeps(struct doc *d, const json_t *pool)
{
    for (size_t i = 0; i < json_count(pool, "sweeps"); i++)
        report_sweep(d, json_nth(pool, "sweeps", i));
}
