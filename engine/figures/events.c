/* Events: every change, its origin, and its effect on throughput.
 *
 * The effect of a change is the difference between the mean throughput of up to ten seconds before
 * and after it, tested like in `loadtop compare` (differ.h): "real" means that its 95 % interval
 * excludes 0. Each event is tested alone, at 5 %, so that a result does not depend on other changes
 * of the run. Seconds next to any change are left out. */
#include "engine/figures/events.h"

#include "engine/state/engine_state.h"
#include "engine/state/pool.h"
#include "engine/base/secret.h"
#include "engine/base/text.h"
#include "engine/stats/differ.h"
#include "engine/state/pool_figures.h"
#include "engine/state/snapshot_store.h"

#include <math.h>
#include <string.h>

#define EFFECT_S 10

static void keep_event(struct engine *e, const struct pool *p, enum event_kind kind,
                       const char *what, const char *from, const char *to, enum origin by)
{
    struct event new = {.t_s = engine_seconds(e, engine_now(e)), .kind = kind, .by = by};
    copy_str(new.pool, sizeof new.pool, p ? p->spec.name : "");
    copy_str(new.what, sizeof new.what, what);
    secret_hide_places(new.what);
    event_texts_set(&new, from, to);
    new.before_per_s = new.after_per_s = new.diff_low = new.diff_high = NAN;
    new.before_p99 = new.after_p99 = NAN;
    struct engine_events *events = engine_lock_events(e);
    struct event *ev = &events->event[events->n % EVENTS_MAX];
    event_texts_release(ev->texts);
    *ev = new;
    events->n++;
    engine_unlock_events(e);
}

void engine_event(struct engine *e, const struct pool *p, enum event_kind kind, const char *from,
                  const char *to, enum origin by)
{
    keep_event(e, p, kind, event_kind_name(kind), from, to, by);
}

void engine_event_change(struct engine *e, const struct pool *p, const char *what, const char *from,
                         const char *to, enum origin by)
{
    keep_event(e, p, EVENT_CHANGE, what, from, to, by);
}

struct side {
    unsigned n;
    double x[EFFECT_S], p99;
    struct sample sample;
};

/* The seconds of a pool that lie entirely within from..to. */
static struct side collect_seconds(const struct pool *p, double from_s, double to_s, bool newest)
{
    struct side s = {0};
    const struct monitor *m = &pool_sup(p)->figures->monitor;
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
    sample_of_series(&s.sample, s.x, s.n);
    return s;
}

static bool changes_load(const struct event *ev)
{
    switch (ev->kind) {
    case EVENT_MARK:
    case EVENT_LOCK:
    case EVENT_UNLOCK:
    case EVENT_REFUSED:
    case EVENT_SERVER:
    case EVENT_UP:
    case EVENT_RULE:
    case EVENT_STANDSTILL:
        return false;
    default:
        return true;
    }
}

/* The times of the changes of the pool before and after event i. */
static void neighbours(const struct engine_events *events, uint64_t i, double *before_s,
                       double *after_s)
{
    const struct event *ev = &events->event[i % EVENTS_MAX];
    uint64_t oldest = events->n > EVENTS_MAX ? events->n - EVENTS_MAX : 0;
    *before_s = 0;
    *after_s = INFINITY;
    for (uint64_t k = i; k-- > oldest;) {
        const struct event *o = &events->event[k % EVENTS_MAX];
        if (!strcmp(o->pool, ev->pool) && changes_load(o)) {
            *before_s = o->t_s;
            break;
        }
    }
    for (uint64_t k = i + 1; k < events->n; k++) {
        const struct event *o = &events->event[k % EVENTS_MAX];
        if (!strcmp(o->pool, ev->pool) && changes_load(o)) {
            *after_s = o->t_s;
            break;
        }
    }
}

/* May the event's effect still be found? Later than this, settle() has already seen the seconds
 * after it. */
static bool is_recent(const struct event *ev, double now_s)
{
    return now_s - ev->t_s <= 2 * EFFECT_S;
}

static void settle(struct engine *e, struct engine_events *events, uint64_t i, double now_s)
{
    struct event *ev = &events->event[i % EVENTS_MAX];
    struct pool *p = *ev->pool ? engine_find_pool(e, ev->pool) : NULL;
    if (!p || ev->settled || !changes_load(ev))
        return;
    double before_s, after_s;
    neighbours(events, i, &before_s, &after_s);
    struct side a = collect_seconds(p, before_s, ev->t_s, true),
                b = collect_seconds(p, ev->t_s + 0.2, after_s, false);
    if (a.n < DIFFER_LEAST || b.n < DIFFER_LEAST)
        return;
    struct difference d, *alone[] = {&d};
    differ(&d, &a.sample, &b.sample);
    differ_holm(alone, 1);
    ev->before_per_s = a.sample.mean;
    ev->after_per_s = b.sample.mean;
    ev->diff_low = d.low;
    ev->diff_high = d.high;
    ev->before_p99 = a.p99;
    ev->after_p99 = b.p99;
    ev->real = d.real;
    ev->settled = b.n == EFFECT_S || after_s < now_s;
}

void events_settle(struct engine *e)
{
    double now_s = engine_seconds(e, engine_now(e));
    struct engine_events *events = engine_lock_events(e);
    uint64_t oldest = events->n > EVENTS_MAX ? events->n - EVENTS_MAX : 0;
    for (uint64_t i = events->n; i-- > oldest && is_recent(&events->event[i % EVENTS_MAX], now_s);)
        settle(e, events, i, now_s);
    engine_unlock_events(e);
}
