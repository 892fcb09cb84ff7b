/* The figures compared; see compare_rows.h.
 *
 * Compared are, pool by pool (by name): throughput, and of each second the p50 and p99 of service
 * time, the p99 of response time, and the share that failed. Latencies are compared as logarithms:
 * the result is the factor by which the typical second's percentile changed, not an average of
 * percentiles. With three runs or more on both sides (several files, or one made by --repeat) each
 * run is one value, because runs differ by more than seconds do; otherwise each second is one
 * value. The first second, an incomplete last second and pauses are left out. */
#include "ui/report/compare_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/err.h"
#include "engine/config/scenario.h"
#include "ui/json/saved_run.h"

#define RUNS_LEAST 3
#define SECOND_LEAST_S 0.9

const struct figure_spec figure_table[FIGURES] = {
    [FIGURE_THROUGHPUT] = {"throughput", false, true, false},
    [FIGURE_P50] = {"p50 of a second", true, false, true},
    [FIGURE_P99] = {"p99 of a second", true, false, true},
    [FIGURE_RESPONSE_P99] = {"response p99", true, false, true},
    [FIGURE_FAILED] = {"failed, share", false, false, false},
};

/* ---- values ---- */

static double value_of(enum figure f, const struct saved_second *s)
{
    double failed = s->errors + s->timeouts + s->dropped, all = s->completed + failed, us = NAN;
    switch (f) {
    case FIGURE_THROUGHPUT:
        return s->completed / s->span_s;
    case FIGURE_FAILED:
        return all > 0 ? failed / all : NAN;
    case FIGURE_P50:
        us = s->p50_us;
        break;
    case FIGURE_P99:
        us = s->p99_us;
        break;
    case FIGURE_RESPONSE_P99:
        us = s->response_p99_us;
        break;
    case FIGURES:
        break;
    }
    return us > 0 ? log(us) : NAN;
}

/* A figure of one run of --repeat; NaN: the run does not have it. */
static double repeat_value(enum figure f, const struct saved_repeat *run, const char *pool)
{
    for (size_t i = 0; i < run->pools; i++) {
        const struct saved_repeat_pool *p = &run->pool[i];
        const double value[FIGURES] = {[FIGURE_THROUGHPUT] = p->throughput_per_s,
                                       [FIGURE_P50] = p->p50_us,
                                       [FIGURE_P99] = p->p99_us,
                                       [FIGURE_RESPONSE_P99] = p->response_p99_us,
                                       [FIGURE_FAILED] = NAN};
        if (strcmp(p->name, pool) == 0)
            return figure_table[f].log ? log(value[f]) : value[f];
    }
    return NAN;
}

/* How many seconds the pool of that name has; 0 without one. */
static size_t seconds_of(const struct saved_run *run, const char *pool)
{
    const struct saved_pool *p = saved_pool_of(run, pool);
    return p ? p->seconds : 0;
}

/* Appends those seconds of a pool to v that count. */
static size_t add_seconds(enum figure f, const struct saved_run *run, const char *pool, double *v,
                          size_t n)
{
    const struct saved_pool *p = saved_pool_of(run, pool);
    for (size_t i = 1; p && i < p->seconds; i++) {
        const struct saved_second *s = &p->second[i];
        if (s->paused != FLAG_YES && s->span_s >= SECOND_LEAST_S)
            v[n++] = value_of(f, s);
    }
    return n;
}

/* Collects one value for each run of the side: for an ordinary file the mean over its seconds, for
 * a file of --repeat each of its runs. */
static size_t run_values(enum figure f, const struct side *s, const char *pool, double *v,
                         size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < s->runs; i++) {
        const struct saved_run *run = s->run[i];
        if (run->repeats && f != FIGURE_FAILED) {
            for (size_t k = 0; k < run->repeats && n < max; k++) {
                v[n] = repeat_value(f, &run->repeat[k], pool);
                n += isfinite(v[n]) ? 1 : 0;
            }
            continue;
        }
        double *seconds = malloc((seconds_of(run, pool) + 1) * sizeof *seconds);
        struct sample one;
        if (!seconds)
            abort();
        sample_of_series(&one, seconds, add_seconds(f, run, pool, seconds, 0));
        free(seconds);
        if (isfinite(one.mean) && n < max)
            v[n++] = one.mean;
    }
    return n;
}

static void second_values(enum figure f, const struct side *s, const char *pool, struct sample *out)
{
    size_t room = 1, n = 0;
    for (size_t i = 0; i < s->runs; i++)
        room += seconds_of(s->run[i], pool);
    double *v = malloc(room * sizeof *v);
    if (!v)
        abort();
    for (size_t i = 0; i < s->runs; i++)
        n = add_seconds(f, s->run[i], pool, v, n);
    sample_of_series(out, v, n);
    free(v);
}

static void fill_row(struct row *r, const struct side *base, const struct side *new)
{
    double a[1024], b[1024];
    size_t n = run_values(r->figure, base, r->pool, a, 1024);
    size_t m = run_values(r->figure, new, r->pool, b, 1024);
    r->by_runs = n >= RUNS_LEAST && m >= RUNS_LEAST;
    if (r->by_runs) {
        sample_of_runs(&r->base, a, n);
        sample_of_runs(&r->new, b, m);
    } else {
        second_values(r->figure, base, r->pool, &r->base);
        second_values(r->figure, new, r->pool, &r->new);
    }
    differ(&r->d, &r->base, &r->new);
}

/* ---- what a row says ---- */

double row_change(const struct row *r, double diff)
{
    if (figure_table[r->figure].log)
        return expm1(diff);
    return r->figure == FIGURE_FAILED ? diff : diff / r->base.mean;
}

bool row_is_worse(const struct row *r)
{
    return r->d.real && (r->d.diff > 0) != figure_table[r->figure].more_is_better;
}

/* ---- all of them ---- */

size_t compare_rows(struct row *row, const struct side *base, const struct side *new,
                    struct err *err)
{
    struct difference *list[POOLS_RUN_MAX * FIGURES] = {NULL};
    size_t n = 0, pools = base->run[0]->pools;
    if (pools > POOLS_RUN_MAX) {
        err_set(err, ERR_USAGE, "compare: %zu pools in a run, at most %d are compared", pools,
                POOLS_RUN_MAX);
        return 0;
    }
    for (size_t i = 0; i < pools; i++) {
        const char *name = base->run[0]->pool[i].name;
        if (!saved_pool_of(new->run[0], name))
            continue;
        for (int f = 0; f < FIGURES; f++) {
            row[n] = (struct row){.pool = name, .figure = (enum figure)f};
            fill_row(&row[n], base, new);
            list[n] = &row[n].d;
            n++;
        }
    }
    if (!n)
        err_set(err, ERR_USAGE, "compare: the runs have no pool of the same name");
    differ_holm(list, n);
    return n;
}
