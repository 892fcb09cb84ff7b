/* Thresholds: what a run has to hold, judged on the figures of the whole run so far; see in_capacity_search()
 * for the exception. */
#include "engine/figures/thresholds.h"

#include "engine/state/engine_state.h"
#include "engine/state/pool.h"
#include "engine/base/text.h"
#include "engine/state/pool_figures.h"

#include <math.h>
#include <string.h>

double threshold_measure(const struct threshold *t, const struct measured *m)
{
    const struct histogram *h = t->service ? m->service : m->response;
    switch (t->metric) {
    case METRIC_PERCENTILE:
        return h->count ? (double)histogram_quantile(h, t->quantile) / 1e3 : NAN;
    case METRIC_MEAN:
        return h->count ? histogram_mean(h) / 1e3 : NAN;
    case METRIC_MAX:
        return h->count ? (double)h->max / 1e3 : NAN;
    case METRIC_ERRORS:
        return m->ended ? (double)m->bad / (double)m->ended : NAN;
    default:
        return m->per_s;
    }
}

static double measure_run(const struct pool *p, const struct threshold *t, uint64_t now_ns)
{
    const struct monitor *m = &pool_sup(p)->figures->monitor;
    uint64_t bad = m->total.errors + m->total.timeouts;
    double seconds = pool_loaded_s(p, now_ns);
    struct measured run = {.service = &m->all_service,
                           .response = &m->all_response,
                           .bad = bad,
                           .ended = bad + m->total.completed,
                           .per_s = seconds > 0 ? (double)m->total.completed / seconds : NAN};
    return threshold_measure(t, &run);
}

static bool has_few(const struct pool *p, const struct threshold *t)
{
    const struct monitor *m = &pool_sup(p)->figures->monitor;
    const struct histogram *h = t->service ? &m->all_service : &m->all_response;
    return t->metric == METRIC_PERCENTILE && !quantile_is_known(h->count, t->quantile);
}

/* In a capacity search the thresholds are the search criterion and are broken on purpose: then
 * their values at the rate found are evaluated. */
static bool in_capacity_search(const struct engine *e, const struct pool *p)
{
    return e->scenario.sweep[0] && pool_sup(p)->figures->capacity.known;
}

/* The worst pool decides. A threshold without a measured value is not met. */
void thresholds_check(struct engine *e, uint64_t now_ns)
{
    struct engine_supervised *esup = engine_sup(e);
    for (unsigned i = 0; i < e->scenario.thresholds; i++) {
        const struct threshold *t = &e->scenario.threshold[i];
        struct threshold_state *s = &esup->threshold[i];
        copy_str(s->expr, sizeof s->expr, t->expr);
        s->known = s->few = false;
        s->ok = true;
        s->value = NAN;
        for (unsigned k = 0; k < esup->pools; k++) {
            const struct pool *p = esup->pool[k];
            if (*t->pool ? !threshold_is_for(t, p->spec.name, p->number) : pool_sup(p)->removed)
                continue;
            double v = in_capacity_search(e, p) ? pool_sup(p)->figures->at_capacity[i]
                                                : measure_run(p, t, now_ns);
            if (isnan(v)) {
                s->ok = false;
                continue;
            }
            bool worse = !s->known || (t->above ? v < s->value : v > s->value);
            s->value = worse ? v : s->value;
            s->known = true;
            s->few = s->few || (!in_capacity_search(e, p) && has_few(p, t));
            s->ok = s->ok && threshold_holds(t, v);
        }
        s->ok = s->ok && s->known;
    }
}
