/* The figures compared; see compare_rows.h.
 *
 * Compared are, pool by pool (by name): throughput, and of each second the p50 and p99 of service
 * time, the p99 of response time, and the share that failed. Latencies are compared as logarithms:
 * what is told is by which factor the typical second's percentile changed, not an average of
 * percentiles. With three runs or more on both sides (several files, or one made by --repeat) each
 * run is one value, because runs differ by more than seconds do; else the seconds are the values.
 * The first second and a last one that is short are left out, and so are pauses. */
#include "ui/report/compare_rows.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/err.h"
#include "engine/config/scenario.h"
#include "ui/json/read.h"

#define RUNS_LEAST 3
#define SECOND_LEAST_S 0.9

const struct figure_spec figure_table[FIGURES] = {
    [FIGURE_THROUGHPUT] = {"throughput", NULL, "throughput_per_s", false, true, false},
    [FIGURE_P50] = {"p50 of a second", "p50_us", "p50_us", true, false, true},
    [FIGURE_P99] = {"p99 of a second", "p99_us", "p99_us", true, false, true},
    [FIGURE_RESPONSE_P99] = {"response p99", "response_p99_us", "response_p99_us", true, false,
                             true},
    [FIGURE_FAILED] = {"failed, share", NULL, NULL, false, false, false},
};

/* ---- values ---- */

static double value_of(enum figure f, const json_t *second)
{
    double span = json_num(second, "span_s"), done = json_num(second, "completed");
    double failed =
        json_num(second, "errors") + json_num(second, "timeouts") + json_num(second, "dropped");
    if (f == FIGURE_THROUGHPUT)
        return done / span;
    if (f == FIGURE_FAILED)
        return done + failed > 0 ? failed / (done + failed) : NAN;
    double v = json_num(second, figure_table[f].second);
    return v > 0 ? log(v) : NAN;
}

const json_t *compare_pool(const json_t *run, const char *list, const char *name)
{
    for (size_t i = 0; i < json_count(run, list); i++)
        if (strcmp(json_txt(json_nth(run, list, i), "name"), name) == 0)
            return json_nth(run, list, i);
    return NULL;
}

/* The seconds of a pool that count, appended to v. */
static size_t add_seconds(enum figure f, const json_t *pool, double *v, size_t n)
{
    for (size_t i = 1; i < json_count(pool, "series"); i++) {
        const json_t *s = json_nth(pool, "series", i);
        if (!json_yes(s, "paused") && json_num(s, "span_s") >= SECOND_LEAST_S)
            v[n++] = value_of(f, s);
    }
    return n;
}

/* One value for each run of the side: of a file its mean over the seconds, of one made by --repeat
 * each of its runs. */
static size_t run_values(enum figure f, const struct side *s, const char *pool, double *v,
                         size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < s->runs; i++) {
        const json_t *run = s->run[i];
        if (json_count(run, "repeats") && figure_table[f].run) {
            for (size_t k = 0; k < json_count(run, "repeats") && n < max; k++) {
                const json_t *p = compare_pool(json_nth(run, "repeats", k), "pools", pool);
                double x = json_num(p, figure_table[f].run);
                if (isfinite(x))
                    v[n++] = figure_table[f].log ? log(x) : x;
            }
            continue;
        }
        const json_t *p = compare_pool(run, "pools", pool);
        double *seconds = malloc((json_count(p, "series") + 1) * sizeof *seconds);
        struct sample one;
        if (!seconds)
            abort();
        sample_of_series(&one, seconds, add_seconds(f, p, seconds, 0));
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
        room += json_count(compare_pool(s->run[i], "pools", pool), "series");
    double *v = malloc(room * sizeof *v);
    if (!v)
        abort();
    for (size_t i = 0; i < s->runs; i++)
        n = add_seconds(f, compare_pool(s->run[i], "pools", pool), v, n);
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
    size_t n = 0, pools = json_count(base->run[0], "pools");
    if (pools > POOLS_RUN_MAX) {
        err_set(err, ERR_USAGE, "compare: %zu pools in a run, at most %d are compared", pools,
                POOLS_RUN_MAX);
        return 0;
    }
    for (size_t i = 0; i < pools; i++) {
        const char *name = json_txt(json_nth(base->run[0], "pools", i), "name");
        if (!compare_pool(new->run[0], "pools", name))
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
