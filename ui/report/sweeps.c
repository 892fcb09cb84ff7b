/* The sweeps of a pool as tables: for two variables a matrix of throughput with efficiency or gain;
 * and one line with all figures for each combination. See sweeps.h. The summary on stdout shows the
 * same tables. */
#include "ui/report/sweeps.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/text.h"
#include "ui/json/saved_run.h"
#include "ui/page/doc.h"
#include "ui/page/figures.h"

#define COLUMNS_MOST 48

/* Writes "93 %" or "3.41"; in brackets when one of the two cells is not steady or not valid. */
static const char *relative_text(char *buf, size_t size, const struct saved_sweep *sweep,
                                 const struct saved_cell *cell, size_t var)
{
    double r = cell->relative[var];
    bool sound = cell->relative_valid[var] == FLAG_YES, scales = saved_var_scales(&sweep->var[var]);
    if (isnan(r))
        return copy_str(buf, size, "-");
    snprintf(buf, size, scales ? (sound ? "%.0f %%" : "(%.0f %%)") : (sound ? "%.2f" : "(%.2f)"),
             scales ? 100 * r : r);
    return buf;
}

static bool is_steady(const struct saved_cell *cell)
{
    return strcmp(cell->state, "steady") == 0;
}

static void throughput_cell(struct doc *d, const struct saved_cell *cell)
{
    double x = cell->measured.throughput_per_s, half = cell->measured.ci95;
    bool counts = is_steady(cell) && cell->measured.valid == FLAG_YES;
    if (strcmp(cell->state, "same") == 0)
        doc_cell(d, "no depth");
    else if (isnan(x))
        doc_cell(d, "-");
    else if (counts)
        doc_cell(d, "%s ±%s", fig_number(x), fig_number(half));
    else
        doc_cell(d, "(%s)", fig_number(x));
}

/* Writes "server 93 %": the bottleneck with its share. */
static const char *limit_text(char *buf, size_t size, const struct saved_cell *cell)
{
    const char *kind = cell->measured.bottleneck.kind;
    double share = cell->measured.bottleneck.share;
    if (!*kind || strcmp(kind, "none") == 0)
        return copy_str(buf, size, "-");
    if (isnan(share))
        return copy_str(buf, size, kind);
    snprintf(buf, size, "%s %s", kind, fig_share(share));
    return buf;
}

enum matrix { THROUGHPUT, RELATIVE, CPU, LIMIT };

static void matrix_cell(struct doc *d, const struct saved_sweep *sweep,
                        const struct saved_cell *cell, enum matrix what, size_t var)
{
    char text[32];
    if (what == THROUGHPUT)
        throughput_cell(d, cell);
    else if (what == LIMIT)
        doc_cell(d, "%s", limit_text(text, sizeof text, cell));
    else if (what == CPU)
        doc_cell(d, "%s", fig_share(cell->measured.cpu_share));
    else
        doc_cell(d, "%s", relative_text(text, sizeof text, sweep, cell, var));
}

static void add_matrix(struct doc *d, const struct saved_sweep *sweep, enum matrix what, size_t var,
                       const char *corner)
{
    size_t rows = sweep->var[0].values, columns = sweep->var[1].values;
    char text[COLUMNS_MOST + 2][96];
    const char *heads[COLUMNS_MOST + 2];
    if (columns > COLUMNS_MOST)
        columns = COLUMNS_MOST;
    snprintf(text[0], sizeof text[0], "<%.90s", corner);
    heads[0] = text[0];
    for (size_t k = 0; k < columns; k++) {
        snprintf(text[k + 1], sizeof text[k + 1], "%.40s %.40s", sweep->var[1].name,
                 sweep->var[1].value[k]);
        heads[k + 1] = text[k + 1];
    }
    heads[columns + 1] = NULL;
    doc_table(d, heads);
    for (size_t i = 0; i < rows; i++) {
        doc_cell(d, "%s %s", sweep->var[0].name, sweep->var[0].value[i]);
        for (size_t k = 0; k < columns; k++)
            matrix_cell(d, sweep, &sweep->cell[i * sweep->var[1].values + k], what, var);
    }
    doc_table_end(d);
    doc_gap(d);
}

static void add_matrices(struct doc *d, const struct saved_sweep *sweep)
{
    char corner[96];
    add_matrix(d, sweep, THROUGHPUT, 0, "throughput /s ±95 %");
    for (size_t v = 0; v < 2; v++) {
        snprintf(corner, sizeof corner,
                 saved_var_scales(&sweep->var[v]) ? "efficiency by %.40s" : "gain by %.40s",
                 sweep->var[v].name);
        add_matrix(d, sweep, RELATIVE, v, corner);
    }
    add_matrix(d, sweep, CPU, 0, "client CPU, busiest thread");
    add_matrix(d, sweep, LIMIT, 0, "limited by");
    doc_para(d, "Limited by: client, its busiest thread uses 80 %% of a core or more; server and "
                "network, their share of the time of an answer where it is measured (the server "
                "says itself how long it works on a request, or the round trip at rest is known); "
                "rate, what was asked for.");
}

/* The value of one of the backend's own columns. */
static const char *column_text(char *buf, size_t size, const struct saved_sweep *sweep,
                               const struct saved_cell *cell, size_t column)
{
    const char *unit = sweep->column[column].unit, *word = cell->own_word[column];
    double v = cell->own[column];
    if (strcmp(unit, "word") == 0)
        return copy_str(buf, size, *word ? word : "-");
    return copy_str(buf, size,
                    strcmp(unit, "share") == 0   ? fig_share(v)
                    : strcmp(unit, "bytes") == 0 ? fig_bytes(v)
                                                 : fig_number(v));
}

static void add_row(struct doc *d, const struct saved_sweep *sweep, const struct saved_cell *cell)
{
    double rate = cell->measured.throughput_per_s;
    const char *why = cell->measured.why_not, *caution = cell->measured.caution;
    char text[48];
    for (size_t v = 0; v < sweep->vars; v++)
        doc_cell(d, "%s", cell->at[v]);
    doc_cell(d, "%s", fig_number(cell->measured.in_flight));
    doc_cell(d, is_steady(cell) && *why == '\0' ? "%s" : "(%s)", fig_number(rate));
    doc_cell(d, "%s", fig_number(cell->measured.ci95));
    for (size_t v = 0; v < sweep->vars; v++)
        doc_cell(d, "%s", relative_text(text, sizeof text, sweep, cell, v));
    doc_cell(d, "%s", fig_us(cell->measured.p50_us));
    doc_cell(d, "%s", fig_us(cell->measured.p99_us));
    doc_cell(d, "%s", fig_share(cell->measured.cpu_share));
    doc_cell(d, "%s", fig_share(cell->measured.server_cpu_share));
    doc_cell(d, "%s", limit_text(text, sizeof text, cell));
    doc_cell(d, "%s", fig_bytes(cell->measured.anon_bytes));
    for (size_t b = 0; b < sweep->columns; b++)
        doc_cell(d, "%s", column_text(text, sizeof text, sweep, cell, b));
    doc_cell(d, "%s%s",
             isnan(rate)       ? "not measured"
             : *why            ? why
             : *caution        ? "yes, but "
             : is_steady(cell) ? "yes"
                               : "no",
             *why ? "" : caution);
}

static void add_rows(struct doc *d, const struct saved_sweep *sweep)
{
    const char *heads[40],
        *fixed[] = {"N", "per second", "±95 %"},
        *more[] = {"p50", "p99", "client CPU", "server CPU", "limited by", "memory"};
    char text[2][64];
    size_t n = 0, vars = sweep->vars;
    for (size_t v = 0; v < vars && v < 2; v++)
        heads[n++] = sweep->var[v].name;
    for (unsigned i = 0; i < 3; i++)
        heads[n++] = fixed[i];
    for (size_t v = 0; v < vars && v < 2; v++) {
        snprintf(text[v], sizeof text[v],
                 saved_var_scales(&sweep->var[v]) ? "eff by %.40s" : "gain by %.40s",
                 sweep->var[v].name);
        heads[n++] = text[v];
    }
    for (unsigned i = 0; i < sizeof more / sizeof *more; i++)
        heads[n++] = more[i];
    for (size_t b = 0; b < sweep->columns; b++)
        heads[n++] = sweep->column[b].name;
    heads[n++] = "<valid";
    heads[n] = NULL;
    doc_table(d, heads);
    for (size_t i = 0; i < sweep->cells; i++)
        if (strcmp(sweep->cell[i].state, "same") != 0)
            add_row(d, sweep, &sweep->cell[i]);
    doc_table_end(d);
}

void report_sweep(struct doc *d, const struct saved_sweep *sweep)
{
    const char *ended = sweep->ended_by;
    doc_heading(d, 3, "Sweep %s", sweep->spec);
    doc_para(d,
             "%s%s.%s A value in brackets is not steady or not valid, and is in no fit; "
             "memory is anonymous, above the idle program, of the whole process.",
             *ended ? "Ended: " : "Not ended", ended,
             sweep->resumable == FLAG_YES ? " The command `sweep resume` goes on with it." : "");
    if (sweep->vars == 2)
        add_matrices(d, sweep);
    add_rows(d, sweep);
}

void report_sweeps(struct doc *d, const struct saved_pool *pool)
{
    for (size_t i = 0; i < pool->sweeps; i++)
        report_sweep(d, &pool->sweep[i]);
}
