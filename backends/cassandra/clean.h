/* Removing what a saved run left behind. */
#ifndef LOADTOP_BACKENDS_CASSANDRA_CLEAN_H
#define LOADTOP_BACKENDS_CASSANDRA_CLEAN_H

struct clean;
struct err;

int cass_clean(struct clean *, struct err *);

#endif
