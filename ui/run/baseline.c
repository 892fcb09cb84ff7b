/* See baseline.h. Called by capture.c (the command) and by the views. */
#include "ui/run/baseline.h"

#include <jansson.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/backend.h"
#include "engine/base/err.h"
#include "engine/stats/histogram.h"
#include "engine/stats/packed.h"
#include "ui/json/read.h"

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

/* The service times of the last seconds as one: their own percentiles, not
 * a mean of percentiles. */
static void merge_moment(const struct pool_snapshot *p, uint64_t from, struct base_stretch *out)
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

static struct base_stretch moment(const struct pool_snapshot *p)
{
    struct base_stretch m = {.threads = p->load.threads,
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

        /* Seconds of another load would say nothing of this one. */
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

        *b = (struct baseline){.pool = s->pool[i].number, .stretches = 1};
        b->stretch[0] = moment(&s->pool[i]);
    }
}

/* ---- a saved run ---- */

static uint64_t count_at(const json_t *o, const char *name)
{
    double v = json_num(o, name);

    return v > 0 && v < 1e18 ? (uint64_t)v : 0;
}

static void read_seconds(struct baseline *b, const json_t *pool)
{
    size_t n = json_count(pool, "series"), kept = 0, blocks = n / SERIES_BLOCK + 1;

    b->point = calloc(blocks * SERIES_BLOCK, sizeof *b->point);
    b->block = calloc(blocks, sizeof *b->block);
    if (!b->point || !b->block)
        abort();
    for (size_t i = 0; i < n; i++) {
        const json_t *s = json_nth(pool, "series", i);
        struct point *p = &b->point[kept];

        *p = (struct point){.t_s = json_num(s, "t_s"),
                            .span_s = json_num(s, "span_s"),
                            .completed = count_at(s, "completed"),
                            .p50 = (float)(json_num(s, "p50_us") * 1e3),
                            .p99 = (float)(json_num(s, "p99_us") * 1e3),
                            .max = (float)(json_num(s, "max_us") * 1e3),
                            .response_p99 = (float)(json_num(s, "response_p99_us") * 1e3),
                            .paused = json_yes(s, "paused")};
        if (p->span_s > 0 && p->t_s > 0 && (!kept || p->t_s > p[-1].t_s))
            kept++;
    }
    for (size_t i = 0; i < blocks; i++)
        b->block[i] = b->point + i * SERIES_BLOCK;
    b->seconds = (struct series){.block = b->block, .n = kept};
}

static unsigned small(const json_t *o, const char *name)
{
    double v = json_num(o, name);

    return v > 0 && v < 1e9 ? (unsigned)v : 0; /* a load that nobody can have is none */
}

static void read_plateaus(struct baseline *b, const json_t *pool)
{
    for (size_t i = 0; i < json_count(pool, "plateaus") && b->stretches < BASE_STRETCHES; i++) {
        const json_t *p = json_nth(pool, "plateaus", i);
        double rate = json_num(p, "vars/rate_per_s");
        struct base_stretch *s = &b->stretch[b->stretches++];

        *s = (struct base_stretch){.threads = small(p, "vars/threads"),
                                   .clients = small(p, "vars/clients"),
                                   .depth = small(p, "vars/depth"),
                                   .rate_per_s = rate > 0 ? rate : 0,
                                   .per_s = json_num(p, "throughput_per_s"),
                                   .p50 = json_num(p, "p50_us") * 1e3,
                                   .p99 = json_num(p, "p99_us") * 1e3,
                                   .response_p50 = json_num(p, "response/p50_us") * 1e3,
                                   .response_p99 = json_num(p, "response/p99_us") * 1e3,
                                   .valid = json_yes(p, "valid")};
        if (!(rate > 0) && json_is_absent(p, "response")) {
            s->response_p50 = s->p50;
            s->response_p99 = s->p99;
        }
    }
}

/* The run as a whole counts as one stretch when it had one load from the
 * first second to the last. */
static void read_whole(struct baseline *b, const json_t *run, const json_t *pool)
{
    double threads = json_num(pool, "threads"), rate = json_num(pool, "rate_per_s");

    for (size_t i = 0; i < json_count(pool, "series"); i++) {
        const json_t *s = json_nth(pool, "series", i);
        double load = json_num(s, "threads");

        if (load > 0 && fabs(load - threads) > 0.5 && i + 1 < json_count(pool, "series"))
            return;
    }
    for (size_t i = 0; i < json_count(run, "events"); i++) {
        const json_t *e = json_nth(run, "events", i);
        const char *of = json_txt(e, "pool"), *what = json_txt(e, "what");

        if ((!*of || !strcmp(of, json_txt(pool, "name"))) && *json_txt(e, "from") &&
            strcmp(what, "mark") != 0)
            return; /* turned, in whatever way */
    }
    if (b->stretches == BASE_STRETCHES)
        return;
    b->stretch[b->stretches++] =
        (struct base_stretch){.threads = small(pool, "threads"),
                              .clients = small(pool, "clients"),
                              .depth = small(pool, "depth"),
                              .rate_per_s = rate > 0 ? rate : 0,
                              .per_s = json_num(pool, "throughput_per_s"),
                              .p50 = json_num(pool, "latency/service/p50_us") * 1e3,
                              .p99 = json_num(pool, "latency/service/p99_us") * 1e3,
                              .response_p50 = json_num(pool, "latency/response/p50_us") * 1e3,
                              .response_p99 = json_num(pool, "latency/response/p99_us") * 1e3,
                              .valid = json_yes(run, "validity/ok")};
}

static const json_t *pool_for(const json_t *run, const struct pool_snapshot *p, unsigned index)
{
    const json_t *same = json_nth(run, "pools", index);

    for (size_t i = 0; i < json_count(run, "pools"); i++)
        if (!strcmp(json_txt(json_nth(run, "pools", i), "name"), p->name))
            return json_nth(run, "pools", i);
    return same && !strcmp(json_txt(same, "backend"), p->backend->name) ? same : NULL;
}

int baseline_load(struct baselines *bs, const struct snapshot *s, const char *file, unsigned *pools,
                  struct err *err)
{
    json_t *run = json_load_run(file, false, err);

    if (!run)
        return err->code;
    baseline_free(bs);
    for (unsigned i = 0; i < s->pools && bs->n < POOLS_MAX; i++) {
        const json_t *pool = pool_for(run, &s->pool[i], i);
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
    json_decref(run);
    return 0;
}

/* ---- compared ---- */

const struct base_stretch *baseline_at(const struct baseline *b, const struct pool_snapshot *p,
                                       const char **why)
{
    const struct base_stretch *found = NULL;

    *why = "the base had no such load";
    for (unsigned i = 0; i < b->stretches; i++) {
        const struct base_stretch *s = &b->stretch[i];

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
