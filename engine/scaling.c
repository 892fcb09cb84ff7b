/* The scaling curve of a pool: which plateaus belong together, and the law through them.
 *
 * A curve is made of the valid plateaus that differ from the newest one in one variable only. Of
 * several plateaus at the same value all count, weighted by their intervals. N is what was measured
 * in flight. */
#include "engine/pool.h"
#include "engine/usl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum dial { DIAL_THREADS, DIAL_CLIENTS, DIAL_CONNECTIONS, DIAL_DEPTH, DIAL_BULK, DIALS };
static const char *const dial_names[DIALS] = {"threads", "clients", "connections", "depth", "rows"};

static double dial_of(const struct plateau *p, enum dial d)
{
    const double v[DIALS] = {p->vars.threads, p->vars.clients, p->vars.connections, p->vars.depth,
                             p->bulk};
    return v[d];
}

static bool equal(double a, double b)
{
    return fabs(a - b) <= 1e-9 * fabs(a + b);
}

/* Do they differ in d at most? More clients need more connections by themselves: those follow. */
static bool same_but(const struct plateau *a, const struct plateau *b, enum dial d)
{
    if (a->vars.pattern != b->vars.pattern || !equal(a->vars.rate_per_s, b->vars.rate_per_s) ||
        a->vars.think_ns != b->vars.think_ns)
        return false;
    for (unsigned i = 0; i < OPS_MAX; i++)
        if (!equal(a->vars.weight[i], b->vars.weight[i]))
            return false;
    for (int i = 0; i < DIALS; i++) {
        bool follows = i == DIAL_CONNECTIONS && (d == DIAL_CLIENTS || d == DIAL_DEPTH);
        if (i != (int)d && !follows && !equal(dial_of(a, (enum dial)i), dial_of(b, (enum dial)i)))
            return false;
    }
    return true;
}

bool scaling_has(const char *var, const struct plateau *p, const struct plateau *newest)
{
    for (int d = 0; d < DIALS; d++)
        if (!strcmp(var, dial_names[d]))
            return same_but(p, newest, (enum dial)d);
    return false;
}

static void fit_dial(const struct plateaus *all, enum dial d, struct scaling *s)
{
    const struct plateau *last = &all->list[all->n - 1];
    struct usl_point *pt = malloc(all->n * sizeof *pt);
    s->points = s->invalid = 0;
    s->fitted = false;
    if (!pt)
        return;
    bool moves = false;
    for (unsigned i = 0; i < all->n; i++) {
        const struct plateau *p = &all->list[i];
        if (!same_but(p, last, d))
            continue;
        moves = moves || !equal(dial_of(p, d), dial_of(last, d));
        if (!p->valid || !(p->in_flight > 0) || !(p->throughput_per_s > 0)) {
            s->invalid++;
            continue;
        }
        double se = fmax(p->ci95 / 1.96, 0.002 * p->throughput_per_s);
        pt[s->points++] = (struct usl_point){p->in_flight, p->throughput_per_s, 1 / (se * se)};
    }
    copy_str(s->var, sizeof s->var, dial_names[d]);
    struct err err = {0};
    if (moves && s->points >= 3) {
        s->fitted = usl_fit(&s->fit, pt, s->points, &err) == 0;
        if (s->fitted)
            s->next_n = usl_next(&s->fit, pt, s->points);
    }
    copy_str(s->why, sizeof s->why, s->fitted ? "" : err.msg);
    s->has = moves;
    free(pt);
}

void scaling_update(struct pool *p)
{
    if (p->scaling_serial == p->plateaus.serial || !p->plateaus.n)
        return;
    p->scaling_serial = p->plateaus.serial;
    p->scalings = 0;
    for (int d = 0; d < DIALS; d++) {
        struct scaling *s = &p->scaling[p->scalings];
        memset(s, 0, sizeof *s);
        fit_dial(&p->plateaus, (enum dial)d, s);
        if (s->has)
            p->scalings++;
    }
}
