/* See plateau.h. */
#include "engine/figures/plateau.h"
#include "engine/state/engine_state.h"
#include "engine/state/pool.h"
#include "engine/base/text.h"
#include "engine/state/pool_figures.h"
#include "engine/figures/lights.h"
#include "engine/stats/trend.h"
#include "engine/load/workers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETTLE_S 0.3
#define COLUMN_SPAN_S 1.2
#define BATCHES_LEAST 10
#define BATCHES_BRIEF 6
#define DRIFT_SMALL 0.01
#define DRIFT_MOST 0.10
#define T_99 2.9 /* two-sided 1 % of Student's t for about 15 degrees of freedom */
#define T_95 2.1
#define LONG_S 10
#define DRIFT_LONG 0.04
#define LASTING_S 30

int plateaus_init(struct plateaus *p)
{
    memset(p, 0, sizeof *p);
    p->now.from_s = NAN;
    p->now.plateau = -1;
    return histogram_init(&p->now.service) || histogram_init(&p->now.response) ? -1 : 0;
}

void plateaus_fini(struct plateaus *p)
{
    histogram_fini(&p->now.service);
    histogram_fini(&p->now.response);
    free(p->list);
}

static void clear_columns(struct period *s)
{
    for (unsigned i = 0; i < STAT_COLUMNS_MAX; i++)
        s->column[i] = (struct column_mean){.first = NAN, .last = NAN};
}

static unsigned batches_least(const struct pool *p)
{
    return pool_sup(p)->figures->plateaus.brief ? BATCHES_BRIEF : BATCHES_LEAST;
}

static void clear(struct pool *p, double from_s)
{
    struct pool_supervised *sup = pool_sup(p);
    struct period *s = &sup->figures->plateaus.now;
    const struct tally *t = &sup->figures->monitor.total;
    s->from_s = s->last_s = from_s;
    s->batches = s->filled = 0;
    s->per = sup->figures->plateaus.brief ? 1 : 2;
    memset(s->batch, 0, sizeof s->batch);
    histogram_clear(&s->service);
    histogram_clear(&s->response);
    lights_clear(&s->lights);
    clear_columns(s);
    s->dropped_from = t->dropped;
    s->errors_from = t->errors + t->timeouts;
    s->ended_from = t->completed + s->errors_from;
    s->plateau = -1;
}

void plateau_restart(struct pool *p, double now_s)
{
    struct pool_supervised *sup = pool_sup(p);
    clear(p, sup->state == POOL_LOADING || sup->state == POOL_OPENING ? now_s + SETTLE_S : NAN);
    sup->figures->plateaus.drifting = false;
}

static void merge_pairs(struct period *s)
{
    for (unsigned i = 0; i < PLATEAU_BATCHES / 2; i++) {
        struct batch_mean a = s->batch[2 * i], b = s->batch[2 * i + 1];
        s->batch[i] =
            (struct batch_mean){a.span_s + b.span_s, a.completed + b.completed, a.area + b.area};
    }
    memset(s->batch + PLATEAU_BATCHES / 2, 0, (PLATEAU_BATCHES / 2 + 1) * sizeof s->batch[0]);
    s->batches = PLATEAU_BATCHES / 2;
    s->per *= 2;
}

void plateau_tenth(struct pool *p, const struct point *pt)
{
    struct pool_supervised *sup = pool_sup(p);
    struct period *s = &sup->figures->plateaus.now;
    bool loading = sup->state == POOL_LOADING && !pt->paused && sup->figures->monitor.recording;
    if (!loading) {
        if (!isnan(s->from_s))
            clear(p, NAN);
        return;
    }
    if (isnan(s->from_s))
        plateau_restart(p, pt->t_s);
    if (pt->t_s - pt->span_s < s->from_s)
        return;
    if (!s->batches && !s->filled)
        clear(p, pt->t_s - pt->span_s);
    struct batch_mean *b = &s->batch[s->batches];
    b->span_s += pt->span_s;
    b->completed += (double)pt->completed;
    b->area += pt->in_flight * pt->span_s;
    s->last_s = pt->t_s;
    lights_tenth(p, &s->lights, pt);
    histogram_merge(&s->service, &sup->figures->monitor.tenth.service);
    histogram_merge(&s->response, &sup->figures->monitor.tenth.response);
    if (++s->filled < s->per)
        return;
    s->filled = 0;
    if (++s->batches == PLATEAU_BATCHES)
        merge_pairs(s);
}

static bool steady(const struct trend *t, double span_s)
{
    bool slope = fabs(t->t) > T_99 && fabs(t->drift) > DRIFT_SMALL;
    bool slow = span_s >= LONG_S && fabs(t->t) > T_95 && fabs(t->drift) > DRIFT_LONG;
    double most = span_s < LONG_S ? 0.05 : 0.10;
    return t->mean > 0 && !slope && !slow && fabs(t->drift) < DRIFT_MOST &&
           t->half95 <= most * t->mean;
}

static void rates(const struct period *s, unsigned from, double *y)
{
    for (unsigned i = from; i < s->batches; i++)
        y[i - from] = s->batch[i].completed / s->batch[i].span_s;
}

static void drop_first(struct pool *p, unsigned n)
{
    struct period *s = &pool_sup(p)->figures->plateaus.now;
    double from = s->from_s;
    for (unsigned i = 0; i < n; i++)
        from += s->batch[i].span_s;
    memmove(s->batch, s->batch + n, (s->batches + 1 - n) * sizeof s->batch[0]);
    memset(s->batch + s->batches + 1 - n, 0, n * sizeof s->batch[0]);
    s->batches -= n;
    s->from_s = from;
    histogram_clear(&s->response);
    histogram_clear(&s->service); /* restart the percentiles, which include the ramp */
    lights_clear(&s->lights);
    clear_columns(s);
}

/* The backend's figures cover the second before they arrived: ignore a second that began before the
 * period. */
static void add_columns(struct pool *p, double now_s)
{
    struct period *s = &pool_sup(p)->figures->plateaus.now;
    struct pool_shared *shared = pool_lock(p);
    if (s->stats_serial != shared->stats_serial) {
        s->stats_serial = shared->stats_serial;
        for (unsigned i = 0; i < shared->stats.columns && now_s - s->from_s > COLUMN_SPAN_S; i++) {
            struct column_mean *c = &s->column[i];
            double v = shared->stats.column[i].value;
            if (isnan(v))
                continue;
            c->first = isnan(c->first) ? v : c->first;
            c->last = v;
            c->sum += v;
            c->n++;
        }
    }
    pool_unlock(p);
}

static void describe_columns(struct pool *p, struct plateau *pl)
{
    const struct column_mean *c = pool_sup(p)->figures->plateaus.now.column;
    struct pool_shared *shared = pool_lock(p);
    for (unsigned i = 0; i < STAT_COLUMNS_MAX; i++, c++) {
        enum column_over over =
            i < shared->stats.columns ? shared->stats.column[i].over : COLUMN_LAST;
        pl->column[i] = over == COLUMN_MEAN    ? (c->n > 0 ? c->sum / c->n : NAN)
                        : over == COLUMN_ADDED ? c->last - c->first
                                               : c->last;
    }
    copy_str(pl->verdict, sizeof pl->verdict, shared->stats.verdict);
    pool_unlock(p);
}

/* FNV-1a over what is set. */
static uint64_t hash_text(uint64_t h, const char *text)
{
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return (h ^ 0xff) * UINT64_C(1099511628211);
}

/* A hash of the pool's settings other than load and bulk: plateaus with equal hashes are
 * comparable. */
static uint64_t pool_setting(const struct pool *p)
{
    const struct options *o = &p->spec.options;
    const struct op_type *types = pool_sup(p)->op_types;
    uint64_t h = UINT64_C(14695981039346656037);
    char text[512];
    for (unsigned i = 0; i < o->n; i++) {
        bool bulk = false;
        for (unsigned k = 0; k < OPS_MAX && types[k].name && !bulk; k++)
            bulk = types[k].bulk && !strcmp(types[k].bulk, o->table[i].name);
        if (!bulk)
            h = hash_text(h, options_text(o, i, text, sizeof text));
    }
    return h;
}

static void describe(struct pool *p, struct plateau *pl, const struct trend *t, double now_s)
{
    const struct period *s = &pool_sup(p)->figures->plateaus.now;
    double span = 0, completed = 0, area = 0;
    for (unsigned i = 0; i <= s->batches; i++) {
        span += s->batch[i].span_s;
        completed += s->batch[i].completed;
        area += s->batch[i].area;
    }
    span = span > 0 ? span : NAN;
    pl->start_s = s->from_s;
    pl->end_s = now_s < s->last_s ? now_s : s->last_s;
    pl->vars = pool_sup(p)->load;
    pl->vars.threads = pool_running(p);
    pl->vars.depth = pool_depth(p);
    pl->vars.connections = pool_connections_wanted(p);
    pl->bulk = pool_bulk(p);
    pl->in_flight = area / span;
    pl->throughput_per_s = completed / span;
    pl->ci95 = t->half95;
    pl->p50 = s->service.count ? (double)histogram_quantile(&s->service, 0.5) : NAN;
    pl->p99 = quantile_is_known(s->service.count, 0.99)
                  ? (double)histogram_quantile(&s->service, 0.99)
                  : NAN;
    latency_summary(&s->response, &pl->response);
    pl->rss_bytes = engine_sup(p->engine)->usage.rss;
    pl->anon_bytes =
        (double)engine_sup(p->engine)->usage.anon - (double)engine_sup(p->engine)->usage.anon_first;
    pl->setting = pool_setting(p);
    describe_columns(p, pl);
    lights_judge(p, t, pl);
}

void period_describe(struct pool *p, struct plateau *pl, double now_s)
{
    const struct period *s = &pool_sup(p)->figures->plateaus.now;
    struct trend t = {.half95 = NAN, .drift = NAN};
    double y[PLATEAU_BATCHES];
    memset(pl, 0, sizeof *pl);
    if (s->batches >= batches_least(p)) {
        rates(s, 0, y);
        trend_of(y, s->batches, &t);
    }
    describe(p, pl, &t, now_s);
}

static struct plateau *accept(struct plateaus *all)
{
    if (all->now.plateau >= 0)
        return &all->list[all->now.plateau];
    if (all->n == PLATEAUS_MAX) {
        memmove(all->list, all->list + 1, (PLATEAUS_MAX - 1) * sizeof *all->list);
        all->n--;
    }
    if (!(all->n & (all->n - 1))) { /* grows at powers of two */
        struct plateau *list = realloc(all->list, (all->n ? 2 * all->n : 1) * sizeof *list);
        if (!list)
            return NULL;
        all->list = list;
    }
    all->now.plateau = (int)all->n;
    memset(&all->list[all->n], 0, sizeof *all->list);
    return &all->list[all->n++];
}

void plateau_keep_unsteady(struct pool *p, const struct plateau *at)
{
    struct pool_supervised *sup = pool_sup(p);
    struct plateau *pl =
        sup->figures->plateaus.now.batches ? accept(&sup->figures->plateaus) : NULL;
    if (!pl)
        return;
    *pl = *at;
    sup->figures->plateaus.serial++;
}

/* Drift and noise need different advice: wait until the drift ends, or measure longer. */
static void unsteady_words(char *why, size_t size, const struct trend *t, double span_s)
{
    double off = 100 * (t->mean > 0 ? t->half95 / t->mean : 1);
    if (fabs(t->drift) > DRIFT_SMALL && fabs(t->t) > (span_s < LONG_S ? T_99 : T_95))
        snprintf(why, size, "throughput drifts: %+.1f %% of its mean over %.0f s", 100 * t->drift,
                 span_s);
    else if (off >= 100)
        snprintf(why, size, "throughput varies too much to have a mean after %.0f s", span_s);
    else
        snprintf(why, size, "throughput varies: mean known to +-%.1f %% after %.0f s", off, span_s);
}

void plateau_judge_now(struct pool *p, double now_s)
{
    struct plateaus *all = &pool_sup(p)->figures->plateaus;
    struct period *s = &all->now;
    double y[PLATEAU_BATCHES];
    struct trend t;
    if (isnan(s->from_s) || s->batches < batches_least(p))
        return;
    double span = s->last_s - s->from_s;
    rates(s, 0, y);
    trend_of(y, s->batches, &t);
    all->drifting = !steady(&t, span);
    if (!all->drifting) {
        struct plateau *pl = accept(all);
        if (pl)
            describe(p, pl, &t, now_s);
        all->serial++;
        return;
    }
    unsteady_words(all->why, sizeof all->why, &t, span);
    if (s->plateau >= 0) { /* it is not steady any more */
        struct plateau *pl = &all->list[s->plateau];
        if (pl->end_s - pl->start_s < LASTING_S) {
            pl->valid = false;
            pl->light[LIGHT_STEADY] = (struct light){LIGHT_BAD, (float)t.drift};
            snprintf(pl->why_not, sizeof pl->why_not, "%s", all->why);
            all->serial++;
        }
        return;
    }
    unsigned half = s->batches / 2;
    if (s->batches - half < batches_least(p))
        return;
    rates(s, half, y);
    trend_of(y, s->batches - half, &t);
    if (steady(&t, span / 2))
        drop_first(p, half);
}

/* Something was lost, and whether that lasts is not known yet: if it does, the plateau ends as it was
 * described last, before the loss; else the next second describes it, with the loss. */
static bool is_in_doubt(const struct pool *p)
{
    const struct shortage *s = &pool_sup(p)->shortage;
    return s->since_ns && s->up < s->stood && !s->lasting;
}

void plateau_judge(struct pool *p, double now_s)
{
    const struct period *s = &pool_sup(p)->figures->plateaus.now;
    if (!isnan(s->from_s) && s->batches + s->filled)
        lights_second(p);
    if (!isnan(s->from_s))
        add_columns(p, now_s);
    if (!is_in_doubt(p))
        plateau_judge_now(p, now_s);
}

double period_rate(const struct pool *p)
{
    const struct period *s = &pool_sup(p)->figures->plateaus.now;
    double span = 0, completed = 0;
    for (unsigned i = 0; i <= s->batches; i++) {
        span += s->batch[i].span_s;
        completed += s->batch[i].completed;
    }
    return span > 0 ? completed / span : 0;
}

const struct plateau *plateau_present(const struct pool *p)
{
    const struct plateaus *all = &pool_sup(p)->figures->plateaus;
    return all->now.plateau >= 0 && !all->drifting ? &all->list[all->now.plateau] : NULL;
}
