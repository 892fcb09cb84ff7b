/* Checks whether a load balancer distributes connections evenly over the nodes.
 *
 * Each fresh connection asks the node for its name. If a balancer spreads connections over k
 * nodes at random, Pearson's statistic over the k counts follows a chi-square distribution with
 * k - 1 degrees of freedom; its upper tail is the probability of a spread at least as uneven as
 * this one. */
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

/* The index of a node in the table, added if new; -1: the table is full. */
int crate_spread_node(struct crate_spread *, const char *name);

/* Upper tail of the chi-square distribution, P(X >= x). NaN for df = 0. */
double crate_chi_square_tail(double x, unsigned df);

struct crate_verdict_spread {
    double chi_square, p; /* NaN: nothing to test */
    unsigned df;
    bool uneven; /* p < 0.01 */
    /* consistent with an even spread; false when only one of several nodes, or none, was reached */
    bool even;
    char words[160];
};
/* Tests the counts of n nodes (0 for nodes that were never reached). */
void crate_spread_judge(const uint64_t *count, unsigned n, struct crate_verdict_spread *);

#endif
