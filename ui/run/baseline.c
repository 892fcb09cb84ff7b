/* See baseline.h. Called by capture.c (the command) and by the views. */
#include "ui/run/baseline.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/backend.h"
#include "engine/base/err.h"
#include "engine/stats/histogram.h"
#include "engine/stats/packed.h"
#include "ui/json/saved_run.h"

#define MOMENT_S 10

static void free_one(struct baseline *b)
{
    free(b->point);
    free(b->block);
    *b = (struct baseline){0};
}

void baseline_free(struct baselines *bs)
{
    for (int i = 0; i < bs->n; i++)
        free_one(&bs->of[i]);
    bs->n = 0;
}

const struct baseline *baseline_of(const struct baselines *bs, unsigned pool)
{
    for (int i = 0; i < bs->n; i++)
        if (bs->of[i].pool == pool)
            return &bs->of[i];
    return NULL;
}

/* ---- a moment of this run ---- */

/* Merges the service times of the last seconds into one histogram, to get its own percentiles
 * instead of a mean of percentiles. */
static void merge_moment(const struct pool_snapshot *p, uint64_t from, struct base_period *out)
{
    struct histogram sum = {0}, one = {0};

    if (p->packed && !histogram_init(&sum) && !histogram_init(&one)) {
        for (uint64_t i = from; i < p->seconds.n; i++) {
            const struct packed *k = &p->packed[i / SERIES_BLOCK][i % SERIES_BLOCK];

            if (k->len && histogram_unpack(&one, k->bytes, k->len) == 0)
                histogram_merge(&sum, &one);
        }
        if (quantile_is_known(sum.count, 0.5))
            out->p50 = (double)histogram_quantile(&sum, 0.5);
        if (quantile_is_known(sum.count, 0.99))
            out->p99 = (double)histogram_quantile(&sum, 0.99);
    }
    histogram_fini(&sum);
    histogram_fini(&one);
}

static struct base_period moment(const struct pool_snapshot *p)
{
    struct base_period m = {.threads = p->load.threads,
                            .clients = p->load.clients,
                            .depth = p->depth,
                            .rate_per_s = p->load.rate_per_s,
                            .p50 = NAN,
                            .p99 = NAN,
                            .valid = p->valid};
    double done = 0, span = 0;
    uint64_t from = p->seconds.n;

    while (from > p->seconds.first && span < MOMENT_S) {
        const struct point *t = series_at(&p->seconds, from - 1);

        /* Use only seconds with the same load. */
        if (t->paused || t->threads != m.threads || t->clients != m.threads * m.clients)
            break;
        from--;
        done += (double)t->completed;
        span += t->span_s;
    }
    m.per_s = span > 0 ? done / span : p->now_per_s;
    merge_moment(p, from, &m);
    m.response_p50 = m.rate_per_s > 0 ? p->now_response.q[Q_P50] : m.p50;
    m.response_p99 = m.rate_per_s > 0 ? p->now_response.q[Q_P99] : m.p99;
    return m;
}

void baseline_now(struct baselines *bs, const struct snapshot *s)
{
    baseline_free(bs);
    for (unsigned i = 0; i < s->pools && bs->n < POOLS_MAX; i++) {
        struct baseline *b = &bs->of[bs->n++];

        *b = (struct baseline){.pool = s->pool[i].number, .periods = 1};
        b->period[0] = moment(&s->pool[i]);
    }
}

/* ---- a saved run ---- */

static uint64_t count_of(double v)
{
    return v > 0 && v < 1e18 ? (uint64_t)v : 0;
}

static void read_seconds(struct baseline *b, const struct saved_pool *pool)
{
    size_t n = pool->seconds, kept = 0, blocks = n / SERIES_BLOCK + 1;

    b->point = calloc(blocks * SERIES_BLOCK, sizeof *b->point);
    b->block = calloc(blocks, sizeof *b->block);
    if (!b->point || !b->block)
        abort();
    for (size_t i = 0; i < n; i++) {
        const struct saved_second *s = &pool->second[i];
        struct point *p = &b->point[kept];

        *p = (struct point){.t_s = s->t_s,
                            .span_s = s->span_s,
                            .completed = count_of(s->completed),
                            .p50 = (float)(s->p50_us * 1e3),
                            .p99 = (float)(s->p99_us * 1e3),
                            .max = (float)(s->max_us * 1e3),
                            .response_p99 = (float)(s->response_p99_us * 1e3),
                            .paused = s->paused == FLAG_YES};
        if (p->span_s > 0 && p->t_s > 0 && (!kept || p->t_s > p[-1].t_s))
            kept++;
    }
    for (size_t i = 0; i < blocks; i++)
        b->block[i] = b->point + i * SERIES_BLOCK;
    b->seconds = (struct series){.block = b->block, .n = kept};
}

static unsigned small(double v)
{
    return v > 0 && v < 1e9 ? (unsigned)v : 0; /* ignore impossible values */
}

static void read_plateaus(struct baseline *b, const struct saved_pool *pool)
{
    for (size_t i = 0; i < pool->plateaus && b->periods < BASE_PERIODS; i++) {
        const struct saved_plateau *p = &pool->plateau[i];
        double rate = p->vars.rate_per_s;
        struct base_period *s = &b->period[b->periods++];

        *s = (struct base_period){.threads = small(p->vars.threads),
                                  .clients = small(p->vars.clients),
                                  .depth = small(p->vars.depth),
                                  .rate_per_s = rate > 0 ? rate : 0,
                                  .per_s = p->throughput_per_s,
                                  .p50 = p->p50_us * 1e3,
                                  .p99 = p->p99_us * 1e3,
                                  .response_p50 = p->response.p50_us * 1e3,
                                  .response_p99 = p->response.p99_us * 1e3,
                                  .valid = p->valid == FLAG_YES};
        if (!(rate > 0) && isnan(p->response.count)) {
            s->response_p50 = s->p50;
            s->response_p99 = s->p99;
        }
    }
}

/* Treats the whole run as one period if its load was the same from the first second to the last. */
static void read_whole(struct baseline *b, const struct saved_run *run,
                       const struct saved_pool *pool)
{
    double threads = pool->threads, rate = pool->rate_per_s;

    for (size_t i = 0; i < pool->seconds; i++) {
        const struct saved_second *s = &pool->second[i];
        double load = s->threads;

        if (load > 0 && fabs(load - threads) > 0.5 && i + 1 < pool->seconds)
            return;
    }
    for (size_t i = 0; i < run->events; i++) {
        const struct saved_event *e = &run->event[i];
        const char *of = e->pool, *what = e->what;

        /* any change of the load */
        if ((!*of || !strcmp(of, pool->name)) && *e->from && strcmp(what, "mark") != 0)
            return;
    }
    if (b->periods == BASE_PERIODS)
        return;
    b->period[b->periods++] =
        (struct base_period){.threads = small(pool->threads),
                             .clients = small(pool->clients),
                             .depth = small(pool->depth),
                             .rate_per_s = rate > 0 ? rate : 0,
                             .per_s = pool->throughput_per_s,
                             .p50 = pool->latency.service.p50_us * 1e3,
                             .p99 = pool->latency.service.p99_us * 1e3,
                             .response_p50 = pool->latency.response.p50_us * 1e3,
                             .response_p99 = pool->latency.response.p99_us * 1e3,
                             .valid = run->valid == FLAG_YES};
}

static const struct saved_pool *pool_for(const struct saved_run *run, const struct pool_snapshot *p,
                                         unsigned index)
{
    const struct saved_pool *named = saved_pool_of(run, p->name),
                            *same = index < run->pools ? &run->pool[index] : NULL;

    if (named)
        return named;
    return same && !strcmp(same->backend, p->backend->name) ? same : NULL;
}

int baseline_load(struct baselines *bs, const struct snapshot *s, const char *file, unsigned *pools,
                  struct err *err)
{
    struct saved_run *run = saved_run_load(file, false, err);

    if (!run)
        return err->code;
    baseline_free(bs);
    for (unsigned i = 0; i < s->pools && bs->n < POOLS_MAX; i++) {
        const struct saved_pool *pool = pool_for(run, &s->pool[i], i);
        struct baseline *b = &bs->of[bs->n];

        if (!pool)
            continue;
        *b = (struct baseline){.pool = s->pool[i].number};
        read_seconds(b, pool);
        read_whole(b, run, pool);
        read_plateaus(b, pool);
        bs->n++;
    }
    *pools = (unsigned)bs->n;
    saved_run_free(run);
    return 0;
}

/* ---- compared ---- */

const struct base_period *baseline_at(const struct baseline *b, const struct pool_snapshot *p,
                                      const char **why)
{
    const struct base_period *found = NULL;

    *why = "the base had no such load";
    for (unsigned i = 0; i < b->periods; i++) {
        const struct base_period *s = &b->period[i];

        if (s->threads == p->load.threads && s->clients == p->load.clients &&
            s->depth == p->depth && fabs(s->rate_per_s - p->load.rate_per_s) < 0.5 &&
            (!found || !found->valid))
            found = s;
    }
    if (found)
        *why = !found->valid ? "the baseline was not valid" : !p->valid ? "not valid now" : NULL;
    return found;
}

char *baseline_change(char *buf, size_t size, double now, double base, bool doubted)
{
    double change = 100 * (now / base - 1);

    if (!isfinite(change) || !(base > 0))
        snprintf(buf, size, "%s", "");
    else
        snprintf(buf, size, fabs(change) < 9.95 ? " %+.1f %%%s" : " %+.0f %%%s", change,
                 doubted ? "?" : "");
    return buf;
}
