/* Removes the leftovers of a saved run. */
#ifndef LOADTOP_BACKENDS_CASSANDRA_CLEAN_H
#define LOADTOP_BACKENDS_CASSANDRA_CLEAN_H

struct clean;
struct err;

int cass_clean(struct clean *, struct err *);

#endif
