/* See scaling.h. Parameters are written with all their digits: kappa is often 1e-7, and
 * rounding to decimals would make it 0. Called by pool.c and by `loadtop fit`. */
#include "ui/json/scaling.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/figures/plateau.h"
#include "engine/figures/scaling.h"
#include "engine/state/snapshot.h"
#include "engine/stats/usl.h"
#include "ui/json/part.h"

static json_t *pair(double a, double b)
{
    if (!isfinite(a) || !isfinite(b))
        return json_null();
    json_t *list = json_array();
    json_push(list, json_number(a));
    json_push(list, json_number(b));
    return list;
}

static json_t *errors_of(const struct usl_fit *f)
{
    json_t *o = json_object();
    json_put(o, "lambda", json_real_or_null(f->se_lambda));
    json_put(o, "sigma", json_real_or_null(f->se_sigma));
    json_put(o, "kappa", json_real_or_null(f->se_kappa));
    return o;
}

static json_t *covariance(const struct usl_fit *f)
{
    json_t *rows = json_array();
    for (unsigned i = 0; i < 3; i++) {
        json_t *row = json_array();
        for (unsigned k = 0; k < 3; k++)
            json_push(row, json_real_or_null(f->covariance[i][k]));
        json_push(rows, row);
    }
    return rows;
}

static json_t *aicc(const struct usl_fit *f)
{
    json_t *o = json_object();
    for (int m = USL_LINEAR; m <= USL_FULL; m++)
        json_put(o, usl_model_name((enum usl_model)m), json_real_or_null(f->aicc[m]));
    return o;
}

json_t *json_fit(const char *var, const struct usl_fit *f, double next_n, const char *why_not)
{
    json_t *o = json_object();
    bool known = f != NULL;
    json_put(o, "var", json_words(var));
    json_put(o, "lambda", known ? json_real_or_null(f->lambda) : json_null());
    json_put(o, "sigma", known ? json_real_or_null(f->sigma) : json_null());
    json_put(o, "kappa", known ? json_real_or_null(f->kappa) : json_null());
    json_put(o, "peak_n", known ? json_number(f->peak_n) : json_null());
    json_put(o, "peak_n_ci95", known ? pair(f->peak_n_low, f->peak_n_high) : json_null());
    json_put(o, "peak_throughput_per_s", known ? json_number(f->peak_x) : json_null());
    json_put(o, "peak_identified", json_boolean(known && f->peak_identified));
    json_put(o, "phase", known ? json_words_or_null(usl_phase_name(f->phase)) : json_null());
    json_put(o, "r2", known ? json_share(f->r2) : json_null());
    json_put(o, "model", known && f->fits ? json_words(usl_model_name(f->best)) : json_null());
    json_put(o, "fits", known ? json_boolean(f->fits) : json_null());
    json_put(o, "why_not", json_words_or_null(known && !*why_not ? f->why_not : why_not));
    json_put(o, "knee_n", known ? json_number(f->knee_n) : json_null());
    json_put(o, "next_n", json_number(next_n));
    json_put(o, "n_most", known ? json_number(f->n_most) : json_null());
    json_put(o, "standard_errors", known ? errors_of(f) : json_null());
    json_put(o, "covariance", known ? covariance(f) : json_null());
    json_put(o, "dof", known ? json_number(f->dof) : json_null());
    json_put(o, "aicc", known ? aicc(f) : json_null());
    json_put(o, "worst_residual", known ? json_share(f->worst_residual) : json_null());
    return o;
}

json_t *json_scaling(const struct pool_snapshot *p)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < p->scalings; i++) {
        const struct scaling *s = &p->scaling[i];
        json_t *o = json_fit(s->var, s->fitted ? &s->fit : NULL, s->fitted ? s->next_n : NAN,
                             s->fitted ? "" : s->why);
        json_t *points = json_array();
        for (unsigned k = 0; k < p->plateaus; k++)
            if (scaling_has(s->var, &p->plateau[k], &p->plateau[p->plateaus - 1]))
                json_push(points, json_u64(k));
        json_put(o, "points", points);
        json_push(list, o);
    }
    return list;
}

json_t *json_capacity(const struct pool_snapshot *p)
{
    if (!p->capacity.known)
        return json_null();
    json_t *o = json_object();
    json_put(o, "rate_per_s", json_number(p->capacity.rate_per_s));
    json_t *range = json_array();
    json_push(range, json_number(p->capacity.low));
    json_push(range, json_number(p->capacity.high)); /* null: nothing was seen to fail */
    json_put(o, "ci95", range);
    json_put(o, "limited_by", json_words(capacity_limited_by_name(p->capacity.limited_by)));
    json_put(o, "why", json_words(p->capacity.why));
    return o;
}
