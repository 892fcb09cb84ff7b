/* The scaling curve: which points lie on it; see curve.h.
 *
 * Points that are not valid are shown hollow and in brackets, and are in no fit. Efficiency is
 * throughput / (N x throughput at one), by the fitted law where there is one and by the first point
 * where there is none. */
#include "ui/panels/curve.h"

#include <math.h>
#include <string.h>

#include "engine/figures/scaling.h"
#include "ui/panels/screen_state.h"

static int values_of(const struct pool_snapshot *p, const struct plateau *like, const char *var)
{
    double seen[CURVE_POINTS_MAX];
    int n = 0;

    for (unsigned i = 0; i < p->plateaus && n < CURVE_POINTS_MAX; i++) {
        double v = scaling_value(var, &p->plateau[i]);
        bool known = !scaling_has(var, &p->plateau[i], like);

        for (int j = 0; j < n && !known; j++)
            known = fabs(seen[j] - v) < 0.5;
        if (!known)
            seen[n++] = v;
    }
    return n;
}

static const char *most_values(const struct pool_snapshot *p, const struct plateau *like)
{
    unsigned best = 0;
    int most = 0;

    for (unsigned i = 0; i < SCALINGS_MAX; i++) {
        int n = values_of(p, like, scaling_var(i));

        if (n > most) {
            most = n;
            best = i;
        }
    }
    return scaling_var(best);
}

static void add_point(struct curve *k, const struct plateau *t)
{
    int at = k->points;

    if (k->points == CURVE_POINTS_MAX)
        return;
    for (; at > 0 && k->at[at - 1]->in_flight > t->in_flight; at--) {
        k->at[at] = k->at[at - 1];
        k->value[at] = k->value[at - 1];
    }
    k->at[at] = t;
    k->value[at] = scaling_value(k->name, t);
    k->points++;
}

void curve_collect(struct curve *k, const struct pool_snapshot *p, const struct plateau *like,
                   const char *var)
{
    *k = (struct curve){.pool = p, .name = var ? var : "threads", .live_n = NAN, .live_x = NAN};
    if (p->state == POOL_LOADING) {
        k->live_n = p->now_in_flight;
        k->live_x = p->now_per_s;
    }
    if (!p->plateaus || !like)
        return;
    k->name = var ? var : most_values(p, like);
    scaling_of(p->plateau, p->plateaus, like, k->name, &k->scaling);
    for (unsigned i = p->plateaus; i-- > 0;)
        if (scaling_has(k->name, &p->plateau[i], like) && p->plateau[i].throughput_per_s > 0 &&
            p->plateau[i].in_flight > 0)
            add_point(k, &p->plateau[i]);
    if (!k->points)
        return;
    const struct usl_fit *f = curve_fit(k);
    k->n_max = k->at[k->points - 1]->in_flight * 1.12;
    if (f && f->fits && f->peak_identified)
        k->n_max = fmax(k->n_max, f->peak_n * 1.1);
    if (f && f->fits && k->scaling.next_n < 2 * k->n_max)
        k->n_max = fmax(k->n_max, k->scaling.next_n * 1.06);
}

const struct usl_fit *curve_fit(const struct curve *k)
{
    return k->scaling.fitted ? &k->scaling.fit : NULL;
}

double curve_efficiency(const struct curve *k, int i)
{
    const struct usl_fit *f = curve_fit(k);
    const struct plateau *t = k->at[i];

    if (f && f->fits && f->lambda > 0)
        return t->throughput_per_s / (f->lambda * t->in_flight);
    return k->at[0]->valid ? t->throughput_per_s / t->in_flight * k->at[0]->in_flight /
                                 k->at[0]->throughput_per_s
                           : NAN;
}

/* ---- what was chosen ---- */

const struct plateau *curve_like(const struct screen *sc, const struct pool_snapshot *p)
{
    unsigned row = screen_view(sc)->curve ? (unsigned)sc->row[sc->view] : 0;

    if (!p->plateaus)
        return NULL;
    return &p->plateau[p->plateaus - 1 - (row < p->plateaus ? row : p->plateaus - 1)];
}

const char *curve_choice(const struct screen *sc)
{
    int at = screen_view(sc)->curve ? sc->sort[sc->view] : -1;

    return at >= 0 && at < SCALINGS_MAX ? scaling_var((unsigned)at) : NULL;
}

const struct sweep_snapshot *curve_grid(const struct screen *sc, const struct snapshot *s)
{
    const struct pool_snapshot *p = screen_pool(sc, s);

    if (!p || curve_choice(sc))
        return NULL;
    if (s->sweep.axes == 2 && s->sweep.cells && !strcmp(s->sweep.pool, p->name))
        return &s->sweep;
    for (unsigned i = s->pasts; i-- > 0;)
        if (s->past[i]->axes == 2 && !strcmp(s->past[i]->pool, p->name))
            return s->past[i];
    return NULL;
}
