/* See saved_load.h. The tables describe what ui/json/sweep.c and scaling.c write. Called by
 * saved_run.c. */
#include "ui/json/saved_load.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/err.h"
#include "engine/stats/usl.h"

/* ---- a period at one load ---- */

#define AMOUNT(s, member) MEMBER_OF(MEMBER_AMOUNT, s, member, #member)
#define NUMBER(s, member) MEMBER_OF(MEMBER_NUMBER, s, member, #member)
#define TEXT(s, member) MEMBER_OF(MEMBER_TEXT, s, member, #member)
#define FLAG(s, member) MEMBER_OF(MEMBER_FLAG, s, member, #member)

static const struct member latency_members[] = {
    AMOUNT(saved_latency, min_us),   AMOUNT(saved_latency, mean_us),
    AMOUNT(saved_latency, p50_us),   AMOUNT(saved_latency, p90_us),
    AMOUNT(saved_latency, p95_us),   AMOUNT(saved_latency, p99_us),
    AMOUNT(saved_latency, p99_9_us), AMOUNT(saved_latency, p99_99_us),
    AMOUNT(saved_latency, max_us),   AMOUNT(saved_latency, count),
};
const struct member_table saved_latency_table = {MEMBER_TABLE(saved_latency, latency_members)};

static const struct member vars_members[] = {
    AMOUNT(saved_vars, threads), AMOUNT(saved_vars, clients),     AMOUNT(saved_vars, depth),
    AMOUNT(saved_vars, rows),    AMOUNT(saved_vars, connections), AMOUNT(saved_vars, rate_per_s),
    TEXT(saved_vars, pattern),   TEXT(saved_vars, think),         TEXT(saved_vars, ops),
};
static const struct member_table vars_table = {MEMBER_TABLE(saved_vars, vars_members)};

static const struct member bottleneck_members[] = {
    TEXT(saved_bottleneck, kind),
    TEXT(saved_bottleneck, why),
    NUMBER(saved_bottleneck, share),
};
const struct member_table saved_bottleneck_table = {
    MEMBER_TABLE(saved_bottleneck, bottleneck_members)};

static const struct member plateau_members[] = {
    NUMBER(saved_plateau, start_s),
    NUMBER(saved_plateau, end_s),
    MEMBER_IN(saved_plateau, vars, "vars", &vars_table),
    AMOUNT(saved_plateau, in_flight),
    NUMBER(saved_plateau, throughput_per_s),
    NUMBER(saved_plateau, ci95),
    AMOUNT(saved_plateau, p50_us),
    AMOUNT(saved_plateau, p99_us),
    MEMBER_IN(saved_plateau, response, "response", &saved_latency_table),
    NUMBER(saved_plateau, cpu_share),
    NUMBER(saved_plateau, server_cpu_share),
    AMOUNT(saved_plateau, rss_bytes),
    NUMBER(saved_plateau, anon_bytes),
    MEMBER_IN(saved_plateau, bottleneck, "bottleneck", &saved_bottleneck_table),
    FLAG(saved_plateau, valid),
    TEXT(saved_plateau, why_not),
    TEXT(saved_plateau, caution),
};
const struct member_table saved_plateau_table = {MEMBER_TABLE(saved_plateau, plateau_members)};

/* ---- sweeps ---- */

static int read_values(struct member_reader *r, const json_t *o, void *out)
{
    struct saved_var *v = out;
    const json_t *list = json_object_get(o, "values");
    if (list && !json_is_array(list))
        return members_refuse(r, "values", "no list");
    v->values = json_array_size(list);
    v->value = v->values ? members_room(r, v->values, sizeof *v->value) : NULL;
    if (v->values && !v->value)
        return ERR_USAGE;
    for (size_t i = 0; i < v->values; i++) {
        v->value[i] = json_string_value(json_array_get(list, i));
        if (!v->value[i])
            return members_refuse(r, "values", "not all text");
    }
    return 0;
}

static const struct member var_members[] = {TEXT(saved_var, name), TEXT(saved_var, relative)};
static const struct member_table var_table = {MEMBER_TABLE(saved_var, var_members),
                                              .also = read_values};

static const struct member column_members[] = {TEXT(saved_column, key), TEXT(saved_column, name),
                                               TEXT(saved_column, unit)};
static const struct member_table column_table = {MEMBER_TABLE(saved_column, column_members)};

static const struct member cell_members[] = {TEXT(saved_cell, state)};

static int read_measured(struct member_reader *r, const json_t *o, void *out)
{
    return members_read_on(r, &saved_plateau_table, o, &((struct saved_cell *)out)->measured);
}

static const struct member_table cell_table = {MEMBER_TABLE(saved_cell, cell_members),
                                               .also = read_measured};

/* Reads what a cell has for each variable and column of the sweep. */
static int read_by_name(struct member_reader *r, const struct saved_sweep *s, const json_t *o,
                        struct saved_cell *c)
{
    int code = 0;
    for (size_t v = 0; v < s->vars && code == 0; v++) {
        const char *name = s->var[v].name;
        code = members_text(r, json_object_get(o, "at"), name, &c->at[v]);
        if (code == 0)
            code = members_number(r, json_object_get(o, "relative"), name, &c->relative[v]);
        if (code == 0)
            code =
                members_flag(r, json_object_get(o, "relative_valid"), name, &c->relative_valid[v]);
    }
    for (size_t b = 0; b < s->columns && b < SAVED_COLUMNS_MAX && code == 0; b++) {
        const json_t *own = json_object_get(o, "columns");
        bool word = strcmp(s->column[b].unit, "word") == 0;
        c->own[b] = NAN;
        c->own_word[b] = "";
        code = word ? members_text(r, own, s->column[b].key, &c->own_word[b])
                    : members_number(r, own, s->column[b].key, &c->own[b]);
    }
    return code;
}

static int read_cells(struct member_reader *r, const json_t *o, void *out)
{
    struct saved_sweep *s = out;
    const json_t *cells = json_object_get(o, "cells");
    int code = 0;
    if (s->vars > SAVED_VARS_MAX)
        return members_refuse(r, "vars", "longer than any sweep has it");
    if (s->vars == 2 && s->cells < s->var[0].values * s->var[1].values)
        return members_refuse(r, "cells", "shorter than its vars tell");
    if (s->columns > SAVED_COLUMNS_MAX)
        s->columns = SAVED_COLUMNS_MAX;
    for (size_t i = 0; i < s->cells && code == 0; i++)
        code = read_by_name(r, s, json_array_get(cells, i), &s->cell[i]);
    return code;
}

static const struct member sweep_members[] = {
    TEXT(saved_sweep, spec),
    TEXT(saved_sweep, ended_by),
    FLAG(saved_sweep, resumable),
    MEMBER_LIST_OF(MEMBER_LIST, saved_sweep, var, vars, "vars", &var_table),
    MEMBER_LIST_OF(MEMBER_LIST, saved_sweep, column, columns, "columns", &column_table),
    MEMBER_LIST_OF(MEMBER_LIST, saved_sweep, cell, cells, "cells", &cell_table),
};
const struct member_table saved_sweep_table = {MEMBER_TABLE(saved_sweep, sweep_members),
                                               .also = read_cells};

bool saved_var_scales(const struct saved_var *v)
{
    return strcmp(v->relative, "efficiency") == 0;
}

/* ---- scaling curves ---- */

/* Reads the numbers of a list; missing ones become NAN. */
static int read_numbers(struct member_reader *r, const char *name, const json_t *list, double *out,
                        size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const json_t *v = json_array_get(list, i);
        out[i] = json_is_number(v) ? json_number_value(v) : NAN;
        if (v && !json_is_number(v) && !json_is_null(v))
            return members_refuse(r, name, "no list of numbers");
    }
    return 0;
}

static int read_points(struct member_reader *r, const json_t *o, struct saved_curve *c)
{
    const json_t *list = json_object_get(o, "points");
    c->points = json_array_size(list);
    c->point = c->points ? members_room(r, c->points, sizeof *c->point) : NULL;
    if (c->points && !c->point)
        return ERR_USAGE;
    for (size_t i = 0; i < c->points; i++) {
        const json_t *v = json_array_get(list, i);
        if (!json_is_integer(v) || json_integer_value(v) < 0)
            return members_refuse(r, "points", "no list of indices");
        c->point[i] = (size_t)json_integer_value(v);
    }
    return 0;
}

static int read_fit(struct member_reader *r, const json_t *o, void *out)
{
    struct saved_curve *c = out;
    const json_t *errors = json_object_get(o, "standard_errors"),
                 *aicc = json_object_get(o, "aicc");
    double range[2] = {NAN, NAN};
    int code = read_points(r, o, c);
    if (code == 0)
        code = read_numbers(r, "peak_n_ci95", json_object_get(o, "peak_n_ci95"), range, 2);
    if (code == 0)
        code = members_number(r, errors, "lambda", &c->se_lambda);
    if (code == 0)
        code = members_number(r, errors, "sigma", &c->se_sigma);
    if (code == 0)
        code = members_number(r, errors, "kappa", &c->se_kappa);
    for (size_t i = 0; i < 3 && code == 0; i++)
        code = read_numbers(r, "covariance", json_array_get(json_object_get(o, "covariance"), i),
                            &c->covariance[3 * i], 3);
    for (int m = USL_LINEAR; m <= USL_FULL && code == 0; m++)
        code = members_number(r, aicc, usl_model_name((enum usl_model)m), &c->aicc[m]);
    if (code == 0) {
        c->peak_n_low = range[0];
        c->peak_n_high = range[1];
    }
    return code;
}

static const struct member curve_members[] = {
    TEXT(saved_curve, var),      TEXT(saved_curve, phase),
    TEXT(saved_curve, model),    TEXT(saved_curve, why_not),
    NUMBER(saved_curve, lambda), NUMBER(saved_curve, sigma),
    NUMBER(saved_curve, kappa),  NUMBER(saved_curve, dof),
    NUMBER(saved_curve, r2),     NUMBER(saved_curve, worst_residual),
    NUMBER(saved_curve, peak_n), NUMBER(saved_curve, peak_throughput_per_s),
    NUMBER(saved_curve, knee_n), NUMBER(saved_curve, n_most),
    FLAG(saved_curve, fits),     FLAG(saved_curve, peak_identified),
};
const struct member_table saved_curve_table = {MEMBER_TABLE(saved_curve, curve_members),
                                               .also = read_fit};

static double known_or(double v, double otherwise)
{
    return isfinite(v) ? v : otherwise;
}

bool saved_fit(const struct saved_curve *c, struct usl_fit *f)
{
    *f = (struct usl_fit){.lambda = c->lambda,
                          .sigma = c->sigma,
                          .kappa = c->kappa,
                          .se_lambda = c->se_lambda,
                          .se_sigma = c->se_sigma,
                          .se_kappa = c->se_kappa,
                          .dof = c->dof,
                          .r2 = c->r2,
                          .peak_n = c->peak_n,
                          .peak_x = c->peak_throughput_per_s,
                          .peak_n_low = c->peak_n_low,
                          .peak_n_high = c->peak_n_high,
                          .peak_identified = c->peak_identified == FLAG_YES,
                          .fits = c->fits == FLAG_YES,
                          .worst_residual = c->worst_residual,
                          .knee_n = c->knee_n,
                          .n_most = c->n_most,
                          .best = USL_FULL};
    for (int m = USL_LINEAR; m <= USL_FULL; m++) {
        f->aicc[m] = known_or(c->aicc[m], INFINITY);
        if (strcmp(c->model, usl_model_name((enum usl_model)m)) == 0)
            f->best = (enum usl_model)m;
    }
    for (int p = PHASE_LINEAR; p <= PHASE_RETROGRADE; p++)
        if (strcmp(c->phase, usl_phase_name((enum usl_phase)p)) == 0)
            f->phase = (enum usl_phase)p;
    for (unsigned i = 0; i < 9; i++)
        f->covariance[i / 3][i % 3] = known_or(c->covariance[i], 0);
    if (!f->fits) /* runs that were saved before had a peak all the same */
        usl_clear_curve(f);
    snprintf(f->why_not, sizeof f->why_not, "%s", c->why_not);
    return f->lambda > 0 && f->sigma >= 0 && f->kappa >= 0 && f->n_most > 0;
}
