/* Which nodes were reached, and whether that is even: the check of a load balancer.
 *
 * Each fresh connection asks the node for its name. If a balancer spreads connections over k nodes
 * at random, Pearson's statistic over the k counts follows a chi-square distribution with k - 1
 * degrees of freedom; its upper tail is the chance to see a spread as uneven as this one, or more
 * so. */
#ifndef LOADTOP_BACKENDS_CRATE_SQL_NODES_H
#define LOADTOP_BACKENDS_CRATE_SQL_NODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CRATE_NODES_MAX 64
#define CRATE_NODE_NAME_MAX 64

struct crate_spread {
    char name[CRATE_NODES_MAX][CRATE_NODE_NAME_MAX];
    uint64_t count[CRATE_NODES_MAX];
    unsigned nodes;
    unsigned failed; /* connections that reached none */
};

/* The place of a node in the table, added if it is new; -1 when the table is full. */
int crate_spread_node(struct crate_spread *, const char *name);

/* Upper tail of the chi-square distribution, P(X >= x). NaN for df = 0. */
double crate_chi_square_tail(double x, unsigned df);

struct crate_verdict_spread {
    double chi_square, p; /* NaN: nothing to test */
    unsigned df;
    bool uneven; /* p < 0.01 */
    bool even;   /* nothing speaks against it; false when one of several, or none, was reached */
    char words[160];
};
/* Judges counts over n nodes (nodes that were never reached count as 0). */
void crate_spread_judge(const uint64_t *count, unsigned n, struct crate_verdict_spread *);

#endif
