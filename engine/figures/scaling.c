/* The scaling curve of a pool: which plateaus belong together, and the law through them.
 *
 * A curve is made of the valid plateaus that differ from the newest one in one variable only, and
 * in no option of the backend. Several plateaus at the same value all count, weighted by their
 * intervals. N is the measured number in flight. */
#include "engine/figures/scaling.h"

#include "engine/config/dial.h"
#include "engine/state/pool.h"
#include "engine/stats/line.h"
#include "engine/stats/usl.h"
#include "engine/state/pool_figures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HALF_LEAST 0.004 /* share of throughput: smallest half width of an interval */

#define BULK DIALS /* one more variable after the dials: rows per request */

static double value_of(const struct plateau *p, int var)
{
    return var == BULK ? p->bulk : dial_get(&p->vars, (enum dial)var);
}

static const char *name_of(int var)
{
    return var == BULK ? "rows" : dial_option((enum dial)var)->name;
}

const char *scaling_var(unsigned i)
{
    for (int var = 0; var <= BULK; var++)
        if ((var == BULK || dial_table[var].in_flight) && i-- == 0)
            return name_of(var);
    return NULL;
}

/* The index of a variable; -1: no curve is drawn over it. */
static int find_var(const char *name)
{
    for (int var = 0; var <= BULK; var++)
        if ((var == BULK || dial_table[var].in_flight) && !strcmp(name, name_of(var)))
            return var;
    return -1;
}

static bool equal(double a, double b)
{
    return fabs(a - b) <= 1e-9 * fabs(a + b);
}

/* Are the settings of two plateaus equal except for dial d? Connections may differ as well if they
 * follow from the clients. */
static bool same_but(const struct plateau *a, const struct plateau *b, int d)
{
    if (a->setting != b->setting)
        return false;
    for (unsigned i = 0; i < OPS_MAX; i++)
        if (!equal(a->vars.weight[i], b->vars.weight[i]))
            return false;
    for (int i = 0; i <= BULK; i++) {
        bool follows = i == DIAL_CONNECTIONS && (d == DIAL_CLIENTS || d == DIAL_DEPTH);
        if (i != d && i != DIAL_OPS && !follows && !equal(value_of(a, i), value_of(b, i)))
            return false;
    }
    return true;
}

bool scaling_has(const char *var, const struct plateau *p, const struct plateau *newest)
{
    int d = find_var(var);
    return d >= 0 && same_but(p, newest, d);
}

/* The plateaus of a list that differ from one of them in one variable only. */
struct family {
    const struct plateau *list, *like;
    unsigned n;
    int var; /* a dial, or BULK */
};

/* Memory = a x value^e, with the 95 % interval of e. Growth below 256 KiB is the allocator's noise;
 * values within a factor of about two are not enough. */
#define MEMORY_LEAST 262144.0
#define MEMORY_SPAN_LEAST 0.1
static void memory_growth(const struct family *all, struct scaling *s)
{
    double value[PLATEAUS_MAX], bytes[PLATEAUS_MAX];
    unsigned n = 0;
    for (unsigned i = 0; i < all->n && n < PLATEAUS_MAX; i++) {
        const struct plateau *p = &all->list[i];
        double v = value_of(p, all->var);
        if (!same_but(p, all->like, all->var) || !(p->anon_bytes >= MEMORY_LEAST) || v <= 0)
            continue;
        value[n] = v;
        bytes[n++] = p->anon_bytes;
    }
    line_power(value, bytes, n, MEMORY_SPAN_LEAST, &s->memory_exponent, &s->memory_low,
               &s->memory_high);
}

/* The value of the dial that would put next_n in flight, extrapolated from the nearest point. */
static double next_value(const struct family *all, double next_n)
{
    const struct plateau *last = all->like, *near = NULL;
    int d = all->var;
    for (unsigned i = 0; i < all->n; i++) {
        const struct plateau *p = &all->list[i];
        if (same_but(p, last, d) && p->valid && p->in_flight > 0 &&
            (!near || fabs(log(p->in_flight / next_n)) < fabs(log(near->in_flight / next_n))))
            near = p;
    }
    return near ? fmax(1, round(value_of(near, d) * next_n / near->in_flight)) : NAN;
}

/* Computes the weights of n points; on entry `weight` is the relative half width of the point's
 * interval. A width estimated from ten or twenty correlated batches is itself uncertain by at least
 * a quarter, so a point with an accidentally small width would attract the curve: the 95 % interval
 * of N* then contained the truth in 91 % of seeded runs. With widths shrunk half way (in the
 * logarithm) to their common value it does in 95 %. */
static void weigh(struct usl_point *pt, unsigned n)
{
    double common = 0;
    for (unsigned i = 0; i < n; i++)
        common += log(pt[i].weight) / n;
    for (unsigned i = 0; i < n; i++) {
        double half = exp((log(pt[i].weight) + common) / 2), se = half / 1.96 * pt[i].x;
        pt[i].weight = 1 / (se * se);
    }
}

static void fit_family(const struct family *all, struct scaling *s)
{
    const struct plateau *last = all->like;
    int d = all->var;
    struct usl_point *pt = malloc(all->n * sizeof *pt);
    s->points = s->invalid = 0;
    s->fitted = false;
    s->next_n = s->next_value = NAN;
    if (!pt)
        return;
    /* With a fixed rate, throughput is given and N follows from the server: their relation is not a
     * scaling law, and its peak would be an artefact. */
    bool moves = false, open = last->vars.rate_per_s > 0;
    for (unsigned i = 0; i < all->n; i++) {
        const struct plateau *p = &all->list[i];
        if (!same_but(p, last, d))
            continue;
        moves = moves || !equal(value_of(p, d), value_of(last, d));
        if (!p->valid || !(p->in_flight > 0) || !(p->throughput_per_s > 0)) {
            s->invalid++;
            continue;
        }
        double half = p->ci95 / p->throughput_per_s;
        pt[s->points++] = (struct usl_point){p->in_flight, p->throughput_per_s,
                                             half > HALF_LEAST ? half : HALF_LEAST};
    }
    weigh(pt, s->points);
    copy_str(s->var, sizeof s->var, name_of(d));
    struct err err = {0};
    if (moves && open) {
        err_set(&err, ERR_FAILED,
                "no law: the rate is set, so throughput is what was asked for (`sweep capacity` "
                "finds the most)");
    } else if (moves && s->points >= 3) {
        s->fitted = usl_fit(&s->fit, pt, s->points, &err) == 0;
        if (s->fitted)
            s->next_n = usl_next(&s->fit, pt, s->points);
        if (s->next_n > 0)
            s->next_value = next_value(all, s->next_n);
    }
    if (moves && s->points < 3)
        err_set(&err, ERR_USAGE, "%u valid point%s, %u left out: a curve needs at least 3",
                s->points, s->points == 1 ? "" : "s", s->invalid);
    memory_growth(all, s);
    copy_str(s->why, sizeof s->why, s->fitted ? "" : err.msg);
    s->has = moves;
    free(pt);
}

void scaling_of(const struct plateau *list, unsigned n, const struct plateau *like, const char *var,
                struct scaling *s)
{
    struct family all = {.list = list, .like = like, .n = n};
    memset(s, 0, sizeof *s);
    all.var = find_var(var);
    if (all.var >= 0)
        fit_family(&all, s);
}

double scaling_value(const char *var, const struct plateau *p)
{
    int d = find_var(var);
    return d < 0 ? NAN : value_of(p, d);
}

void scaling_update(struct pool *p)
{
    struct pool_supervised *sup = pool_sup(p);
    if (sup->figures->scaling_serial == sup->figures->plateaus.serial || !sup->figures->plateaus.n)
        return;
    sup->figures->scaling_serial = sup->figures->plateaus.serial;
    sup->figures->scalings = 0;
    const char *var;
    for (unsigned i = 0; (var = scaling_var(i)); i++) {
        const struct plateaus *all = &sup->figures->plateaus;
        struct scaling *s = &sup->figures->scaling[sup->figures->scalings];
        scaling_of(all->list, all->n, &all->list[all->n - 1], var, s);
        if (s->has)
            sup->figures->scalings++;
    }
}
