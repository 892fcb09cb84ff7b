/* Events: every change, by whom, and what it did to throughput.
 *
 * The effect of a change is the difference of the mean throughput of up to ten seconds before and
 * after it, with a 95 % interval by Welch's t, in which the number of independent seconds is
 * reduced for their lag-1 autocorrelation (n (1-r)/(1+r), Zwiers and von Storch 1995). Seconds next
 * to any change are left out. "Real" means that the interval excludes 0. */
#include "engine/figures/events.h"

#include "engine/state/engine_state.h"
#include "engine/state/pool.h"
#include "engine/base/secret.h"
#include "engine/base/text.h"
#include "engine/stats/student.h"
#include "engine/state/pool_figures.h"
#include "engine/state/snapshot_store.h"

#include <math.h>
#include <string.h>

#define EFFECT_S 10
#define EFFECT_LEAST 3

void engine_event(struct engine *e, const struct pool *p, const char *what, const char *from,
                  const char *to, enum origin by)
{
    pthread_mutex_lock(&e->event_mutex);
    struct event *ev = &e->event[e->events % EVENTS_MAX];
    memset(ev, 0, sizeof *ev);
    ev->t_s = engine_seconds(e, engine_now(e));
    copy_str(ev->pool, sizeof ev->pool, p ? p->spec.name : "");
    copy_str(ev->what, sizeof ev->what, what);
    copy_str(ev->from, sizeof ev->from, from);
    copy_str(ev->to, sizeof ev->to, to);
    secret_hide_places(ev->what);
    secret_hide_places(ev->from);
    secret_hide_places(ev->to);
    ev->by = by;
    ev->before_per_s = ev->after_per_s = ev->diff_low = ev->diff_high = NAN;
    ev->before_p99 = ev->after_p99 = NAN;
    e->events++;
    pthread_mutex_unlock(&e->event_mutex);
}

struct side {
    unsigned n;
    double x[EFFECT_S], mean, var, p99;
};

/* The seconds of a pool that lie wholly within from..to. */
static struct side gather(const struct pool *p, double from_s, double to_s, bool newest)
{
    struct side s = {0};
    const struct monitor *m = &p->figures->monitor;
    double worst = 0;
    for (uint64_t back = 0; back < 40 && back < m->seconds; back++) {
        uint64_t i = m->seconds - 1 - back;
        const struct point *pt = &m->store->block[i / SERIES_BLOCK][i % SERIES_BLOCK];
        if (pt->t_s - pt->span_s < from_s || pt->t_s > to_s || pt->paused || pt->span_s <= 0)
            continue;
        if (s.n == EFFECT_S) {
            if (newest)
                break;
            memmove(s.x, s.x + 1, (EFFECT_S - 1) * sizeof s.x[0]);
            s.n--;
        }
        s.x[s.n++] = (double)pt->completed / pt->span_s;
        worst = pt->p99 > worst ? pt->p99 : worst;
    }
    s.p99 = s.n ? worst : NAN;
    for (unsigned i = 0; i < s.n; i++)
        s.mean += s.x[i] / s.n;
    double c = 0;
    for (unsigned i = 0; i < s.n; i++) {
        s.var += (s.x[i] - s.mean) * (s.x[i] - s.mean);
        if (i)
            c += (s.x[i] - s.mean) * (s.x[i - 1] - s.mean);
    }
    double r = s.var > 0 ? fmax(0, c / s.var) : 0;
    double independent = fmax(1.5, s.n * (1 - r) / (1 + r));
    s.var = s.n > 1 ? s.var / (s.n - 1) / independent : NAN; /* of the mean */
    return s;
}

static bool changes_load(const struct event *ev)
{
    static const char *const not [] = {"mark", "lock", "unlock", "refused", "server", "up", "rule"};
    for (unsigned i = 0; i < sizeof not / sizeof *not ; i++)
        if (!strcmp(ev->what, not [i]))
            return false;
    return true;
}

/* The neighbours of event i in its pool: what lies between two changes belongs to the first. */
static void neighbours(const struct engine *e, uint64_t i, double *before_s, double *after_s)
{
    const struct event *ev = &e->event[i % EVENTS_MAX];
    uint64_t oldest = e->events > EVENTS_MAX ? e->events - EVENTS_MAX : 0;
    *before_s = 0;
    *after_s = INFINITY;
    for (uint64_t k = i; k-- > oldest;) {
        const struct event *o = &e->event[k % EVENTS_MAX];
        if (!strcmp(o->pool, ev->pool) && changes_load(o)) {
            *before_s = o->t_s;
            break;
        }
    }
    for (uint64_t k = i + 1; k < e->events; k++) {
        const struct event *o = &e->event[k % EVENTS_MAX];
        if (!strcmp(o->pool, ev->pool) && changes_load(o)) {
            *after_s = o->t_s;
            break;
        }
    }
}

static void settle(struct engine *e, uint64_t i, double now_s)
{
    struct event *ev = &e->event[i % EVENTS_MAX];
    struct pool *p = *ev->pool ? engine_find_pool(e, ev->pool) : NULL;
    if (!p || ev->settled || !changes_load(ev) || now_s - ev->t_s > 2 * EFFECT_S)
        return;
    double before_s, after_s;
    neighbours(e, i, &before_s, &after_s);
    struct side a = gather(p, before_s, ev->t_s, true),
                b = gather(p, ev->t_s + 0.2, after_s, false);
    if (a.n < EFFECT_LEAST || b.n < EFFECT_LEAST)
        return;
    double var = a.var + b.var, half = 0;
    if (var > 0) {
        double df = var * var / (a.var * a.var / (a.n - 1) + b.var * b.var / (b.n - 1));
        half = student_t95(df) * sqrt(var);
    }
    double diff = b.mean - a.mean;
    ev->before_per_s = a.mean;
    ev->after_per_s = b.mean;
    ev->diff_low = diff - half;
    ev->diff_high = diff + half;
    ev->before_p99 = a.p99;
    ev->after_p99 = b.p99;
    ev->real = ev->diff_low > 0 || ev->diff_high < 0;
    ev->settled = b.n == EFFECT_S || after_s < now_s;
}

void events_settle(struct engine *e)
{
    double now_s = engine_seconds(e, engine_now(e));
    pthread_mutex_lock(&e->event_mutex);
    uint64_t oldest = e->events > 64 ? e->events - 64 : 0;
    for (uint64_t i = oldest; i < e->events; i++)
        settle(e, i, now_s);
    pthread_mutex_unlock(&e->event_mutex);
}
