/* The chi-square test of a balancer, in figures and in words.
 *
 * The tail is the regularised incomplete gamma function Q(df/2, x/2): by its series where that
 * converges fast, else by Lentz's continued fraction (Numerical Recipes, 3rd edition, 6.2). Pure
 * functions; called after the 30 connections of the check, and about once a second for the running
 * load. */
#include "backends/crate_sql/nodes.h"

#include "engine/base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define ITERATIONS 500
#define EPSILON 1e-14
#define UNEVEN_P 0.01

int crate_spread_node(struct crate_spread *s, const char *name)
{
    for (unsigned i = 0; i < s->nodes; i++)
        if (strncmp(s->name[i], name, CRATE_NODE_NAME_MAX - 1) == 0)
            return (int)i;
    if (s->nodes == CRATE_NODES_MAX)
        return -1;
    copy_str(s->name[s->nodes], CRATE_NODE_NAME_MAX, name);
    s->count[s->nodes] = 0;
    return (int)s->nodes++;
}

/* lgamma writes a global: pools run at the same time. */
static double log_gamma(double a)
{
    int sign;
    return lgamma_r(a, &sign);
}

static double lower_by_series(double a, double x)
{
    double term = 1 / a, sum = term;
    for (int i = 1; i < ITERATIONS && fabs(term) > fabs(sum) * EPSILON; i++) {
        term *= x / (a + i);
        sum += term;
    }
    return sum * exp(-x + a * log(x) - log_gamma(a));
}

static double upper_by_fraction(double a, double x)
{
    const double tiny = 1e-300;
    double b = x + 1 - a, c = 1 / tiny, d = 1 / b, h = d;
    for (int i = 1; i < ITERATIONS; i++) {
        double an = -i * (i - a);
        b += 2;
        d = an * d + b;
        d = fabs(d) < tiny ? tiny : d;
        c = b + an / c;
        c = fabs(c) < tiny ? tiny : c;
        d = 1 / d;
        double delta = d * c;
        h *= delta;
        if (fabs(delta - 1) < EPSILON)
            break;
    }
    return exp(-x + a * log(x) - log_gamma(a)) * h;
}

double crate_chi_square_tail(double x, unsigned df)
{
    if (df == 0)
        return NAN;
    double a = df / 2.0, half = x / 2;
    if (half <= 0)
        return 1;
    return half < a + 1 ? 1 - lower_by_series(a, half) : upper_by_fraction(a, half);
}

void crate_spread_judge(const uint64_t *count, unsigned n, struct crate_verdict_spread *v)
{
    uint64_t total = 0;
    unsigned reached = 0;
    for (unsigned i = 0; i < n; i++) {
        total += count[i];
        reached += count[i] > 0;
    }
    *v = (struct crate_verdict_spread){.chi_square = NAN, .p = NAN};
    if (total == 0 || n == 0) {
        copy_str(v->words, sizeof v->words, "no node was reached");
        return;
    }
    if (n == 1) {
        v->even = true;
        copy_str(v->words, sizeof v->words, "one node: nothing to spread");
        return;
    }
    double expected = (double)total / n;
    v->chi_square = 0;
    for (unsigned i = 0; i < n; i++)
        v->chi_square += ((double)count[i] - expected) * ((double)count[i] - expected) / expected;
    v->df = n - 1;
    v->p = crate_chi_square_tail(v->chi_square, v->df);
    v->uneven = v->p < UNEVEN_P;
    v->even = reached > 1 && !v->uneven;
    if (reached == 1)
        snprintf(v->words, sizeof v->words,
                 "all %llu on one of %u nodes: no balancing (chi-square %.1f, p %.2g)",
                 (unsigned long long)total, n, v->chi_square, v->p);
    else if (v->uneven)
        snprintf(v->words, sizeof v->words, "uneven over %u nodes (chi-square %.1f, p %.2g)", n,
                 v->chi_square, v->p);
    else
        snprintf(v->words, sizeof v->words,
                 "no sign of unevenness over %u nodes (chi-square %.1f, p %.2g)%s", n,
                 v->chi_square, v->p,
                 expected < 5 ? "; few for so many nodes: only gross unevenness would show" : "");
}
